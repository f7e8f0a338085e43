"""Readers of every system over its simulator: pages that end exactly, rows that come while a list is read, tokens that run out on the way;
and a check that finds what is wrong with the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import ConnectorError
from systems import registry
from systems.contract import Access, Feed, Role, System
from tests.contract import examples
from tests.contract.examples import connected
from tests.contract.ground import at_the_simulator, opened, otherwise
from tests.contract.registered import SYSTEMS

MOST_PAGES = 400
A_DAY_S = 26 * 3600.0
"""Longer than any token lives."""


@dataclass
class Walk:
    """A feed as it was read: ids in their order, pages, and how many times each page had to be asked for again."""

    ids: list[str] = field(default_factory=list)
    pages: int = 0
    position: str = ""
    largest: int = 0


async def walk(
    system: System, entered: Access, feed: Feed, between: Callable[[int], Any] | None = None, position: str = ""
) -> Walk:
    """Read a feed to where nothing more is there; `between` is called after each page."""
    reader, read = system.open_reader(entered), Walk(position=position)
    try:
        while read.pages < MOST_PAGES:
            page = await reader.page(feed, read.position)
            read.position, read.pages = page.position, read.pages + 1
            read.ids += [one.source_id for one in page.elements]
            read.largest = max(read.largest, len(page.elements))
            if not page.more:
                return read
            if between is not None and (waited := between(read.pages)) is not None:
                await waited
        raise AssertionError(f"{feed.name} has no end")
    finally:
        await reader.close()


async def check_pages(system: System, folder: Path) -> None:
    """Pages of two rows, and one page that holds exactly everything, show what one large page shows; nothing is left out."""
    async with opened(system, folder, Role.POLLER) as (entered, _):
        for feed in system.feeds:
            whole = await walk(system, entered, feed)
            for size in {2, len(whole.ids)} if len(whole.ids) in range(2, 500) else {2} if whole.ids else set():
                read = await walk(system, otherwise(entered, {"page_size": size}), feed)
                assert set(read.ids) == set(whole.ids), f"{feed.name} in pages of {size}"


async def check_rows_that_come_while_a_list_is_read(system: System, folder: Path) -> None:
    """What was there is read in spite of what comes meanwhile, and what came is read now or from where the first reading ended."""
    told = examples.told(system.name).inserts
    assert told.keys() <= {feed.name for feed in system.feeds}
    async with opened(system, folder, Role.POLLER) as (entered, simulator):
        small = otherwise(entered, {"page_size": 2})
        for feed in (one for one in system.feeds if one.name in told):
            before = await walk(system, small, feed)

            async def come(page: int, name: str = feed.name) -> None:
                if page == 1:
                    await at_the_simulator(simulator, told[name])

            read = await walk(system, small, feed, come)
            assert set(before.ids) <= set(read.ids), feed.name
            later = await walk(system, small, feed, position=read.position)
            new = (set(read.ids) | set(later.ids)) - set(before.ids)
            assert len(new) == 1, f"{feed.name}: what came is read {new}"


async def check_tokens_that_run_out(system: System, folder: Path) -> None:
    """Every token runs out between two pages: the reader signs in anew, or says so and goes on from where it stood."""
    async with opened(system, folder, Role.POLLER) as (entered, _):
        small, clock = otherwise(entered, {"page_size": 2}), entered.clock
        for feed in system.feeds:
            whole = await walk(system, entered, feed)
            read = Walk()
            for _attempt in range(3):
                try:
                    read = await walk(system, small, feed, lambda page: clock.move(A_DAY_S) if page == 1 else None)  # type: ignore[attr-defined]  # the suite's clock
                    break
                except ConnectorError:
                    continue
            assert set(whole.ids) <= set(read.ids), feed.name


async def check_mistakes_are_found(system: System, folder: Path) -> None:
    """Each wrong setting that the examples name is an error that names it, with a remedy; without them there is no error."""
    mistakes = examples.told(system.name).mistakes
    assert mistakes, f"systems/{system.name}/examples/connection.json: `mistakes` names none"
    for name, told in {"": {"settings": {}, "finding": ""}, **mistakes}.items():
        async with opened(system, folder / (name or "none"), Role.CHECK) as (entered, _):
            checker = system.open_checker(otherwise(entered, told["settings"]))
            try:
                found = await checker.check(connected(system).crosswalk)
            finally:
                await checker.close()
        errors = [one for one in found if one.level == "error"]
        said = "; ".join(f"{one.subject}: {one.words}" for one in errors)
        assert bool(errors) == bool(name), f"{name or 'without a mistake'}: {said}"
        assert not name or any(told["finding"] in f"{one.subject}: {one.words}" and one.remedy for one in errors), f"{name}: {said}"


@pytest.mark.parametrize("name", SYSTEMS)
async def test_pages_of_any_size_show_the_same(name: str, tmp_path: Path) -> None:
    await check_pages(registry.system(name), tmp_path)


@pytest.mark.parametrize("name", [one for one in SYSTEMS if examples.told(one).inserts])
async def test_what_comes_while_a_list_is_read_hides_nothing(name: str, tmp_path: Path) -> None:
    await check_rows_that_come_while_a_list_is_read(registry.system(name), tmp_path)


@pytest.mark.parametrize("name", SYSTEMS)
async def test_a_token_that_runs_out_between_two_pages_loses_nothing(name: str, tmp_path: Path) -> None:
    await check_tokens_that_run_out(registry.system(name), tmp_path)


@pytest.mark.parametrize("name", SYSTEMS)
async def test_a_check_finds_the_mistakes_that_the_examples_name(name: str, tmp_path: Path) -> None:
    await check_mistakes_are_found(registry.system(name), tmp_path)
