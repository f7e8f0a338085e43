"""Each planned fault: what the client sees, and what was committed."""

from __future__ import annotations

import aiohttp

from tests.systems.acumatica.simulator.world import Client, World, act, customer, line, put, release, wrapped


async def _write(client: Client) -> int | None:
    """The status of an invoice PUT, None when the connection broke."""
    body = wrapped(Customer="C000001", Description="ST-k1 job", Hold=False, Details=[line(5)])
    try:
        return (await client.call("PUT", "/Invoice", body)).status
    except aiohttp.ClientError:
        return None


async def test_a_lost_answer_hides_one_write_that_is_kept(world: World, client: Client) -> None:
    await customer(client)
    await world.fault(kind="lost_answer", method="PUT", path="/Invoice")
    assert await _write(client) is None
    assert len(await world.journal("Invoice")) == 1
    assert await _write(client) == 200


async def test_a_stale_search_does_not_see_the_last_commits(world: World, client: Client) -> None:
    who = await customer(client)
    await put(client, "Invoice", Customer=who, Description="ST-k1 job", Hold=False, Details=[line(5)])
    await world.fault(kind="stale_search", method="GET", path="/Invoice", seconds=60, count=2)
    assert (await client.call("GET", "/Invoice", filter="startswith(Description,'ST-k1')")).body == []
    assert (await client.call("GET", "/Invoice")).body == []
    assert len((await client.call("GET", "/Invoice", filter="startswith(Description,'ST-k1')")).body) == 1


async def test_a_stale_search_shows_the_earlier_version_of_a_changed_record(world: World, client: Client) -> None:
    who = await customer(client)
    await put(client, "Invoice", Customer=who, Hold=False, Details=[line(5)])
    world.clock.move(seconds=10)
    await release(client, "Invoice", "000001")
    await world.fault(kind="stale_search", method="GET", seconds=5)
    assert (await client.call("GET", "/Invoice")).body[0]["Status"]["value"] == "Balanced"
    assert (await client.call("GET", "/Invoice")).body[0]["Status"]["value"] == "Open"


async def test_a_drifting_page_skips_a_row(world: World, client: Client) -> None:
    await world.fault(kind="page_drift", method="GET", path="/Account")
    drifted = (await client.call("GET", "/Account", top="2", skip="2")).body
    true = (await client.call("GET", "/Account", top="2", skip="3")).body
    assert [row["id"] for row in drifted] == [row["id"] for row in true]


async def test_a_concurrent_update_is_refused_with_the_products_words(world: World, client: Client) -> None:
    who = await customer(client)
    await world.fault(kind="concurrent_update")
    answer = await client.call("PUT", "/Customer", wrapped(CustomerID=who, CustomerName="B"))
    assert answer.status == 500
    assert answer.message == "Another process has updated the 'Customer' record. Your changes will be lost."
    assert len(await world.journal("Customer")) == 1


async def test_a_failing_release_leaves_the_document_unreleased(world: World, client: Client) -> None:
    await customer(client)
    assert await _write(client) == 200
    await world.fault(kind="release_fails")
    assert (await act(client, "Invoice", "ReleaseInvoice", "000001")).status == 500
    await release(client, "Invoice", "000001")
    assert [commit["operation"] for commit in await world.journal("Invoice")] == ["create", "release"]
