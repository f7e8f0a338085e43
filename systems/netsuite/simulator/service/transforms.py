"""`!transform`: a bill from an order, a deposit application from a deposit, a payment or credit from an invoice.

Source: the transforms that the REST API Browser lists for an order; the others are assumed. The body changes what comes from the source record: a
line with `orderLine` changes the one that bills that line of the order, any other line is added; with `replace=item`, lines that are not named are
left out.
"""

from __future__ import annotations

from typing import Any

from systems.netsuite.simulator.account import Row, cents, left
from systems.netsuite.simulator.answers import invalid, user_error
from systems.netsuite.simulator.rules import orders
from systems.netsuite.simulator.rules.work import Work
from systems.netsuite.simulator.service.body import Reading
from systems.netsuite.spec import shapes

TARGETS: dict[str, tuple[str, ...]] = {
    "purchaseOrder": ("vendorBill",),
    "vendorBill": ("vendorCredit",),
    "invoice": ("customerPayment", "creditMemo"),
    "customerDeposit": ("depositApplication",),
}
_HEADER = ("subsidiary", "currency", "department", "class", "location")


def transformed(reading: Reading, source: Row, target: str, body: Any) -> Row:
    """The row that a record makes from another one, with the changes in the body."""
    if not isinstance(body, dict):
        raise invalid("The body must be an object.")
    shape = shapes()[target]
    if source["_kind"] == "purchaseOrder":
        begun = orders.bill_of(Work(reading.account, {"_kind": target}, None), source)
        sent = _by_order_line(body, begun)
        kept = frozenset(reading.replace)
        reading.replace = frozenset()
        row = reading.row(shape, sent, begun)
        return _only_named(row, body, kept)
    return reading.row(shape, body, _begun(source, target))


def _begun(source: Row, target: str) -> Row:
    row: Row = {"_kind": target, "createdFrom": source["id"]} | {name: source[name] for name in _HEADER if source.get(name)}
    if target == "depositApplication":
        return row | {"customer": source["customer"], "deposit": source["id"], "depDate": source["tranDate"]}
    if left(source) <= 0:
        raise user_error("There is nothing left of this transaction to apply.")
    line = {"line": "1", "doc": source["id"], "apply": True, "amount": cents(left(source))}
    if target == "customerPayment":
        return row | {"customer": source["entity"], "payment": cents(left(source)), "apply": [line]}
    copied = {name: [dict(one) for one in source.get(name) or []] for name in ("item", "expense") if source.get(name)}
    for lines in copied.values():
        for one in lines:
            for name in ("orderDoc", "orderLine", "uniqueKey"):
                one.pop(name, None)
    return row | {"entity": source["entity"], "apply": [line]} | copied


def _by_order_line(body: dict[str, Any], begun: Row) -> dict[str, Any]:
    """The body, with `line` (as the lines of the bill are numbered) in each line that names an `orderLine`."""
    sent = dict(body)
    for name in ("item", "expense"):
        items = (body.get(name) or {}).get("items") if isinstance(body.get(name), dict) else None
        if isinstance(items, list):
            sent[name] = {"items": [_numbered(one, begun, (name, place)) for place, one in enumerate(items)]}
    return sent


def _numbered(one: Any, begun: Row, where: tuple[str, int]) -> Any:
    if not isinstance(one, dict) or one.get("orderLine") is None:
        return one
    name, place = where
    held = next((line for line in begun.get(name) or [] if line["orderLine"] == str(one["orderLine"])), None)
    if held is None:
        path = f"{name}.items[{place}].orderLine"
        raise invalid(f"The order has no line {one['orderLine']} that can be billed.", path)
    if ("quantity" in one or "rate" in one) and "amount" not in one:
        held.pop("amount", None)
    return one | {"line": held["line"]}


def _only_named(row: Row, body: dict[str, Any], replaced: frozenset[str]) -> Row:
    for name in replaced & {"item", "expense"}:
        items = (body.get(name) or {}).get("items", [])
        named = {str(one["orderLine"]) for one in items if isinstance(one, dict) and one.get("orderLine") is not None}
        row[name] = [line for line in row.get(name) or [] if "orderLine" not in line or line["orderLine"] in named]
    return row
