"""Purchase orders of NetSuite in our own words: a line for each line, with its received, billed and cancelled quantities. Pure.

Facts (status lists, REST API Browser): an order is P planned, A pending approval, B pending receipt, C rejected, D and E partially received, F
pending bill, G fully billed, H closed (letters assumed). A closed line is not received any more, so its rest is given up; an order that is closed
before anything arrived counts as cancelled (assumed). A line without item is worth its amount, once. Receipts and bills do not count as moving money.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from schemas.records import OrderLine
from systems.mapped import Filtered
from systems.netsuite.mapping_sightings_documents import ref_in, required_number
from systems.netsuite.mapping_sightings_shape import ZERO, Whole, day, dimensions
from systems.netsuite.models import SYSTEM, Row, truth
from systems.netsuite.settings import SUBSIDIARY
from systems.sightings import Shaped, untold
from systems.values.members import money_or_zero, quantity, required_id, text

CLOSED = "H"
_NOT_FINAL = {"P": "planned", "A": "pending approval", "C": "rejected"}
_DONE = ("F", "G")
"""Orders of which nothing more will be received."""
_MOVING = ("line_id", "sku_code", "description", "quantity", "quantity_canceled", "unit_cost", "amount", "inventory_location_id")


def order(one: Whole) -> Shaped | Filtered:
    """An order. Raises `Malformed`."""
    row, status = one.row, text(one.row, "status")
    if status in _NOT_FINAL:
        return Filtered(f"{SYSTEM} order {text(row, 'tranid')} is {_NOT_FINAL[status]}")
    lines = [_line(one, line, status) for line in sorted(one.lines, key=lambda line: int(required_number(line)))]
    is_dropped = status == CLOSED and not any(line["quantity_received"] for line in lines)
    total, tax = -one.total, one.tax
    body: dict[str, Any] = {
        "source_id": required_id(row),
        "number": text(row, "tranid") or text(row, "transactionnumber"),
        "origin_ref": ref_in(row),
        "status": status,
        "active": not truth(row, "voided") and not is_dropped,
        "canceled_on": one.instant("lastmodified") if is_dropped else None,
        "order_date": day(row, "trandate"),
        "required_on": _earliest(lines) or day(row, "duedate"),
        "sent_on": None,
        "self_receiving": False,
        "vendor_id": text(row, "entity"),
        "vendor_name": text(row, "entityname"),
        "vendor_number": text(row, "otherrefnum"),
        "business_unit_id": one.subsidiary,
        "inventory_location_id": lines[0]["inventory_location_id"] if lines else "",
        "inventory_location": lines[0]["inventory_location"] if lines else "",
        "subtotal": total - tax,
        "tax": tax,
        "shipping": ZERO,
        "other": ZERO,
        "total": total,
        "currency": one.currency,
        "term_name": text(row, "termname"),
        "summary": text(row, "memo"),
        "dimensions": dimensions(one.main) | ({SUBSIDIARY: one.subsidiary} if one.subsidiary else {}),
        "lines": lines,
    }
    moving = [body[name] for name in ("vendor_id", "order_date", "currency", "tax", "total", "active")]
    return Shaped("purchase_order", body, [*moving, [[line[name] for name in _MOVING] for line in lines]])


def _earliest(lines: list[dict[str, Any]]) -> date | None:
    return min((line["required_on"] for line in lines if line["required_on"] is not None), default=None)


def _line(one: Whole, row: Row, status: str) -> dict[str, Any]:
    amount = money_or_zero(row, "foreignamount")
    count, price = quantity(row, "quantity", one.notes), quantity(row, "rate", one.notes)
    if count is None or not text(row, "item"):
        count, price = Decimal(1), amount
    elif price is None:
        price = (amount / count).quantize(Decimal("0.000001")) if count else ZERO
    received = quantity(row, "quantityshiprecv", one.notes)
    is_closed = truth(row, "isclosed") or status == CLOSED
    number = required_number(row)
    made: dict[str, Any] = {
        "line_id": f"{required_id(row, 'transaction')}/{number}",
        "line_number": number,
        "kind": "item" if text(row, "item") else "expense",
        "status": "closed" if is_closed else status,
        "sku_id": text(row, "item"),
        "sku_code": text(row, "itemname"),
        "sku_type": text(row, "itemtype"),
        "description": text(row, "memo"),
        "quantity": count,
        "unit_cost": price,
        "amount": amount,
        "quantity_received": received,
        "quantity_billed": quantity(row, "quantitybilled", one.notes),
        "quantity_canceled": max(count - (received or ZERO), ZERO) if is_closed else None,
        "required_on": day(row, "expectedreceiptdate"),
        "promised_on": None,
        "closed": is_closed or status in _DONE,
        "gl_account": text(row, "account"),
        "business_unit_id": "",
        "inventory_location_id": text(row, "location") or text(one.main, "location"),
        "inventory_location": text(row, "locationname") or text(one.main, "locationname"),
        "dimensions": dimensions(row),
    }
    return {**untold(OrderLine), **made}
