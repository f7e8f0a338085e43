"""What checkers see of the documents that the pod keeps: `GET /__sim__/documents?kind=receivablesInvoices`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.pod import Pod, cents, money
from systems.oracle_fusion.simulator.rules.billing import CREDIT, INVOICE
from systems.oracle_fusion.simulator.rules.invoices import COMPLETE
from systems.oracle_fusion.simulator.rules.receipts import KIND as RECEIPTS

Body = dict[str, Any]


def documents(pod: Pod, kind: str) -> list[Body]:
    """The rows of a resource, as their document: id, number, ref (CrossReference, or the first word of Comments), amount, day, whether it is done,
    and what of it settles others. Of other resources the rows as they are."""
    rows = pod.rows(kind)
    if kind in (INVOICE.kind, CREDIT.kind):
        return [_transaction(row, kind) for row in rows]
    if kind == RECEIPTS:
        return [_receipt(row) for row in rows]
    return [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]


def _transaction(row: Row, kind: str) -> Body:
    return {
        "id": str(row["CustomerTransactionId"]),
        "number": row["TransactionNumber"],
        "ref": row["CrossReference"] or "",
        "amount": row["EnteredAmount"],
        "date": row["TransactionDate"],
        "done": kind == CREDIT.kind or row["InvoiceStatus"] == COMPLETE,
        "applied": "0.00",
    }


def _receipt(row: Row) -> Body:
    applied = sum((money(one["amount"]) for one in row["_applications"]), Decimal(0))
    return {
        "id": str(row["StandardReceiptId"]),
        "number": row["ReceiptNumber"],
        "ref": (row["Comments"] or "").split(" ", 1)[0],
        "amount": row["Amount"],
        "date": row["ReceiptDate"],
        "done": row["Status"] != "Reversed",
        "applied": cents(applied),
    }
