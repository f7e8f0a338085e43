"""Purchase orders of Fusion in our own words: one line for each schedule, with received and billed quantities from the order's life cycle. Pure.

Facts: `purchaseOrders` shows final orders. The order number is unique only within the legal entity, so an order is identified by POHeaderId. The
quantities of the life cycle (`ReceivedQuantity`, `InvoicedQuantity` of a schedule) and the spelling of status codes are assumed. Status and received
or billed quantities change the fingerprint too, because the memo of the written order states them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from runtime.errors import Malformed
from schemas.records import OrderLine
from systems.mapped import Filtered
from systems.oracle_fusion.mapping_shape import Whole, day
from systems.oracle_fusion.models import SYSTEM, Row, children
from systems.sightings import Shaped, untold
from systems.values.instants import local_day
from systems.values.members import instant, money_or_zero, quantity, required_id, text

CANCELED = ("CANCELED", "CANCELLED")
_NOT_FINAL = ("INCOMPLETE", "PENDING APPROVAL", "PENDING_APPROVAL", "REJECTED", "WITHDRAWN")
_CLOSED = ("CLOSED", "FINALLY CLOSED", *CANCELED)
_CLOSED_FOR_RECEIVING = (*_CLOSED, "CLOSED FOR RECEIVING")
_CENT = Decimal("0.01")
_ZERO = Decimal(0)


def order(one: Whole) -> Shaped | Filtered:
    """An order, from its header, lines, schedules and life cycle. Raises `Malformed`."""
    row = one.row
    status = _status(row)
    if status in _NOT_FINAL:
        return Filtered(f"{SYSTEM} order {text(row, 'OrderNumber')} is {status}")
    lines = _lines(one)
    created = instant(row, "CreationDate")
    tax, total = money_or_zero(row, "TotalTax"), money_or_zero(row, "Total")
    body: dict[str, Any] = {
        "source_id": required_id(row, "POHeaderId"),
        "number": text(row, "OrderNumber"),
        "status": status,
        "active": status not in CANCELED,
        "canceled_on": instant(row, "LastUpdateDate") if status in CANCELED else None,
        "order_date": local_day(created, one.reading.time_zone) if created is not None else None,
        "required_on": _earliest(lines),
        "sent_on": None,
        "self_receiving": False,
        "revision": text(row, "Revision"),
        "vendor_id": text(row, "SupplierId"),
        "vendor_name": text(row, "Supplier"),
        "vendor_site": text(row, "SupplierSite"),
        "legal_entity": text(row, "SoldToLegalEntity"),
        "business_unit_id": text(row, "RequisitioningBUId") or text(row, "ProcurementBUId"),
        "business_unit_name": text(row, "RequisitioningBU") or text(row, "ProcurementBU"),
        "buyer": text(row, "Buyer"),
        "inventory_location_id": lines[0]["inventory_location_id"] if lines else "",
        "inventory_location": lines[0]["inventory_location"] if lines else "",
        "subtotal": total - tax,
        "tax": tax,
        "shipping": _ZERO,
        "other": _ZERO,
        "total": total,
        "currency": text(row, "CurrencyCode") or one.reading.currency,
        "term_name": text(row, "PaymentTerms"),
        "summary": text(row, "Description"),
        "dimensions": {"ProcurementBU": text(row, "ProcurementBU")},
        "lines": lines,
    }
    moving = [body[name] for name in ("vendor_id", "order_date", "currency", "tax", "total", "active", "status")]
    return Shaped("purchase_order", body, [*moving, [[line[name] for name in _MOVING] for line in lines]])


_MOVING = (
    *("line_id", "sku_code", "description", "quantity", "unit", "unit_cost", "amount", "inventory_location_id"),
    *("quantity_received", "quantity_billed", "closed"),
)


def _status(row: Row) -> str:
    return text(row, "StatusCode").upper().replace("_", " ")


def _earliest(lines: list[dict[str, Any]]) -> date | None:
    return min((line["required_on"] for line in lines if line["required_on"] is not None), default=None)


def _lines(one: Whole) -> list[dict[str, Any]]:
    """A line for each schedule, by their numbers. Raises `Malformed` for a line without schedules."""
    rows = one.children(one.row, "lines", "POLineId", lambda row: "POLineId" in row and "LineLocationId" not in row)
    progress = _progress(one)
    made: list[dict[str, Any]] = []
    for line in sorted(rows, key=lambda row: money_or_zero(row, "LineNumber")):
        own = required_id(line, "POLineId")
        schedules = one.children(line, "schedules", "LineLocationId", partial(_is_schedule, own))
        if not schedules:
            raise Malformed(f"line {text(line, 'LineNumber')} has no schedule")
        ordered = sorted(schedules, key=lambda row: money_or_zero(row, "ScheduleNumber"))
        made += [_line(one, line, row, progress.get(required_id(row, "LineLocationId"), {})) for row in ordered]
    return made


def _is_schedule(line: str, row: Row) -> bool:
    return "LineLocationId" in row and text(row, "POLineId") == line


def _progress(one: Whole) -> Mapping[str, Row]:
    """The schedules of the life cycle, by id; empty if it was not read. Nothing is known of a schedule that it leaves out."""
    if not one.progress:
        return {}
    return {required_id(row, "LineLocationId"): row for row in children(one.progress, "schedules").rows}


def _line(one: Whole, line: Row, schedule: Row, progress: Row) -> dict[str, Any]:
    price, count = quantity(line, "Price", one.notes), quantity(schedule, "Quantity", one.notes)
    amount = money_or_zero(schedule, "Ordered")
    if count is None or price is None:  # a service for a fixed price has no quantity
        count, price = Decimal(1), amount
    elif schedule.get("Ordered") is None:
        amount = (count * price).quantize(_CENT)
    status = _status(schedule)
    made: dict[str, Any] = {
        "line_id": _line_id(one.row, line, schedule),
        "line_number": text(line, "LineNumber"),
        "schedule_number": text(schedule, "ScheduleNumber"),
        "kind": text(line, "LineType"),
        "status": status,
        "sku_id": text(line, "ItemId"),
        "sku_code": text(line, "Item"),
        "vendor_part_number": text(line, "SupplierItem"),
        "description": text(line, "Description"),
        "quantity": count,
        "unit": text(line, "UOMCode") or text(line, "UOM"),
        "unit_cost": price,
        "amount": amount,
        "quantity_received": quantity(progress, "ReceivedQuantity", one.notes),
        "quantity_billed": quantity(progress, "InvoicedQuantity", one.notes),
        "quantity_canceled": None,
        "required_on": day(schedule, "RequestedDeliveryDate"),
        "promised_on": day(schedule, "PromisedDeliveryDate"),
        "closed": status in _CLOSED_FOR_RECEIVING,
        "inventory_location_id": text(schedule, "ShipToLocationCode") or text(schedule, "ShipToLocationId"),
        "inventory_location": text(schedule, "ShipToOrganizationCode"),
        "dimensions": {},
    }
    return {**untold(OrderLine), **made}


def _line_id(header: Row, line: Row, schedule: Row) -> str:
    """Our id of a schedule: order, line and schedule, which a receipt has to name."""
    return "/".join((required_id(header, "POHeaderId"), required_id(line, "POLineId"), required_id(schedule, "LineLocationId")))
