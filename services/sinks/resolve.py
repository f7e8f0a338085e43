"""What a look-up proves (guarantees §2.1, resolve): which step comes next, or why a person is needed. Pure.

more than one document of ours    -> held, duplicate_in_erp
one, different                    -> held, mismatch
one, equal, every step done       -> posted (we wrote a step of it) or adopted
one, equal, steps missing         -> go on at the first step that is not done
none                              -> absent: what that means depends on what went before
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from systems.contract import Document, Found


@dataclass(frozen=True, slots=True)
class Ended:
    """The look-up ends the attempt: `entry` is posted, adopted or held."""

    entry: Ledger


@dataclass(frozen=True, slots=True)
class Onward:
    """The document is there and equal; `entry` knows its steps, `step` is the next one."""

    entry: Ledger
    step: str
    document: Document


@dataclass(frozen=True, slots=True)
class Absent:
    """The look-up shows nothing of ours; `suspects` are documents of same party, date and amount."""

    suspects: tuple[Document, ...]


Proof = Ended | Onward | Absent


def next_step(entry: Ledger, steps: tuple[str, ...]) -> str:
    """The first step that is not done; "" when all are."""
    return next((step for step in steps if step not in entry["steps_done"]), "")


def with_document(entry: Ledger, document: Document, steps: tuple[str, ...], at: datetime, done: tuple[str, ...] = ()) -> Ledger:
    """The entry, knowing what the system keeps: ids, and steps in their order."""
    seen = {*entry["steps_done"], *document.steps_done, *done}
    ordered = [step for step in steps if step in seen]
    return e.change(
        entry, at, steps_done=ordered, step=ordered[-1] if ordered else "", erp_id=document.erp_id, erp_number=document.number
    )


def closed(entry: Ledger, at: datetime) -> Ledger:
    """The entry with its intent closed: evidence says how it ended."""
    return e.change(entry, at, intent_attempt=0, intent_step="", intent_hash="")


def proof(entry: Ledger, found: Found, steps: tuple[str, ...], at: datetime) -> Proof:
    """What this look-up proves."""
    ours = found.documents
    if len(ours) > 1:
        ids = ", ".join(document.number or document.erp_id for document in ours)
        return Ended(closed(e.held(entry, at, reasons.DUPLICATE_IN_ERP, f"documents with ref {entry['ref']}: {ids}"), at))
    if not ours:
        return Absent(found.suspects)
    document = ours[0]
    wrote = bool(entry["steps_done"])
    known = with_document(entry, document, steps, at)
    if document.differences:
        return Ended(closed(e.held(known, at, reasons.MISMATCH, "; ".join(document.differences)), at))
    step = next_step(known, steps)
    if step:
        return Onward(known, step, document)
    state = e.POSTED if wrote else e.ADOPTED
    attempts = e.noted(entry, "found", document.number or document.erp_id, at)
    return Ended(closed(e.change(known, at, state=state, reason="", detail="", attempts=attempts), at))
