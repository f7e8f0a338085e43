"""Steps that the system's own batch does (journal edit and post, Voucher Build): nothing is sent, the document is only looked up. Pure.

    first step done -> waits, erp_batch -> look-up at the cadence -> the document shows the step done -> next step, or posted

No intent is open meanwhile, because no request is on its way. A document that the batch refused, or did not process in time, is held by
name and still looked up: a person may correct it in the system.
"""

from __future__ import annotations

from datetime import datetime

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.gate import View, kept_still
from services.sinks.moves import Step, finish, resting
from services.sinks.resolve import REFUSED_EVERY, Ended, Onward, closed, next_step, proof
from services.sinks.state import Find, Key, LookedUp, LookupFailed, Phase, Reserve, Rules, Turn, Wait

LOOKS = 5
"""After so many look-ups in a row that do not show a document seen before, a person is asked."""


def is_watched(entry: Ledger, rules: Rules) -> bool:
    """Whether the next step of its document is done by the system's own batch."""
    if not rules.watched or not entry["steps_done"] or e.is_terminal(entry) or e.intent_open(entry):
        return False
    return next_step(entry, rules.steps) in rules.watched


def begins(key: Key, entry: Ledger, at: datetime) -> Step:
    """The step before is done. From now on the document is watched."""
    words = f"{next_step(entry, key.rules.steps)} is done by the system itself"
    made = e.waits(closed(entry, at), at, reasons.ERP_BATCH, words, due_at=at + key.rules.watch_every, rounds=0)
    return finish(key, made)


def turn(key: Key, event: Turn) -> Step:
    """Look the document up, unless it is not due yet or the connection does nothing now."""
    entry, view = key.entry, event.view
    if event.command is None:
        return finish(key, e.held(entry, view.at, reasons.UNREADABLE, "the command's bytes cannot be read"))
    still = _kept_still(key, view)
    if still is not None:
        return still
    if entry["state"] == e.WAITING and entry["reason"] == reasons.ERP_BATCH and entry["due_at"] and entry["due_at"] > view.at:
        return resting(key)
    made = key.but(phase=Phase.RESERVING, command=event.command, mode=view.mode)
    return made, (Reserve(key.rules.calls),)


def reserved(key: Key, view: View) -> Step:
    """The look-up, unless the connection was stopped while its calls were waited for."""
    still = _kept_still(key, view)
    return still if still is not None else (key.but(phase=Phase.WATCHING), (Find(),))


def _kept_still(key: Key, view: View) -> Step | None:
    still = kept_still(key.entry, view)
    if still is None or key.entry["reason"] == still["reason"]:
        return None if still is None else resting(key)
    if key.entry["state"] == e.HELD:
        return _later(key, view.at)
    return finish(key, still)


def saw(key: Key, event: LookedUp) -> Step:
    """The key after a look-up of the watched document."""
    at = event.at
    seen = proof(key.entry, event.found, key.rules, at)
    if isinstance(seen, Ended):
        return _later(key, at) if _same(key.entry, seen.entry) else finish(key, seen.entry)
    if isinstance(seen, Onward):
        return _onward(key, seen, at)
    return vanished(key, event.now_s, at)


def _onward(key: Key, seen: Onward, at: datetime) -> Step:
    entry, rules = seen.entry, key.rules
    progressed = entry["steps_done"] != key.entry["steps_done"]
    if progressed:
        entry = e.change(entry, at, attempts=e.noted(entry, "found", f"{entry['step']} is done", at), rounds=0)
    if seen.step not in rules.watched:
        return finish(key, e.change(entry, at, state=e.NEW, reason="", detail="", due_at=None, rounds=0))
    if since(entry) + rules.batch_deadline <= at:
        return _late(key, entry, seen.step, at)
    if progressed or key.entry["reason"] != reasons.ERP_BATCH or key.entry["state"] != e.WAITING:
        return begins(key, entry, at)
    return _later(key, at)


def _late(key: Key, entry: Ledger, step: str, at: datetime) -> Step:
    words = f"{step} is not done since {since(entry).isoformat(timespec='minutes')}"
    made = e.held(entry, at, reasons.ERP_BATCH_LATE, words, due_at=at + key.rules.watch_every, rounds=0)
    return _later(key, at) if _same(key.entry, made) else finish(key, made)


def since(entry: Ledger) -> datetime:
    """Since when the batch could have processed it: the time of the last step known to be done."""
    done = [attempt["at"] for attempt in entry["attempts"] if attempt["answer"] in ("yes", "found")]
    return done[-1] if done else entry["first_seen_at"]


def vanished(key: Key, now_s: float, at: datetime) -> Step:
    """A document seen before is not shown. It is looked up a few times more, counted in the ledger, and never written again."""
    entry, looks = key.entry, key.entry["rounds"] + 1
    if looks >= LOOKS:
        return finish(key, e.held(entry, at, reasons.MISSING_IN_ERP, f"{entry['erp_number'] or entry['erp_id']} is not found"))
    pause_s = max(1.0, key.rules.times.v_max_s) * float(2 ** (looks - 1))
    made = e.waits(entry, at, reasons.NOT_SHOWN, f"look-up {looks} of {LOOKS}", rounds=looks)
    return finish(key.but(look_s=now_s + pause_s), made)


def unseen(key: Key, event: LookupFailed) -> Step:
    """The look-up could not be made. A held document stays held."""
    if key.entry["state"] == e.HELD:
        return _later(key, event.at)
    keeps = e.held if event.reason in reasons.FOR_A_PERSON else e.waits
    return finish(key, keeps(key.entry, event.at, event.reason, event.words, due_at=event.at + event.wait))


def _later(key: Key, at: datetime) -> Step:
    """Nothing is new and nothing is recorded. It is looked up again at its cadence."""
    every = key.rules.watch_every
    refused = key.entry["state"] == e.HELD and key.entry["reason"] != reasons.ERP_BATCH_LATE
    idle, _ = resting(key)
    return idle, (Wait(due_at=at + (max(every, REFUSED_EVERY) if refused else every)),)


def _same(entry: Ledger, made: Ledger) -> bool:
    same = ("state", "reason", "detail", "steps_done", "erp_id", "erp_number")
    return all(entry[name] == made[name] for name in same)  # type: ignore[literal-required]  # names of Ledger
