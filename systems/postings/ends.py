"""Sources that become no document of their own: voided or cancelled ones, and those worth nothing. Pure (accounting.md 17, 33)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from systems.mapped import COMPLETION, NOTHING, REVERSAL, Draft, NoCommand
from systems.postings.document import Hold, Target
from systems.postings.lines import ZERO

_VOIDS: Mapping[str, Hold] = {
    "invoice": Hold("void_not_built", "the invoice was voided"),
    "payment": Hold("void_not_built", "the payment was voided"),
    "bill": Hold("cancellation_not_built", "the bill was cancelled"),
    "vendor_credit": Hold("cancellation_not_built", "the vendor credit was cancelled"),
}


def is_void(record: Mapping[str, Any]) -> bool:
    """Whether the source was voided or cancelled."""
    return not record["active"] or record.get("canceled_on") is not None


def voided(record: Mapping[str, Any], target: Target) -> Sequence[Draft | NoCommand]:
    """The held reversal of a source that was voided or cancelled; empty for one that was not."""
    return [reversal(record, target)] if is_void(record) else []


def worthless(record: Mapping[str, Any], target: Target) -> Sequence[Draft | NoCommand]:
    """What is counted of a source whose total and lines are zero; empty for one that is worth something."""
    if record["total"] != 0 or any(one["amount"] for one in record.get("lines", ())):
        return []
    return nothing(target, record["currency"])


def nothing(target: Target, currency: str, why: str = "zero document, counted") -> tuple[NoCommand, Draft]:
    """What a source document becomes for which nothing is to be written: a decision to count, and a milestone that tells the sink that
    whatever an older version of it wanted is wanted no more."""
    milestone = Draft(COMPLETION, {"reached": why}, target.flow, target.purpose, action=NOTHING, currency=currency, parted=True)
    return NoCommand("excluded", why, target.flow, ZERO, currency), milestone


def reversal(record: Mapping[str, Any], target: Target, part: str = "", amount: Decimal | None = None) -> Draft:
    """The held reversal of a document; where its create was never written, the sink lets both rest."""
    name, why = _VOIDS.get(record["entity"]) or Hold("void_not_built", f"the {record['entity'].replace('_', ' ')} was voided")
    return Draft(
        record=REVERSAL,
        body={"reverses": "", "date": None, "reason": why},
        flow=target.flow,
        purpose=target.purpose,
        action="void",
        part=part,
        amount=record["total"] if amount is None else amount,
        currency=record["currency"],
        hold=name,
        hold_detail=f"{why}: reverse the document in {target.product} if it was posted, then skip this",
        reverses="adjust" if record.get("adjustment_to_id") else "create",
    )
