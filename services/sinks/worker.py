"""`run sinks`: writes the wanted documents of each system until SIGTERM. Running writes get their answer before it ends.

Each system has one consumer of the group `sinks.<system>`, in a thread of its own; everything else runs in one loop. The owner of command
partition p owns partition p of the ledger, results and controls. A partition with a commit of unknown result is taken again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from confluent_kafka import Message

from runtime import kafka
from runtime.clock import Clock, clock_from_environment
from runtime.errors import EXIT_SOFTWARE, Broken
from runtime.log import configure, log
from runtime.rolekeys import SINKS
from runtime.settings import Settings
from schemas.codec import Codec
from services import start
from services.access import AccessProvider, credentials_version
from services.credentials import CredentialStore
from services.health import Health
from services.refusals import Refusals
from services.sinks.command_log import GroupLog
from services.sinks.commit import Thread
from services.sinks.consume import Consuming, Ports
from services.sinks.context import SinkContext
from services.sinks.follow import Followed, Following, committed_controls
from services.sinks.gauges import Gauges
from services.sinks.links import Links
from services.sinks.pool import Opener, OpenWriter, WriterPool
from services.sinks.takeover import Committed, TakenPartition, take_over
from systems import registry
from systems.contract import Role
from topology.configuration import Connected, Follower
from topology.slot import take_slot
from topology.topics import records_of_topic
from topology.trust import Signatures

EXIT_OK = 0
TICK_S = 0.02


@dataclass(frozen=True)
class Seams:
    """What tests and benches put in place of the real parts."""

    open_session: Opener | None = None
    clock: Clock | None = None
    stopping: threading.Event | None = None


def run(settings: Settings, systems: Sequence[str] = (), seams: Seams | None = None) -> int:
    """Run the sinks of these systems (default: every system that accepts writes) until SIGTERM. The exit code is 70 if one ended by itself.

    Raises `Broken` or `NotRegistered` if it must not start.
    """
    seams = seams or Seams()
    configure(service="sinks")
    records = records_of_topic(settings.kafka.topic_prefix)
    start.prepared(settings, "sinks", records)
    loaded = start.loaded(settings, records)
    slot = take_slot(settings, "sinks")
    settings = settings.named("sinks", slot.name)
    stopping = seams.stopping or start.stop_event()
    names = systems or [system.name for system in registry.systems() if system.open_writer is not None]
    sinks = Sinks(settings, loaded, seams, settings.state_dir / "sinks" / slot.name)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(sinks.run(names, stopping))
    finally:
        slot.release()


class Sinks:
    """The sinks of one process."""

    def __init__(self, settings: Settings, loaded: Codec, seams: Seams, folder: Path) -> None:
        self._settings = settings
        self._codec = loaded
        self._folder = folder
        self._clock = seams.clock or clock_from_environment()
        self._consuming: list[Consuming] = []
        self._threads: dict[tuple[str, int, str], Thread] = {}
        self._defect = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._store: CredentialStore | None = None
        self._open_session = seams.open_session
        self._follower = Follower(settings, loaded, lambda connection: self._tell("settings", connection))
        self._following: Following | None = None
        self._unseen = False
        self._refusals = Refusals(settings, loaded, "sinks")

    async def run(self, names: Sequence[str], stopping: threading.Event) -> int:
        """Start, tick until it is time to stop, and stop in order."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._unexpected)
        links = Links(self._folder / "links")
        followed = Followed(self._codec, links, frozenset(names))
        await asyncio.to_thread(self._read, names, followed)
        self._consuming = [self._start(name, followed) for name in names]
        health = Health(self._settings, self._trouble)
        gauges = Gauges(self._consuming)
        await health.start()
        log.info("started", systems=list(names), port=health.port)
        try:
            while not stopping.is_set() and not self._ended():
                self._tick()
                await asyncio.sleep(TICK_S)
            code = EXIT_OK if stopping.is_set() else EXIT_SOFTWARE
            if code != EXIT_OK:
                log.error("ends", why=self._ended(), remedy="the process ends and is to be started again")
        finally:
            await self._stop(health, gauges, links)
        log.info("stopped", systems=list(names), code=code)
        return code

    async def _stop(self, health: Health, gauges: Gauges, links: Links) -> None:
        """Stop everything in order, the consumers first. If one part cannot be stopped, the others are stopped all the same, so that the
        process ends."""
        async with AsyncExitStack() as last_to_first:
            last_to_first.callback(self._refusals.close)
            if self._store is not None:
                last_to_first.callback(self._store.stop)
            last_to_first.callback(links.close)
            if self._following is not None:
                last_to_first.callback(self._following.stop)
            last_to_first.callback(self._follower.stop)
            last_to_first.callback(gauges.close)
            last_to_first.push_async_callback(health.stop)
            for thread in self._threads.values():
                last_to_first.push_async_callback(asyncio.to_thread, thread.close)
            for one in reversed(self._consuming):
                last_to_first.push_async_callback(one.stop)

    def _read(self, names: Sequence[str], followed: Followed) -> None:
        if self._open_session is None:
            settings, clock = self._settings, self._clock
            self._store = CredentialStore(settings, self._codec, clock, lambda c: self._tell("settings", c), SINKS)
            self._store.on_refusal(self._refusals)
            self._store.start()
        self._follower.start()
        needed = committed_controls(self._settings, names)
        self._following = Following(self._settings, followed, self._tell, needed, self._refusals).start()

    def _tick(self) -> None:
        was_unseen, self._unseen = self._unseen, bool(self._following and self._following.trouble)
        try:
            if was_unseen and not self._unseen:
                self._told("seen again", "")
            for one in self._consuming:
                one.tick()
        except Exception as error:  # noqa: BLE001 - the edge of the process: it ends in order
            log.exception("tick_failed")
            self._defect = f"{type(error).__name__}: {error}"[:300]

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task or callback ended with an error that nobody handles, so its work is not done. The process ends, and the next one goes on
        from the ledger. A failed transport or bare future is different: it is a lost connection, of which its caller knows."""
        loop.default_exception_handler(context)
        if "exception" in context and ("handle" in context or isinstance(context.get("future", context.get("task")), asyncio.Task)):
            self._defect = f"{context.get('message')}: {context['exception']}"[:300]

    def _ended(self) -> str:
        """What ended by itself and must not have ended; "" while everything runs."""
        if self._defect:
            return self._defect
        ended = next((one.failed or "a consumer ended" for one in self._consuming if not one.is_alive), "")
        return ended or next((one.failed for one in self._beside() if one.failed), "")

    def _start(self, name: str, followed: Followed) -> Consuming:
        system = registry.system(name)
        opener = self._open_session or self._opener(name)

        def version(connection: str) -> str:
            return credentials_version(self._store, connection, name, Role.SINK) if self._store else ""

        def connected(connection: str) -> Connected | None:
            return self._follower.snapshot.connections.get(connection)

        writers = WriterPool(opener, connected, version)
        sign = Signatures(self._settings, (SINKS,)).header_now
        topic, reading = self._settings.topic(f"command.{name}"), self._blocking(name, 0, "original")

        async def read_command(number: int, offset: int) -> bytes | None:
            found: Message | None = await reading(kafka.record_at, self._settings.kafka, topic, number, offset)
            return found.value() if found is not None else None

        context = SinkContext(
            self._settings,
            self._codec,
            system,
            self._clock,
            followed,
            writers,
            lambda: self._follower.snapshot,
            sign,
            read_command,
        )
        group = f"sinks.{name}"
        group_log = GroupLog(self._settings.kafka, (context.command_topic, self._settings.topic("control")), group)
        taking = self._blocking(name, 0, "take")

        async def take(number: int, committed: Committed) -> TakenPartition:
            reading = self._blocking(name, number, "rebuild")
            taken: TakenPartition = await taking(take_over, context, number, self._folder / name, committed, reading)
            return taken

        ports = Ports(group_log, take, lambda number: self._blocking(name, number, "commit"))
        return Consuming(context, ports).start()

    def _blocking(self, name: str, number: int, work: str) -> Thread:
        """One thread for each partition and kind of work, kept for the life of the process."""
        place = (name, number, work)
        if place not in self._threads:
            self._threads[place] = Thread(f"{work}.{name}.{number}")
        return self._threads[place]

    def _opener(self, name: str) -> Opener:
        assert self._store is not None
        access = AccessProvider(self._settings, self._store, self._clock)
        open_writer = registry.system(name).open_writer
        if open_writer is None:
            raise Broken(f"{name} takes no writes.", "Leave it out.")

        def opened(connected: Connected, role: Role) -> OpenWriter:
            made = access.access(connected.settings, name, role)
            return OpenWriter(open_writer(made), made.transport)

        return opened

    def _tell(self, kind: str, what: Any) -> None:
        """Pass a change on to the loop. Called in the followers' threads."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told, kind, what)

    def _told(self, kind: str, what: Any) -> None:
        for one in self._consuming:
            one.told(kind, what)

    def _trouble(self) -> str:
        return "; ".join(filter(None, (one.trouble for one in (*self._consuming, *self._beside()))))

    def _beside(self) -> list[Follower | Following | CredentialStore]:
        """What is followed besides the commands."""
        return [one for one in (self._follower, self._following, self._store) if one is not None]
