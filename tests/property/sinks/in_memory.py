"""A partition of the real sink in one event loop, without a broker: its log, index and producer in memory, a clock that is set by hand.

What was submitted is committed some turns of the loop later; `crash` forgets what was not, and the next owner begins at the committed offset.
Tests know the sink by what this says and does alone: commands, controls and settings go in; calls, records, offsets and words come out.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.settings import DEMO_TIMING, Kafka, Settings
from schemas.records import CommandEnvelope, Ledger, Result
from services.sinks import consume, hour, invariants
from services.sinks import entry as e
from services.sinks.ceiling import Hour
from services.sinks.consume import Consuming, OwnedPartition, Ports
from services.sinks.context import SinkContext
from services.sinks.entry import Incoming
from services.sinks.follow import Followed
from services.sinks.hour import Hours
from services.sinks.links import Links, LinkStore, MemoryLinks
from services.sinks.owner import Owner
from services.sinks.pool import OpenWriter, WriterPool
from services.sinks.rebuild import Newest
from services.sinks.takeover import REBUILDING, Committed, TakenPartition
from systems import registry
from systems.contract import System, Writer
from tests.property.sinks.index import Index
from tests.property.sinks.ports import Lines, Log, Lost, Producer
from tests.property.sinks.stand_ins import CODEC, Clock, Message, connected, message_of, remembered
from tests.toy import blank
from topology.configuration import Connected, Snapshot

Opener = Callable[[str, str], Writer]
"""Opens a session of a connection, under a version of its settings and credentials."""


def install(monkeypatch: pytest.MonkeyPatch, system: System) -> None:
    """This system under its own and every other name of the registry; nothing waits by the clock of the machine."""
    monkeypatch.setattr(registry, "system", {name: replace(system, name=name) for name in registry.NAMES}.__getitem__)
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)


@dataclass(frozen=True)
class Setup:
    """Connections and lanes of a sink; `pauses` says that pauses of its own count, as they do where a person can resume; `folder` is where
    it keeps links, as it does outside of tests."""

    connections: tuple[str, ...] = ("acme",)
    lanes: int = 8
    pauses: bool = False
    folder: Path | None = None


class _Codec:
    """The codec of the tests; it may be told to fail."""

    def __init__(self) -> None:
        self.fails: dict[str, Exception] = {}

    def encode(self, topic: str, name: str, record: Mapping[str, Any]) -> bytes:
        return CODEC.encode(topic, name, record)

    def head(self, name: str, record: Mapping[str, Any], until: str) -> bytes:
        return CODEC.head(name, record, until)

    def encode_after(self, topic: str, name: str, record: Mapping[str, Any], head: tuple[str, bytes]) -> bytes:
        error = self.fails.pop(str(record["state"]), None)
        if error is not None:
            raise error
        return CODEC.encode_after(topic, name, record, head)

    def decode(self, value: bytes | None) -> tuple[str, dict[str, Any]]:
        return CODEC.decode(value)


class Sink:
    """The log, the ledger and results of one partition, and whoever owns it now: the real consumer, owner and intake."""

    def __init__(
        self, system: System, writer: Writer | Opener, draw: random.Random, setup: Setup | None = None, **chosen: Any
    ) -> None:
        self.draw, self.clock, self.index, self.setup = draw, Clock(), Index(CODEC.decode), setup or Setup()
        self.control_log: list[Message] = []
        self.results: dict[str, Result] = {}
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.groups: list[int] = []
        self.takes = self._epoch = 0
        self.unreadable: set[int] = set()
        """Offsets of commands that the log has no more."""
        self.system = system.name
        self._settings = Settings(
            profile="demo", state_dir=Path(), timing=DEMO_TIMING, kafka=Kafka(partitions=1), lanes=self.setup.lanes
        )
        self._declared, self._chosen = system, chosen
        self._open = writer if callable(writer) else lambda *_: writer
        self._credentials: Counter[str] = Counter()
        self._versions: Counter[str] = Counter(self.setup.connections)
        self._connected = {name: self._joined(name) for name in self.setup.connections}
        self._codec = _Codec()
        self._links: LinkStore = MemoryLinks() if self.setup.folder is None else Links(self.setup.folder)
        self._log = Log(f"command.{system.name}")
        self._consuming: Consuming | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _joined(self, name: str) -> Connected:
        return connected(self._declared, name, str(self._versions[name]), self._chosen)

    def _session(self, one: Connected) -> Writer:
        name = one.settings.connection
        return self._open(name, f"{one.version}.{self._credentials[name]}")

    # --- processes and owners ---

    @property
    def consuming(self) -> Consuming:
        """The consumer of this loop; a new one, as after a start, where the loop is another."""
        if self._consuming is None or self._loop is not asyncio.get_running_loop():
            self._begin()
        assert self._consuming is not None
        return self._consuming

    @property
    def partition(self) -> OwnedPartition:
        """The partition in its consumer's hands."""
        return self.consuming.held[0]

    @property
    def owner(self) -> Owner:
        """Whoever owns the partition now."""
        return self.partition.owner

    @property
    def log(self) -> list[Message]:
        """Every command there is."""
        return self._log.commands

    @property
    def ended(self) -> str:
        """Why the process ended; "" while it goes on."""
        assert self._consuming is not None
        return self._consuming.failed

    def _begin(self) -> None:
        """A new process with its owner."""
        self._loop = asyncio.get_running_loop()
        self._keep_offsets()
        self._consuming = Consuming(self._context(), Ports(cast("Any", self._log), self._take, lambda _: self._blocking))
        self._log.paused, self._log.turned = False, asyncio.Event()
        with pytest.raises(StopIteration) as at:  # it waits for nothing
            self._consuming.assigned({0: self._log.places()}).send(None)
        self._log.position = self._log.given = at.value.value[0]
        self._consuming.start()

    def _context(self) -> SinkContext:
        followed = Followed(CODEC, self._links, frozenset({self.system}))
        if not self.setup.pauses:
            followed.pause_now = lambda control, partition: None  # type: ignore[method-assign]  # a schedule never waits for a person
        for message in self.control_log:
            followed.fold(cast("Any", message))
        writers = WriterPool(
            lambda one, _role: OpenWriter(self._session(one)), self._in_force, lambda name: str(self._credentials[name])
        )
        codec, system = cast("Any", self._codec), self._declared
        return SinkContext(
            self._settings, codec, system, self.clock, followed, writers, self._snapshot, read_command=self._command_at
        )

    async def _command_at(self, _number: int, offset: int) -> bytes | None:
        await asyncio.sleep(0)
        return next((one.content for one in self.log if one.at == offset and offset not in self.unreadable), None)

    def _in_force(self, name: str) -> Connected | None:
        return self._connected.get(name)

    def _snapshot(self) -> Snapshot:
        return Snapshot(self._connected)

    async def _take(self, number: int, committed: Committed) -> TakenPartition:
        self.takes += 1
        self._epoch += 1
        epoch = self._epoch
        worked = committed.commands > 0 or bool(self.results)
        is_lost = committed.mark == REBUILDING or (not self.index.meta("entries") and worked)
        lost = self._left() if is_lost else None
        return TakenPartition(
            number,
            cast("Any", self.index),
            cast("Any", Producer(lambda: self._epoch == epoch, self._committed)),
            next_offset=lost.end if lost is not None else max(committed.commands, 0),
            next_control=max(committed.control, 0),
            committed=max(committed.commands, 0),
            hours=self._hours(),
            lost=lost,
        )

    def _left(self) -> Lost:
        self.index.forget_notes()
        all_of = [Incoming(*self._decoded(one), one.content or b"", 0, one.at, self.clock.now()) for one in self.log]
        return Lost(Newest(self.index), all_of, self.results)

    def _decoded(self, message: Message) -> tuple[str, CommandEnvelope]:
        name, command = CODEC.decode(message.content)
        return name.removeprefix("command."), cast("CommandEnvelope", command)

    def _hours(self) -> Hours:
        """As `services.sinks.hour.ended_within` does."""
        hours: Hours = defaultdict(Hour)
        for entry in self.index.all() if self.setup.pauses else ():
            if e.is_terminal(entry) or entry["state"] == e.HELD:
                hour.count(hours, entry, self.consuming.context.followed)
        return hours

    async def _blocking(self, call: Callable[..., Any], *arguments: Any) -> Any:
        for _ in range(self.draw.randint(1, 4)):
            await asyncio.sleep(0)
        try:
            return call(*arguments)
        finally:
            await asyncio.sleep(0)

    def _drop(self) -> None:
        """The process is gone: nothing of it runs any more, and what it commits is fenced."""
        self._keep_offsets()
        self._epoch += 1
        if self._consuming is None:
            return
        for task in (self._consuming._task, *(held.opening for held in self._consuming.held.values())):
            if task is not None:
                task.cancel()
        for owner in self._consuming.owners:
            owner.closing = owner.exchange.ended = True
            owner.committer.close()
            for call in owner.exchange.tasks:
                call.cancel()

    def _keep_offsets(self) -> None:
        """The group's offsets follow what is acked."""
        for owner in self._consuming.owners if self._consuming is not None else ():
            if not owner.closing:
                self._log.kept |= {topic: at for (topic, _), at in owner.committable.items()}

    def crash(self) -> None:
        """The process is gone, with everything that was not committed; the next one rebuilds where the ledger is empty though work was
        done."""
        self._drop()
        self._begin()

    def ends(self) -> None:
        """The process is gone and no other one comes."""
        self._drop()

    @property
    def offset(self) -> int:
        """The group's offset of the commands."""
        self._keep_offsets()
        return self._log.kept.get(self._log.topic, 0)

    @offset.setter
    def offset(self, at: int) -> None:
        """Reset it, as an operator does while nobody consumes."""
        self._drop()
        self._log.kept[self._log.topic] = at

    def lose(self, results: bool) -> None:
        """The ledger is empty, and the results where `results`: a new owner rebuilds it."""
        self.offset = len(self.log)
        self.index = Index(CODEC.decode)
        self.results = {} if results else self.results
        self._begin()

    def lose_all(self) -> None:
        """Ledger and results are empty and the group begins at the first command: to a new owner it looks like a first start."""
        self.offset = 0
        self.index, self.results = Index(CODEC.decode), {}
        self._begin()

    # --- what is committed ---

    def _committed(self, lines: Lines) -> None:
        self.groups.append(sum(topic == f"ledger.{self.system}" for topic, _ in lines))
        for topic, value in lines:
            self._line(topic, value)

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
            asyncio.get_running_loop().call_soon(self._controlled, value)
        if topic == "links":
            asyncio.get_running_loop().call_soon(self._followed, Message(0, value, of="links"))

    # --- what goes in ---

    def command(self, record: str, command: Mapping[str, Any]) -> None:
        """Append one to the log."""
        self.log.append(message_of(len(self.log), record, command))

    def raw(self, content: bytes) -> None:
        """Append what may be no command."""
        self.log.append(Message(len(self.log), content, of=self._log.topic))

    def take(self, count: int) -> None:
        """The consumer gets the next ones."""
        assert self.consuming.is_alive
        self._log.given = min(len(self.log), self._log.given + count)

    def reads(self) -> None:
        """The consumer gets all that is in the log."""
        self.take(len(self.log))

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
        self._followed(message)

    def links(self, connection: str, source_id: str, partition: int) -> None:
        """A link of a connection whose commands lie in that partition comes."""
        self.links_to("invoice", source_id, "T1", connection, partition)

    def links_to(self, entity: str, source_id: str, target_id: str, connection: str = "acme", partition: int = 0) -> None:
        """A link of a source object comes."""
        link = {
            "connection": connection,
            "entity": entity,
            "source_id": source_id,
            "target_id": target_id,
            "target_system": self.system,
        }
        value = CODEC.encode("links", "connection.link", blank("connection.link") | link)
        self._followed(Message(0, value, of="links", number=partition))

    def _followed(self, message: Message) -> None:
        told = self.consuming.context.followed.fold(cast("Any", message))
        if told is not None:
            self.consuming.told(*told)

    def applies(self, connection: str = "acme", seen: bool = True, **chosen: Any) -> None:
        """A new version of a connection's settings is in force; told now, or (not `seen`) found by the next owner."""
        self._chosen = {**self._chosen, **chosen}
        self._versions[connection] += 1
        self._connected = {**self._connected, connection: self._joined(connection)}
        if seen:
            self.reminds(connection)

    def reminds(self, connection: str = "acme") -> None:
        """The sink is told of settings though they are the same."""
        self.consuming.told("settings", connection)

    def new_credentials(self, connection: str = "acme") -> None:
        """Other credentials are in force; not told yet."""
        self._credentials[connection] += 1

    def codec_fails(self, state: str, error: Exception) -> None:
        """The next ledger record of that state cannot be encoded."""
        self._codec.fails[state] = error

    def reading_fails(self, op_key: str, after: int, error: Exception) -> None:
        """The ledger's index cannot be read once, after an op-key was read so often."""
        self.index.fails[op_key] = [*[None] * after, error]

    # --- time ---

    async def turns(self, count: int) -> None:
        """Let the loop go round."""
        for _ in range(count):
            self._log.turned.set()
            await asyncio.sleep(0)

    async def passes(self, seconds: float, step: float = 1.0) -> None:
        """Time goes on, in steps."""
        until = self.clock.passed_s + seconds
        while self.clock.passed_s < until:
            self.clock.moves(min(step, until - self.clock.passed_s))
            await self.turns(20)
            self.consuming.tick()
            await self.turns(20)
            self.checked()

    async def rest(self, hours: int = 30) -> None:
        """Everything is taken, and every wait of the sink's own has ended."""
        self.take(len(self.log))
        for step in range(60 + hours):
            await self.turns(40)
            self.checked()
            if self._rests():
                return
            self.clock.moves(5.0 if step < 60 else 3600.0)
            self.consuming.tick()
        await self.turns(40)

    def checked(self) -> None:
        """What holds at any time."""
        for held in self.consuming.held.values():
            if held.owner.opened and not held.owner.failed:
                found = invariants.check(held.owner, held.intake)
                assert not found, found

    def _rests(self) -> bool:
        if 0 not in self.consuming.held or not self.owner.opened or self._log.position < self._log.given:
            return False
        busy = any(case.is_busy or case.queued or case.behind or case.unacked for case in self.owner.cases)
        return not (busy or self.owner.exchange.tasks or any(rest.state != e.HELD for _, rest in self.index.resting()))

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
        assert self._consuming is not None
        return self._consuming.context.followed.paused(self.system, connection)

    def remembered(self) -> int:
        """How many things the process keeps in memory of the partition and of what it follows."""
        return remembered(self.consuming, without=(self.index,))


def command_of(record: str, **fields: Any) -> dict[str, Any]:
    """A command of the toy connection."""
    return blank(f"command.{record}") | {"connection": "acme", "currency": "USD", **fields}
