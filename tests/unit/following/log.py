"""A cluster in memory for whoever follows topics: what `runtime.kafka.reader` and `read_to_end` give, with faults by hand."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from runtime import kafka, threads
from runtime.retry import Backoff
from runtime.settings import Kafka, Registry, Settings
from schemas.codec import Codec, offline_codec
from tests.signed import about, ring_in
from topology.topics import records_of_topic

CODEC: Codec = offline_codec(records_of_topic())
KEYS = ring_in(Path(tempfile.mkdtemp(prefix="ml-connector-keys-")))
atexit.register(shutil.rmtree, KEYS.parent, ignore_errors=True)
SETTINGS = Settings(
    kafka=Kafka(bootstrap_servers="nowhere:1", partitions=1), registry=Registry(url="http://127.0.0.1:1"), key_ring=KEYS
)
Headers = Sequence[tuple[str, str | bytes | None]]


@dataclass
class Message:
    """A record, the end of a partition, or an error, as the client gives them."""

    _topic: str
    _offset: int
    _value: bytes | None
    _error: KafkaError | None = None
    _key: bytes = b"\xff\xfe no UTF-8"
    _headers: Headers = ()

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return self._key

    def headers(self) -> Headers:
        return self._headers

    def value(self) -> bytes | None:
        return self._value

    def error(self) -> KafkaError | None:
        return self._error

    def timestamp(self) -> tuple[int, int]:
        return 1, 0


@dataclass
class Cluster:
    """Topics of one partition each. `refusing` topics give an error at each read; while `is_down` nothing is read at all."""

    topics: dict[str, list[bytes | None]] = field(default_factory=lambda: defaultdict(list))
    about: dict[tuple[str, int], tuple[bytes, Headers]] = field(default_factory=dict)
    refusing: dict[str, int] = field(default_factory=dict)
    is_down: bool = False
    broken: BaseException | None = None
    anew: frozenset[str] = frozenset()
    clients: list[Client] = field(default_factory=list)

    def write(self, topic: str, name: str, *records: Mapping[str, Any]) -> None:
        """As `apply` and `held` write: signed where its readers ask for that."""
        for record in records:
            key, value = key_of(topic, record), CODEC.encode(topic, name, record)
            self.put(topic, key.encode(), value, about(SETTINGS, topic, key, value))

    def put(self, topic: str, key: bytes, value: bytes | None, headers: Headers = ()) -> None:
        """One record with its key and headers."""
        self.about[(topic, len(self.topics[topic]))] = key, headers
        self.topics[topic].append(value)

    def message(self, topic: str, offset: int, value: bytes | None) -> Message:
        """A record as it is read."""
        return Message(topic, offset, value, None, *self.about.get((topic, offset), (b"\xff\xfe no UTF-8", ())))

    def reader(self, _: Kafka, **more: Any) -> Client:
        self.clients.append(Client(self, more["error_cb"]))
        return self.clients[-1]

    def topic_ids(self, *_: Any) -> Cluster:
        return self

    def made_anew(self) -> frozenset[str]:
        anew, self.anew = self.anew, frozenset()
        return anew

    def read_to_end(
        self, _: Kafka, topic: str, _partitions: Sequence[int], start: Mapping[int, int] | None = None
    ) -> Iterator[Message]:
        for offset, value in list(enumerate(self.topics[topic]))[(start or {}).get(0, 0) :]:
            yield self.message(topic, offset, value)


class Client:
    """A consumer that is assigned by hand and says where a partition ends, once."""

    def __init__(self, cluster: Cluster, error_cb: Callable[[KafkaError], None]) -> None:
        self._cluster, self._error_cb = cluster, error_cb
        self._next: dict[str, int] = {}
        self._events: deque[Message] = deque()
        self._ended: set[str] = set()
        self.assigned: dict[str, int] = {}
        self.is_closed = False

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self.assigned = {place.topic: place.offset for place in places}
        self._next = dict(self.assigned)

    def poll(self, timeout: float) -> Message | None:
        self._fetch()
        if not self._events:
            threading.Event().wait(min(timeout, 0.001))
        return self._events.popleft() if self._events else None

    def consume(self, most: int, _: float) -> list[Message]:
        return [self._events.popleft() for _ in range(min(most, len(self._events)))]

    def close(self) -> None:
        self.is_closed = True

    def _fetch(self) -> None:
        cluster = self._cluster
        if cluster.broken is not None:
            raise cluster.broken
        if cluster.is_down:
            self._error_cb(KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down"))
            return
        for topic, offset in self._next.items():
            found = cluster.topics[topic][offset:]
            if topic in cluster.refusing:
                self._events.append(Message(topic, -1, None, KafkaError(cluster.refusing[topic])))
            elif found:
                self._events += [cluster.message(topic, offset + number, value) for number, value in enumerate(found)]
                self._next[topic] += len(found)
                self._ended.discard(topic)
            elif topic not in self._ended:
                self._ended.add(topic)
                self._events.append(Message(topic, offset, None, KafkaError(KafkaError._PARTITION_EOF)))


def key_of(topic: str, record: Mapping[str, Any]) -> str:
    """The key of a record, as far as these tests go: its connection, and what it is one of."""
    more = [str(record[name]) for name in ("purpose", "table", "row") if name in record and topic != "control"]
    return "/".join([str(record["connection"]), *more])


def in_place(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A cluster that every reader of this test reads, with no pause between two attempts."""
    cluster = Cluster()
    monkeypatch.setattr(kafka, "reader", cluster.reader)
    monkeypatch.setattr(threads, "TopicIds", cluster.topic_ids)
    monkeypatch.setattr(kafka, "read_to_end", cluster.read_to_end)
    monkeypatch.setattr(threads, "BACKOFF", Backoff(cap=timedelta(0), floor=timedelta(0)))
    return cluster


def until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait for another thread."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s:g} s"
        threading.Event().wait(0.001)
