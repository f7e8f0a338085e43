"""PORTOR: receipts of purchase orders into stock or into inspection.

Sources: element trees and parameters; a recorded receipt into inspection (key with order, line of four digits, goods received note and lot; no
counters if there are no errors). Assumed: receiving more than was ordered is a warning; an order is complete when its stocked lines are; quantities
are above zero. Not simulated: receipts from inspection, bins, serials, non-merchandise costs, a caller's own numbers of goods received notes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from runtime.simulator.records import Row
from systems.syspro.simulator.company import money
from systems.syspro.simulator.objects.fields import amount, date_of, fits
from systems.syspro.simulator.objects.order_lines import NON_STOCKED, STOCK, lines_of, on_order, open_quantity
from systems.syspro.simulator.objects.stock import Movement, move
from systems.syspro.simulator.periods import current
from systems.syspro.simulator.posting import Object, Outcome, Work
from systems.syspro.simulator.reading import Part

ACCRUED = "2100-00"
_INTO_STOCK, _INTO_INSPECTION = "Receipt", "ReceiptIntoInspection"


@dataclass(frozen=True)
class _Goods:
    """What is received: a line of an order, the quantity, and whether it goes into inspection first."""

    header: Row
    line: Row
    quantity: Decimal
    part: Part
    is_inspected: bool


def take_receipt(work: Work, item: Part) -> Outcome:
    """One item of the document."""
    outcome = Outcome(errors=list(item.errors))
    kinds = [(kind, part) for kind in (_INTO_STOCK, _INTO_INSPECTION) for part in item.some(kind)]
    if item.some("ReceiptFromInspection"):
        outcome.wrong("ReceiptFromInspection", "", 160031, "Receipts from inspection are not installed")
    elif len(kinds) != 1:
        outcome.blank(_INTO_STOCK)
    if outcome.errors:
        return outcome
    kind, part = kinds[0]
    outcome.errors += part.errors
    goods = _goods(work, outcome, part, kind)
    if goods is not None and not outcome.errors:
        _receive(work, outcome, goods)
    return outcome


def _goods(work: Work, outcome: Outcome, part: Part, kind: str) -> _Goods | None:
    number = part["PurchaseOrder"]
    header = work.row("PorMasterHdr", number) if number else None
    quantity = amount(outcome, part, "Quantity", 3, is_required=True)
    if part["Quantity"] and quantity <= 0:
        outcome.wrong("Quantity", part["Quantity"], 160032, "Quantity must be greater than zero")
    if not number:
        outcome.blank("PurchaseOrder")
    elif header is None:
        outcome.wrong("PurchaseOrder", number, 160001, f"Purchase order '{number}' not found")
    elif header["OrderStatus"] in ("*", "9"):
        outcome.wrong("PurchaseOrder", number, 160003, f"Purchase order '{number}' is cancelled or complete")
    else:
        line = _line(work, outcome, part)
        return None if line is None else _Goods(header, line, quantity, part, kind == _INTO_INSPECTION)
    return None


def _line(work: Work, outcome: Outcome, part: Part) -> Row | None:
    """The line by its number, or the first open one of the stock code."""
    lines = [one for one in lines_of(work, part["PurchaseOrder"]) if one["LineType"] in (STOCK, NON_STOCKED)]
    text, code, warehouse = part["PurchaseOrderLine"], part["StockCode"], part["Warehouse"]
    fitting = [one for one in lines if not code or one["MStockCode"] == code]
    if text:
        fitting = [one for one in fitting if text.isdecimal() and int(one["Line"]) == int(text)]
    elif not code:
        outcome.blank("StockCode")
        return None
    is_open = [one for one in fitting if one["MCompleteFlag"] != "Y" and one["OrderLineStatus"] != "*"]
    if not is_open:
        words = f"No open line of purchase order '{part['PurchaseOrder']}' fits line '{text}' and stock code '{code}'"
        outcome.wrong("PurchaseOrderLine" if text else "StockCode", text or code, 160033, words)
        return None
    if warehouse and warehouse != is_open[0]["MWarehouse"]:
        outcome.wrong("Warehouse", warehouse, 160034, f"Line is for warehouse '{is_open[0]['MWarehouse']}'")
    return is_open[0]


def _receive(work: Work, outcome: Outcome, goods: _Goods) -> None:
    line, part = goods.line, goods.part
    received = money(line["MReceivedQty"]) + goods.quantity
    ordered = money(line["MOrderQty"])
    if received > ordered:
        outcome.warnings.append(f"Quantity received of {received:.3f} exceeds the {ordered:.3f} ordered of line '{line['Line']}'")
    on = date_of(outcome, work.parameters, "TransactionDate", work.company.today())
    note = part.texts.get("Reference") or fits(outcome, part, "DeliveryNote", 30)
    if goods.is_inspected:
        _inspect(work, line, goods.quantity)
    elif line["LineType"] == STOCK:
        cost = amount(outcome, part, "Cost", 5) if part["Cost"] else money(line["MPrice"])
        held = work.row("InvWarehouse", line["MStockCode"], line["MWarehouse"])
        told = Movement("R", goods.quantity, cost, note[:30], part["DeliveryNote"], ACCRUED, current(work.company), on)
        if held is not None:
            move(work, outcome, held, told)
    if outcome.errors:
        return
    is_done = received >= ordered or part["PurchaseOrderLineComplete"] == "Y"
    changed = line | {"MReceivedQty": f"{received:.6f}", "MLastReceiptDat": on.isoformat(), "MCompleteFlag": "Y" if is_done else ""}
    on_order(work, line, open_quantity(changed) - open_quantity(line))
    work.put("PorMasterDetail", changed, "receive", f"PORTOR {goods.quantity}")
    _complete(work, goods.header, on.isoformat())
    grn = "" if work.parameters["ValidateOnly"] == "Y" else f"G{work.company.number('grn', 8)}"
    outcome.key = [
        ("PurchaseOrder", line["PurchaseOrder"]),
        ("Line", f"{int(line['Line']):04d}"),
        ("Grn", grn),
        ("LotNumber", part["Lot"]),
    ]


def _inspect(work: Work, line: Row, quantity: Decimal) -> None:
    held = work.row("InvWarehouse", line["MStockCode"], line["MWarehouse"])
    if held is not None:
        work.put("InvWarehouse", held | {"QtyInInspection": f"{money(held['QtyInInspection']) + quantity:.6f}"}, "")


def _complete(work: Work, header: Row, on: str) -> None:
    lines = [one for one in lines_of(work, header["PurchaseOrder"]) if one["LineType"] in (STOCK, NON_STOCKED)]
    if all(one["MCompleteFlag"] == "Y" or one["OrderLineStatus"] == "*" for one in lines):
        held = work.row("PorMasterHdr", header["PurchaseOrder"]) or header
        work.put("PorMasterHdr", held | {"OrderStatus": "9", "DatePoCompleted": on, "ActiveFlag": "N"}, "update", "complete")


RECEIPTS = Object("PORTOR", "7.0.111", "Item", take_receipt, counts=False)
