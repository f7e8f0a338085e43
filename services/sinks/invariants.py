"""Invariants that hold between any two turns of the loop, checked while it runs: every command belongs to something, everything at rest has
a reason and something that wakes it, and every wait is for something under way. A breach stops its connection's sink and is reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from runtime import metrics
from runtime.log import log
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.cases import Case
from services.sinks.intake import Intake
from services.sinks.owner import Owner
from services.sinks.state import Phase

EVERY_S = 30.0
BROKEN = "broken"
_OF_THE_CONNECTION = frozenset({reasons.PAUSED, reasons.CEILING, reasons.OBSERVE, reasons.SHADOW})
"""Reasons that end with a pause or with settings. Both wake everything of the connection."""
_RECORDING = frozenset({Phase.INTENDING, Phase.CLOSING})


@dataclass(frozen=True, slots=True)
class Breach:
    """A state that must never occur. `amount` is the money of which it is no longer certain what becomes of it."""

    connection: str
    op_key: str
    words: str
    amount: Decimal = Decimal(0)


def check(owner: Owner, intake: Intake) -> list[Breach]:
    """Every breach in this partition now."""
    return [*_commands(owner, intake), *_cases(owner, intake), *_lanes(owner)]


def enforce(owner: Owner, intake: Intake) -> list[Breach]:
    """Check, report, and stop the connections concerned. Returns the breaches."""
    if owner.failed or owner.closing or not owner.opened:
        return []
    found = check(owner, intake)
    amounts: dict[str, Decimal] = {case_connection: Decimal(0) for case_connection in owner.schedule.lanes}
    for breach in found:
        amounts[breach.connection] = amounts.get(breach.connection, Decimal(0)) + abs(breach.amount)
        log.error(
            "invariant_broken", connection=breach.connection, key=breach.op_key, words=breach.words, amount=str(breach.amount)
        )
    for connection, amount in amounts.items():
        metrics.SINK_UNACCOUNTED.labels(owner.context.system.name, connection).set(float(amount))
    for connection in {breach.connection for breach in found}:
        words = next(breach.words for breach in found if breach.connection == connection)
        lanes = owner.schedule.lanes_of(connection)
        if lanes is not None:
            lanes.stopped = words
        owner.recording.pause(connection, BROKEN, f"{words}; start the sink again, then resume the connection")
    return found


def _commands(owner: Owner, intake: Intake) -> Iterator[Breach]:
    """Every command whose offset is held back is in a case, or waits for one."""
    cases = {case.offset: case for case in owner.cases if case.offset is not None}
    waiting = {incoming.offset: incoming for incoming in intake.waiting}
    for offset in owner.commands.holding:
        if offset >= 0 and offset not in cases and offset not in waiting:
            yield Breach("", "", f"the command at offset {offset} is nobody's")
    for offset, case in cases.items():
        if offset not in owner.commands.holding:
            yield _breach(case, f"its offset {offset} may be committed, and no record holds it")
    for offset, incoming in waiting.items():
        if offset not in owner.commands.holding:
            command = incoming.command
            words = f"its offset {offset} may be committed, and it waits"
            yield Breach(command["connection"], command["op_key"], words, command["amount"])


def _cases(owner: Owner, intake: Intake) -> Iterator[Breach]:
    for case in owner.cases:
        words = _busy(case) if case.is_busy else _resting(owner, case)
        if words and not (not case.is_busy and intake.is_stalled(case.op_key)):
            yield _breach(case, words)


def _busy(case: Case) -> str:
    """A busy case waits for something that is under way."""
    assert case.key is not None
    phase = case.key.phase
    if phase in _RECORDING:
        return "" if case.unacked else f"it is {phase.value}, and no record of it is on its way"
    return "" if case.calls else f"it is {phase.value}, and no call of it is under way"


def _resting(owner: Owner, case: Case) -> str:
    """A case at rest has a reason, and something wakes it."""
    stands = case.stands
    if stands.state in e.TERMINAL or case.unacked or case.queued or case.calls:
        return ""
    if case.offset is None and case.rest.state == "":
        return "no record of it is in the ledger or on its way"
    waits_for_look_up = case.withdrawn_by or (case.key is not None and e.intent_open(case.key.entry))
    if case.behind and not waits_for_look_up:
        return "it rests, and something waits behind it"
    if owner.schedule.lanes_of(stands.connection) is None or case.alarm or owner.cases.waits(case) or case.withdrawn_by:
        return ""
    if stands.state == e.HELD:
        return "" if stands.reason else "it is held without a reason"
    if stands.reason in _OF_THE_CONNECTION or owner.context.followed.paused(owner.context.system.name, stands.connection):
        return ""
    return f"it rests ({stands.state} {stands.reason}), and nothing wakes it"


def _lanes(owner: Owner) -> Iterator[Breach]:
    """The lanes count the cases in them, and every queued case is in the queue."""
    active: dict[str, int] = {}
    for case in owner.cases:
        active[case.connection] = active.get(case.connection, 0) + case.lane
        lanes = owner.schedule.lanes.get(case.connection)
        if case.queued and (lanes is None or not lanes.ready):
            yield _breach(case, "it is queued, and the queue is empty")
    for connection, lanes in owner.schedule.lanes.items():
        if lanes.active != active.get(connection, 0):
            yield Breach(connection, "", f"{lanes.active} lanes are taken, by {active.get(connection, 0)} op-keys")


def _breach(case: Case, words: str) -> Breach:
    amount = case.key.entry["amount"] if case.key is not None else Decimal(0)
    return Breach(case.connection, case.op_key, words, amount)
