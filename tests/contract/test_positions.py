"""A feed that is read from a day on: every system's own positions, read back by its own reader's rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from console.compare.reading import HISTORY
from systems import registry
from systems.acumatica.poller import offset_of
from systems.contract import Feed, Role, System
from systems.feeds.positions import is_walking
from systems.netsuite.poller import changes_of
from systems.oracle_fusion.poller import offset_of as fusion_offset_of
from systems.peoplesoft.poller import keyset_of
from systems.servicetitan.poller import pages_of, token_of
from systems.syspro.poller import keyset_of as syspro_keyset_of
from tests.contract.ground import opened

SYSTEMS = [registry.system(name) for name in registry.NAMES]
FEEDS = [(system, feed) for system in SYSTEMS for feed in system.feeds]
DAY = date(2026, 3, 1)


@pytest.mark.parametrize(("system", "feed"), FEEDS, ids=[f"{system.name}.{feed.name}" for system, feed in FEEDS])
def test_a_feed_with_times_knows_its_days_and_a_whole_list_none(system: System, feed: Feed) -> None:
    assert system.position_from is not None
    position = system.position_from(feed, DAY)
    if feed.kind == "full":
        assert position is None
        return
    assert position is not None
    readers = {
        "acumatica": offset_of, "peoplesoft": keyset_of, "oracle_fusion": fusion_offset_of, "netsuite": changes_of, "syspro": syspro_keyset_of,
    }  # fmt: skip
    read = readers.get(system.name, token_of if feed.kind == "token" else pages_of)
    assert "2026-03-01" in str(read(position))


@pytest.mark.parametrize("name", [one.name for one in registry.erps()])
async def test_a_position_tells_whether_its_walk_is_over(name: str, tmp_path: Path) -> None:
    """A historical load ends when no feed of documents is within a walk; whatever the class of the positions."""
    system = registry.system(name)
    async with opened(system, tmp_path, Role.POLLER) as (access, _):
        reader = system.open_reader(access)
        for feed in (one for one in system.feeds if one.entity in HISTORY and one.kind == "window"):
            assert system.position_from is not None
            position, more = system.position_from(feed, date(2025, 1, 1)) or "", True
            assert not is_walking(position), feed.name
            while more:
                page = await reader.page(feed, position)
                position, more = page.position, page.more
                assert is_walking(position) == more, (feed.name, position)
        await reader.close()
