"""One row that cannot be read: it is an element with its bytes, the others of its page or of its ids are read, and hop 1 refuses it alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from runtime.errors import Malformed, Transient
from runtime.json import parse
from systems.servicetitan.poller import Reader
from systems.servicetitan.resources import FEEDS
from tests.systems.servicetitan.scripted import Answer, Server, access

FEED = {feed.name: feed for feed in FEEDS}
GOOD = [b'{"id": %d, "name": "Jos\xc3\xa9"}' % number for number in range(1, 6)]
TOLD = [
    b'{"id": 9, "name": "half \\ud800"}',
    b'{"id": 9, "name": "\xed\xa0\x80"}',
    b'{"id": 9, "total": ' + b"1" * 41 + b"}",
    b'{"id": 9, "total": 1e99999999999999999999}',
    b'{"id": 9, "total": -Infinity}',
    b'{"id": 9, "name": "a", "name": "b"}',
    b'{"id": 9, "name": "a\tb"}',
]
UNTOLD = [b'{"id": 9, "id": 8}', b'{"id": 09}', b'{"id": 9, "a": ' + b"[" * 2000 + b"]" * 2000 + b"}", b'{"id": 9,}']


@pytest.fixture
async def reader(server: Server) -> AsyncIterator[Reader]:
    found = Reader(access(server, page_size=50, request_s=2))
    yield found
    await found.close()


def _page(rows: list[bytes]) -> bytes:
    total = b'"totalCount": %d, "page": 1, "pageSize": 50' % len(rows)
    return b'{"hasMore": false, "continueFrom": "t", ' + total + b', "data": [' + b", ".join(rows) + b"]}"


@pytest.mark.parametrize("bad", [*TOLD, *UNTOLD])
@pytest.mark.parametrize("feed", ["customers", "vendors", "payment-types"])
async def test_a_torn_row_of_a_feed_leaves_the_others(server: Server, reader: Reader, feed: str, bad: bytes) -> None:
    rows = [*GOOD[:2], bad, *GOOD[2:]]
    server.answer = lambda _: Answer(_page(rows))
    page = await reader.page(FEED[feed], "")
    assert [one.body for one in page.elements] == rows
    assert [one.source_id for one in page.elements] == ["1", "2", "9" if bad in TOLD else "", "3", "4", "5"]
    with pytest.raises(Malformed):
        parse(bad)


@pytest.mark.parametrize("bad", [*TOLD, *UNTOLD])
async def test_six_ids_of_which_one_cannot_be_read_are_one_call(server: Server, reader: Reader, bad: bytes) -> None:
    server.answer = lambda _: Answer(_page([*GOOD, bad]))
    page = await reader.fetch("invoice", ["1", "2", "3", "4", "5", "9"])
    assert [one.source_id for one in page.elements] == ["1", "2", "3", "4", "5", "9" if bad in TOLD else ""]


async def test_a_torn_row_that_is_alone_on_its_page_does_not_stop_the_feed(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(_page([UNTOLD[0]]))
    page = await reader.page(FEED["customers"], "")
    assert ([one.source_id for one in page.elements], page.position != "") == ([""], True)


async def test_a_row_without_an_id_among_others_is_an_element_too(server: Server, reader: Reader) -> None:
    server.answer = lambda _: Answer(_page([GOOD[0], b'{"name": "no id"}', b'{"id": "7; drop"}', b"7"]))
    page = await reader.page(FEED["customers"], "")
    assert [one.source_id for one in page.elements] == ["1", "", "", ""]


@pytest.mark.parametrize("page", [_page(GOOD)[:-3], _page([*GOOD, b'{"id": 9, "name": "3" pipe"}']), _page(GOOD) + b"x"])
async def test_where_rows_end_is_never_guessed(server: Server, reader: Reader, page: bytes) -> None:
    server.answer = lambda _: Answer(page)
    with pytest.raises(Transient):
        await reader.page(FEED["customers"], "")
