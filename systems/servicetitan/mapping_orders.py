"""An ERP's purchase order, as ServiceTitan will keep it. Pure, and the same for every ERP.

Source: OpenAPI Inventory V2 (CreatePurchaseOrderRequest: type, vendor, business unit, place and a pricebook sku of every item are required; tax and
shipping are amounts of the order). There is no field for other charges, so they are added to shipping. Rules: accounting.md 12, 18, 23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from runtime.json import decimal_text
from schemas.records import GoodsPosting, Parent
from systems.mapped import Draft, NoCommand, Plan, settings_of
from systems.postings.document import Hold, Mapped, Posting, Target, wanted
from systems.postings.ends import is_void, nothing, voided
from systems.postings.lines import rounded
from systems.servicetitan import order_lines
from systems.servicetitan.order_lines import AMBIGUOUS, ORDER
from systems.servicetitan.order_marks import one_line
from systems.servicetitan.settings import Settings
from systems.values.codes import code
from systems.values.numbers import QUANTITY, number

PLACE_TABLE, ITEM_TABLE = "order_place", "order_item"
"""Crosswalk tables: place of the ERP's goods -> inventory location and business unit here; item of the ERP -> sku of the price book."""
BUSINESS_UNIT = "business_unit_id"
"""The dimension of the command that names the business unit."""
_ZERO, _ONE = Decimal(0), Decimal(1)
_ADDRESS = ("street", "unit", "city", "state", "zip", "country", "phone", "email")
_PRODUCT = "ServiceTitan"


@dataclass(frozen=True)
class _Line:
    """A line as it is written, and its amount in the ERP."""

    posting: GoodsPosting
    told: Decimal


def orders(record: Mapping[str, Any], plan: Plan, flow: str) -> Sequence[Draft | NoCommand]:
    """The one document of an ERP's order; its held reversal if the order was cancelled; nothing if none of its lines is left."""
    target = Target(flow, "order", _PRODUCT)
    if is_void(record):
        return voided(record, target, plan.time_zone)
    lines = [one for one in record["lines"] if _open(one) > 0]
    if not lines:
        return nothing(target, record["currency"], "no line of the order is left", record["total"])
    made = Mapped(plan, settings_of(plan.settings, Settings, "servicetitan"), record["order_date"])
    posted = [_line(one, made) for one in lines]
    place, place_hold = _place(record, lines, made)
    made.dated("order_date", record["order_date"])
    if not record["vendor_id"]:
        made.missing("vendor", "none")
    body = _body(record, made, place) | {"lines": [one.posting for one in posted]}
    amount = sum((one.told for one in posted), body["tax_total"] + body["shipping_total"])
    hold = place_hold or _hold(record, made, posted, amount)
    vendor = Parent(role="vendor", entity="vendor", source_id=record["vendor_id"])
    return [replace(made.draft(ORDER, body, record, Posting(target, record["order_date"], hold, (vendor,))), amount=amount)]


def _body(record: Mapping[str, Any], made: Mapped[Settings], place: Mapping[str, str]) -> dict[str, Any]:
    own = made.settings.orders
    return {
        **{name: record[name] for name in _ADDRESS},
        "date": record["order_date"],
        "required_on": record["required_on"] or record["order_date"],
        "kind": own.type_id or made.missing("setting", "orders.type_id"),
        "description": "",
        "human_number": record["number"],
        "dimensions": {BUSINESS_UNIT: place[BUSINESS_UNIT]} if place.get(BUSINESS_UNIT) else {},
        "warehouse": place.get("inventory_location_id", ""),
        "terms": "",
        "ship_to_name": record["ship_to_name"],
        "memo": status_of(record),
        "tax_total": record["tax"],
        "shipping_total": record["shipping"] + record["other"],
    }


def status_of(record: Mapping[str, Any]) -> str:
    """The ERP's status of the order, for people, in one line: `PO 4711: Open, received 4 of 12, billed 0`."""
    lines = record["lines"]
    said = [record["status"] or "without a status"]
    ordered = sum((one["quantity"] for one in lines), _ZERO)
    for name, word in (("quantity_received", "received"), ("quantity_billed", "billed"), ("quantity_canceled", "canceled")):
        told = [one[name] for one in lines if one[name] is not None]
        if told and (name != "quantity_canceled" or any(told)):
            said.append(f"{word} {decimal_text(sum(told, _ZERO))} of {decimal_text(ordered)}")
    closed = sum(1 for one in lines if one["closed"])
    said += [f"{closed} of {len(lines)} lines closed"] if closed else []
    return one_line(f"PO {record['number'] or record['source_id']}: {', '.join(said)}")


def _open(line: Mapping[str, Any]) -> Decimal:
    """How much of a line is still wanted, without cancelled pieces."""
    return Decimal(line["quantity"] - (line["quantity_canceled"] or _ZERO))


# --- lines ------------------------------------------------------------------------------------------------------------


def _line(line: Mapping[str, Any], made: Mapped[Settings]) -> _Line:
    pieces = _open(line)
    whole = line["amount"] if pieces == line["quantity"] else rounded(pieces * line["unit_cost"])
    sku, factor = _sku(line, made)
    quantity = pieces * factor
    cost = _cost(line, quantity, whole, factor)
    posting: GoodsPosting = {
        "source_line_id": line["line_id"],
        "order_line_id": "",
        "receipt_line_id": "",
        "role": "line",
        "description": line["description"] or line["sku_code"] or "Purchase",
        "item": sku,
        "vendor_part_number": line["vendor_part_number"],
        "quantity": quantity,
        "unit": line["unit"],
        "unit_cost": cost,
        "amount": rounded(quantity * cost),
        "warehouse": "",
        "bin": "",
        "lot": "",
        "serial_numbers": [],
        "required_on": line["required_on"],
        "account": "",
        "subaccount": "",
        "tax_code": "",
        "dimensions": {},
    }
    return _Line(posting, whole)


def _sku(line: Mapping[str, Any], made: Mapped[Settings]) -> tuple[str, Decimal]:
    """The id of the sku, and how many units of it make one unit of the ERP's line."""
    if not (code(line["sku_code"]) or code(line["sku_id"])):
        named = line["description"] or line["line_id"]
        return made.default("item of line", f"{line['line_id']} ({named[:60]})", made.settings.orders.substitute_sku_id), _ONE
    key = line["sku_code"] or line["sku_id"]
    row = made.row(ITEM_TABLE, (line["sku_code"], line["sku_id"]))
    if row is None:
        return made.missing(ITEM_TABLE, key), _ONE
    if row.get("unit") and code(line["unit"]) != code(row["unit"]):
        made.missing(f"{ITEM_TABLE}.unit", f"{key} is ordered in {line['unit'] or 'no unit'}, its row is for {row['unit']}")
    factor = number(row.get("factor") or "1")
    if factor is None or factor <= 0:
        made.missing(f"{ITEM_TABLE}.factor", f"{key}: {row['factor']}")
    sku = row.get("sku_id", "")
    is_id = sku.isascii() and sku.isdigit()
    return sku if is_id else made.missing(
        f"{ITEM_TABLE}.sku_id", f"{key}: {sku or 'empty'}"
    ), factor if factor and factor > 0 else _ONE


def _cost(line: Mapping[str, Any], quantity: Decimal, whole: Decimal, factor: Decimal) -> Decimal:
    """The cost of one piece: the ERP's own cost if quantity times cost is the line's amount, else the amount divided by the quantity."""
    told, shared = (Decimal(exact.quantize(QUANTITY.unit)) for exact in (line["unit_cost"] / factor, whole / quantity))
    return next((cost for cost in (told, shared) if rounded(quantity * cost) == whole), told)


def _hold(record: Mapping[str, Any], made: Mapped[Settings], posted: Sequence[_Line], amount: Decimal) -> Hold | None:
    """Why a person has to look at the order first."""
    for one in posted:
        if one.posting["amount"] != one.told:
            words = (
                f"line {one.posting['source_line_id']}: quantity times cost is {one.posting['amount']}, the order says {one.told}"
            )
            return Hold("line_amount", f"{words}: correct the line in the ERP")
    is_whole = not any(one["quantity_canceled"] for one in record["lines"])
    if is_whole and amount != record["total"]:
        return Hold(
            "total", f"lines, tax and shipping are {amount}, the order says {record['total']}: correct the order in the ERP"
        )
    equal = order_lines.equal_lines(order_lines.wanted([one.posting for one in posted]))
    if equal and (made.settings.orders.equal_lines == "hold" or "no id" in equal):
        words = "a receipt could not tell which of them came; make one line of them, or set orders.equal_lines to by_position"
        return Hold(AMBIGUOUS, f"{equal}: {words}")
    return None


# --- the place --------------------------------------------------------------------------------------------------------


def _place(
    record: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], made: Mapped[Settings]
) -> tuple[dict[str, str], Hold | None]:
    """The inventory location and business unit of the order, which has one of each, and the reason if there is none or more than one."""
    keys = list(dict.fromkeys(_keys(one) or _keys(record) for one in lines))
    found = [(key, row) for key in keys if (row := made.row(PLACE_TABLE, key)) is not None]
    for key in keys:
        if key not in [one for one, _ in found]:
            made.missing(PLACE_TABLE, wanted(key))
    places = [
        {"inventory_location_id": row.get("inventory_location_id", ""), BUSINESS_UNIT: _unit(key, row, made)} for key, row in found
    ]
    if not places:
        return {}, None
    if not places[0]["inventory_location_id"]:
        made.missing(f"{PLACE_TABLE}.inventory_location_id", wanted(found[0][0]))
    if any(one != places[0] for one in places):
        several = ", ".join(wanted(key) for key in keys)
        return places[0], Hold("several_places", f"its lines go to {several}, and an order has one place here: order them apart")
    return places[0], None


def _keys(told: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(filter(code, (told["inventory_location"], told["inventory_location_id"])))


def _unit(key: tuple[str, ...], row: Mapping[str, str], made: Mapped[Settings]) -> str:
    own = row.get(BUSINESS_UNIT, "")
    return own or made.default("business_unit of place", wanted(key), made.settings.orders.business_unit_id)
