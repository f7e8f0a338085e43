"""Group commit: everything that the lanes of one partition recorded while the last transaction ran goes into the next one.

One transactional producer per partition; its epoch fences the intents of every older owner. "Acked" means that the group's commit
returned. After any error of a transaction its end is not known: nothing of the group counts as acked, the committer is broken, and
the partition is taken anew with a new producer and the ledger read again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer, TopicPartition

from runtime import kafka
from runtime.log import log
from services.sinks.ledger import Index, Mark

COMMIT_S = 30
_HANGS_S = COMMIT_S + 20
OFFSETS_EVERY_S = 0.25
"""How often offsets go along while there is work: what they cost is two more round trips of a transaction that lanes wait for."""


class NotCommitted(Exception):
    """A transaction did not end for certain; the partition has to be taken anew."""


@dataclass(slots=True)
class Line:
    """One record to produce."""

    topic: str
    key: bytes
    value: bytes
    partition: int
    headers: list[tuple[str, str | bytes | None]]


@dataclass(slots=True)
class Out:
    """Lines that belong together, and the marks and value bytes of the ledger states among them."""

    lines: list[Line]
    entries: list[tuple[Mark, bytes]] = field(default_factory=list)


Offsets = Mapping[tuple[str, int], int]


@dataclass(slots=True)
class _Group:
    outs: list[Out]
    acks: list[asyncio.Future[None]]
    offsets: Offsets


class Committer:
    """Collects in the loop, commits in a thread of its own. `positions` tells which offsets may be committed by now."""

    def __init__(
        self, producer: Producer, index: Index, ledger_topic: str, positions: Callable[[], Offsets], group: Callable[[], Any]
    ) -> None:
        self._producer = producer
        self._index = index
        self._ledger_topic = ledger_topic
        self._positions = positions
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._queue: list[Out] = []
        self._acks: list[asyncio.Future[None]] = []
        self._busy = False
        self._idle = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._committed: dict[tuple[str, int], int] = {}
        self._offsets_from = 0.0
        self._reminder: asyncio.TimerHandle | None = None
        self._flushing = False
        self.failed: BaseException | None = None
        self.commits = 0
        self.took_s = 0.0

    def submit(self, out: Out) -> asyncio.Future[None]:
        """Record `out` with the next group; done when that group's commit returned, `NotCommitted` when it did not for certain."""
        ack: asyncio.Future[None] = self._loop.create_future()
        if self.failed is not None:
            ack.set_exception(NotCommitted(str(self.failed)))
            return ack
        self._queue.append(out)
        self._acks.append(ack)
        self.nudge()
        return ack

    def nudge(self) -> None:
        """Start a group at the next turn of the loop, where none runs."""
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        offsets = self._positions_due()
        if self.failed is not None or not (self._queue or offsets):
            self._busy = False
            self._rests()
            return
        if offsets:
            self._offsets_from = self._loop.time() + OFFSETS_EVERY_S
        group = _Group(self._queue, self._acks, offsets)
        self._queue, self._acks = [], []
        self._thread.submit(self._run, group)

    def _rests(self) -> None:
        """Nothing to commit now; offsets that moved are committed when their time comes."""
        self._idle.set()
        if self._reminder is None and self._positions_moved():
            self._reminder = self._loop.call_at(self._offsets_from, self._reminded)

    def _reminded(self) -> None:
        self._reminder = None
        self.nudge()

    def _positions_due(self) -> Offsets:
        return self._positions_moved() if self._flushing or self._loop.time() >= self._offsets_from else {}

    def _positions_moved(self) -> Offsets:
        if self.failed is not None:
            return {}
        return {place: at for place, at in self._positions().items() if self._committed.get(place) != at}

    def _run(self, group: _Group) -> None:
        started = time.perf_counter()
        error: BaseException | None = None
        try:
            self._commit(group)
        except (KafkaException, BufferError) as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001 - the edge of the commit thread: whatever it is, nothing counts as acked
            log.exception("commit_failed", error=str(failure))
            error = failure
        self.took_s += time.perf_counter() - started
        self._loop.call_soon_threadsafe(self._done, group, error)

    def _commit(self, group: _Group) -> None:
        last = [-1]

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                last[0] = message.offset() or 0

        lines = [line for out in group.outs for line in out.lines]
        newest = next((line for line in reversed(lines) if line.topic == self._ledger_topic), None)
        self._producer.begin_transaction()
        for line in lines:
            self._produce(line, delivered if line is newest else None)
        self._producer.poll(0)
        if group.offsets:
            places = [TopicPartition(topic, partition, at) for (topic, partition), at in group.offsets.items()]
            kafka.send_offsets(self._producer, places, self._group(), COMMIT_S, _HANGS_S)
        self._producer.commit_transaction(COMMIT_S)
        entries = [pair for out in group.outs for pair in out.entries]
        if entries:
            self._index.apply(entries, {"offset": last[0] + 1, "entries": True})

    def _produce(self, line: Line, delivered: Callable[[KafkaError | None, Message], None] | None) -> None:
        while True:
            try:
                self._producer.produce(
                    line.topic,
                    key=line.key,
                    value=line.value,
                    partition=line.partition,
                    headers=line.headers,
                    on_delivery=delivered,
                )
                break
            except BufferError:
                self._producer.poll(0.1)

    def _done(self, group: _Group, error: BaseException | None) -> None:
        self._busy = False
        if error is not None:
            self.failed = error
            log.warning("commit_not_certain", error=str(error)[:300])
        else:
            self.commits += 1
            self._committed.update(group.offsets)
        for ack in [*group.acks, *(self._acks if error is not None else [])]:
            if not ack.done():
                if error is None:
                    ack.set_result(None)
                else:
                    ack.set_exception(NotCommitted(str(error)))
        if error is not None:
            self._queue, self._acks = [], []
        if self._queue or self._positions_due():
            self.nudge()
        else:
            self._rests()

    async def flush(self) -> None:
        """Wait until nothing is left to commit, offsets included."""
        self._flushing = True
        self.nudge()
        await self._idle.wait()
        self._flushing = False

    def close(self) -> None:
        """End the thread; an open transaction ends by its time-out or by the next owner's fence."""
        if self._reminder is not None:
            self._reminder.cancel()
        self._thread.shutdown(wait=True)
