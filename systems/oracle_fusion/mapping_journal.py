"""The journal profile: invoices and payments as journals of the general ledger, for a site that does not use Receivables. Pure (accounting.md 14).

Dr receivable, Cr revenue by line, Cr tax by zone; Dr cash, Cr receivable. The accounts are those of the invoice profile. Applications need no
document, because the journal of a payment credits the receivable account as a whole. These flows are off by default and never run together with those
of Receivables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.records import PostingLine
from systems.mapped import Draft, NoCommand, Plan
from systems.oracle_fusion.allocation import PRODUCT, TEXT, Mapped, erp_unit, mapped, place, rounding_place
from systems.oracle_fusion.mapping_receivable import revenue_line, tax_place
from systems.postings.collection import counted_applications, payment_text
from systems.postings.document import Hold, Posting, Row, Target, other_currency, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, broken_cents, closed, credit, cut, header_text, human_number, line, rounded
from systems.postings.receivable import correcting
from systems.postings.tax import tax_hold, tax_lines

SALE = Target("J4", "sale", PRODUCT)
COLLECTION = Target("J5", "collection", PRODUCT)


@dataclass(frozen=True)
class _Entry:
    """The text and lines of a journal, for a business unit, and why it is held."""

    unit: Row
    text: str
    lines: Sequence[PostingLine]
    hold: Hold | None


def invoice_journal(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer invoice or an adjustment of one becomes, with the signs of its lines."""
    if ended := voided(record, SALE, plan.time_zone) or worthless(record, SALE):
        return ended
    made = mapped(plan, record["invoice_date"])
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    made.dated("invoice_date", record["invoice_date"])
    income = [revenue_line(one, record, unit, made, "") for one in record["lines"] if rounded(one["amount"])]
    taxes = tax_lines(record, made, lambda _: None, lambda row, key: tax_place(made, unit, row, key))
    income += [one for one in taxes if one["amount"]]
    limit = made.settings.accounts.rounding_limit
    mismatch = closed(income, record["total"], limit, lambda: rounding_place(made, unit, ""))
    hold = other_currency(record, plan, "invoice") or tax_hold(record, made, computes=False) or mismatch
    debit = line(_receivable(made, unit), "receivable", record["total"], record["customer_name"])
    lines = [*([debit] if record["total"] else []), *map(credit, income)]
    entry = _Entry(unit, header_text(record), lines, hold)
    return [correcting(record, _journal(record, entry, made, Posting(SALE, record["invoice_date"], hold)))]


def payment_journal(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer payment becomes; a refund has opposite signs."""
    if ended := voided(record, COLLECTION, plan.time_zone) or worthless(record, COLLECTION):
        return ended
    made = mapped(plan, record["paid_on"])
    unit = made.unit(record["business_unit_name"], record["business_unit_id"])
    made.dated("paid_on", record["paid_on"])
    keys = (record["type_name"], record["type_id"])
    row = made.row("payment_type", keys)
    account = (row or {}).get("account") or made.missing(
        "payment_type.account" if row is not None else "payment_type", wanted(keys)
    )
    text, total = f"{record['type_name']} {record['check_number'] or record['auth_code']}".strip(), record["total"]
    lines = [
        line(place(made, unit, account), "cash", total, text),
        line(_receivable(made, unit), "receivable", -total, record["customer_name"]),
    ]
    hold = other_currency(record, plan, "payment") or _sign(record) or broken_cents("payment", record["total"])
    draft = _journal(record, _Entry(unit, payment_text(record), lines, hold), made, Posting(COLLECTION, record["paid_on"], hold))
    return [draft, *counted_applications(record, COLLECTION)]


def _sign(record: Mapping[str, Any]) -> Hold | None:
    if record["refunded_payment_id"] and record["total"] > 0:
        words = "it names a payment that it refunds, but its amount is not negative: enter it in"
        return Hold("refund_not_negative", f"{words} {PRODUCT}, then skip this")
    return None


def _receivable(made: Mapped, unit: Row) -> Place:
    return place(made, unit, unit.get("receivable") or made.needed("receivable", made.settings.accounts.receivable))


def _journal(record: Mapping[str, Any], entry: _Entry, made: Mapped, posting: Posting) -> Draft:
    body: dict[str, Any] = {
        "business_unit": erp_unit(made, entry.unit),
        "date": posting.day,
        "description": entry.text,
        "human_number": human_number(record),
        "dimensions": {},
        "lines": cut(entry.lines, TEXT),
    }
    return made.draft("journal", body, record, posting)
