"""What the owner knows about the world when it looks at an entry: settings, windows, links, parents, pauses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from schemas.errors import Malformed
from schemas.records import CommandEnvelope, Ledger, Parent
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.cases import Cases
from services.sinks.context import SinkContext
from services.sinks.gate import View
from services.sinks.parents import Parents, name_of, resolve
from services.sinks.parts import Part, document_of, sole_parts_of
from services.sinks.rules import BATCH_DEADLINE_S, rules_of, stands, write_of
from services.sinks.state import Key, Rules
from services.sinks.windows import opens_at
from systems.contract import Flow, Write
from systems.mapped import COMPLETION, REVERSAL
from topology.configuration import Connected

_MAY_STAND = e.IN_PLACE | {e.WAITING}


class Sights:
    """Of one partition: reads its cases, what is followed, and the settings in force."""

    def __init__(self, context: SinkContext, cases: Cases) -> None:
        self._context = context
        self._system = context.system
        self._cases = cases
        self._ways: dict[tuple[str, str], tuple[Write, ...]] = {}
        self._rules: dict[tuple[int, float], Rules] = {}
        self._flows: dict[tuple[str, str, str], Flow | None] = {}

    def _connected(self, entry: Ledger) -> Connected | None:
        return self._context.snapshot().connections.get(entry["connection"])

    def key_of(self, entry: Ledger) -> Key:
        """The core's state of an entry at rest."""
        return Key(entry, self.rules(entry))

    def command_of(self, entry: Ledger) -> CommandEnvelope | None:
        """The command of an entry; None where its bytes are missing or cannot be read."""
        case = self._cases.get(entry["op_key"])
        if case is not None and case.decoded is not None and case.decoded[0] is entry["command"]:
            return case.decoded[1]
        try:
            found = cast("CommandEnvelope", self._context.codec.decode(entry["command"])[1])
        except Malformed:
            return None
        if case is not None and case.key is not None and case.key.entry is entry:
            case.decoded = (entry["command"], found)
        return found

    def view(self, entry: Ledger, command: CommandEnvelope | None) -> View | None:
        """The view of one entry now; None where its connection does not join this system (any more)."""
        connected, at = self._connected(entry), self._context.clock.now()
        if connected is None or not connected.joins(self._system.name):
            return None
        settings = connected.settings
        flow = self._flow(connected, entry)
        chosen = settings.flows.get(flow.id) if flow else None
        window = (chosen.window if chosen else "") or (flow.window if flow else "immediate")
        target, busy = self._target(command)
        return View(
            at=at,
            mode=settings.mode_of(flow.id) if flow else settings.mode,
            paused=self._paused(entry["connection"]),
            written=entry["record"] in (REVERSAL, COMPLETION) or self.write(entry, connected) is not None,
            opens_at=opens_at(window, settings.zone, entry["first_seen_at"]) if window != "immediate" else None,
            parents=self.parents(entry, command, connected),
            parent_deadline=timedelta(seconds=settings.parent_deadline_s),
            create_missing=bool(command is not None and command.get("create_missing"))
            or entry["record"] in settings.create_missing,
            link=self.link(entry["connection"], entry["source_entity"], entry["source_id"])
            if entry["purpose"] == e.MASTER
            else None,
            target=target,
            target_busy=busy,
            void=self._void(entry),
            others=self.others(command) if command is not None and command["parts"] is not None else (),
            other_purpose=self._other_purpose(entry, flow),
            is_closed=entry["purpose"] != e.MASTER and self._context.followed.is_closed(entry),
        )

    def _other_purpose(self, entry: Ledger, flow: Flow | None) -> str:
        """What the source of an entry was written as for another of its flow's purposes; "" where it was not."""
        if flow is None or not flow.is_one_purpose or entry["record"] in (REVERSAL, COMPLETION):
            return ""
        purposes = {flow.purpose, *flow.other_purposes} - {entry["purpose"]}
        found = self.entries(entry["connection"], entry["source_entity"], entry["source_id"])
        return next(
            (
                f"{one['record']} {one['erp_number'] or one['ref']} ({one['purpose']})"
                for one in found
                if _stands_for(one, purposes)
            ),
            "",
        )

    def glance(self, entry: Ledger) -> View | None:
        """As `view`, of what may stop a request at the last moment only: mode, pause and void."""
        connected = self._connected(entry)
        if connected is None or not connected.joins(self._system.name):
            return None
        flow = self._flow(connected, entry)
        mode = connected.settings.mode_of(flow.id) if flow else connected.settings.mode
        return View(self._context.clock.now(), mode, self._paused(entry["connection"]), void=self._void(entry))

    def _flow(self, connected: Connected, entry: Ledger) -> Flow | None:
        place = (connected.settings.erp.system, entry["record"], entry["source_entity"])
        if place not in self._flows:
            self._flows[place] = flow_of(connected.settings.erp.declared.flows, self._system.name, *place[1:])
        return self._flows[place]

    def _paused(self, connection: str) -> str:
        words = self._context.followed.paused(self._system.name, connection)
        return (reasons.CEILING if words.startswith(reasons.CEILING) else reasons.PAUSED) if words else ""

    def _void(self, entry: Ledger) -> Ledger | None:
        return self._cases.entry(e.void_key(entry["op_key"])) if entry["action"] in e.MAKES else None

    def others(self, command: CommandEnvelope) -> tuple[Part, ...]:
        """The other entries of a command's document as they are in hand."""
        own, document = command["op_key"], f"{document_of(command['op_key'])}|"
        of_source = self._cases.of_source((command["connection"], name_of(command["source_entity"], command["source_id"])))
        op_keys = {op_key for op_key in of_source if op_key.startswith(document)} | sole_parts_of(own)
        parts = [self._cases.shown(op_key) for op_key in sorted(op_keys - {own})]
        return tuple(Part(entry, busy) for entry, busy in parts if entry is not None)

    def entries(self, connection: str, entity: str, source_id: str) -> Iterable[Ledger]:
        """Entries of a source object; what is not acked yet does not count as being in place."""
        for op_key in self._cases.of_source((connection, name_of(entity, source_id))):
            entry, busy = self._cases.shown(op_key)
            if entry is None:
                continue
            if busy and entry["state"] in _MAY_STAND:
                entry = self._cases.index.get(op_key) or e.change(entry, entry["updated_at"], state=e.INTENT, reason="")
            yield entry

    def rules(self, entry: Ledger) -> Rules:
        """What holds for writing this entry, as its connection chooses."""
        connected = self._connected(entry)
        deadline_s = connected.settings.batch_deadline_s if connected is not None else BATCH_DEADLINE_S
        write = self.write(entry, connected)
        known = self._rules.get((id(write), deadline_s))
        if known is None:
            known = self._rules[(id(write), deadline_s)] = rules_of(write, self._context.settings.timing, deadline_s)
        return known

    def write(self, entry: Ledger, connected: Connected | None) -> Write | None:
        """The way in which this entry is written."""
        chooses = connected is not None and self._system.chosen_write is not None
        place = (entry["record"], connected.version if connected is not None and chooses else "")
        ways = self._ways.get(place)
        if ways is None:  # kept for good: the rules are known by the identity of their write
            own = connected.readings[self._system.name].settings if connected is not None and chooses else None
            ways = self._ways[place] = self._system.writes_of(entry["record"], own)
        return write_of(ways, entry)

    def parents(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected | None = None) -> Parents:
        """The parents of a command as known now."""
        if command is None or not command["parents"]:
            return Parents()
        return resolve(command["parents"], _KnownParents(self, entry, connected))

    def link(self, connection: str, entity: str, source_id: str) -> str | None:
        """Partner of a source object, by `links`."""
        return self._context.followed.link(self._system.name, connection, entity, source_id)

    def pair(self, connection: str, parent: Parent) -> str | None:
        """Id of a part of a document, by `links`."""
        key = (self._system.name, connection, parent["entity"], parent["source_id"])
        return self._context.followed.pair(key, parent.get("purpose", ""), parent.get("part", ""))

    def _target(self, command: CommandEnvelope | None) -> tuple[Ledger | None, bool]:
        reverses = command.get("reverses") if command is not None else None
        return self._cases.shown(str(reverses)) if reverses else (None, False)


def _stands_for(entry: Ledger, purposes: set[str]) -> bool:
    """Whether something of an entry is, or may be, in the system for one of these purposes."""
    return entry["purpose"] in purposes and entry["record"] not in (REVERSAL, COMPLETION) and e.may_exist(entry)


@dataclass(frozen=True, slots=True)
class _KnownParents:
    """The parents of one entry (see `parents.KnownParents`)."""

    sights: Sights
    entry: Ledger
    connected: Connected | None

    def link(self, entity: str, source_id: str) -> str | None:
        """See `parents.KnownParents`."""
        return self.sights.link(self.entry["connection"], entity, source_id)

    def pair(self, parent: Parent) -> str | None:
        """See `parents.KnownParents`."""
        return self.sights.pair(self.entry["connection"], parent)

    def entries(self, entity: str, source_id: str) -> Iterable[Ledger]:
        """See `parents.KnownParents`. A master record that waits for its own partner is not what it waits for, unless it was written."""
        found = self.sights.entries(self.entry["connection"], entity, source_id)
        return (one for one in found if one["op_key"] != self.entry["op_key"] or one["state"] in e.IN_PLACE)

    def stands(self, entry: Ledger) -> bool:
        """See `parents.KnownParents`."""
        write = self.sights.write(entry, self.connected)
        return write is not None and stands(entry, write)


def flow_of(flows: tuple[Flow, ...], target: str, record: str, entity: str) -> Flow | None:
    """The flow that a command to `target` belongs to, of those that the connection's ERP declares."""
    of_record = [flow for flow in flows if flow.target == target and record in flow.records]
    return next((flow for flow in of_record if flow.entity == entity), of_record[0] if of_record else None)
