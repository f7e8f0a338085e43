"""What a look-up means for the op-key, before a write or for an open intent. Pure."""

from __future__ import annotations

from datetime import datetime

from schemas.records import Ledger
from services.sinks import compare, reasons, watch
from services.sinks import entry as e
from services.sinks.answers import unsent
from services.sinks.moves import Step, finish, intends, may_skip_settling, resting, sends, settled_at_s
from services.sinks.outputs import decision
from services.sinks.rebuild import looked_up_first
from services.sinks.resolve import Absent, Ended, Onward, closed, proof, refused_beforehand
from services.sinks.state import Key, LookedUp, LookupFailed, Phase
from systems.contract import Capability

LOOKS = 5
"""After so many look-ups that follow a duplicate, or that do not show a document we wrote, a person is asked."""
FAILING_S = 3600.0
"""If a look-up cannot be made for so long, the document is held for a person."""


def first_seen(key: Key, now_s: float) -> Key:
    """The key of an open intent that this owner sees at `now_s`, and may have seen before. It now knows when it may be looked up."""
    seen_s = key.seen_s if key.seen_s is not None else now_s
    if key.entry["reason"] in (reasons.DUPLICATE, reasons.DUPLICATE_UNFINDABLE) or may_skip_settling(key):
        return key.but(seen_s=seen_s, look_s=now_s)
    return key.but(seen_s=seen_s, look_s=max(now_s, seen_s + key.rules.times.settle_s))


def must_be_presumed(key: Key) -> bool:
    """Whether an attempt must be presumed before the document is written or withdrawn: a lost ledger may have known one, and the system's
    look-up lags, so that the usual look-up may miss a document that exists."""
    return key.rules.capability is Capability.C4 and bool(key.rules.steps) and e.may_predate(key.entry)


def presumed(key: Key, now_s: float, at: datetime) -> Step:
    """The key with a presumed attempt. It is settled and looked up twice before anything is done about its document."""
    made = key.but(entry=looked_up_first(key.entry, at, key.rules.steps), seen_s=None)
    return finish(first_seen(made, now_s), made.entry)


def saw(key: Key, event: LookedUp) -> Step:
    """The key after a look-up answered."""
    if key.mode == "shadow" and not e.intent_open(key.entry):
        return _shadow(key, event)
    seen = proof(key.entry, event.found, key.rules, event.at, _was_sent(key))
    if isinstance(seen, Ended):
        return finish(key, seen.entry)
    if key.phase is Phase.READING:
        return _before_write(key, seen, event)
    return _open_intent(key, seen, event)


def _was_sent(key: Key) -> bool:
    """Whether an attempt of ours may have made what the look-up shows. The open attempt does not count if its request is not sent yet, or
    if it is only presumed."""
    entry = key.entry
    if not e.intent_open(entry) or e.is_presumed(entry):
        return False
    return key.phase is Phase.LOOKING or entry["intent_attempt"] != entry["attempt_count"]


def _before_write(key: Key, seen: Onward | Absent, event: LookedUp) -> Step:
    entry = key.entry
    if isinstance(seen, Onward):
        known = key.but(entry=seen.entry, document=seen.document)
        if compare.changed_since(key, seen):
            return finish(key, e.change(unsent(seen.entry, event.at), event.at, state=e.NEW))
        if seen.step == entry["intent_step"]:
            return _sends(known, event)
        if seen.step in key.rules.watched:
            return watch.begins(known, _found(seen.entry, event.at), event.at)
        return intends(known, closed(seen.entry, event.at), event.now_s, event.at)
    if entry["steps_done"] or entry["erp_id"]:
        return _gone(key, event.now_s, event.at)
    if seen.suspects and not entry["accepted"]:
        names = ", ".join(s.number or s.erp_id for s in seen.suspects)
        return finish(key, e.held(unsent(entry, event.at), event.at, reasons.SUSPECT, f"same party, date and amount: {names}"))
    return _sends(key, event)


def _sends(key: Key, event: LookedUp) -> Step:
    """Send the one request, unless the look-up says that the system would refuse it."""
    if event.found.refusal:
        return finish(key, refused_beforehand(unsent(key.entry, event.at), event.found, event.at))
    return sends(key)


def _open_intent(key: Key, seen: Onward | Absent, event: LookedUp) -> Step:
    now_s, at, entry = event.now_s, event.at, key.entry
    settled = event.asked_s >= settled_at_s(key)
    if isinstance(seen, Onward):
        if seen.step in key.rules.watched:
            return watch.begins(key, _found(seen.entry, at), at)
        if seen.step != entry["intent_step"] or settled:
            return _again(key.but(entry=seen.entry), seen.step == entry["intent_step"], at)
        return _look_again(key.but(entry=seen.entry), settled_at_s(key), at)
    if entry["steps_done"] or entry["erp_id"]:
        return _gone(key, now_s, at)
    if entry["reason"] == reasons.DUPLICATE:
        return _unfindable(key, now_s, at)
    if not settled:
        if may_skip_settling(key) and key.mode == "live" and key.command is not None:
            return intends(key, entry, now_s, at)
        return _look_again(key, settled_at_s(key), at)
    if key.rules.capability is Capability.C4 and key.looks == 0:
        return _look_again(key.but(looks=1), now_s + key.rules.times.v_max_s, at)
    return _again(key, True, at)


def _again(key: Key, absent: bool, at: datetime) -> Step:
    """The evidence is there: the open attempt had no effect (`absent`), or its step is done and another one follows."""
    attempts = e.noted(key.entry, "absent" if absent else "found", "", at)
    rounds = key.entry["rounds"] + 1 if absent else 0
    made = closed(e.change(key.entry, at, state=e.NEW, reason="", detail="", rounds=rounds, attempts=attempts), at)
    return finish(key.but(seen_s=None, looks=0), made)


def _found(entry: Ledger, at: datetime) -> Ledger:
    return e.change(entry, at, attempts=e.noted(entry, "found", entry["erp_number"] or entry["erp_id"], at))


def _look_again(key: Key, look_s: float, at: datetime) -> Step:
    """Nothing is certain yet. The intent stays open."""
    waiting = key.but(look_s=look_s, failing_s=None)
    if key.entry["state"] == e.WAITING and key.entry["reason"] in (reasons.SETTLE, reasons.DUPLICATE):
        return resting(waiting)
    return finish(waiting, e.waits(key.entry, at, reasons.SETTLE))


def _gone(key: Key, now_s: float, at: datetime) -> Step:
    """We wrote the document and the look-up does not show it: look again a few times, and never write it again."""
    looks = key.looks + 1
    if looks >= LOOKS:
        entry = unsent(key.entry, at) if key.phase is Phase.READING else key.entry
        return finish(key, e.held(entry, at, reasons.MISSING_IN_ERP, f"{entry['erp_number'] or entry['erp_id']} is not found"))
    later = key.but(looks=looks)
    return _look_again(later, now_s + _pause_s(key, looks), at)


def _unfindable(key: Key, now_s: float, at: datetime) -> Step:
    looks = key.looks + 1
    if looks >= LOOKS:
        return finish(key, e.held(key.entry, at, reasons.DUPLICATE_UNFINDABLE, key.entry["detail"]))
    return _look_again(key.but(looks=looks), now_s + _pause_s(key, looks), at)


def _pause_s(key: Key, looks: int) -> float:
    return max(1.0, key.rules.times.v_max_s) * float(2 ** (looks - 1))


def _shadow(key: Key, event: LookedUp) -> Step:
    found = event.found
    numbers = [d.number or d.erp_id for d in found.documents]
    suspects = [d.number or d.erp_id for d in found.suspects]
    words = f"is there: {', '.join(numbers)}" if numbers else f"suspects: {', '.join(suspects)}" if suspects else "would be created"
    words = f"would be refused: {found.refusal}" if found.refusal and not numbers else words
    changes = [change for d in found.documents for change in d.differences] if key.rules.updates else []
    words = f"would be changed: {'; '.join(changes)}" if changes else words
    made = e.waits(key.entry, event.at, reasons.SHADOW, words)
    return finish(key, made, (decision("shadow", made, words, event.at),))


def unseen(key: Key, event: LookupFailed) -> Step:
    """The key after a look-up that could not be made."""
    entry, at = key.entry, event.at
    if key.phase in (Phase.READING, Phase.COMPARING):
        if event.reason in reasons.FOR_A_PERSON:
            return finish(key, e.held(unsent(entry, at), at, event.reason, event.words))
        made = e.waits(unsent(entry, at), at, event.reason, event.words, due_at=at + event.wait)
        return finish(key, made)
    since = key.failing_s if key.failing_s is not None else event.now_s
    if event.now_s - since >= FAILING_S:
        return finish(key, e.held(entry, at, reasons.UNKNOWN, f"the look-up fails for an hour: {event.words}"))
    later, effects = _look_again(key, event.now_s + max(1.0, event.wait.total_seconds()), at)
    return later.but(failing_s=since), effects
