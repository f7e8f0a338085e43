"""One row that cannot be read: it is an element with its bytes, the others of its page or of its ids are read; a sink's look-up refuses."""

from __future__ import annotations

import pytest

from runtime.errors import Malformed, Transient
from runtime.exchange import response
from runtime.json import parse
from systems.acumatica.models import listed
from systems.acumatica.poller import offset_of
from tests.systems.acumatica.tenant import Start
from tests.systems.acumatica.test_reader import FEEDS, walk

TOLD = [rb'"\ud800"', b"1" * 41, b"1e99999999999999999999", b"NaN", b'"a\x0bb"', b'"\xff"', b'1, "again": 2, "again": 3']
UNTOLD = [b"01", b"[" * 2000 + b"]" * 2000]


@pytest.mark.parametrize("bad", [*TOLD, *UNTOLD])
@pytest.mark.parametrize("size", [2, 50])
async def test_a_torn_row_of_a_list_leaves_the_others(tenants: Start, bad: bytes, size: int) -> None:
    tenant = await tenants(customers=5)
    whole, _ = await walk(tenant.reader()[0], FEEDS["customer"])
    reader, wire = tenant.reader(tenant.settings(page_size=size))
    third = whole[2].body
    torn = third.replace(b"{", b'{"Torn": ' + bad + b", ", 1)
    wire.torn = (third, torn)
    found, position = await walk(reader, FEEDS["customer"])
    assert [one.body for one in found if one.body != torn] == [one.body for one in whole if one.body != third]
    assert {one.source_id for one in found if one.body == torn} == {whole[2].source_id if bad in TOLD else ""}
    assert offset_of(position).skip == 0
    with pytest.raises(Malformed):
        parse(torn)


@pytest.mark.parametrize("place", range(5))
async def test_a_row_without_an_id_at_the_edge_of_a_page_does_not_stop_the_list(tenants: Start, place: int) -> None:
    tenant = await tenants(customers=5)
    whole, _ = await walk(tenant.reader()[0], FEEDS["customer"])
    reader, wire = tenant.reader(tenant.settings(page_size=2))
    body = whole[place].body
    wire.torn = (body, body.replace(b'"id"', b'"di"'))
    found, position = await walk(reader, FEEDS["customer"])
    assert [one.source_id for one in found] == [one.source_id for one in whole]
    assert offset_of(position).skip == 0


@pytest.mark.parametrize("bad", [*TOLD, *UNTOLD])
async def test_ids_of_which_one_cannot_be_read_are_one_call(tenants: Start, bad: bytes) -> None:
    tenant = await tenants(customers=5)
    whole, _ = await walk(tenant.reader()[0], FEEDS["customer"])
    reader, wire = tenant.reader()
    wire.torn = (whole[2].body, whole[2].body.replace(b"{", b'{"Torn": ' + bad + b", ", 1))
    page = await reader.fetch("customer", [one.source_id for one in whole])
    expected = [one.source_id for one in whole]
    assert sorted(one.source_id for one in page.elements) == sorted(
        [*expected[:2], expected[2] if bad in TOLD else "", *expected[3:]]
    )


def test_who_has_to_see_every_row_is_told_that_one_cannot_be_read() -> None:
    answer = response(200, rb'[{"id": "a"}, {"id": "b", "x": "\ud800"}]', {"Content-Type": "application/json"})
    with pytest.raises(Transient):
        listed(answer, "Invoice")
