"""Reading topics for a person: whole topics with progress on stderr, one record by its coordinates, the newest state of a key."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from runtime import kafka, registry
from runtime.errors import Broken
from runtime.settings import Settings, settings_from_environment
from schemas import codec as records
from schemas.codec import Codec
from schemas.errors import Malformed, NotRegistered
from topology.topics import records_of_topic, topics

_ANSWER_S = 5.0
"""How long a command waits for the cluster."""


@dataclass(frozen=True)
class Seen:
    """One record with its coordinates; `name` is "" and `record` empty where the bytes could not be read."""

    topic: str
    partition: int
    offset: int
    key: bytes
    name: str
    record: dict[str, Any]
    value: bytes
    headers: list[tuple[str, bytes]]

    @property
    def coordinates(self) -> str:
        """topic/partition/offset, without the prefix."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Cluster:
    """The cluster and registry that the environment names, for reading."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = (settings or settings_from_environment()).named("console")
        kafka.await_answer(self.settings.kafka, _ANSWER_S)
        self.codec = _loaded(self.settings)

    @property
    def partitions(self) -> list[int]:
        """The partitions of every topic."""
        return list(range(self.settings.kafka.partitions))

    def scan(self, names: Sequence[str], partitions: Sequence[int] | None = None, quiet: bool = False) -> Iterator[Seen]:
        """Every committed record of these topics up to now, topic by topic, with progress on stderr."""
        wanted = list(partitions) if partitions is not None else self.partitions
        with progress(quiet) as bar:
            task = bar.add_task("reading", total=None)
            count = 0
            for name in names:
                for message in kafka.read_to_end(self.settings.kafka, self.settings.topic(name), wanted):
                    count += 1
                    if count % 1000 == 0:
                        bar.update(task, description=f"reading {name}: {count} records")
                    yield self.seen(message)

    def seen(self, message: Any) -> Seen:
        """A message decoded as far as it can be."""
        topic = (message.topic() or "").removeprefix(self.settings.kafka.topic_prefix)
        value = message.value() or b""
        try:
            name, record = self.codec.decode(value)
        except Malformed:
            name, record = "", {}
        return Seen(
            topic, message.partition(), message.offset(), message.key() or b"", name, record, value, message.headers() or []
        )

    def one(self, topic: str, partition: int, offset: int) -> Seen | None:
        """The record at these coordinates; None when it is no longer kept."""
        with closing(kafka.reader(self.settings.kafka)) as client:
            client.assign([TopicPartition(self.settings.topic(topic), partition, offset)])
            for message in client.consume(num_messages=1, timeout=5):
                if message.error() is None and message.offset() == offset:
                    return self.seen(message)
        return None

    def newest(self, names: Sequence[str], quiet: bool = False) -> dict[tuple[str, bytes], Seen]:
        """The newest record of each key of these topics, by (topic, key)."""
        return {(seen.topic, seen.key): seen for seen in self.scan(names, quiet=quiet)}

    def canonical_topics(self) -> list[str]:
        """Names of every canonical topic."""
        return [name for name in topics() if name.startswith("canonical.")]

    def lag(self, group: str, names: Sequence[str]) -> dict[str, int]:
        """Records not yet committed by a group, by topic; a group that never committed lags by the whole topic."""
        found: dict[str, int] = {}
        with closing(kafka.consumer(self.settings.kafka, group)) as client:
            for name in names:
                found[name] = _lag(client, self.settings.topic(name), self.partitions)
        return found


def _lag(client: Consumer, topic: str, partitions: Sequence[int]) -> int:
    committed = client.committed([TopicPartition(topic, p) for p in partitions], timeout=15)
    total = 0
    for position in committed:
        low, high = client.get_watermark_offsets(TopicPartition(topic, position.partition), timeout=15)
        total += high - (position.offset if position.offset >= 0 else low)
    return total


def _loaded(settings: Settings) -> Codec:
    try:
        return records.load(registry.client_settings(settings.registry), records_of_topic(settings.kafka.topic_prefix))
    except NotRegistered as error:
        raise Broken(str(error)) from error


def progress(quiet: bool = False) -> Progress:
    """A progress line on stderr that leaves no trace on stdout; nothing at all where stderr is no terminal."""
    console = Console(file=sys.stderr)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
