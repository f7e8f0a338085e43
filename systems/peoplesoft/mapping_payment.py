"""Customer payments, from canonical to a journal: Dr cash or undeposited funds, Cr receivable. Pure.

A collection is never a voucher, whatever the profile (accounting.md 13). The journal credits the receivable in whole, so a deposit needs
nothing further and neither does an application, early or late: the ledger keeps no open item that it could settle. Refunds and voids are held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.allocation import ZERO, HeldVoid, nothing, reversal, rounded, wanted
from systems.mapped import Draft, NoCommand, Plan
from systems.peoplesoft.allocation import ledger_unit, line, mapped, place_of, receivable, row_of, unit_named, unit_of
from systems.peoplesoft.mapping_journal import PRODUCT, Entry, journal, other_currency

FLOW = "P2"
_VOIDED = HeldVoid(FLOW, "collection", "void_not_built", "the payment was voided", PRODUCT)


def payment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a payment becomes: one journal; what it settles is counted in words."""
    if not record["active"]:
        return [reversal(record, _VOIDED)]
    if record["refunded_payment_id"] or record["total"] < 0:
        return [_draft(record, plan, ("refund_not_built", f"enter the refund in {PRODUCT}, then skip this"))]
    if record["total"] == 0:
        return nothing(FLOW, "collection", record["currency"])
    return [_draft(record, plan, ("", "")), *_applications(record)]


def _applications(record: Mapping[str, Any]) -> list[NoCommand]:
    found = record["applications"]
    if not found:
        return []
    words = f"{len(found)} application(s) need no document: the journal of the payment credits the receivable in whole"
    return [NoCommand("excluded", words, FLOW, sum((one["amount"] for one in found), ZERO), record["currency"])]


def _draft(record: Mapping[str, Any], plan: Plan, held: tuple[str, str]) -> Draft:
    made = mapped(plan, record["paid_on"])
    unit = unit_of(made, record["business_unit_name"], record["business_unit_id"])
    ledger = ledger_unit(made, unit, unit_named(record))
    if record["paid_on"] is None:
        made.missing("paid_on", "none")
    keys = (record["type_name"], record["type_id"])
    cash = place_of(made, "payment_type", "account", (unit, row_of(made, "payment_type", keys)), wanted(keys))
    text, total = f"{record['type_name']} {record['check_number'] or record['auth_code']}".strip(), record["total"]
    lines = [
        line(cash, "cash", total, text),
        line(receivable(made, unit), "receivable", -total, record["customer_name"]),
    ]
    hold, detail = other_currency(record, made)
    if not hold and total != rounded(total):
        hold, detail = "total_mismatch", f"the payment is {total}, money has cents: correct the source document"
    hold, detail = held if held[0] else (hold, detail)
    words = f"{record['type_name']} {record['memo']}".strip()[:200]
    return journal(record, Entry(FLOW, "collection", ledger, record["paid_on"], words, lines, hold, detail), made)
