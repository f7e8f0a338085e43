"""Values that break what is careless: too large, too late, no text, at the same time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.systems.netsuite.simulator.world import MATERIALS, VENDOR, Client, Make, World, bill, order


@pytest.mark.parametrize(
    "raw",
    [
        b'{"companyName": "\\ud800", "subsidiary": {"id": "2"}}',
        b'{"companyName": "x", "subsidiary": {"id": "2"}, "creditLimit": 1e400}',
        b'{"companyName": "x", "subsidiary": {"id": "2"}, "creditLimit": true}',
        b'{"companyName": "x", "subsidiary": {"id": ["2"]}}',
        b'{"companyName": "x", "subsidiary": [2]}',
        b'{"companyName": ["x"], "subsidiary": {"id": "2"}}',
        b'{"companyName": "", "subsidiary": {"id": "2"}}',
        b'{"companyName": "x", "subsidiary": {"id": "2"}, "addressBook": []}',
        b'{"companyName": "x", "subsidiary": {"id": "2"}, "addressBook": {"items": [5]}}',
        b'{"companyName": "x", "subsidiary": {"id": "2"}, "creditLimit": ' + b"9" * 6000 + b"}",
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"companyName": "' + b"x" * 84 + b'", "subsidiary": {"id": "2"}}',
    ],
)
async def test_a_value_that_cannot_be_is_refused_in_words(world: World, client: Client, raw: bytes) -> None:
    answer = await client.call("POST", "vendor", raw)
    assert answer.problem[:2] == (400, "INVALID_CONTENT")
    assert await world.journal() == []


@pytest.mark.parametrize(
    "line",
    [
        {"item": "2", "quantity": 9_999_999_999_999, "rate": 9_999_999_999_999},
        {"item": "2", "quantity": 1, "amount": 10**13},
        {"item": "2", "quantity": -1, "rate": 5},
        {"item": "2", "quantity": 0.000000001, "rate": 5},
    ],
)
async def test_an_amount_that_no_account_holds_is_refused(client: Client, vendor: str, line: dict[str, Any]) -> None:
    assert (await client.call("POST", "purchaseOrder", order(vendor, item={"items": [line]}))).problem[:2] == (
        400,
        "INVALID_CONTENT",
    )


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "20260316", "2026-3-16"])
async def test_a_day_out_of_range_is_refused(client: Client, vendor: str, day: str) -> None:
    assert (await client.call("POST", "vendorBill", bill(vendor, 5, tranDate=day))).status == 400
    ordered = await client.call("POST", "purchaseOrder", order(vendor, tranDate=day, terms={"id": "3"}))
    assert ordered.status == (204 if day == "0001-01-01" else 400)


async def test_two_upserts_at_the_same_time_make_one_record(make: Make) -> None:
    world = await make(work_s=0.05)
    client = await world.client()
    answers = await asyncio.gather(*[client.call("PUT", "vendor/eid:ST-1", VENDOR) for _ in range(4)])
    assert {answer.status for answer in answers} == {204}
    assert len({answer.id for answer in answers}) == 1
    assert [row["operation"] for row in await world.journal()] == ["create", "update", "update", "update"]


async def test_an_order_is_billed_once_however_many_ask(make: Make) -> None:
    world = await make(work_s=0.05)
    client = await world.client()
    vendor = await client.made("vendor", VENDOR)
    key = await client.made("purchaseOrder", order(vendor))
    answers = await asyncio.gather(*[client.call("POST", f"purchaseOrder/{key}/!transform/vendorBill", {}) for _ in range(4)])
    assert sorted(answer.status for answer in answers) == [204, 400, 400, 400]
    assert (await world.sim("balances"))["vendors"][0]["balance"] == "231.50"


async def test_an_integration_does_not_approve_its_own_order(make: Make) -> None:
    client = await (await make(order_approval=True)).client()
    vendor = await client.made("vendor", VENDOR)
    assert (await client.call("POST", "purchaseOrder", order(vendor, approvalStatus={"id": "2"}))).problem == (
        400,
        "USER_ERROR",
        "approvalStatus",
    )


async def test_an_address_is_signed_as_it_was_written(world: World, client: Client) -> None:
    await client.made("vendor", VENDOR | {"externalId": "ST-1"})
    for path in ("vendor/eid:ST-1", "vendor/eid:ST-1/addressBook"):
        assert (await world.signing().call("GET", path)).status == 200
    assert (await client.call("GET", "vendor/eid:ST-1/addressBook", limit="x")).problem[:2] == (400, "INVALID_PARAMETER")


async def test_a_line_keeps_its_amount_unless_quantity_or_rate_changes(client: Client, vendor: str) -> None:
    key = await client.made(
        "purchaseOrder", order(vendor, item={"items": [{"item": "1", "quantity": 3, "rate": 3.33, "amount": 10}]})
    )
    assert (await client.read(f"purchaseOrder/{key}"))["total"] == 10
    await client.made(f"purchaseOrder/{key}", {"memo": "seen"}, "PATCH")
    assert (await client.read(f"purchaseOrder/{key}"))["total"] == 10
    await client.made(f"purchaseOrder/{key}", {"item": {"items": [{"line": 1, "quantity": 4}]}}, "PATCH")
    assert float((await client.read(f"purchaseOrder/{key}"))["total"]) == 13.32
    assert (
        (await client.call("POST", "vendorBill", {"entity": vendor, "expense": {"items": [{"account": MATERIALS}]}}))
        .problem[2]
        .endswith("amount")
    )
