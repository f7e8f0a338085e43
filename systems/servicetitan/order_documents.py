"""The bodies that write an order, and the comparison of an order in ServiceTitan with what a command wants. Pure.

Source: OpenAPI Inventory V2 (CreatePurchaseOrderRequest; UpdatePurchaseOrderRequest: an active item that is not on the list becomes inactive, so the
whole list is sent; UpdatePurchaseOrderItemRequest: `id` is required). Developer pages: no status can be set, and an exported order is not edited.
Assumed: a new item in an update has the id 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, cast

from runtime.errors import Refused
from runtime.json import decimal_text
from schemas.records import CommandEnvelope, GoodsPosting, PurchaseOrderCommand
from systems.contract import Document, Pair, ResolvedCommand
from systems.parents import link_name, parent_id
from systems.servicetitan import order_lines, order_marks
from systems.servicetitan.mapping_orders import BUSINESS_UNIT
from systems.servicetitan.order_lines import AMBIGUOUS, LINE, ORDER, Pairing
from systems.servicetitan.settings import Settings
from systems.values.members import Row, identifier, money, money_or_zero, text
from systems.writing.differences import amount_differs, day_differs, differs

STEP = "write"
EXPORTED, CANCELED, ELSEWHERE, SELF_RECEIVING = "order_exported", "order_canceled", "linked_elsewhere", "self_receiving_type"
"""Holds of an order."""
_ADDRESS = ("street", "unit", "city", "state", "zip", "country")
_STATUS = "status line"


def order(command: CommandEnvelope) -> PurchaseOrderCommand:
    """The command as an order's."""
    return cast("PurchaseOrderCommand", command)


def pairing(row: Row, command: CommandEnvelope, settings: Settings) -> Pairing:
    """Which item belongs to which line."""
    by_position = settings.orders.equal_lines == "by_position"
    return order_lines.paired(order_lines.wanted(order(command)["lines"]), order_lines.shown(row), by_position=by_position)


# --- what is written --------------------------------------------------------------------------------------------------


def create_body(resolved: ResolvedCommand, settings: Settings) -> dict[str, Any]:
    """The body of POST. Raises `Refused` if the order cannot be written."""
    command = order(resolved.command)
    kind = _id(command["kind"], "order type")
    if command["kind"] in settings.orders.self_receiving_types:
        raise Refused(f"servicetitan {command['ref']}: order type {kind} receives its orders by itself", SELF_RECEIVING)
    items = [_item(one) for one in command["lines"]]
    memo = {"memo": order_marks.with_marks("", *_marks(command, settings))}
    own = {"typeId": kind, "impactsTechnicianPayroll": settings.orders.impacts_technician_payroll}
    return _header(resolved) | own | _place_of_ref(command, settings) | memo | {"items": items}


def update_body(resolved: ResolvedCommand, row: Row, settings: Settings) -> dict[str, Any]:
    """The body of PATCH for the order as it is shown now: all of its items, and its memo, in which only our lines change."""
    command = order(resolved.command)
    if refusal := _refusal(row, command, settings, ("changed",))[0]:
        raise Refused(f"servicetitan {command['ref']}: {refusal}", "order")
    lines = pairing(row, command, settings).lines
    by_id = {one["source_line_id"]: one for one in command["lines"]}
    items = [{"id": int(item.id) if item else 0} | _item(by_id[wanted.source_id]) for wanted, item in lines]
    memo = {"memo": order_marks.with_marks(text(row, "summary"), *_marks(command, settings))}
    return _header(resolved) | _place_of_ref(command, settings) | memo | {"items": items}


def _header(resolved: ResolvedCommand) -> dict[str, Any]:
    command = order(resolved.command)
    return {
        "vendorId": _id(_vendor(resolved), "vendor"),
        "businessUnitId": _id(command["dimensions"].get(BUSINESS_UNIT, ""), "business unit"),
        "inventoryLocationId": _id(command["warehouse"], "inventory location"),
        "shipTo": {
            "description": command["ship_to_name"],
            "address": {name: command[name] for name in _ADDRESS},  # type: ignore[literal-required]  # names of the record
        },
        "date": _midnight(command["date"]),
        "requiredOn": _midnight(command["required_on"]),
        "tax": command["tax_total"],
        "shipping": command["shipping_total"],
    }


def _item(line: GoodsPosting) -> dict[str, Any]:
    return {
        "skuId": _id(line["item"], f"sku of line {line['source_line_id']}"),
        "description": line["description"],
        "vendorPartNumber": line["vendor_part_number"],
        "quantity": line["quantity"],
        "cost": line["unit_cost"],
    }


def _marks(command: PurchaseOrderCommand, settings: Settings) -> tuple[str, str]:
    """Ref and status for the memo."""
    return (command["ref"] if settings.orders.ref_in == "memo" else "", command["memo"])


def _place_of_ref(command: PurchaseOrderCommand, settings: Settings) -> dict[str, Any]:
    return {"vendorInvoiceNumber": command["ref"]} if settings.orders.ref_in == "vendor_document_number" else {}


def _vendor(resolved: ResolvedCommand) -> str:
    return parent_id(resolved.command, "vendor", resolved.ids)


def _vendor_link(command: CommandEnvelope) -> str:
    """The name of the vendor's id among the ids of the parents; "" if the command names no vendor."""
    return next((link_name(link) for link in command["parents"] if link["role"] == "vendor"), "")


def _id(found: str, what: str) -> int:
    if not (found.isascii() and found.isdigit() and 0 < len(found) < 20):
        raise Refused(f"servicetitan: {what} {found[:40]!r} is not an id; correct the crosswalk or the settings.", "id")
    return int(found)


def _midnight(day: date | None) -> str:
    if day is None:
        raise Refused("servicetitan: an order without a date cannot be written.", "date")
    return f"{day.isoformat()}T00:00:00Z"


# --- what is shown ----------------------------------------------------------------------------------------------------


def document(row: Row, resolved: ResolvedCommand, settings: Settings) -> Document:
    """The order as a document. `differences` are what a write would change. `pairs` are the ids of the order and of its lines, unless a person has to
    decide which line is which. Raises `Malformed` for a row that cannot be read."""
    command, lines = resolved.command, pairing(row, resolved.command, settings)
    changed = tuple(_differences(row, resolved, lines, settings))
    refusal, reason = _refusal(row, command, settings, changed)
    told: tuple[str, ...] = ()
    if not refusal and text(row, "status") == "Exported" and changed:
        told, changed = changed, ()  # the order can no longer show the ERP's status, and nobody has to act on that
    return Document(
        erp_id=identifier(row, "id"),
        number=text(row, "number"),
        ref=order_marks.ref_in(row, settings.orders.ref_in),
        amount=money(row, "total"),
        currency=command["currency"],
        steps_done=() if changed else (STEP,),
        differences=changed,
        refusal=refusal,
        refusal_reason=reason,
        overruled=told,
        pairs=() if refusal else pairs(row, command, lines),
    )


def pairs(row: Row, command: CommandEnvelope, lines: Pairing) -> tuple[Pair, ...]:
    """The ids of the order and of each of its lines in both systems."""
    own = Pair(ORDER, command["source_id"], identifier(row, "id"))
    return (own, *(Pair(LINE, one.source_id, item.id) for one, item in lines.lines if item is not None))


def _refusal(row: Row, command: CommandEnvelope, settings: Settings, changed: tuple[str, ...]) -> tuple[str, str]:
    """Why the order can no longer be written, and the name of the hold."""
    ref, status = order_marks.ref_in(row, settings.orders.ref_in), text(row, "status")
    if ref and ref != command["ref"]:
        return f"order {text(row, 'number')} carries another ref of ours: {ref}", ELSEWHERE
    if ambiguous := pairing(row, command, settings).ambiguous:
        return f"order {text(row, 'number')}: {ambiguous}", AMBIGUOUS
    if status == "Canceled" and changed:
        return f"order {text(row, 'number')} was canceled in ServiceTitan: {'; '.join(changed)}", CANCELED
    if status == "Exported" and any(not one.startswith(f"{_STATUS}:") for one in changed):
        return f"order {text(row, 'number')} is exported and not edited any more: {'; '.join(changed)}", EXPORTED
    return "", ""


def _differences(row: Row, resolved: ResolvedCommand, lines: Pairing, settings: Settings) -> Iterator[str]:
    command = order(resolved.command)
    vendor = resolved.ids.get(_vendor_link(command), "")
    yield from differs("vendor", identifier(row, "vendorId"), vendor) if vendor else ()
    yield from differs("business unit", identifier(row, "businessUnitId"), command["dimensions"].get(BUSINESS_UNIT, ""))
    yield from differs("inventory location", identifier(row, "inventoryLocationId"), command["warehouse"])
    for name, member in (("date", "date"), ("required_on", "requiredOn")):
        day = command[name]  # type: ignore[literal-required]  # a day of the record
        yield from day_differs(name, row.get(member) or "none", day) if day is not None else ()
    yield from amount_differs("tax", money_or_zero(row, "tax"), command["tax_total"])
    yield from amount_differs("shipping", money_or_zero(row, "shipping"), command["shipping_total"])
    yield from _items_differ(lines)
    yield from amount_differs("total", money(row, "total"), command["amount"])
    yield from differs("ref", order_marks.ref_in(row, settings.orders.ref_in), command["ref"])
    yield from differs(_STATUS, order_marks.status_in(text(row, "summary")), order_marks.one_line(command["memo"]))


def _items_differ(lines: Pairing) -> Iterator[str]:
    for wanted, item in lines.lines:
        name = f"line {wanted.source_id}"
        if item is None:
            yield f"{name}: none, {decimal_text(wanted.quantity)} of sku {wanted.sku}"
        else:
            yield from amount_differs(f"{name} quantity", item.quantity, wanted.quantity)
            yield from amount_differs(f"{name} cost", item.cost, wanted.cost)
    yield from (f"item {item.id}: {decimal_text(item.quantity)} of sku {item.sku}, none" for item in lines.gone)


def is_alike(row: Row, resolved: ResolvedCommand) -> bool:
    """Whether an order without a ref of ours has the vendor, day and amount of a command, so that a person may have typed it."""
    command = resolved.command
    if order_marks.origin_of(row) or order_marks.mentions(row, command["ref"]) or text(row, "status") == "Canceled":
        return False
    vendor, day = resolved.ids.get(_vendor_link(command), ""), order(command)["date"]
    same_day = day is not None and str(row.get("date") or "")[:10] == day.isoformat()
    return same_day and bool(vendor) and identifier(row, "vendorId") == vendor and money(row, "total") == command["amount"]


def suspect(row: Row, command: CommandEnvelope) -> Document:
    """Such an order, as a look-up reports it."""
    return Document(identifier(row, "id"), text(row, "number"), "", money(row, "total"), command["currency"], ())
