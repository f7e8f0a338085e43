"""Which partitions this process owns, and their `fetch` records: one consumer of the group `pollers.fetch` on three topics.

`connections`, `fetch` and `cursors` have the same number of partitions and are assigned by range. The owner of partition p therefore polls
the connections of p, fetches what their `fetch` records request, and learns of cursors that a person resets. `connections` is only assigned
and never read here, because the configuration is read without a group. The committed offsets are those of `fetch`; `cursors` is followed
from its end at the time of the assignment.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Protocol

from confluent_kafka import OFFSET_END, Consumer, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.lag import Lag
from runtime.log import log
from runtime.settings import Settings
from runtime.topic_ids import TopicIds
from services.ingress.fetches import FetchRecord, Offsets

GROUP = "pollers.fetch"
_MOST_OPEN = 100_000
"""How many fetches of one partition may be unfinished. Beyond that the partition is paused. Each takes about 300 bytes."""
_HANDOVER_S = 30.0


class Owner(Protocol):
    """What is called when the assignment changes or records come. Its methods are awaited on the service's loop."""

    async def taken(self, partitions: frozenset[int]) -> None:
        """These partitions are ours from now on, in addition to the others."""

    async def given_up(self, partitions: frozenset[int]) -> None:
        """These partitions are no longer ours. When this returns, none of their connections is polled."""

    async def reset(self, messages: list[Message]) -> None:
        """Records of `cursors` that came after their partitions were assigned: our own ones and those of a person."""

    async def fetches_read(self, messages: list[tuple[Message, FetchRecord]]) -> None:
        """Records of `fetch`, each with the object on which to mark it as done."""


class Assignment:
    """The consumer, in a thread of its own."""

    def __init__(self, settings: Settings, owner: Owner) -> None:
        self._settings = settings
        self._owner = owner
        self._fetch = settings.topic("fetch")
        self._cursors = settings.topic("cursors")
        self._offsets: dict[int, Offsets] = {}
        self._committed: dict[int, int] = {}
        self._paused: set[int] = set()
        self._ids = TopicIds(settings.kafka, [self._fetch])
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="assignment", daemon=True)
        self._lag = Lag(GROUP)
        self.failure = ""

    def start(self) -> None:
        """Join the group. Call it on the service's loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Leave the group: give up the partitions and commit the offsets."""
        self._stopped.set()
        await asyncio.to_thread(self._thread.join, _HANDOVER_S + 10)

    def is_alive(self) -> bool:
        """Whether the thread is running. If it has died, the process ends."""
        return self._thread.is_alive()

    def _run(self) -> None:
        client = kafka.consumer(self._settings.kafka, GROUP, **{"enable.partition.eof": True})
        client.subscribe(
            [self._settings.topic("connections"), self._fetch, self._cursors],
            on_assign=self._assigned,
            on_revoke=self._revoked,
            on_lost=self._lost,
        )
        try:
            while not self._stopped.is_set():
                found = self._consume(client)
                self._deliver([message for message in found if message.topic() == self._fetch])
                self._deliver_resets([message for message in found if message.topic() == self._cursors])
                self._commit(client, wait=False)
                self._pause_full_partitions(client)
                if self._fetch in self._ids.made_anew():
                    self._from_the_start(client)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the process ends with an error
            self.failure = f"{type(error).__name__}: {error}"
            log.error("assignment_failed", error=self.failure)
        finally:
            client.close()

    def _consume(self, client: Consumer) -> list[Message]:
        found = kafka.polled(client, 500, 0.2)
        self._lag.read(found)
        self._lag.tell(client)
        return kafka.records(found)

    def _deliver_resets(self, messages: list[Message]) -> None:
        if messages:
            self._on_loop(self._owner.reset(messages))

    def _deliver(self, messages: list[Message]) -> None:
        if not messages:
            return
        read = []
        for message in messages:
            offsets = self._offsets.setdefault(message.partition() or 0, Offsets())
            offsets.opened(message.offset() or 0)
            read.append((message, FetchRecord(offsets, message.offset() or 0)))
        self._on_loop(self._owner.fetches_read(read))

    def _on_loop(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_HANDOVER_S)

    def _commit(self, client: Consumer, wait: bool) -> None:
        ready = {p: offsets.commit for p, offsets in list(self._offsets.items()) if offsets.commit > self._committed.get(p, -1)}
        if not ready:
            return
        positions = [TopicPartition(self._fetch, p, offset) for p, offset in ready.items()]
        try:
            if wait:
                client.commit(offsets=positions, asynchronous=False)
            else:
                client.commit(offsets=positions, asynchronous=True)
        except KafkaException as error:
            log.warning("offsets_not_committed", error=str(error))  # these records are read again; nothing is lost
            return
        self._committed |= ready
        self._lag.committed({(self._fetch, partition): offset for partition, offset in ready.items()})

    def _from_the_start(self, client: Consumer) -> None:
        """`fetch` was deleted and created again, so the group's committed offsets belong to records that are gone: commit and read from offset 0."""
        places = [TopicPartition(self._fetch, p, 0) for p in self._offsets]
        self._offsets, self._committed = {p: Offsets() for p in self._offsets}, {}
        if places:
            client.commit(offsets=places, asynchronous=False)
        for place in places:
            client.seek(place)

    def _pause_full_partitions(self, client: Consumer) -> None:
        full = {p for p, offsets in self._offsets.items() if len(offsets) >= _MOST_OPEN}
        if full - self._paused:
            client.pause([TopicPartition(self._fetch, p) for p in full - self._paused])
        if self._paused - full:
            client.resume([TopicPartition(self._fetch, p) for p in self._paused - full])
        self._paused = full

    def _assigned(self, client: Consumer, partitions: list[TopicPartition]) -> None:
        # positions are set before the owner reads the cursors, so that no record falls between the two
        client.assign([self._at_end(client, one) if one.topic == self._cursors else one for one in partitions])
        client.pause([one for one in partitions if one.topic not in (self._fetch, self._cursors)])
        taken = frozenset(one.partition for one in partitions)
        self._lag.assigned((self._fetch, number) for number in taken)
        self._offsets = {p: Offsets() for p in taken}
        self._committed, self._paused = {}, set()
        log.info("assigned", partitions=sorted(taken))
        self._on_loop(self._owner.taken(taken))

    def _at_end(self, client: Consumer, partition: TopicPartition) -> TopicPartition:
        try:
            _, end = kafka.watermarks(client, partition)
        except KafkaException as error:
            log.warning("end_of_cursors_unknown", partition=partition.partition, error=str(error))
            end = OFFSET_END
        return TopicPartition(partition.topic, partition.partition, end)

    def _revoked(self, client: Consumer, partitions: list[TopicPartition]) -> None:
        gone = frozenset(one.partition for one in partitions)
        log.info("revoked", partitions=sorted(gone))
        self._on_loop(self._owner.given_up(gone))
        self._commit(client, wait=True)
        self._offsets = {}

    def _lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        gone = frozenset(one.partition for one in partitions)
        log.warning("lost", partitions=sorted(gone))
        self._on_loop(self._owner.given_up(gone))
        self._offsets = {}
