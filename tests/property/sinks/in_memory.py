"""A partition of the real sink in one event loop, without a broker: its index and committer in memory, a clock that is set by hand.

What was submitted is committed some turns of the loop later; `crash` forgets what was not, and the next owner begins at the committed offset.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.settings import DEMO_TIMING, Kafka, Settings
from schemas.codec import Codec, offline_codec
from schemas.records import CommandEnvelope, Control, Ledger, Result
from services.sinks import entry as e
from services.sinks import invariants
from services.sinks.consume import Consuming, Held, Ports, acked_of
from services.sinks.entry import Incoming
from services.sinks.ground import Ground
from services.sinks.ledger import Mark, Rest, head_of
from services.sinks.owner import Owner
from services.sinks.rebuild import Newest
from services.sinks.sessions import Session, Sessions
from services.sinks.takeover import Committed, Taken
from systems import registry
from systems.connection import ConnectionSettings
from systems.contract import System, Writer
from tests.toy import blank
from topology.configuration import Connected, Snapshot, tables_of
from topology.headers import HOLD, OP_KEY, PARTED, PAYLOAD_HASH, SOURCE_HASH
from topology.topics import records_of_topic

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
CODEC: Codec = offline_codec(records_of_topic())


def install(monkeypatch: pytest.MonkeyPatch, system: System) -> None:
    """This system under its own and every other name of the registry."""
    monkeypatch.setattr(registry, "system", {name: replace(system, name=name) for name in registry.NAMES}.__getitem__)


class Clock:
    """See `runtime.clock.Clock`; both of its times go by the same hand."""

    def __init__(self, at: datetime = START) -> None:
        self.at, self.passed_s = at, 0.0

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    async def sleep(self, duration: timedelta) -> None:
        raise AssertionError(f"nothing in a partition sleeps ({duration})")


@dataclass
class Message:
    """A command in the log."""

    at: int
    content: bytes
    about: Mapping[str, str]

    def error(self) -> None:
        return None

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes:
        return b"acme"

    def value(self) -> bytes:
        return self.content

    def headers(self) -> list[tuple[str, bytes]]:
        return [(name, text.encode()) for name, text in self.about.items()]


def message_of(offset: int, record: str, command: Mapping[str, Any]) -> Message:
    """A command with the headers that hop 2 gives it."""
    about = {OP_KEY: command["op_key"], SOURCE_HASH: command["source_hash"], PAYLOAD_HASH: command["payload_hash"]}
    about |= {HOLD: command["hold"]} | ({} if command["parts"] is None else {PARTED: "1"})
    return Message(offset, CODEC.encode(f"command.{command['system']}", f"command.{record}", command), about)


class Memory:
    """See `services.sinks.ledger.Index`."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[Mark, bytes]] = {}
        self.notes: dict[bytes, bytes] = {}
        self.metas: dict[str, Any] = {}

    def get(self, op_key: str) -> Ledger | None:
        found = self.entries.get(op_key)
        return None if found is None else cast("Ledger", CODEC.decode(found[1])[1])

    def ended_with(self, op_key: str, head: bytes) -> bool:
        found = self.entries.get(op_key)
        if found is None or found[0].state not in e.ENDED_FOR_GOOD or e.correction_key(op_key, 1) in self.entries:
            return False
        return head == head_of(found[0].source_hash, found[0].payload_hash)

    def of_source(self, *source: str) -> list[str]:
        return [op_key for op_key, (mark, _) in self.entries.items() if (mark.connection, mark.entity, mark.source_id) == source]

    def resting(self) -> Iterator[tuple[str, Rest]]:
        for op_key, (mark, _) in self.entries.items():
            if mark.state not in e.TERMINAL:
                yield op_key, Rest(mark.connection, mark.state, mark.reason)

    def all(self) -> list[Ledger]:
        return [entry for op_key in self.entries if (entry := self.get(op_key)) is not None]

    def apply(self, entries: Iterable[tuple[Mark, bytes]], meta: dict[str, Any]) -> None:
        for mark, value in entries:
            self.entries[mark.op_key] = (mark, value)
        self.metas |= meta

    def meta(self, name: str) -> Any:
        return self.metas.get(name)

    def note(self, name: bytes, value: bytes) -> None:
        self.notes[name] = value

    def noted(self, name: bytes) -> bytes | None:
        return self.notes.get(name)

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Producer:
    """See `confluent_kafka.Producer`, as a partition uses it: what was produced counts when the transaction is committed."""

    sink: Sink
    lines: list[tuple[str, bytes]] = field(default_factory=list)

    def begin_transaction(self) -> None:
        self.lines = []

    def produce(self, topic: str, *, value: bytes, **_: Any) -> None:
        self.lines.append((topic, value))

    def poll(self, _timeout_s: float) -> None:
        """Nothing is told."""

    def commit_transaction(self, _timeout_s: float) -> None:
        self.sink.committed(self.lines)


@dataclass
class Log:
    """See `services.sinks.command_log.CommandLog`: batches are handed over by the test itself."""

    sink: Sink

    async def commit(self, offsets: Mapping[tuple[str, int], int], mark: str = "", wait: bool = False) -> None:
        self.sink._offset = offsets.get((self.sink.ground.command_topic, 0), self.sink._offset)
        self.sink.mark = mark


@dataclass
class Lost:
    """See `services.sinks.takeover.Lost`."""

    some: list[tuple[Incoming, Result | None]]
    sets: dict[str, Incoming]
    reverses: set[str]
    end: int

    @property
    def count(self) -> int:
        return len(self.some)

    async def slices(self, size: int) -> AsyncIterator[list[tuple[Incoming, Result | None]]]:
        for start in range(0, len(self.some), size):
            yield self.some[start : start + size]


class _Followed:
    """See `services.sinks.follow.Followed`: no links, no decisions, never paused."""

    def forget(self, *_: Any) -> None:
        """Nothing is kept."""

    def decisions_from(self, _partition: int, _offset: int) -> list[Any]:
        return []

    def link(self, *_: str) -> str | None:
        return None

    def paused(self, *_: str) -> str:
        return ""

    def resumed_at(self, *_: str) -> datetime | None:
        return None

    def pause_now(self, control: Control) -> None:
        """Too many refusals in a row; a schedule never waits for a person."""

    def is_open(self, *_: Any) -> bool:
        return True


class Sink:
    """The log, the ledger and results of one partition, and whoever owns it now: the real owner, consumer and intake."""

    def __init__(self, system: System, writer: Writer, draw: random.Random, **flow: Any) -> None:
        self.draw, self.clock, self.index = draw, Clock(), Memory()
        self.log: list[Message] = []
        self._offset, self.taken, self.mark = 0, 0, ""
        self.results: dict[str, Result] = {}
        self.system = system.name
        settings = Settings(profile="demo", state_dir=Path(), timing=DEMO_TIMING, kafka=Kafka(partitions=1))
        connected = Connected(_connection(system, flow), "1", "1", tables_of([]))
        snapshot = Snapshot({"acme": connected})
        sessions = Sessions(lambda _connected, _role: Session(writer), snapshot.connections.get)
        self.ground = Ground(settings, CODEC, system, self.clock, cast("Any", _Followed()), sessions, lambda: snapshot)
        self._consuming: Consuming | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def consuming(self) -> Consuming:
        """The consumer of this loop; a new one, as after a start, where the loop is another."""
        loop = asyncio.get_running_loop()
        if self._consuming is None or self._loop is not loop:
            self._loop = loop
            self._begin()
        assert self._consuming is not None
        return self._consuming

    @property
    def held(self) -> Held:
        return self.consuming.held[0]

    @property
    def owner(self) -> Owner:
        return self.held.owner

    def _begin(self, lost: bool = False) -> None:
        """A new owner."""
        self.taken = len(self.log) if lost else self.offset
        ports = Ports(cast("Any", Log(self)), partial(self._take, lost), lambda _: self._blocking)
        self._consuming = Consuming(self.ground, ports)
        _at_once(self._consuming.assigned({0: Committed(self.offset, 0, self.mark)}))

    async def _take(self, lost: bool, number: int, committed: Committed) -> Taken:
        left = self._left() if lost else None
        producer = cast("Any", Producer(self))
        return Taken(
            number, cast("Any", self.index), producer, left.end if left else committed.commands, 0, committed.commands, lost=left
        )

    async def _blocking(self, call: Callable[..., Any], *arguments: Any) -> Any:
        for _ in range(self.draw.randint(1, 4)):
            await asyncio.sleep(0)
        return call(*arguments)

    def _drop(self) -> None:
        if self._consuming is not None:
            for held in self._consuming.held.values():
                if held.opening is not None:
                    held.opening.cancel()
                held.owner.closing = held.owner.exchange.ended = True
                held.owner.committer.close()
                for task in held.owner.exchange.tasks:
                    task.cancel()

    def crash(self) -> None:
        """The owner is gone, with everything that was not committed."""
        self.offset = self.offset
        self._begin()

    @property
    def offset(self) -> int:
        """The group's offset, which follows what is acked."""
        for held in self._consuming.held.values() if self._consuming is not None else ():
            if not held.owner.closing:
                self._offset = acked_of(held.owner).get((self.ground.command_topic, 0), self._offset)
        return self._offset

    @offset.setter
    def offset(self, at: int) -> None:
        """Reset it, as an operator does while nobody consumes."""
        self._drop()
        self._offset = at

    def committed(self, lines: list[tuple[str, bytes]]) -> None:
        for topic, value in lines:
            if topic.endswith(f"result.{self.system}"):
                result = cast("Result", CODEC.decode(value)[1])
                if result["outcome"] in e.TERMINAL:
                    self.results[result["op_key"]] = result

    def command(self, record: str, command: Mapping[str, Any]) -> None:
        """Append one to the log."""
        self.log.append(message_of(len(self.log), record, command))

    def take(self, count: int) -> None:
        """The owner gets the next ones."""
        consuming = self.consuming
        batch = self.log[self.taken : self.taken + count]
        self.taken += len(batch)
        consuming.deliver(0, cast("Any", batch))

    async def turns(self, count: int) -> None:
        """Let the loop go round."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def rest(self, hours: int = 30) -> None:
        """Everything is taken, and every wait of the sink's own has ended."""
        self.take(len(self.log))
        for step in range(60 + hours):
            await self.turns(40)
            self.checked()
            if self._rests():
                return
            self.clock.passed_s += 5.0 if step < 60 else 3600.0
            self.consuming.tick()
        await self.turns(40)

    def checked(self) -> None:
        """What holds at any time."""
        if self.owner.opened:
            assert invariants.check(self.owner, self.held.intake) == []

    def _rests(self) -> bool:
        busy = any(case.is_busy or case.queued or case.behind for case in self.owner.cases) or self.owner.exchange.tasks
        return self.owner.opened and not busy and not any(rest.state != e.HELD for _, rest in self.index.resting())

    def lose(self, results: bool) -> None:
        """The ledger is empty, and the results where `results`: a new owner rebuilds it."""
        self._drop()
        self.index = Memory()
        self.results = {} if results else self.results
        self.offset = len(self.log)
        self._loop = asyncio.get_running_loop()
        self._begin(lost=True)

    def lose_all(self) -> None:
        """Ledger and results are empty and the group begins at the first command: to a new owner it looks like a first start."""
        self._drop()
        self.index, self.results, self.offset = Memory(), {}, 0
        self._loop = asyncio.get_running_loop()
        self._begin()

    def _left(self) -> Lost:
        newest = Newest(self.index)
        all_of = [Incoming(*self._decoded(message), message.content, 0, message.at, self.clock.now()) for message in self.log]
        for incoming in all_of:
            newest.add(incoming)
        picked = [one for incoming in all_of if (one := newest.pick(incoming)) is not None]
        some = [(incoming, self.results.get(incoming.command["op_key"])) for incoming in picked]
        return Lost(some, newest.sets, newest.reverses, len(self.log))

    def _decoded(self, message: Message) -> tuple[str, CommandEnvelope]:
        name, command = CODEC.decode(message.content)
        return name.removeprefix("command."), cast("CommandEnvelope", command)


def _at_once(work: Coroutine[Any, Any, Any]) -> None:
    """A coroutine that waits for nothing."""
    with pytest.raises(StopIteration):
        work.send(None)


def _connection(system: System, flow: Mapping[str, Any]) -> ConnectionSettings:
    quota = {"group": "g", "calls": 100_000, "at_once": 512, "sink": 0.9, "poller": 0.05, "check": 0.05, "kept": 0}
    side = {"settings": {}, "quota": quota}
    return ConnectionSettings.model_validate(
        {
            "connection": "acme",
            "label": "acme",
            "environment": "test",
            "mode": "live",
            "time_zone": "America/Chicago",
            "field_service": {**side, "system": system.flows[0].source},
            "erp": {**side, "system": system.name},
            "flows": {one.id: {"cutover_date": "2026-01-01", **flow} for one in system.flows},
        }
    )


def command_of(record: str, **fields: Any) -> dict[str, Any]:
    """A command of the toy connection."""
    return blank(f"command.{record}") | {"connection": "acme", "currency": "USD", **fields}
