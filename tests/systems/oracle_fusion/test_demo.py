"""What the demo says of Fusion: its periods, and how often every supplier is read."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path

from services.ingress.pollers import feeds_of
from services.sinks import reasons
from systems.connection import QuotaShares, Side
from systems.mapped import Canonical
from systems.oracle_fusion.demo import DEMO
from systems.oracle_fusion.mapping import to_canonical
from tests.systems.oracle_fusion.ground import Site, pod, raw_of, walked


async def test_the_period_that_is_closed_when_the_day_begins_is_opened_once_it_was_met(tmp_path: Path) -> None:
    """Receivables alone wait for it. With few jobs it was opened before the first document came, and the day had met no closed period."""
    (act,) = [one for one in DEMO.faults() if one.path == "periods"]
    assert act.once_held == reasons.PERIOD_CLOSED
    async with pod(tmp_path, closed=DEMO.simulator_settings(1)["closed"]) as site:
        assert await march(site) is False
        await site.tell(act.path, **act.body)
        assert await march(site) is True


def test_a_site_that_people_change_is_read_before_the_demo_counts_what_more_polling_adds() -> None:
    """The date of the supplier does not change with its site. Read once a day, three vendors came while ten more cycles had to add nothing."""
    own, _, _ = DEMO.section("http://127.0.0.1:1", defaultdict(str))
    side = Side(system="oracle_fusion", settings=own, quota=QuotaShares(group="g", calls=60))
    (scan,) = [feed for feed in feeds_of(side) if feed.name == "all_vendors"]
    assert scan.cadence <= timedelta(minutes=15)


async def march(site: Site) -> bool:
    """Whether this month takes documents of receivables, as the list of periods tells."""
    found, _ = await walked(site.access()[0], "periods")
    elements = [one for one in found if one.source_id.endswith("/Mar-26")]
    assert len(elements) > 1, "the list has a row for each application"
    made = [one for element in elements for one in to_canonical(raw_of("period", element), site.reading())]
    return any(isinstance(one, Canonical) and one.record["open_receivable"] for one in made)
