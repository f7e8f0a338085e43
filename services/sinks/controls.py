"""What changes beside the commands and concerns held or waiting ones: a person's decision, a link, a period, settings."""

from __future__ import annotations

from schemas.records import Control
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.commit import Out
from services.sinks.core import step
from services.sinks.follow import Decision
from services.sinks.partition import Partition
from services.sinks.state import Decided, Phase, Record

ACTIONS = frozenset({"release", "retry", "accept", "skip"})
REEXAMINED = frozenset({reasons.CREATE_MISSING, reasons.SUSPECT, reasons.NOT_BUILT, reasons.PARENT_MISSING})
"""Holds that another setting or match may lift."""


def decided(owner: Partition, decision: Decision) -> None:
    """A person decided about one op-key; every decision is carried out once, in order."""
    control = decision.control
    if decision.offset < owner.controls.next:
        return
    owner.controls.next = decision.offset + 1
    if control["action"] in ACTIONS and control["system"] in ("", owner.ground.system.name):
        _decide(owner, control, decision.offset)


def _decide(owner: Partition, control: Control, offset: int) -> None:
    op_key = control["op_key"]
    key = owner.key_of(op_key)
    if key is None:
        return
    if key.phase is not Phase.IDLE:
        owner.controls.holding.add(offset)

        def later() -> None:
            owner.controls.holding.discard(offset)
            _decide(owner, control, offset)

        owner.pending[op_key].append(later)
        return
    event = Decided(control["action"], control["actor"], control["reason"], owner.ground.clock.monotonic(), owner.now())
    after, effects = step(key, event)
    for effect in effects:
        if isinstance(effect, Record):
            owner.ends(after, effect)


def paused_or_resumed(owner: Partition, control: Control) -> None:
    """A connection was paused or resumed; resuming gives a new hour to the ceiling and tries at once."""
    if control["action"] == "pause":
        return
    owner.hour.pop(control["connection"], None)
    lanes = owner.lanes_of(control["connection"])
    if lanes is not None:
        lanes.refusals.clear()
        lanes.reopen()
    _turn_all(owner, control["connection"])


def linked(owner: Partition, link: tuple[str, str, str, str]) -> None:
    """A link came: the master record itself and what waits for it are looked at."""
    system, connection, entity, source_id = link
    if system != owner.ground.system.name:
        return
    for op_key in owner.op_keys_of((connection, f"{entity}/{source_id}")):
        entry = owner.entry_of(op_key)
        if entry is not None and not e.is_terminal(entry):
            owner.turn(op_key, again=True)
    owner.release_children((connection, f"{entity}/{source_id}"))


def period_changed(owner: Partition, connection: str) -> None:
    """Documents held for a closed period whose period is open now are tried again."""
    for op_key, rest in owner.standing(connection):
        if rest.reason != reasons.PERIOD_CLOSED:
            continue
        entry = owner.entry_of(op_key)
        if entry is not None and owner.ground.followed.is_open(connection, entry["purpose"], entry["posting_date"]):
            owner.turn(op_key, again=True)


def caught_up(owner: Partition, connection: str) -> None:
    """Periods and settings that changed while nobody owned the partition."""
    period_changed(owner, connection)
    if owner.index.meta(_in_force(connection)) != _version(owner, connection):
        settings_changed(owner, connection)


def settings_changed(owner: Partition, connection: str) -> None:
    """Settings or crosswalk changed: held commands that carry their canonical record are mapped again, others looked at again."""
    lanes = owner.lanes_of(connection)
    if lanes is not None:
        lanes.reopen()
    for op_key, rest in owner.standing(connection):
        if rest.state == e.HELD:
            _map_again(owner, op_key, rest.reason)
    _turn_all(owner, connection)
    owner.submit(Out([], meta={_in_force(connection): _version(owner, connection)}))


def _in_force(connection: str) -> str:
    """Name in the snapshot of the settings under which the connection's held commands were looked at last."""
    return f"settings/{connection}"


def _version(owner: Partition, connection: str) -> list[str] | None:
    connected = owner.ground.snapshot().connections.get(connection)
    return connected.versions if connected is not None else None


def _map_again(owner: Partition, op_key: str, reason: str) -> None:
    if reason in REEXAMINED:
        owner.turn(op_key, again=True)
        return
    entry = owner.entry_of(op_key)
    command = owner.command_of(entry) if entry is not None else None
    if entry is not None and command is not None and command["canonical"] is not None:
        owner.submit(Out([owner.ground.remap_line(entry, command["canonical"])]))


def _turn_all(owner: Partition, connection: str) -> None:
    for op_key, rest in owner.standing(connection):
        if rest.state != e.HELD:
            owner.turn(op_key)
