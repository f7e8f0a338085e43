"""INVTMA and INVSWS: stock is adjusted by quantity or to a count, and stock codes are put into warehouses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.syspro.simulator.orders import stock_of
from tests.systems.syspro.simulator.world import Client, Make, Reply, tags

ITEM = {"Warehouse": "MA", "StockCode": "ANODE", "Quantity": "-2", "Reference": "ST-7|adjust", "Notation": "Used on truck"}


async def adjusted(client: Client, *changed: dict[str, str], **parameters: str) -> Reply:
    order = ("Warehouse", "StockCode", "Quantity", "UnitOfMeasure", "BinLocation", "Lot", "Reference", "Notation", "LedgerCode")
    items = [
        tags({"Item": {name: told[name] for name in order if name in told}}) for told in (ITEM | one for one in changed or ({},))
    ]
    return await client.write("Transaction/Post", "INVTMA", "PostInvAdjustments", parameters, *items)


async def test_stock_is_adjusted_and_the_movement_is_there(client: Client) -> None:
    answer = await adjusted(client)
    assert (answer.root.tag, answer.counts) == ("postinvadjustments", {"ItemsProcessed": 1, "ItemsInvalid": 0})
    assert (answer.all("Journal"), answer.all("JournalEntry")) == (["101"], ["1"])
    assert (await stock_of(client, "ANODE"))["QtyOnHand"] == "38.000000"
    [row] = (await client.find("InvMovements", where="Reference EQ ST-7|adjust")).rows()
    assert (row["TrnType"], row["TrnQty"], row["UnitCost"], row["TrnValue"], row["GlCode"]) == (
        "A",
        "-2.000000",
        "33.18000",
        "-66.36",
        "5200-00",
    )
    assert (row["TrnYear"], row["TrnMonth"], row["EntryDate"], row["AddReference"]) == ("2026", "3", "2026-03-16", "Used on truck")
    accounts = {one["account"]: one["balance"] for one in (await client.world.sim("balances"))["accounts"]}
    assert accounts == {"1200-00": "-66.36", "5200-00": "66.36"}


async def test_a_movement_has_no_key_that_is_refused_twice(client: Client) -> None:
    await adjusted(client)
    await adjusted(client)
    assert (await stock_of(client, "ANODE"))["QtyOnHand"] == "36.000000"
    assert len((await client.find("InvMovements", where="Reference EQ ST-7|adjust")).rows()) == 2


async def test_a_physical_count_posts_the_difference(client: Client) -> None:
    assert (await adjusted(client, {"Quantity": "37.5"}, PhysicalCount="Y")).is_well
    assert (await stock_of(client, "ANODE"))["QtyOnHand"] == "37.500000"
    [row] = (await client.find("InvMovements", where="StockCode EQ ANODE")).rows()
    assert row["TrnQty"] == "-2.500000"


async def test_items_of_a_document_see_each_other_and_share_a_journal(client: Client) -> None:
    answer = await adjusted(client, {"Quantity": "-30"}, {"Quantity": "-10"})
    assert (answer.all("Journal"), answer.all("JournalEntry")) == (["101", "101"], ["1", "2"])
    refused = await adjusted(client, {"Quantity": "5"}, {"Quantity": "-6"})
    assert refused.errors == [("Quantity", "240014")]
    assert (await stock_of(client, "ANODE"))["QtyOnHand"] == "0.000000"


async def test_stock_below_zero_is_as_the_site_has_it(make: Make) -> None:
    client = await (await make(negative_stock="accept")).client()
    assert (await adjusted(client, {"Quantity": "-41"})).is_well
    assert (await stock_of(client, "ANODE"))["QtyOnHand"] == "-1.000000"


@pytest.mark.parametrize(
    ("changed", "parameters", "wrong"),
    [
        ({"StockCode": "NONE"}, {}, [("StockCode", "240004")]),
        ({"StockCode": ""}, {}, [("StockCode", "100030")]),
        ({"Warehouse": "ZZ"}, {}, [("Warehouse", "240005")]),
        ({"Quantity": "0"}, {}, [("Quantity", "240012")]),
        ({"Quantity": "1.0001"}, {}, [("Quantity", "100027")]),
        ({"UnitOfMeasure": "BX"}, {}, [("UnitOfMeasure", "240011")]),
        ({"BinLocation": "B1"}, {}, [("BinLocation", "240013")]),
        ({"LedgerCode": "9999-00"}, {}, [("LedgerCode", "140001")]),
        ({"Reference": "x" * 31}, {}, [("Reference", "100031")]),
        ({}, {"TransactionDate": "03/16/2026"}, [("TransactionDate", "100028")]),
    ],
)
async def test_a_wrong_adjustment_is_refused(
    client: Client, changed: dict[str, str], parameters: dict[str, str], wrong: Any
) -> None:
    answer = await adjusted(client, changed, **parameters)
    assert answer.errors == wrong
    assert (await stock_of(client, "ANODE"))["QtyOnHand"] == "40.000000"


async def test_a_closed_month_takes_no_adjustment(client: Client) -> None:
    await client.world.sim("months", {"open": 1})
    assert (await adjusted(client, PostingPeriod="P")).errors == [("PostingPeriod", "100061")]
    assert (await adjusted(client, ValidateOnly="Y")).is_well
    assert (await stock_of(client, "ANODE"))["QtyOnHand"] == "40.000000"


async def test_a_stock_code_is_put_into_a_warehouse_once(client: Client) -> None:
    item = tags({"Item": {"Key": {"StockCode": "ANODE", "Warehouse": "MA"}, "MinimumQty": "5"}})
    there = await client.write("Setup/Add", "INVSWS", "SetupInvWarehouse", {}, item)
    assert there.errors == [("warehouse", "240007")]
    assert (await client.write("Setup/Update", "INVSWS", "SetupInvWarehouse", {}, item)).is_well
    assert (await stock_of(client, "ANODE"))["MinimumQty"] == "5.000000"
