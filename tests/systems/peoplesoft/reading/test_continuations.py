"""A last key that is not taken any more, however it is refused: its part is read again from its start."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime.exchange import Request, Response, response
from tests.systems.peoplesoft.reading.site import FEED, Start, walk
from tests.systems.peoplesoft.reading.test_reader import values


def dead(status: int) -> Callable[[Request, Response], Response]:
    """Every page behind a last key is refused."""

    def answer(asked: Request, got: Response) -> Response:
        is_onward = "ML_VENDORS" in asked.url and values(asked)[-1] != ""
        return response(status, b'{"message": "no"}', {"Content-Type": "application/json"}) if is_onward else got

    return answer


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_dead_last_key_begins_its_part_again(sites: Start, status: int) -> None:
    site = await sites(vendors=30)
    reader, wire = site.reader(site.settings(page_size=10))
    first = await reader.page(FEED["vendors"], "")
    wire.answer = dead(status)
    page = await reader.page(FEED["vendors"], first.position)
    assert [one.source_id for one in page.elements] == [one.source_id for one in first.elements]
    assert str(status) in page.restarted
    wire.answer = None
    found, _ = await walk(reader, FEED["vendors"], page.position)
    assert not {one.source_id for one in found} & {one.source_id for one in page.elements}
