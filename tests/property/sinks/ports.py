"""What a partition of the real sink needs from outside, in memory: the log of its commands, a producer, what is left of a lost ledger."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from schemas.records import Result
from services.sinks.command_log import Assignments
from services.sinks.entry import Incoming
from services.sinks.rebuild import Newest
from services.sinks.takeover import Committed, changes_in
from tests.property.sinks.stand_ins import Message

Lines = list[tuple[str, bytes]]


@dataclass
class Log:
    """See `services.sinks.command_log.CommandLog`; one partition. `given` is up to where its commands are there to be read, `turned` lets
    a poll come back.

    `kept` are the offsets that were committed, by topic; what was read but not committed is read again by whoever comes next.
    """

    topic: str
    commands: list[Message] = field(default_factory=list)
    given: int = 0
    position: int = 0
    kept: dict[str, int] = field(default_factory=dict)
    mark: str = ""
    paused: bool = False
    turned: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, listener: Assignments) -> None:
        """Whoever starts the consumer has assigned the partition, so that its owner is there at once."""

    async def poll(self, most: int) -> Mapping[int, list[Message]]:
        await self.turned.wait()
        self.turned.clear()
        if self.paused or self.position >= self.given:
            return {}
        found = self.commands[self.position : min(self.given, self.position + most)]
        self.position += len(found)
        return {0: found}

    def places(self) -> Committed:
        return Committed(self.kept.get(self.topic, -1), self.kept.get("control", -1), self.mark)

    async def committed(self, _number: int) -> Committed:
        return self.places()

    async def pause(self, _number: int) -> None:
        self.paused = True

    async def resume(self, _number: int) -> None:
        self.paused = False

    async def seek(self, _number: int, offset: int) -> None:
        self.position = offset

    async def commit(self, offsets: Mapping[tuple[str, int], int], mark: str = "", wait: bool = False) -> None:
        if (self.topic, 0) in offsets:
            self.mark = mark
        self.kept |= {topic: at for (topic, _), at in offsets.items()}

    async def close(self) -> None:
        """No client."""


class Producer:
    """See `confluent_kafka.Producer`: what was produced counts when the transaction is committed, unless a newer one was made since."""

    def __init__(self, is_newest: Callable[[], bool], committed: Callable[[Lines], None]) -> None:
        self._is_newest, self._committed = is_newest, committed
        self._lines: Lines = []

    def begin_transaction(self) -> None:
        self._lines = []

    def produce(self, topic: str, *, value: bytes, **_: Any) -> None:
        self._lines.append((topic, value))

    def poll(self, _timeout_s: float) -> int:
        return 0

    def commit_transaction(self, _timeout_s: float) -> None:
        if not self._is_newest():
            raise KafkaException(KafkaError(KafkaError._FENCED))
        self._committed(self._lines)


class Lost:
    """See `services.sinks.takeover.Lost`: the newest of these commands, and how each ended."""

    def __init__(self, newest: Newest, log: Sequence[Incoming], results: Mapping[str, Result]) -> None:
        for incoming in log:
            newest.add(incoming)
        picked = [one for incoming in log if (one := newest.pick(incoming)) is not None]
        self._some = [(incoming, results.get(incoming.command["op_key"])) for incoming in picked]
        self._results = results
        self.count, self.end, self.sets, self.reverses = newest.count, len(log), newest.sets, newest.reverses

    def changes(self, op_key: str) -> list[Result]:
        return changes_in(self._results.get, op_key)

    async def slices(self, size: int) -> AsyncIterator[list[tuple[Incoming, Result | None]]]:
        for start in range(0, len(self._some), size):
            await asyncio.sleep(0)
            yield self._some[start : start + size]
