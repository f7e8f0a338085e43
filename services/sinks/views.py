"""What the owner knows about the world when it looks at an entry: settings, windows, links, parents, pauses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from runtime.settings import Timing
from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.follow import Followed
from services.sinks.gate import View
from services.sinks.parents import Parents, resolve
from services.sinks.parts import Part, document_of, sole_parts_of
from services.sinks.rules import BATCH_DEADLINE_S, rules_of, stands, write_of
from services.sinks.state import Rules
from services.sinks.windows import opens_at
from systems.contract import Flow, System, Write
from systems.mapped import COMPLETION, REVERSAL
from topology.configuration import Connected


@dataclass
class Sights:
    """Builds views for one partition of one system. `entries` gives the entries of a source object as far as they are acked."""

    system: System
    timing: Timing
    followed: Followed
    entries: Callable[[str, str, str], Iterable[Ledger]]
    current: Callable[[str], tuple[Ledger | None, bool]]
    _ways: dict[tuple[str, str], tuple[Write, ...]] = field(default_factory=dict)
    _rules: dict[tuple[int, float], Rules] = field(default_factory=dict)

    def view(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected, at: datetime) -> View:
        """The view of one entry now."""
        settings = connected.settings
        flow = flow_of(settings.erp.declared.flows, self.system.name, entry["record"], entry["source_entity"])
        chosen = settings.flows.get(flow.id) if flow else None
        window = (chosen.window if chosen else "") or (flow.window if flow else "immediate")
        target, busy = self._target(command)
        paused = self.followed.paused(self.system.name, entry["connection"])
        return View(
            at=at,
            mode=settings.mode_of(flow.id) if flow else settings.mode,
            paused=(reasons.CEILING if paused.startswith(reasons.CEILING) else reasons.PAUSED) if paused else "",
            written=entry["record"] in (REVERSAL, COMPLETION) or self.write(entry, connected) is not None,
            opens_at=opens_at(window, settings.zone, entry["first_seen_at"]) if window != "immediate" else None,
            parents=self.parents(entry, command, connected),
            parent_deadline=timedelta(seconds=settings.parent_deadline_s),
            create_missing=self._may_create(entry, command, connected),
            link=self._link(entry) if entry["purpose"] == e.MASTER else None,
            target=target,
            target_busy=busy,
            void=self.current(e.void_key(entry["op_key"]))[0] if entry["action"] == "create" else None,
            others=self.others(command) if command is not None and command["parts"] is not None else (),
        )

    def others(self, command: CommandEnvelope) -> tuple[Part, ...]:
        """The other entries of a command's document as they are in hand."""
        own, document = command["op_key"], document_of(command["op_key"])
        found = self.entries(command["connection"], command["source_entity"], command["source_id"])
        op_keys = {one["op_key"] for one in found if document_of(one["op_key"]) == document} | sole_parts_of(own)
        parts = [self.current(op_key) for op_key in sorted(op_keys - {own})]
        return tuple(Part(entry, busy) for entry, busy in parts if entry is not None)

    def rules(self, entry: Ledger, connected: Connected | None) -> Rules:
        """What holds for writing this entry, as its connection chooses."""
        deadline_s = connected.settings.batch_deadline_s if connected is not None else BATCH_DEADLINE_S
        write = self.write(entry, connected)
        known = self._rules.get((id(write), deadline_s))
        if known is None:
            known = self._rules[(id(write), deadline_s)] = rules_of(write, self.timing, deadline_s)
        return known

    def write(self, entry: Ledger, connected: Connected | None) -> Write | None:
        """The way in which this entry is written."""
        chooses = connected is not None and self.system.chosen_write is not None
        place = (entry["record"], connected.version if connected is not None and chooses else "")
        ways = self._ways.get(place)
        if ways is None:  # kept for good: the rules are known by the identity of their write
            own = connected.readings[self.system.name].settings if connected is not None and chooses else None
            ways = self._ways[place] = self.system.writes_of(entry["record"], own)
        return write_of(ways, entry)

    def parents(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected | None = None) -> Parents:
        """The parents of a command as known now."""
        if command is None or not command["parents"]:
            return Parents()
        return resolve(command["parents"], _Known(self, entry["connection"], connected))

    def _may_create(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected) -> bool:
        wanted = bool(command is not None and command.get("create_missing"))
        return wanted or entry["record"] in connected.settings.create_missing

    def _link(self, entry: Ledger) -> str | None:
        return self.link(entry["connection"], entry["source_entity"], entry["source_id"])

    def link(self, connection: str, entity: str, source_id: str) -> str | None:
        """Partner of a source object, by `links`."""
        return self.followed.link(self.system.name, connection, entity, source_id)

    def _target(self, command: CommandEnvelope | None) -> tuple[Ledger | None, bool]:
        reverses = command.get("reverses") if command is not None else None
        return self.current(str(reverses)) if reverses else (None, False)


@dataclass(frozen=True, slots=True)
class _Known:
    """The parents of one connection (see `parents.Known`)."""

    sights: Sights
    connection: str
    connected: Connected | None

    def link(self, entity: str, source_id: str) -> str | None:
        """See `parents.Known`."""
        return self.sights.link(self.connection, entity, source_id)

    def entries(self, entity: str, source_id: str) -> Iterable[Ledger]:
        """See `parents.Known`."""
        return self.sights.entries(self.connection, entity, source_id)

    def stands(self, entry: Ledger) -> bool:
        """See `parents.Known`."""
        write = self.sights.write(entry, self.connected)
        return write is not None and stands(entry, write)


@lru_cache(maxsize=1024)
def flow_of(flows: tuple[Flow, ...], target: str, record: str, entity: str) -> Flow | None:
    """The flow that a command to `target` belongs to, of those that the connection's ERP declares."""
    of_record = [flow for flow in flows if flow.target == target and record in flow.records]
    return next((flow for flow in of_record if flow.entity == entity), of_record[0] if of_record else None)
