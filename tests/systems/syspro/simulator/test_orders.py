"""PORTOI and PORTOR: orders with their lines are added, changed and cancelled, and goods are received."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.syspro.simulator.orders import ORDER, header_of, lines_of, ordered, post_order, received, stock_line, stock_of
from tests.systems.syspro.simulator.world import BARTON, Client, Make, World, tags

HEADER = {"OrderActionType": "A", "Supplier": BARTON, "Warehouse": "MA"}


async def test_an_order_gets_a_number_that_is_filled_with_zeros_and_its_lines(client: Client) -> None:
    number = await ordered(client, ORDER, {"stock": "ANODE", "qty": "2.5", "price": "33.18"}, CustomerPoNumber="ST-55012")
    assert number == "002001"
    header = await header_of(client, number)
    assert (header["OrderStatus"], header["CustomerPoNumber"], header["OrderEntryDate"], header["NextDetailLine"]) == (
        "1",
        "ST-55012",
        "2026-03-16",
        "3",
    )
    lines = [
        (line["Line"], line["LineType"], line["MStockCode"], line["MOrderQty"], line["MPrice"])
        for line in await lines_of(client, number)
    ]
    assert lines == [("1", "1", "R410A", "10.000000", "28.65000"), ("2", "1", "ANODE", "2.500000", "33.18000")]
    assert (await stock_of(client, "R410A"))["QtyOnOrder"] == "10.000000"
    [commit] = [one for one in await client.world.journal("PorMasterHdr") if one["operation"] == "create"]
    assert (commit["number"], commit["ref"]) == (number, "ST-55012")


async def test_an_order_is_only_validated_unless_it_says_otherwise(client: Client) -> None:
    """ValidateOnly is Y where it is left out."""
    answer = await post_order(client, HEADER, {"StockLine": [stock_line(ORDER)]}, ValidateOnly="")
    assert (answer.is_well, answer.all("PurchaseOrder")) == (True, [""])
    assert await client.world.journal("PorMasterHdr") == []
    assert await ordered(client, ORDER) == "002001"


async def test_nothing_refuses_a_second_order_of_the_same_customer_number(client: Client) -> None:
    assert await ordered(client, ORDER, CustomerPoNumber="ST-1") != await ordered(client, ORDER, CustomerPoNumber="ST-1")


async def test_other_lines_are_charges_freight_and_comments(client: Client) -> None:
    details = {
        "StockLine": [{"StockCode": "CRANE", "StockDescription": "Crane hire", "OrderQty": "1", "Price": "400.00"}],
        "CommentLine": [{"Comment": "Deliver to the back door"}],
        "MiscChargeLine": [{"MiscChargeValue": "12.50", "MiscDescription": "Handling"}],
        "FreightLine": [{"FreightValue": "30.00"}],
    }
    assert (await post_order(client, HEADER, details)).errors == [("StockCode", "240004")]
    answer = await post_order(client, HEADER, details, AllowNonStockItems="Y")
    assert answer.is_well, answer.text
    lines = [
        (one["LineType"], one["MStockCode"], one["NComment"], one["NMscChargeValue"])
        for one in await lines_of(client, answer.all("PurchaseOrder")[0])
    ]
    assert lines == [
        ("7", "CRANE", "", "0.00"),
        ("6", "", "Deliver to the back door", "0.00"),
        ("5", "", "Handling", "12.50"),
        ("4", "", "", "30.00"),
    ]


@pytest.mark.parametrize(
    ("header", "line", "wrong"),
    [
        ({"Supplier": "0000911"}, ORDER, [("Supplier", "110001")]),
        ({"Warehouse": "ZZ"}, ORDER, [("Warehouse", "240005"), ("Warehouse", "240005")]),
        ({"PurchaseOrder": "007777"}, ORDER, [("PurchaseOrder", "160002")]),
        ({"CustomerPoNumber": "x" * 31}, ORDER, [("CustomerPoNumber", "100031")]),
        ({"OrderDate": "16/03/2026"}, ORDER, [("OrderDate", "100028")]),
        ({}, ORDER | {"stock": "NONE"}, [("StockCode", "240004")]),
        ({}, ORDER | {"qty": "0"}, [("OrderQty", "160014")]),
        ({}, ORDER | {"qty": "-1"}, [("OrderQty", "160014")]),
        ({}, ORDER | {"qty": "1.0001"}, [("OrderQty", "100027"), ("OrderQty", "160014")]),
        ({}, ORDER | {"price": "0"}, [("Price", "160016")]),
        ({}, ORDER | {"line": "1", "action": "C"}, [("PurchaseOrderLine", "160011")]),
    ],
)
async def test_a_wrong_order_is_refused_by_element(
    client: Client, header: dict[str, str], line: dict[str, str], wrong: Any
) -> None:
    told = HEADER | header
    answer = await post_order(client, {name: told[name] for name in _ORDER if name in told}, {"StockLine": [stock_line(line)]})
    assert answer.errors == wrong
    assert await client.world.journal("PorMasterHdr") == []
    assert (await stock_of(client, "R410A"))["QtyOnOrder"] == "0.000000"


_ORDER = ("OrderActionType", "Supplier", "CustomerPoNumber", "OrderDate", "DueDate", "Warehouse", "PurchaseOrder")


async def test_suppliers_that_take_no_orders_are_refused(client: Client) -> None:
    assert (await client.supplier("Update", {"Key": {"Supplier": BARTON}, "PurchOrdAllowed": "N"})).is_well
    assert (await post_order(client, HEADER, {"StockLine": [stock_line(ORDER)]})).errors == [("Supplier", "160005")]


async def test_an_order_is_changed_line_by_line(client: Client) -> None:
    number = await ordered(client, ORDER, {"stock": "ANODE", "qty": "2", "price": "33.18"})
    change = {"OrderActionType": "C", "DueDate": "2026-04-01", "PurchaseOrder": number}
    lines = [
        {"line": "1", "action": "C", "qty": "4"},
        {"line": "2", "action": "D"},
        {"stock": "VALVE-34", "qty": "1", "price": "14.22"},
    ]
    answer = await post_order(client, change, {"StockLine": [stock_line(line) for line in lines]})
    assert answer.is_well, answer.text
    held = [(one["Line"], one["MOrderQty"], one["MPrice"], one["OrderLineStatus"]) for one in await lines_of(client, number)]
    assert held == [("1", "4.000000", "28.65000", "O"), ("2", "2.000000", "33.18000", "*"), ("3", "1.000000", "14.22000", "O")]
    assert (await header_of(client, number))["OrderDueDate"] == "2026-04-01"
    on_order = [(await stock_of(client, code))["QtyOnOrder"] for code in ("R410A", "ANODE", "VALVE-34")]
    assert on_order == ["4.000000", "0.000000", "1.000000"]


async def test_an_order_is_cancelled_until_goods_came(client: Client) -> None:
    number, other = await ordered(client, ORDER), await ordered(client, ORDER)
    assert (await post_order(client, {"OrderActionType": "D", "PurchaseOrder": number}, {})).is_well
    header = await header_of(client, number)
    assert (header["OrderStatus"], header["CancelledFlag"]) == ("*", "Y")
    assert (await post_order(client, {"OrderActionType": "D", "PurchaseOrder": number}, {})).errors == [("PurchaseOrder", "160003")]
    assert (await received(client, other, "R410A", "1")).is_well
    assert (await post_order(client, {"OrderActionType": "D", "PurchaseOrder": other}, {})).errors == [("PurchaseOrder", "160007")]
    assert (await stock_of(client, "R410A"))["QtyOnOrder"] == "9.000000"


async def test_goods_are_received_until_the_order_is_complete(client: Client) -> None:
    number = await ordered(client, ORDER)
    first = await received(client, number, "R410A", "4")
    assert (first.all("Line"), first.all("Grn"), first.counts) == (["0001"], ["G00000001"], {})
    [line] = await lines_of(client, number)
    assert (line["MReceivedQty"], line["MCompleteFlag"], line["MLastReceiptDat"]) == ("4.000000", "", "2026-03-16")
    last = await received(client, number, "R410A", "6", line="1")
    assert last.is_well
    header = await header_of(client, number)
    assert (header["OrderStatus"], header["DatePoCompleted"]) == ("9", "2026-03-16")
    stock = await stock_of(client, "R410A")
    assert (stock["QtyOnHand"], stock["QtyOnOrder"]) == ("50.000000", "0.000000")
    assert (await received(client, number, "R410A", "1")).errors == [("PurchaseOrder", "160003")]
    accounts = {row["account"]: row["balance"] for row in (await client.world.sim("balances"))["accounts"]}
    assert accounts == {"1200-00": "286.50", "2100-00": "-286.50"}


async def test_more_than_was_ordered_is_a_warning(client: Client) -> None:
    number = await ordered(client, ORDER)
    answer = await received(client, number, "R410A", "11")
    assert (answer.counts["ItemsRejectedWithWarnings"], answer.all("Grn")) == (1, [])
    assert (await received(client, number, "R410A", "11", IgnoreWarnings="W")).all("Grn") == ["G00000002"]
    assert (await header_of(client, number))["OrderStatus"] == "9"


@pytest.mark.parametrize(
    ("stock", "quantity", "told", "wrong"),
    [
        ("NONE", "1", {}, [("StockCode", "160033")]),
        ("", "1", {}, [("StockCode", "100030")]),
        ("R410A", "1", {"line": "7"}, [("PurchaseOrderLine", "160033")]),
        ("R410A", "-1", {}, [("Quantity", "160032")]),
        ("R410A", "x", {}, [("Quantity", "100027"), ("Quantity", "160032")]),
        ("R410A", "1", {"warehouse": "NO"}, [("Warehouse", "160034")]),
        ("R410A", "1", {"TransactionDate": "today"}, [("TransactionDate", "100028")]),
    ],
)
async def test_a_wrong_receipt_is_refused(client: Client, stock: str, quantity: str, told: dict[str, str], wrong: Any) -> None:
    number = await ordered(client, ORDER)
    assert (await received(client, number, stock, quantity, **told)).errors == wrong
    assert (await lines_of(client, number))[0]["MReceivedQty"] == "0.000000"
    assert (await stock_of(client, "R410A"))["QtyOnHand"] == "40.000000"


async def test_two_receipts_of_a_document_see_each_other(client: Client) -> None:
    number = await ordered(client, ORDER)
    receipt = {"PurchaseOrder": number, "PurchaseOrderLine": "1", "StockCode": "R410A", "Quantity": "6"}
    items = [tags({"Item": {"Receipt": receipt}})] * 2
    answer = await client.write("Transaction/Post", "PORTOR", "PostPurchaseOrderReceipts", {}, *items)
    assert answer.counts["ItemsRejectedWithWarnings"] == 1
    assert (await lines_of(client, number))[0]["MReceivedQty"] == "0.000000"


async def test_numbers_go_on_after_a_restart(make: Make) -> None:
    world = await make("one")
    first = await ordered(await (await world.client()).with_supplier(), ORDER)
    again: World = await make("one", clock=world.clock)
    client = await again.client()
    assert await ordered(client, ORDER) == f"{int(first) + 1:06d}"
    assert (await header_of(client, first))["Supplier"] == BARTON
