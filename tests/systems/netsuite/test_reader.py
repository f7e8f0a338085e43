"""Reading NetSuite: pages in the order of change and id, windows on a wall clock, documents with their lines, and answers that are no page."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import ConnectorError, Refused, Transient
from runtime.exchange import Request, Response, response
from runtime.json import parse
from systems.feeds.changes import MAX_TRIES, Changes
from systems.netsuite.poller import changes_of, open_reader, position_from
from tests.contract.seam import Deliver
from tests.systems.in_process import Wire
from tests.systems.netsuite.account import Site, account, feed, queries, records, walked

JSON = {"Content-Type": "application/vnd.oracle.resource+json; type=collection"}


def told(answer: Response) -> dict[str, Any]:
    found = parse(answer.body)
    assert isinstance(found, dict)
    return found


def changed(answer: Response, **members: Any) -> Response:
    """The answer with other members."""
    return response(200, json.dumps({**told(answer), **members}, default=str).encode(), JSON)


def twisted(wire: Wire, change: Callable[[Response], Response], times: int = 10**6, part: str = " FROM vendor ") -> None:
    """Let the wire change the next answers to queries of a table."""
    left = [times]

    async def twist(request: Request, deliver: Deliver) -> Response:
        answer = await deliver(request)
        if left[0] and part.encode() in request.body:
            left[0] -= 1
            return change(answer)
        return answer

    wire.twist = twist


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vendors", "invoices", "departments", "payments"])
async def test_a_feed_is_read_in_pages_of_any_size(name: str, tmp_path: Path) -> None:
    async with account(tmp_path, vendors=23, customers=10, history=60) as site:
        whole = [one.source_id for one in (await walked(site.access()[0], name))[0]]
        assert len(whole) == len(set(whole)) > 7
        for size in (2, 3, 7, len(whole), len(whole) + 1, 1000):
            found = [one.source_id for one in (await walked(site.access(page_size=size)[0], name))[0]]
            assert found == whole, size


async def test_a_ceiling_below_the_number_of_rows_of_one_second_hides_nothing(tmp_path: Path) -> None:
    """What an import saved in one second, more rows than a query gives, is split by its ids."""
    async with account(tmp_path, vendors=60, row_ceiling=20) as site:
        found, _ = await walked(site.access(page_size=7)[0], "vendors")
        assert len({one.source_version for one in found}) == 1
        assert len({one.source_id for one in found}) == len(found) == 60


async def test_a_row_that_changes_while_the_list_is_read_comes_again_and_hides_no_other(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=20) as site:
        reader = open_reader(site.access(page_size=5)[0])
        seen: Counter[str] = Counter()
        position, first = "", ""
        while True:
            page = await reader.page(feed("vendors"), position)
            seen.update(one.source_id for one in page.elements)
            position, first = page.position, first or page.elements[0].source_id
            if not page.more:
                break
            site.clock.move(5)
            if len(seen) == 10:
                last = str(changes_of(position).last)
                for key in (first, last):
                    await site.enter("vendor", key, comments="changed")
        assert len(seen) == 20
        assert {key for key, count in seen.items() if count > 1} == {first, last}


@pytest.mark.parametrize("size", [5, 1000])
async def test_a_page_before_which_a_row_went_away_is_read_again(size: int, tmp_path: Path) -> None:
    async with account(tmp_path, vendors=20) as site:
        for skip in range(4):
            access, _ = site.access(page_size=size)
            await site.fault(kind="page_drift", count=1, skip=skip)
            assert len({one.source_id for one in (await walked(access, "vendors"))[0]}) == 20, skip


async def test_a_page_without_order_is_read_again_and_told_where_it_stays(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=9) as site:
        access, wire = site.access(page_size=5)

        def turned(answer: Response) -> Response:
            return changed(answer, items=told(answer)["items"][::-1])

        twisted(wire, turned, times=2)
        assert len((await walked(access, "vendors"))[0]) == 9
        access, wire = site.access()
        twisted(wire, turned)
        reader, position = open_reader(access), ""
        for _ in range(MAX_TRIES):
            page = await reader.page(feed("vendors"), position)
            assert (page.elements, page.more) == ((), True)
            position = page.position
        with pytest.raises(Transient, match="are out of order"):
            await reader.page(feed("vendors"), position)


async def test_a_last_row_that_was_removed_does_not_stop_the_walk(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=12) as site:
        reader = open_reader(site.access(page_size=5)[0])
        first = await reader.page(feed("vendors"), "")
        await site.tell("remove", {"type": "vendor", "id": first.elements[-1].source_id})
        found, position = list(first.elements), first.position
        while True:
            page = await reader.page(feed("vendors"), position)
            found += page.elements
            position = page.position
            if not page.more:
                break
        assert len({one.source_id for one in found}) == 12


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: changed(answer, count=1),
        lambda answer: changed(answer, hasMore="true"),
        lambda answer: response(200, json.dumps({"items": "none", "hasMore": False}).encode(), JSON),
        lambda answer: response(200, b"[]", JSON),
        lambda answer: response(200, b"<html>maintenance</html>", {"Content-Type": "text/html"}),
        lambda answer: response(200, answer.body[:-20], JSON),
        lambda answer: changed(answer, items=[], count=0, hasMore=True, totalResults=9),
        lambda answer: changed(answer, items=[["id", "1"]], count=1, totalResults=1),
    ],
)
async def test_what_is_no_page_moves_no_cursor(change: Callable[[Response], Response], tmp_path: Path) -> None:
    async with account(tmp_path, vendors=9) as site:
        access, wire = site.access()
        twisted(wire, change)
        reader, position = open_reader(access), ""
        with pytest.raises(ConnectorError):  # noqa: PT012 - a page that moves is asked for some times
            for _ in range(MAX_TRIES + 1):
                page = await reader.page(feed("vendors"), position)
                assert page.elements == ()
                assert changes_of(page.position).since == ""
                position = page.position


async def test_a_row_that_cannot_be_read_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=9) as site:
        access, wire = site.access(page_size=4)

        def torn(answer: Response) -> Response:
            return response(200, answer.body.replace(b'"isinactive":"F"', b'"isinactive":"F","isinactive":"T"', 1), JSON)

        twisted(wire, torn, times=1)
        found, _ = await walked(access, "vendors")
        assert len({one.source_id for one in found}) == 9


# --- windows ----------------------------------------------------------------------------------------------------------


async def test_the_next_window_begins_when_the_last_walk_began_less_the_overlap(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=5, timezone="America/Chicago") as site:
        access, wire = site.access(index_lag_s=1800)
        _, last = await walked(access, "vendors")
        assert changes_of(last.position).since == "2026-03-16T15:00:00.000Z"
        site.clock.move(7200)
        again, last = await walked(access, "vendors", last.position)
        assert len(again) == 5, "they were saved within the overlap"
        assert "lastmodifieddate >= TO_TIMESTAMP('2026-03-16 09:30:00.000000000'" in queries(wire)[-1]
        assert (await walked(access, "vendors", last.position))[0] == []


async def test_what_the_search_shows_late_is_read_by_the_next_window(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=5) as site:
        access, _ = site.access(index_lag_s=600)
        site.clock.move(7200)
        _, last = await walked(access, "vendors")
        site.clock.move(600)
        await site.fault(kind="late_index", count=1, seconds=300)
        key = await site.enter("vendor", companyName="Late Pipe", subsidiary={"id": "2"})
        site.clock.move(60)
        found, last = await walked(access, "vendors", last.position)
        assert found == []
        site.clock.move(600)
        found, _ = await walked(access, "vendors", last.position)
        assert [one.source_id for one in found] == [key]


async def test_a_change_in_the_hour_that_comes_twice_is_read_and_newer_than_the_one_before(tmp_path: Path) -> None:
    """Clocks in Los Angeles go back at 2026-11-01 09:00 UTC: 01:50 comes before 01:10."""
    async with account(tmp_path, vendors=1) as site:
        access, _ = site.access()
        site.clock.move((datetime(2026, 11, 1, 8, 40, tzinfo=UTC) - site.clock.now()).total_seconds())
        _, last = await walked(access, "vendors")
        site.clock.move(600)
        key = await site.enter("vendor", companyName="Fall Pipe", subsidiary={"id": "2"})
        site.clock.move(120)
        first, last = await walked(access, "vendors", last.position)
        site.clock.move(1200)
        await site.enter("vendor", key, comments="again")
        site.clock.move(120)
        second, last = await walked(access, "vendors", last.position)
        assert [[one.source_id for one in found] for found in (first, second)] == [[key], [key]]
        assert first[0].source_version == "2026-11-01T08:50:00.0000000Z"
        assert second[0].source_version == "2026-11-01T09:12:00.0000000Z"


async def test_a_connection_reads_from_its_day_on(tmp_path: Path) -> None:
    async with account(tmp_path, customers=5, history=60) as site:
        whole, _ = await walked(site.access()[0], "invoices")
        some, _ = await walked(site.access(read_from=date(2025, 7, 1))[0], "invoices")
        assert 0 < len(some) < len(whole)
        assert {one.source_id for one in some} == {one.source_id for one in whole if one.source_version >= "2025-07-01T07"}


def test_a_window_can_be_reset_to_a_day_and_a_full_list_cannot() -> None:
    assert position_from(feed("departments"), date(2026, 3, 1)) is None
    assert changes_of(position_from(feed("invoices"), date(2026, 3, 1)) or "") == Changes(since="2026-03-01T00:00:00.000Z")


# --- documents --------------------------------------------------------------------------------------------------------


async def entered_order(site: Site, lines: int) -> str:
    """An order with so many lines."""
    items = [{"item": {"id": "1"}, "quantity": 1, "rate": number + 0.25} for number in range(1, lines + 1)]
    vendor = await site.enter("vendor", companyName="Long Order Supply", subsidiary={"id": "2"})
    return await site.enter("purchaseOrder", entity={"id": vendor}, item={"items": items})


async def test_lines_beyond_one_page_are_read_to_their_end(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        key = await entered_order(site, 1203)
        access, wire = site.access()
        found, _ = await walked(access, "purchase_orders")
        (made,) = records("purchase_order", found, site.reading())
        assert made["source_id"] == key
        assert len(made["lines"]) == 1203
        assert sum(line["amount"] for line in made["lines"]) == made["total"]
        assert len([one for one in queries(wire) if "FROM transactionline" in one]) == 2


async def test_a_document_that_changed_between_its_row_and_its_lines_is_read_again(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        key = await entered_order(site, 2)
        site.clock.move(60)
        access, wire = site.access()
        times = [1]

        async def twist(request: Request, deliver: Deliver) -> Response:
            if times[0] and b"FROM transactionline" in request.body:
                times[0] -= 1
                await site.enter("purchaseOrder", key, memo="changed in between")
            return await deliver(request)

        wire.twist = twist
        found, _ = await walked(access, "purchase_orders")
        made = records("purchase_order", found, site.reading())
        assert [one["summary"] for one in made] == ["changed in between"]


async def test_lines_that_went_missing_are_no_document(tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        await entered_order(site, 3)
        access, wire = site.access()

        def fewer(answer: Response) -> Response:
            return changed(answer, items=told(answer)["items"][:-1], count=3)

        twisted(wire, fewer, times=2, part="FROM transactionline")
        (made,) = records("purchase_order", (await walked(access, "purchase_orders"))[0], site.reading())
        assert len(made["lines"]) == 3


@pytest.mark.parametrize(
    "members",
    [
        {"items": [], "count": 0, "hasMore": True, "totalResults": None},
        {"items": [{"transaction": "x", "id": "0"}], "count": 1, "totalResults": 1},
        {"items": [{"transaction": "9" * 60, "id": "0"}], "count": 1, "totalResults": 1},
        {"items": [{"transaction": "1", "id": "9" * 5000}], "count": 1, "totalResults": 1},
        {"items": [{"transaction": "1"}], "count": 1, "totalResults": 1},
    ],
)
async def test_lines_of_another_shape_move_no_cursor(members: dict[str, Any], tmp_path: Path) -> None:
    async with account(tmp_path) as site:
        await entered_order(site, 3)
        access, wire = site.access()
        twisted(wire, lambda answer: changed(answer, **members), part="FROM transactionline")
        with pytest.raises(ConnectorError):
            await walked(access, "purchase_orders")


# --- objects by id ----------------------------------------------------------------------------------------------------


async def test_objects_are_read_by_their_ids_and_others_are_absent(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=5, orders=2) as site:
        whole, _ = await walked(site.access()[0], "purchase_orders")
        reader = open_reader(site.access()[0])
        ids = [one.source_id for one in whole]
        found = await reader.fetch("purchase_order", [*ids, "99999999"])
        assert sorted(found.elements, key=lambda one: one.source_id) == sorted(whole, key=lambda one: one.source_id)
        assert (await reader.fetch("invoice", ids)).elements == (), "ids of another kind"
        with pytest.raises(Refused, match="not an internal id"):
            await reader.fetch("vendor", ["1 OR 1=1"])


async def test_an_answer_with_an_object_that_nobody_asked_for_is_no_answer(tmp_path: Path) -> None:
    async with account(tmp_path, vendors=5) as site:
        access, wire = site.access()
        whole, _ = await walked(access, "vendors")
        other = json.loads(whole[1].body)
        twisted(wire, lambda answer: changed(answer, items=[other], count=1, totalResults=1))
        with pytest.raises(ConnectorError, match="was not asked for"):
            await open_reader(access).fetch("vendor", [whole[0].source_id])


def test_a_position_of_another_feed_is_told() -> None:
    for text in ('{"since":"x"}', '{"skip":1}', "no json", '{"since":"","began":"","at":"","last":"x","tries":0}'):
        with pytest.raises(ConnectorError, match="cannot be read"):
            changes_of(text)
    assert changes_of("") == Changes()
    assert replace(Changes(), last="5").behind == ("", 5)
    assert Changes(since="2026-03-16T15:00:00.000Z").bound(timedelta(hours=1)) == datetime(2026, 3, 16, 14, tzinfo=UTC)
