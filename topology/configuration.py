"""The configuration in force: connections and their crosswalks, as applied, read from their topics without a consumer group.

A service reads both topics from the beginning before it starts to work, and follows them afterwards. A batch uses one `Snapshot`, so a
change takes effect with the next batch. A connection record comes into force only together with the crosswalk that it names. The rows are a
log; the follower takes the newest state of that log whose content hash is the record's `crosswalk_version`. Until there is one, the record
is held back and the last good state stays in force, so that a half-written `apply` is never seen. Only records with a valid signature count
(`trust.py`).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from confluent_kafka import Message

from runtime import kafka, metrics
from runtime.errors import Broken, Malformed, Transient
from runtime.json import canonical_bytes
from runtime.log import log
from runtime.settings import Settings
from runtime.threads import TopicFollower
from schemas.codec import Codec
from systems import registry
from systems.connection import ConnectionSettings, Side
from systems.contract import Flow
from systems.flow import MASTER
from systems.mapped import Plan, Reading
from topology.crosswalk import Tables, tables_of
from topology.rules.identity import Books
from topology.trust import Refusal, Trust

__all__ = ("Connected", "Follower", "Snapshot", "Tables", "crosswalk_version", "tables_of")

_TOPICS = ("connections", "crosswalk")
_NAME = "configuration"
_SIGNED = "signed version"


def crosswalk_version(rows: Iterable[Mapping[str, Any]]) -> str:
    """Content hash (SHA-256, hex) of the crosswalk rows in force: table, row, effective date and values. Their order and author do not
    count."""
    content = [
        [row["table"], row["row"], _day(row["effective_from"]), dict(row["values"])]
        for row in rows
        if not row.get("removed", False)
    ]
    return hashlib.sha256(canonical_bytes(sorted(content, key=lambda one: one[:3]))).hexdigest()


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


@dataclass(frozen=True)
class Connected:
    """One connection as it is in force."""

    settings: ConnectionSettings
    version: str
    crosswalk_version: str
    crosswalk: Tables
    signed: int = 0
    """The version under which its record was signed. Its credentials have this version or a newer one."""

    @property
    def versions(self) -> list[str]:
        """The versions of its settings and of its crosswalk, as its commands name them."""
        return [self.version, self.crosswalk_version]

    def joins(self, system: str) -> bool:
        """Whether this system is one of its two sides."""
        return system in (self.settings.field_service.system, self.settings.erp.system)

    @property
    def plan(self) -> Plan:
        """What the ERP's mapping may use."""
        return self.plan_to(self.settings.erp.system)

    def plan_to(self, system: str) -> Plan:
        """What the mapping of the target system may use."""
        return self._plans[system]

    @cached_property
    def _plans(self) -> Mapping[str, Plan]:
        s = self.settings
        sides = ((s.field_service, s.erp), (s.erp, s.field_service))
        return {target.system: self._plan(target, source) for source, target in sides}

    def _plan(self, target: Side, source: Side) -> Plan:
        s = self.settings
        towards = {entity: flows for (origin, entity), flows in self._flows.items() if origin == source.system}
        return Plan(
            connection=s.connection,
            time_zone=s.time_zone,
            currency=s.currency,
            tax_mode=s.tax_mode,
            customer_policy=s.customer_policy,
            create_missing=s.create_missing,
            settings=target.own(),
            crosswalk=self.crosswalk,
            flows=s.flows,
            target=target.system,
            source_settings=source.own(),
            towards={entity: tuple(f.id for f in flows if f.target == target.system) for entity, flows in towards.items()},
        )

    @cached_property
    def readings(self) -> Mapping[str, Reading]:
        """What the normaliser of each side may use, by system."""
        s = self.settings
        return {side.system: Reading(s.connection, s.time_zone, s.currency, side.own()) for side in (s.field_service, s.erp)}

    @property
    def books(self) -> Books:
        """The `Books` that identify documents written to the ERP."""
        return self.books_to(self.settings.erp.system)

    def books_to(self, system: str) -> Books:
        """The `Books` that identify documents written to this system (accounting.md 1); both sides are named in the connection's settings.
        A document that is written to the field-service system is identified by that system's tenant and by the ERP's books."""
        return self._books[system]

    @cached_property
    def _books(self) -> Mapping[str, Books]:
        tenant, erp = self.settings.field_service, self.settings.erp
        own, books = tenant.own(), erp.own()
        environment = str(getattr(own, "environment", self.settings.environment))
        sides = (str(_written(own, "tenant_id")), str(_written(books, "instance_id")), str(_written(books, "company_id")))
        return {name: Books(environment, sides[0], name, sides[1], sides[2]) for name in (tenant.system, erp.system)}

    @cached_property
    def _flows(self) -> Mapping[tuple[str, str], tuple[Flow, ...]]:
        enabled: dict[tuple[str, str], tuple[Flow, ...]] = {}
        sides = (self.settings.field_service.system, self.settings.erp.system)
        for flow in registry.system(self.settings.erp.system).flows:
            own = self.settings.flows.get(flow.id)
            if own is not None and own.enabled and flow.records and flow.target in sides:
                key = (flow.source, flow.entity)
                enabled[key] = (*enabled.get(key, ()), flow)
        return enabled

    def flows_from(self, system: str, entity: str) -> tuple[Flow, ...]:
        """The enabled flows, in either direction, that make commands from an entity of a system. The ERP declares all of them."""
        return self._flows.get((system, entity), ())

    def comes_from_both(self, entity: str) -> bool:
        """Whether enabled flows bring master data of an entity both ways: each side creates some, and each keeps the other's up to date."""
        sides = (self.settings.field_service.system, self.settings.erp.system)
        return all(any(flow.purpose == MASTER for flow in self.flows_from(side, entity)) for side in sides)

    def target_of(self, flow: str) -> str:
        """The system that a flow writes to. For a draft that belongs to no flow (a completed job) it is the ERP."""
        return self._targets.get(flow, self.settings.erp.system)

    @cached_property
    def _targets(self) -> Mapping[str, str]:
        return {flow.id: flow.target for flow in registry.system(self.settings.erp.system).flows if flow.target}

    @cached_property
    def waits_for_jobs(self) -> bool:
        """Whether any enabled flow posts when the job is completed."""
        return any(own.enabled and own.post_when == "job_completed" for own in self.settings.flows.values())


def _written(own: Any, name: str) -> object:
    value = getattr(own, name, "")
    if value in ("", None):
        raise Broken(
            f"{type(own).__module__}: {name} is not in the settings.",
            "The identity of documents needs it: add it to the file of the connection and apply.",
        )
    return value


@dataclass(frozen=True)
class Snapshot:
    """Every connection in force at one moment; the newest version under which any record of the configuration was signed; and, for removed
    connections, the settings (JSON) that were last in force."""

    connections: Mapping[str, Connected] = field(default_factory=dict)
    newest: int = 0
    removed: Mapping[str, str] = field(default_factory=dict)

    def of_system(self, system: str) -> Iterator[Connected]:
        """The connections that join this system to another."""
        return (c for c in self.connections.values() if c.joins(system))


class Follower:
    """Folds the configuration topics in a thread of its own. `snapshot` is always complete.

    `start` returns when everything written before it has been read. `on_change` is called in that thread with the id of each connection
    that changed after the start, and `on_refusal` with each record whose signature or version does not count.
    """

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        on_change: Callable[[str], None] | None = None,
        on_refusal: Callable[[Refusal], None] | None = None,
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._trust: Trust | None = None
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._waiting: dict[str, dict[str, Any]] = {}
        self._connected: dict[str, Connected] = {}
        self._removed: dict[str, str] = {}
        self._topics = TopicFollower(_NAME, settings.kafka, [settings.topic(name) for name in _TOPICS], self._take)
        self._snapshot = Snapshot()
        self._read_to: dict[tuple[str, int], int] = {}
        self._moved = threading.Condition()

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force now."""
        return self._snapshot

    @property
    def trouble(self) -> str:
        """Why changes are not seen at present; "" if they are."""
        return self._topics.trouble

    @property
    def failed(self) -> str:
        """Why changes will never be seen any more; "" while they may be."""
        return self._topics.failed

    def caught_up(self, patience_s: float = 10.0) -> Snapshot:
        """The configuration with everything that was written before this call, for work that was requested by a change of the
        configuration.

        Raises `Transient` if it has not been read within `patience_s` real seconds.
        """
        partitions = list(range(self._settings.kafka.partitions))
        ends: dict[tuple[str, int], int] = {}
        for name in (self._settings.topic(name) for name in _TOPICS):
            ends |= {(name, p): high for p, high in kafka.high_watermarks(self._settings.kafka, name, partitions).items()}
        with self._moved:
            if not self._moved.wait_for(lambda: all(self._read_to.get(k, 0) >= high for k, high in ends.items()), patience_s):
                raise Transient("the configuration has not been read to its end")
        return self._snapshot

    def start(self) -> Follower:
        """Read to the end, then follow. Rows are read before connections, so that no connection is read before its rows.

        Raises `Broken` if there are no keys with which a signature could be verified.
        """
        self._trust = Trust(self._settings, tell=self._on_refusal)
        self._codec.expect(map(self._settings.topic, _TOPICS))
        for topic in (self._settings.topic(name) for name in reversed(_TOPICS)):
            for message in self._topics.to_end(topic):
                self._fold_believed(message)
                self._read_to[_place(message)] = (message.offset() or 0) + 1
        self._trust.settled()
        self._publish()
        self._topics.start()
        return self

    def stop(self) -> None:
        """Stop following. The last snapshot remains."""
        self._topics.stop()

    def _take(self, messages: list[Message]) -> None:
        changed: set[str] = set().union(*(self._fold_believed(message) for message in messages))
        if changed:
            self._publish()
        with self._moved:
            self._read_to |= {_place(message): (message.offset() or 0) + 1 for message in messages}
            self._moved.notify_all()
        for connection in sorted(changed):
            if self._on_change is not None:
                self._on_change(connection)

    def _fold_believed(self, message: Message) -> set[str]:
        signed = self._trust.believed(message) if self._trust is not None else None
        return self._fold(message, signed.version) if signed is not None else set()

    def _fold(self, message: Message, signed: int = 0) -> set[str]:
        try:
            name, record = self._codec.decode(message.value())
            self._keep(name, record, signed)
            return self._bring_into_force(record["connection"])
        except Exception as error:  # noqa: BLE001 - one bad record must not stop the connections of the others
            # A connection that cannot be read keeps its last good state; `apply` validates before it writes.
            log.error("configuration_unreadable", topic=message.topic(), offset=message.offset(), error=str(error)[:300])
            metrics.FOLLOWED_UNREADABLE.labels(_NAME).inc()
            return set()

    def _keep(self, name: str, record: dict[str, Any], signed: int) -> None:
        if name == "connection.crosswalk_row":
            self._rows.setdefault(record["connection"], []).append(record)
        elif name == "connection.connection":
            self._waiting[record["connection"]] = {**record, _SIGNED: signed}
        else:
            raise Malformed(f"{name} is not a record of the configuration")

    def _bring_into_force(self, name: str) -> set[str]:
        record = self._waiting.get(name)
        if record is None:
            return set()
        if record["removed"]:
            self._connected.pop(name, None)
            self._removed[name] = record["settings"]
        else:
            rows = _rows_of_version(self._rows.get(name, []), record["crosswalk_version"])
            if rows is None:
                log.info("configuration_waits_for_crosswalk", connection=name, crosswalk_version=record["crosswalk_version"])
                return set()
            settings = ConnectionSettings.model_validate_json(record["settings"])
            versions = (record["version"], record["crosswalk_version"])
            self._connected[name] = Connected(settings, *versions, tables_of(rows), record[_SIGNED])
            self._removed.pop(name, None)
        del self._waiting[name]
        return {name}

    def _publish(self) -> None:
        newest = self._trust.newest if self._trust is not None else 0
        self._snapshot = Snapshot(dict(self._connected), newest, dict(self._removed))


def _place(message: Message) -> tuple[str, int]:
    return message.topic() or "", message.partition() or 0


def _rows_of_version(log_of_rows: list[dict[str, Any]], version: str) -> list[dict[str, Any]] | None:
    """The newest state of the log of rows that has this content hash; None if there is none (yet).

    Rows name the version that they belong to, so only the end of a run of rows with that version is examined.
    """
    found: list[dict[str, Any]] | None = [] if version == crosswalk_version(()) else None
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for number, record in enumerate(log_of_rows):
        key = (record["table"], record["row"], _day(record["effective_from"]))
        if record["removed"]:
            rows.pop(key, None)
        else:
            rows[key] = record
        ends = number + 1 == len(log_of_rows) or log_of_rows[number + 1]["crosswalk_version"] != version
        if record["crosswalk_version"] == version and ends and crosswalk_version(rows.values()) == version:
            found = list(rows.values())
    return found
