"""Purchase orders and what happens to them, as the tests send them."""

from __future__ import annotations

from typing import Any

from tests.systems.syspro.simulator.world import BARTON, Client, Reply, tags

ORDER: dict[str, str] = {"stock": "R410A", "qty": "10", "price": "28.65"}
LIVE = {"ValidateOnly": "N"}


async def post_order(client: Client, header: dict[str, Any], details: dict[str, Any], **parameters: str) -> Reply:
    """PORTOI with one order."""
    item = tags({"Orders": {"OrderHeader": header} | ({"OrderDetails": details} if details else {})})
    return await client.write("Transaction/Post", "PORTOI", "PostPurchaseOrders", LIVE | parameters, item)


async def ordered(client: Client, *lines: dict[str, str], **header: str) -> str:
    """The number of a new order with a line for each dict; must succeed."""
    told = {"OrderActionType": "A", "Supplier": BARTON, "CustomerPoNumber": "PO of the field", "Warehouse": "MA"} | header
    answer = await post_order(client, told, {"StockLine": [stock_line(line) for line in lines]})
    assert answer.is_well, answer.text
    return answer.all("PurchaseOrder")[0]


def stock_line(line: dict[str, str]) -> dict[str, str]:
    """A stock line in the order of its elements."""
    told = {
        "PurchaseOrderLine": line.get("line", ""),
        "LineActionType": line.get("action", "A"),
        "StockCode": line.get("stock", ""),
    }
    told |= {"StockDescription": line.get("name", ""), "OrderQty": line.get("qty", ""), "Price": line.get("price", "")}
    return {name: text for name, text in told.items() if text}


async def received(client: Client, number: str, stock: str, quantity: str, **changed: str) -> Reply:
    """PORTOR with one receipt; `changed` are parameters, or elements of the receipt that begin with a small letter."""
    elements = {"PurchaseOrder": number, "PurchaseOrderLine": changed.pop("line", ""), "Warehouse": changed.pop("warehouse", "MA")}
    elements |= {"StockCode": stock, "Quantity": quantity, "DeliveryNote": changed.pop("note", "DN-1")}
    item = tags({"Item": {"Receipt": {name: text for name, text in elements.items() if text}}})
    return await client.write("Transaction/Post", "PORTOR", "PostPurchaseOrderReceipts", changed, item)


async def header_of(client: Client, number: str) -> dict[str, str]:
    """The order's row."""
    [row] = (await client.find("PorMasterHdr", where=f"PurchaseOrder EQ {number}")).rows()
    return row


async def lines_of(client: Client, number: str) -> list[dict[str, str]]:
    """The rows of its lines."""
    return (await client.find("PorMasterDetail", where=f"PurchaseOrder EQ {number}", order="Line")).rows()


async def stock_of(client: Client, code: str, warehouse: str = "MA") -> dict[str, str]:
    """The row of a stock code in a warehouse."""
    [row] = (await client.find("InvWarehouse", where=f"StockCode EQ {code} And Warehouse EQ {warehouse}")).rows()
    return row
