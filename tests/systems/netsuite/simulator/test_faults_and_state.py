"""Each planned fault, and what outlives the process."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.systems.netsuite.simulator.world import CUSTOMER, VENDOR, Client, Make, World, bill, order, service_lines


async def attempt(client: Client, **values: str) -> int | None:
    """The status of a create, None where the connection broke."""
    try:
        return (await client.call("POST", "vendor", VENDOR | {"externalId": "ST-V-1"} | values)).status
    except aiohttp.ClientError:
        return None


@pytest.mark.parametrize(
    ("kind", "status"), [("lost_answer", None), ("fail_after", 500), ("html_after", 200), ("empty_after", 200)]
)
async def test_an_answer_that_is_lost_or_bad_hides_a_write_that_is_kept(
    world: World, client: Client, kind: str, status: int | None
) -> None:
    await world.fault(kind=kind, method="POST", path="/vendor")
    assert await attempt(client) == status
    assert (await client.read("vendor/eid:ST-V-1"))["companyName"] == VENDOR["companyName"]
    assert await attempt(client) == 400
    assert len(await world.journal("vendor")) == 1


async def test_a_write_may_be_done_after_its_connection_is_gone(world: World, client: Client) -> None:
    await world.fault(kind="late_commit", method="POST", path="/vendor", seconds=0.1)
    assert await attempt(client) is None
    assert (await client.call("GET", "vendor/eid:ST-V-1")).status == 404
    await asyncio.sleep(0.3)
    assert (await client.call("GET", "vendor/eid:ST-V-1")).status == 200


async def test_a_location_may_be_missing(world: World, client: Client) -> None:
    await world.fault(kind="no_location", method="POST", path="/vendor")
    answer = await client.call("POST", "vendor", VENDOR)
    assert (answer.status, "Location" in answer.headers) == (204, False)
    assert len(await world.journal("vendor")) == 1


async def test_a_refusal_before_the_write_leaves_nothing(world: World, client: Client) -> None:
    await world.fault(kind="refuse", method="POST", path="/vendor", status=503)
    await world.fault(kind="invalid_login", method="POST", path="/vendor")
    assert [await attempt(client) for _ in range(3)] == [503, 401, 204]
    assert len(await world.journal("vendor")) == 1


async def test_a_drifting_page_skips_a_row(make: Make) -> None:
    world = await make(vendors=9)
    client = await world.client()
    text = "SELECT id FROM vendor ORDER BY id"
    await world.fault(kind="page_drift", skip=1)
    first, second = [await client.rows(text, limit=3, offset=offset) for offset in (0, 3)]
    assert [row["id"] for row in first + second] == ["1001", "1002", "1003", "1005", "1006", "1007"]


async def test_one_change_may_be_indexed_late(world: World, client: Client) -> None:
    await world.fault(kind="late_index", path="/vendor", seconds=60)
    await client.made("vendor", VENDOR)
    await client.made("customer", CUSTOMER)
    assert await client.rows("SELECT id FROM vendor") == []
    world.clock.move(seconds=60)
    assert len(await client.rows("SELECT id FROM vendor")) == 1
    assert len(await client.rows("SELECT id FROM customer")) == 1


async def test_a_restart_keeps_records_numbers_tokens_keys_and_balances(make: Make) -> None:
    first = await make("same")
    client = await first.client()
    vendor, customer = await client.made("vendor", VENDOR), await client.made("customer", CUSTOMER)
    key = await client.made("purchaseOrder", order(vendor, externalId="ST-1"))
    await client.made(f"purchaseOrder/{key}/!transform/vendorBill", {"externalId": "ST-2"})
    sold = await client.made("invoice", {"entity": customer, "item": service_lines(10)})
    await client.made("customerPayment", {"customer": customer, "payment": 4, "apply": {"items": [{"doc": {"id": sold}}]}})
    await first.sim("periods", {"period": "Feb 2026", "closed": True})
    text = "SELECT id, externalid, status, foreigntotal, foreignamountunpaid FROM transaction ORDER BY id"
    before = (
        await client.rows(text),
        await first.sim("balances"),
        await client.read(f"customer/{customer}"),
        first.credentials["certificate"],
    )
    second = await make("same", clock=first.clock)
    again = Client(second.served.url, second.http, client.sign)
    shown = await again.read(f"customer/{customer}")
    links = {"links", "subsidiary", "currency", "addressBook"}
    assert (await again.rows(text), await second.sim("balances"), second.credentials["certificate"]) == (
        before[0],
        before[1],
        before[3],
    )
    assert {name: shown[name] for name in shown.keys() - links} == {name: before[2][name] for name in before[2].keys() - links}
    assert (await again.call("POST", "purchaseOrder", order(vendor, externalId="ST-1"))).problem == (
        400,
        "USER_ERROR",
        "externalId",
    )
    assert (await again.call("POST", "vendorBill", bill(vendor, 5, tranDate="2026-02-27"))).problem[:2] == (400, "USER_ERROR")
    other = await again.made("purchaseOrder", order(vendor))
    assert (int(other) > int(key), (await again.read(f"purchaseOrder/{other}"))["tranId"]) == (True, "PO000002")


async def test_the_same_seed_and_requests_give_the_same_state(make: Make) -> None:
    shown = []
    for directory in ("a", "b"):
        world = await make(directory, customers=5, vendors=5)
        client = await world.client()
        await client.made("vendorBill", bill("1006", 5, externalId="ST-1"))
        rows = await client.rows("SELECT * FROM transaction ORDER BY id")
        known = {name: value for name, value in world.credentials.items() if name not in ("token_url", "certificate")}
        shown.append((rows, await world.journal(), known))
    assert shown[0] == shown[1]


async def test_what_the_simulator_counts(world: World, client: Client) -> None:
    await client.made("vendor", VENDOR)
    await client.rows("SELECT id FROM vendor")
    calls = (await world.sim("calls"))["calls"]
    assert calls == {"POST /oauth2/v1/token": 1, "POST /suiteql": 1, "POST /{type}": 1}
    documents = await world.sim("documents?kind=vendor")
    assert [row["companyName"] for row in documents["documents"]] == [VENDOR["companyName"]]
    assert (await world.bare().call("GET", "/__sim__/documents?kind=nothing")).status == 400
