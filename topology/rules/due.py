"""When a document is due (accounting.md 6, 7, 12): we did not create it ourselves, it is not before the cut-over, and it is posted (or its
job is completed).

A record that carries our ref is not written back, because we wrote it. The exception is master data that comes from both sides: it is
written back as an update, never as a create.

These rules are the same for every ERP. The rules of one ERP are in its mapping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from schemas.records import Parent
from systems.connection import FlowSettings
from systems.flow import AT_ONCE, Flow
from systems.mapped import NoCommand
from systems.postings.payable import PAY_HOLD_RECORD, unmatched
from systems.values.instants import day_in

JOB = "job"
PARTNER = "partner"
"""The role of the link by which a master record waits for its own partner at the other side, and is never created there."""
COMPLETED = "completed"
UNPOSTED = "unposted"
BEFORE_CUTOVER = "before_cutover"
IMPORTED_BALANCE = "ARImportInvoice"
_POSTED = frozenset({"posted", "exported", "postedandexported"})
_TOLERANT = ("bill", "vendor_credit")
"""Entities whose status need not be about posting. Only the explicit status "Pending" means that they are not due."""


@dataclass(frozen=True)
class Due:
    """The answer of the rules for one flow: a decision instead of commands, or what its commands have to wait for. `only` names a record
    that is commanded although its document is not due, because it may concern a document that was written before."""

    no_command: NoCommand | None = None
    parent: Parent | None = None
    hold: str = ""
    only: str = ""


def posting_date_of(flow: Flow, record: Mapping[str, Any], zone: tzinfo) -> date | None:
    """The source's own posting date; None if it has none. For an instant it is the day in the tenant's zone (accounting.md 9)."""
    return local_day(record.get(flow.date_field), zone)


def local_day(found: object, zone: tzinfo) -> date | None:
    """A field of a record as a day: an instant is the day on which it falls in this zone. None for anything else."""
    if isinstance(found, datetime):
        return day_in(found, zone)
    return found if isinstance(found, date) else None


def due(flow: Flow, settings: FlowSettings, source: tuple[str, Mapping[str, Any]], zone: tzinfo, previous_status: str = "") -> Due:
    """Whether this flow commands a canonical record, given as (entity, record), now. `zone` is the tenant's.

    A change from posted to pending is a revision: what was commanded when it was posted is commanded again and held (`unposted`). A void is
    always due.
    """
    entity, record = source
    if record["origin_ref"]:
        return _not_commanded("own_origin", f"it carries our ref {record['origin_ref']}", flow, record)
    if not flow.moves_money:
        return Due()
    early = _before_cutover(flow, settings, record, zone)
    if early:
        return _not_commanded(BEFORE_CUTOVER, early, flow, record)
    if _is_voided(record):
        return Due()  # A void is passed on whatever its status: it ends what was commanded and never written.
    if flow.due == AT_ONCE:
        return Due()
    answer = _posted_or_completed(flow, settings, entity, record)
    if answer.no_command is not None and previous_status and _is_posted(entity, previous_status):
        return Due(hold=UNPOSTED)
    return answer


def update_only(entity: str, record: Mapping[str, Any]) -> Due:
    """The answer for a master record that we wrote and somebody changed, of an entity that comes from both sides: it is written to its
    partner, whose fields have one owner each (`systems/owners.py`), and nothing is created. Our own write, when it is read back, changes
    nothing there."""
    return Due(parent=Parent(role=PARTNER, entity=entity, source_id=record["source_id"]))


def _before_cutover(flow: Flow, settings: FlowSettings, record: Mapping[str, Any], zone: tzinfo) -> str:
    if record.get("configuration") == IMPORTED_BALANCE:
        return "an imported balance"
    posting = posting_date_of(flow, record, zone)
    if posting is not None and settings.cutover_date is not None and posting < settings.cutover_date:
        return f"dated {posting.isoformat()}, the flow starts at {settings.cutover_date.isoformat()}"
    return ""


def _posted_or_completed(flow: Flow, settings: FlowSettings, entity: str, record: Mapping[str, Any]) -> Due:
    job = record.get("job_id") or ""
    if found := unmatched(record):
        return replace(_not_commanded("not_due", f"it is {found}, it is due when reconciled", flow, record), only=PAY_HOLD_RECORD)
    if settings.post_when == "job_completed" and entity == "invoice" and job:
        return Due(parent=Parent(role=JOB, entity=JOB, source_id=job))
    if _is_posted(entity, str(record.get("status") or "")):
        return Due()
    return _not_commanded("not_due", f"status is {record.get('status') or 'empty'}, it is due when posted", flow, record)


def _is_voided(record: Mapping[str, Any]) -> bool:
    return not record["active"] or record.get("canceled_on") is not None


def _is_posted(entity: str, status: str) -> bool:
    return status.lower() in _POSTED or (entity in _TOLERANT and status.lower() != "pending")


def _not_commanded(decision: str, detail: str, flow: Flow, record: Mapping[str, Any]) -> Due:
    amount = record.get("total")
    return Due(NoCommand(decision, detail, flow.id, amount if amount is not None else Decimal(0), record.get("currency") or ""))
