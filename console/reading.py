"""Reads topics for a person: whole topics with progress on stderr, one record by its coordinates, the newest state of a key."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from console.waiting import EVERY_S, PATIENCE_S
from runtime import kafka, registry
from runtime.rolekeys import SINKS
from runtime.settings import Settings, settings_from_environment
from schemas import asked
from schemas.codec import Codec
from schemas.errors import Malformed
from services.sinks.follow import is_own_pause
from topology.topics import partition_of, records_of_topic, topics
from topology.trust import Trust

_COUNTED = 100_000
"""A larger lag is shown in offsets, some of which may be transaction markers, because reading all of it would take too long."""

_ANSWER_S = 5.0
"""How long a command waits for the cluster."""


@dataclass(frozen=True)
class StoredRecord:
    """One record with its coordinates. `name` is "" and `record` empty if the bytes could not be read."""

    topic: str
    partition: int
    offset: int
    key: bytes
    name: str
    record: dict[str, Any]
    value: bytes
    headers: list[tuple[str, bytes]]
    at_s: float = 0.0
    """When the broker stored it, epoch seconds."""

    @property
    def coordinates(self) -> str:
        """topic/partition/offset, without the prefix."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Cluster:
    """The cluster and registry that the environment names, for reading."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = (settings or settings_from_environment()).named("console")
        self._pace = Pace()
        kafka.await_answer(self.settings.kafka, _ANSWER_S)
        self.codec: Codec = asked.AskingCodec(
            registry.client_settings(self.settings.registry), records_of_topic(self.settings.kafka.topic_prefix)
        )

    @property
    def partitions(self) -> list[int]:
        """The partitions of every topic."""
        return list(range(self.settings.kafka.partitions))

    def partitions_of(self, connection: str) -> list[int]:
        """The partitions of a connection in topics that are partitioned by connection; "" = every connection."""
        return [partition_of(connection, self.settings.kafka.partitions)] if connection else self.partitions

    def scan(self, names: Sequence[str], partitions: Sequence[int] | None = None, quiet: bool = False) -> Iterator[StoredRecord]:
        """Every committed record of these topics up to now, topic by topic, with progress on stderr."""
        for message in self.messages(names, partitions, quiet):
            yield self.seen(message)

    def messages(
        self,
        names: Sequence[str],
        partitions: Sequence[int] | None = None,
        quiet: bool = False,
        start: Mapping[int, int] | None = None,
    ) -> Iterator[Message]:
        """Like `scan`, but not decoded, for callers that look at key and headers first. `start`: offsets to begin at, by partition."""
        chosen = list(partitions) if partitions is not None else self.partitions
        self.codec.expect(map(self.settings.topic, names))
        with Progressing(self._pace, quiet) as progress:
            for name in names:
                progress.begins(name)
                for message in kafka.read_to_end(self.settings.kafka, self.settings.topic(name), chosen, start):
                    progress.read(name)
                    yield message

    def decisions(self, connection: str = "", quiet: bool = False) -> Iterator[StoredRecord]:
        """The records of `control` that sinks obey: those signed by a person's key, and the sinks' own pauses (`services/sinks/follow.py`).
        stderr says how many do not count."""
        trust = Trust(self.settings)
        for message in self.messages(["control"], self.partitions_of(connection), quiet):
            signed, seen = trust.believed(message), self.seen(message)
            is_believed = signed is not None and (signed.signer != SINKS or is_own_pause(seen.record))
            if is_believed and seen.name == "connection.control" and connection in ("", seen.record["connection"]):
                yield seen
        refused = sum(trust.refused.values())
        if refused:
            print(
                f"{refused} record(s) of control have no valid signature and are ignored: the log of the sinks names them",
                file=sys.stderr,
            )

    def seen(self, message: Any) -> StoredRecord:
        """A message, decoded as far as possible."""
        topic = (message.topic() or "").removeprefix(self.settings.kafka.topic_prefix)
        value = message.value() or b""
        try:
            name, record = self.codec.decode(value)
        except Malformed:
            name, record = "", {}
        place = (topic, message.partition(), message.offset())
        return StoredRecord(
            *place, message.key() or b"", name, record, value, message.headers() or [], message.timestamp()[1] / 1000
        )

    def one(self, topic: str, partition: int, offset: int) -> StoredRecord | None:
        """The record at these coordinates; None if it is no longer kept."""
        self.codec.expect([self.settings.topic(topic)])
        with closing(kafka.reader(self.settings.kafka)) as client:
            client.assign([TopicPartition(self.settings.topic(topic), partition, offset)])
            for message in client.consume(num_messages=1, timeout=5):
                if message.error() is None and message.offset() == offset:
                    return self.seen(message)
        return None

    def newest(self, names: Sequence[str], quiet: bool = False, of: str = "") -> dict[tuple[str, bytes], StoredRecord]:
        """The newest record of each key of these topics, by (topic, key); with `of`, of the keys that begin with it. What a later record replaced is
        not decoded."""
        beginning, last = of.encode(), {}
        for message in self.messages(names, quiet=quiet):
            key = message.key() or b""
            if key.startswith(beginning):
                last[message.topic(), key] = message
        return {(seen.topic, seen.key): seen for seen in map(self.seen, last.values())}

    def canonical_topics(self) -> list[str]:
        """The names of all canonical topics."""
        return [name for name in topics() if name.startswith("canonical.")]

    def unread(self, group: str, name: str, partitions: Sequence[int] | None = None) -> dict[int, tuple[int, int]]:
        """For each partition of a topic in which a group has something to read: the offset to begin at, and how many offsets follow.

        Transaction markers occupy offsets, so there may be fewer records than offsets. A group that never committed has the whole topic to
        read.
        """
        chosen = list(partitions) if partitions is not None else self.partitions
        with closing(kafka.consumer(self.settings.kafka, group)) as client:
            return dict(_unread(client, self.settings.topic(name), chosen))

    def members(self, groups: Sequence[str]) -> dict[str, int]:
        """How many processes are in each consumer group now; 0 for an empty group, or one that never existed."""
        prefix = self.settings.kafka.topic_prefix
        client = kafka.admin(self.settings.kafka)  # keep the client until they have answered: a client that is gone answers nothing
        asked = client.describe_consumer_groups([prefix + group for group in groups], request_timeout=15)
        return {name.removeprefix(prefix): _members(future) for name, future in asked.items()}

    def lag(self, group: str, names: Sequence[str]) -> dict[str, int]:
        """How many records a group has still to read, by topic. Transaction markers, which are never delivered, do not count."""
        found: dict[str, int] = {}
        for name in names:
            unread = self.unread(group, name)
            offsets = sum(count for _, count in unread.values())
            found[name] = offsets if offsets > _COUNTED else sum(1 for _ in self._from(name, unread, quiet=True))
        return found

    def unread_messages(self, group: str, name: str, partitions: Sequence[int] | None = None) -> Iterator[Message]:
        """What a group has still to read of a topic, not decoded, with progress on stderr."""
        return self._from(name, self.unread(group, name, partitions), quiet=False)

    def _from(self, name: str, unread: Mapping[int, tuple[int, int]], quiet: bool) -> Iterator[Message]:
        start = {partition: begin for partition, (begin, _) in unread.items()}
        return self.messages([name], list(start), quiet, start)


def _members(future: Any) -> int:
    try:
        return len(future.result(timeout=30).members)
    except KafkaException:  # some brokers report a group that never existed as an error
        return 0


def headers_of(message: Message) -> list[tuple[str, bytes | str | None]]:
    """The headers of a message that was not decoded."""
    found = message.headers()
    return list(found.items()) if isinstance(found, dict) else list(found or ())


def newest_decision(cluster: Cluster, connection: str) -> int:
    """The version of the newest decision on `control` that counts, so that a further one of this connection can be newer; 0 if there is
    none."""
    settings, trust = cluster.settings, Trust(cluster.settings)
    partition = partition_of(connection, settings.kafka.partitions)
    for message in kafka.read_to_end(settings.kafka, settings.topic("control"), [partition]):
        trust.believed(message)
    return trust.newest


def _unread(client: Consumer, topic: str, partitions: Sequence[int]) -> Iterator[tuple[int, tuple[int, int]]]:
    for position in kafka.committed(client, [TopicPartition(topic, p) for p in partitions]):
        low, high = kafka.watermarks(client, TopicPartition(topic, position.partition))
        begin = max(position.offset, low)
        if high > begin:
            yield position.partition, (begin, high - begin)


@dataclass
class Pace:
    """When a command began, and when it next shows its progress. All reads of a command share one, because each of them may be short."""

    began_s: float = field(default_factory=time.monotonic)
    next_s: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)


class Progressing:
    """Shows on stderr how far a command's reading is, once it takes longer than two seconds: on a terminal a line that is updated, otherwise a
    line every ten seconds. It writes nothing to stdout."""

    def __init__(self, pace: Pace, quiet: bool = False) -> None:
        self._pace, self._quiet = pace, quiet
        self._count = 0
        self._bar: Progress | None = None

    def __enter__(self) -> Progressing:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begins(self, topic: str) -> None:
        """The next topic is read."""
        self._say(f"reading {topic}")

    def read(self, topic: str) -> None:
        """Count one more record of a topic."""
        self._count += 1
        if self._count % 1000 == 0:
            self._say(f"reading {topic}: {self._count} records")

    def _say(self, words: str) -> None:
        if self._quiet or time.monotonic() < self._pace.next_s:
            return
        if self._bar is None and Console(file=sys.stderr).is_terminal:
            self._bar = _bar()
            self._bar.add_task(words, total=None)
            self._bar.start()
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=words)
        else:
            print(f"[{time.monotonic() - self._pace.began_s:6.1f} s] {words}", file=sys.stderr, flush=True)
            self._pace.next_s = time.monotonic() + EVERY_S


def _bar() -> Progress:
    console = Console(file=sys.stderr)
    return Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True)
