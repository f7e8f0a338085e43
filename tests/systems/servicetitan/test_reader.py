"""Feeds and objects of ServiceTitan: cursors that move only over pages that are what they should be."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from runtime.errors import Broken, ConnectorError, Refused, Transient
from services.ingress.pollers import feeds_of
from systems.connection import QuotaShares, Side
from systems.contract import Feed, Page
from systems.servicetitan.poller import Reader
from systems.servicetitan.resources import FEEDS, FETCHABLE
from tests.systems.servicetitan.scripted import LIST, Answer, Server, access, row, rows

FEED = {feed.name: feed for feed in FEEDS}


def export(*found: dict[str, Any], more: bool = False, token: str = "next") -> dict[str, Any]:
    return {"hasMore": more, "continueFrom": token, "data": list(found)}


def asked(server: Server) -> dict[str, str]:
    return dict(server.calls[-1].query)


async def cycle(reader: Reader, feed: Feed, position: str = "") -> tuple[list[str], str, int]:
    """Read until there is no more: ids in order, the last position, pages."""
    ids: list[str] = []
    pages, more = 0, True
    while more:
        page = await reader.page(feed, position)
        ids += [element.source_id for element in page.elements]
        position, more, pages = page.position, page.more, pages + 1
    return ids, position, pages


async def test_an_export_feed_follows_its_token_and_stores_the_last_one(server: Server, reader: Reader) -> None:
    pages = {"": export(row(1), row(2), more=True, token="a"), "a": export(row(3), token="b"), "b": export(token="b")}
    server.answer = lambda request: Answer(pages[request.query.get("from", "")])
    ids, position, count = await cycle(reader, FEED["customers"])
    assert (ids, count) == (["1", "2", "3"], 2)
    ids, _, _ = await cycle(reader, FEED["customers"], position)
    assert ids == []
    assert asked(server) == {"from": "b", "includeRecentChanges": "true"}
    assert server.calls[-1].path == "/crm/v2/tenant/1234567890/export/customers"


async def test_an_element_is_the_exact_bytes_of_its_row_with_id_and_version(server: Server, reader: Reader) -> None:
    body = b'{ "hasMore":false, "data": [ {"id" : 7,"total":"1.50", "modifiedOn":"2026-03-01T00:00:00.25Z" } ], "continueFrom":"x"}'
    server.answer = lambda _: Answer(body)
    page = await reader.page(FEED["payments"], "")
    (element,) = page.elements
    assert element.body == b'{"id" : 7,"total":"1.50", "modifiedOn":"2026-03-01T00:00:00.25Z" }'
    assert (element.source_id, element.source_version) == ("7", "2026-03-01T00:00:00.2500000Z")
    assert page.digest == hashlib.sha256(body).hexdigest()


async def test_an_object_that_stands_twice_in_a_page_is_kept_twice(server: Server, reader: Reader) -> None:
    """Which of the two counts is decided by their versions, downstream; neither is lost here."""
    first, second = {**row(1), "total": "1.00"}, {**row(1, "2026-03-01T00:00:01Z"), "total": "2.00"}
    server.answer = lambda _: Answer(export(first, second))
    page = await reader.page(FEED["payments"], "")
    assert [json.loads(element.body)["total"] for element in page.elements] == ["1.00", "2.00"]
    assert page.elements[0].source_version < page.elements[1].source_version


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 406, 409, 410, 414, 422, 431, 451])
async def test_a_refused_token_is_replaced_by_the_date_of_the_last_page(server: Server, reader: Reader, status: int) -> None:
    server.answer = lambda _: Answer(export(row(1, "2026-03-02T10:00:00.1234567Z"), token="stale"))
    position = (await reader.page(FEED["invoices"], "")).position
    server.answer = lambda request: (
        Answer({"status": status}, status) if request.query["from"] == "stale" else Answer(export(row(1), token="new"))
    )
    page = await reader.page(FEED["invoices"], position)
    assert str(status) in page.restarted
    assert "read again from 2026-03-02T09:45:00.000Z" in page.restarted
    assert asked(server)["from"] == "2026-03-02T09:45:00.000Z"
    assert json.loads(page.position)["token"] == "new"


@pytest.mark.parametrize("status", [400, 403, 404, 410, 451])
async def test_a_query_that_is_refused_without_a_token_is_broken(server: Server, reader: Reader, status: int) -> None:
    server.answer = lambda _: Answer({"status": status}, status)
    with pytest.raises(Broken):
        await reader.page(FEED["invoices"], "")
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 410])
async def test_what_is_refused_with_the_token_and_with_the_date_is_not_about_the_token(
    server: Server, reader: Reader, status: int
) -> None:
    server.answer = lambda _: Answer({"status": status}, status)
    with pytest.raises(Broken):
        await reader.page(FEED["invoices"], '{"token": "kept", "since": "2026-03-02T10:00:00.000Z"}')
    assert [call.query["from"] for call in server.calls] == ["kept", "2026-03-02T09:45:00.000Z"]


async def test_tokens_that_lead_to_each_other_are_one_place_each(server: Server, reader: Reader) -> None:
    """Whatever the change times do to the position: rows of the future would move it for ever."""
    server.answer = lambda request: Answer(
        export(row(1, "9999-12-31T00:00:00Z"), more=True, token="b" if request.query.get("from") == "a" else "a")
    )
    places, position = [], ""
    for _ in range(4):
        page = await reader.page(FEED["jobs"], position)
        server.clock.moment += timedelta(seconds=1)
        position = page.position
        places.append(page.place)
    assert places == ["a", "b", "a", "b"]


async def test_a_token_that_leads_to_itself_is_an_error(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(export(row(1), more=True, token="same"))
    position = (await reader.page(FEED["jobs"], "")).position
    with pytest.raises(Transient, match="leads to itself"):
        await reader.page(FEED["jobs"], position)


POISONED = [
    b"{}",
    b"[]",
    b"null",
    b"",
    b'{"hasMore": false, "continueFrom": "t", "page": 1, "totalCount": 0}',
    b'{"hasMore": false, "continueFrom": "t", "page": 1, "totalCount": 0, "data": null}',
    b'{"hasMore": false, "continueFrom": "t", "page": 1, "totalCount": 0, "data": {}}',
    b'{"continueFrom": "t", "page": 1, "totalCount": 0, "data": []}',
    b'{"hasMore": "no", "continueFrom": "t", "totalCount": 0, "data": []}',
    b'{"hasMore": false, "continueFrom": null, "totalCount": null, "data": []}',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 1, "data": [{"name": "no id"}]}',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 1, "data": [{"id": null}]}',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 1, "data": [{"id": -3}]}',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 1, "data": [{"id": true}]}',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 1, "data": [{"id": "7; drop"}]}',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 1, "data": [7]}',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 0, "data": []} trailing',
    b'{"hasMore": false, "continueFrom": "t", "totalCount": 0, "data": [',
    b"<!DOCTYPE html><title>Sign in</title>",
]


@pytest.mark.parametrize("name", ["customers", "vendors", "payment-types"])
@pytest.mark.parametrize("body", POISONED, ids=range(len(POISONED)))
async def test_a_page_that_is_not_what_it_should_be_is_an_error_and_never_an_empty_page(
    server: Server, reader: Reader, name: str, body: bytes
) -> None:
    server.answer = lambda _: Answer(body)
    with pytest.raises((Transient, Broken)):
        await reader.page(FEED[name], "")


@pytest.mark.parametrize("name", [feed.name for feed in FEEDS])
async def test_every_feed_reads_an_explicit_empty_page(server: Server, reader: Reader, name: str) -> None:
    server.answer = lambda _: Answer({**rows(), "continueFrom": "t"})
    page = await reader.page(FEED[name], "")
    assert (page.elements, page.more) == ((), False)


async def test_a_truncated_page_is_tried_again_and_moves_nothing(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(rows(row(1)), cut=30) if len(server.calls) == 1 else Answer(rows(row(1)))
    assert (await cycle(reader, FEED["vendors"]))[0] == ["1"]


async def test_a_window_is_closed_before_the_servers_now_and_the_next_begins_an_overlap_earlier(
    server: Server, reader: Reader
) -> None:
    server.answer = lambda _: Answer(rows())
    _, position, _ = await cycle(reader, FEED["vendors"])
    first = asked(server)
    assert (first["modifiedOnOrAfter"], first["modifiedBefore"]) == ("2000-01-01T00:00:00Z", "2026-03-02T11:59:58.000Z")
    assert (first["active"], first["sort"], first["includeTotal"]) == ("Any", "+Id", "true")
    server.clock.moment += timedelta(hours=1)
    await cycle(reader, FEED["vendors"], position)
    second = asked(server)
    assert (second["modifiedOnOrAfter"], second["modifiedBefore"]) == ("2026-03-02T11:44:58.000Z", "2026-03-02T12:59:58.000Z")


async def test_a_window_stays_the_same_while_its_pages_are_read(server: Server, reader: Reader) -> None:
    pages = {"1": rows(row(1), row(2), more=True, total=3), "2": rows(row(3), total=3)}
    server.answer = lambda request: Answer(pages[request.query["page"]])
    page = await reader.page(FEED["vendors"], "")
    assert page.more
    server.clock.moment += timedelta(minutes=5)
    assert (await cycle(reader, FEED["vendors"], page.position))[0] == ["3"]
    assert len({(call.query["modifiedOnOrAfter"], call.query["modifiedBefore"]) for call in server.calls}) == 1


async def test_a_row_that_leaves_the_window_while_it_is_walked_hides_no_other(server: Server, reader: Reader) -> None:
    """Rows 1..4 by two; row 1 changes after the first page, so row 3 moves up to page 1 and would never be seen."""
    left = [1, 2, 3, 4]

    def answer(request: Any) -> Answer:
        start = (int(request.query["page"]) - 1) * 2
        found = [row(source_id) for source_id in left[start : start + 2]]
        page = rows(*found, more=start + 2 < len(left), total=len(left))
        if len(server.calls) == 1:
            left.remove(1)
        return Answer(page)

    server.answer = answer
    ids, _, _ = await cycle(reader, FEED["ap-bills"])
    assert set(ids) == {"1", "2", "3", "4"}


async def test_more_without_rows_is_an_error_and_not_an_endless_walk(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(rows(more=True, total=9))
    with pytest.raises(Transient, match="without an end"):
        await reader.page(FEED["vendors"], "")


async def test_a_whole_list_begins_again_at_every_cycle(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(rows(row(1), row(2)))
    _, position, _ = await cycle(reader, FEED["payment-types"])
    assert (await cycle(reader, FEED["payment-types"], position))[0] == ["1", "2"]
    assert "modifiedOnOrAfter" not in asked(server)


@pytest.mark.parametrize(("name", "kind"), [("ap-bills", "Procurement"), ("ap-bills-standalone", "ApBill")])
async def test_bills_are_read_one_type_at_a_time(server: Server, reader: Reader, name: str, kind: str) -> None:
    await cycle(reader, FEED[name])
    assert asked(server)["billType"] == kind
    assert "sort" not in asked(server)


async def test_invoices_are_read_fifty_at_a_time_inactive_ones_too(server: Server, reader: Reader) -> None:
    server.answer = lambda request: Answer(rows(*[row(int(one)) for one in request.query["ids"].split(",")]))
    page = await reader.fetch("invoice", [str(one) for one in range(1, 51)])
    assert [element.source_id for element in page.elements] == [str(one) for one in range(1, 51)]
    assert asked(server)["activeState"] == "All"
    assert len(server.calls) == 1


async def test_vendors_are_asked_with_the_id_repeated_and_the_apps_guid(server: Server) -> None:
    guid = "11111111-2222-4333-8444-555555555555"
    reader = Reader(access(server, external_data_application_guid=guid))
    server.answer = lambda _: Answer(rows(row(4), row(5)))
    await reader.fetch("vendor", ["4", "5"])
    await reader.close()
    assert server.calls[-1].query.getall("ids") == ["4", "5"]
    assert asked(server)["externalDataApplicationGuid"] == guid


async def test_an_object_that_was_not_asked_for_is_an_error(server: Server, reader: Reader) -> None:
    """Unknown parameters are ignored silently: a filter that is not kept answers everything."""
    server.answer = lambda _: Answer(rows(row(4), row(99)))
    with pytest.raises(Transient, match="99 came and was not asked for"):
        await reader.fetch("invoice", ["4"])


async def test_an_id_that_is_not_known_is_absent(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(rows(row(4)))
    assert [element.source_id for element in (await reader.fetch("payment", ["4", "5"])).elements] == ["4"]
    server.answer = lambda _: Answer({"title": "not found"}, 404)
    assert (await reader.fetch("bill", ["4"])).elements == ()


async def test_a_bill_is_read_by_its_own_path_and_must_be_the_one(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(row(2001))
    page = await reader.fetch("bill", ["2001"])
    assert server.calls[-1].path == "/accounting/v2/tenant/1234567890/ap-bills/2001"
    assert json.loads(page.elements[0].body) == row(2001)
    with pytest.raises(Transient, match="2001 came and was not asked for"):
        await reader.fetch("bill", ["2002"])


async def test_a_deposit_comes_with_every_page_of_its_payments(server: Server, reader: Reader) -> None:
    pages = {"1": rows(row(11), more=True), "2": rows(row(12))}
    deposits = "/accounting/v2/tenant/1234567890/bank-deposits"
    server.answer = lambda request: Answer(rows(row(7)) if request.path == deposits else pages[request.query["page"]])
    (element,) = (await reader.fetch("bank_deposit", ["7"])).elements
    assert json.loads(element.body) == row(7)
    assert [json.loads(part) for part in element.further] == list(pages.values())
    assert [call.path for call in server.calls[-2:]] == [f"{deposits}/7/transactions"] * 2


async def test_a_deposit_whose_payments_cannot_be_read_is_not_told(server: Server, reader: Reader) -> None:
    server.answer = lambda request: Answer(b"<html/>" if request.path.endswith("transactions") else rows(row(7)))
    with pytest.raises(Transient):
        await reader.fetch("bank_deposit", ["7"])
    server.answer = lambda _: Answer(rows())
    assert (await reader.fetch("bank_deposit", ["7"])).elements == ()


@pytest.mark.parametrize("hostile", ["O'Brien' or 1 eq 1 --", "1,2", "../1", "", "-1", "0", "9" * 30, "\u0661"])
async def test_what_is_no_id_is_never_asked(server: Server, reader: Reader, hostile: str) -> None:
    for entity in FETCHABLE:
        assert (await reader.fetch(entity, [hostile])).elements == ()
    assert server.calls == []


async def test_ids_that_are_refused_are_told_from_a_broken_connection(server: Server, reader: Reader) -> None:
    """One bad id must not stop what is wanted besides: the poller asks them one by one."""
    server.answer = lambda _: Answer({"title": "Invalid ids", "status": 400}, 400)
    with pytest.raises(Refused, match="Invalid ids") as caught:
        await reader.fetch("invoice", ["4", "5"])
    assert caught.value.code == "400"


async def test_an_entity_that_is_not_read_is_named(reader: Reader) -> None:
    with pytest.raises(Broken, match="'planet'"):
        await reader.fetch("planet", ["1"])


async def test_a_feed_that_is_switched_off_asks_nothing(server: Server) -> None:
    reader = Reader(access(server, feeds_off=["jobs"]))
    assert await reader.page(FEED["jobs"], "kept") == Page((), "kept", more=False, digest="")
    await reader.close()
    assert server.calls == []


def test_a_connection_may_be_polled_less_often_but_never_more_often_than_a_feed_is_declared() -> None:
    own = {"environment": "test", "tenant_id": "1", "poll_s": 120}
    paced = feeds_of(Side(system="servicetitan", settings=own, quota=QuotaShares(group="g", calls=60)))
    assert {feed.name: feed.cadence for feed in paced} == {feed.name: max(feed.cadence, timedelta(minutes=2)) for feed in FEEDS}
    assert {feed.cadence for feed in paced} == {timedelta(minutes=2), timedelta(minutes=5), timedelta(hours=1)}


async def test_reading_begins_at_the_day_of_the_settings(server: Server) -> None:
    reader = Reader(access(server, read_from="2025-01-01"))
    server.answer = lambda _: Answer({**rows(), "continueFrom": "t"})
    await reader.page(FEED["invoices"], "")
    assert asked(server)["from"] == "2025-01-01T00:00:00.000Z"
    await reader.page(FEED["vendors"], "")
    assert asked(server)["modifiedOnOrAfter"] == "2025-01-01T00:00:00.000Z"
    await reader.close()


async def test_a_page_over_the_cap_is_given_up(server: Server, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.http.MAX_ANSWER_BYTES", 1000)
    server.answer = lambda _: Answer(rows(*[row(one) for one in range(1, 100)]))
    with pytest.raises(ConnectorError, match="over the cap"):
        await reader.page(FEED["vendors"], "")


async def test_a_login_page_is_not_an_empty_page(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(b"<html>Sign in</html>", 200, {**LIST, "Content-Type": "text/html"})
    with pytest.raises(Transient, match="text/html instead of JSON"):
        await reader.page(FEED["customers"], "")
