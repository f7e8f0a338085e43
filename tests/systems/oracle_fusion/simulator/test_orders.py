"""Purchase orders: what buyers and AP do is seen in the order, its children and its life cycle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.systems.oracle_fusion.simulator.world import Answer, Client, World, child_of, self_of

TWO_LINES = [{"item": "MAT-VALVE", "quantity": 10, "price": 14.22}, {"item": "MAT-CAP", "quantities": [2, 3], "price": 21.35}]


async def order(world: World, **body: Any) -> dict[str, Any]:
    """A new order as the simulator keeps it."""
    made: dict[str, Any] = await world.sim("orders", {"lines": TWO_LINES} | body)
    return made


async def life(client: Client, made: dict[str, Any]) -> dict[str, Any]:
    """The life cycle of an order; its schedules as a list."""
    answer = await client.get(f"/purchaseOrderLifeCycleDetails/{made['POHeaderId']}", expand="schedules", onlyData="true")
    assert answer.status == 200, answer.raw
    return dict(answer.body)


async def test_an_order_is_read_with_lines_schedules_and_distributions(world: World, client: Client) -> None:
    made = await order(world)
    found = await client.version(4).get(
        "/purchaseOrders", q=f"OrderNumber = '{made['OrderNumber']}'", expand="lines.schedules.distributions"
    )
    row = found.items[0]
    assert (row["StatusCode"], row["Total"], row["CurrencyCode"]) == ("OPEN", Decimal("248.95"), "USD")
    lines = row["lines"]["items"]
    assert [(line["LineNumber"], line["Item"], line["UOMCode"], line["Quantity"]) for line in lines] == [
        (1, "MAT-VALVE", "EA", 10),
        (2, "MAT-CAP", "EA", 5),
    ]
    parts = lines[1]["schedules"]["items"]
    assert [(part["ScheduleNumber"], part["Quantity"], part["ShipToOrganizationCode"]) for part in parts] == [
        (1, 2, "ACM"),
        (2, 3, "ACM"),
    ]
    assert parts[0]["distributions"]["items"][0]["POChargeAccount"] == "01-000-12100-000"


async def test_orders_cannot_be_written_here(client: Client) -> None:
    row = (await client.get("/purchaseOrders")).items[0]
    assert (await client.post("/purchaseOrders", {"Supplier": "X"})).status == 405
    assert (await client.call("PATCH", self_of(row), {"Description": "X"})).status == 405


async def test_a_change_by_the_buyer_moves_the_change_time_and_the_revision(world: World, client: Client) -> None:
    made = await order(world)
    world.clock.move(minutes=1)
    changed = await world.sim("orders/change", {"number": made["OrderNumber"], "lines": [{"line": 1, "quantity": 12}]})
    assert changed["LastUpdateDate"] > made["LastUpdateDate"]
    row = (await client.get("/purchaseOrders", q=f"POHeaderId={made['POHeaderId']}")).items[0]
    assert (row["Revision"], row["Total"]) == (1, Decimal("277.39"))
    canceled = await world.sim("orders/change", {"number": made["OrderNumber"], "status": "CANCELED"})
    assert (canceled["StatusCode"], canceled["Status"], canceled["Total"]) == ("CANCELED", "Canceled", "0.00")


async def test_a_line_may_be_canceled_and_another_added(world: World) -> None:
    made = await order(world)
    await world.sim("orders/change", {"number": made["OrderNumber"], "lines": [{"line": 1, "cancel": True}]})
    changed = await world.sim(
        "orders/change", {"number": made["OrderNumber"], "add": [{"item": "MAT-THERM", "quantity": 1, "price": 142.80}]}
    )
    assert [line["StatusCode"] for line in changed["lines"]] == ["CANCELED", "OPEN", "OPEN"]
    assert changed["Total"] == "249.55"


async def test_life_cycle_details_are_told_of_one_order_at_a_time(world: World, client: Client) -> None:
    made = await order(world)
    assert (await client.get("/purchaseOrderLifeCycleDetails")).status == 400
    assert (await client.get("/purchaseOrderLifeCycleDetails/1")).status == 404
    found = await life(client, made)
    assert (found["OrderedAmount"], found["DeliveredAmount"]) == (Decimal("248.95"), Decimal("0.00"))
    assert [(row["OrderedQuantity"], row["ReceivedQuantity"]) for row in found["schedules"]] == [(10, 0), (2, 0), (3, 0)]


async def test_what_ap_bills_closes_for_invoicing_and_does_not_move_the_header(world: World, client: Client) -> None:
    made = await order(world)
    world.clock.move(minutes=1)
    bill = await world.sim("orders/bill", {"number": made["OrderNumber"], "line": 1, "quantity": 10})
    assert bill["Amount"] == "142.20"
    row = (await client.get("/purchaseOrders", q=f"POHeaderId={made['POHeaderId']}", expand="lines.schedules")).items[0]
    assert row["LastUpdateDate"] == made["LastUpdateDate"]
    assert row["lines"][0]["schedules"][0]["StatusCode"] == "CLOSED FOR INVOICING"
    assert (await life(client, made))["schedules"][0]["InvoicedQuantity"] == 10
    answer = await world.bare().post("/__sim__/orders/bill", {"number": made["OrderNumber"], "line": 1, "quantity": 1})
    assert answer.status == 400


@pytest.mark.parametrize("version", [2, 3])
async def test_an_order_of_thirty_lines_is_cut_when_it_is_expanded(client: Client, version: int) -> None:
    asked = client.version(version)
    rows = (await asked.get("/purchaseOrders", expand="lines", limit=499)).items
    lines = [row["lines"] if version < 3 else row["lines"]["items"] for row in rows]
    long = next(row for row, held in zip(rows, lines, strict=True) if len(held) == 25)
    assert version < 3 or long["lines"]["hasMore"] is True
    first: Answer = await client.get(child_of(long, "lines"))
    assert (first.body["count"], first.body["hasMore"]) == (25, True)
    rest = await client.get(child_of(long, "lines"), offset=25)
    assert (len(rest.items) >= 5, rest.body["hasMore"]) == (True, False)


async def test_rows_of_a_unit_that_the_user_may_not_see_are_absent(world: World, client: Client) -> None:
    row = (await client.get("/purchaseOrders")).items[0]
    await world.settings(business_units="Acme West BU")
    assert (await client.get("/purchaseOrders")).items == []
    assert (await client.get(self_of(row))).status == 404
