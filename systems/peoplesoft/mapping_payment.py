"""Customer payments, from canonical to a journal: Dr cash or undeposited funds, Cr receivable. Pure.

A collection is never a voucher, whatever the profile (accounting.md 13). The journal credits the receivable in whole, so a deposit needs
nothing further and neither does an application, early or late: the ledger keeps no open item that it could settle. Refunds and voids are held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.allocation import PRODUCT, Mapped, ledger_unit, mapped, place_of, receivable, row_of, unit_named, unit_of
from systems.peoplesoft.mapping_journal import Entry, journal
from systems.postings.collection import counted_applications, is_refund, payment_text
from systems.postings.document import Hold, Posting, Target, other_currency, wanted
from systems.postings.ends import voided, worthless
from systems.postings.lines import line, rounded

COLLECTION = Target("P2", "collection", PRODUCT)
_REFUND = Hold("refund_not_built", f"enter the refund in {PRODUCT}, then skip this")


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a payment becomes: one journal; what it settles is counted in words."""
    if ended := voided(record, COLLECTION):
        return ended
    made = mapped(plan, record["paid_on"])
    if is_refund(record):
        return [_draft(record, made, _REFUND)]
    if ended := worthless(record, COLLECTION):
        return ended
    return [_draft(record, made, _hold(record, plan)), *counted_applications(record, COLLECTION)]


def _hold(record: Mapping[str, Any], plan: Plan) -> Hold | None:
    if (hold := other_currency(record, plan, "payment")) or record["total"] == rounded(record["total"]):
        return hold
    return Hold("total_mismatch", f"the payment is {record['total']}, money has cents: correct the source document")


def _draft(record: Mapping[str, Any], made: Mapped, hold: Hold | None) -> Draft:
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    ledger = ledger_unit(made, unit, unit_named(record))
    made.dated("paid_on", record["paid_on"])
    keys = (record["type_name"], record["type_id"])
    cash = place_of(made, "payment_type", "account", (unit, row_of(made, "payment_type", keys)), wanted(keys))
    text, total = f"{record['type_name']} {record['check_number'] or record['auth_code']}".strip(), record["total"]
    lines = [line(cash, "cash", total, text), line(receivable(made, unit), "receivable", -total, record["customer_name"])]
    return journal(record, Entry(ledger, payment_text(record), lines), made, Posting(COLLECTION, record["paid_on"], hold))
