"""Canonical orders, receipts and adjustments of the field-service side."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from schemas.shapes import fields_of, record_sources
from tests.systems.field_service import DAY, envelope


def _untold(entity: str) -> dict[str, Any]:
    """The texts of a record, empty."""
    return {name: "" for name, spec in fields_of(record_sources()[f"canonical.{entity}"]).items() if spec["type"] == "string"}


def goods_line(quantity: str = "4", cost: str = "9.87", line_id: str = "1", **more: Any) -> dict[str, Any]:
    """A line of goods."""
    made = {
        "line_id": line_id,
        "order_line_id": "",
        "receipt_line_id": "",
        "kind": "item",
        "sku_id": "21",
        "sku_code": "PIPE-34",
        "sku_type": "Material",
        "description": "PVC pipe",
        "quantity": Decimal(quantity),
        "unit": "",
        "unit_cost": Decimal(cost),
        "amount": (Decimal(quantity) * Decimal(cost)).quantize(Decimal("0.01")),
        "gl_account": "",
        "inventory_location_id": "9001",
        "inventory_location": "",
        "bin": "",
        "lot": "",
        "serial_numbers": [],
        "dimensions": {},
    }
    return made | more


def order_line(quantity: str = "4", cost: str = "9.87", line_id: str = "1", **more: Any) -> dict[str, Any]:
    """A line of an order."""
    own = {
        "line_number": "",
        "schedule_number": "",
        "status": "Pending",
        "vendor_part_number": "V-1",
        "quantity_received": Decimal(0),
        "quantity_billed": None,
        "quantity_canceled": None,
        "required_on": None,
        "promised_on": None,
        "closed": False,
        "business_unit_id": "",
        "business_unit_name": "",
        "job_id": "",
    }
    kept = {key: one for key, one in goods_line(quantity, cost, line_id).items() if key not in _MOVED}
    return kept | own | more


_MOVED = ("order_line_id", "receipt_line_id", "bin", "lot", "serial_numbers")


def purchase_order(lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """An order that somebody made in the field."""
    lines = [order_line(), order_line("2", "14.22", "2", sku_code="MAT-VALVE", sku_id="22")] if lines is None else lines
    subtotal = sum((one["amount"] for one in lines), Decimal(0))
    tax, shipping = (Decimal(more.get(name, "0")) for name in ("tax", "shipping"))
    made = (
        _untold("purchase_order")
        | envelope("purchase_order", "90210")
        | {
            "order_date": DAY,
            "required_on": DAY,
            "sent_on": None,
            "type_id": "3",
            "self_receiving": False,
            "vendor_id": "70",
            "vendor_name": "Robinson",
            "business_unit_id": "1",
            "business_unit_name": "Plumbing - Service",
            "inventory_location_id": "9001",
            "inventory_location": "",
            "ship_to_name": "Yard",
            "street": "1 Elm St",
            "unit": "",
            "city": "Austin",
            "state": "TX",
            "zip": "78701",
            "country": "USA",
            "phone": "",
            "email": "",
            "subtotal": subtotal,
            "tax": tax,
            "shipping": shipping,
            "other": Decimal(0),
            "total": subtotal + tax + shipping,
            "currency": "USD",
            "summary": "",
            "canceled_on": None,
            "dimensions": {},
            "lines": lines,
        }
    )
    return made | {"tax": tax, "shipping": shipping} | {key: one for key, one in more.items() if key not in ("tax", "shipping")}


def receipt(lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A receipt."""
    subtotal = sum((one["amount"] for one in lines), Decimal(0))
    made = envelope("receipt", "601") | {
        "received_on": DAY,
        "purchase_order_id": "90210",
        "bill_id": "",
        "vendor_id": "70",
        "vendor_name": "",
        "vendor_number": "PS-77",
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "inventory_location_id": "9001",
        "inventory_location": "",
        "memo": "",
        "subtotal": subtotal,
        **dict.fromkeys(("tax", "shipping", "other"), Decimal(0)),
        "total": subtotal,
        "currency": "USD",
        "canceled_on": None,
        "dimensions": {},
        "lines": lines,
    }
    return _untold("receipt") | made | more


def adjustment(lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """An adjustment of stock."""
    made = envelope("inventory_adjustment", "501") | {
        "adjusted_on": DAY,
        "kind": "Cycle Count",
        "reference_number": "",
        "business_unit_id": "1",
        "business_unit_name": "Plumbing - Service",
        "job_id": "",
        "job_number": "",
        "project_id": "",
        "invoice_id": "",
        "inventory_location_id": "9001",
        "inventory_location": "",
        "to_location_id": "",
        "to_location": "",
        "total": sum((one["amount"] for one in lines), Decimal(0)),
        "currency": "USD",
        "memo": "counted",
        "canceled_on": None,
        "dimensions": {},
        "lines": lines,
    }
    return made | more


def vendor(source_id: str = "3041", **more: Any) -> dict[str, Any]:
    """A vendor of the field-service side."""
    made = envelope("vendor", source_id, status="") | {
        "name": "Cedar Fork Supply",
        "legal_name": "",
        "code": "",
        "kind": "",
        "tax_id": "",
        "payment_term_id": "",
        "memo": "",
        "external_ref": "",
        "street": "1 Elm St",
        "unit": "",
        "city": "Austin",
        "state": "TX",
        "zip": "78701",
        "country": "USA",
        "phone": "512 555 0100",
        "email": "ap@example.com",
    }
    return made | more
