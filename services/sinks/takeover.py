"""Taking a partition: fence every older owner, then know what its ledger says. Blocking; called by the consumer's thread.

The snapshot is used when it belongs to this very topic (by the topic's id) and lies before its end; else it is forgotten and the
ledger read whole. A ledger that is empty although work was done is rebuilt from `result` and the commands.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from confluent_kafka import Message, Producer, TopicCollection
from confluent_kafka.admin import AdminClient

from runtime import kafka
from runtime.log import log
from schemas.errors import Malformed
from schemas.records import CommandEnvelope, Ledger, Result
from services.sinks import entry as e
from services.sinks.ceiling import Hour
from services.sinks.entry import Incoming
from services.sinks.ground import Ground
from services.sinks.hour import ended_within
from services.sinks.ledger import MARK, Index, Mark, mark_in, mark_of
from services.sinks.rebuild import Newest

BATCH = 2000
FENCE_S = 30


@dataclass(frozen=True)
class Taken:
    """A partition in our hands: its index is at the ledger's end. `newest` is not None when the ledger was lost; `hour` is what the ceiling
    counts of what ended."""

    number: int
    index: Index
    producer: Producer
    next_offset: int
    newest: list[tuple[Incoming, Result | None]] | None = None
    hour: Hour = field(default_factory=dict)


def take_over(ground: Ground, number: int, folder: Path, committed: int) -> Taken:
    """Fence, read, and rebuild where the ledger was lost. `committed` is the group's offset of the commands, below 0 for none."""
    settings = ground.settings.kafka
    producer = kafka.transactional_producer(settings, f"sink-{ground.system.name}-{number}")
    producer.init_transactions(FENCE_S)
    index = Index(folder / str(number), ground.codec)
    try:
        return _known(ground, Taken(number, index, producer, max(committed, 0)), committed)
    except BaseException:
        index.close()  # it is tried again, and the folder is needed for that
        raise


def _known(ground: Ground, taken: Taken, committed: int) -> Taken:
    """The partition with its index at the ledger's end, or with what is left when the ledger was lost."""
    number, index = taken.number, taken.index
    started = time.perf_counter()
    read = _catch_up(ground, number, index)
    took_s = time.perf_counter() - started
    log.info("ledger_read", system=ground.system.name, partition=number, records=read, took_ms=round(took_s * 1000))
    if not index.meta("entries") and _was_worked(ground, number, committed):
        newest, end = _newest(ground, number)
        log.warning("ledger_lost", system=ground.system.name, partition=number, op_keys=len(newest))
        return replace(taken, next_offset=end, newest=newest)
    return replace(taken, hour=ended_within(ground, number, index))


def _catch_up(ground: Ground, number: int, index: Index) -> int:
    topic = ground.ledger_topic
    identity = _identity(ground, topic)
    high = kafka.high_watermarks(ground.settings.kafka, topic, [number])[number]
    offset = index.meta("offset") or 0
    if index.meta("topic") != identity or offset > high:
        index.clear()
        offset = 0
    index.apply([], {"topic": identity, "offset": offset})
    read = 0
    for batch in _batches(kafka.read_to_end(ground.settings.kafka, topic, [number], {number: offset})):
        entries = [(_mark(ground, message), message.value() or b"") for message in batch]
        index.apply(entries, {"offset": (batch[-1].offset() or 0) + 1, "entries": True})
        read += len(batch)
    return read


def _mark(ground: Ground, message: Message) -> Mark:
    """From the header; a record without one (written by another tool) is decoded."""
    found = dict(message.headers() or ()).get(MARK)
    mark = mark_in(found) if isinstance(found, bytes) else None
    return mark or mark_of(cast("Ledger", ground.codec.decode(message.value())[1]))


def _batches(messages: Iterator[Message]) -> Iterator[list[Message]]:
    batch: list[Message] = []
    for message in messages:
        batch.append(message)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _identity(ground: Ground, topic: str) -> str:
    """The topic's id: a deleted and recreated topic of the same name has another one."""
    admin = AdminClient(kafka.client_settings(ground.settings.kafka))
    described: Any = admin.describe_topics(TopicCollection([topic]))[topic].result(timeout=15)
    return str(described.topic_id)


def _was_worked(ground: Ground, number: int, committed: int) -> bool:
    if committed > 0:
        return True
    topic = ground.settings.topic(f"result.{ground.system.name}")
    return kafka.high_watermarks(ground.settings.kafka, topic, [number])[number] > 0


def _newest(ground: Ground, number: int) -> tuple[list[tuple[Incoming, Result | None]], int]:
    """The newest command of each op-key, with its last terminal result; and the end of the commands."""
    results: dict[str, Result] = {}
    for message in kafka.read_to_end(ground.settings.kafka, ground.settings.topic(f"result.{ground.system.name}"), [number]):
        result = cast("Result", ground.codec.decode(message.value())[1])
        if result["outcome"] in e.TERMINAL:
            results[result["op_key"]] = result
    newest, end = Newest(), 0
    for message in kafka.read_to_end(ground.settings.kafka, ground.command_topic, [number]):
        end = (message.offset() or 0) + 1
        try:
            name, command = ground.codec.decode(message.value())
        except Malformed:
            continue  # it is in `dead` already, or will be by a replay
        record = name.removeprefix("command.")
        newest.add(Incoming(record, cast("CommandEnvelope", command), message.value() or b"", number, end - 1, ground.clock.now()))
    return [(incoming, results.get(incoming.command["op_key"])) for incoming in newest.all()], end
