"""A `$skip` that is not taken any more, however it is refused: the list is read again from its first row."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from runtime.errors import Broken, ConnectorError, Throttled, Transient
from runtime.exchange import Request, Response, response
from systems.acumatica.poller import position_of
from systems.continuation import PASSING
from systems.contract import Page
from tests.systems.acumatica.tenant import Start
from tests.systems.acumatica.test_reader import FEEDS, walk

FEED = FEEDS["customer"]
JSON = {"Content-Type": "application/json"}


def dead(status: int) -> Callable[[Request, Response], Response]:
    """Every page but the first is refused."""
    return lambda asked, got: (
        got
        if re.search(r"skip=0(&|$)", asked.url) or "/Customer" not in asked.url
        else response(status, b'{"message": "no"}', JSON)
    )


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 414, 422, 451])
async def test_a_dead_skip_begins_the_list_again(tenants: Start, status: int) -> None:
    tenant = await tenants(customers=30)
    reader, wire = tenant.reader(tenant.settings(page_size=10))
    first = await reader.page(FEED, "")
    wire.answer = dead(status)
    page = await reader.page(FEED, first.position)
    assert [one.source_id for one in page.elements] == [one.source_id for one in first.elements]
    assert str(status) in page.restarted
    wire.answer = None
    found, _ = await walk(reader, FEED, page.position)
    assert len({one.source_id for one in (*page.elements, *found)}) == 30


async def test_a_skip_that_fails_for_ever_is_given_up_after_some_tries(tenants: Start) -> None:
    tenant = await tenants(customers=30)
    reader, wire = tenant.reader(tenant.settings(page_size=10))
    first = await reader.page(FEED, "")
    wire.answer = dead(500)
    pages: list[Page] = []
    for _ in range(PASSING):
        with pytest.raises(Transient):
            await reader.page(FEED, first.position)
    pages.append(await reader.page(FEED, first.position))
    assert pages[0].restarted


async def test_what_is_refused_at_the_start_too_is_not_about_the_place(tenants: Start) -> None:
    tenant = await tenants(customers=30)
    reader, wire = tenant.reader(tenant.settings(page_size=10))
    first = await reader.page(FEED, "")
    wire.answer = lambda _, __: response(403, b'{"message": "no"}', JSON)
    with pytest.raises(ConnectorError) as refused:
        await reader.page(FEED, first.position)
    assert not isinstance(refused.value, Transient)
    wire.answer = lambda _, __: response(429, b"", {})
    for _ in range(2 * PASSING):
        with pytest.raises(Throttled):
            await reader.page(FEED, first.position)


async def test_rows_that_never_changed_begin_no_window_before_all_time(tenants: Start) -> None:
    """The only row had 0001-01-01 as its change time, and five minutes before that there is no date: the feed stopped."""
    tenant = await tenants(customers=1)
    reader, wire = tenant.reader()
    rows = b'[{"id": "a", "CustomerID": {"value": "C1"}, "LastModifiedDateTime": {"value": "0001-01-01T00:00:00+00:00"}}]'
    wire.answer = lambda asked, got: response(200, rows, JSON) if "/Customer" in asked.url else got
    page = await reader.page(FEED, "")
    assert [one.source_id for one in (await reader.page(FEED, page.position)).elements] == ["C1"]


@pytest.mark.parametrize(
    "stored",
    [
        '{"skip": "1"}',
        '{"skip": -1}',
        '{"since": "yesterday"}',
        '{"since": 7}',
        '{"x": 1}',
        "[" * 5000,
        "7",
        '{"skip": 1, "skip": 2}',
        "\ud800",
    ],
    ids=range(9),
)
def test_a_cursor_that_is_none_is_named(stored: str) -> None:
    with pytest.raises(Broken, match="cursors reset"):
        position_of(stored)
