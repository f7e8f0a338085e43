"""A place that is not taken any more, however it is refused: the feed goes on from the start of what is being read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from runtime.errors import Transient
from systems.feeds.continuation import PASSING
from systems.servicetitan.poller import Reader
from tests.systems.servicetitan.scripted import Answer, Server, row
from tests.systems.servicetitan.test_reader import FEED, asked, export

KEPT = '{"token": "kept", "since": "2026-03-02T10:00:00.000Z"}'


@pytest.mark.parametrize("status", [408, 500, 502])
async def test_a_token_that_fails_for_ever_is_given_up_for_its_date(server: Server, reader: Reader, status: int) -> None:
    """A failure that passes costs no token, but one that never passes kept the feed for ever."""
    server.answer = lambda request: Answer(b"", status) if request.query["from"] == "kept" else Answer(export(row(1), token="new"))
    for _ in range(PASSING):
        with pytest.raises(Transient):
            await reader.page(FEED["invoices"], KEPT)
    page = await reader.page(FEED["invoices"], KEPT)
    assert str(status) in page.restarted
    assert json.loads(page.position)["token"] == "new"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
async def test_a_page_of_a_list_that_is_refused_is_read_again_from_the_first(server: Server, reader: Reader, status: int) -> None:
    listed = {"hasMore": False, "totalCount": 1, "data": [row(1)]}
    server.answer = lambda request: Answer(listed) if request.query["page"] == "1" else Answer({"status": status}, status)
    walk = {"after": "2026-03-01T00:00:00.000Z", "before": "2026-03-02T00:00:00.000Z", "page": 7, "total": 3000, "walks": 1}
    page = await reader.page(FEED["vendors"], json.dumps(walk))
    assert [element.source_id for element in page.elements] == ["1"]
    assert "page 7" in page.restarted
    assert asked(server)["modifiedBefore"] == walk["before"]


async def test_rows_that_never_changed_do_not_stop_a_feed_whose_token_dies(server: Server, reader: Reader) -> None:
    """Their change time is 0001-01-01: an overlap before it is no date."""
    server.answer = lambda _: Answer(export(row(1, "0001-01-01T00:00:00Z"), token="stale"))
    position = (await reader.page(FEED["invoices"], "")).position
    server.answer = lambda request: (
        Answer({"status": 400}, 400) if request.query.get("from") == "stale" else Answer(export(row(1), token="new"))
    )
    assert (await reader.page(FEED["invoices"], position)).restarted


@pytest.mark.parametrize(
    "said", ["Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:60 GMT", "Sat, 01 Jan 0001 00:00:00 +2359"]
)
async def test_a_server_that_lives_in_another_age_stops_no_window(server: Server, reader: Reader, said: str) -> None:
    listed = Answer({"hasMore": False, "totalCount": 0, "data": []})
    server.answer = lambda _: replace(listed, headers={**listed.headers, "Date": said})
    first = await reader.page(FEED["vendors"], "")
    again = await reader.page(FEED["vendors"], first.position)
    assert json.loads(again.position)["after"] > "2026"
