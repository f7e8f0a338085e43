"""What a look-up proves (docs/guarantees.md): which step comes next, or why a person is needed. Pure.

several documents of ours        -> held, duplicate_in_erp
one, different                   -> held, mismatch (a master that is kept up to date: its one step is next)
one, refused by the system       -> held, in the system's words
one, equal, every step done      -> posted (we wrote a step of it) or adopted
one, equal, steps missing        -> go on at the first step that is not done
none                             -> absent: what that means depends on what went before
a refusal shown beforehand       -> held, in the system's words, if a request would be sent
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.state import Rules
from systems.contract import Document, Found

REFUSED_EVERY = timedelta(hours=1)
"""How often a document that its system's batch refused is looked up again: a person may correct it in the system."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The look-up ends the attempt: `entry` is posted, adopted, unchanged or held."""

    entry: Ledger


@dataclass(frozen=True, slots=True)
class Onward:
    """The document exists and is equal. `entry` knows its steps; `step` is the next one."""

    entry: Ledger
    step: str
    document: Document


@dataclass(frozen=True, slots=True)
class Absent:
    """The look-up shows nothing of ours. `suspects` are documents with the same party, date and amount."""

    suspects: tuple[Document, ...]


Proof = Ended | Onward | Absent


def next_step(entry: Ledger, steps: tuple[str, ...]) -> str:
    """The first step that is not done; "" if all are."""
    return next((step for step in steps if step not in entry["steps_done"]), "")


def with_document(entry: Ledger, document: Document, steps: tuple[str, ...], at: datetime, done: tuple[str, ...] = ()) -> Ledger:
    """The entry with what the system holds: ids, and the steps in order. If a document exists, its first step is done, and so is every step
    before one that is done, whoever did it."""
    seen = {*entry["steps_done"], *document.steps_done, *done}
    last = max((number for number, step in enumerate(steps) if step in seen), default=0)
    ordered = list(steps[: last + 1])
    return e.change(
        entry, at, steps_done=ordered, step=ordered[-1] if ordered else "", erp_id=document.erp_id, erp_number=document.number
    )


def closed(entry: Ledger, at: datetime) -> Ledger:
    """The entry with its intent closed, because evidence shows how it ended."""
    return e.change(entry, at, intent_attempt=0, intent_step="", intent_hash="")


def refused(entry: Ledger, document: Document, rules: Rules, at: datetime) -> Ledger:
    """The entry, held in the system's words. If the system's batch does the next step, it is looked up again from time to time."""
    watched = next_step(entry, rules.steps) in rules.watched
    due_at = at + max(REFUSED_EVERY, rules.watch_every) if watched else None
    return e.held(entry, at, document.refusal_reason or reasons.REFUSED, document.refusal, due_at=due_at)


def refused_beforehand(entry: Ledger, found: Found, at: datetime) -> Ledger:
    """The entry, held in the words in which the look-up says that the system would refuse the request; nothing is sent. A document that
    cannot be taken back because of what belongs to it (applied, paid) is looked at again when any of that ends."""
    reason = found.refusal_reason or reasons.REFUSED
    waits_for = [e.children_of(entry["source_entity"], entry["source_id"])] if e.takes_back(entry) else []
    return e.held(entry, at, reason, found.refusal, waits_for=waits_for, due_at=tried_again(reason, at))


def tried_again(reason: str, at: datetime) -> datetime | None:
    """When a refused document is tried again by itself; None if a person decides. A period may be closed and opened again between two
    readings of the system's list of periods. The list then shows no change, so only another try finds it open."""
    return at + REFUSED_EVERY if reason == reasons.PERIOD_CLOSED else None


def proof(entry: Ledger, found: Found, rules: Rules, at: datetime, sent: bool = False) -> Proof:
    """What this look-up proves. `sent`: an attempt of ours may have made what it shows."""
    ours = found.documents
    if len(ours) > 1:
        ids = ", ".join(document.number or document.erp_id for document in ours)
        words, erp_id = f"documents with ref {entry['ref']}: {ids}", entry["erp_id"] or ours[0].erp_id
        return Ended(closed(e.held(entry, at, reasons.DUPLICATE_IN_ERP, words, erp_id=erp_id), at))
    if not ours:
        return Absent(found.suspects)
    if rules.updates:
        return _kept_up(entry, ours[0], rules, at, sent)
    return _written(entry, ours[0], rules, at, sent)


def _written(entry: Ledger, document: Document, rules: Rules, at: datetime, sent: bool) -> Proof:
    wrote = sent or bool(entry["steps_done"])
    known = with_document(entry, document, rules.steps, at)
    if document.differences:
        return Ended(closed(e.held(known, at, reasons.MISMATCH, "; ".join(document.differences)), at))
    if document.refusal:
        return Ended(closed(refused(known, document, rules, at), at))
    step = next_step(known, rules.steps)
    if step:
        return Onward(known, step, document)
    attempts = e.noted(entry, "found", document.number or document.erp_id, at)
    return Ended(closed(e.change(known, at, state=e.POSTED if wrote else e.ADOPTED, reason="", detail="", attempts=attempts), at))


def _kept_up(entry: Ledger, document: Document, rules: Rules, at: datetime, sent: bool) -> Proof:
    """A master: the step writes the differences. If there are none, and no request of ours, it is unchanged."""
    known = e.change(entry, at, erp_id=document.erp_id, erp_number=document.number)
    if document.refusal:
        return Ended(closed(refused(known, document, rules, at), at))
    if document.differences:
        return Onward(known, rules.steps[0], document)
    has_partner = bool(entry["erp_id"])
    state = e.POSTED if sent or (has_partner and e.intent_open(entry)) else e.UNCHANGED if has_partner else e.ADOPTED
    made = with_document(known, document, rules.steps, at)
    attempts = e.noted(entry, "found", document.number or document.erp_id, at) if e.intent_open(entry) else entry["attempts"]
    return Ended(closed(e.change(made, at, state=state, reason="", detail="", attempts=attempts), at))
