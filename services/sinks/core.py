"""The protocol that writes a document once (docs/guarantees.md), for one op-key: `step(key, event) -> (key, effects)`. Pure.

    turn -> gate -> reserve -> intent acked, looked up beside -> lease check -> one request -> outcome acked -> next step ...

A crash in between leaves an open intent in the ledger. Only evidence closes an open intent: an answer that is certain, or a look-up after
the settle wait. The caller must hold at most one key per op-key at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from schemas.records import Audit, CommandEnvelope, Ledger
from services.sinks import answers, compare, gate, lookups, reasons, takeback, watch, withdrawal
from services.sinks import entry as e
from services.sinks.gate import View
from services.sinks.moves import Step, finish, intends, resting, sends, settled_at_s
from services.sinks.outputs import decision
from services.sinks.pairs import with_pairs
from services.sinks.state import (
    Acked,
    Answered,
    Decided,
    Event,
    Find,
    Key,
    Late,
    LookedUp,
    LookupFailed,
    Phase,
    Reserve,
    Reserved,
    Restored,
    Supersede,
    Superseded,
    Turn,
    Unreserved,
    Wait,
    Withheld,
)
from systems.contract import Capability

LATE_LIMIT = 3
SLOW_ROUNDS, SLOW_PAUSE = 3, timedelta(minutes=5)
"""After so many runs in which no look-up came back within the lease, a person is asked; the pause after the first such run."""


class OutOfTurn(Exception):
    """An event that the key does not await in its phase: a defect of the caller."""


def step(key: Key, event: Event) -> Step:
    """The key after `event`, and the effects to carry out."""
    awaited = _AWAITED.get(type(event))
    if awaited is not None and key.phase not in awaited:
        raise OutOfTurn(f"{key.entry['op_key']}: {type(event).__name__} in phase {key.phase.value}")
    return with_pairs(_STEPS[type(event)](key, event), event)


def _restored(key: Key, event: Restored) -> Step:
    if not e.intent_open(key.entry):
        return resting(key)
    if key.rules.capability is Capability.C5 and key.entry["state"] != e.HELD:
        entry = e.held(key.entry, key.entry["updated_at"], reasons.UNKNOWN, "an attempt was open and the system has no look-up")
        return finish(key, entry)
    return resting(lookups.first_seen(key, event.now_s))


def _turn(key: Key, event: Turn) -> Step:
    entry, view = key.entry, event.view
    if e.is_terminal(entry):
        return key, ()
    if entry["action"] == e.CORRECT and (entry["reason"] == reasons.UNPOSTED or event.command is None or view.chain is None):
        return resting(key)  # ended once the source posts it again; or what it wants is unknown
    if e.intent_open(entry):
        return _turn_of_open_intent(key, event)
    if event.withdraws:
        return withdrawal.turn(key, event)
    if watch.is_watched(entry, key.rules):
        return watch.turn(key, event)
    if event.command is None:
        return _without_command(key, view)
    kept = _kept(key, event.command, view)
    if kept is not None:
        return kept
    if view.mode == "live" and lookups.must_be_presumed(key):
        return lookups.presumed(key, event.now_s, view.at)
    made = key.but(phase=Phase.RESERVING, command=event.command, mode=view.mode, lates=0)
    return made, (Reserve(key.rules.calls * _attempts_ahead(key)),)


def _without_command(key: Key, view: View) -> Step:
    """The command's bytes are missing or cannot be read. The entry is ended by a rule that does not need them, or held. A hold keeps its reason."""
    entry = key.entry
    ended = gate.ended(entry, view, key.rules.updates)
    if ended is None and entry["state"] == e.HELD:
        return resting(key)
    return finish(key, ended or e.held(entry, view.at, reasons.UNREADABLE, "the command's bytes cannot be read"))


def _kept(key: Key, command: CommandEnvelope, view: View) -> Step | None:
    """The key if the gate stops it from being written; None if it may go on."""
    entry = key.entry
    if e.takes_back(entry):
        return _kept_of_taker(key, command, view)
    kept = gate.gate(entry, command, view, key.rules.updates)
    if kept is None:
        return None
    return resting(key) if _same_rest(entry, kept) else finish(key, kept)


def _kept_of_taker(key: Key, command: CommandEnvelope, view: View) -> Step | None:
    """As `_kept`, for an entry that takes a document back. Entries that it overtakes are ended."""
    entry, version = key.entry, key.entry["source_version"]
    kept = takeback.kept(entry, command, view)
    if kept is None:
        return None
    overtaken = [Supersede(one["op_key"], version) for one in takeback.overtaken(entry, view)]
    if gate.supersedes(entry, view):
        overtaken.append(Supersede(command["reverses"], version))  # type: ignore[typeddict-item]  # a reversal names it
    after, effects = resting(key) if _same_rest(entry, kept) else finish(key, kept)
    return after, (*overtaken, *effects)


def _attempts_ahead(key: Key) -> int:
    """How many requests one run of the key may need in a row: one per step, and the comparison of a master that is kept up to date."""
    left = [s for s in key.rules.steps if s not in key.entry["steps_done"] and s not in key.rules.watched]
    return max(1, len(left)) + key.rules.updates


def _turn_of_open_intent(key: Key, event: Turn) -> Step:
    if event.view.paused or key.entry["state"] == e.HELD:
        return key, ()
    if key.rules.capability is Capability.C5:
        return finish(key, e.held(key.entry, event.view.at, reasons.UNKNOWN, "an attempt is open and the system has no look-up"))
    if key.look_s is None:
        key = lookups.first_seen(key, event.now_s)
    if key.look_s is None or event.now_s < key.look_s:
        return resting(key)
    made = key.but(phase=Phase.RESERVING, command=event.command, mode=event.view.mode, lates=0)
    return made, (Reserve(key.rules.calls),)


def _same_rest(entry: Ledger, kept: Ledger) -> bool:
    same = ("state", "reason", "detail", "waits_for", "due_at")
    return all(entry[name] == kept[name] for name in same)  # type: ignore[literal-required]  # names of Ledger


def _reserved(key: Key, event: Reserved) -> Step:
    """The wait for calls is over, and may have been long: what changed meanwhile is judged before anything is intended."""
    view = event.view
    if e.intent_open(key.entry):
        return (key.but(phase=Phase.IDLE), ()) if view.paused else (key.but(phase=Phase.LOOKING), (Find(),))
    if key.mode == withdrawal.MODE:
        return withdrawal.reserved(key, view)
    if watch.is_watched(key.entry, key.rules):
        return watch.reserved(key, view)
    if key.command is None:
        return finish(key, e.held(key.entry, event.at, reasons.UNREADABLE, "the command's bytes cannot be read"))
    kept = _kept(key, key.command, view)
    if kept is not None:
        return kept
    made = key.but(mode=view.mode)
    if view.mode != "live":
        return made.but(phase=Phase.READING), (Find(),)
    if key.rules.updates:
        return made.but(phase=Phase.COMPARING, entry=compare.with_partner(key.entry, view)), (Find(),)
    return intends(made, _on_its_day(key.entry, view), event.now_s, event.at)


def _on_its_day(entry: Ledger, view: View) -> Ledger:
    """The entry with its posting day, which its first intent freezes: its own day, or the first open day if its own is closed."""
    if view.post_on is None or view.post_on == entry["posting_date"] or e.may_exist(entry) or entry["released"]:
        return entry
    return e.change(entry, view.at, posting_date=view.post_on)


def _unreserved(key: Key, event: Unreserved) -> Step:
    """Nothing was intended. An open intent stays open."""
    entry, at = key.entry, event.at
    failed = LookupFailed(event.reason, event.words, event.wait, event.now_s, at)
    if e.intent_open(entry):
        return lookups.unseen(key, failed)
    if key.mode == withdrawal.MODE:
        return withdrawal.unseen(key, failed)
    if watch.is_watched(entry, key.rules):
        return watch.unseen(key, failed)
    if event.reason in reasons.FOR_A_PERSON:
        return finish(key, e.held(entry, at, event.reason, event.words))
    made = e.waits(entry, at, event.reason, event.words, due_at=at + event.wait)
    if (entry["state"], entry["reason"], entry["detail"]) == (made["state"], made["reason"], made["detail"]):
        idle, _ = resting(key)
        return idle, (Wait(due_at=made["due_at"]),)
    return finish(key, made)


def _acked(key: Key, _: Acked) -> Step:
    if key.phase is Phase.CLOSING:
        return resting(key)
    if key.rules.capability is Capability.C5:
        return sends(key)
    return key.but(phase=Phase.READING), (Find(),)


def _late(key: Key, event: Late) -> Step:
    """The process stood still or was slow between intent and send, so nothing was sent and a new intent is made. If this repeats, the
    look-up takes longer than the lease: the pause grows each time, and at last a person is asked."""
    at, entry = event.at, answers.unsent(key.entry, event.at)
    if key.lates + 1 < LATE_LIMIT:
        return intends(key.but(lates=key.lates + 1), entry, event.now_s, at)
    rounds, words = entry["rounds"] + 1, f"its look-up takes longer than the lease of {key.rules.times.lease_s:g} s"
    if e.intent_open(entry):
        return finish(key.but(look_s=settled_at_s(key)), e.waits(entry, at, reasons.SETTLE, words, rounds=rounds))
    if rounds >= SLOW_ROUNDS:
        return finish(key, e.held(entry, at, reasons.SLOW_LOOK_UP, words, rounds=0))
    pause = SLOW_PAUSE * 4 ** (rounds - 1)
    return finish(key, e.waits(entry, at, reasons.SYSTEM_DOWN, words, due_at=at + pause, rounds=rounds))


def _withheld(key: Key, event: Withheld) -> Step:
    """Nothing was sent, and the gate judges again with what came. An older attempt that is not settled stays open."""
    at, entry = event.at, answers.unsent(key.entry, event.at)
    if e.intent_open(entry):
        return finish(key.but(look_s=settled_at_s(key)), e.waits(entry, at, reasons.SETTLE, event.words))
    return finish(key, e.change(entry, at, state=e.NEW, reason="", detail=event.words[:1000], due_at=None, waits_for=[]))


def _saw(key: Key, event: LookedUp) -> Step:
    if key.phase is Phase.WATCHING:
        return watch.saw(key, event)
    if key.phase is Phase.COMPARING:
        return compare.saw(key, event)
    if key.phase is Phase.WITHDRAWING:
        return withdrawal.saw(key, event)
    return lookups.saw(key, event)


def _unseen(key: Key, event: LookupFailed) -> Step:
    if key.phase is Phase.WITHDRAWING:
        return withdrawal.unseen(key, event)
    return watch.unseen(key, event) if key.phase is Phase.WATCHING else lookups.unseen(key, event)


def _answered(key: Key, event: Answered) -> Step:
    return answers.answered(key, event)


def _decided(key: Key, event: Decided) -> Step:
    entry, words = key.entry, f"{event.action} by {event.actor}: {event.words}"
    if e.is_terminal(entry):
        return key, ()
    if event.action == "skip":
        skipped = e.change(entry, event.at, state=e.REJECTED, reason=reasons.SKIPPED, detail=words)
        return finish(key, skipped)
    if entry["state"] == e.HELD and not _may_be_released(key):
        return finish(key, entry, (_refused(entry, words, event.at),))
    accepted = entry["accepted"] or event.action == "accept"
    if e.intent_open(entry):
        reason = reasons.DUPLICATE if entry["reason"] == reasons.DUPLICATE_UNFINDABLE else reasons.SETTLE
        made = e.waits(entry, event.at, reason, words, rounds=0, accepted=accepted)
        return finish(lookups.first_seen(key, event.now_s).but(looks=0, failing_s=None), made)
    made = e.change(entry, event.at, state=e.NEW, reason="", detail=words, due_at=None, rounds=0, released=True, accepted=accepted)
    return finish(key, made)


def _may_be_released(key: Key) -> bool:
    """Whether a release can have any effect. An entry that takes a document back needs a write in its system."""
    entry = key.entry
    if e.takes_back(entry):
        return (
            bool(key.rules.steps) and bool(entry.get("takes_back")) and entry["reason"] not in (reasons.UNPOSTED, reasons.TOO_LARGE)
        )
    return entry["reason"] not in reasons.FINAL_HOLDS


def _refused(entry: Ledger, words: str, at: datetime) -> Audit:
    return decision("refused", entry, f"{entry['reason']} cannot be lifted: nothing is built that could go on ({words})", at)


def _superseded(key: Key, event: Superseded) -> Step:
    if e.is_terminal(key.entry) or e.may_exist(key.entry):
        return resting(key)
    if e.takes_back(key.entry):
        return finish(key, e.reverted(key.entry, event.version, event.at))
    made = e.voided(key.entry, event.version, event.at)
    return finish(key, e.change(made, event.at, source_version=event.version))


_STEPS: dict[type[Any], Callable[[Key, Any], Step]] = {
    Restored: _restored,
    Turn: _turn,
    Reserved: _reserved,
    Acked: _acked,
    LookedUp: _saw,
    LookupFailed: _unseen,
    Late: _late,
    Withheld: _withheld,
    Unreserved: _unreserved,
    Answered: _answered,
    Decided: _decided,
    Superseded: _superseded,
}
_RESTING = (Phase.IDLE,)
LOOKS = (Phase.WITHDRAWING, Phase.COMPARING, Phase.WATCHING, Phase.READING, Phase.LOOKING)
_AWAITED: dict[type[Any], tuple[Phase, ...]] = {
    Turn: _RESTING,
    Decided: _RESTING,
    Superseded: _RESTING,
    Reserved: (Phase.RESERVING,),
    Acked: (Phase.INTENDING, Phase.CLOSING),
    LookedUp: LOOKS,
    LookupFailed: LOOKS,
    Late: (Phase.SENDING,),
    Withheld: (Phase.SENDING,),
    Unreserved: (Phase.RESERVING,),
    Answered: (Phase.SENDING,),
}
