"""A feed's turn: what leads in a circle ends, what cannot go on is said, and what is throttled waits as long as both sides want."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runtime.errors import Throttled, Transient
from runtime.retry import Backoff
from services.ingress.fetches import FetchQueue
from services.ingress.polling import Cursors, Polled, SystemPoller
from services.ingress.seen import Run
from services.ingress.standing import Standing
from systems.contract import Element, Feed, Page
from systems.raw import How, Where
from topology.batch import Decision

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WHERE = Where("acme", "fs")
TOKEN = Feed("jobs", "job", "token", "hint", timedelta(minutes=1))
LIST = Feed("vendors", "vendor", "window", "object", timedelta(minutes=1))


class Clock:
    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return (self.moment - NOW).total_seconds()


class Reader:
    """Pages by position; "" leads to the first."""

    def __init__(self, pages: dict[str, Page | Exception]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    async def page(self, _: Feed, position: str) -> Page:
        self.asked.append(position)
        found = self.pages[position]
        if isinstance(found, Exception):
            raise found
        return found


class Writing:
    def __init__(self) -> None:
        self.written: list[str] = []
        self.cursors: list[str] = []
        self.decisions: list[Decision] = []

    async def elements(self, _: Where, __: How, ___: Page, elements: Sequence[tuple[int, Element]]) -> int:
        self.written += [element.source_id for _, element in elements]
        return len(elements)

    async def cursor(self, record: Any) -> None:
        self.cursors.append(record["position"])

    async def decision(self, made: Decision, count: int = 1) -> None:
        self.decisions.append(made)


def page(leads_to: str, *ids: str, more: bool = True, **rest: Any) -> Page:
    return Page(tuple(Element(one, "", one.encode()) for one in ids), leads_to, more, f"digest of {ids}", **rest)


async def _untold(_: str, __: str, ___: str) -> None:
    """What becomes of a feed that stops is another test's."""


class PollerUnderTest:
    def __init__(self, feed: Feed, pages: dict[str, Page | Exception]) -> None:
        self.feed, self.reader, self.writing, self.clock = feed, Reader(pages), Writing(), Clock()
        self.cursors: Cursors = {}
        polled = Polled(
            where=WHERE,
            system=cast("Any", SimpleNamespace(fetchable={})),
            feeds=(feed,),
            session=cast("Any", SimpleNamespace(reader=self.reader)),
            writing=cast("Any", self.writing),
            clock=cast("Any", self.clock),
            backoff=Backoff(cap=timedelta(minutes=1)),
            sends_hints=False,
            standing=Standing(_untold),
        )
        self.poller: Any = SystemPoller(polled, FetchQueue(), self.cursors)

    async def run(self, most: int = 50) -> int:
        """Turns until the feed is not due any more."""
        for turn in range(most):
            feed = self.poller._schedule.next(self.clock.now(), self.clock.monotonic())
            if feed is None:
                return turn
            await self.poller._turn(feed)
        return most


async def test_tokens_that_lead_to_each_other_end_the_run_and_are_said() -> None:
    polled = PollerUnderTest(TOKEN, {"": page("a", "1"), "a": page("b", "2"), "b": page("a", "3")})
    assert await polled.run() == 3
    assert polled.writing.written == ["1", "2", "3"]
    [said] = polled.writing.decisions
    assert "came again" in said.detail
    polled.clock.moment += timedelta(minutes=1)
    assert await polled.run() < 5  # and the next run ends as well


async def test_a_longer_circle_ends_too() -> None:
    pages: dict[str, Page | Exception] = {f"{n}": page(f"{(n + 1) % 30}", f"id{n}") for n in range(30)}
    polled = PollerUnderTest(TOKEN, {"": page("0"), **pages})
    assert await polled.run(100) <= 32
    assert len(polled.writing.decisions) == 1


async def test_fresh_tokens_that_lead_to_the_same_pages_end_the_run() -> None:
    pages: dict[str, Page | Exception] = {f"{n}": page(f"{n + 1}", f"id{n % 2}") for n in range(100)}
    polled = PollerUnderTest(TOKEN, {"": page("0"), **pages})
    assert await polled.run(100) == 4
    assert len(polled.writing.decisions) == 1


async def test_a_place_counts_where_the_position_moves_with_the_time() -> None:
    pages: dict[str, Page | Exception] = {f"{n}": page(f"{n + 1}", f"id{n}", place="ab"[n % 2]) for n in range(100)}
    polled = PollerUnderTest(TOKEN, {"": page("0", place="z"), **pages})
    assert await polled.run(100) == 4


@pytest.mark.parametrize("feed", [TOKEN, LIST])
async def test_empty_pages_that_go_on_are_no_circle(feed: Feed) -> None:
    pages: dict[str, Page | Exception] = {f"{n}": page(f"{n + 1}") for n in range(40)}
    polled = PollerUnderTest(feed, {"": page("0"), **pages, "40": page("end", "last", more=False)})
    assert await polled.run(100) == 42
    assert (polled.writing.written, polled.writing.decisions) == (["last"], [])


async def test_a_list_that_is_walked_again_is_no_circle() -> None:
    pages: dict[str, Page | Exception] = {
        "": page("walk 1 page 2", "1", "2"),
        "walk 1 page 2": page("walk 2 page 1"),
        "walk 2 page 1": page("walk 2 page 2", "1", "2"),
        "walk 2 page 2": page("done", "3", more=False),
    }
    polled = PollerUnderTest(LIST, pages)
    assert await polled.run() == 4
    assert polled.writing.decisions == []


async def test_a_page_that_leads_to_itself_stays_a_failure() -> None:
    polled = PollerUnderTest(TOKEN, {"": page("a", "1"), "a": page("a", "2")})
    await polled.run(3)
    assert polled.writing.written == ["1"]
    assert polled.writing.cursors == ["a"]


async def test_a_feed_that_had_to_begin_earlier_is_said_and_goes_on() -> None:
    polled = PollerUnderTest(TOKEN, {"": page("new", "1", more=False, restarted="the token is dead; read again from a date")})
    assert await polled.run() == 1
    [said] = polled.writing.decisions
    assert (said.decision, said.entity) == ("refused", "job")
    assert "read again from a date" in said.detail
    assert polled.writing.cursors == ["new"]


@pytest.mark.parametrize(("asked_s", "least_s", "most_s"), [(0, 0.05, 61), (600, 600, 600), (99_999, 3600, 3600), (None, 0.05, 61)])
async def test_a_throttled_system_is_left_alone_as_long_as_it_asks_and_no_shorter_than_the_backoff(
    asked_s: float | None, least_s: float, most_s: float
) -> None:
    polled = PollerUnderTest(TOKEN, {"": Throttled("429", asked_s)})
    polled.poller._draw = random.Random(3)
    for _ in range(12):
        assert await polled.run() == 1
        wait, _ = polled.poller._schedule.wait(polled.clock.now(), polled.clock.monotonic())
        assert least_s <= wait.total_seconds() <= most_s
        polled.clock.moment += wait
    assert asked_s is None or asked_s > 0 or polled.clock.monotonic() > 30  # nineteen calls a second it was


async def test_other_failures_back_off_in_real_seconds() -> None:
    polled = PollerUnderTest(TOKEN, {"": Transient("503")})
    assert await polled.run(1) == 1
    assert polled.poller._schedule.next(polled.clock.now(), 0.0) is None


def test_a_run_is_forgotten_when_it_ends() -> None:
    run = Run()
    assert not run.repeats(TOKEN, page("a", "1"))
    assert not run.repeats(TOKEN, page("b", "2", more=False))
    assert not run.repeats(TOKEN, page("a", "1"))
    assert run.repeats(TOKEN, page("a", "1"))
    assert not run.repeats(TOKEN, page("a", "1"))
