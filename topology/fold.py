"""Rebuilding a hop's state from the log at an assignment: from the snapshot's offsets past everything written by now.

High watermarks are read uncommitted and records read committed, so a transaction that is still open is waited for: its end is part of
what the new owner must know. Only keys and headers are read (`source_version`, `content_hash`, `status`), no datum is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from runtime import kafka
from runtime.settings import Kafka
from topology.headers import CONTENT_HASH, SOURCE_VERSION, STATUS, header
from topology.raw_to_canonical import Seen, remembered
from topology.state import PartitionState

_AT_ONCE = 5000


def fold(settings: Kafka, topics: Sequence[str], states: dict[int, PartitionState], alive: Callable[[], bool]) -> int:
    """Bring the states of these partitions up to the log; returns the records folded. `alive` false stops early."""
    targets = _high_watermarks(settings, topics, sorted(states))
    for partition, state in states.items():
        offsets = state.offsets
        if any(offsets.get(topic, 0) > targets[(topic, partition)] for topic in topics):
            state.wipe()
    pending = {
        (topic, partition): states[partition].offsets.get(topic, OFFSET_BEGINNING)
        for (topic, partition), high in targets.items()
        if high > max(0, states[partition].offsets.get(topic, 0))
    }
    count = _read(settings, pending, targets, states, alive) if pending else 0
    if alive():
        for partition, state in states.items():
            state.checkpoint({topic: targets[(topic, partition)] for topic in topics})
    return count


def _read(
    settings: Kafka,
    pending: dict[tuple[str, int], int],
    targets: dict[tuple[str, int], int],
    states: dict[int, PartitionState],
    alive: Callable[[], bool],
) -> int:
    count, left = 0, set(pending)
    with closing(kafka.reader(settings, **{"enable.partition.eof": True})) as client:
        client.assign([TopicPartition(topic, partition, start) for (topic, partition), start in pending.items()])
        while left and alive():
            folded: dict[int, list[tuple[str, bytes]]] = {}
            for message in client.consume(num_messages=_AT_ONCE, timeout=0.2):
                at = (message.topic() or "", message.partition() or 0)
                error = message.error()
                if error is None:
                    folded.setdefault(at[1], []).append(_entry(message))
                    count += 1
                elif error.code() != KafkaError._PARTITION_EOF:
                    kafka.raise_if_fatal(message)
                elif (message.offset() or 0) >= targets[at]:
                    left.discard(at)
            for partition, entries in folded.items():
                states[partition].put(entries)
    return count


def _entry(message: Message) -> tuple[str, bytes]:
    headers: Any = message.headers()
    seen = Seen(header(headers, SOURCE_VERSION), header(headers, CONTENT_HASH), header(headers, STATUS))
    return (message.key() or b"").decode(), remembered(seen)


def _high_watermarks(settings: Kafka, topics: Sequence[str], partitions: Sequence[int]) -> dict[tuple[str, int], int]:
    with closing(kafka.reader(settings, **{"isolation.level": "read_uncommitted"})) as client:
        return {(topic, partition): _high(client, topic, partition) for topic in topics for partition in partitions}


def _high(client: Consumer, topic: str, partition: int) -> int:
    return int(client.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)[1])


class Contained:
    """How far the outputs of one's own commits reach: asked of the broker now and then, since only the owner writes its partitions."""

    def __init__(self, settings: Kafka) -> None:
        self._client = kafka.reader(settings, **{"isolation.level": "read_uncommitted"})

    def checkpoint(self, topics: Sequence[str], states: dict[int, PartitionState]) -> None:
        """Note the present ends; called only when every committed change has been put and nothing is in flight."""
        for partition, state in states.items():
            state.checkpoint({topic: _high(self._client, topic, partition) for topic in topics})

    def close(self) -> None:
        """Leave."""
        self._client.close()
