"""Customer payments, from canonical to a journal: Dr cash or undeposited funds, Cr receivable. Pure.

A collection is never a voucher, whatever the profile (accounting.md 13). If the settings name no account for deposits, the journal credits the
receivable account as a whole, and an application needs nothing further, early or late. If they name one, the journal credits deposits, and each
application is a separate journal on its own day, Dr deposits and Cr receivable. Both accounts then end where the source has them, in whatever order
applications are made, taken back and made again (`mapping_applications.py`). A refund and a bounced check are journals with opposite signs, because
their amounts are negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

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
from systems.peoplesoft.mapping_applications import Settling, applications, moves, none, of_nothing
from systems.peoplesoft.mapping_journal import Entry, journal
from systems.postings.collection import payment_text
from systems.postings.document import Hold, Posting, Row, Target, other_currency, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import Place, broken_cents, line

COLLECTION = Target("P2", "collection", PRODUCT)
_SIGN = Hold(
    "refund_not_built", f"it names a payment that it refunds, but its amount is not negative: enter it in {PRODUCT}, then skip this"
)


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a payment becomes: one journal, and what its applications need."""
    made = mapped(plan, record["paid_on"])
    from_deposits = bool(made.settings.accounts.deposits_on(record["paid_on"]))
    how = Settling(COLLECTION, record["paid_on"], payment_text(record), from_deposits)
    if ended := voided(record, COLLECTION, plan.time_zone):
        return [*ended, *([none(record, COLLECTION)] if moves(plan, how) else [])]
    if ended := worthless(record, COLLECTION):
        return [*ended, *(of_nothing(record, plan, how) if moves(plan, how) else [])]
    return [_draft(record, made, _hold(record, record["total"], plan)), *applications(record, plan, how)]


def _deposits(made: Mapped, unit: Row) -> Place:
    return Place(made.settings.accounts.deposits if unit else "", chartfields(unit))


def _hold(record: Mapping[str, Any], amount: Decimal, plan: Plan) -> Hold | None:
    if record["refunded_payment_id"] and record["total"] > 0:
        return _SIGN
    return other_currency(record, plan, "payment") or broken_cents("payment", amount)


def _draft(record: Mapping[str, Any], made: Mapped, hold: Hold | None) -> Draft:
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    ledger = ledger_unit(made, unit, unit_named(record))
    made.dated("paid_on", record["paid_on"])
    keys = (record["type_name"], record["type_id"])
    cash = place_of(made, "payment_type", "account", (unit, row_of(made, "payment_type", keys)), wanted(keys))
    text, total = f"{record['type_name']} {record['check_number'] or record['auth_code']}".strip(), record["total"]
    role, credited = (
        ("deposit", _deposits(made, unit))
        if made.settings.accounts.deposits_on(record["paid_on"])
        else ("receivable", receivable(made, unit))
    )
    lines = [line(cash, "cash", total, text), line(credited, role, -total, record["customer_name"])]
    return journal(record, Entry(ledger, payment_text(record), lines), made, Posting(COLLECTION, record["paid_on"], hold))
