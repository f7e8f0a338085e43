"""The command topic of one system as its consumer group reads it: partitions assigned and revoked, records, offsets.

The client blocks, so everything it does runs in one thread, in order, while its listener lives in the event loop. The client reports a
rebalance from within a poll; its thread then waits until the loop has taken the partitions or given them back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.errors import Transient
from runtime.lag import Lag
from runtime.log import log
from runtime.settings import Kafka
from runtime.topic_ids import TopicIds
from services.sinks.commit import Offsets, Thread
from services.sinks.takeover import Committed

POLL_S = 0.05
T = TypeVar("T")


class MadeAnew(Transient):
    """The topic was deleted and created again: every known offset belongs to a record that is gone."""


class Assignments(Protocol):
    """The consumer of the records. It is called in the loop when partitions are assigned or taken away."""

    async def assigned(self, committed: Mapping[int, Committed]) -> Mapping[int, int]:
        """These partitions are ours from now on. Returns the offset from which to read each."""

    async def revoked(self, numbers: Sequence[int]) -> Offsets:
        """These partitions are to be given back in order. Returns the offsets that may be committed."""

    async def lost(self, numbers: Sequence[int]) -> None:
        """These partitions belong to another process already."""


class CommandLog(Protocol):
    """See the module. Simulations have an implementation of their own. A pause lasts through seek, revoke and assign until it is resumed."""

    async def open(self, listener: Assignments) -> None:
        """Join the group."""

    async def poll(self, most: int) -> Mapping[int, list[Message]]:
        """The records, by partition; empty after a short wait without any. Raises `MadeAnew` once when the topic was created again; records
        read before then must be dropped."""

    async def committed(self, number: int) -> Committed:
        """The offsets that the group has committed for a partition."""

    async def pause(self, number: int) -> None:
        """Stop reading this partition."""

    async def resume(self, number: int) -> None:
        """Read it again. Allowed for a partition that is not paused."""

    async def seek(self, number: int, offset: int) -> None:
        """Continue reading at this offset."""

    async def commit(self, offsets: Offsets, mark: str = "", wait: bool = False) -> None:
        """Commit these offsets, with `mark` as their metadata. Raises `KafkaException`; without `wait`, a failure may not be reported."""

    async def close(self) -> None:
        """Leave the group."""


class GroupLog:
    """The real log: a consumer of the group `sinks.<system>`."""

    def __init__(self, settings: Kafka, topics: tuple[str, str], group: str) -> None:
        self._topic, self._control_topic = topics
        self._consumer: Consumer = kafka.consumer(settings, group, **{"enable.partition.eof": True})
        self._lag = Lag(group)
        self._ids = TopicIds(settings, [self._topic])
        self._thread = Thread(group)
        self._loop = asyncio.get_running_loop()
        self._listener: Assignments | None = None
        self._leaves = False

    async def open(self, listener: Assignments) -> None:
        """See `CommandLog`."""
        self._listener = listener
        await self._thread(
            lambda: self._consumer.subscribe([self._topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose)
        )

    async def poll(self, most: int) -> Mapping[int, list[Message]]:
        """See `CommandLog`."""
        found: dict[int, list[Message]] = defaultdict(list)
        for message in await self._thread(self._poll, most):
            found[message.partition() or 0].append(message)
        return found

    async def committed(self, number: int) -> Committed:
        """See `CommandLog`."""
        found: Committed = await self._thread(self._committed, number)
        return found

    async def pause(self, number: int) -> None:
        """See `CommandLog`."""
        await self._thread(self._consumer.pause, [TopicPartition(self._topic, number)])

    async def resume(self, number: int) -> None:
        """See `CommandLog`."""
        await self._thread(self._consumer.resume, [TopicPartition(self._topic, number)])

    async def seek(self, number: int, offset: int) -> None:
        """See `CommandLog`."""
        await self._thread(self._consumer.seek, TopicPartition(self._topic, number, offset))

    async def commit(self, offsets: Offsets, mark: str = "", wait: bool = False) -> None:
        """See `CommandLog`."""
        await self._thread(self._commit, offsets, mark, wait)

    async def close(self) -> None:
        """See `CommandLog`."""
        self._leaves = True
        await self._thread(self._consumer.close)
        await asyncio.to_thread(self._thread.close)

    # --- in the client's thread ---

    def _poll(self, most: int) -> list[Message]:
        found = kafka.polled(self._consumer, most, POLL_S)
        if self._ids.made_anew():
            raise MadeAnew(self._topic)
        self._lag.read(found)
        self._lag.tell(self._consumer)
        return kafka.records(found)

    def _committed(self, number: int) -> Committed:
        places = [TopicPartition(self._topic, number), TopicPartition(self._control_topic, number)]
        commands, control = kafka.committed(self._consumer, places)
        return Committed(commands.offset, control.offset, commands.metadata or "")

    def _commit(self, offsets: Offsets, mark: str, wait: bool) -> None:
        places = [TopicPartition(topic, partition, at, metadata=mark) for (topic, partition), at in offsets.items()]
        if wait:
            self._consumer.commit(offsets=places, asynchronous=False)
        else:
            self._consumer.commit(offsets=places)
        self._lag.committed(offsets)

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        assert self._listener is not None
        if self._leaves:  # a rebalance that waited for a poll is reported by the close, too, when no broker answers any more
            consumer.unassign()
            return
        committed = {place.partition: self._committed(place.partition) for place in partitions}
        starts = self._in_loop(self._listener.assigned(committed))
        places = []
        for number, at in starts.items():
            low, _ = kafka.watermarks(consumer, TopicPartition(self._topic, number))
            places.append(TopicPartition(self._topic, number, max(at, low)))
        self._lag.assigned((place.topic, place.partition) for place in places)
        consumer.assign(places)
        consumer.resume(places)  # the client keeps a pause from an earlier assignment

    def _revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        assert self._listener is not None
        offsets = self._in_loop(self._listener.revoked([place.partition for place in partitions]))
        try:
            if offsets:
                self._commit(offsets, "", wait=True)
        except KafkaException as error:  # the commands come again and are recognised
            log.warning("offsets_not_committed", topic=self._topic, error=str(error)[:300])

    def _lose(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        assert self._listener is not None
        self._in_loop(self._listener.lost([place.partition for place in partitions]))
