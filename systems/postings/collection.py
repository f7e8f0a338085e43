"""Customer payments: the receipt, refunds, and what is known of their applications. Pure (accounting.md 13, 17).

The receipt is the money; what it settles is in `applications.py`. An ERP that books payments as journals credits the receivable account as a whole,
so that applications need no document and are only counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from schemas.records import Application, Parent
from systems.flow import USUAL_DATES
from systems.mapped import Draft, NoCommand
from systems.postings.document import Hold, Mapped, Posting, Row, Target, other_currency
from systems.postings.lines import ZERO, broken_cents, human_number
from systems.postings.receivable import customer_of

Dimensions = Callable[[str, Row, Any], Mapping[str, str]]
"""The dimensions of a header, by its customer ("" = the customer comes from a link), the row of its business unit, and the document in the making."""


def is_refund(record: Mapping[str, Any]) -> bool:
    """Whether a payment gives money back."""
    return bool(record["refunded_payment_id"]) or record["total"] < 0


def payment_text(record: Mapping[str, Any]) -> str:
    """The description text of a payment."""
    return f"{record['type_name']} {record['memo']}".strip()[:200]


def paid_how(record: Mapping[str, Any], made: Mapped[Any], columns: tuple[str, str]) -> tuple[str, str]:
    """How a payment was paid: the values of these two columns in its row of `payment_type`, such as payment method and cash account."""
    row = made.row("payment_type", (record["type_name"], record["type_id"]))
    if row is None:
        return made.missing("payment_type", record["type_name"] or record["type_id"] or "none"), ""
    return row.get(columns[0], ""), row.get(columns[1], "")


def needs(record: Mapping[str, Any], made: Mapped[Any], *columns: str) -> Mapped[Any]:
    """Note the columns without which the ERP refuses the payment, if its row of `payment_type` leaves them empty. Returns the document in the
    making."""
    row = made.row("payment_type", (record["type_name"], record["type_id"]))
    for column in columns:
        if row is not None and not row.get(column):
            made.missing(f"payment_type.{column}", record["type_name"] or record["type_id"])
    return made


def receipt(record: Mapping[str, Any], made: Mapped[Any], to: Target, columns: tuple[str, str], of: Dimensions) -> Draft:
    """The receipt of a payment. `columns` are those of `paid_how`; `of` returns the dimensions of the header."""
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    customer, parents = customer_of(record, made, unit)
    how = paid_how(record, made, columns)
    made.dated("paid_on", record["paid_on"])
    body = receipt_body(record, how, of(customer, unit, made))
    hold = other_currency(record, made.plan, "payment") or broken_cents("payment", record["total"])
    return made.draft("ar_receipt", body, record, Posting(to, record["paid_on"], hold, parents))


def receipt_body(record: Mapping[str, Any], how: tuple[str, str], dimensions: Mapping[str, str]) -> dict[str, Any]:
    """The body of `ar_receipt`, with nothing applied. `how` is the payment method and the cash account."""
    number = human_number(record)
    return {
        "kind": "payment" if record["applications"] else "deposit",
        "date": record["paid_on"],
        "payment_method": how[0],
        "cash_account": how[1],
        "payment_ref": (record["check_number"] or record["auth_code"] or number)[:40],
        "description": payment_text(record),
        "human_number": number,
        "dimensions": dimensions,
        "applications": [],
        "unapplied": record["total"],
    }


def refund_body(
    record: Mapping[str, Any], how: tuple[str, str], dimensions: Mapping[str, str], made: Mapped[Any]
) -> dict[str, Any]:
    """The body of `ar_refund`. It pays out the credit memos that its applications name, and takes the rest from the payment that it names. The
    amounts of its applications are positive."""
    number = human_number(record)
    return {
        "payment_id": record["refunded_payment_id"],
        "date": record["paid_on"],
        "payment_method": how[0],
        "cash_account": how[1],
        "payment_ref": (record["check_number"] or record["auth_code"] or number)[:40],
        "description": payment_text(record),
        "human_number": number,
        "dimensions": dimensions,
        "applications": [
            {**with_number(one, opening_row(made, one)), "amount": -one["amount"]} for one in in_order(record) if one["amount"]
        ],
    }


def refund_hold(record: Mapping[str, Any], product: str) -> Hold | None:
    """Why a person has to enter a refund: its sign is not that of a refund, or the source does not say clearly what it pays out."""
    out = [one["amount"] for one in record["applications"]]
    told = f"enter it in {product}, then skip this"
    if record["total"] >= 0:
        return Hold("refund_not_negative", f"it names a payment that it refunds, but its amount is not negative: {told}")
    if any(amount > 0 for amount in out) or sum(out, ZERO) < record["total"]:
        return Hold("refund_mismatch", f"its applications do not fit its amount {record['total']}: {told}")
    if sum(out, ZERO) != record["total"] and not record["refunded_payment_id"]:
        return Hold("refund_unmatched", f"the source does not say which payment or credit memo it pays out: {told}")
    return next(filter(None, (broken_cents("refund", amount) for amount in (record["total"], *out))), None)


def refund_parents(record: Mapping[str, Any], made: Mapped[Any]) -> tuple[Parent, ...]:
    """What a refund waits for: the credit memos that it pays out, and the payment that it gives back."""
    memos = [
        Parent(role="memo", entity="invoice", source_id=one["document_id"])
        for one in in_order(record)
        if one["amount"] and opening_row(made, one) is None
    ]
    given = record["refunded_payment_id"]
    return (*memos, *([Parent(role="payment", entity="payment", source_id=given)] if given else []))


def in_order(record: Mapping[str, Any]) -> list[Application]:
    """The applications of a record by day, and within a day by number (9 before 10)."""
    found: Sequence[Application] = record["applications"]
    return sorted(
        found,
        key=lambda one: (str(one["applied_on"] or ""), len(one["application_id"]), one["application_id"], one["document_id"]),
    )


def applied_on(record: Mapping[str, Any], one: Application) -> date | None:
    """The day of an application, but never before the day of the payment or credit."""
    days = [day for day in (one["applied_on"], record[USUAL_DATES[record["entity"]]]) if day is not None]
    return max(days, default=None)


def opening_row(made: Mapped[Any], one: Application) -> Row | None:
    """The row by which the imported opening balances know a document from before the cut-over (accounting.md 6)."""
    return made.row("opening_balance", (one["document_id"],))


def with_number(one: Application, opening: Row | None) -> Application:
    """The application. If its document is from before the cut-over, it gets the number from the imported opening balances."""
    return {**one, "document_number": opening.get("erp_number", "") if opening is not None else ""}


def counted_applications(record: Mapping[str, Any], target: Target) -> list[NoCommand]:
    """What a payment settles, for a payment whose journal credits the receivable account as a whole: counted, and nothing is written."""
    found = record["applications"]
    if not found:
        return []
    words = f"{len(found)} application(s) need no document: the journal of the payment credits the receivable in whole"
    return [NoCommand("excluded", words, target.flow, sum((one["amount"] for one in found), ZERO), record["currency"])]
