"""The lines of purchase orders: stock, comment, miscellaneous charge and freight; see `orders.py` for sources and what is assumed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from runtime.simulator.records import Row
from systems.syspro.simulator.company import money, new_row
from systems.syspro.simulator.objects.fields import amount, date_of, fits, ledger_code
from systems.syspro.simulator.objects.stock import stocked, unit_is_known
from systems.syspro.simulator.posting import Outcome, Work
from systems.syspro.simulator.reading import Part

STOCK, FREIGHT, CHARGE, COMMENT, NON_STOCKED = "1", "4", "5", "6", "7"


def take_line(work: Work, outcome: Outcome, header: Row, kind: str, part: Part) -> None:
    """Add, change or delete a line of an order. The next line number is in the order's header."""
    outcome.errors += part.errors
    action = part["LineActionType"] or "A"
    held = None if action == "A" else _held(work, outcome, header, part)
    if action != "A" and held is None:
        return
    if action == "D" and held is not None:
        _delete(work, outcome, held)
        return
    line = held or _begun(header, kind)
    before = len(outcome.errors)
    changed = LINES[kind](work, outcome, line, part)
    if len(outcome.errors) > before:
        return
    more = open_quantity(changed) - (open_quantity(held) if held else Decimal(0))
    work.put("PorMasterDetail", changed, "")
    on_order(work, changed, more)
    if held is None:
        header["NextDetailLine"] = str(int(header["NextDetailLine"]) + 1)


def lines_of(work: Work, order: str) -> list[Row]:
    """The lines of an order, after the changes by earlier items."""
    keys = {row["Line"]: row for row in work.company.rows_with("PorMasterDetail", "PurchaseOrder", order)}
    keys |= {
        one.body["Line"]: one.body
        for (table, _), one in work.changes.items()
        if table == "PorMasterDetail" and one.body["PurchaseOrder"] == order
    }
    return [keys[number] for number in sorted(keys, key=int)]


def open_quantity(line: Row) -> Decimal:
    """The quantity of a line that is still to be received."""
    done = line["MCompleteFlag"] == "Y" or line["OrderLineStatus"] == "*"
    return Decimal(0) if done else max(money(line["MOrderQty"]) - money(line["MReceivedQty"]), Decimal(0))


def _held(work: Work, outcome: Outcome, header: Row, part: Part) -> Row | None:
    text = part["PurchaseOrderLine"]
    number = str(int(text)) if text.isdecimal() else text
    found = work.row("PorMasterDetail", header["PurchaseOrder"], number) if text else None
    if not text:
        outcome.blank("PurchaseOrderLine")
    elif found is None or found["OrderLineStatus"] == "*":
        outcome.wrong("PurchaseOrderLine", text, 160011, f"Line '{text}' not found on purchase order '{header['PurchaseOrder']}'")
        return None
    return found


def _begun(header: Row, kind: str) -> Row:
    types = {"StockLine": STOCK, "CommentLine": COMMENT, "MiscChargeLine": CHARGE, "FreightLine": FREIGHT}
    return new_row(
        "PorMasterDetail",
        PurchaseOrder=header["PurchaseOrder"],
        Line=header["NextDetailLine"],
        LineType=types[kind],
        MWarehouse=header["Warehouse"] if kind == "StockLine" else "",
        MLatestDueDate=header["OrderDueDate"],
        MOrigDueDate=header["OrderDueDate"],
        OrderLineStatus="O",
    )


def _delete(work: Work, outcome: Outcome, held: Row) -> None:
    if money(held["MReceivedQty"]):
        outcome.wrong("PurchaseOrderLine", held["Line"], 160012, f"Goods were received for line '{held['Line']}'")
        return
    on_order(work, held, -open_quantity(held))
    work.put("PorMasterDetail", held | {"OrderLineStatus": "*"}, "")


def _stock_line(work: Work, outcome: Outcome, line: Row, part: Part) -> Row:
    is_new = not line["MStockCode"]
    changed = dict(line)
    if is_new:
        changed |= _goods(work, outcome, line, part)
    elif part["StockCode"] and part["StockCode"] != line["MStockCode"]:
        outcome.wrong("StockCode", part["StockCode"], 160013, f"Stock code of line '{line['Line']}' cannot be changed")
    for element, column, places in (("OrderQty", "MOrderQty", 3), ("Price", "MPrice", 5)):
        if is_new or element in part.sent:
            changed[column] = f"{amount(outcome, part, element, places, is_required=is_new and element == 'OrderQty')}"
    if money(changed["MOrderQty"]) <= 0:
        outcome.wrong("OrderQty", part["OrderQty"], 160014, "Order quantity must be greater than zero")
    elif money(changed["MOrderQty"]) < money(line["MReceivedQty"]):
        outcome.wrong("OrderQty", part["OrderQty"], 160015, f"{line['MReceivedQty']} of line '{line['Line']}' were received")
    if money(changed["MPrice"]) < 0 or (not money(changed["MPrice"]) and work.parameters["AllowZeroPrice"] != "Y"):
        outcome.wrong("Price", part["Price"], 160016, "Price must be greater than zero")
    changed |= _dated(outcome, part)
    return changed | _coded(work, outcome, part, changed)


def _goods(work: Work, outcome: Outcome, line: Row, part: Part) -> Row:
    """The stock code and warehouse of a new line."""
    code, warehouse = fits(outcome, part, "StockCode", 30), part["Warehouse"] or line["MWarehouse"]
    master = work.row("InvMaster", code) if code else None
    found = {"MStockCode": code, "MWarehouse": warehouse, "MSupCatalogue": fits(outcome, part, "SupCatalogue", 50)}
    told = fits(outcome, part, "StockDescription", 50)
    if code and master is None and work.parameters["AllowNonStockItems"] == "Y":
        if not told:
            outcome.blank("StockDescription")
        unit = part["OrderUom"] or "EA"
        product = fits(outcome, part, "ProductClass", 20)
        return found | {
            "LineType": NON_STOCKED,
            "MStockDes": told,
            "MOrderUom": unit,
            "MStockingUom": unit,
            "MPriceUom": unit,
            "MProductClass": product,
        }
    stocked(work, outcome, code, warehouse)
    unit_is_known(work, outcome, part, "OrderUom")
    unit_is_known(work, outcome, part, "PriceUom")
    held = master or new_row("InvMaster")
    units = dict.fromkeys(("MOrderUom", "MStockingUom", "MPriceUom"), held["StockUom"])
    return found | units | {"MStockDes": told or held["Description"], "MProductClass": held["ProductClass"]}


def _dated(outcome: Outcome, part: Part) -> Row:
    found = {}
    for element, column in (("LatestDueDate", "MLatestDueDate"), ("OriginalDueDate", "MOrigDueDate")):
        if part[element]:
            found[column] = date_of(outcome, part, element, date.min).isoformat()
    return found


def _coded(work: Work, outcome: Outcome, part: Part, line: Row) -> Row:
    found = {"MTaxCode": part["TaxCode"] or line["MTaxCode"], "MJob": fits(outcome, part, "Job", 20) or line["MJob"]}
    if part["LedgerCode"]:
        ledger_code(outcome, work.company, "LedgerCode", part["LedgerCode"])
        found["MGlCode"] = part["LedgerCode"]
    elif line["LineType"] == NON_STOCKED and not line["MGlCode"] and work.parameters["AllowBlankLedgerCode"] != "Y":
        outcome.blank("LedgerCode")
    return found


def _comment_line(_: Work, outcome: Outcome, line: Row, part: Part) -> Row:
    text = fits(outcome, part, "Comment", 100)
    if not text:
        outcome.blank("Comment")
    return line | {"NComment": text}


def _charge_line(_: Work, outcome: Outcome, line: Row, part: Part) -> Row:
    value = amount(outcome, part, "MiscChargeValue", is_required=True)
    return line | {"NComment": fits(outcome, part, "MiscDescription", 50), "NMscChargeValue": f"{value:.2f}"}


def _freight_line(_: Work, outcome: Outcome, line: Row, part: Part) -> Row:
    return line | {"NMscChargeValue": f"{amount(outcome, part, 'FreightValue', is_required=True):.2f}"}


LINES: dict[str, Callable[[Work, Outcome, Row, Part], Row]] = {
    "StockLine": _stock_line,
    "CommentLine": _comment_line,
    "MiscChargeLine": _charge_line,
    "FreightLine": _freight_line,
}


def on_order(work: Work, line: Row, more: Decimal) -> None:
    """Update the quantity on order of a stock code in its warehouse."""
    held = work.row("InvWarehouse", line["MStockCode"], line["MWarehouse"])
    if held is not None:
        work.put("InvWarehouse", held | {"QtyOnOrder": f"{money(held['QtyOnOrder']) + more:.6f}"}, "")
