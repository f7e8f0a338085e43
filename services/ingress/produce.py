"""Waits for delivery reports: many records are in flight, and many reports wake up the event loop once.

confluent-kafka's own asyncio producer looks at its buffer every 100 ms (measured: a hundred requests a second). Here a thread polls, the
delivery callback appends the outcome to a deque, and one `call_soon_threadsafe` empties it.
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
"""How often Kafka is asked whether it is available again, and how long that answer may take."""


@dataclass(frozen=True)
class Outgoing:
    """A record ready to be produced. With `partition` -1 the client computes murmur2 of the key (in C; the same as `partition_of`)."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]] | None = None
    partition: int = -1


class NotStored(Transient):
    """Kafka did not acknowledge a record; it may be stored or not. Sending it again does no harm, because duplicates in `raw` are
    recognised."""


class Deliveries:
    """A producer whose delivery reports come back to the event loop on which it was started.

    `trouble` is the reason why the last report was a failure, "" if it was a success.
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
        """Begin to poll. Call it on the loop that will wait for the reports."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()
        return self

    def send(self, record: Outgoing) -> asyncio.Future[None]:
        """Pass one record to the client. The future ends with its delivery report; a failure is a `NotStored`.

        Raises `NotStored` at once if the client's queue is full.
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
        """Produce all records and wait until every one is acked; returns how many. Raises `NotStored` if one was not acked."""
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
            raise NotStored(f"{record.topic}: the producer accepts no record now: {error}") from error

    def _wake(self) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._drain)
        except RuntimeError:  # the loop is closed: nothing waits any more
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
                self._check_topic()
                look_at = time.monotonic() + _LOOK_S

    def _check_topic(self) -> None:
        """After a failure, ask whether the topic that failed can be written again: perhaps no record is sent that would show it."""
        topic = self._failed
        try:
            found = self._producer.list_topics(topic, timeout=_LOOK_S).topics.get(topic) if topic else None
        except KafkaException:
            return
        if found is not None and found.error is None and found.partitions and all(map(_is_led, found.partitions.values())):
            log.info("kafka_answers_again", topic=topic, after=self.trouble)
            self.trouble = ""

    async def stop(self) -> None:
        """Wait for the records in flight, then stop polling."""
        producer = self._producer
        await asyncio.to_thread(producer.flush, _FLUSH_S)
        await asyncio.sleep(0)
        self._stopped.set()
        await asyncio.to_thread(self._thread.join, 5)


def _is_led(partition: Any) -> bool:
    return partition.error is None and partition.leader >= 0
