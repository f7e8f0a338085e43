"""The historical load: a year of documents is read from a day on by sessions that end anywhere, each document once, and nothing of it is posted."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from console.compare.loading import feeds
from systems import registry
from systems.contract import Role, System
from systems.feeds.positions import is_walking
from systems.netsuite.poller import open_reader, position_from
from tests.contract import examples
from tests.systems.netsuite.account import account, records

NETSUITE: System = registry.system("netsuite")
FIRST = date(2025, 1, 1)


@pytest.mark.parametrize("most", [1, 3])
async def test_a_load_that_is_interrupted_after_any_page_reads_each_document_once(most: int, tmp_path: Path) -> None:
    connected = examples.connected(NETSUITE)
    async with account(tmp_path, customers=20, vendors=8, history=300) as site:
        read: Counter[str] = Counter()
        for _, feed in feeds(connected.settings):
            position, more, pages = position_from(feed, FIRST) or "", True, 0
            reader = open_reader(site.access(Role.POLLER, page_size=20)[0])
            while more:
                page = await reader.page(feed, position)
                position, more, pages = page.position, page.more, pages + 1
                assert is_walking(position) == more
                read.update(f"{feed.entity}/{one.source_id}" for one in page.elements)
                if not pages % most:
                    await reader.close()
                    reader = open_reader(site.access(Role.POLLER, page_size=20)[0])
            await reader.close()
        kinds = ("vendorBill", "vendorPayment", "invoice", "customerPayment", "journalEntry")
        held = [(await site.ask(f"documents?kind={kind}"))["documents"] for kind in kinds]
        ours = {row["id"] for rows in held for row in rows if row["date"] >= FIRST.isoformat()}
        assert set(read.values()) == {1}
        assert len(ours) == 300
        assert {key.partition("/")[2] for key in read} >= {row["id"] for rows in held[:4] for row in rows}


async def test_nothing_that_netsuite_entered_itself_becomes_a_command(tmp_path: Path) -> None:
    async with account(tmp_path, customers=20, vendors=8, history=100) as site:
        plan = examples.plan(examples.connected(NETSUITE), "netsuite", "invoice.voided")
        seen = 0
        for _, feed in feeds(examples.connected(NETSUITE).settings):
            page = await open_reader(site.access()[0]).page(feed, position_from(feed, FIRST) or "")
            for record in records(feed.entity, list(page.elements), site.reading()):
                assert list(NETSUITE.to_commands(feed.entity, dict(record), plan)) == []
                seen += 1
        assert seen > 80
