"""Group commit: everything that the lanes of one partition recorded while the last transaction ran goes into the next one.

Each partition has one transactional producer, whose epoch fences the intents of every older owner. "Acked" means that the commit of the
group returned. After any error in a transaction its outcome is unknown: nothing in the group counts as acked, the committer is broken, and
the partition is taken again, with a new producer and the ledger read again. The offsets of the consumer group follow outside of
transactions (`acked`): docs/decisions/2026-11-21-offsets-follow-the-ledger.md.
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
"""`await blocking(call, *arguments)` runs a blocking call outside the loop; one call at a time, in order."""


class Thread:
    """Runs blocking calls in a thread of its own."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def __call__(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Run the call; returns or raises what it does."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, *arguments)

    def close(self) -> None:
        """Wait for a call that is running to end."""
        self._pool.shutdown(wait=True)


class NotCommitted(Exception):
    """It is not known whether a transaction was committed; the partition has to be taken again."""


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
    """Lines that belong together, and the marks and value bytes of the ledger states among them. `meta` is what the snapshot notes once
    they, and everything submitted before them, are committed."""

    lines: list[Line]
    entries: list[tuple[Mark, bytes]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)


Offsets = Mapping[tuple[str, int], int]


class Listener(Protocol):
    """Told in the loop what became of the records, once for each group."""

    def acked(self, about: list[Any]) -> None:
        """The records submitted with these are committed, in the order of submission."""

    def not_committed(self, error: BaseException) -> None:
        """Whether the newest group was committed is unknown. Nothing more will be committed."""


@dataclass(slots=True)
class _Group:
    outs: list[Out]
    about: list[Any]
    offsets: Offsets


@dataclass(frozen=True)
class Destination:
    """Where the records of one partition go: its producer, its index and its ledger topic."""

    producer: Producer
    index: Index
    ledger_topic: str


class Committer:
    """Collects records in the loop and commits them outside it. `positions` returns the offsets before which everything was submitted."""

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
        """Record `out` with the next group; `about` comes back with its ack. After a failure nothing more is recorded."""
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
        """Offsets before which everything is acked: the consumer group may commit them."""
        if not self._busy and self.failed is None:
            self._acked = self._positions()
        return self._acked

    async def _run(self) -> None:
        """Commit group after group, starting with the next turn of the loop, until nothing is left."""
        while self._queue and self.failed is None:
            group = _Group(self._queue, self._about, self._positions())
            self._queue, self._about = [], []
            error = await self._committed(group)
            try:
                self._done(group, error)
            except Exception as failure:  # noqa: BLE001 - a defect of the listener: whether it took the acks is unknown
                log.exception("acks_not_taken")
                self.fail(failure)
        self._busy = False
        self._idle.set()

    async def _committed(self, group: _Group) -> BaseException | None:
        """Commit a group. Returns the error that leaves its outcome unknown, or None."""
        started = time.perf_counter()
        try:
            await self._blocking(self._commit, group)
        except (KafkaException, BufferError) as failure:
            return failure
        except Exception as failure:  # noqa: BLE001 - the edge of a commit: after any error, nothing counts as acked
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
        """Record nothing more: the partition has to be taken again."""
        if self.failed is None:
            self.failed = error
            self._queue, self._about = [], []
            self._idle.set()

    async def ended(self) -> None:
        """Wait until a running commit has ended, with or without success."""
        if self._running is not None:
            await asyncio.wait([self._running])

    def close(self) -> None:
        """Record nothing more. An open transaction is ended by its time-out or by the next owner's fencing."""
        self.failed = self.failed or NotCommitted("the partition was given back")
        self._queue, self._about = [], []
        self._idle.set()


def _name(error: BaseException) -> str:
    """The error as a label: Kafka's name for it, or its type. A fenced owner shows as `_FENCED` or `INVALID_PRODUCER_EPOCH`."""
    told = error.args[0] if isinstance(error, KafkaException) and error.args else None
    return told.name() if isinstance(told, KafkaError) else type(error).__name__
