"""What the receiving processor rejects in a line or a correction. The words and names of errors are assumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import Refused
from systems.oracle_fusion.simulator.pod import Pod, money
from systems.oracle_fusion.simulator.rules import orders
from systems.oracle_fusion.simulator.rules.ledger import refuse_closed

_HISTORY = "receivingTransactionsHistory"
_TYPES = ("CORRECT", "RETURN TO VENDOR")


@dataclass(frozen=True)
class Wrong:
    """One processing error."""

    name: str
    words: str
    column: str


def problems_of_line(pod: Pod, row: Row, line: Row) -> list[Wrong]:
    """What is wrong with a line of a request to receive."""
    found = _form(row, line) + _day(pod, line)
    order = orders.find(pod, str(line.get("DocumentNumber") or ""))
    if found or order is None:
        return found or [Wrong("RCV_INVALID_PO", f"The purchase order {line.get('DocumentNumber')} is not found.", "DOCUMENT_NUM")]
    number = line.get("DocumentScheduleNumber") or line.get("DocumentShipmentLineNumber") or "1"
    held = orders.at(order, money(line["DocumentLineNumber"]), money(number))
    if held is None:
        return [
            Wrong("RCV_INVALID_PO_LINE", f"Line {line['DocumentLineNumber']}, schedule {number} is not found.", "DOCUMENT_LINE_NUM")
        ]
    return _supplier(row, order) + _line(line, held[0]) + _quantity(pod, order, held, money(line["Quantity"]))


def _form(row: Row, line: Row) -> list[Wrong]:
    found = []
    if (row.get("ReceiptSourceCode"), line.get("SourceDocumentCode")) != ("VENDOR", "PO"):
        found.append(
            Wrong("RCV_INVALID_SOURCE", "Only receipts of purchase orders from a supplier are taken.", "SOURCE_DOCUMENT_CODE")
        )
    if line.get("TransactionType") != "RECEIVE" or line.get("AutoTransactCode") not in ("RECEIVE", "DELIVER"):
        found.append(
            Wrong(
                "RCV_INVALID_TYPE",
                "The transaction type is not RECEIVE, or the auto transact code is not valid.",
                "TRANSACTION_TYPE",
            )
        )
    if line.get("AutoTransactCode") == "DELIVER" and not line.get("Subinventory"):
        found.append(Wrong("RCV_NO_SUBINVENTORY", "A delivery needs a subinventory.", "SUBINVENTORY"))
    if line.get("DocumentLineNumber") is None or money(line.get("Quantity")) <= 0:
        found.append(Wrong("RCV_NO_QUANTITY", "A line needs the number of its order line and a quantity above zero.", "QUANTITY"))
    return found


def _day(pod: Pod, line: Row) -> list[Wrong]:
    at = datetime.fromisoformat(str(line["TransactionDate"]))
    instant = at if at.tzinfo else at.replace(tzinfo=UTC)
    if instant > pod.clock.now():
        return [Wrong("RCV_FUTURE_DATE", "The transaction date is in the future.", "TRANSACTION_DATE")]
    try:
        refuse_closed(pod, pod.day_of(instant).isoformat(), "PO", "TransactionDate")
    except Refused:
        return [Wrong("RCV_CLOSED_PERIOD", "The transaction date is not in an open period.", "TRANSACTION_DATE")]
    return []


def _supplier(row: Row, order: Row) -> list[Wrong]:
    pairs = (
        ("VendorName", "Supplier"),
        ("VendorId", "SupplierId"),
        ("VendorSiteCode", "SupplierSite"),
        ("VendorSiteId", "SupplierSiteId"),
    )
    wrong = next((name for name, theirs in pairs if row.get(name) not in (None, order[theirs])), None)
    return [Wrong("RCV_WRONG_SUPPLIER", f"{wrong} is not that of order {order['OrderNumber']}.", "VENDOR_ID")] if wrong else []


def _line(line: Row, held: Row) -> list[Wrong]:
    if line.get("ItemNumber") not in (None, held["Item"]):
        return [Wrong("RCV_WRONG_ITEM", f"The item is not {held['Item']}.", "ITEM_NUM")]
    units = (line.get("UnitOfMeasure"), line.get("UOMCode"))
    if units == (None, None) or units[0] not in (None, held["UOM"]) or units[1] not in (None, held["UOMCode"]):
        return [Wrong("RCV_WRONG_UOM", f"The unit of measure is not {held['UOM']}.", "UOM_CODE")]
    return []


def _quantity(pod: Pod, order: Row, held: tuple[Row, Row], quantity: Decimal) -> list[Wrong]:
    line, part = held
    after = money(part["_received"]) + quantity
    limit = money(part["Quantity"]) * (100 + pod.settings.over_receipt_percent) / 100
    if not orders.takes_receipts(order, part):
        words = f"Schedule {part['ScheduleNumber']} of line {line['LineNumber']} is {part['StatusCode']}; the order is {order['StatusCode']}."
        return [Wrong("RCV_CLOSED_SCHEDULE", words, "DOCUMENT_LINE_NUM")]
    if after > limit and pod.settings.over_receipt == "REJECT":
        words = f"The quantity {after} is more than the {limit} that the over-receipt tolerance allows."
        return [Wrong("RCV_OVER_RECEIPT", words, "QUANTITY")]
    return []


def problems_of_transaction(pod: Pod, row: Row) -> list[Wrong]:
    """What is wrong with a correction or a return."""
    if row["TransactionType"] not in _TYPES:
        return [
            Wrong(
                "RCV_INVALID_TYPE",
                f"The transaction type {row['TransactionType']} is not one of {', '.join(_TYPES)}.",
                "TRANSACTION_TYPE",
            )
        ]
    parent = pod.get(_HISTORY, str(row["ParentTransactionId"]))
    allowed = ("RECEIVE", "DELIVER", "RETURN TO VENDOR") if row["TransactionType"] == "CORRECT" else ("RECEIVE", "DELIVER")
    if parent is None or parent["TransactionTypeCode"] not in allowed:
        return [Wrong("RCV_NO_PARENT", "The parent transaction is not a receipt or delivery.", "PARENT_TRANSACTION_ID")]
    found = _day(pod, row)
    quantity = money(row["Quantity"])
    left = money(parent.get("_left", parent["Quantity"]))
    if row["TransactionType"] == "CORRECT" and quantity > 0:
        order = pod.get(orders.KIND, str(parent["POHeaderId"]))
        held = orders.at(order, money(parent["POLineNumber"]), money(parent["POScheduleNumber"])) if order else None
        return found + (_quantity(pod, order, held, quantity) if order and held else [])
    taken = -quantity if row["TransactionType"] == "CORRECT" else quantity
    if taken <= 0 or taken > left:
        found.append(
            Wrong("RCV_TOO_MUCH", f"The quantity {quantity} is more than the {left} that is left of the receipt.", "QUANTITY")
        )
    return found
