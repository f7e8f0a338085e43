"""The committer: what waits for an ack goes at once, and offsets follow what is acked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

from confluent_kafka import KafkaError, KafkaException, Producer

from services.sinks.commit import Committer, Destination, Line, Out
from services.sinks.ledger import Index, Mark

PLACE = ("command.erp", 3)


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
        self.fails = False
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

    def commit_transaction(self, _within_s: float) -> None:
        if self.fails:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        for offset, told in self._told:
            told(None, _Record(offset))
        self._told.clear()

    def apply(self, _entries: object, meta: Mapping[str, Any]) -> None:
        self.applied.append(meta)


class _Listener:
    """Whoever records."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.error: BaseException | None = None

    def acked(self, about: list[Any]) -> None:
        self.told += about

    def not_committed(self, error: BaseException) -> None:
        self.error = error


async def _blocking(call: Callable[..., Any], *arguments: Any) -> Any:
    await asyncio.sleep(0)
    return call(*arguments)


def _committer(log: _Log, position: list[int]) -> tuple[Committer, _Listener]:
    listener = _Listener()
    to = Destination(cast("Producer", log), cast("Index", log), "ledger.erp")
    return Committer(to, listener, lambda: {PLACE: position[0]}, _blocking), listener


def _out(*topics: str) -> Out:
    mark = Mark("k", "acme", "invoice", "1", "INTENT", "", "s", "p")
    return Out([Line(topic, b"k", b"v", 3, []) for topic in topics], [(mark, b"v")])


def test_an_offset_may_be_committed_once_everything_before_it_is_acked_and_no_sooner() -> None:
    log, position = _Log(), [1]

    async def play() -> list[int]:
        committer, listener = _committer(log, position)
        seen = [committer.acked[PLACE]]
        committer.submit(_out("ledger.erp"), "first")
        position[0] = 2
        await asyncio.sleep(0)  # its group begins
        committer.submit(_out("ledger.erp"), "second")
        position[0] = 3
        seen.append(committer.acked[PLACE])
        await asyncio.sleep(0)  # its blocking call, and its end
        assert listener.told == ["first"]
        seen.append(committer.acked[PLACE])
        await committer.flush()
        assert listener.told == ["first", "second"]
        seen.append(committer.acked[PLACE])
        position[0] = 4  # known commands: nothing is recorded about them
        seen.append(committer.acked[PLACE])
        committer.close()
        return seen

    assert asyncio.run(play()) == [1, 1, 2, 3, 4]
    assert log.groups == 2


def test_nothing_more_may_be_committed_once_the_end_of_a_commit_is_not_known() -> None:
    log, position = _Log(), [1]
    log.fails = True

    async def play() -> int:
        committer, listener = _committer(log, position)
        committer.submit(_out("ledger.erp"), "first")
        position[0] = 2
        await asyncio.sleep(0)
        committer.submit(_out("ledger.erp"), "second")
        await committer.flush()
        assert (listener.told, isinstance(listener.error, KafkaException)) == ([], True)
        log.fails = False
        committer.submit(_out("ledger.erp"), "third")
        await committer.flush()
        committer.close()
        assert (listener.told, log.groups) == ([], 1)
        return committer.acked.get(PLACE, 0)

    assert asyncio.run(play()) == 0


def test_the_index_holds_up_to_the_newest_ledger_record_of_the_group() -> None:
    log = _Log()

    async def play() -> None:
        committer, _ = _committer(log, [0])
        committer.submit(_out("ledger.erp", "ledger.erp", "result.erp"))
        await committer.flush()
        committer.close()

    asyncio.run(play())
    assert log.applied == [{"offset": 2, "entries": True}]
