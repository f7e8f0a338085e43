"""Writes a connection to the topics: crosswalk rows first, then credentials, then the connection record that puts them in force.

Every record is acked before the next kind is written, so a crash in between leaves the old configuration in force. All are signed under one
version, including credentials that have not changed, because what is older than the connection's record does not count
(`topology/trust.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from console.connections.changes import Change
from console.connections.files import TableRow
from console.reading import Cluster, StoredRecord
from runtime import kafka
from runtime.errors import Broken, Transient
from systems.connection import ConnectionSettings
from topology.configuration import Connected
from topology.headers import headers
from topology.topics import partition_of
from topology.trust import MAY_SIGN, Signatures, Trust


@dataclass(frozen=True)
class Author:
    """Who writes and why; kept in every record."""

    actor: str
    reason: str
    at: datetime


def require_reason(reason: str) -> None:
    """Raise `Broken` for a decision without a usable reason, which nobody could explain later."""
    if not reason.strip():
        raise Broken("--reason is empty.", "Say why: it is kept with the decision.")


class Publisher:
    """Writes records of the configuration topics, signed if the topic needs it, and waits until they are acked."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._signatures: Signatures | None = None
        self._producer: Producer = kafka.producer(cluster.settings.kafka)
        self._failures: list[str] = []

    @property
    def signatures(self) -> Signatures:
        """The signing keys. Raises `Broken` if the key ring is missing or may not sign."""
        if self._signatures is None:
            self._signatures = Signatures(self._cluster.settings)
        return self._signatures

    def put(self, topic: str, key: str, connection: str, name: str, record: Mapping[str, Any]) -> None:
        """Queue one record, in the partition of its connection."""
        full = self._cluster.settings.topic(topic)
        value = self._cluster.codec.encode(full, name, record)
        signature = [self.signatures.header(topic, key.encode(), connection, value)] if topic in MAY_SIGN else []
        self._producer.produce(
            full,
            key=key.encode(),
            value=value,
            partition=partition_of(connection, self._cluster.settings.kafka.partitions),
            headers=[*headers(name, f"{topic}/{key}", ""), *signature],
            on_delivery=self._delivered,
        )
        self._producer.poll(0)

    def again(self, topic: str, seen: StoredRecord) -> None:
        """Queue a record that was read, on another topic of the same partitioning, in the partition it was read from."""
        full = self._cluster.settings.topic(topic)
        value = self._cluster.codec.encode(full, seen.name, seen.record)
        self._producer.produce(
            full, key=seen.key, value=value, partition=seen.partition, headers=list(seen.headers), on_delivery=self._delivered
        )
        self._producer.poll(0)

    def acked(self) -> None:
        """Return when everything queued is acked. Raises `Transient` if something is not."""
        unacked = self._producer.flush(15)
        if unacked or self._failures:
            raise Transient(
                f"{unacked} record(s) unacked; {'; '.join(self._failures[:3])}. Nothing later was written: run it again."
            )

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failures.append(str(error))


def rows_logged(cluster: Cluster, connection: str, trust: Trust) -> dict[tuple[str, str, str], TableRow]:
    """The rows of a connection in the log, by identity. Rows that do not count are left out."""
    found: dict[tuple[str, str, str], TableRow] = {}
    topic, partition = cluster.settings.topic("crosswalk"), partition_of(connection, cluster.settings.kafka.partitions)
    for message in kafka.read_to_end(cluster.settings.kafka, topic, [partition]):
        record = cluster.seen(message).record if trust.believed(message) is not None else {}
        if record.get("connection") == connection:
            row = TableRow(record["table"], record["row"], dict(record["values"]), record["effective_from"])
            found.pop(row.identity, None)
            if not record["removed"]:
                found[row.identity] = row
    return found


def publish(publisher: Publisher, change: Change, credentials: list[dict[str, Any]], author: Author) -> None:
    """Write a planned change; see the module's docstring for the order."""
    connection = change.after.settings.connection
    _rows(publisher, (connection, change.crosswalk_version), (change.rows_put, change.rows_removed), author)
    for record in credentials:
        publisher.put("credentials", f"{connection}/{record['purpose']}", connection, "connection.credential", record)
    publisher.acked()
    record = connection_record(change.after.settings, (change.version, change.crosswalk_version), author)
    publisher.put("connections", connection, connection, "connection.connection", record)
    publisher.acked()


def unpublish(
    publisher: Publisher,
    connection: str,
    parts: tuple[Connected | None, Sequence[TableRow], Sequence[dict[str, Any]]],
    author: Author,
) -> None:
    """Take a connection out of force, then remove its rows and its credentials. `parts` are these three as they are in force."""
    one, rows, credentials = parts
    if one is not None:
        record = connection_record(one.settings, (one.version, one.crosswalk_version), author) | {"removed": True}
        publisher.put("connections", connection, connection, "connection.connection", record)
        publisher.acked()
    _rows(publisher, (connection, ""), ((), rows), author)
    for sealed in credentials:
        record = {**sealed, "removed": True, "wrapped_key": b"", "nonce": b"", "ciphertext": b"", "at": author.at}
        publisher.put("credentials", f"{connection}/{sealed['purpose']}", connection, "connection.credential", record)
    publisher.acked()


def _rows(
    publisher: Publisher, named: tuple[str, str], changes: tuple[Sequence[TableRow], Sequence[TableRow]], author: Author
) -> None:
    """Write the added and the removed rows. `named` is a connection and the version of its tables that these rows make."""
    for row, removed in [*((row, False) for row in changes[0]), *((row, True) for row in changes[1])]:
        record = row_record(row, named, author) | {"removed": removed}
        publisher.put("crosswalk", "/".join((named[0], *row.identity)), named[0], "connection.crosswalk_row", record)
    publisher.acked()


def row_record(row: TableRow, of: tuple[str, str], author: Author) -> dict[str, Any]:
    """A crosswalk row as it is written; `of` is (connection, crosswalk version)."""
    connection, version = of
    about = {"connection": connection, "crosswalk_version": version, "removed": False, "actor": author.actor, "at": author.at}
    return row.as_record() | about


def connection_record(settings: ConnectionSettings, versions: tuple[str, str], author: Author) -> dict[str, Any]:
    """A connection as it is written; `versions` are its own and its crosswalk's."""
    return {
        "connection": settings.connection,
        "label": settings.label,
        "version": versions[0],
        "crosswalk_version": versions[1],
        "settings": settings.model_dump_json(),
        "removed": False,
        "actor": author.actor,
        "reason": author.reason,
        "at": author.at,
    }
