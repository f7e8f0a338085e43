"""Group commit: everything that the lanes of one partition recorded while the last transaction ran goes into the next one.

One transactional producer per partition; its epoch fences the intents of every older owner. "Acked" means that the group's commit
returned. After any error of a transaction its end is not known: nothing of the group counts as acked, the committer is broken, and
the partition is taken anew with a new producer and the ledger read again. The group's offsets follow, outside of transactions
(`acked`): docs/decisions/2026-11-21-offsets-follow-the-ledger.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from runtime import metrics
from runtime.log import log
from services.sinks.ledger import Index, Mark

COMMIT_S = 30
Blocking = Callable[..., Awaitable[Any]]
"""`await blocking(call, *arguments)` runs a call that blocks somewhere else than in the loop; one at a time, in order."""


class Thread:
    """Blocking calls in a thread of their own."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def __call__(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What the call returns or raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def close(self) -> None:
        """Let a call that runs end; wait for it."""
        self._pool.shutdown(wait=True)


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
    """Lines that belong together, and the marks and value bytes of the ledger states among them. `meta` is what the snapshot notes once they
    are committed, and all that was submitted before them."""

    lines: list[Line]
    entries: list[tuple[Mark, bytes]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)


Offsets = Mapping[tuple[str, int], int]


class Listener(Protocol):
    """Whoever records: told in the loop, once for each group."""

    def acked(self, about: list[Any]) -> None:
        """These were submitted with records that are committed now, in the order in which they were submitted."""

    def not_committed(self, error: BaseException) -> None:
        """Whether the newest group was committed is not known, and nothing more will be."""


@dataclass(slots=True)
class _Group:
    outs: list[Out]
    about: list[Any]
    offsets: Offsets


@dataclass(frozen=True)
class Destination:
    """Where the records of one partition go: its producer, its index, the topic of its ledger."""

    producer: Producer
    index: Index
    ledger_topic: str


class Committer:
    """Collects in the loop, commits off it. `positions` tells up to where everything was submitted by now."""

    def __init__(self, to: Destination, listener: Listener, positions: Callable[[], Offsets], blocking: Blocking) -> None:
        self._producer = to.producer
        self._index = to.index
        self._ledger_topic = to.ledger_topic
        self._listener = listener
        self._positions = positions
        self._blocking = blocking
        self._loop = asyncio.get_running_loop()
        self._queue: list[Out] = []
        self._about: list[Any] = []
        self._busy = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._acked: Offsets = {}
        self._running: asyncio.Task[None] | None = None
        self.failed: BaseException | None = None
        self.commits = 0
        self.took_s = 0.0

    def submit(self, out: Out, about: Any = None) -> None:
        """Record `out` with the next group; `about` comes back with its ack. After a failure nothing is recorded any more."""
        if self.failed is not None:
            return
        self._queue.append(out)
        self._about.append(about)
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._running = self._loop.create_task(self._run())

    @property
    def acked(self) -> Offsets:
        """Offsets before which everything is acked; what a group may commit."""
        if not self._busy and self.failed is None:
            self._acked = self._positions()
        return self._acked

    async def _run(self) -> None:
        """Group after group, from the next turn of the loop on until nothing is left."""
        while self._queue and self.failed is None:
            group = _Group(self._queue, self._about, self._positions())
            self._queue, self._about = [], []
            error = await self._committed(group)
            try:
                self._done(group, error)
            except Exception as failure:  # noqa: BLE001 - a defect of whoever was told: what it made of the acks is not known, the ledger is
                log.exception("acks_not_taken")
                self.fail(failure)
        self._busy = False
        self._idle.set()

    async def _committed(self, group: _Group) -> BaseException | None:
        """Commit a group; the error that leaves its end unknown."""
        started = time.perf_counter()
        try:
            await self._blocking(self._commit, group)
        except (KafkaException, BufferError) as failure:
            return failure
        except Exception as failure:  # noqa: BLE001 - the edge of a commit: whatever it is, nothing counts as acked
            log.exception("commit_failed", error=str(failure))
            return failure
        finally:
            self.took_s += time.perf_counter() - started
        return None

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
        self._producer.commit_transaction(COMMIT_S)
        entries = [pair for out in group.outs for pair in out.entries]
        meta = {name: value for out in group.outs for name, value in out.meta.items()}
        if entries:
            meta |= {"offset": last[0] + 1, "entries": True}
        if meta:
            self._index.apply(entries, meta)

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
        if self.failed is not None:
            return
        if error is not None:
            log.warning("commit_not_certain", error=str(error)[:300])
            metrics.SINK_COMMIT_FAILURES.labels(_name(error)).inc()
            self.fail(error)
            self._listener.not_committed(error)
            return
        self.commits += 1
        metrics.SINK_COMMITS.inc()
        self._acked = group.offsets
        self._listener.acked([about for about in group.about if about is not None])

    async def flush(self) -> None:
        """Wait until nothing is left to commit."""
        await self._idle.wait()

    def fail(self, error: BaseException) -> None:
        """Record nothing more: the partition is to be taken anew."""
        if self.failed is None:
            self.failed = error
            self._queue, self._about = [], []
            self._idle.set()

    async def ended(self) -> None:
        """Wait for a commit that runs, however it ends."""
        if self._running is not None:
            await asyncio.wait([self._running])

    def close(self) -> None:
        """Nothing more is recorded; an open transaction ends by its time-out or by the next owner's fence."""
        self.failed = self.failed or NotCommitted("the partition was given back")
        self._queue, self._about = [], []
        self._idle.set()


def _name(error: BaseException) -> str:
    """The error as a label: Kafka's own name of it, or its type; an owner that was fenced is told by `_FENCED` or `INVALID_PRODUCER_EPOCH`."""
    told = error.args[0] if isinstance(error, KafkaException) and error.args else None
    return told.name() if isinstance(told, KafkaError) else type(error).__name__
