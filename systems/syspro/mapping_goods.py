"""Orders to vendors, their receipts, and adjustments of stock, from canonical to SYSPRO's. Pure (accounting.md 11, 12, 23, 26).

An order of the field-service system is entered with our ref in CustomerPoNumber. A receipt names the line of its order by link, whichever side the
order came from. An adjustment posts quantities. Adjustments that a job or receipt has already costed are left out, as the table of types says. A
transfer leaves one warehouse and enters another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.records import GoodsPosting, Parent
from systems.contract import TAKEN
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.document import EMPTY, Hold, Posting, Row, Target, other_currency, wanted
from systems.postings.ends import is_void, nothing, voided
from systems.postings.goods import backwards, beside, moved, note_unknown, taken_back, worth
from systems.postings.lines import broken_cents, human_number, rounded
from systems.syspro.allocation import KIND_TABLE, PRODUCT, Mapped, gl_code, mapped, stock_row, warehouse_of
from systems.syspro.wire import fitted
from systems.values.codes import code
from systems.values.numbers import QUANTITY, number

ORDER = Target("S3W", "order", PRODUCT)
RECEIPT = Target("S3R", "receipt", PRODUCT)
STOCK = Target("S4", "stock", PRODUCT)
ORDER_LINE = "order_line"
"""The entity of the links between lines of orders, on both sides."""
_ADDRESS = ("street", "unit", "city", "state", "zip", "country", "phone", "email")
_TEXT = 50
_YES, _NO = ("yes", "y", "true"), ("no", "n", "false")
_ONE = Decimal(1)
PRICE_PLACES = 5
"""Decimals of the price of an order's line."""


def order_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What an order becomes: one order; its cancellation if it was cancelled; nothing if it has no lines."""
    if is_void(record):
        return voided(record, ORDER, plan.time_zone)
    lines = [one for one in record["lines"] if one["quantity"]]
    if not lines:
        return nothing(ORDER, record["currency"], "no line of the order is left", record["total"])
    made, unit = _begun(record, plan, record["order_date"], "order_date")
    warehouse = warehouse_of(made, (record["inventory_location"], record["inventory_location_id"]), unit)
    posted = [_line(one, made, warehouse, is_order=True) for one in lines]
    body = {
        **{name: record[name] for name in _ADDRESS},
        "date": record["order_date"],
        "required_on": record["required_on"] or record["order_date"],
        "kind": "",
        "description": "",
        "human_number": human_number(record),
        "dimensions": {},
        "warehouse": warehouse,
        "terms": "",
        "ship_to_name": record["ship_to_name"],
        "memo": fitted(record["summary"], 100).text,
        "tax_total": record["tax"],
        "shipping_total": record["shipping"] + record["other"],
        "lines": posted,
    }
    amount = sum((one["amount"] for one in posted), record["tax"] + record["shipping"] + record["other"])
    if not record["vendor_id"]:
        made.missing("vendor", record["vendor_name"] or "none")
    vendor = (Parent(role="vendor", entity="vendor", source_id=record["vendor_id"]),) if record["vendor_id"] else ()
    hold = other_currency(record, plan, "order") or _order_hold(record, posted, amount)
    return [replace(made.draft("purchase_order", body, record, Posting(ORDER, record["order_date"], hold, vendor)), amount=amount)]


def _order_hold(record: Mapping[str, Any], posted: Sequence[GoodsPosting], amount: Decimal) -> Hold | None:
    for one in posted:
        if one["amount"] != rounded(one["quantity"] * one["unit_cost"]):
            words = f"line {one['source_line_id']}: {one['quantity']} at {one['unit_cost']} are not {one['amount']}"
            return Hold("line_amount", f"{words} ({PRODUCT} keeps {PRICE_PLACES} places of a price): correct the order")
    if amount != record["total"]:
        return Hold("total_mismatch", f"lines, tax and charges make {amount}, the total is {record['total']}: correct the order")
    told = {"total": record["total"], "tax": record["tax"], "freight": record["shipping"] + record["other"]}
    return next((hold for what, one in told.items() if (hold := broken_cents(f"{what} of the order", one))), None)


def receipt_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a receipt becomes: one receipt of the lines with a quantity that moved. Its tax and freight are not goods: the vendor bills them."""
    if is_void(record):
        return taken_back(record, RECEIPT, plan.time_zone)
    lines = moved(record)
    if not lines:
        return nothing(RECEIPT, record["currency"], "no line of the receipt moved anything", record["total"])
    made, unit = _begun(record, plan, record["received_on"], "received_on")
    warehouse = warehouse_of(made, (record["inventory_location"], record["inventory_location_id"]), unit)
    posted = [_line(one, made, warehouse) for one in lines]
    body = {
        "kind": "receipt",
        "date": record["received_on"],
        "vendor_number": fitted(str(record["vendor_number"]), 30).text,
        "description": fitted(record["memo"], _TEXT).text,
        "human_number": human_number(record),
        "dimensions": {},
        "warehouse": warehouse,
        "lines": posted,
    }
    hold = other_currency(record, plan, "receipt") or backwards("receipt", lines, PRODUCT)
    if hold is None and not all(one["order_line_id"] for one in lines):
        hold = Hold("no_order_line", f"a line of the receipt names no line of an order: enter it in {PRODUCT}, then skip this")
    ids = dict.fromkeys(one["order_line_id"] for one in lines if one["order_line_id"])
    parents = tuple(Parent(role=f"{ORDER_LINE} {one}", entity=ORDER_LINE, source_id=one) for one in ids)
    goods = sum((one["amount"] for one in posted), Decimal(0)) if any(one["amount"] for one in posted) else worth(record, lines)
    note_unknown(made, goods, hold)
    draft = replace(made.draft("receipt", body, record, Posting(RECEIPT, record["received_on"], hold, parents)), amount=goods)
    return [draft, *beside(record, goods, RECEIPT, draft.currency)]


def adjustment_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What an adjustment becomes: an adjustment by quantity, or only a count if its kind is costed elsewhere."""
    if is_void(record):
        return voided(record, STOCK, plan.time_zone)
    lines = [one for one in record["lines"] if one["quantity"]]
    if not lines:
        return nothing(STOCK, record["currency"], "no line of the adjustment moves anything", record["total"])
    made, unit = _begun(record, plan, record["adjusted_on"], "adjusted_on")
    row = made.row(KIND_TABLE, (record["kind"],))
    says = code((row or EMPTY).get("post", "")).lower()
    if says in (*_NO, TAKEN):
        why = f"follows a change in {PRODUCT}" if says == TAKEN else "is costed by its job or receipt"
        return nothing(STOCK, made.currency_of(record), f"kind {record['kind']} {why}", record["total"])
    if says not in _YES:
        made.missing(
            KIND_TABLE,
            wanted((record["kind"],))
            if row is None
            else f"{record['kind']}: post is {says or 'empty'}, neither yes, no nor {TAKEN}",
        )
    account = gl_code(made, unit, (row or EMPTY).get("gl_code", "") or made.settings.stock.adjustment_gl_code, record["kind"])
    warehouse = warehouse_of(made, (record["inventory_location"], record["inventory_location_id"]), unit)
    posted = [{**_line(one, made, warehouse), "account": account} for one in lines]
    to = ""
    if record["to_location_id"] or record["to_location"]:
        to = warehouse_of(made, (record["to_location"], record["to_location_id"]), EMPTY)
    body = {
        "date": record["adjusted_on"],
        "kind": record["kind"][:30],
        "description": fitted(record["memo"] or record["reference_number"], _TEXT).text,
        "human_number": human_number(record),
        "dimensions": {},
        "warehouse": warehouse,
        "to_warehouse": to,
        "lines": posted,
    }
    hold = other_currency(record, plan, "adjustment")
    note_unknown(made, record["total"], hold)
    return [made.draft("inventory_adjustment", body, record, Posting(STOCK, record["adjusted_on"], hold))]


# --- lines ------------------------------------------------------------------------------------------------------------


def _begun(record: Mapping[str, Any], plan: Plan, day: date | None, named: str) -> tuple[Mapped, Row]:
    """The document in the making, and the row of its business unit; empty if the record names none."""
    made = mapped(plan, day)
    made.dated(named, day)
    keys = (record["business_unit_name"], record["business_unit_id"])
    unit = made.unit(*keys) if any(map(code, keys)) else EMPTY
    return made, unit


def _line(one: Mapping[str, Any], made: Mapped, warehouse: str, *, is_order: bool = False) -> GoodsPosting:
    """A line in the unit of SYSPRO's stock code. The item's row says how many units of the source make one of SYSPRO's."""
    item = stock_row(made, one["sku_code"], one["sku_id"])
    factor = _factor(item, one, made)
    count = (one["quantity"] / factor).quantize(QUANTITY.unit)
    if count * factor != one["quantity"]:
        made.missing("stock_code.factor", f"{one['quantity']} of {one['sku_code']} are no exact number of units of {factor}")
    return {
        "source_line_id": one["line_id"],
        "order_line_id": one.get("order_line_id", ""),
        "receipt_line_id": one.get("receipt_line_id", ""),
        "role": "line",
        "description": fitted(one["description"] or one["sku_code"], _TEXT).text,
        "item": item["stock_code"],
        "vendor_part_number": fitted(one.get("vendor_part_number", ""), _TEXT).text,
        "quantity": count,
        "unit": item.get("unit", ""),
        "unit_cost": _price(one["unit_cost"] * factor) if is_order else one["unit_cost"] * factor,
        "amount": rounded(one["amount"] if is_order else count * one["unit_cost"] * factor),
        "warehouse": warehouse,
        "bin": one.get("bin", ""),
        "lot": one.get("lot", ""),
        "serial_numbers": list(one.get("serial_numbers", ())),
        "required_on": one.get("required_on") if is_order else None,
        "account": "",
        "subaccount": "",
        "tax_code": "",
        "dimensions": {},
    }


def _price(exact: Decimal) -> Decimal:
    """A price, rounded to the places that SYSPRO keeps."""
    return exact if exact == (kept := exact.quantize(Decimal(1).scaleb(-PRICE_PLACES))) else kept


def _factor(item: Row, one: Mapping[str, Any], made: Mapped) -> Decimal:
    found = number(item.get("factor") or "1")
    if found is None or found <= 0:
        made.missing("stock_code.factor", f"{one['sku_code']}: {item.get('factor', '')}")
        return _ONE
    return found
