"""A simulated process of sinks: the real `Consuming` with everything it lives on, in a loop of its own, with the sessions that it opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from runtime.errors import Broken, Malformed, Refused, Throttled, Transient
from services.sinks.consume import Consuming, Ports
from services.sinks.context import SinkContext
from services.sinks.follow import Followed
from services.sinks.links import MemoryLinks
from services.sinks.pool import OpenWriter, WriterPool
from services.sinks.takeover import Committed, TakenPartition, take_over
from systems.contract import Answer, Document, Found, ResolvedCommand, Role
from tests.property.sinks.campaign import declared
from tests.property.sinks.campaign.group import SimLog
from tests.property.sinks.campaign.kafka import Record
from tests.property.sinks.campaign.loop import ProcessLoop
from tests.property.sinks.campaign.memory import CODEC
from tests.toy import NOW, TARGET
from topology.configuration import Connected, Snapshot

if TYPE_CHECKING:
    from tests.property.sinks.campaign.world import World

START = NOW
_RAISED: tuple[Callable[[], Exception], ...] = (
    lambda: RuntimeError("a defect of the client"),
    lambda: KeyError("field"),
    TimeoutError,
    lambda: Malformed("no such answer is known"),
    lambda: Transient("the connection was refused"),
    lambda: Throttled("slower", 2.0),
    lambda: Throttled("slower"),
    lambda: Broken("the credentials are refused."),
    lambda: OSError("no route"),
)


_RAISED_BY_A_LOOK_UP: tuple[Callable[[], Exception], ...] = (*_RAISED, lambda: Refused("the vendor has no id here"))


class Clock:
    """See `runtime.clock.Clock`: both go on while the machine is suspended, unless `stands_still`."""

    stands_still = False

    def __init__(self, loop: ProcessLoop) -> None:
        self._loop, self._timeline = loop, loop.timeline
        self._now_s, self._now = 0.0, START

    def now(self) -> datetime:
        if self._timeline.now != self._now_s:
            self._now_s = self._timeline.now
            self._now = START + timedelta(seconds=self._now_s)
        return self._now

    def monotonic(self) -> float:
        return self._loop.time() if self.stands_still else self._timeline.now

    async def sleep(self, duration: timedelta) -> None:
        raise AssertionError(f"nothing in a sink sleeps ({duration})")


class Process:
    """One life of a process. `slot` names the folder of its snapshots, which the next one in the same slot finds."""

    def __init__(self, world: World, number: int, slot: int) -> None:
        self.world, self.number, self.slot = world, number, slot
        self.loop = ProcessLoop(world.timeline, self._trouble)  # type: ignore[abstract]  # no sockets, no signals
        self.connections: Mapping[str, Connected] = dict(world.connections)
        self.credentials: dict[str, int] = dict(world.credentials)
        self.settings = declared.process_settings(world.partitions)
        self.followed = Followed(cast("Any", CODEC), MemoryLinks(), frozenset({TARGET}))
        self.log = SimLog(self, world.group, f"command.{TARGET}")
        self.leaving = False
        self._heard_at = 0.0
        system = declared.system(world.capability, world.shape)
        writers = WriterPool(self._open_session, self.connections_get, self.version_of)
        clock = cast("Any", Clock(self.loop))
        self.context = SinkContext(
            self.settings, cast("Any", CODEC), system, clock, self.followed, writers, self._snapshot, read_command=self._command_at
        )
        self.consuming: Consuming | None = None
        self._alarm_at: float | None = None
        self._snapshot_now = Snapshot(self.connections)

    @property
    def is_dead(self) -> bool:
        return self.loop.dead

    async def _command_at(self, number: int, offset: int) -> bytes | None:
        """A command read again, which takes its time and may fail."""
        await self.passes("original")
        if self.world.draws("original"):
            raise Transient("the cluster is away")
        await self.loop.pause(self.world.draw.choice((0.0, 0.01, 0.5)))
        found = self.world.cluster.log(f"command.{TARGET}", number).from_offset(offset, 1)
        return found[0].value() if found and found[0].offset() == offset else None

    # --- its life ---

    def start(self) -> None:
        """Read what is to be followed, then join the group."""
        for place in sorted(place for place in self.world.cluster.logs if place[0] in ("links", "control", "canonical.period")):
            for record in self.world.cluster.logs[place].records:
                self._folds(record)
        self.loop.call_soon(self._begin)

    def _begin(self) -> None:
        ports = Ports(cast("Any", self.log), self._take, self._blocking)
        self.consuming = Consuming(self.context, ports, self.world.throttle)
        self.consuming.start()
        task = self.consuming._task
        assert task is not None
        task.add_done_callback(lambda _: self.world.ended(self))

    def stop(self) -> None:
        """SIGTERM: what runs reaches its outcome, partitions are given back."""
        self.leaving = True
        consuming = self.consuming
        if consuming is None or self.is_dead:
            self.kill()
            return

        async def stops() -> None:
            await consuming.stop()
            self.kill()

        self.loop.call_soon(lambda: self.loop.create_task(stops()))
        self.log.wake()

    def kill(self) -> None:
        """SIGKILL."""
        self.loop.kill()

    def _trouble(self, context: dict[str, Any]) -> None:
        self.world.crashed(self, context)

    # --- time ---

    def tick(self) -> None:
        """As the process's own loop does every few milliseconds."""
        self._alarm_at = None
        if self.consuming is not None and not self.is_dead:
            self.consuming.tick()

    def alarm(self) -> None:
        """See that `tick` is called when the earliest alarm rings."""
        if self.consuming is None or self.loop.dead:
            return
        due: float | None = None
        for held in self.consuming.held.values():
            look_s, due_at = held.owner.schedule.next_due()
            if look_s is not None and (due is None or look_s < due):
                due = look_s
            if due_at is not None:
                at = (due_at - START).total_seconds()
                if due is None or at < due:
                    due = at
        if due is None:
            return
        now = self.loop.timeline.now
        at = max(due, now + 0.001)
        if self._alarm_at is None or at < self._alarm_at - 1e-9:
            self._alarm_at = at
            self.loop.call_later(at - now + 0.002, self._rings, at)

    def _rings(self, at: float) -> None:
        if self._alarm_at == at:
            self.tick()

    # --- what it is told ---

    def connections_get(self, connection: str) -> Connected | None:
        return self.connections.get(connection)

    def version_of(self, connection: str) -> str:
        return str(self.credentials.get(connection, 0))

    def _snapshot(self) -> Snapshot:
        return self._snapshot_now

    def _told(self, kind: str, what: Any) -> None:
        if self.consuming is not None:
            self.consuming.told(kind, what)
            self.log.stirs()

    def hears(self, delay_s: float, call: Callable[..., None], *args: Any) -> None:
        """Something outside changed; it is heard in the order in which it was said."""
        at = self._heard_at = max(self._heard_at, self.world.timeline.now + delay_s)
        self.world.timeline.later(at - self.world.timeline.now, lambda: self.loop.call_soon(call, *args))

    def _folds(self, record: Record) -> tuple[str, Any] | None:
        try:
            return self.followed.fold(cast("Any", record))
        except Exception as error:  # noqa: BLE001 - it would end the thread that follows
            self.world.judge.broken("CRASHED", f"the follower ends: {error!r}", error)
            return None

    def follows(self, record: Record) -> None:
        """A record of a topic that is followed."""
        told = self._folds(record)
        if told is not None:
            self._told(*told)

    def applied(self, connection: str, made: Connected, credentials: int) -> None:
        """Settings or credentials are in force."""
        self.connections = {**self.connections, connection: made}
        self.credentials[connection] = credentials
        self._snapshot_now = Snapshot(self.connections)
        self._told("settings", connection)

    # --- ports ---

    async def passes(self, place: str, bound_s: float = 1e9) -> None:
        """A border of an effect: the world may kill or freeze here, for no longer than `bound_s`."""
        if self.world.fault(self, place, bound_s):
            await self.loop.pause(0.0)

    def _blocking(self, _number: int) -> Any:
        return self._off_the_loop

    async def _off_the_loop(self, call: Callable[..., Any], *args: Any) -> Any:
        world = self.world
        if world.fault(self, "commit"):
            await self.loop.pause(0.0)
        await self.loop.pause(world.commit_s())
        try:
            return call(*args)
        finally:
            self.log.stirs()
            if world.fault(self, "committed"):
                await self.loop.pause(0.0)

    async def _take(self, number: int, committed: Committed) -> TakenPartition:
        await self.passes("take")
        await self.loop.pause(0.05)
        folder = Path(f"slot-{self.slot}")
        taken = take_over(self.context, number, folder, committed, self._off_the_loop)
        self.world.took(self, number)
        await self.passes("taken")
        return taken

    def _open_session(self, connected: Connected, role: Role) -> OpenWriter:
        world, name = self.world, connected.settings.connection
        if world.draws("open_session"):
            raise world.draw.choice(_RAISED)()
        return OpenWriter(cast("Any", SimWriter(self, name, f"{connected.version}/{self.version_of(name)}")))


class SimWriter:
    """See `systems.contract.Writer`: a session with the books of one connection."""

    def __init__(self, process: Process, connection: str, version: str) -> None:
        self.process, self.connection, self.version = process, connection, version
        self.world, self.erp = process.world, process.world.erps[connection]
        self.is_closed = False

    async def reserve(self, calls: int) -> None:
        await self.process.passes("reserve")
        erp, faults = self.erp, self.erp.faults
        if not erp.faulty:
            return
        if erp.draw.random() < faults.waits:
            erp.count("limiter_wait")
            await self.process.loop.pause(erp.draw.choice((0.1, 1.0, 5.0, 30.0, 120.0)))
        if erp.draw.random() < faults.reserve_fails:
            erp.count("reserve_raised")
            raise erp.draw.choice(_RAISED)()

    async def find(self, resolved: ResolvedCommand) -> Found:
        world, erp = self.world, self.erp
        self.world.judge.looks(self, resolved)
        if not erp.faulty:
            await self.process.loop.pause(0.01)
            return erp.shown(resolved)
        kind = erp.draw.random()
        if kind < erp.faults.find_fails:
            await self.process.passes("find")
            erp.count("find_raised")
            await self.process.loop.pause(erp.draw.choice((0.0, 0.01, 3.0)))
            raise erp.draw.choice(_RAISED_BY_A_LOOK_UP)()
        found = erp.shown(resolved) if kind < 0.6 else None
        slow = world.now < erp.faults.slow_until
        if slow:
            erp.count("slow_find")
        slowest = erp.extremes and self.process.number == 0  # whoever comes after it is quick
        usual = (declared.LEASE_S - 0.03,) if slowest else (0.0, 0.01, 0.01, declared.LEASE_S - 0.1)
        await self.process.loop.pause(declared.LEASE_S + 0.5 if slow else erp.draw.choice(usual))
        await self.process.passes("found")
        return found if found is not None else erp.shown(resolved)

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        process, world = self.process, self.world
        world.judge.sends(self, step, resolved)
        end: asyncio.Future[Callable[[], Answer]] = process.loop.create_future()

        def leaves() -> None:
            """The bytes go: at once, or when a process goes on that stood still behind its last look at the lease."""
            if not process.is_dead:
                lasts, heard = self._request(step, resolved, document)
                world.timeline.later(lasts, lambda: process.loop.call_soon(_is_heard, end, heard))

        world.timeline.later(world.stands_still(process), leaves)
        heard = await end
        await process.passes("answered")
        return heard()

    def _request(self, step: str, resolved: ResolvedCommand, document: Document | None) -> tuple[float, Callable[[], Answer]]:
        erp = self.erp
        if not erp.faulty or erp.draw.random() >= erp.faults.raises:
            return erp.request(step, resolved, document)
        erp.count("perform_raised")
        if erp.draw.random() < 0.5:
            self.world.timeline.later(erp.draw.choice((0.0, 2.0)), lambda: erp.unheard(step, resolved, document))
        error = erp.draw.choice(_RAISED)()

        def raises() -> Answer:
            raise error

        return 0.01, raises

    async def close(self) -> None:
        await self.process.loop.pause(0.01)
        self.is_closed = True
        if self.world.draws("close_session"):
            raise RuntimeError("the session ended badly")


def _is_heard(end: asyncio.Future[Callable[[], Answer]], heard: Callable[[], Answer]) -> None:
    if not end.done():
        end.set_result(heard)
