"""The polling half of a hop's loop: it polls records, passes them to the worker in batches, and reacts to rebalances of the group.

A batch is passed on as soon as the input is empty, and at the latest after 100 ms, 2,000 records or 16 MiB. While the worker has a batch,
the next one is collected. If the worker is behind for a second, the partitions are paused and polling goes on, so that the process stays a
member of the group. (Pausing for every batch would throw away the client's prefetched records each time.)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.errors import EXIT_SOFTWARE, Broken
from runtime.log import log
from runtime.topic_ids import TopicIds
from topology.batch import ConsumerRecord
from topology.way import Hop
from topology.worker import Batch, Surroundings, Worker

MOST_RECORDS = 2000
MOST_BYTES = 16 * 1024 * 1024
"""The size limit of a batch. What the client has prefetched may come on top of it once. Even a batch of only the largest records is
finished in time."""
LONGEST_S = 0.1
_BEHIND_S = 1.0


class Loop:
    """The loop of one hop. `start` returns at once; `stop` returns when the running batch is committed and the process has left the group."""

    def __init__(self, hop: Hop, around: Surroundings) -> None:
        self._hop, self._around = hop, around
        self.worker = Worker(hop, around)
        self._inputs = [around.settings.topic(name) for name in hop.inputs]
        self._consumer: Consumer | None = None
        self._assignment: list[TopicPartition] = []
        self._epoch = 0
        self._paused = True
        self._ids = TopicIds(around.settings.kafka, self._inputs)
        self._anew: frozenset[str] = frozenset()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=hop.name, daemon=True)

    def start(self) -> Loop:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Drain: finish the running batch and leave the group."""
        self._stopping.set()
        self._thread.join(60)

    @property
    def is_ready(self) -> bool:
        """Whether partitions are assigned and their state is complete."""
        return self.worker.ready.is_set()

    @property
    def is_alive(self) -> bool:
        """Whether its thread is running."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.worker.start()
            self._consumer = kafka.consumer(self._around.settings.kafka, self._hop.name, **{"enable.partition.eof": True})
            self._consumer.subscribe(self._inputs, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
            while not self._stopping.is_set():
                self._turn(self._consumer)
            self._consumer.close()
            self.worker.stop()
        except Exception as error:  # noqa: BLE001 - the edge of a process loop
            log.error("loop_failed", hop=self._hop.name, error=f"{type(error).__name__}: {error}"[:500])
            self._around.exit(EXIT_SOFTWARE)

    # --- rebalances (the client calls these inside poll, consume and close)

    def _on_assign(self, client: Consumer, partitions: list[TopicPartition]) -> None:
        self._epoch += 1
        own = sorted({one.partition for one in partitions})
        if len(partitions) != len(own) * len(self._inputs):
            raise Broken(
                f"{self._hop.name}: partitions {own} were not assigned for each of {len(self._inputs)} inputs.",
                "Every topic needs the same number of partitions, and every member the same version.",
            )
        self._assignment = [TopicPartition(one.topic, one.partition) for one in partitions]
        self.worker.lag.assigned((one.topic, one.partition) for one in partitions)
        if not self._is_positioned(client):
            self.worker.stale.set()
        log.info("assigned", hop=self._hop.name, partitions=own)

    def _position(self, client: Consumer) -> None:
        """Read the committed offsets; the call waits while an open transaction may still move them (`read_committed` implies
        require-stable)."""
        positions = kafka.committed(client, self._assignment) if self._assignment else []
        client.assign(positions)
        if positions:
            client.pause(self._assignment)
        self._paused = True
        self.worker.ready.clear()
        self.worker.assign(sorted({one.partition for one in self._assignment}))

    def _on_revoke(self, client: Consumer, _: list[TopicPartition]) -> None:
        self._leave(client, finish=True)

    def _on_lost(self, client: Consumer, _: list[TopicPartition]) -> None:
        log.warning("partitions_lost", hop=self._hop.name)
        self._leave(client, finish=False)

    def _leave(self, client: Consumer, finish: bool) -> None:
        self._epoch += 1
        self._assignment = []
        self.worker.revoke(finish)
        client.unassign()

    # --- records

    def _turn(self, client: Consumer) -> None:
        self._anew |= self._ids.made_anew()
        if self._anew and self._assignment and self.worker.wait_idle(_BEHIND_S):
            self._from_the_start(client)
        if self.worker.stale.is_set() and self.worker.wait_idle(0) and not self._positioned_again(client):
            return
        if self._paused and self.worker.ready.is_set() and self._assignment:
            client.resume(self._assignment)
            self._paused = False
        self.worker.lag.tell(client)
        epoch = self._epoch
        batch = self._collect(client)
        if batch and epoch == self._epoch and not self._stopping.is_set():
            self.worker.submit(_batch(batch, client))

    def _from_the_start(self, client: Consumer) -> None:
        """A topic was deleted and created again, so the group's committed offsets belong to records that are gone: commit offset 0. Tried
        again until it succeeds."""
        places = [TopicPartition(one.topic, one.partition, 0) for one in self._assignment if one.topic in self._anew]
        try:
            client.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            log.warning("offsets_not_committed", hop=self._hop.name, error=str(error)[:300])
            return
        self._anew = frozenset()
        self.worker.stale.set()  # the positions are read and the state is folded again

    def _positioned_again(self, client: Consumer) -> bool:
        """Read the positions again after a transaction in doubt. False while the broker does not answer; the next turn tries again."""
        self._epoch += 1
        client.unassign()
        if self._is_positioned(client):
            return True
        client.poll(1.0)
        return False

    def _is_positioned(self, client: Consumer) -> bool:
        try:
            self._position(client)
        except KafkaException as error:
            log.warning("positions_not_read", hop=self._hop.name, error=str(error)[:300])
            self._paused = True
            self.worker.ready.clear()
            return False
        return True

    def _collect(self, client: Consumer) -> list[Message]:
        """One batch, as soon as the worker is free for it; empty if no record came."""
        first = client.poll(0.05 if self._paused else 0.2)
        if first is None:
            return []
        epoch, started, found = self._epoch, time.monotonic(), self._records([first])
        while epoch == self._epoch and not self._stopping.is_set():
            more = [] if _is_full(found) else client.consume(MOST_RECORDS - len(found), timeout=0)
            found += self._records(more)
            is_due = not more or time.monotonic() - started > LONGEST_S
            if is_due and self.worker.wait_idle(0.005 if more else 0.05):
                return found
            if time.monotonic() - started > _BEHIND_S:
                self._wait_paused(client)
                started = time.monotonic()
        return []

    def _records(self, messages: Sequence[Message]) -> list[Message]:
        self.worker.lag.read(messages)
        return kafka.records(messages)

    def _wait_paused(self, client: Consumer) -> None:
        """Stay in the group while the worker is behind, without taking more records."""
        epoch, paused = self._epoch, list(self._assignment)
        client.pause(paused)
        while epoch == self._epoch and not self._stopping.is_set() and not self.worker.wait_idle(0.05):
            if (stray := client.poll(0)) is not None:
                kafka.raise_if_fatal(stray)
        if epoch == self._epoch:
            client.resume(paused)


def _is_full(found: Sequence[Message]) -> bool:
    return len(found) >= MOST_RECORDS or sum(len(message) for message in found) >= MOST_BYTES


def _batch(messages: Sequence[Message], client: Consumer) -> Batch:
    ends: dict[tuple[Any, Any], int] = {}
    records: list[ConsumerRecord] = []
    for message in messages:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        records.append(ConsumerRecord(topic, partition, offset, message.key(), message.value(), message.headers()))  # type: ignore[arg-type]  # set on every record that is not an error
        ends[(topic, partition)] = (offset or 0) + 1
    offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in ends.items()]
    try:
        group = client.consumer_group_metadata()
    except KafkaException as error:
        raise Broken("the consumer's group metadata cannot be read") from error
    return Batch(records, offsets, group)
