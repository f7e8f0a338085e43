"""How far a group lags: how many records it has not committed yet, and the age of the oldest of them.

Transaction markers occupy offsets and are never delivered, so the end offset minus the committed offset is never 0 after a transactional
producer. Here the lag of a partition is 0 as soon as the client has reported its end and everything read before it is committed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime import metrics

Place = tuple[str, int]
"""(topic, partition)."""
EVERY_S = 1.0
_MOST_MARKS = 1000


@dataclass
class _Partition:
    """`reads` are the ends of what was read and is not committed, each with the time (ms since the epoch) of its first record."""

    read: int = -1
    committed: int = -1
    end: int = -1
    reads: deque[tuple[int, int]] = field(default_factory=deque)

    @property
    def is_done(self) -> bool:
        return not self.reads and self.end >= max(self.read, self.committed)


class Lag:
    """Is told what one consumer reads and what is committed. `tell` writes the metrics, at most once a second. Any thread may call it."""

    def __init__(self, group: str, now_s: Callable[[], float] = time.time) -> None:
        self._group, self._now_s = group, now_s
        self._lock = threading.Lock()
        self._partitions: dict[Place, _Partition] = {}
        self._topics: set[str] = set()
        self._told_s = 0.0

    def assigned(self, places: Iterable[Place]) -> None:
        """The group assigned these partitions to us, and no others."""
        with self._lock:
            self._partitions = {place: _Partition() for place in places}
            self._topics |= {topic for topic, _ in self._partitions}

    def read(self, messages: Iterable[Message]) -> None:
        """Note what a poll returned, including the ends of partitions (`enable.partition.eof`)."""
        with self._lock:
            for message in messages:
                known = self._partitions.get((message.topic() or "", message.partition() or 0))
                error, offset = message.error(), message.offset() or 0
                if known is None:
                    continue
                if error is None:
                    self._read(known, offset + 1, message.timestamp()[1])
                elif error.code() == KafkaError._PARTITION_EOF:
                    known.end = offset

    @staticmethod
    def _read(known: _Partition, end: int, at_ms: int) -> None:
        if len(known.reads) < _MOST_MARKS:
            known.reads.append((end, at_ms))
        else:
            known.reads[-1] = (end, known.reads[-1][1])
        known.read = end

    def committed(self, ends: Mapping[Place, int]) -> None:
        """Everything before these offsets is committed."""
        with self._lock:
            for place, end in ends.items():
                known = self._partitions.get(place)
                if known is not None:
                    known.committed = max(known.committed, end)
                    while known.reads and known.reads[0][0] <= end:
                        known.reads.popleft()

    def tell(self, client: Consumer) -> None:
        """Write the metrics, if a second has passed since the last time. Uses only what the client knows already."""
        now_s = self._now_s()
        if now_s - self._told_s < EVERY_S:
            return
        self._told_s = now_s
        with self._lock:
            lags = dict.fromkeys(self._topics, 0)
            oldest_ms = [known.reads[0][1] for known in self._partitions.values() if known.reads]
            for place, known in self._partitions.items():
                lags[place[0]] += 0 if known.is_done else _behind(client, place, known)
        for topic, lag in lags.items():
            metrics.LAG.labels(self._group, topic).set(lag)
        metrics.OLDEST.labels(self._group).set(max(now_s - min(oldest_ms) / 1000, 0) if oldest_ms else 0)


def _behind(client: Consumer, place: Place, known: _Partition) -> int:
    """The number of records up to the end that the client knows. An end that it does not know yet counts as no lag."""
    try:
        low, high = client.get_watermark_offsets(TopicPartition(*place), cached=True)
    except KafkaException:
        return len(known.reads)
    done = max(known.committed, low)
    if done < 0 or high < 0:
        return len(known.reads)
    return max(high - done, len(known.reads))
