"""The configuration in force: connections and crosswalks as applied, read from their topics without a group.

A service reads both from the start before it works and follows them afterwards; a batch takes one `Snapshot`, so a change
applies from the next batch on. A connection comes into force with the record that `apply` writes after all its crosswalk rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition

from runtime import kafka
from runtime.log import log
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.errors import Malformed
from systems.connection import ConnectionSettings
from systems.contract import Plan, Reading

_TOPICS = ("connections", "crosswalk")


@dataclass(frozen=True)
class Row:
    """One crosswalk row with the day it comes into force (None = always)."""

    values: Mapping[str, str]
    effective_from: date | None


@dataclass(frozen=True)
class Tables:
    """The crosswalk of one connection: table -> key -> rows, newest first. Keys are compared exactly."""

    tables: Mapping[str, Mapping[str, tuple[Row, ...]]] = field(default_factory=dict)

    def row(self, table: str, key: str, on: date | None = None) -> Mapping[str, str] | None:
        """See `systems.contract.Crosswalk`."""
        return _in_force(self.tables.get(table, {}).get(key, ()), on)

    def rows(self, table: str, on: date | None = None) -> Mapping[str, Mapping[str, str]]:
        """See `systems.contract.Crosswalk`."""
        found = {key: _in_force(rows, on) for key, rows in self.tables.get(table, {}).items()}
        return {key: row for key, row in found.items() if row is not None}


def _in_force(rows: tuple[Row, ...], on: date | None) -> Mapping[str, str] | None:
    for row in rows:
        if row.effective_from is None or on is None or row.effective_from <= on:
            return row.values
    return None


@dataclass(frozen=True)
class Connected:
    """One connection as in force."""

    settings: ConnectionSettings
    version: str
    crosswalk_version: str
    crosswalk: Tables

    @cached_property
    def plan(self) -> Plan:
        """What the ERP's mapping may know."""
        s = self.settings
        return Plan(
            s.connection, s.time_zone, s.currency, s.tax_mode, s.customer_policy, s.create_missing, s.erp.own(), self.crosswalk, s.flows
        )

    @cached_property
    def readings(self) -> Mapping[str, Reading]:
        """What each side's normaliser may know, by system."""
        s = self.settings
        return {side.system: Reading(s.connection, s.time_zone, s.currency, side.own()) for side in (s.field_service, s.erp)}


@dataclass(frozen=True)
class Snapshot:
    """Every connection in force at one moment."""

    connections: Mapping[str, Connected] = field(default_factory=dict)

    def of_system(self, system: str) -> Iterator[Connected]:
        """Connections that join a system."""
        return (c for c in self.connections.values() if system in (c.settings.field_service.system, c.settings.erp.system))


class Follower:
    """Folds configuration topics in a thread of its own; `snapshot` is always whole.

    `start` returns when everything written before it has been read. `on_change` is called in that thread with the id of each
    connection that changed after the start.
    """

    def __init__(self, settings: Settings, codec: Codec, on_change: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._codec = codec
        self._on_change = on_change
        self._rows: dict[str, dict[tuple[str, str, str], dict[str, Any]]] = {}
        self._connected: dict[str, Connected] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._snapshot = Snapshot()

    @property
    def snapshot(self) -> Snapshot:
        """The configuration in force now."""
        return self._snapshot

    def start(self) -> Follower:
        """Read to the end, then follow. Rows are read before connections, so that no connection comes without its rows."""
        offsets: dict[tuple[str, int], int] = {}
        partitions = list(range(self._settings.kafka.partitions))
        for name in reversed(_TOPICS):
            for message in kafka.read_to_end(self._settings.kafka, self._settings.topic(name), partitions):
                self._fold(message)
                offsets[(message.topic() or "", message.partition() or 0)] = (message.offset() or 0) + 1
        self._publish()
        self._thread = threading.Thread(target=self._follow, args=(offsets,), name="configuration", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop following; the last snapshot stays."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _follow(self, offsets: dict[tuple[str, int], int]) -> None:
        client: Consumer = kafka.reader(self._settings.kafka)
        topics = [self._settings.topic(name) for name in _TOPICS]
        client.assign(
            [TopicPartition(t, p, offsets.get((t, p), 0)) for t in topics for p in range(self._settings.kafka.partitions)]
        )
        while not self._stopped.is_set():
            changed = set()
            for message in client.consume(num_messages=500, timeout=0.2):
                kafka.raise_if_fatal(message)
                if message.error() is None:
                    changed |= self._fold(message)
            if changed:
                self._publish()
                for connection in sorted(changed):
                    if self._on_change is not None:
                        self._on_change(connection)
        client.close()

    def _fold(self, message: Message) -> set[str]:
        try:
            name, record = self._codec.decode(message.value())
            if name == "connection.crosswalk_row":
                self._fold_row(record)
                return set()
            return self._fold_connection(record)
        except (Malformed, ValueError, KeyError) as error:
            # A connection that cannot be read keeps its last good state; `apply` validates before it writes.
            log.error("configuration_unreadable", topic=message.topic(), offset=message.offset(), error=str(error)[:300])
            return set()

    def _fold_row(self, record: dict[str, Any]) -> None:
        rows = self._rows.setdefault(record["connection"], {})
        key = (record["table"], record["row"], str(record["effective_from"] or ""))
        if record["removed"]:
            rows.pop(key, None)
        else:
            rows[key] = record

    def _fold_connection(self, record: dict[str, Any]) -> set[str]:
        name = record["connection"]
        if record["removed"]:
            self._connected.pop(name, None)
            return {name}
        settings = ConnectionSettings.model_validate_json(record["settings"])
        tables = _tables(self._rows.get(name, {}).values())
        self._connected[name] = Connected(settings, record["version"], record["crosswalk_version"], tables)
        return {name}

    def _publish(self) -> None:
        self._snapshot = Snapshot(dict(self._connected))


def _tables(rows: Any) -> Tables:
    found: dict[str, dict[str, list[Row]]] = {}
    for record in rows:
        row = Row(record["values"], record["effective_from"])
        found.setdefault(record["table"], {}).setdefault(record["row"], []).append(row)
    for table in found.values():
        for versions in table.values():
            versions.sort(key=lambda row: row.effective_from or date.min, reverse=True)
    return Tables({name: {key: tuple(versions) for key, versions in table.items()} for name, table in found.items()})
