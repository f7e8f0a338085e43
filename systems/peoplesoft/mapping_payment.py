"""Customer payments, from canonical to a journal: Dr cash or undeposited funds, Cr receivable. Pure.

A collection is never a voucher, whatever the profile (accounting.md 13). Where the settings name no account for deposits, the journal credits the
receivable in whole, so that an application needs nothing further, early or late. Where they name one, the journal credits deposits, and each
application is a journal of its own on its own day, Dr deposits and Cr receivable: whatever is applied, taken back and applied again, in whatever
order it is seen, both accounts end where the source has them. A refund is a journal with the signs turned: its amount is negative. Voids are held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.records import Application, Parent
from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.allocation import (
    PRODUCT,
    Mapped,
    chartfields,
    ledger_unit,
    mapped,
    place_of,
    receivable,
    row_of,
    unit_named,
    unit_of,
)
from systems.peoplesoft.mapping_journal import Entry, journal
from systems.postings.collection import applied_on, counted_applications, identity, in_order, payment_text
from systems.postings.document import Hold, Posting, Row, Target, other_currency, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, line, rounded

COLLECTION = Target("P2", "collection", PRODUCT)
_SIGN = Hold("refund_not_built", f"it names a payment that it refunds and is not negative: enter it in {PRODUCT}, then skip this")


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a payment becomes: one journal; what it settles is counted in words."""
    if ended := voided(record, COLLECTION, plan.time_zone):
        return ended
    made = mapped(plan, record["paid_on"])
    if ended := worthless(record, COLLECTION):
        return ended
    applied = [_applied(record, one, plan) for one in in_order(record)] if made.settings.accounts.deposits else []
    return [_draft(record, made, _hold(record, record["total"], plan)), *(applied or counted_applications(record, COLLECTION))]


def _applied(record: Mapping[str, Any], one: Application, plan: Plan) -> Draft:
    """The journal of one application, on its own day; of one that was taken back with the signs turned."""
    day, amount = applied_on(record, one), one["amount"]
    made = mapped(plan, day)
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    made.dated("applied_on", day)
    text = f"Applied to {one['document_number'] or one['document_id']}"
    lines = [line(_deposits(made, unit), "deposit", amount, text), line(receivable(made, unit), "receivable", -amount, text)]
    parent = Parent(role="payment", entity="payment", source_id=record["source_id"])
    posting = Posting(COLLECTION, day, _hold(record, amount, plan), (parent,))
    entry = Entry(ledger_unit(made, unit, unit_named(record)), f"{text}: {payment_text(record)}"[:200], lines)
    return replace(journal(record, entry, made, posting), action="apply", amount=amount, source_id=identity(record, one))


def _deposits(made: Mapped, unit: Row) -> Place:
    return Place(made.settings.accounts.deposits if unit else "", chartfields(unit))


def _hold(record: Mapping[str, Any], amount: Decimal, plan: Plan) -> Hold | None:
    if record["refunded_payment_id"] and record["total"] > 0:
        return _SIGN
    if (hold := other_currency(record, plan, "payment")) or amount == rounded(amount):
        return hold
    return Hold("total_mismatch", f"the payment is {amount}, money has cents: correct the source document")


def _draft(record: Mapping[str, Any], made: Mapped, hold: Hold | None) -> Draft:
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    ledger = ledger_unit(made, unit, unit_named(record))
    made.dated("paid_on", record["paid_on"])
    keys = (record["type_name"], record["type_id"])
    cash = place_of(made, "payment_type", "account", (unit, row_of(made, "payment_type", keys)), wanted(keys))
    text, total = f"{record['type_name']} {record['check_number'] or record['auth_code']}".strip(), record["total"]
    role, credited = (
        ("deposit", _deposits(made, unit)) if made.settings.accounts.deposits else ("receivable", receivable(made, unit))
    )
    lines = [line(cash, "cash", total, text), line(credited, role, -total, record["customer_name"])]
    return journal(record, Entry(ledger, payment_text(record), lines), made, Posting(COLLECTION, record["paid_on"], hold))
