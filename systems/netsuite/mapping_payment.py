"""Customer payments and refunds, from canonical to customer payments, customer deposits or journals, as the settings say. Pure.

    payment    a customer payment, applied to its invoices; later applications are added to it
    deposit    a customer deposit; what it settles is a deposit application if NetSuite has the invoices, and is only counted if not
    journal    Dr cash or undeposited funds, Cr clearing or receivable; what it settles is only counted

A collection never makes a vendor's bill (accounting.md 13, 17). Rules for collections of any ERP: `systems/postings/collection.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.netsuite.allocation import PRODUCT, Mapped, header, mapped, segments, unit_named
from systems.netsuite.mapping_receivable import SALE, customer_dimensions, of_sale
from systems.postings.applications import applications, of_nothing, receivable
from systems.postings.collection import (
    counted_applications,
    is_refund,
    needs,
    paid_how,
    payment_text,
    receipt_body,
    refund_body,
    refund_hold,
    refund_parents,
)
from systems.postings.document import EMPTY, Hold, Posting, Row, Target, other_currency
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, broken_cents, human_number, line
from systems.postings.receivable import customer_of

COLLECTION = Target("N2", "collection", PRODUCT)
JOURNAL = "journal"
_METHOD, _ACCOUNT, _REFUNDED_FROM = "payment_method", "account", "refund_account"
_COLUMNS = (_METHOD, _ACCOUNT)
"""Columns of a payment type. A receipt without an account goes to undeposited funds; a refund and a journal need one."""
_SIGN = Hold(
    "refund_not_negative",
    f"it names a payment that it refunds, but its amount is not negative: enter it in {PRODUCT}, then skip this",
)


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a payment becomes: the receipt or journal first, then its applications in their order."""
    made = mapped(plan, record["paid_on"])
    kind = made.settings.receivables.payments_as
    if ended := voided(record, COLLECTION, plan.time_zone):
        return ended
    if ended := worthless(record, COLLECTION):
        return ended if kind == JOURNAL else [*ended, *map(of_sale, of_nothing(record, plan, receivable(COLLECTION)))]
    if kind == JOURNAL:
        return [_journal(record, needs(record, made, _ACCOUNT)), *counted_applications(record, COLLECTION)]
    if is_refund(record):
        return [_refund(record, made)]
    return [_receipt(record, made, kind), *_applied(record, plan)]


def _receipt(record: Mapping[str, Any], made: Mapped, kind: str) -> Draft:
    """The payment or deposit. If its business unit has no row, it posts to the defaults."""
    unit = unit_named(made, record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    how = paid_how(record, made, _COLUMNS)
    made.dated("paid_on", record["paid_on"])
    body = receipt_body(record, how, customer_dimensions(customer, unit, made)) | {"kind": kind}
    hold = other_currency(record, made.plan, "payment") or broken_cents("payment", record["total"])
    return made.draft("ar_receipt", body, record, Posting(COLLECTION, record["paid_on"], hold, parents))


def _applied(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """The applications; only counted if no flow brings invoices to NetSuite."""
    sales = plan.flows.get(SALE.flow)
    if sales is not None and sales.enabled:
        return [of_sale(one) for one in applications(record, plan, receivable(COLLECTION))]
    if not record["applications"]:
        return []
    words = f"{len(record['applications'])} application(s) settle invoices that no flow brings to {PRODUCT}"
    amount = sum((one["amount"] for one in record["applications"]), record["total"] * 0)
    return [NoCommand("excluded", words, COLLECTION.flow, amount, record["currency"])]


def _refund(record: Mapping[str, Any], made: Mapped) -> Draft:
    unit = unit_named(made, record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    body = refund_body(record, _refunded_how(record, made), customer_dimensions(customer, unit, made), made)
    made.dated("paid_on", record["paid_on"])
    hold = other_currency(record, made.plan, "refund") or refund_hold(record, PRODUCT)
    waits_for = (*parents, *refund_parents(record, made))
    return of_sale(made.draft("ar_refund", body, record, Posting(COLLECTION, record["paid_on"], hold, waits_for)))


def _refunded_how(record: Mapping[str, Any], made: Mapped) -> tuple[str, str]:
    """The method and the account of a refund: its own account, else that of receipts. Without any NetSuite would choose a bank account by itself."""
    method, own = paid_how(record, made, (_METHOD, _REFUNDED_FROM))
    account = own or paid_how(record, made, _COLUMNS)[1]
    needs(record, made, _METHOD, *(() if account else (_REFUNDED_FROM,)))
    return method, account


# --- journals ---------------------------------------------------------------------------------------------------------


def _journal(record: Mapping[str, Any], made: Mapped) -> Draft:
    """Dr cash, Cr clearing or receivable; the signs are reversed for a refund and a bounced check. A line on the receivable account names the
    customer."""
    unit = unit_named(made, record["business_unit_name"], record["business_unit_id"])
    made.dated("paid_on", record["paid_on"])
    _, cash = paid_how(record, made, _COLUMNS)
    settings, total, dimensions = made.settings.receivables, record["total"], segments(made, unit, EMPTY)
    credited = settings.clearing_account or settings.receivable_account or made.missing("setting", "receivables.clearing_account")
    named, parents = _customer(record, made, unit) if credited and credited == settings.receivable_account else ({}, ())
    text = payment_text(record)
    lines = [
        line(Place(cash, dimensions), "cash", total, text),
        line(Place(credited, {**dimensions, **named}), "receivable", -total, record["customer_name"] or text),
    ]
    body = {
        "business_unit": unit.get("subsidiary", ""),
        "date": record["paid_on"],
        "description": text,
        "human_number": human_number(record),
        "dimensions": header(made, unit, EMPTY),
        "lines": lines,
    }
    return made.draft("journal", body, record, Posting(COLLECTION, record["paid_on"], _hold(record, made), parents))


def _customer(record: Mapping[str, Any], made: Mapped, unit: Row) -> tuple[dict[str, str], tuple[Any, ...]]:
    """The customer that a line on the receivable account names: that of the crosswalk, or the link that is resolved (`customer` is then empty)."""
    customer, parents = customer_of(record, made, unit)
    return {"customer": customer}, parents


def _hold(record: Mapping[str, Any], made: Mapped) -> Hold | None:
    if record["refunded_payment_id"] and record["total"] > 0:
        return _SIGN
    return broken_cents("payment", record["total"]) or other_currency(record, made.plan, "payment")
