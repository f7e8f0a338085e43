"""A place that is not taken any more, however it is refused: the feed goes on from the start of what is being read."""

from __future__ import annotations

import pytest

from runtime.errors import Broken, ConnectorError, Garbled, Refused, Throttled, Transient
from systems.feeds.continuation import PASSING, Continuations


class Feed:
    """A feed whose places answer, or fail, as a test says."""

    def __init__(self, **failures: ConnectorError) -> None:
        self.failures = failures
        self.asked: list[str] = []
        self._continuations = Continuations()

    async def read(self, at: str, start: str = "start", name: str = "invoices") -> tuple[str, str, str]:
        return await self._continuations.read(name, self._ask, at, start)

    async def _ask(self, place: str) -> str:
        self.asked.append(place)
        if place in self.failures:
            raise self.failures[place]
        return f"rows at {place}"


async def test_a_place_that_is_taken_is_read_once() -> None:
    feed = Feed()
    assert await feed.read("here") == ("rows at here", "here", "")
    assert feed.asked == ["here"]


@pytest.mark.parametrize("failure", [Refused("400"), Broken("403")])
async def test_a_refused_place_gives_way_to_the_start_at_once_and_says_why(failure: ConnectorError) -> None:
    assert await Feed(here=failure).read("here") == ("rows at start", "start", str(failure))


@pytest.mark.parametrize("failure", [Transient("500"), Garbled("no page")])
async def test_a_failure_that_may_pass_costs_no_place_until_it_lasts(failure: ConnectorError) -> None:
    feed = Feed(here=failure)
    for _ in range(PASSING):
        with pytest.raises(Transient):
            await feed.read("here")
    assert feed.asked == ["here"] * PASSING
    assert (await feed.read("here"))[1:] == ("start", str(failure))


async def test_a_success_begins_the_count_anew_and_each_feed_has_its_own() -> None:
    feed = Feed(here=Transient("500"))
    for _ in range(PASSING):
        with pytest.raises(Transient):
            await feed.read("here")
    with pytest.raises(Transient):
        await feed.read("here", name="bills")
    await feed.read("there")
    with pytest.raises(Transient):
        await feed.read("here")


async def test_what_is_refused_at_the_start_too_is_not_about_the_place() -> None:
    with pytest.raises(Broken, match="start"):
        await Feed(here=Refused("here"), start=Broken("start")).read("here")
    with pytest.raises(Refused):
        await Feed(start=Refused("start")).read("start")


async def test_a_throttled_place_is_never_given_up() -> None:
    feed = Feed(here=Throttled("429"))
    for _ in range(2 * PASSING):
        with pytest.raises(Throttled):
            await feed.read("here")
    assert set(feed.asked) == {"here"}
