"""A cluster in virtual time: logs, and producers with epochs whose commits may fail without saying how."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from tests.toy import NOW

Place = tuple[str, int]


class Record:
    """One record of a log; see `confluent_kafka.Message`."""

    __slots__ = ("_headers", "_key", "_offset", "_partition", "_topic", "_value", "at")

    def __init__(self, place: Place, offset: int, key: bytes, value: bytes | None, headers: Any) -> None:
        self._topic, self._partition = place
        self._offset, self._key, self._value, self._headers = offset, key, value, headers
        self.at = 0.0

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> Any:
        return self._headers

    def timestamp(self) -> tuple[int, int]:
        return 2, int((NOW.timestamp() + self.at) * 1000)


class Log:
    """One partition of one topic. A transaction leaves a gap of one offset behind it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.records: list[Record] = []
        self.end = 0

    def append(self, at: float, key: bytes, value: bytes | None, headers: Any) -> Record:
        made = Record(self.place, self.end, key, value, headers)
        made.at = at
        self.records.append(made)
        self.end += 1
        return made

    def from_offset(self, offset: int, most: int) -> list[Record]:
        records = self.records
        if not records or records[-1]._offset < offset:
            return []
        first = bisect_left(records, offset, key=lambda one: one._offset)
        return records[first : first + most]


class Cluster:
    """All logs, the epochs of the producers and what the group committed. `heard` is called for every record that comes."""

    is_fencing = True

    def __init__(self, now: Callable[[], float], draw: random.Random) -> None:
        self.now = now
        self.draw = draw
        self.logs: dict[Place, Log] = {}
        self.epochs: dict[int, int] = {}
        self.offsets: dict[Place, int] = {}
        self.marks: dict[Place, str] = {}
        self.heard: Callable[[Record], None] = lambda _: None
        self.fails: Callable[[int], str] = lambda _: ""
        """What becomes of a commit: "" (it happens), refused, lost (it did not happen) or unheard (it did); the last two are not told."""

    def log(self, topic: str, partition: int) -> Log:
        place = (topic, partition)
        found = self.logs.get(place)
        if found is None:
            found = self.logs[place] = Log(place)
        return found

    def append(self, topic: str, partition: int, key: bytes, value: bytes | None, headers: Any = ()) -> Record:
        """One record from outside of the sinks."""
        made = self.log(topic, partition).append(self.now(), key, value, headers)
        self.heard(made)
        return made

    def fence(self, number: int) -> int:
        """A new epoch of the producer of this partition."""
        epoch = self.epochs[number] = self.epochs.get(number, 0) + 1
        return epoch


Delivered = Callable[[Any, Record], None]
_Produced = tuple[str, int, bytes, bytes, Any, "Delivered | None"]


class Producer:
    """See `confluent_kafka.Producer`, as far as the committer uses it."""

    def __init__(self, cluster: Cluster, number: int) -> None:
        self._cluster, self._number, self._epoch = cluster, number, 0
        self._open: list[_Produced] | None = None
        self._broken = False

    def init_transactions(self, timeout: float = 0) -> None:
        """Every older producer of this partition is fenced from now on."""
        self._epoch = self._cluster.fence(self._number)

    def begin_transaction(self) -> None:
        if self._broken or self._open is not None:
            raise failed(KafkaError._STATE)
        self._open = []

    def produce(
        self, topic: str, value: Any = None, key: Any = None, partition: int = -1, on_delivery: Any = None, headers: Any = None
    ) -> None:
        if self._open is None:
            raise failed(KafkaError._STATE)
        if len(self._open) % 16 == 15 and self._cluster.draw.random() < 0.01:
            raise BufferError("Local: Queue full")
        self._open.append((topic, partition, key, value, headers, on_delivery))

    def poll(self, timeout: float = 0) -> int:
        return 0

    def flush(self, timeout: float = 0) -> int:
        return 0

    def abort_transaction(self, timeout: float = 0) -> None:
        self._open = None

    def commit_transaction(self, timeout: float = 0) -> None:
        produced, self._open = self._open, None
        cluster = self._cluster
        if produced is None:
            raise failed(KafkaError._STATE)
        if cluster.epochs.get(self._number) != self._epoch and cluster.is_fencing:
            self._broken = True
            raise failed(KafkaError._FENCED)
        fate = cluster.fails(self._number)
        if fate in ("refused", "lost"):
            self._broken = True
            raise failed(KafkaError._TIMED_OUT if fate == "lost" else KafkaError.INVALID_TXN_STATE)
        self._append(produced)
        if fate == "unheard":
            self._broken = True
            raise failed(KafkaError._TIMED_OUT)

    def _append(self, produced: list[_Produced]) -> None:
        cluster = self._cluster
        now = cluster.now()
        touched: dict[Place, Log] = {}
        made: list[Record] = []
        for topic, partition, key, value, headers, delivered in produced:
            log = cluster.log(topic, partition)
            record = log.append(now, key, value, headers)
            touched[log.place] = log
            made.append(record)
            if delivered is not None:
                delivered(None, record)
        for log in touched.values():
            log.end += 1  # the marker of the transaction
        for record in made:
            cluster.heard(record)


def failed(code: int) -> KafkaException:
    """As the client raises it."""
    return KafkaException(KafkaError(code))
