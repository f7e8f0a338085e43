"""Takes a partition: first fence every older owner, then learn what its ledger says. Blocking; called outside the loop.

The snapshot is used if it belongs to this very topic (by the topic's id) and does not lie beyond its end. Otherwise it is deleted and the
whole ledger is read. A ledger that is empty although work was done, or whose rebuild was not completed, is rebuilt from `result` and the
commands.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from confluent_kafka import Message, Producer

from runtime import kafka
from runtime.log import log
from schemas.errors import Malformed
from schemas.records import CommandEnvelope, Ledger, Result
from services.sinks import entry as e
from services.sinks.ceiling import Hour
from services.sinks.commit import Blocking
from services.sinks.context import SinkContext
from services.sinks.entry import Incoming
from services.sinks.follow import topic_id
from services.sinks.hour import Hours, ended_within
from services.sinks.ledger import FORMAT, MARK, Index, Mark, mark_in, mark_of
from services.sinks.rebuild import Newest

BATCH = 2000
UNENDED = 3
"""After so many changes of a document in a row without a result, no further ones are looked for."""
FENCE_S = 30
REBUILDING = "rebuilding"
"""The metadata of the group's offset while a lost ledger is not rebuilt yet."""


class Lost(Protocol):
    """What is left of a lost ledger. `end` is the offset after the last command. `sets` and `reverses` as in `rebuild.Newest`."""

    count: int
    end: int
    sets: dict[str, Incoming]
    reverses: set[str]

    def changes(self, op_key: str) -> list[Result]:
        """The results of the changes of its document, in order."""

    def slices(self, size: int) -> AsyncIterator[list[tuple[Incoming, Result | None]]]:
        """The newest command of each op-key with its last terminal result, in the order of the log."""


@dataclass(frozen=True)
class Committed:
    """The group's offsets of a partition (negative if there is none), and the metadata of the first one."""

    commands: int
    control: int = -1
    mark: str = ""


@dataclass(frozen=True)
class TakenPartition:
    """A partition that was taken over. Its index has reached the ledger's end. `lost` is not None if the ledger has to be rebuilt. `hours`
    are the ceilings' counts of what has ended."""

    number: int
    index: Index
    producer: Producer
    next_offset: int
    next_control: int = 0
    committed: int = 0
    hours: Hours = field(default_factory=lambda: defaultdict(Hour))
    lost: Lost | None = None


def take_over(context: SinkContext, number: int, folder: Path, committed: Committed, blocking: Blocking) -> TakenPartition:
    """Fence older owners, read the ledger, and if it was lost, find what is left. `blocking` runs the slices of a rebuild."""
    settings = context.settings.kafka
    producer = kafka.transactional_producer(settings, f"sink-{context.system.name}-{number}")
    producer.init_transactions(FENCE_S)
    index = Index(folder / str(number), context.codec)
    try:
        started = time.perf_counter()
        read = _catch_up(context, number, index)
        took_s = time.perf_counter() - started
        log.info("ledger_read", system=context.system.name, partition=number, records=read, took_ms=round(took_s * 1000))
        lost = None
        if committed.mark == REBUILDING or (not index.meta("entries") and _was_worked(context, number, committed.commands)):
            lost = _left(context, number, index, blocking)
        return TakenPartition(
            number,
            index,
            producer,
            next_offset=lost.end if lost is not None else max(committed.commands, 0),
            next_control=max(committed.control, 0),
            committed=max(committed.commands, 0),
            hours=ended_within(context, number, index),
            lost=lost,
        )
    except BaseException:
        index.close()  # the take-over is tried again and needs the folder
        raise


def _catch_up(context: SinkContext, number: int, index: Index) -> int:
    topic = context.ledger_topic
    identity = topic_id(context.settings.kafka, topic)
    high = kafka.high_watermarks(context.settings.kafka, topic, [number])[number]
    offset = index.meta("offset") or 0
    if index.meta("topic") != identity or index.meta("format") != FORMAT or offset > high:
        index.clear()
        offset = 0
    index.apply([], {"topic": identity, "format": FORMAT, "offset": offset})
    read = 0
    for batch in _batches(kafka.read_to_end(context.settings.kafka, topic, [number], {number: offset})):
        entries = [(_mark(context, message), message.value() or b"") for message in batch]
        index.apply(entries, {"offset": (batch[-1].offset() or 0) + 1, "entries": True})
        read += len(batch)
    return read


def _mark(context: SinkContext, message: Message) -> Mark:
    """The mark from the header. A record without one (written by another tool) is decoded."""
    found = dict(message.headers() or ()).get(MARK)
    mark = mark_in(found) if isinstance(found, bytes) else None
    return mark or mark_of(cast("Ledger", context.codec.decode(message.value())[1]))


def _batches(messages: Iterator[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    for message in messages:
        batch.append(message)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _was_worked(context: SinkContext, number: int, committed: int) -> bool:
    if committed > 0:
        return True
    topic = context.settings.topic(f"result.{context.system.name}")
    return kafka.high_watermarks(context.settings.kafka, topic, [number])[number] > 0


def _left(context: SinkContext, number: int, index: Index, blocking: Blocking) -> Lost:
    """The first reading: which command is the newest of each op-key, and with which result each op-key ended."""
    index.forget_notes()
    for message in kafka.read_to_end(context.settings.kafka, context.settings.topic(f"result.{context.system.name}"), [number]):
        try:
            result = cast("Result", context.codec.decode(message.value())[1])
        except Malformed:
            continue
        if result["outcome"] in e.TERMINAL:
            index.note(_result_name(result["op_key"]), message.value() or b"")
    newest, end = Newest(index), 0
    for incoming, behind in _commands(context, number):
        end = behind
        if incoming is not None:
            newest.add(incoming)
    log.warning("ledger_lost", system=context.system.name, partition=number, op_keys=newest.count)
    return _Left((context, number, index), newest, end, blocking)


def _commands(context: SinkContext, number: int) -> Iterator[tuple[Incoming | None, int]]:
    """Every readable command (None for others: they are in `dead` already, or a replay puts them there), and the offset after it."""
    for message in kafka.read_to_end(context.settings.kafka, context.command_topic, [number]):
        offset = message.offset() or 0
        try:
            name, command = context.codec.decode(message.value())
        except Malformed:
            yield None, offset + 1
            continue
        record, made = name.removeprefix("command."), cast("CommandEnvelope", command)
        at, came_at = context.clock.now(), kafka.produced_at(message)
        seen_at = min(at, came_at) if came_at is not None else at
        yield Incoming(record, made, message.value() or b"", number, offset, at, seen_at=seen_at), offset + 1


def _result_name(op_key: str) -> bytes:
    return b"result " + op_key.encode()


def changes_in(result: Callable[[str], Result | None], op_key: str) -> list[Result]:
    """The results of a document's changes. Their numbers are consecutive, except for changes that have not ended."""
    found: list[Result] = []
    number = missing = 0
    while missing < UNENDED:
        number += 1
        one = result(e.correction_key(op_key, number))
        missing = missing + 1 if one is None else 0
        found += [one] if one is not None else []
    return found


class _Left:
    """See `Lost`. Does the second reading, outside the loop."""

    def __init__(self, of: tuple[SinkContext, int, Index], newest: Newest, end: int, blocking: Blocking) -> None:
        self._context, self._number, self._index = of
        self._newest, self._blocking = newest, blocking
        self.count, self.end, self.sets, self.reverses = newest.count, end, newest.sets, newest.reverses

    async def slices(self, size: int) -> AsyncIterator[list[tuple[Incoming, Result | None]]]:
        """See `Lost`."""
        commands = _commands(self._context, self._number)
        while True:
            some = await self._blocking(self._next, commands, size)
            if not some:
                break
            yield some
        await self._blocking(self._index.forget_notes)

    def changes(self, op_key: str) -> list[Result]:
        """See `Lost`."""
        return changes_in(self._result, op_key)

    def _next(self, commands: Iterator[tuple[Incoming | None, int]], size: int) -> list[tuple[Incoming, Result | None]]:
        found: list[tuple[Incoming, Result | None]] = []
        for incoming, end in commands:
            picked = self._newest.pick(incoming) if incoming is not None and end <= self.end else None
            if picked is not None:
                found.append((picked, self._result(picked.command["op_key"])))
            if len(found) >= size:
                break
        return found

    def _result(self, op_key: str) -> Result | None:
        value = self._index.noted(_result_name(op_key))
        return None if value is None else cast("Result", self._context.codec.decode(value)[1])
