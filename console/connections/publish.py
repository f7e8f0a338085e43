"""Writing a connection to the topics: crosswalk rows first, then credentials, then the connection record that puts them in force.

Every record is acked before the next kind is written, so a crash in between leaves the old configuration in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

from console.connections.changes import Change
from console.reading import Cluster, Seen
from runtime import kafka
from runtime.errors import Transient
from topology.headers import headers
from topology.topics import partition_of


@dataclass(frozen=True)
class Author:
    """Who writes and why; kept in every record."""

    actor: str
    reason: str
    at: datetime


class Publisher:
    """Writes records of the configuration topics and waits until the brokers have them."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._producer: Producer = kafka.producer(cluster.settings.kafka)
        self._failures: list[str] = []

    def put(self, topic: str, key: str, connection: str, name: str, record: Mapping[str, Any]) -> None:
        """Queue one record, in the partition of its connection."""
        full = self._cluster.settings.topic(topic)
        self._producer.produce(
            full,
            key=key.encode(),
            value=self._cluster.codec.encode(full, name, record),
            partition=partition_of(connection, self._cluster.settings.kafka.partitions),
            headers=list(headers(name, f"{topic}/{key}", "")),
            on_delivery=self._delivered,
        )
        self._producer.poll(0)

    def again(self, topic: str, seen: Seen) -> None:
        """Queue a record that was read, on another topic of the same partitioning, in the partition it was read from."""
        full = self._cluster.settings.topic(topic)
        value = self._cluster.codec.encode(full, seen.name, seen.record)
        self._producer.produce(
            full, key=seen.key, value=value, partition=seen.partition, headers=list(seen.headers), on_delivery=self._delivered
        )
        self._producer.poll(0)

    def acked(self) -> None:
        """Return when everything queued is with the brokers. Raises `Transient` when something is not."""
        left = self._producer.flush(15)
        if left or self._failures:
            raise Transient(f"{left} record(s) unacked; {'; '.join(self._failures[:3])}. Nothing later was written: run it again.")

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failures.append(str(error))


def publish(publisher: Publisher, change: Change, credentials: list[dict[str, Any]], author: Author) -> None:
    """Write a planned change; see the module's docstring for the order."""
    connection = change.after.settings.connection
    for row, removed in [*((row, False) for row in change.rows_put), *((row, True) for row in change.rows_removed)]:
        record = {
            **row.as_record(),
            "connection": connection,
            "crosswalk_version": change.crosswalk_version,
            "removed": removed,
            "actor": author.actor,
            "at": author.at,
        }
        publisher.put("crosswalk", "/".join((connection, *row.identity)), connection, "connection.crosswalk_row", record)
    publisher.acked()
    for record in credentials:
        publisher.put("credentials", f"{connection}/{record['purpose']}", connection, "connection.credential", record)
    publisher.acked()
    publisher.put("connections", connection, connection, "connection.connection", _connection(change, author))
    publisher.acked()


def _connection(change: Change, author: Author) -> dict[str, Any]:
    settings = change.after.settings
    return {
        "connection": settings.connection,
        "label": settings.label,
        "version": change.version,
        "crosswalk_version": change.crosswalk_version,
        "settings": settings.model_dump_json(),
        "removed": False,
        "actor": author.actor,
        "reason": author.reason,
        "at": author.at,
    }
