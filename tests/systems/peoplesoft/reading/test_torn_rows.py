"""One row that cannot be read: it is an element with its bytes, and the walk goes on; who has to see every row is told."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from runtime.errors import Malformed, Transient
from runtime.exchange import Request, Response, response
from runtime.json import parse
from systems.peoplesoft.query import page
from systems.peoplesoft.rows import row_of
from tests.systems.peoplesoft.reading.site import FEED, Site, walk

BAD = [rb'"\ud800"', b"1" * 41, b"1e99999999999999999999", b"NaN", b'"a\x0bb"', b'"\xff"', b"[1]", b"true", b'"a", "A.NAME2": "b"']


def _tearing(third: bytes, torn: bytes) -> Callable[[Request, Response], Response]:
    def answer(_: Request, got: Response) -> Response:
        return response(got.status, got.body.replace(third, torn), dict(got.headers))

    return answer


def _torn(row: bytes, bad: bytes) -> bytes:
    name = b'"A.TORN": ' if b"NAME2" not in bad else b'"A.NAME2": '
    return row.replace(b'"A.', name + bad + b', "A.', 1)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("feed", ["vendors", "gl_accounts"])
@pytest.mark.parametrize("size", [7, 300])
async def test_a_torn_row_leaves_the_others_and_the_walk_goes_on(site: Site, feed: str, size: int, bad: bytes) -> None:
    own = site.settings(page_size=size)
    whole, _ = await walk(site.reader(own)[0], FEED[feed])
    reader, wire = site.reader(own)
    third = whole[2].body
    torn = _torn(third, bad)
    wire.answer = _tearing(third, torn)
    found, _ = await walk(reader, FEED[feed])
    assert [one.source_id for one in found] == [one.source_id for one in whole]
    assert [one.body for one in found] == [torn if one.body == third else one.body for one in whole]


@pytest.mark.parametrize("bad", BAD)
async def test_vendors_by_id_of_which_one_cannot_be_read(site: Site, bad: bytes) -> None:
    whole, _ = await walk(site.reader()[0], FEED["vendors"])
    reader, wire = site.reader()
    wire.answer = lambda _, got: response(got.status, got.body.replace(b'"A.NAME1"', _torn(b'"A.NAME1"', bad)), dict(got.headers))
    wanted = [one.source_id for one in whole[:3]]
    found = await reader.fetch("vendor", wanted)
    assert [one.source_id for one in found.elements] == wanted


def test_who_has_to_see_every_row_is_told_that_one_cannot_be_read() -> None:
    body = rb'{"status":"success","data":{"query":{"numrows":1,"rows":[{"attr:rownumber":1,"A.X":"\ud800","A.Y":"y"}]}}}'
    found = page(response(200, body, {"Content-Type": "application/json"}), "ML_X", 5)
    assert [dict(row) for _, row in found.rows] == [{"Y": "y"}]
    with pytest.raises(Transient):
        found.whole("ML_X")


@pytest.mark.parametrize("bad", BAD)
def test_such_a_row_is_malformed_in_hop_1(bad: bytes) -> None:
    with pytest.raises(Malformed):
        row_of(parse(_torn(b'{"A.X": 1, "A.NAME2": "c"}', bad)))


KEYLESS = [rb'"\ud800"', b"1" * 41, b'"1", "A.%s": "2"', b"[1]"]
KEY = {"vendors": b"VENDOR_ID", "gl_accounts": b"ACCOUNT"}


@pytest.mark.parametrize("bad", KEYLESS)
@pytest.mark.parametrize("feed", KEY)
@pytest.mark.parametrize("place", [0, 2, 6, -1])
async def test_a_row_whose_key_cannot_be_told_does_not_stop_the_walk(site: Site, feed: str, place: int, bad: bytes) -> None:
    """The page was refused for its sake, and everything behind it was never read."""
    own = site.settings(page_size=7)
    whole, _ = await walk(site.reader(own)[0], FEED[feed])
    reader, wire = site.reader(own)
    row, column = whole[place].body, b'"A.%s":' % KEY[feed]
    begin = row.index(column)
    wire.answer = _tearing(row[begin : row.index(b",", begin)], column + bad.replace(b"%s", KEY[feed]))
    found, position = await walk(reader, FEED[feed])
    others = [one.source_id for one in whole if one.body != row]
    assert [one.source_id for one in found if one.source_id] == others
    assert {column + bad.replace(b"%s", KEY[feed]) in one.body for one in found if not one.source_id} == {True}
    assert '"parts":[]' in position


@pytest.mark.parametrize("day", [b"0000-00-00", b"31/12/2025", b"soon", b"2026-02-30"])
async def test_a_row_whose_effective_date_is_none_is_left_to_hop_1_and_the_others_are_read(site: Site, day: bytes) -> None:
    whole, _ = await walk(site.reader()[0], FEED["gl_accounts"])
    reader, wire = site.reader()
    row = whole[2].body
    begin = row.index(b'"A.EFFDT":"') + len(b'"A.EFFDT":"')
    torn = row[:begin] + day + row[begin + 10 :]
    wire.answer = _tearing(row, torn)
    found, _ = await walk(reader, FEED["gl_accounts"])
    assert [one.body for one in found] == [torn if one.body == row else one.body for one in whole]


@pytest.mark.parametrize("bad", [rb'"\ud800"', b"1" * 41])
@pytest.mark.parametrize("column", [b"DESCR", b"BUSINESS_UNIT"])
async def test_a_business_unit_that_cannot_be_read_does_not_keep_the_periods_of_the_others_away(
    site: Site, column: bytes, bad: bytes
) -> None:
    whole, _ = await walk(site.reader()[0], FEED["periods"])
    reader, wire = site.reader()

    def answer(request: Request, got: Response) -> Response:
        if "ML_BUSINESS_UNITS" not in request.url:
            return got
        body = re.sub(b'("A.BUSINESS_UNIT":"US002".*?})', lambda row: _with_bad(row[1], column, bad), got.body)
        return response(got.status, body, dict(got.headers))

    wire.answer = answer
    found, _ = await walk(reader, FEED["periods"])
    lost = {one.source_id for one in whole} - {one.source_id for one in found}
    assert all(one.startswith("US002/") for one in lost)
    assert bool(lost) == (column == b"BUSINESS_UNIT")


def _with_bad(row: bytes, column: bytes, bad: bytes) -> bytes:
    made = re.sub(b'"A.%s":"[^"]*"' % column, lambda _: b'"A.%s":' % column + bad, row)
    assert made != row
    return made
