"""Payments to vendors, parts that were returned to them, and adjustments of stock.

Source: OpenAPI Accounting V2 (ApPaymentResponse: numbers, `splits` with `active`) and Inventory V2 (InventoryReturnResponse: numbers, quantities
positive; InventoryAdjustmentResponse: no total, no place of its items). Assumed: `returnAmount` is the whole return with tax and shipping; a payment
that is Cancelled or Rejected was not made; a negative quantity of an adjustment leaves the stock.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.mapping_shape import Context, Shaped, business_unit, by_application, document, ended_on, moving
from systems.servicetitan.values import day, plain
from systems.values.members import (
    ZERO,
    Row,
    flag,
    identifier,
    money,
    money_or_zero,
    nested,
    product,
    quantity,
    required_id,
    rows,
    text,
)

_NOT_MADE = ("Cancelled", "Rejected")


def ap_payment(row: Row, context: Context) -> Shaped:
    """A payment to a vendor. Its active splits are what it settles."""
    vendor, amount = nested(row, "vendor"), money(row, "amount")
    applications = _splits(row, context.time_zone)
    body: dict[str, Any] = {
        "paid_on": day(row, "date", context.time_zone),
        "method": text(row, "method"),
        "total": amount,
        "unapplied": amount - sum((one["amount"] for one in applications), Decimal(0)),
        "currency": context.currency,
        "vendor_id": identifier(vendor, "id"),
        "vendor_name": text(vendor, "name"),
        **business_unit(row),
        "bank_account": text(nested(row, "glAccount"), "number"),
        "memo": text(row, "status"),
        "canceled_on": ended_on(row, "", _NOT_MADE),
        "applications": applications,
    }
    names = "paid_on total currency vendor_id business_unit_id bank_account applications"
    return document(row, body, moving(body, names), "name")


def _splits(row: Row, zone: str) -> list[dict[str, Any]]:
    found = [
        {
            "application_id": required_id(item),
            "document_id": identifier(item, "inventoryBillId") or identifier(item, "documentId"),
            "document_number": "",
            "amount": money(item, "amount"),
            "applied_on": day(item, "createdOn", zone),
        }
        for item in rows(row, "splits")
        if flag(item, "active", absent=True)
    ]
    return by_application(found)


def returned(row: Row, context: Context) -> Shaped:
    """Parts that were returned to a vendor."""
    tax, shipping, whole = money_or_zero(row, "taxAmount"), money_or_zero(row, "shippingAmount"), money(row, "returnAmount")
    place = {"inventory_location_id": identifier(row, "inventoryLocationId"), "inventory_location": ""}
    body: dict[str, Any] = {
        "returned_on": day(row, "returnedOn", context.time_zone) or day(row, "returnDate", context.time_zone),
        "reason": text(row, "canceledReason"),
        "purchase_order_id": identifier(row, "purchaseOrderId"),
        "vendor_id": identifier(row, "vendorId"),
        "vendor_number": text(row, "referenceNumber"),
        "business_unit_id": identifier(row, "businessUnitId"),
        "job_id": identifier(row, "jobId"),
        "project_id": identifier(row, "projectId"),
        **place,
        "subtotal": whole - tax - shipping,
        "tax": tax,
        "shipping": shipping,
        "other": ZERO,
        "total": whole,
        "currency": context.currency,
        "memo": plain(row, "memo"),
        "canceled_on": ended_on(row, "dateCanceled", ("Canceled",)),
        "dimensions": {},
        "lines": [_line(item, place, context) for item in rows(row, "items")],
    }
    names = "returned_on purchase_order_id vendor_id business_unit_id job_id project_id subtotal tax shipping total currency canceled_on"
    return document(row, body, moving(body, names, "line_id sku_code quantity amount"), "number")


def _line(item: Row, place: dict[str, str], context: Context) -> dict[str, Any]:
    return {
        "line_id": required_id(item),
        "order_line_id": "",
        "receipt_line_id": identifier(item, "receiptItemId"),
        "kind": "item",
        "sku_id": identifier(item, "skuId"),
        "sku_code": text(item, "code"),
        "sku_type": "",
        "description": plain(item, "description") or text(item, "name"),
        "quantity": quantity(item, "quantity", context.notes) or ZERO,
        "unit": "",
        "unit_cost": quantity(item, "cost", context.notes) or ZERO,
        "amount": product(item, "quantity", "cost"),
        "gl_account": text(nested(item, "generalLedgerAccount"), "number"),
        **place,
        "bin": "",
        "lot": "",
        "serial_numbers": [text(one, "number") for one in rows(item, "serialNumbers")],
        "dimensions": {},
    }


def adjusted(row: Row, context: Context) -> Shaped:
    """A change of stock. Its document gives no total, so the sum of its lines is its amount."""
    place = {"inventory_location_id": identifier(row, "inventoryLocationId"), "inventory_location": ""}
    lines = [_line(item, place, context) for item in rows(row, "items") if flag(item, "active", absent=True)]
    body: dict[str, Any] = {
        "adjusted_on": day(row, "date", context.time_zone),
        "kind": text(row, "type"),
        "reference_number": text(row, "referenceNumber"),
        "business_unit_id": identifier(row, "businessUnitId"),
        "project_id": identifier(row, "projectId"),
        "invoice_id": identifier(row, "invoiceId"),
        **place,
        "total": sum((one["amount"] for one in lines), ZERO),
        "currency": context.currency,
        "memo": plain(row, "memo"),
        "canceled_on": ended_on(row, "dateCanceled", ()),
        "dimensions": {},
        "lines": lines,
    }
    names = "adjusted_on kind business_unit_id inventory_location_id total currency canceled_on"
    return document(row, body, moving(body, names, "line_id sku_code quantity amount"), "number")
