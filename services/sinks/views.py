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
from services.sinks.gate import COMPLETION, REVERSAL, View
from services.sinks.parents import Parents, resolve
from services.sinks.state import Rules, Times
from services.sinks.windows import opens_at
from systems.contract import Capability, Flow, System, Write
from topology.configuration import Connected


@dataclass
class Sights:
    """Builds views for one partition of one system. `entries` gives the entries of a source object as far as they are acked."""

    system: System
    timing: Timing
    followed: Followed
    entries: Callable[[str, str, str], Iterable[Ledger]]
    current: Callable[[str], tuple[Ledger | None, bool]]
    found: dict[tuple[str, str], str] = field(default_factory=dict)

    def view(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected, at: datetime) -> View:
        """The view of one entry now."""
        settings = connected.settings
        flow = flow_of(self.system, entry["record"], entry["source_entity"])
        chosen = settings.flows.get(flow.id) if flow else None
        window = chosen.window if chosen and chosen.window != "immediate" else flow.window if flow else "immediate"
        target, busy = self._target(command)
        paused = self.followed.paused(self.system.name, entry["connection"])
        return View(
            at=at,
            mode=settings.mode_of(flow.id) if flow else settings.mode,
            paused=(reasons.CEILING if paused.startswith(reasons.CEILING) else reasons.PAUSED) if paused else "",
            written=is_written(self.system, entry["record"]),
            opens_at=opens_at(window, settings.zone, entry["first_seen_at"]) if window != "immediate" else None,
            parents=self.parents(entry, command),
            parent_deadline=timedelta(seconds=settings.parent_deadline_s),
            create_missing=self._may_create(entry, command, connected),
            link=self._link(entry) if entry["purpose"] == e.MASTER else None,
            target=target,
            target_busy=busy,
        )

    def parents(self, entry: Ledger, command: CommandEnvelope | None) -> Parents:
        """The parents of a command as known now."""
        if command is None or not command["parents"]:
            return Parents()
        return resolve(command["parents"], _Known(self, entry["connection"]))

    def _may_create(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected) -> bool:
        wanted = bool(command is not None and command.get("create_missing"))
        return wanted or entry["record"] in connected.settings.create_missing

    def _link(self, entry: Ledger) -> str | None:
        return self.link(entry["connection"], entry["source_entity"], entry["source_id"])

    def link(self, connection: str, entity: str, source_id: str) -> str | None:
        """Partner of a source object: by `links`, or as the system itself told when asked by ref."""
        known = self.followed.link(self.system.name, connection, entity, source_id)
        return known if known is not None else self.found.get((connection, f"{entity}/{source_id}"))

    def _target(self, command: CommandEnvelope | None) -> tuple[Ledger | None, bool]:
        reverses = command.get("reverses") if command is not None else None
        return self.current(str(reverses)) if reverses else (None, False)


@dataclass(frozen=True, slots=True)
class _Known:
    """The parents of one connection (see `parents.Known`)."""

    sights: Sights
    connection: str

    def link(self, entity: str, source_id: str) -> str | None:
        """See `parents.Known`."""
        return self.sights.link(self.connection, entity, source_id)

    def entries(self, entity: str, source_id: str) -> Iterable[Ledger]:
        """See `parents.Known`."""
        return self.sights.entries(self.connection, entity, source_id)


@lru_cache(maxsize=1024)
def _flow_of(flows: tuple[Flow, ...], record: str, entity: str) -> Flow | None:
    of_record = [flow for flow in flows if record in flow.records]
    return next((flow for flow in of_record if flow.entity == entity), of_record[0] if of_record else None)


def flow_of(system: System, record: str, entity: str) -> Flow | None:
    """The flow that a command belongs to."""
    return _flow_of(system.flows, record, entity)


@lru_cache(maxsize=64)
def _records(writes: tuple[Write, ...]) -> frozenset[str]:
    return frozenset(write.record for write in writes)


def is_written(system: System, record: str) -> bool:
    """Whether the system keeps such documents for us."""
    return record in (REVERSAL, COMPLETION) or record in _records(system.writes)


@lru_cache(maxsize=256)
def _rules_of(writes: tuple[Write, ...], record: str, timing: Timing) -> Rules:
    write = next((w for w in writes if w.record == record), None)
    if write is None:
        return Rules((), Capability.C3, 1, _times(timing, 0.0, 0.0))
    p_max_s, v_max_s = write.p_max.total_seconds(), write.v_max.total_seconds()
    return Rules(write.steps, write.capability, write.calls, _times(timing, p_max_s, v_max_s))


def rules_of(system: System, record: str, timing: Timing) -> Rules:
    """Steps, class and times of a kind of document; a record that is never written gets none."""
    return _rules_of(system.writes, record, timing)


def _times(timing: Timing, p_max_s: float, v_max_s: float) -> Times:
    return Times(
        timing.lease_s,
        timing.freeze_s,
        timing.request_s,
        timing.p_max_s if timing.p_max_s is not None else p_max_s,
        timing.v_max_s if timing.v_max_s is not None else v_max_s,
    )
