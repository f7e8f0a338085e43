"""INVTMA: adjustments of stock by quantity, or to a counted quantity; INVSWS: stock codes in warehouses; and the movement of stock.

Sources: element trees and parameters; a recorded refusal of INVSWS (240004, stock code not found). Assumed: columns of InvMovements and InvWarehouse
(memory), the key of the answer, that a missing ledger code means the adjustment account, that negative stock is refused (switch `negative_stock`),
and TrnType A and R. Not simulated: bins, lots, serials, analysis, and units other than the stocking unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from runtime.simulator.records import Row
from systems.syspro.simulator.company import cents, money, new_row
from systems.syspro.simulator.objects.fields import all_fit, amount, date_of, fits, ledger_code
from systems.syspro.simulator.objects.invoices import journal
from systems.syspro.simulator.periods import Month, posting_month
from systems.syspro.simulator.posting import Object, Outcome, Work
from systems.syspro.simulator.reading import Part

INVENTORY, ADJUSTED = "1200-00", "5200-00"
_LEFT_OUT = ("BinLocation", "FifoBucket", "Lot", "Version", "Release", "Units", "Pieces")


@dataclass(frozen=True)
class Movement:
    """A movement of goods in a warehouse: the content of its row of InvMovements. `against` is the ledger code opposite to the inventory."""

    kind: str
    quantity: Decimal
    cost: Decimal
    reference: str
    note: str
    against: str
    month: Month
    on: date


def take_adjustment(work: Work, item: Part) -> Outcome:
    """One item of INVTMA."""
    outcome = Outcome(errors=list(item.errors))
    held = stocked(work, outcome, item["StockCode"], item["Warehouse"])
    told = amount(outcome, item, "Quantity", 3, is_required=True)
    quantity = told - money((held or {}).get("QtyOnHand", "")) if work.parameters["PhysicalCount"] == "Y" else told
    if not quantity and not outcome.errors and work.parameters["PhysicalCount"] != "Y":
        outcome.wrong("Quantity", item["Quantity"], 240012, "Quantity cannot be zero")
    unit_is_known(work, outcome, item, "UnitOfMeasure")
    for name in _LEFT_OUT:
        if item[name]:
            outcome.wrong(name, item[name], 240013, f"XML element '{name}' does not apply to stock code '{item['StockCode']}'")
    against = item["LedgerCode"] or ADJUSTED
    ledger_code(outcome, work.company, "LedgerCode", against)
    texts = fits(outcome, item, "Reference", 30), fits(outcome, item, "Notation", 50)
    month = posting_month(work.company, work.parameters["PostingPeriod"] or "C")
    when = date_of(outcome, work.parameters, "TransactionDate", work.company.today())
    if not isinstance(month, Month):
        outcome.errors.append(month)
    elif held is not None and not outcome.errors:
        cost = money(held["UnitCost"])
        movement = Movement("A", quantity, cost, texts[0], texts[1], against, month, when)
        row = move(work, outcome, held, movement)
        outcome.key = [(name, row[name]) for name in ("Journal", "JournalEntry", "Warehouse", "StockCode")]
    return outcome


def stocked(work: Work, outcome: Outcome, code: str, warehouse: str) -> Row | None:
    """The row of a stock code in a warehouse; both have to exist."""
    if not code:
        outcome.blank("StockCode")
    elif work.row("InvMaster", code) is None:
        outcome.wrong("StockCode", code, 240004, f"Stock code '{code}' not found")
    if not warehouse:
        outcome.blank("Warehouse")
    elif work.row("InvWhControl", warehouse) is None:
        outcome.wrong("Warehouse", warehouse, 240005, f"Warehouse '{warehouse}' not found")
    if outcome.errors:
        return None
    found = work.row("InvWarehouse", code, warehouse)
    if found is None:
        outcome.wrong("Warehouse", warehouse, 240006, f"Stock code '{code}' is not stocked in warehouse '{warehouse}'")
    return found


def unit_is_known(work: Work, outcome: Outcome, item: Part, element: str) -> None:
    """Require a unit, if one is given, to be the stocking unit."""
    master = work.row("InvMaster", item["StockCode"]) if item["StockCode"] else None
    if item[element] and master is not None and item[element] != master["StockUom"]:
        outcome.wrong(
            element, item[element], 240011, f"Unit of measure '{item[element]}' is invalid for stock code '{item['StockCode']}'"
        )


def move(work: Work, outcome: Outcome, held: Row, movement: Movement) -> Row:
    """Write a movement and the remaining stock; returns the movement's row."""
    left = money(held["QtyOnHand"]) + movement.quantity
    if left < 0 and work.company.settings.negative_stock == "refuse":
        outcome.wrong("Quantity", f"{movement.quantity}", 240014, f"Quantity on hand would become {left:.3f}")
    number = journal(work, "journal.inv")
    value = cents((movement.quantity * movement.cost).quantize(Decimal("0.01")))
    entries = [one for (table, _), one in work.changes.items() if table == "InvMovements"]
    row: Row = new_row(
        "InvMovements",
        StockCode=held["StockCode"],
        Warehouse=held["Warehouse"],
        TrnYear=str(movement.month.year),
        TrnMonth=str(movement.month.month),
        EntryDate=movement.on.isoformat(),
        Journal=number,
        JournalEntry=str(len(entries) + 1),
        MovementType="I",
        TrnType=movement.kind,
        TrnQty=f"{movement.quantity:.6f}",
        UnitCost=f"{movement.cost:.5f}",
        TrnValue=value,
        Reference=movement.reference,
        AddReference=movement.note,
        GlCode=movement.against,
    )
    row["_lines"] = [
        {"account": INVENTORY, "amount": value},
        {"account": movement.against, "amount": cents(-money(value))},
    ]
    if not outcome.errors:
        moved = {"QtyOnHand": f"{left:.6f}", "DateLastStockMove": movement.on.isoformat()}
        work.put("InvMovements", row, "create", f"movement {movement.kind}")
        work.put("InvWarehouse", held | moved, "")
    return row


def take_warehouse(work: Work, item: Part) -> Outcome:
    """One item of INVSWS."""
    outcome, key = Outcome(errors=list(item.errors)), item.one("Key")
    code, warehouse = key.texts.get("StockCode", ""), key.texts.get("Warehouse", "")
    outcome.key = [("StockCode", code), ("Warehouse", warehouse)]
    for name, text, table, number, words in (
        ("StockCode", code, "InvMaster", 240004, "Stock code"),
        ("Warehouse", warehouse, "InvWhControl", 240005, "Warehouse"),
    ):
        if not text:
            outcome.blank(name)
        elif work.row(table, text) is None:
            outcome.wrong(name, text, number, f"{words} '{text}' not found")
    held = None if outcome.errors else work.row("InvWarehouse", code, warehouse)
    if not outcome.errors and (held is None) != (work.action == "add"):
        what = "not found" if held is None else "already exists"
        outcome.wrong("Warehouse", warehouse, 240007, f"Warehouse '{warehouse}' {what} for stock code '{code}'")
    all_fit(outcome, item, "InvWarehouse")
    changed = {name: f"{amount(outcome, item, name, 5)}" for name in ("MinimumQty", "MaximumQty", "UnitCost") if name in item.sent}
    if not outcome.errors:
        row = (held or new_row("InvWarehouse", StockCode=code, Warehouse=warehouse)) | changed
        work.put("InvWarehouse", row, "update" if held else "create", f"INVSWS {work.action}")
    return outcome


ADJUSTMENTS = Object("INVTMA", "7.0.016", "Item", take_adjustment)
WAREHOUSES = Object("INVSWS", "7.0.026", "Item", take_warehouse, is_setup=True, applies="N")
