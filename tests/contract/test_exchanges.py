"""What our clients ask and what the simulators answer is what the facts of the vendors' documents say; what they leave out is listed, exactly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from runtime.simulator.openapi import Exchange
from systems import registry
from systems.contract import Role, System
from tests.contract.examples import connected, folder
from tests.contract.ground import ground, opened
from tests.contract.registered import SYSTEMS, WRITERS, brought
from tests.exchanges import documents, listed_as_uncovered


async def check_every_feed_is_read(system: System, folder: Path) -> None:
    """Every feed from its start to where nothing more is there, and what it shows once more by id."""
    async with opened(system, folder, Role.POLLER) as (entered, _):
        reader = system.open_reader(entered)
        for feed in system.feeds:
            position, pages, ids = "", 0, []
            while pages < 100:
                page = await reader.page(feed, position)
                position, pages = page.position, pages + 1
                ids += [one.source_id for one in page.elements]
                assert len(page.digest) == 64
                if not page.more:
                    break
            assert pages < 100, f"{feed.name} has no end"
            if feed.entity in system.fetchable and ids:
                wanted = list(dict.fromkeys(ids))[: system.fetchable[feed.entity]]
                fetched = await reader.fetch(feed.entity, wanted)
                assert {one.source_id for one in fetched.elements} == set(wanted), feed.name
                strange = await reader.fetch(feed.entity, [f"{wanted[0]}9999999"])
                assert strange.elements == (), f"{feed.entity}: an unknown id is absent from the page"
        await reader.close()


@pytest.mark.parametrize("name", SYSTEMS)
async def test_every_feed_of_a_system_is_read_to_its_end(name: str, tmp_path: Path) -> None:
    await check_every_feed_is_read(registry.system(name), tmp_path)


@pytest.mark.parametrize("name", SYSTEMS)
async def test_a_check_of_the_connection_asks_what_the_documents_describe(name: str, tmp_path: Path) -> None:
    system = registry.system(name)
    async with opened(system, tmp_path, Role.CHECK) as (entered, _):
        checker = system.open_checker(entered)
        crosswalk = connected(system).crosswalk
        findings = await checker.check(crosswalk)
        await checker.close()
    assert findings
    assert all(one.words and (one.remedy or one.level == "ok") for one in findings)


@pytest.mark.parametrize("name", WRITERS)
async def test_every_write_asks_what_the_documents_describe(name: str, tmp_path: Path) -> None:
    system = registry.system(name)
    await check_writes(system, brought(system), tmp_path)


async def check_writes(system: System, these: Iterable[str], folder: Path) -> None:
    """Every one of these ways once: looked up, written; the fixture holds each exchange against the documents."""
    for way in these:
        async with ground(system, folder / way, way) as on:
            case = await on.case(way, "w")
            await on.look(case)
            await on.written(case)


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_is_listed_as_left_out_by_the_documents_is_left_out(name: str) -> None:
    held, listed = documents(name), listed_as_uncovered(name)
    if held is None:
        text = (folder(name) / "SYSTEM.md").read_text()
        assert re.search(r"^\| .*published document.* \| exempt: the vendor publishes none.* \|$", text, re.MULTILINE), (
            "a vendor without documents: its quality sheet says so"
        )
        return
    assert listed, f"systems/{name}/SYSTEM.md lists nothing; each line: - `GET /path -> 200`"
    for line in listed:
        method, path, _, status = line.split(" ")
        before = sum(held.uncovered.values())
        where = re.sub(r"\*|\{\w+\}", "x", path)
        held.problems(Exchange(method.replace("*", "GET"), where, {}, b"", int(status.replace("*", "200")), b""))
        assert sum(held.uncovered.values()) == before + 1, f"{line} is in the vendor's document: take it out of the list"
