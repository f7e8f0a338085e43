"""Changes other than commands that concern held or waiting commands: a person's decision, a link, a period, settings, a pause."""

from __future__ import annotations

from typing import Any

from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.commit import Out
from services.sinks.follow import ControlMessage
from services.sinks.owner import Owner
from topology.topics import partition_of

ACTIONS = frozenset({"release", "retry", "accept", "skip"})
REEXAMINED = frozenset({reasons.CREATE_MISSING, reasons.SUSPECT, reasons.NOT_BUILT, reasons.PARENT_MISSING})
"""Holds that other settings or a match may lift."""


def told(owner: Owner, kind: str, what: Any) -> None:
    """Something other than the commands changed. `kind` says what `what` is (see `follow.Followed.fold`; for `settings`, a connection)."""
    if kind == "settings" and is_its(owner, what):
        settings_changed(owner, what)
    elif kind == "link":
        linked(owner, what)
    elif kind == "period":
        period_changed(owner, what)
    elif kind == "pause":
        if what.control["action"] != "pause":
            resumed(owner, what.control["connection"])
    elif kind == "decision" and what.partition == owner.number:
        decided(owner, what)
    elif kind == "seen again":
        for connection in {case.connection for case in owner.cases}:
            _turn_all(owner, connection)


def is_its(owner: Owner, connection: str) -> bool:
    """Whether a connection joins this system and its commands lie in this partition."""
    connected = owner.context.snapshot().connections.get(connection)
    if connected is None or not connected.joins(owner.context.system.name):
        return False
    return partition_of(connection, owner.context.settings.kafka.partitions) == owner.number


def decided(owner: Owner, decision: ControlMessage) -> None:
    """A person decided about one op-key. Every decision is carried out once, in order."""
    control = decision.control
    if decision.offset < owner.controls.next:
        return
    owner.controls.next = decision.offset + 1
    if control["action"] in ACTIONS and control["system"] in ("", owner.context.system.name):
        owner.decide(decision)


def resumed(owner: Owner, connection: str) -> None:
    """A connection was resumed: the ceiling counts a new hour, and everything is tried at once."""
    owner.hours.pop(connection, None)
    lanes = owner.schedule.lanes_of(connection)
    if lanes is not None:
        lanes.refusals.clear()
        lanes.stopped = ""
        lanes.reopen()
    _turn_all(owner, connection)


def linked(owner: Owner, link: tuple[str, str, str, str]) -> None:
    """A link was added: its master record, and what waits for it, are looked at again."""
    system, connection, entity, source_id = link
    if system != owner.context.system.name:
        return
    source = (connection, f"{entity}/{source_id}")
    for op_key in owner.cases.of_source(source):
        owner.turn(op_key, again=True)
    owner.release_children(source)


def period_changed(owner: Owner, connection: str) -> None:
    """Try documents again that are held for a closed period, if the period is open now."""
    for op_key, rest in owner.cases.of_connection(connection):
        if rest.reason != reasons.PERIOD_CLOSED:
            continue
        entry = owner.cases.entry(op_key)
        if entry is None:
            continue
        if owner.sights.may_be_posted(entry):
            owner.turn(op_key, again=True)


def caught_up(owner: Owner) -> None:
    """Apply periods and settings that changed while nobody owned the partition."""
    for connection in {case.connection for case in owner.cases} | _connections(owner):
        period_changed(owner, connection)
        if owner.index.meta(_in_force(connection)) != _version(owner, connection):
            settings_changed(owner, connection)


def _connections(owner: Owner) -> set[str]:
    return {connection for connection in owner.context.snapshot().connections if is_its(owner, connection)}


def settings_changed(owner: Owner, connection: str) -> None:
    """Settings or crosswalk changed: held commands that carry their canonical record are mapped again, others are looked at again. So are
    those that wait for a document, because a row of the crosswalk may name it now."""
    lanes = owner.schedule.lanes_of(connection)
    if lanes is not None:
        lanes.reopen()
    for op_key, rest in owner.cases.of_connection(connection):
        if rest.state == e.HELD or rest.reason == reasons.PARENT:
            _map_again(owner, op_key, rest.reason)
    _turn_all(owner, connection)
    owner.committer.submit(Out([], meta={_in_force(connection): _version(owner, connection)}))


def _in_force(connection: str) -> str:
    """The name, in the snapshot, of the settings under which the connection's held commands were last looked at."""
    return f"settings/{connection}"


def _version(owner: Owner, connection: str) -> list[str] | None:
    connected = owner.context.snapshot().connections.get(connection)
    return connected.versions if connected is not None else None


def _map_again(owner: Owner, op_key: str, reason: str) -> None:
    if reason in REEXAMINED:
        owner.turn(op_key, again=True)
    if reason in REEXAMINED - {reasons.PARENT_MISSING}:
        return
    entry = owner.cases.entry(op_key)
    command = owner.sights.command_of(entry) if entry is not None else None
    if entry is not None and command is not None and command["canonical"] is not None:
        owner.committer.submit(Out([owner.context.remap_line(entry, command["canonical"])]))


def _turn_all(owner: Owner, connection: str) -> None:
    for op_key, rest in owner.cases.of_connection(connection):
        if rest.state != e.HELD:
            owner.turn(op_key)
