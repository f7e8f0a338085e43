"""A partition of the real sink in one event loop, without a broker: its index and committer in memory, a clock that is set by hand.

What was submitted is committed some turns of the loop later; `crash` forgets what was not, and the next owner begins at the committed offset.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.settings import DEMO_TIMING, Kafka, Settings
from schemas.codec import Codec, offline_codec
from schemas.records import CommandEnvelope, Control, Ledger, Result
from services.sinks import entry as e
from services.sinks.commit import NotCommitted, Out
from services.sinks.entry import Incoming
from services.sinks.ground import Ground
from services.sinks.intake import Intake
from services.sinks.ledger import Mark, Rest, head_of
from services.sinks.partition import Partition
from services.sinks.positions import Position
from services.sinks.rebuild import Newest
from services.sinks.restore import restore
from services.sinks.sessions import Session, Sessions
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

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class Committer:
    """See `services.sinks.commit.Committer`: one group at a time, acked when it is in the index."""

    sink: Sink
    owner: Partition
    failed: BaseException | None = None
    queue: list[tuple[Out, asyncio.Future[None]]] = field(default_factory=list)
    running: bool = False

    def submit(self, out: Out) -> asyncio.Future[None]:
        ack: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.failed is not None:
            ack.set_exception(NotCommitted(str(self.failed)))
            return ack
        self.queue.append((out, ack))
        self.nudge()
        return ack

    def nudge(self) -> None:
        if not self.running:
            self.running = True
            task = asyncio.get_running_loop().create_task(self._commit())
            self.owner.tasks.add(task)

    async def _commit(self) -> None:
        try:
            for _ in range(self.sink.draw.randint(1, 4)):
                await asyncio.sleep(0)
            group, self.queue, offset = self.queue, [], self.owner.commands.committable
            await asyncio.sleep(0)
            if self.failed is None:
                self.sink.committed(group, offset)
        finally:
            self.running = False
        if self.queue:
            self.nudge()

    def close(self) -> None:
        """No thread."""


class _Followed:
    """See `services.sinks.follow.Followed`: no links, no decisions, never paused."""

    decisions: Mapping[int, list[Any]] = {}

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
    """The log, the ledger and results of one partition, and whoever owns it now."""

    def __init__(self, system: System, writer: Writer, draw: random.Random, **flow: Any) -> None:
        self.draw, self.clock, self.index = draw, Clock(), Memory()
        self.log: list[Message] = []
        self.offset, self.taken = 0, 0
        self.results: dict[str, Result] = {}
        self.system = system.name
        settings = Settings(profile="demo", state_dir=Path(), timing=DEMO_TIMING, kafka=Kafka(partitions=1))
        connected = Connected(_connection(system, flow), "1", "1", tables_of([]))
        sessions = Sessions(lambda _connected, _role: Session(writer))
        snapshot = Snapshot({"acme": connected})
        self.ground = Ground(settings, CODEC, system, self.clock, cast("Any", _Followed()), sessions, lambda: snapshot)
        self.begin()

    def begin(self, newest: list[tuple[Incoming, Result | None]] | None = None) -> None:
        """A new owner."""
        self.taken = self.offset
        self.owner = Partition(self.ground, 0, cast("Any", self.index), Position(self.offset), Position(0))
        self.owner.committer = cast("Any", Committer(self, self.owner))
        self.intake = Intake(self.owner)
        restore(self.owner)
        if newest is not None:
            self.intake.rebuild(newest)

    def crash(self) -> None:
        """The owner is gone, with everything that was not committed."""
        self.owner.drop()
        self.begin()

    def committed(self, group: list[tuple[Out, asyncio.Future[None]]], offset: int) -> None:
        self.offset = offset
        for out, ack in group:
            for mark, value in out.entries:
                self.index.entries[mark.op_key] = (mark, value)
            for line in out.lines:
                if line.topic.endswith(f"result.{self.system}"):
                    result = cast("Result", CODEC.decode(line.value)[1])
                    if result["outcome"] in e.TERMINAL:
                        self.results[result["op_key"]] = result
            ack.set_result(None)

    def command(self, record: str, command: Mapping[str, Any]) -> None:
        """Append one to the log."""
        self.log.append(message_of(len(self.log), record, command))

    def take(self, count: int) -> None:
        """The owner gets the next ones."""
        batch = self.log[self.taken : self.taken + count]
        self.taken += len(batch)
        self.intake.take(cast("Any", batch))

    async def turns(self, count: int) -> None:
        """Let the loop go round."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def rest(self, hours: int = 30) -> None:
        """Everything is taken, and every wait of the sink's own has ended."""
        self.take(len(self.log))
        for step in range(60 + hours):
            await self.turns(40)
            if self._rests():
                return
            self.clock.passed_s += 5.0 if step < 60 else 3600.0
            self.owner.tick()
        await self.turns(40)

    def _rests(self) -> bool:
        busy = self.owner.keys or self.owner.pending or any(not task.done() for task in self.owner.tasks)
        return not busy and not any(rest.state != e.HELD for _, rest in self.index.resting())

    def lose(self, results: bool) -> None:
        """The ledger is empty, and the results where `results`: a new owner rebuilds it."""
        self.owner.drop()
        self.index = Memory()
        self.results = {} if results else self.results
        self.offset = len(self.log)
        self.begin(self._newest())

    def lose_all(self) -> None:
        """Ledger and results are empty and the group begins at the first command: to a new owner it looks like a first start."""
        self.owner.drop()
        self.index, self.results, self.offset = Memory(), {}, 0
        self.begin()

    def _newest(self) -> list[tuple[Incoming, Result | None]]:
        newest = Newest()
        for message in self.log:
            newest.add(Incoming(*self._decoded(message), message.content, 0, message.at, self.clock.now()))
        return [(incoming, self.results.get(incoming.command["op_key"])) for incoming in newest.all()]

    def _decoded(self, message: Message) -> tuple[str, CommandEnvelope]:
        name, command = CODEC.decode(message.content)
        return name.removeprefix("command."), cast("CommandEnvelope", command)


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
