"""The consumer of one system's commands with its owners, on a client that does as librdkafka does: what is paused stays paused through a
seek, a revoke and an assignment, until it is resumed.

The log, the ledger and the group's offsets are in memory; the client's thread, the owners and their committers are the real ones.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from runtime.settings import DEMO_TIMING, Kafka, Settings
from services.sinks import consume
from services.sinks.command_log import GroupLog
from services.sinks.commit import Thread
from services.sinks.consume import Consuming, Ports, Throttle
from services.sinks.context import SinkContext
from services.sinks.follow import Followed
from services.sinks.ledger import MARK, Mark, mark_in
from services.sinks.links import MemoryLinks
from services.sinks.pool import OpenWriter, WriterPool
from services.sinks.takeover import Committed, TakenPartition
from systems.contract import System
from tests.property.sinks.index import Index
from tests.property.sinks.scripted import Scripted
from tests.property.sinks.stand_ins import CODEC, Clock, Message, connected, message_of
from topology.configuration import Snapshot

POLLS, PATIENCE_S = 1500, 120.0
"""So often the client is asked, and so long it takes, before what a test waits for counts as never coming."""


class Client:
    """See `confluent_kafka.Consumer`; one partition."""

    def __init__(self, consumed: Consumed) -> None:
        self.consumed = consumed
        self.assigned = self.paused = False
        self.position = self.polls = 0
        self.read: list[int] = []
        self.told: tuple[Callable[..., None], Callable[..., None]] | None = None

    def subscribe(self, _topics: Sequence[str], on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        self.told = on_assign, on_revoke

    def poll(self, _timeout: float) -> Message | None:
        self.polls += 1
        assert self.told is not None
        on_assign, on_revoke = self.told
        if self.assigned and self.consumed.rebalancing.is_set():
            self.consumed.rebalancing.clear()
            self.consumed.on_rebalance()
            on_revoke(self, self.consumed.place())
            self.assigned = False
        if not self.assigned:
            on_assign(self, self.consumed.place())
        found = self._next(1)
        return found[0] if found else None

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        return self._next(num_messages)

    def _next(self, most: int) -> list[Message]:
        if self.paused or not self.assigned:
            return []
        found = self.consumed.log[self.position : self.position + most]
        self.position += len(found)
        self.read += [message.at for message in found]
        return found

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self.assigned, self.position = True, places[0].offset

    def pause(self, _places: Sequence[TopicPartition]) -> None:
        self.paused = True
        self.consumed.pauses.set()

    def resume(self, _places: Sequence[TopicPartition]) -> None:
        self.paused = False

    def seek(self, place: TopicPartition) -> None:
        self.position = place.offset

    def committed(self, places: Sequence[TopicPartition], timeout: float) -> list[TopicPartition]:
        found = [self.consumed.offsets.get(one.topic, (-1001, "")) for one in places]
        return [TopicPartition(one.topic, one.partition, at, metadata=mark) for one, (at, mark) in zip(places, found, strict=True)]

    def get_watermark_offsets(self, _place: TopicPartition, timeout: float = 0, cached: bool = False) -> tuple[int, int]:
        return 0, len(self.consumed.log)

    def commit(self, offsets: Sequence[TopicPartition], asynchronous: bool = True) -> None:
        self.consumed.offsets.update({one.topic: (one.offset, one.metadata or "") for one in offsets})

    def close(self) -> None:
        self.assigned = False


class Producer:
    """See `confluent_kafka.Producer`; its next commit may fail, and then nothing of it is kept."""

    def __init__(self, consumed: Consumed) -> None:
        self.consumed = consumed
        self.lines: list[tuple[str, bytes, Mapping[str, Any], Any]] = []

    def begin_transaction(self) -> None:
        self.lines = []

    def produce(self, topic: str, **line: Any) -> None:
        self.lines.append((topic, line["value"], dict(line["headers"]), line["on_delivery"]))

    def poll(self, _timeout: float) -> int:
        return 0

    def commit_transaction(self, _timeout: float) -> None:
        if self.consumed.failing.is_set():
            self.consumed.failing.clear()
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        for topic, value, about, delivered in self.lines:
            if topic == self.consumed.ledger_topic:
                mark = mark_in(about[MARK])
                assert mark is not None
                self.consumed.ledger[mark.op_key] = (mark, value)
            if delivered is not None:
                delivered(None, Message(len(self.consumed.ledger), value))


class Consumed:
    """The consumer, its partition and what is kept of it. `full` op-keys in work, beyond the lanes, are much."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, system: System, full: int) -> None:
        self.log: list[Message] = []
        self.offsets: dict[str, tuple[int, str]] = {}
        self.ledger: dict[str, tuple[Mark, bytes]] = {}
        self.failing, self.rebalancing, self.pauses = threading.Event(), threading.Event(), threading.Event()
        self.clock = Clock()
        self.erp = Scripted(self.clock)
        self.client = Client(self)
        self.system = system
        self._loop = asyncio.get_running_loop()
        settings = Settings(profile="demo", state_dir=Path(), timing=DEMO_TIMING, kafka=Kafka(partitions=1))
        one = connected(system, "acme", "1", {})
        writers = WriterPool(lambda _connected, _role: OpenWriter(self.erp.opens("acme", "1")), {"acme": one}.get)
        followed = Followed(CODEC, MemoryLinks(), frozenset({system.name}))
        self.context = SinkContext(settings, CODEC, system, self.clock, followed, writers, lambda: Snapshot({"acme": one}))
        self.ledger_topic = self.context.ledger_topic
        monkeypatch.setattr("runtime.kafka.consumer", lambda *_, **__: self.client)
        monkeypatch.setattr("runtime.topic_ids.TopicIds.made_anew", lambda _: frozenset())
        monkeypatch.setattr(consume, "RETAKE_S", 0.0)
        log = GroupLog(settings.kafka, (self.context.command_topic, settings.topic("control")), "sinks")
        self.committing = Thread("commit")
        self.consuming = Consuming(self.context, Ports(log, self._take, lambda _: self.committing), Throttle(full, full // 2))

    async def _take(self, number: int, committed: Committed) -> TakenPartition:
        index = Index(CODEC.decode)
        index.apply(list(self.ledger.values()), {"entries": True} if self.ledger else {})
        commands, control = max(committed.commands, 0), max(committed.control, 0)
        return TakenPartition(number, cast("Any", index), cast("Any", Producer(self)), commands, control, commands)

    def place(self) -> list[TopicPartition]:
        return [TopicPartition(self.context.command_topic, 0)]

    @property
    def committed(self) -> int:
        """The group's offset of the commands."""
        return self.offsets.get(self.context.command_topic, (0, ""))[0]

    def start(self) -> None:
        """Join the group."""
        self.consuming.start()

    def command(self, record: str, command: Mapping[str, Any]) -> None:
        """Append one to the log."""
        self.log.append(message_of(len(self.log), record, command))

    def fails_a_commit(self) -> None:
        """The end of the next transaction is not known; nothing of it is kept."""
        self.failing.set()

    def rebalances(self) -> None:
        """The partition is taken away and given back with the next poll; what the ERP stopped goes on then."""
        self.rebalancing.set()

    def on_rebalance(self) -> None:
        """In the consumer's thread."""
        self._loop.call_soon_threadsafe(self.erp_goes_on)

    def erp_goes_on(self) -> None:
        """Every gate of the ERP opens."""
        for gate in self.erp.barriers.values():
            gate.opens()

    async def until(self, comes: Callable[[], bool]) -> bool:
        """Whether it comes while the client is asked `POLLS` times and `PATIENCE_S` pass."""
        last, until_s = self.client.polls + POLLS, self.clock.passed_s + PATIENCE_S
        while not comes() and (self.client.polls < last or self.clock.passed_s < until_s) and self.consuming.is_alive:
            self.clock.moves(0.01)
            self.consuming.tick()
            await asyncio.sleep(0)
        return comes()

    async def stop(self) -> None:
        """Leave the group."""
        self.erp_goes_on()
        await self.consuming.stop()
        self.committing.close()
