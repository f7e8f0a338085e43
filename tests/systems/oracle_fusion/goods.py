"""Canonical receipts and returns of the field-service side, for the tests of the mapping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.systems.field_service import DAY, envelope


def goods_line(quantity: str, line_id: str = "1", **more: Any) -> dict[str, Any]:
    """A line of goods that moved."""
    made = {
        "line_id": line_id,
        "order_line_id": f"80{line_id}",
        "receipt_line_id": "",
        "kind": "item",
        "sku_id": "11",
        "sku_code": "PIPE-34",
        "sku_type": "",
        "description": "Copper pipe",
        "quantity": Decimal(quantity),
        "unit": "",
        "unit_cost": Decimal("2.00"),
        "amount": Decimal(quantity) * 2,
        "gl_account": "",
        "inventory_location_id": "31",
        "inventory_location": "Main Warehouse",
        "bin": "",
        "lot": "",
        "serial_numbers": [],
        "dimensions": {},
    }
    return made | more


def _goods(entity: str, source_id: str, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    subtotal = sum((one["amount"] for one in lines), Decimal(0))
    made = envelope(entity, source_id) | {
        "purchase_order_id": "700",
        "vendor_id": "800",
        "vendor_name": "Ferguson",
        "vendor_number": "FER-77",
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "job_id": "",
        "job_number": "",
        "project_id": "",
        "inventory_location_id": "31",
        "inventory_location": "Main Warehouse",
        "subtotal": subtotal,
        "tax": Decimal(0),
        "shipping": Decimal(0),
        "other": Decimal(0),
        "total": subtotal,
        "currency": "USD",
        "memo": "",
        "canceled_on": None,
        "dimensions": {},
        "lines": lines,
    }
    return made | more


def receipt(lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A canonical receipt of an order."""
    lines = [goods_line("8"), goods_line("3", "2", sku_id="12", sku_code="VALVE-1")] if lines is None else lines
    own = {"received_on": DAY, "purchase_order_number": "PO-1", "bill_id": "", "corrects_id": "", "technician_id": ""}
    return _goods("receipt", "601", lines, **own) | more


def returned(lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A canonical return of what a receipt brought."""
    lines = [goods_line("4", order_line_id="801", receipt_line_id="1")] if lines is None else lines
    own = {"returned_on": DAY, "reason": "Damaged", "receipt_id": "601", "vendor_credit_id": ""}
    return _goods("return", "651", lines, **own) | more
