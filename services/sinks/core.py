"""The protocol that writes a document once (docs/guarantees.md), for one op-key: `step(key, event) -> (key, effects)`. Pure.

    turn -> gate -> reserve -> intent acked, looked up beside -> lease check -> one request -> outcome acked -> next step ...

Any crash leaves an open intent in the ledger, and an open intent is closed by evidence only: by an answer that is certain, or by a
look-up after the settle wait. Whoever carries the effects out holds at most one key of an op-key at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from schemas.records import Audit, Ledger
from services.sinks import answers, asking, compare, gate, lookups, reasons, watch
from services.sinks import entry as e
from services.sinks.moves import Step, ends, intends, resting, sends
from services.sinks.outputs import decision
from services.sinks.state import (
    Acked,
    Answered,
    Decided,
    Event,
    Find,
    Key,
    Late,
    Phase,
    Reserve,
    Reserved,
    Restored,
    Saw,
    Supersede,
    Superseded,
    Turn,
    Unseen,
)
from systems.contract import Capability

LATE_LIMIT = 3


class OutOfTurn(Exception):
    """An event came that the phase of the key does not await: a defect of whoever carries the effects out."""


def step(key: Key, event: Event) -> Step:
    """The key after `event`, and what has to be done about it."""
    awaited = _AWAITED.get(type(event))
    if awaited is not None and key.phase not in awaited:
        raise OutOfTurn(f"{key.entry['op_key']}: {type(event).__name__} in phase {key.phase.value}")
    return _STEPS[type(event)](key, event)


def _restored(key: Key, event: Restored) -> Step:
    if not e.intent_open(key.entry):
        return resting(key)
    if key.rules.capability is Capability.C5 and key.entry["state"] != e.HELD:
        entry = e.held(key.entry, key.entry["updated_at"], reasons.UNKNOWN, "an attempt was open and the system has no look-up")
        return ends(key, entry)
    now_s = event.now_s
    return resting(key.but(seen_s=now_s, look_s=lookups.first_look_s(key, now_s)))


def _turn(key: Key, event: Turn) -> Step:
    entry, view = key.entry, event.view
    if e.is_terminal(entry):
        return key, ()
    if e.intent_open(entry):
        return _turn_of_open_intent(key, event)
    if event.asks:
        return asking.turn(key, event)
    if watch.is_watched(entry, key.rules):
        return watch.turn(key, event)
    if event.command is None:
        return ends(key, e.held(entry, view.at, reasons.UNREADABLE, "the command's bytes cannot be read"))
    kept = gate.gate(entry, event.command, view, key.rules.updates)
    if kept is not None:
        overtaken = (Supersede(event.command["reverses"], entry["source_version"]),) if gate.supersedes(entry, view) else ()  # type: ignore[typeddict-item]  # only a reversal supersedes
        if _same_rest(entry, kept):
            return resting(key)
        after, effects = ends(key, kept)
        return after, (*overtaken, *effects)
    made = key.but(phase=Phase.RESERVING, command=event.command, mode=view.mode, lates=0)
    if key.rules.updates:
        made = made.but(entry=compare.with_partner(entry, view))
    return made, (Reserve(key.rules.calls * _attempts_ahead(key)),)


def _attempts_ahead(key: Key) -> int:
    """Requests in a row that one run of the key may need: a step each, and the comparison of a master that is kept up to date."""
    left = [s for s in key.rules.steps if s not in key.entry["steps_done"] and s not in key.rules.watched]
    return max(1, len(left)) + key.rules.updates


def _turn_of_open_intent(key: Key, event: Turn) -> Step:
    if event.view.paused or key.entry["state"] == e.HELD:
        return key, ()
    if key.rules.capability is Capability.C5:
        return ends(key, e.held(key.entry, event.view.at, reasons.UNKNOWN, "an attempt is open and the system has no look-up"))
    if event.now_s < key.look_s:
        return resting(key)
    made = key.but(phase=Phase.RESERVING, command=event.command, mode=event.view.mode, lates=0)
    return made, (Reserve(key.rules.calls),)


def _same_rest(entry: Ledger, kept: Ledger) -> bool:
    same = ("state", "reason", "detail", "waits_for", "due_at")
    return all(entry[name] == kept[name] for name in same)  # type: ignore[literal-required]  # names of Ledger


def _reserved(key: Key, event: Reserved) -> Step:
    if e.intent_open(key.entry):
        return key.but(phase=Phase.LOOKING), (Find(),)
    if key.mode == asking.MODE:
        return key.but(phase=Phase.ASKING), (Find(),)
    if watch.is_watched(key.entry, key.rules):
        return key.but(phase=Phase.WATCHING), (Find(),)
    if key.mode != "live":
        return key.but(phase=Phase.READING), (Find(),)
    if key.rules.updates:
        return key.but(phase=Phase.COMPARING), (Find(),)
    return intends(key, key.entry, event.now_s, event.at)


def _acked(key: Key, _: Acked) -> Step:
    if key.phase is Phase.CLOSING:
        return resting(key)
    if key.rules.capability is Capability.C5:
        return sends(key)
    return key.but(phase=Phase.READING), (Find(),)


def _late(key: Key, event: Late) -> Step:
    """We were frozen or slow between intent and send; nothing was sent, so the intent is made anew."""
    if key.lates + 1 >= LATE_LIMIT:
        entry = answers.unsent(key.entry, event.at)
        return ends(key, e.waits(entry, event.at, reasons.SYSTEM_DOWN, "the look-up takes longer than the lease", due_at=event.at))
    return intends(key.but(lates=key.lates + 1), answers.unsent(key.entry, event.at), event.now_s, event.at)


def _saw(key: Key, event: Saw) -> Step:
    if key.phase is Phase.WATCHING:
        return watch.saw(key, event)
    if key.phase is Phase.COMPARING:
        return compare.saw(key, event)
    if key.phase is Phase.ASKING:
        return asking.saw(key, event)
    return lookups.saw(key, event)


def _unseen(key: Key, event: Unseen) -> Step:
    if key.phase is Phase.ASKING:
        return asking.unseen(key, event)
    return watch.unseen(key, event) if key.phase is Phase.WATCHING else lookups.unseen(key, event)


def _answered(key: Key, event: Answered) -> Step:
    return answers.answered(key, event)


def _decided(key: Key, event: Decided) -> Step:
    entry, words = key.entry, f"{event.action} by {event.actor}: {event.words}"
    if e.is_terminal(entry):
        return key, ()
    if event.action == "skip":
        skipped = e.change(entry, event.at, state=e.REJECTED, reason=reasons.SKIPPED, detail=words)
        return ends(key, skipped)
    if entry["state"] == e.HELD and (entry["reason"] in reasons.FINAL_HOLDS or entry["action"] == "correct"):
        return ends(key, entry, (_refused(entry, words, event.at),))
    accepted = entry["accepted"] or event.action == "accept"
    if e.intent_open(entry):
        reason = reasons.DUPLICATE if entry["reason"] == reasons.DUPLICATE_UNFINDABLE else reasons.SETTLE
        made = e.waits(entry, event.at, reason, words, rounds=0, accepted=accepted)
        return ends(key.but(look_s=lookups.first_look_s(key, event.now_s), looks=0, failing_s=None), made)
    made = e.change(entry, event.at, state=e.NEW, reason="", detail=words, due_at=None, rounds=0, released=True, accepted=accepted)
    return ends(key, made)


def _refused(entry: Ledger, words: str, at: datetime) -> Audit:
    return decision("refused", entry, f"{entry['reason']} cannot be lifted: nothing is built that could go on ({words})", at)


def _superseded(key: Key, event: Superseded) -> Step:
    if e.is_terminal(key.entry) or e.may_exist(key.entry):
        return key, ()
    made = e.voided(key.entry, event.version, event.at)
    return ends(key, e.change(made, event.at, source_version=event.version))


_STEPS: dict[type[Any], Callable[[Key, Any], Step]] = {
    Restored: _restored,
    Turn: _turn,
    Reserved: _reserved,
    Acked: _acked,
    Saw: _saw,
    Unseen: _unseen,
    Late: _late,
    Answered: _answered,
    Decided: _decided,
    Superseded: _superseded,
}
_RESTING = frozenset({Phase.IDLE})
LOOKS = frozenset({Phase.ASKING, Phase.COMPARING, Phase.WATCHING, Phase.READING, Phase.LOOKING})
_AWAITED: dict[type[Any], frozenset[Phase]] = {
    Turn: _RESTING,
    Decided: _RESTING,
    Superseded: _RESTING,
    Reserved: frozenset({Phase.RESERVING}),
    Acked: frozenset({Phase.INTENDING, Phase.CLOSING}),
    Saw: LOOKS,
    Unseen: LOOKS,
    Late: frozenset({Phase.SENDING}),
    Answered: frozenset({Phase.SENDING}),
}
