"""What is wanted by id, with the real poller, the real readers' shapes and the real hop: no answer stops the others, and none is asked for ever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runtime.errors import Broken, Refused, Transient
from runtime.exchange import Response, response
from runtime.retry import Backoff
from services.ingress.fetches import FetchQueue, FetchRecord, Offsets
from services.ingress.polling import Polled, SystemPoller
from services.ingress.produce import NotStored
from services.ingress.standing import Standing
from systems.contract import Element, Page
from systems.raw import How, Where
from systems.servicetitan.models import list_page
from topology.batch import Decision

IDS = [str(number) for number in range(1, 7)]
BAD = "3"
TORN = [
    b'{"id": 3, "name": "half \\ud800"}',
    b'{"id": 3, "total": ' + b"9" * 41 + b"}",
    b'{"id": 3, "name": "a", "name": "b"}',
    b'{"id": 3, "id": 3}',
    b'{"id": 3, "a": ' + b"[" * 500 + b"]" * 500 + b"}",
    b'{"id": 3, "a": NaN, "b": "\xff"}',
]
BORDERLESS = [b'{"id": 3, "name": "3" pipe"}', b'{"id": 3, "name": "']


class Clock:
    def __init__(self) -> None:
        self.slept: list[timedelta] = []

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)

    async def sleep(self, duration: timedelta) -> None:
        self.slept.append(duration)


class Writing:
    """Keeps what is written; `away` as often as Kafka does not answer."""

    def __init__(self) -> None:
        self.written: list[tuple[str, bytes]] = []
        self.decisions: list[Decision] = []
        self.away = 0

    async def elements(self, _: Where, how: How, __: Page, elements: Sequence[tuple[int, Element]]) -> int:
        self._stored()
        self.written += [(element.source_id, element.body) for _, element in elements]
        assert how.how == "fetch"
        return 1

    async def decision(self, made: Decision, count: int = 1) -> None:
        self._stored()
        self.decisions.append(made)

    def _stored(self) -> None:
        if self.away:
            self.away -= 1
            raise NotStored("Kafka is away")


class PollerUnderTest:
    """A poller whose other side answers by ids; `answer` may raise."""

    def __init__(self, answer: Any, is_divided: bool = False) -> None:
        self.calls: list[list[str]] = []
        self.clock = Clock()
        self.writing, self.queue, self.offsets = Writing(), FetchQueue(), Offsets()

        async def fetch(entity: str, ids: Sequence[str]) -> Page:
            self.calls.append([*ids])
            if entity == "vendor":
                raise Broken("the scope for vendors is missing", "Grant it.")
            found = answer([*ids])
            assert isinstance(found, Response)
            page = list_page(found, "invoices by id")
            return Page(page.elements, "", more=False, digest=page.digest)

        polled = Polled(
            where=Where("acme", "servicetitan"),
            system=cast("Any", SimpleNamespace(fetchable={"invoice": 2, "vendor": 2} if is_divided else {"invoice": 50})),
            feeds=(),
            session=cast("Any", SimpleNamespace(reader=SimpleNamespace(fetch=fetch))),
            writing=cast("Any", self.writing),
            clock=cast("Any", self.clock),
            backoff=Backoff(first=timedelta(0), cap=timedelta(0), floor=timedelta(0)),
            sends_hints=False,
            standing=cast("Standing", None),
        )
        self.poller: Any = SystemPoller(polled, self.queue, {})
        for offset, source_id in enumerate(IDS):
            self.offsets.opened(offset)
            self.queue.add(("invoice", source_id), FetchRecord(self.offsets, offset))

    async def run(self, most: int) -> int:
        """Calls until nothing is wanted any more."""
        while len(self.queue) and len(self.calls) < most:
            await self.poller._fetch_once()
        return len(self.calls)


def _row(source_id: str) -> bytes:
    return b'{"id": %s}' % source_id.encode()


def _page(rows: Sequence[bytes]) -> Response:
    body = b'{"hasMore": false, "totalCount": %d, "data": [' % len(rows) + b", ".join(rows) + b"]}"
    return response(200, body, {"Content-Type": "application/json"})


@pytest.mark.parametrize("torn", TORN)
async def test_a_torn_row_among_ids_is_written_with_its_bytes_and_the_others_are_read(torn: bytes) -> None:
    polled = PollerUnderTest(lambda ids: _page([torn if one == BAD else _row(one) for one in ids]))
    assert await polled.run(20) <= 2
    assert sorted(polled.writing.written) == sorted((one, torn if one == BAD else _row(one)) for one in IDS)
    assert (polled.writing.decisions, polled.offsets.commit) == ([], len(IDS))


@pytest.mark.parametrize("torn", BORDERLESS)
async def test_an_answer_that_cannot_be_cut_is_asked_for_id_by_id_and_ends_on_dead_with_its_bytes(torn: bytes) -> None:
    """Its id was asked for for ever, and the offset of `fetch` stood."""
    polled = PollerUnderTest(lambda ids: _page([torn if one == BAD else _row(one) for one in ids]))
    assert await polled.run(60) < 20
    assert sorted(polled.writing.written) == sorted((one, _page([torn]).body if one == BAD else _row(one)) for one in IDS)
    assert polled.offsets.commit == len(IDS)


async def test_a_row_that_nobody_asked_for_ends_with_a_decision() -> None:
    def answer(ids: list[str]) -> Response:
        return _page([_row(one) for one in ids if one != BAD]) if ids != [BAD] else _page([b'{"name": "no id"}', b"7"])

    polled = PollerUnderTest(answer)
    await polled.run(60)
    assert len(polled.queue) == 0


async def test_an_outage_that_one_id_causes_keeps_only_that_one() -> None:
    """Equal calls for six ids, and none of them was read."""

    def answer(ids: list[str]) -> Response:
        if BAD in ids:
            raise Transient("servicetitan invoices: 500")
        return _page([_row(one) for one in ids])

    polled = PollerUnderTest(answer)
    await polled.run(40)
    assert sorted(one for one, _ in polled.writing.written) == [one for one in IDS if one != BAD]
    assert (list(polled.queue.batch({"invoice": 50})), polled.writing.decisions) == ([("invoice", BAD)], [])


async def test_what_is_given_up_while_kafka_is_away_stays_wanted() -> None:
    def answer(ids: list[str]) -> Response:
        if BAD in ids:
            raise Refused("400")
        return _page([_row(one) for one in ids])

    polled = PollerUnderTest(answer)
    polled.writing.away = 5
    await polled.run(80)
    [said] = polled.writing.decisions
    assert (said.decision, said.source_id) == ("refused", BAD)
    assert polled.offsets.commit == len(IDS)


async def test_an_entity_that_waits_for_a_person_keeps_no_other_waiting() -> None:
    """A scope that was missing for vendors kept every invoice behind them, for ever."""
    polled = PollerUnderTest(lambda ids: _page([_row(one) for one in ids]), is_divided=True)
    for one in IDS:
        polled.queue.done(("invoice", one), 1)
    for number in range(5):
        polled.queue.add(("vendor", str(number)), FetchRecord(Offsets(), number))
    for offset, one in enumerate(IDS):
        polled.queue.add(("invoice", one), FetchRecord(polled.offsets, offset))
    assert await polled.run(5) == 5
    assert [one for one, _ in polled.writing.written] == IDS
    assert len(polled.queue) == 5
    assert polled.clock.slept == [timedelta(minutes=15)]
    polled.queue.add(("invoice", "7"), FetchRecord(Offsets(), 0))
    await polled.run(7)
    assert polled.writing.written[-1][0] == "7"
    assert len(polled.clock.slept) == 1
