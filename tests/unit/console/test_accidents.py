"""When the accidents of a demo's day happen, and what those do that wait for something."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from console.demo.accidents import Accident, Accidents, never_held
from tests.unit.console.entries import entry
from tests.unit.console.recorded import Recorded


@dataclass
class World:
    """What happened and what was said; `missing` is what an accident waits for."""

    happened: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    missing: str = ""

    def accident(self, name: str, waits: bool = False) -> Accident:
        async def happen() -> None:
            self.happened.append(name)

        return Accident(name, happen, lambda: self.missing if waits else "")


async def test_accidents_are_spread_evenly_over_the_day() -> None:
    world = World()
    accidents = Accidents([world.accident(name) for name in ("first", "second", "third")], world.said.append)
    seen = []
    for part in (0.0, 0.3, 0.6, 0.999):
        assert not await accidents.up_to(part)
        seen.append(len(world.happened))
    assert seen == [0, 1, 2, 3]
    assert await accidents.up_to(1)
    assert world.happened == ["first", "second", "third"]


async def test_one_that_waits_keeps_no_other_up_and_is_said_once() -> None:
    world = World(missing="a document held as period_closed")
    accidents = Accidents([world.accident("opened", waits=True), world.accident("outage")], world.said.append)
    for _ in range(3):
        assert not await accidents.up_to(0.9)
    assert world.happened == ["outage"]
    assert world.said == ["not yet: opened: it waits for a document held as period_closed", "accident: outage"]
    world.missing = ""
    assert not await accidents.up_to(0.9)
    assert world.happened == ["outage", "opened"]


async def test_the_day_is_not_over_while_one_waits() -> None:
    """With few jobs the period was opened before the first document came."""
    world = World(missing="a document")
    accidents = Accidents([world.accident("opened", waits=True)], world.said.append)
    assert not await accidents.up_to(1)
    assert world.happened == []
    world.missing = ""
    assert await accidents.up_to(1)
    assert world.happened == ["opened"]


@pytest.mark.parametrize("part", [1.0, 0.9])
async def test_what_never_comes_is_waited_for_until_some_time_after_the_day(part: float) -> None:
    world = World(missing="a document")
    accidents = Accidents([world.accident("opened", waits=True)], world.said.append, patience_s=0)
    assert await accidents.up_to(part) == (part == 1)
    assert world.happened == (["opened"] if part == 1 else [])
    assert world.said[-1].endswith(", though there never was a document" if part == 1 else "waits for a document")


def test_what_is_held_for_another_reason_or_at_another_connection_is_none_of_it() -> None:
    cluster = Recorded()
    missing = "a document held as period_closed"
    for one in (
        entry("invoice", "1", "HELD", "refused"),
        entry("invoice", "2", "HELD", "period_closed", connection="other"),
        entry("invoice", "3", "WAITING", "window"),
    ):
        cluster.put("ledger.acumatica", "result.ledger", one)
    assert (never_held(cluster, "acme", "period_closed"), never_held(cluster, "acme", "")) == (missing, "")
    cluster.put("ledger.acumatica", "result.ledger", entry("invoice", "3", "HELD", "period_closed"))
    assert never_held(cluster, "acme", "period_closed") == ""
