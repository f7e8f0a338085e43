"""Every topic, declared once: its key and the reason for it, its records, how long they are kept, and who writes and reads it.

README, AsyncAPI document, ACLs, compose file and console are made from this table. Every topic has the same number of partitions, fixed at
creation. The partition is always given explicitly (`partition_of`), so that one owner handles what belongs together.
`ML_CONNECTOR_KAFKA__TOPIC_PREFIX` puts a prefix before every name (for tests on a shared cluster).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from confluent_kafka import murmur2

from schemas.shapes import record_sources
from systems import registry

DAY_MS = 24 * 3600 * 1000
MAX_MESSAGE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Topic:
    """One topic. `kept` is forever, compacted, or a number of days. `by_object`: partitioned by its whole key, otherwise by its connection."""

    name: str
    key: str
    records: tuple[str, ...]
    kept: str
    written_by: str
    read_by: str
    why: str
    by_object: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """The settings that Kafka is given for it."""
        base = {
            "max.message.bytes": str(MAX_MESSAGE_BYTES),
            "message.timestamp.type": "LogAppendTime",
            "unclean.leader.election.enable": "false",
        }
        if self.kept == "compacted":
            return {**base, "cleanup.policy": "compact", "min.compaction.lag.ms": str(DAY_MS)}
        days = -1 if self.kept == "forever" else int(self.kept.split()[0]) * DAY_MS
        return {**base, "cleanup.policy": "delete", "retention.ms": str(days), "retention.bytes": "-1"}


def _fixed() -> tuple[Topic, ...]:
    by_connection = "one owner sees all of a connection, in order"
    return (
        Topic("connections", "connection", ("connection.connection",), "forever", "apply", "all services", by_connection),
        Topic(
            "credentials",
            "connection/purpose",
            ("connection.credential",),
            "compacted",
            "apply",
            "ingress, pollers, sinks",
            by_connection,
        ),
        Topic(
            "control",
            "connection",
            ("connection.control",),
            "forever",
            "CLI, sinks (a ceiling or refusals pause)",
            "sinks, CLI",
            by_connection,
        ),
        Topic("fetch", "connection", ("raw.fetch",), "7 days", "topology, sinks, CLI", "pollers", by_connection),
        Topic(
            "links", "connection/system/entity/source id", ("connection.link",), "compacted", "CLI, sinks", "sinks", by_connection
        ),
        Topic(
            "crosswalk",
            "connection/table/row",
            ("connection.crosswalk_row",),
            "forever",
            "apply, crosswalk import",
            "all services",
            by_connection,
        ),
        Topic("cursors", "connection/feed", ("raw.cursor",), "compacted", "pollers, CLI (a reset)", "pollers", by_connection),
        Topic(
            "remap",
            "connection/system/entity/id",
            tuple(name for name in record_sources() if name.startswith("canonical.")),
            "7 days",
            "sinks, apply",
            "topology",
            "mapped again by the owner of the canonical record",
            by_object=True,
        ),
        Topic("audit", "natural key", ("audit.audit",), "forever", "pollers, topology, sinks, CLI", "CLI", by_connection),
        Topic("dead", "original key", ("audit.dead",), "forever", "topology, sinks", "CLI", by_connection),
    )


def _raw(system: str) -> Topic:
    return Topic(
        f"raw.{system}",
        "connection/system/entity/id; hints: connection/webhook/digest",
        ("raw.raw",),
        "forever",
        "ingress, pollers",
        "topology",
        "all sightings of one object in order",
        by_object=True,
    )


def _canonical(entity: str) -> Topic:
    return Topic(
        f"canonical.{entity}",
        "connection/system/entity/id",
        (f"canonical.{entity}",),
        "forever",
        "topology",
        "topology, sinks (periods), analysts",
        "all states of one object in order",
        by_object=True,
    )


def _per_target(system: str) -> tuple[Topic, ...]:
    commands = tuple(name for name in record_sources() if name.startswith("command."))
    why = "parents and children of a connection meet in one partition"
    return (
        Topic(f"command.{system}", "connection", commands, "forever", "topology", "sinks, analysts", why),
        Topic(f"ledger.{system}", "op-key", ("result.ledger",), "compacted", "sinks", "sinks", why),
        Topic(f"result.{system}", "op-key", ("result.result",), "forever", "sinks", "sinks (a lost ledger), analysts", why),
    )


def topics() -> dict[str, Topic]:
    """Every topic by name."""
    entities = [name.removeprefix("canonical.") for name in record_sources() if name.startswith("canonical.")]
    table = [*_fixed(), *(_raw(name) for name in registry.NAMES), *(_canonical(entity) for entity in entities)]
    for name in registry.NAMES:
        table += _per_target(name)
    return {topic.name: topic for topic in table}


def records_of_topic(prefix: str = "") -> dict[str, tuple[str, ...]]:
    """Which records each topic holds; the codec is loaded with them."""
    return {prefix + topic.name: topic.records for topic in topics().values()}


@lru_cache(maxsize=65536)
def partition_of(key: str, partitions: int) -> int:
    """The partition of a key as Kafka's Java client computes it: murmur2 of the UTF-8 bytes, made positive, modulo the number of
    partitions."""
    return int(murmur2(key.encode(), partitions))


def object_key(connection: str, system: str, entity: str, source_id: str) -> str:
    """The key of raw, canonical and remap records: connection/system/entity/id."""
    return f"{connection}/{system}/{entity}/{source_id}"


def link_key(link: Mapping[str, Any]) -> str:
    """The key of a link. It contains the side that the source id belongs to, because both sides may have an object with the same id. A pair
    of ids belongs to one of the documents that its source object makes, so its key contains that document's purpose and part, too."""
    key = object_key(link["connection"], link["source_system"], link["entity"], link["source_id"])
    document = (link.get("purpose", ""), link.get("part", ""))
    return "|".join((key, *document)) if any(document) else key
