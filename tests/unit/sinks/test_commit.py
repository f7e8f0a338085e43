"""The committer: what waits for an ack goes at once, offsets go along now and then, and nothing is left at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from confluent_kafka import Producer

from services.sinks.commit import Committer, Line, Out
from services.sinks.ledger import Index, Mark

PLACE = ("command.erp", 3)
EVERY = "services.sinks.commit.OFFSETS_EVERY_S"


class _Record:
    """What the client tells of a record that the broker took."""

    def __init__(self, offset: int) -> None:
        self._offset = offset

    def offset(self) -> int:
        return self._offset


class _Log:
    """A transactional producer, and the index behind it."""

    def __init__(self) -> None:
        self.topics: list[str] = []
        self.groups = 0
        self.sent: list[int] = []
        self.heard: Callable[[int], None] = lambda _: None
        self.applied: list[Mapping[str, Any]] = []
        self._told: list[tuple[int, Callable[[None, _Record], None]]] = []

    def begin_transaction(self) -> None:
        self.groups += 1

    def produce(self, topic: str, on_delivery: Callable[[None, _Record], None] | None = None, **_: Any) -> None:
        self.topics.append(topic)
        if on_delivery is not None:
            self._told.append((len(self.topics) - 1, on_delivery))

    def poll(self, _: float) -> None:
        """Nothing is told before the commit."""

    def send_offsets_to_transaction(self, places: list[Any], _group: object, _within_s: float) -> None:
        for place in places:
            self.sent.append(place.offset)
            self.heard(place.offset)

    def commit_transaction(self, _within_s: float) -> None:
        for offset, told in self._told:
            told(None, _Record(offset))
        self._told.clear()

    def apply(self, _entries: object, meta: Mapping[str, Any]) -> None:
        self.applied.append(meta)


def _committer(log: _Log, position: list[int]) -> Committer:
    return Committer(cast("Producer", log), cast("Index", log), "ledger.erp", lambda: {PLACE: position[0]}, lambda: None)


def _out(*topics: str) -> Out:
    mark = Mark("k", "acme", "invoice", "1", "INTENT", "", "s", "p")
    return Out([Line(topic, b"k", b"v", 3, []) for topic in topics], [(mark, b"v")])


async def _recorded(committer: Committer, position: list[int], count: int) -> None:
    for _ in range(count):
        position[0] += 1
        await committer.submit(_out("ledger.erp"))


def test_offsets_do_not_go_with_every_group_and_the_last_ones_go_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """They went with each group of intents, in a transaction of their own besides: a third of the sink's commands a second."""
    monkeypatch.setattr(EVERY, 3600.0)
    log, position = _Log(), [0]

    async def play() -> None:
        committer = _committer(log, position)
        await _recorded(committer, position, 6)
        assert log.sent == [1]
        assert log.groups == 6
        await committer.flush()
        committer.close()

    asyncio.run(play())
    assert log.sent == [1, 6]


def test_offsets_that_moved_are_committed_although_nothing_follows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EVERY, 0.01)
    log, position = _Log(), [0]

    async def play() -> None:
        committer, came, loop = _committer(log, position), asyncio.Event(), asyncio.get_running_loop()

        def heard(offset: int) -> None:
            if offset == 3:
                loop.call_soon_threadsafe(came.set)

        log.heard = heard
        await _recorded(committer, position, 3)
        await asyncio.wait_for(came.wait(), 10)
        await committer.flush()
        committer.close()

    asyncio.run(play())


def test_the_index_holds_up_to_the_newest_ledger_record_of_the_group() -> None:
    log = _Log()

    async def play() -> None:
        committer = _committer(log, [0])
        await committer.submit(_out("ledger.erp", "ledger.erp", "result.erp"))
        await committer.flush()
        committer.close()

    asyncio.run(play())
    assert log.applied == [{"offset": 2, "entries": True}]
