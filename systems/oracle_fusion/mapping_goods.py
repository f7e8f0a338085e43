"""Goods of an order that were received or returned, from canonical to Fusion's receipts and returns to vendor. Pure (accounting.md 11, 24).

An order of Fusion is received in the field-service system. Each line of the receipt names the order line there, whose link gives our id of the
schedule: POHeaderId/POLineId/LineLocationId. If the order was not ours, no such link ever arrives, and the receipt waits for it by name. The
crosswalk gives the organization, subinventory and unit. A cancelled receipt becomes a correction of each line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from schemas.records import GoodsLine, GoodsPosting, Parent
from systems.mapped import Draft, NoCommand, Plan
from systems.oracle_fusion.allocation import PRODUCT, Mapped, mapped
from systems.postings.document import EMPTY, Hold, Posting, Row, Target, other_currency, wanted
from systems.postings.ends import is_void, nothing
from systems.postings.goods import backwards, beside, moved, note_unknown, taken_back, worth, worths
from systems.postings.lines import human_number, rounded
from systems.values.codes import code
from systems.values.numbers import QUANTITY, number

RECEIPT = Target("F3", "receipt", PRODUCT)
RETURN = Target("F3R", "receipt", PRODUCT)
PLACES, ITEMS = "receiving_place", "order_item"
"""Crosswalk tables: where goods are received, and the field-service side's own table of the sku of each order item."""
ORDER_LINE, RECEIPT_LINE = "order_line", "receipt_line"
"""The entities of the links between lines of orders, and between lines of receipts, on both sides."""


def receipt_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a receipt becomes: one receipt of the lines with a quantity that moved."""
    return _goods("receipt", record, plan, RECEIPT, record["received_on"])


def return_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a return becomes: one return to vendor for each line of an earlier receipt, because Fusion takes one line at a time."""
    if is_void(record):
        return taken_back(record, RETURN, plan.time_zone, by_line=True)
    found = _goods("return", record, plan, RETURN, record["returned_on"])
    made: list[Draft | NoCommand] = []
    for one in found:
        if not isinstance(one, Draft) or one.record != "return":
            made.append(one)
            continue
        lines: Sequence[GoodsPosting] = one.body["lines"]
        made += [_of_line(one, *line) for line in zip(lines, worths(record, moved(record)), strict=True)]
    return made


def _of_line(whole: Draft, line: GoodsPosting, amount: Decimal) -> Draft:
    """The return of one line, worth this amount, as a part of the whole return."""
    own = f"{RECEIPT_LINE} {line['receipt_line_id']}"
    parents = tuple(parent for parent in whole.parents if parent["role"] == own)
    body = {**whole.body, "lines": [line]}
    return replace(whole, body=body, part=line["source_line_id"], parted=True, parents=parents, amount=amount)


def _goods(kind: str, record: Mapping[str, Any], plan: Plan, target: Target, day: Any) -> Sequence[Draft | NoCommand]:
    if is_void(record):
        return taken_back(record, target, plan.time_zone)
    lines = moved(record)
    if not lines:
        return nothing(target, record["currency"], f"no line of the {kind} moved anything", record["total"])
    made = mapped(plan, day)
    place = made.row(PLACES, (record["inventory_location"], record["inventory_location_id"]))
    if place is None:
        made.missing(PLACES, wanted((record["inventory_location"], record["inventory_location_id"])))
    posted = [_line(one, made, place or EMPTY) for one in lines]
    made.dated("received_on" if kind == "receipt" else "returned_on", day)
    body = {
        "date": day,
        "vendor_number": record["vendor_number"],
        "description": record["memo"][:240],
        "human_number": human_number(record),
        "dimensions": {},
        "warehouse": (place or EMPTY).get("organization", ""),
        "lines": posted,
    } | ({"kind": "receive"} if kind == "receipt" else {"reason": record["reason"][:240]})
    hold = other_currency(record, plan, kind) or _hold(kind, lines) or backwards(kind, lines, PRODUCT)
    goods = worth(record, lines)
    note_unknown(made, goods, hold)
    draft = replace(made.draft(kind, body, record, Posting(target, day, hold, _parents(kind, lines))), amount=goods)
    return [draft, *beside(record, goods, target, draft.currency)]


def _hold(kind: str, lines: Sequence[GoodsLine]) -> Hold | None:
    """Why goods cannot be matched: a line does not name a line of an order or of a receipt."""
    wanted_line = "order_line_id" if kind == "receipt" else "receipt_line_id"
    if all(one[wanted_line] for one in lines):  # type: ignore[literal-required]  # one of two fields of a line
        return None
    what = "an order" if kind == "receipt" else "a receipt"
    return Hold("no_order_line", f"a line of the {kind} names no line of {what}: enter it in {PRODUCT}, then skip this")


def _parents(kind: str, lines: Sequence[GoodsLine]) -> tuple[Parent, ...]:
    """The order line or receipt line that each line belongs to."""
    entity = ORDER_LINE if kind == "receipt" else RECEIPT_LINE
    ids = [one["order_line_id"] if kind == "receipt" else one["receipt_line_id"] for one in lines]
    return tuple(Parent(role=f"{entity} {one}", entity=entity, source_id=one) for one in dict.fromkeys(filter(None, ids)))


def _line(one: GoodsLine, made: Mapped, place: Row) -> GoodsPosting:
    """A line in the unit of Fusion's order."""
    factor, unit = _unit(one, made)
    count = (one["quantity"] / factor).quantize(QUANTITY.unit)
    if count * factor != one["quantity"]:
        made.missing(
            f"{ITEMS}.factor", f"{one['quantity']} of {one['sku_code']} are no exact number of {unit or 'units'}, {factor} each"
        )
    return {
        "source_line_id": one["line_id"],
        "order_line_id": one["order_line_id"],
        "receipt_line_id": one["receipt_line_id"],
        "role": "item",
        "description": f"{one['sku_code']} {one['description']}".strip()[:240],
        "item": one["sku_code"],
        "vendor_part_number": "",
        "quantity": count,
        "unit": unit,
        "unit_cost": one["unit_cost"] * factor,
        "amount": rounded(one["amount"]),
        "warehouse": place.get("organization", ""),
        "bin": place.get("subinventory", ""),
        "lot": one["lot"],
        "serial_numbers": one["serial_numbers"],
        "required_on": None,
        "account": "",
        "subaccount": "",
        "tax_code": "",
        "dimensions": {},
    }


def _unit(one: GoodsLine, made: Mapped) -> tuple[Decimal, str]:
    """How many units of the line's sku make one unit of Fusion's item, and that unit, from the row of `order_item` that led to this sku when the
    order was written. Rows with different factors for the sku give no answer. A sku without a row is counted in its own unit."""
    rows = [row for row in made.plan.crosswalk.rows(ITEMS, made.on).values() if code(row.get("sku_id", "")) == code(one["sku_id"])]
    told = {(row.get("factor") or "1", row.get("unit", "")) for row in rows if code(one["sku_id"])}
    if len(told) > 1:
        made.missing(ITEMS, f"sku {one['sku_id']} ({one['sku_code']}) has rows with different factors or units")
    factor, unit = min(told, default=("1", ""))
    count = number(factor)
    if count is None or count <= 0:
        made.missing(f"{ITEMS}.factor", f"{one['sku_code']}: {factor}")
    return (count if count is not None and count > 0 else Decimal(1)), unit
