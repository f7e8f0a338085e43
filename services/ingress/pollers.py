"""The pollers: the owner of partition p reads the connections of p, system by system, whether or not webhooks are on.

In: `connections`, `credentials`, `fetch`, `cursors`. Out: `raw.<system>` (key connection/system/entity/id), `cursors`, `audit`.
Duplicates: after a crash between the ack of a page and of its cursor, the page is read again; hop 1 recognises the duplicates.
Order: all versions of one object are in one partition, in the order in which they were read.
Nothing is parsed here, and nothing goes to `dead`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from confluent_kafka import Message

from runtime import kafka, metrics
from runtime.clock import Clock, clock_from_environment
from runtime.errors import ConnectorError
from runtime.log import log
from runtime.retry import Backoff
from runtime.rolekeys import POLLERS
from runtime.settings import Settings
from schemas.codec import Record
from schemas.errors import Malformed
from services import start
from services.access import AccessProvider
from services.credentials import CredentialStore
from services.health import Health, until_stopped
from services.ingress.assignment import Assignment
from services.ingress.fetches import EVERYTHING, MOST_OF_SENDERS, FetchQueue, FetchRecord, ObjectKey
from services.ingress.polling import Cursors, Polled, SystemPoller
from services.ingress.produce import Deliveries, NotStored
from services.ingress.sessions import open_reader_session, version
from services.ingress.standing import SESSION, Standing
from services.ingress.writing import RESET, Writing, decided
from systems.connection import ConnectionSettings, Side
from systems.contract import Feed
from systems.raw import Where
from topology.configuration import Connected, Follower
from topology.raw_to_canonical import SENDERS
from topology.topics import partition_of, records_of_topic

_UNKNOWN_S = 30.0
_RETRY_BROKEN_S = 60.0


@dataclass(frozen=True)
class _Running:
    version: str
    task: asyncio.Task[None]
    poller: SystemPoller | None


class Pollers:
    """The service. All changes of its state happen on its loop; `_turn` keeps starts and stops in order."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._codec = start.loaded(settings, needed_records(settings))
        self._follower = Follower(settings, self._codec, self._changed)
        self._store = CredentialStore(settings, self._codec, clock, self._changed, POLLERS)
        self._deliveries = Deliveries(settings.kafka)
        self._writing = Writing(settings, self._codec, self._deliveries, clock)
        self._assignment = Assignment(settings, self)
        self._health = Health(settings, self.trouble)
        self._owned: frozenset[int] = frozenset()
        self._cursors: Cursors = {}
        self._running: dict[Where, _Running] = {}
        self._queues: dict[Where, FetchQueue] = {}
        self._unknown_since: dict[Where, float] = {}
        self._standings: dict[Where, Standing] = {}
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._joined = False

    @property
    def metrics_port(self) -> int:
        """The port of /healthz, /readyz and /metrics, after the start."""
        return self._health.port

    def trouble(self) -> str:
        """Why it cannot work now; "" if it can. The trouble of a single connection is not that of the process."""
        if self._assignment.failure:
            return self._assignment.failure
        if self._deliveries.trouble:
            return f"Kafka does not acknowledge: {self._deliveries.trouble}"
        unseen = "; ".join(filter(None, (self._follower.trouble, self._store.trouble)))
        return unseen or ("" if self._joined else "no partitions assigned yet")

    def failed(self) -> str:
        """Why it will never work again (it left its group, or what it follows has ended); "" otherwise."""
        unseen = self._follower.failed or self._store.failed
        return unseen or ("" if self._assignment.is_alive() else self._assignment.failure or "it left its group")

    def stopped(self) -> dict[Where, str]:
        """The systems of connections that wait for a person, each with the reason."""
        return {where: one.poller.trouble for where, one in self._running.items() if one.poller is not None and one.poller.trouble}

    async def start(self) -> None:
        """Read the configuration, then join the group."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._store.start)
        await asyncio.to_thread(self._follower.start)
        self._deliveries.start()
        await self._health.start()
        self._keeping = asyncio.create_task(self._keep_aligned())
        self._assignment.start()
        log.info("ready", metrics_port=self.metrics_port)

    async def stop(self) -> None:
        """Leave the group. Sessions are logged out; what was acked is kept."""
        await self._assignment.stop()
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        await self.given_up(self._owned)
        await self._deliveries.stop()
        await self._health.stop()
        await asyncio.to_thread(self._follower.stop)
        await asyncio.to_thread(self._store.stop)

    # --- called by the assignment ---

    async def taken(self, partitions: frozenset[int]) -> None:
        """Read the cursors of these partitions, then poll their connections."""
        found = await asyncio.to_thread(self._read_cursors, partitions)
        async with self._turn:
            self._cursors |= found
            self._owned |= partitions
            self._joined = True
        self._wake.set()

    async def given_up(self, partitions: frozenset[int]) -> None:
        """Stop polling the connections of these partitions."""
        async with self._turn:
            self._owned -= partitions
            for where in [w for w in {*self._running, *self._queues} if self._partition(w) in partitions]:
                await self._stop_poller(where)
                self._queues.pop(where, None)
            for key in [key for key in self._cursors if self._partition_of(key[0]) in partitions]:
                del self._cursors[key]  # changed in place: the pollers of other partitions use the same dictionary

    async def fetches_read(self, messages: list[tuple[Message, FetchRecord]]) -> None:
        """Put each `fetch` record into its queue. One that cannot be read is logged and done; its bytes stay in `fetch`.

        Objects that a sender names beyond the cap of its connection are noted in `audit` and done: the feeds read them.
        """
        beyond_cap: dict[Where, list[tuple[ObjectKey, FetchRecord]]] = {}
        for message, fetch in messages:
            try:
                record = self._codec.decode_one("raw.fetch", message.value())
            except Malformed as error:
                log.error("fetch_unreadable", partition=message.partition(), offset=message.offset(), error=str(error)[:200])
                fetch.done()
                continue
            where = Where(record["connection"], record["system"])
            if record["entity"] == EVERYTHING:
                self._read_now(where)
                fetch.done()
                continue
            key = (record["entity"], record["source_id"])
            queue = self._queues.setdefault(where, FetchQueue())
            if not queue.add(key, fetch, of_sender=record["reason"] in SENDERS):
                beyond_cap.setdefault(where, []).append((key, fetch))
        for where, excess in beyond_cap.items():
            await self._refuse_excess(where, excess)

    async def _refuse_excess(self, where: Where, beyond_cap: list[tuple[ObjectKey, FetchRecord]]) -> None:
        metrics.FETCH_LEFT_OUT.labels(where.connection, where.system).inc(len(beyond_cap))
        detail = f"fetch: webhooks and pushes name more than {MOST_OF_SENDERS} objects at once; the feeds read the others"
        try:
            await self._writing.decision(decided(where, "refused", detail), len(beyond_cap))
        except NotStored:  # the decision could not be stored, so they are fetched after all
            for key, fetch in beyond_cap:
                self._queues[where].add(key, fetch)
            return
        for _, fetch in beyond_cap:
            fetch.done()

    async def reset(self, messages: list[Message]) -> None:
        """Take up cursors that a person reset: that system of the connection starts again, and nothing of its pages is remembered."""
        for message in messages:
            try:
                record = self._codec.decode_one("raw.cursor", message.value())
            except Malformed as error:
                log.error("cursor_unreadable", partition=message.partition(), offset=message.offset(), error=str(error)[:200])
                continue
            if record.get("page_digest") == RESET:
                await self._restart_from(record)

    async def _restart_from(self, record: Record) -> None:
        where = Where(record["connection"], record["feed"].partition(".")[0])
        async with self._turn:
            if self._partition(where) not in self._owned:
                return
            await self._stop_poller(where)
            self._cursors[(record["connection"], record["feed"])] = record
            log.info("cursor_reset", connection=where.connection, feed=record["feed"], position=record["position"])
            # write it once more, after the cursor of a page that was perhaps being read meanwhile
            with contextlib.suppress(NotStored):
                await self._writing.cursor({**record, "page_digest": ""})
        self._wake.set()

    def _read_now(self, where: Where) -> None:
        """A person requests a poll of every feed. A side whose session could not be opened is tried again at once."""
        running = self._running.get(where)
        if running is not None and running.poller is not None:
            running.poller.read_now()
        elif running is not None:
            running.task.cancel()
            self._wake.set()

    def _read_cursors(self, partitions: frozenset[int]) -> Cursors:
        found: Cursors = {}
        for message in kafka.read_to_end(self._settings.kafka, self._settings.topic("cursors"), sorted(partitions)):
            try:
                record = self._codec.decode_one("raw.cursor", message.value())
            except Malformed as error:
                log.error("cursor_unreadable", partition=message.partition(), offset=message.offset(), error=str(error)[:200])
                continue
            found[(record["connection"], record["feed"])] = record
        return found

    # --- one poller per connection and system ---

    def _changed(self, _: str) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _keep_aligned(self) -> None:
        """Start and stop pollers so that those run that should, after every change and every few seconds."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 5)
            self._wake.clear()
            async with self._turn:
                await self._align()
            await self._refuse_unknown()

    async def _align(self) -> None:
        desired = dict(self._desired())
        for where in [w for w, one in self._running.items() if w not in desired or one.version != desired[w][2] or one.task.done()]:
            await self._stop_poller(where)
        for where, (connected, side, made) in desired.items():
            if where not in self._running:
                self._running[where] = self._start_poller(where, connected, side, made)

    def _desired(self) -> list[tuple[Where, tuple[Connected, Side, str]]]:
        found = []
        for connected in self._follower.snapshot.connections.values():
            settings = connected.settings
            if self._partition_of(settings.connection) not in self._owned:
                continue
            for side in (settings.field_service, settings.erp):
                where = Where(settings.connection, side.system)
                found.append((where, (connected, side, version(settings, side, self._store))))
        return found

    def _start_poller(self, where: Where, connected: Connected, side: Side, made: str) -> _Running:
        queue = self._queues.setdefault(where, FetchQueue())
        try:
            polled = self._polled(where, connected.settings, side)
        except ConnectorError as error:
            log.error("system_stopped", connection=where.connection, system=where.system, why=str(error))
            return _Running(made, asyncio.create_task(_report_and_wait(self._standing(where), error)), None)
        poller = SystemPoller(polled, queue, self._cursors)
        return _Running(made, asyncio.create_task(poller.run(), name=f"{where.connection}/{where.system}"), poller)

    def _polled(self, where: Where, settings: ConnectionSettings, side: Side) -> Polled:
        keys = settings.webhook_keys if side is settings.field_service else settings.push_keys
        cap = timedelta(seconds=5 if self._settings.profile == "demo" else 60)
        return Polled(
            where=where,
            system=side.declared,
            feeds=feeds_of(side),
            session=open_reader_session(settings, side, AccessProvider(self._settings, self._store, self._clock)),
            writing=self._writing,
            clock=self._clock,
            backoff=Backoff(cap=cap),
            sends_hints=bool(keys),
            standing=self._standing(where),
        )

    def _standing(self, where: Where) -> Standing:
        """The standing of a side, kept for the life of the process, so that opening a session again is not reported as a change."""

        async def tell(decision: str, feed: str, detail: str) -> None:
            await self._writing.decision(decided(where, decision, detail, (feed, "")))

        return self._standings.setdefault(where, Standing(tell))

    async def _stop_poller(self, where: Where) -> None:
        running = self._running.pop(where, None)
        if running is None:
            return
        running.task.cancel()
        try:
            await running.task
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - one poller's end must not end the others
            log.error("poller_ended", connection=where.connection, system=where.system, exc_info=error)

    async def _refuse_unknown(self) -> None:
        """Refuse fetches of connections or systems that do not exist, but only after a while: they may be about to be applied."""
        now = self._clock.monotonic()
        unknown = [where for where, queue in self._queues.items() if len(queue) and where not in self._running]
        self._unknown_since = {where: self._unknown_since.get(where, now) for where in unknown}
        for where, since in self._unknown_since.items():
            if now - since < _UNKNOWN_S:
                continue
            queue = self._queues[where]
            refused = decided(where, "refused", "fetch: the connection does not join this system")
            with contextlib.suppress(NotStored):
                await self._writing.decision(refused, len(queue))
                queue.done_all()

    def _partition(self, where: Where) -> int:
        return self._partition_of(where.connection)

    def _partition_of(self, connection: str) -> int:
        return partition_of(connection, self._settings.kafka.partitions)


async def _report_and_wait(standing: Standing, error: ConnectorError) -> None:
    """The side cannot be opened: report it, and try again after a while."""
    await standing.failed(SESSION, error)
    await asyncio.sleep(_RETRY_BROKEN_S)


def feeds_of(side: Side) -> tuple[Feed, ...]:
    """The feeds of a side: those that its settings leave on (`feeds_off`), at the pace that its settings give (`feed_cadences`)."""
    paces: Mapping[str, timedelta] = getattr(side.own(), "feed_cadences", {})
    on = (feed for feed in side.declared.feeds if feed.name not in side.feeds_off)
    return tuple(replace(feed, cadence=paces.get(feed.name, feed.cadence)) for feed in on)


def needed_records(settings: Settings) -> dict[str, tuple[str, ...]]:
    """The topics and records of this service. It refuses to start if their schemas are not registered."""
    mine = ("connections", "credentials", "crosswalk", "fetch", "cursors", "audit")
    desired = {name: records for name, records in records_of_topic().items() if name in mine or name.startswith("raw.")}
    return {settings.topic(name): records for name, records in desired.items()}


async def _serve(settings: Settings) -> int:
    stopping = start.stop_event_of_loop()
    pollers = Pollers(settings, clock_from_environment())
    await pollers.start()
    code = await until_stopped(stopping, pollers.failed)
    await pollers.stop()
    return code


def run(settings: Settings) -> int:
    """Poll until SIGTERM. Returns the exit code, which is 70 if a part of it failed for good."""
    return asyncio.run(_serve(start.prepared(settings, "pollers", needed_records(settings))))
