"""Sources that become no new document: voided or cancelled ones, and those worth nothing. Pure (accounting.md 17, 33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from systems.flow import USUAL_DATES
from systems.mapped import COMPLETION, NOTHING, REVERSAL, Draft, NoCommand
from systems.postings.document import Target
from systems.postings.lines import ZERO
from systems.values.instants import local_day, moment

_ENDED: Mapping[str, str] = {"bill": "cancelled", "vendor_credit": "cancelled", "ap_payment": "cancelled", "return": "cancelled"}
"""The word for a source that ended, by entity; any other source was voided."""


def is_void(record: Mapping[str, Any]) -> bool:
    """Whether the source was voided or cancelled."""
    return not record["active"] or record.get("canceled_on") is not None


def voided(record: Mapping[str, Any], target: Target, zone: str) -> Sequence[Draft | NoCommand]:
    """The reversal of a source that was voided or cancelled; empty for one that was not. `zone` is the tenant's."""
    return [reversal(record, target, zone)] if is_void(record) else []


def worthless(record: Mapping[str, Any], target: Target) -> Sequence[Draft | NoCommand]:
    """What is counted of a source whose total and lines are zero; empty for a source that is worth something."""
    if record["total"] != 0 or any(one["amount"] for one in record.get("lines", ())):
        return []
    return nothing(target, record["currency"])


def nothing(target: Target, currency: str, why: str = "zero document, counted", amount: Decimal = ZERO) -> tuple[NoCommand, Draft]:
    """What a source document becomes if nothing is to be written for it: a decision that counts its amount, and a milestone which tells the sink that
    nothing is wanted any more of what an older version of it made."""
    milestone = Draft(COMPLETION, {"reached": why}, target.flow, target.purpose, action=NOTHING, currency=currency, parted=True)
    return NoCommand("excluded", why, target.flow, amount, currency), milestone


def ended_on(record: Mapping[str, Any], zone: str) -> date | None:
    """The day of a void, in the tenant's zone. It is the day of the cancellation if the source gives it, else the day of the change that showed the
    document as voided, because a void has no date. It is never before the document's own day. None if neither time is given."""
    own, when = record.get(USUAL_DATES.get(record["entity"], "")), record.get("canceled_on")
    try:
        day = local_day(when if when is not None else moment(record["source_version"]), zone)
    except ValueError:
        return None
    return max(day, local_day(own, zone) if isinstance(own, datetime) else own) if own is not None else day


def reversal(record: Mapping[str, Any], target: Target, zone: str, part: str = "", amount: Decimal | None = None) -> Draft:
    """The reversal of a document, dated by `ended_on`. If the create was never written, the sink writes neither. The sink reverses the document as it
    was written, because it has kept that command."""
    day = ended_on(record, zone)
    what = record["entity"].replace("_", " ")
    return Draft(
        record=REVERSAL,
        body={"reverses": "", "date": day, "reason": f"the {what} was {_ENDED.get(record['entity'], 'voided')}"},
        flow=target.flow,
        purpose=target.purpose,
        action="void",
        part=part,
        amount=record["total"] if amount is None else amount,
        currency=record["currency"],
        posting_date=day,
        unresolved=() if day is not None else ("void_date=none",),
        reverses="adjust" if record.get("adjustment_to_id") else "create",
    )
