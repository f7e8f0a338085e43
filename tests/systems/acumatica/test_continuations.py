"""A `$skip` that is not taken any more, however it is refused: the list is read again from its first row."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from runtime.exchange import Request, Response, response
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


async def test_rows_that_never_changed_begin_no_window_before_all_time(tenants: Start) -> None:
    """The only row had 0001-01-01 as its change time, and five minutes before that there is no date: the feed stopped."""
    tenant = await tenants(customers=1)
    reader, wire = tenant.reader()
    rows = b'[{"id": "a", "CustomerID": {"value": "C1"}, "LastModifiedDateTime": {"value": "0001-01-01T00:00:00+00:00"}}]'
    wire.answer = lambda asked, got: response(200, rows, JSON) if "/Customer" in asked.url else got
    page = await reader.page(FEED, "")
    assert [one.source_id for one in (await reader.page(FEED, page.position)).elements] == ["C1"]
