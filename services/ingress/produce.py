"""From the delivery report back to whoever waits: many records in flight, one wake-up of the loop for many reports.

confluent-kafka's own asyncio producer looks at its buffer every 100 ms (measured: a hundred requests a second); here a thread polls,
the delivery callback puts the outcome on a deque, and one `call_soon_threadsafe` empties it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from runtime import kafka, metrics
from runtime.errors import Transient
from runtime.log import log
from runtime.settings import Kafka

_FLUSH_S = 10.0
_LOOK_S = 1.0
"""How often Kafka is asked whether it is there again, and how long an answer may take."""


@dataclass(frozen=True)
class Outgoing:
    """A record ready to go. `partition` -1 lets the client count murmur2 of the key (in C; the same as `partition_of`)."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]] | None = None
    partition: int = -1


class NotStored(Transient):
    """Kafka did not acknowledge a record; it may be there or not. Sending it again is harmless: raw is read with duplicates."""


class Deliveries:
    """A producer whose reports come back to the event loop it was started on.

    `trouble` is the reason why the last report was a failure, "" when it was a success.
    """

    def __init__(self, settings: Kafka, **more: Any) -> None:
        self._make: Callable[[], Producer] = lambda: kafka.producer(settings, **{"partitioner": "murmur2", **more})
        self._producer = self._make()
        self._reports: deque[tuple[asyncio.Future[None], KafkaError | None]] = deque()
        self._woken = False
        self._stopped = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._poll, name="deliveries", daemon=True)
        self.trouble = ""
        self._failed = ""

    def start(self) -> Deliveries:
        """Begin to poll; called on the loop that will wait."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    def send(self, record: Outgoing) -> asyncio.Future[None]:
        """Hand one record to the client; the future ends with its delivery report, with `NotStored` where that is a failure.

        Raises `NotStored` at once when the client's queue is full.
        """
        assert self._loop is not None, "start() comes first"
        future: asyncio.Future[None] = self._loop.create_future()

        def reported(error: KafkaError | None, _: object) -> None:
            if error is not None:
                self._failed = record.topic
            self._reports.append((future, error))
            if not self._woken:
                self._woken = True
                self._wake()

        self._produce(record, reported)
        return future

    async def send_all(self, records: Iterable[Outgoing]) -> int:
        """Hand over all records and wait until every one is acked; returns how many. Raises `NotStored` when one was not."""
        waiting: list[asyncio.Future[None]] = []
        try:
            for record in records:
                waiting.append(await self._with_room(record))
        finally:
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise NotStored(f"{len(waiting)} records: one was not acknowledged") from outcome
        return len(waiting)

    async def _with_room(self, record: Outgoing) -> asyncio.Future[None]:
        for _ in range(100):
            try:
                return self.send(record)
            except NotStored:
                await asyncio.sleep(0.1)
        return self.send(record)

    def _produce(self, record: Outgoing, reported: Callable[[KafkaError | None, object], None]) -> None:
        try:
            self._producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                partition=record.partition,
                headers=record.headers,
                on_delivery=reported,
            )
        except (BufferError, KafkaException) as error:
            self._failed = record.topic
            self.trouble = str(error)
            raise NotStored(f"{record.topic}: the producer takes nothing now: {error}") from error

    def _wake(self) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:  # the loop is closed: nobody waits any more
            self._stopped.set()

    def _drain(self) -> None:
        self._woken = False
        failed = 0
        while self._reports:
            future, error = self._reports.popleft()
            if error is None:
                self.trouble = ""
                if not future.done():
                    future.set_result(None)
                continue
            failed += 1
            self.trouble = error.str()
            if error.fatal():
                self._producer = self._make()
            if not future.done():
                future.set_exception(NotStored(error.str()))
        if failed:
            metrics.DELIVERY_FAILURES.inc(failed)
            log.warning("not_stored", count=failed, error=self.trouble)

    def _poll(self) -> None:
        look_at = 0.0
        while not self._stopped.is_set():
            self._producer.poll(0.1)
            if self.trouble and time.monotonic() >= look_at:
                self._look()
                look_at = time.monotonic() + _LOOK_S

    def _look(self) -> None:
        """After a failure, ask whether the topic that failed can be written again: nobody may send what would show it."""
        topic = self._failed
        try:
            found = self._producer.list_topics(topic, timeout=_LOOK_S).topics.get(topic) if topic else None
        except KafkaException:
            return
        if found is not None and found.error is None and found.partitions and all(map(_is_led, found.partitions.values())):
            log.info("kafka_answers_again", topic=topic, after=self.trouble)
            self.trouble = ""

    async def stop(self) -> None:
        """Wait for what is in flight, then stop polling."""
        producer = self._producer
        await asyncio.to_thread(producer.flush, _FLUSH_S)
        await asyncio.sleep(0)
        self._stopped.set()
        await asyncio.to_thread(self._thread.join, 5)


def _is_led(partition: Any) -> bool:
    return partition.error is None and partition.leader >= 0
