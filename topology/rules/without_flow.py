"""Records that carry money and that no flow of their connection takes (accounting.md 33): each is held by name with its amount, or a
decision says why not. Pure, and the same for every ERP.

The op-key is that of the document which a flow would make of the record, so that a flow enabled later takes the held document over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from systems.connection import FlowSettings
from systems.contract import System
from systems.flow import CARRIES_MONEY, Flow
from systems.mapped import MANUAL, Draft, NoCommand
from systems.postings.document import Target
from systems.postings.ends import nothing, voided, worthless
from topology.configuration import Connected
from topology.rules.due import due

HOLD = "no_flow"
NOTHING_TO_BOOK = ("purchase_order", "receipt")
"""Documents that nobody posts and that the vendor's bill follows: a person has nothing to enter (accounting.md 11)."""


def without_flow(entity: str, record: Mapping[str, Any], connected: Connected, previous_status: str) -> Sequence[Draft | NoCommand]:
    """What becomes of a record of the field-service side that no enabled flow takes. Nothing is made of an entity without money, or of what
    an ERP shows, which is only read."""
    settings, erp = connected.settings, connected.settings.erp.declared
    if entity not in CARRIES_MONEY or record["system"] != settings.field_service.system:
        return []
    target = Target("", CARRIES_MONEY[entity], erp.title)
    declared = [flow for flow in erp.flows if (flow.source, flow.entity) == (record["system"], entity) and flow.records]
    enabled = [flow for flow in erp.flows if flow.moves_money and flow.id in settings.flows and settings.flows[flow.id].enabled]
    if declared:
        return [_counted(f"flow {', '.join(flow.id for flow in declared)} is off", record)]
    if not enabled:
        return [_counted("no flow of this connection moves money", record)]
    if entity in NOTHING_TO_BOOK and not record["origin_ref"]:
        return [_counted(f"no flow of {erp.title} brings it: what it costs comes with the vendor's bill", record)]
    days = [day for flow in enabled if (day := settings.flows[flow.id].cutover_date) is not None]
    flow = Flow("", "", record["system"], erp.name, entity, (MANUAL,), target.purpose)
    answer = due(flow, FlowSettings(cutover_date=min(days, default=None)), (entity, record), settings.zone, previous_status)
    if answer.no_command is not None:
        return [answer.no_command]
    if entity in settings.left_out:
        why = f"left_out names {entity}"
        return [_counted(why, record), nothing(target, record["currency"], why)[1]]
    return (
        voided(record, target, settings.time_zone)
        or worthless(record, target)
        or [by_hand(flow, record, f"no flow of {erp.title} brings it", _unless(record, erp))]
    )


def _unless(record: Mapping[str, Any], erp: System) -> str:
    """In which case a bill must not be entered: an ERP that orders gets the vendor's bill of its orders from its own payables (accounting.md 11)."""
    is_ordering = any(flow.source == erp.name and flow.entity == "purchase_order" and flow.records for flow in erp.flows)
    if record["entity"] != "bill" or not is_ordering or not record.get("purchase_order_id"):
        return ""
    return f" (not where {erp.title} made the order: its own payables bill that)"


def by_hand(flow: Flow, record: Mapping[str, Any], why: str, unless: str = "") -> Draft:
    """The held document that a person enters, with the amount of its source. `unless` is what the person must know first."""
    named = f"{str(record['entity']).replace('_', ' ')} {record['number'] or record['source_id']}"
    day = record.get(flow.date_field)
    return Draft(
        MANUAL,
        {"date": day, "reason": why},
        flow.id,
        flow.purpose,
        amount=record["total"],
        currency=record["currency"],
        posting_date=day,
        hold=HOLD,
        hold_detail=f"{named}: {why}: enter it there{_deposited(record)}{unless}, then skip this",
    )


def _deposited(record: Mapping[str, Any]) -> str:
    """What a person books for payments that were brought to a bank: by payment type, less what the bank deducted (accounting.md 17)."""
    if record["entity"] != "bank_deposit":
        return ""
    kinds: dict[str, Decimal] = {}
    for line in record["lines"]:
        kinds[line["payment_type"]] = kinds.get(line["payment_type"], Decimal(0)) + line["amount"]
    fees = record.get("fees") or Decimal(0)
    told = ", ".join(f"{kind or 'payments'} {amount:.2f}" for kind, amount in sorted(kinds.items()))
    bank = f"bank {record['bank_account']}".strip()
    return f" ({told}; to {bank} {record['total'] - fees:.2f}, fees {fees:.2f})"


def _counted(why: str, record: Mapping[str, Any]) -> NoCommand:
    return NoCommand("excluded", why, "", record["total"], record["currency"])
