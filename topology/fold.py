"""Rebuilds a hop's state from its log when partitions are assigned: from the offsets of the snapshot to the end of what is written by now.

High watermarks are read with `read_uncommitted` and records with `read_committed`, so that an open transaction is waited for: the new owner
must know its result. Only keys and headers are read (`source_version`, `content_hash`, `status`); no value is decoded. A record that hop 1
did not write, as its key, its headers or the head of its value show, is skipped, logged and counted; hop 2 puts it on `dead`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from runtime import kafka, metrics
from runtime.errors import Malformed
from runtime.log import log
from runtime.settings import Kafka
from schemas.codec import Codec
from topology.headers import CONTENT_HASH, RECORD, SOURCE_VERSION, STATUS, header
from topology.raw_to_canonical import InForce, remembered
from topology.state import PartitionState

_AT_ONCE = 5000
_NAME = "state"


@dataclass(frozen=True)
class Source:
    """What a state is folded from: the canonical topics of one cluster, read with one codec."""

    settings: Kafka
    codec: Codec
    topics: Sequence[str]


def fold(source: Source, states: dict[int, PartitionState], alive: Callable[[], bool]) -> int:
    """Bring the states of these partitions up to the end of the log; returns how many records were read. Stops early when `alive` is false."""
    topics, extents = source.topics, _extents(source.settings, source.topics, sorted(states))
    targets = {place: high for place, (_, high) in extents.items()}
    ids = kafka.topic_ids(kafka.admin(source.settings), topics)
    for partition, state in states.items():
        offsets, known = state.offsets, state.ids
        if any(
            offsets.get(topic, 0) > targets[(topic, partition)] or known.get(topic, ids[topic]) != ids[topic] for topic in topics
        ):
            state.wipe()
    pending = {
        (topic, partition): max(low, states[partition].offsets.get(topic, 0))
        for (topic, partition), (low, high) in extents.items()
        if high > max(low, states[partition].offsets.get(topic, 0))
    }
    count = _read(source, (pending, targets), states, alive) if pending else 0
    if alive():
        for partition, state in states.items():
            state.checkpoint({topic: targets[(topic, partition)] for topic in topics})
            state.note_ids(ids)
    return count


_Places = dict[tuple[str, int], int]


def _read(source: Source, span: tuple[_Places, _Places], states: dict[int, PartitionState], alive: Callable[[], bool]) -> int:
    pending, targets = span
    count, unfinished = 0, set(pending)
    with closing(kafka.reader(source.settings, **{"enable.partition.eof": True})) as client:
        client.assign([TopicPartition(topic, partition, start) for (topic, partition), start in pending.items()])
        while unfinished and alive():
            folded: dict[int, list[tuple[str, bytes]]] = {}
            for message in kafka.polled(client, _AT_ONCE, 0.2):
                at = (message.topic() or "", message.partition() or 0)
                error = message.error()
                if error is None:
                    folded.setdefault(at[1], []).extend(entries(message, source.codec))
                    count += 1
                elif error.code() != KafkaError._PARTITION_EOF:
                    kafka.raise_if_fatal(message)
                elif (message.offset() or 0) >= targets[at]:
                    unfinished.discard(at)
            for partition, found in folded.items():
                states[partition].put(found)
    return count


def entries(message: Message, codec: Codec) -> list[tuple[str, bytes]]:
    """What one record of a canonical topic says about the state. A record that hop 1 did not write gives nothing; it is logged and counted."""
    try:
        return [_entry(message, codec)]
    except Exception as error:  # noqa: BLE001 - one bad record must not stop the others from being folded
        where = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        log.error("state_record_skipped", **where, error=f"{type(error).__name__}: {error}"[:300])
        metrics.FOLLOWED_UNREADABLE.labels(_NAME).inc()
        return []


def _entry(message: Message, codec: Codec) -> tuple[str, bytes]:
    headers: Any = message.headers()
    name, key = codec.name(message.value()), (message.key() or b"").decode()
    step, _, entity = name.partition(".")
    parts = key.split("/", 3)
    is_ours = step == "canonical" and header(headers, RECORD) == name and header(headers, CONTENT_HASH)
    if not is_ours or len(parts) != 4 or parts[2] != entity or not all(parts) or not parts[0].isprintable():
        raise Malformed(f"{name} with key {key[:80]!r} is not a record that hop 1 writes")
    seen = InForce(header(headers, SOURCE_VERSION), header(headers, CONTENT_HASH), header(headers, STATUS))
    return key, remembered(seen)


def _extents(settings: Kafka, topics: Sequence[str], partitions: Sequence[int]) -> dict[tuple[str, int], tuple[int, int]]:
    """First offset and high watermark of each place."""
    with closing(kafka.reader(settings, **{"isolation.level": "read_uncommitted"})) as client:
        return {
            (topic, partition): extent for topic in topics for partition, extent in kafka.ends(client, topic, partitions).items()
        }


def _high(client: Consumer, topic: str, partition: int) -> int:
    return kafka.watermarks(client, TopicPartition(topic, partition))[1]


class Contained:
    """Notes from time to time how much of the log a state contains. The broker is asked for the ends of the partitions. This is safe,
    because only the owner of a partition writes to it."""

    def __init__(self, settings: Kafka) -> None:
        self._client = kafka.reader(settings, **{"isolation.level": "read_uncommitted"})

    def checkpoint(self, topics: Sequence[str], states: dict[int, PartitionState]) -> None:
        """Note the present ends. Call it only when every committed change has been put and no transaction is open."""
        for partition, state in states.items():
            state.checkpoint({topic: _high(self._client, topic, partition) for topic in topics})

    def close(self) -> None:
        """Close the consumer."""
        self._client.close()
