"""Group commit: everything that the lanes of one partition recorded while the last transaction ran goes into the next one.

One transactional producer per partition; its epoch fences the intents of every older owner. "Acked" means that the group's commit
returned. After any error of a transaction its end is not known: nothing of the group counts as acked, the committer is broken, and
the partition is taken anew with a new producer and the ledger read again. The group's offsets follow, outside of transactions
(`acked`): docs/decisions/2026-11-21-offsets-follow-the-ledger.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from runtime.log import log
from services.sinks.ledger import Index, Mark

COMMIT_S = 30


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


@dataclass(slots=True)
class _Group:
    outs: list[Out]
    acks: list[asyncio.Future[None]]
    offsets: Offsets


class Committer:
    """Collects in the loop, commits in a thread of its own. `positions` tells up to where everything was submitted by now."""

    def __init__(self, producer: Producer, index: Index, ledger_topic: str, positions: Callable[[], Offsets]) -> None:
        self._producer = producer
        self._index = index
        self._ledger_topic = ledger_topic
        self._positions = positions
        self._loop = asyncio.get_running_loop()
        self._queue: list[Out] = []
        self._acks: list[asyncio.Future[None]] = []
        self._busy = False
        self._idle = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._acked: Offsets = {}
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
        self._nudge()
        return ack

    @property
    def acked(self) -> Offsets:
        """Offsets before which everything is acked; what a group may commit."""
        if not self._busy:
            self._all_acked()
        return self._acked

    def _all_acked(self) -> None:
        if self.failed is None:
            self._acked = self._positions()

    def _nudge(self) -> None:
        """Start a group at the next turn of the loop, where none runs."""
        if not self._busy:
            self._busy = True
            self._idle.clear()
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        if self.failed is not None or not self._queue:
            self._rests()
            return
        group = _Group(self._queue, self._acks, self._positions())
        self._queue, self._acks = [], []
        self._thread.submit(self._run, group)

    def _rests(self) -> None:
        self._all_acked()
        self._busy = False
        self._idle.set()

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
        if error is not None:
            self.failed = error
            log.warning("commit_not_certain", error=str(error)[:300])
        else:
            self.commits += 1
            self._acked = group.offsets
        for ack in [*group.acks, *(self._acks if error is not None else [])]:
            if not ack.done():
                if error is None:
                    ack.set_result(None)
                else:
                    ack.set_exception(NotCommitted(str(error)))
        if error is not None:
            self._queue, self._acks = [], []
        if self._queue:
            self._loop.call_soon(self._start)
        else:
            self._rests()

    async def flush(self) -> None:
        """Wait until nothing is left to commit."""
        self._nudge()
        await self._idle.wait()

    def close(self) -> None:
        """End the thread; an open transaction ends by its time-out or by the next owner's fence."""
        self._thread.shutdown(wait=True)
