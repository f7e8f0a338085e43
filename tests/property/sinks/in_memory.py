"""A partition of the real sink in one event loop, without a broker: its index and committer in memory, a clock that is set by hand.

What was submitted is committed some turns of the loop later; `crash` forgets what was not, and the next owner begins at the committed offset.
Tests know the sink by what this says and does alone: commands, controls and settings go in; calls, records, offsets and words come out.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.settings import DEMO_TIMING, Kafka, Settings
from schemas.records import CommandEnvelope, Control, Ledger, Result
from services.sinks import controls, hour
from services.sinks import entry as e
from services.sinks.commit import NotCommitted, Out
from services.sinks.entry import Incoming
from services.sinks.follow import Followed
from services.sinks.ground import Ground
from services.sinks.intake import Intake
from services.sinks.partition import Partition
from services.sinks.positions import Position
from services.sinks.rebuild import Newest
from services.sinks.restore import restore
from services.sinks.sessions import Session, Sessions
from systems import registry
from systems.contract import System, Writer
from tests.property.sinks.stand_ins import CODEC, Clock, Memory, Message, connected, message_of, remembered
from tests.toy import blank
from topology.configuration import Connected, Snapshot

Opener = Callable[[str, str], Writer]
"""Opens a session of a connection, under a version of its settings and credentials."""


def install(monkeypatch: pytest.MonkeyPatch, system: System) -> None:
    """This system under its own and every other name of the registry."""
    monkeypatch.setattr(registry, "system", {name: replace(system, name=name) for name in registry.NAMES}.__getitem__)


@dataclass(frozen=True)
class Setup:
    """Connections and lanes of a sink; `pauses` says that pauses of its own count, as they do where a person can resume."""

    connections: tuple[str, ...] = ("acme",)
    lanes: int = 8
    pauses: bool = False


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
            task.add_done_callback(self.owner.tasks.discard)

    async def _commit(self) -> None:
        try:
            for _ in range(self.sink.draw.randint(1, 4)):
                await asyncio.sleep(0)
            places = self.owner.commands.committable, self.owner.controls.committable
            group, self.queue = self.queue, []
            await asyncio.sleep(0)
            if self.failed is None:
                self.sink.committed(group, *places)
        finally:
            self.running = False
        if self.queue:
            self.nudge()

    def close(self) -> None:
        """No thread."""


class _Codec:
    """The codec of the tests; it may be told to fail."""

    def __init__(self) -> None:
        self.fails: dict[str, Exception] = {}

    def encode(self, topic: str, name: str, record: Mapping[str, Any]) -> bytes:
        error = self.fails.pop(str(record["state"]), None) if name == "result.ledger" else None
        if error is not None:
            raise error
        return CODEC.encode(topic, name, record)

    def decode(self, value: bytes | None) -> tuple[str, dict[str, Any]]:
        return CODEC.decode(value)


class Sink:
    """The log, the ledger and results of one partition, and whoever owns it now."""

    def __init__(
        self, system: System, writer: Writer | Opener, draw: random.Random, setup: Setup | None = None, **chosen: Any
    ) -> None:
        self.draw, self.clock, self.index, self.setup = draw, Clock(), Memory(), setup or Setup()
        self.log: list[Message] = []
        self.control_log: list[Message] = []
        self.offset, self.control_offset, self.taken = 0, 0, 0
        self.results: dict[str, Result] = {}
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.groups: list[int] = []
        self.ended = ""
        self.system = system.name
        settings = Settings(profile="demo", state_dir=Path(), timing=DEMO_TIMING, kafka=Kafka(partitions=1), lanes=self.setup.lanes)
        self._declared, self._chosen = system, chosen
        self._open = writer if callable(writer) else lambda *_: writer
        self._credentials: Counter[str] = Counter()
        self._versions: Counter[str] = Counter(self.setup.connections)
        self._unseen: set[str] = set()
        self._connected = {name: self._joined(name) for name in self.setup.connections}
        self._codec = _Codec()
        self.followed = Followed(settings, CODEC, self._tell)
        if not self.setup.pauses:
            self.followed.pause_now = lambda control: None  # type: ignore[method-assign]  # a schedule never waits for a person
        sessions = Sessions(lambda one, _role: Session(self._session(one)), lambda name: str(self._credentials[name]))
        self.ground = Ground(
            settings, cast("Any", self._codec), system, self.clock, self.followed, sessions, lambda: Snapshot(self._connected)
        )
        self.begin()

    def _joined(self, name: str) -> Connected:
        return connected(self._declared, name, str(self._versions[name]), self._chosen)

    def _session(self, one: Connected) -> Writer:
        name = one.settings.connection
        return self._open(name, f"{one.version}.{self._credentials[name]}")

    # --- owners ---

    def begin(self, newest: list[tuple[Incoming, Result | None]] | None = None) -> None:
        """A new owner."""
        self.taken = self.offset
        self.owner = Partition(self.ground, 0, cast("Any", self.index), Position(self.offset), Position(self.control_offset))
        self.owner.committer = cast("Any", Committer(self, self.owner))
        self.intake = Intake(self.owner)
        restore(self.owner)
        for entry in self.index.all() if self.setup.pauses else ():
            if e.is_terminal(entry) or entry["state"] == e.HELD:
                hour.count(self.owner.hour, entry, self.followed)
        if newest is not None:
            self.intake.rebuild(newest)
        for decision in list(self.followed.decisions.get(0, ())):
            controls.decided(self.owner, decision)
        for name in self._unseen:
            controls.caught_up(self.owner, name)
        self._unseen = set()

    def crash(self) -> None:
        """The owner is gone, with everything that was not committed. Where the ledger is empty though work was done, the next one rebuilds."""
        self.owner.drop()
        lost = not self.index.entries and (self.offset > 0 or bool(self.results))
        self.offset = len(self.log) if lost else self.offset
        self.begin(self._newest() if lost else None)

    def ends(self) -> None:
        """The owner is gone and no other one comes."""
        self.owner.drop()

    def committed(self, group: list[tuple[Out, asyncio.Future[None]]], offset: int, control_offset: int) -> None:
        self.offset, self.control_offset = offset, control_offset
        self.groups.append(sum(len(out.entries) for out, _ in group))
        for out, ack in group:
            self.index.apply(out.entries, out.meta)
            for line in out.lines:
                self._line(line.topic, line.value)
            if not ack.done():
                ack.set_result(None)

    def _line(self, topic: str, value: bytes) -> None:
        if topic == "remap":
            self.lines.append((topic, {"canonical": value}))
            return
        record = CODEC.decode(value)[1]
        if topic == f"result.{self.system}" and record["outcome"] in e.TERMINAL:
            self.results[record["op_key"]] = cast("Result", record)
        if topic != f"ledger.{self.system}":
            self.lines.append((topic, record))
        if topic == "control" and self.setup.pauses:
            self._controlled(value)

    # --- what goes in ---

    def command(self, record: str, command: Mapping[str, Any]) -> None:
        """Append one to the log."""
        self.log.append(message_of(len(self.log), record, command))

    def raw(self, content: bytes) -> None:
        """Append what may be no command."""
        self.log.append(Message(len(self.log), content, of=f"command.{self.system}"))

    def take(self, count: int) -> None:
        """The owner gets the next ones."""
        batch = self.log[self.taken : self.taken + count]
        self.taken += len(batch)
        self.intake.take(cast("Any", batch))

    def reads(self) -> None:
        """The owner gets all that is in the log; what it raises ends the process."""
        try:
            self.take(len(self.log))
        except Exception as error:  # noqa: BLE001 - as the consumer's thread does
            self.ended = f"{type(error).__name__}: {error}"[:200]
            self.owner.drop()

    def decides(self, action: str, op_key: str = "", connection: str = "acme") -> None:
        """A person decides about an op-key, or pauses or resumes a connection."""
        words = {
            "action": action,
            "op_key": op_key,
            "actor": "ann",
            "reason": f"{action} it",
            "control_id": f"{len(self.control_log)}",
        }
        control = blank("connection.control") | words | {"connection": connection, "system": self.system, "at": self.clock.now()}
        self._controlled(CODEC.encode("control", "connection.control", control))

    def _controlled(self, value: bytes) -> None:
        message = Message(len(self.control_log), value, of="control")
        self.control_log.append(message)
        told = self.followed._fold(cast("Any", message))
        if told is not None:
            self._tell(*told)

    def links(self, connection: str, source_id: str, partition: int) -> None:
        """A link of a connection whose commands lie in that partition comes."""
        link = blank("connection.link") | {"connection": connection, "entity": "invoice", "source_id": source_id, "target_id": "T1"}
        value = CODEC.encode("links", "connection.link", link | {"target_system": self.system})
        self.followed._fold(cast("Any", Message(0, value, of="links", number=partition)))

    def _tell(self, kind: str, what: Any) -> None:
        if kind == "decision":
            controls.decided(self.owner, what)
        elif kind == "pause":
            controls.paused_or_resumed(self.owner, cast("Control", what.control))

    def applies(self, connection: str = "acme", seen: bool = True, **chosen: Any) -> None:
        """A new version of a connection's settings is in force; told now, or (not `seen`) found by the next owner."""
        self._chosen = {**self._chosen, **chosen}
        self._versions[connection] += 1
        self._connected = {**self._connected, connection: self._joined(connection)}
        if seen:
            self.reminds(connection)
        else:
            self._unseen.add(connection)

    def reminds(self, connection: str = "acme") -> None:
        """The sink is told of settings though they are the same."""
        controls.settings_changed(self.owner, connection)

    def new_credentials(self, connection: str = "acme") -> None:
        """Other credentials are in force; not told yet."""
        self._credentials[connection] += 1

    def codec_fails(self, state: str, error: Exception) -> None:
        """The next ledger record of that state cannot be encoded."""
        self._codec.fails[state] = error

    # --- time ---

    async def turns(self, count: int) -> None:
        """Let the loop go round."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def passes(self, seconds: float, step: float = 1.0) -> None:
        """Time goes on, in steps."""
        until = self.clock.passed_s + seconds
        while self.clock.passed_s < until:
            self.clock.moves(min(step, until - self.clock.passed_s))
            await self.turns(20)
            self.owner.tick()
            await self.turns(20)

    async def rest(self, hours: int = 30) -> None:
        """Everything is taken, and every wait of the sink's own has ended."""
        self.take(len(self.log))
        for step in range(60 + hours):
            await self.turns(40)
            if self._rests():
                return
            self.clock.moves(5.0 if step < 60 else 3600.0)
            self.owner.tick()
        await self.turns(40)

    def _rests(self) -> bool:
        busy = self.owner.keys or self.owner.pending or any(not task.done() for task in self.owner.tasks)
        return not busy and not any(rest.state != e.HELD for _, rest in self.index.resting())

    # --- losses ---

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
            newest.add(Incoming(*self._decoded(message), message.content or b"", 0, message.at, self.clock.now()))
        return [(incoming, self.results.get(incoming.command["op_key"])) for incoming in newest.all()]

    def _decoded(self, message: Message) -> tuple[str, CommandEnvelope]:
        name, command = CODEC.decode(message.content)
        return name.removeprefix("command."), cast("CommandEnvelope", command)

    # --- what comes out ---

    def entry(self, op_key: str) -> Ledger | None:
        """What the ledger holds of an op-key, committed."""
        return self.index.get(op_key)

    def state(self, op_key: str) -> tuple[str, str]:
        """State and reason of an op-key in the ledger; empty where it knows nothing."""
        entry = self.index.get(op_key)
        return (entry["state"], entry["reason"]) if entry is not None else ("", "")

    def held(self) -> dict[str, tuple[str, Decimal]]:
        """What a person's lists show: reason and amount by op-key."""
        return {one["op_key"]: (one["reason"], one["amount"]) for one in self.index.all() if one["state"] == e.HELD}

    def records(self, topic: str) -> list[dict[str, Any]]:
        """What was committed to a topic beside the ledger."""
        return [record for name, record in self.lines if name == topic]

    def paused(self, connection: str = "acme") -> str:
        """Why a connection does nothing; "" while it works."""
        return self.followed.paused(self.system, connection)

    def remembered(self) -> int:
        """How many things the process keeps in memory of the partition and of what it follows."""
        return remembered(self.owner, self.intake, self.followed, without=(self.ground, self.index, self.owner.committer))


def command_of(record: str, **fields: Any) -> dict[str, Any]:
    """A command of the toy connection."""
    return blank(f"command.{record}") | {"connection": "acme", "currency": "USD", **fields}
