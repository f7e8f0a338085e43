"""Orders to vendors, their receipts, and the places where goods are kept.

Source: OpenAPI Inventory V2 (PurchaseOrderResponse, InventoryReceiptResponse: numbers, not texts; WarehouseResponse, TruckResponse). An order does
not give the names of its type, place or business unit, nor whether its type receives by itself. A canceled order has the status Canceled but no time,
so the time of its last change counts. Assumed: `receiptAmount` is the whole receipt with tax, shipping and other charges; an "inventory location id"
is the id of a warehouse or of a truck.
"""

from __future__ import annotations

from typing import Any

from systems.servicetitan.mapping_shape import Context, Shaped, document, ended_on, moving
from systems.servicetitan.order_marks import origin_of
from systems.servicetitan.values import day, plain
from systems.values.members import (
    ZERO,
    Row,
    identifier,
    instant,
    money,
    money_or_zero,
    nested,
    product,
    quantity,
    required_id,
    rows,
    text,
)

_ORDER_MONEY = "order_date vendor_id business_unit_id inventory_location_id subtotal tax shipping total currency"
_ORDER_LINE_MONEY = "line_id sku_id quantity unit_cost amount"
_RECEIPT_MONEY = (
    "received_on purchase_order_id vendor_id business_unit_id inventory_location_id subtotal tax shipping other total currency"
)
_RECEIPT_LINE_MONEY = "line_id order_line_id sku_id quantity unit_cost amount"
_ADDRESS = ("street", "unit", "city", "state", "zip", "country")


def purchase_order(row: Row, context: Context) -> Shaped:
    """An order to a vendor. An order that carries our ref came from the ERP and is never sent back."""
    zone, place = context.time_zone, {"inventory_location_id": identifier(row, "inventoryLocationId"), "inventory_location": ""}
    tax, shipping, whole = money_or_zero(row, "tax"), money_or_zero(row, "shipping"), money(row, "total")
    body: dict[str, Any] = {
        **{name: text(nested(row, "shipTo"), name) for name in _ADDRESS},
        "order_date": day(row, "date", zone),
        "required_on": day(row, "requiredOn", zone),
        "sent_on": instant(row, "sentOn"),
        "type_id": identifier(row, "typeId"),
        "self_receiving": False,
        "vendor_id": identifier(row, "vendorId"),
        "vendor_number": text(row, "vendorDocumentNumber"),
        "business_unit_id": identifier(row, "businessUnitId"),
        "job_id": identifier(row, "jobId"),
        "project_id": identifier(row, "projectId"),
        "invoice_id": identifier(row, "invoiceId"),
        "technician_id": identifier(row, "technicianId"),
        **place,
        "subtotal": whole - tax - shipping,
        "tax": tax,
        "shipping": shipping,
        "other": ZERO,
        "total": whole,
        "currency": context.currency,
        "summary": plain(row, "summary"),
        "canceled_on": ended_on(row, "", ("Canceled",)),
        "dimensions": {},
        "lines": [_ordered(item, place, context) for item in _by_id(row)],
    }
    moved = moving(body, _ORDER_MONEY, _ORDER_LINE_MONEY)
    return Shaped(body, text(row, "number"), text(row, "status"), moved, origin_of(row) or None)


def _by_id(row: Row) -> list[Row]:
    """The items in the order of their ids, which is the order of entry (assumed), because items of an order have no numbers."""
    return sorted(rows(row, "items"), key=lambda item: (len(required_id(item)), required_id(item)))


def _ordered(item: Row, place: dict[str, str], context: Context) -> dict[str, Any]:
    return {
        **_goods(item, "skuCode", "skuName", context),
        "line_number": "",
        "schedule_number": "",
        "status": text(item, "status"),
        "sku_type": text(item, "skuType"),
        "vendor_part_number": text(item, "vendorPartNumber"),
        "amount": money(item, "total"),
        "quantity_received": quantity(item, "quantityReceived", context.notes),
        "quantity_billed": None,
        "quantity_canceled": None,
        "required_on": None,
        "promised_on": None,
        "closed": False,
        "gl_account": "",
        "business_unit_id": "",
        "business_unit_name": "",
        **place,
        "job_id": "",
    }


def receipt(row: Row, context: Context) -> Shaped:
    """Goods of an order that were received; its lines name the order's lines."""
    place = {"inventory_location_id": identifier(row, "inventoryLocationId"), "inventory_location": ""}
    tax, shipping, other = (money_or_zero(row, name) for name in ("taxAmount", "shippingAmount", "otherAmount"))
    whole = money(row, "receiptAmount")
    body: dict[str, Any] = {
        "received_on": day(row, "receivedOn", context.time_zone),
        "purchase_order_id": identifier(row, "purchaseOrderId"),
        "bill_id": identifier(row, "billId"),
        "vendor_id": identifier(row, "vendorId"),
        "vendor_number": text(row, "vendorInvoiceNumber"),
        "business_unit_id": identifier(row, "businessUnitId"),
        "job_id": identifier(row, "jobId"),
        "technician_id": identifier(row, "technicianId"),
        **place,
        "subtotal": whole - tax - shipping - other,
        "tax": tax,
        "shipping": shipping,
        "other": other,
        "total": whole,
        "currency": context.currency,
        "memo": plain(row, "memo"),
        "canceled_on": None,
        "dimensions": {},
        "lines": [_received(item, place, context) for item in _by_id(row)],
    }
    return document(row, body, moving(body, _RECEIPT_MONEY, _RECEIPT_LINE_MONEY), "number")


def _received(item: Row, place: dict[str, str], context: Context) -> dict[str, Any]:
    return {
        **_goods(item, "code", "name", context),
        "order_line_id": identifier(item, "purchaseOrderItemId"),
        "receipt_line_id": "",
        "sku_type": "",
        "amount": product(item, "quantity", "cost"),
        "gl_account": text(nested(item, "generalLedgerAccount"), "number"),
        **place,
        "bin": "",
        "lot": "",
        "serial_numbers": [],
    }


def _goods(item: Row, code: str, name: str, context: Context) -> dict[str, Any]:
    """What the lines of orders and of receipts have in common."""
    return {
        "line_id": required_id(item),
        "kind": "item",
        "sku_id": identifier(item, "skuId"),
        "sku_code": text(item, code),
        "description": plain(item, "description") or text(item, name),
        "quantity": quantity(item, "quantity", context.notes) or ZERO,
        "unit": "",
        "unit_cost": quantity(item, "cost", context.notes) or ZERO,
        "dimensions": {},
    }


def warehouse(row: Row, context: Context) -> Shaped:  # noqa: ARG001 - all shapes have the same signature
    """A warehouse, as a value of the dimension of that name. Its code is its id, by which orders and receipts name it."""
    return _place(row, "warehouse")


def truck(row: Row, context: Context) -> Shaped:  # noqa: ARG001 - all shapes have the same signature
    """A truck, which also holds goods."""
    return _place(row, "truck")


def _place(row: Row, kind: str) -> Shaped:
    return Shaped({"kind": kind, "code": required_id(row), "description": text(row, "name")}, text(row, "name"))
