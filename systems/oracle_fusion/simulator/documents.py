"""The present state of the pod in our own words, for checkers: `GET /__sim__/documents?kind=receivablesInvoices`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.pod import Pod, cents, money, plain, ref_of
from systems.oracle_fusion.simulator.rules import orders, receipts
from systems.oracle_fusion.simulator.rules.billing import CREDIT, INVOICE, Form
from systems.oracle_fusion.simulator.rules.invoices import COMPLETE
from systems.oracle_fusion.simulator.rules.journal_import import BATCHES
from systems.oracle_fusion.simulator.rules.receiving import HISTORY, REQUESTS, SUCCESS, TRANSACTIONS
from systems.oracle_fusion.simulator.shapes import shapes


def documents(pod: Pod, kind: str) -> list[dict[str, Any]]:
    """Every document of a kind; amounts are decimal texts, dates ISO. Rows of other resources are returned as they are. Raises ValueError."""
    if kind not in shapes():
        raise ValueError(f"no kind {kind!r}; known: {', '.join(shapes())}")
    if kind == TRANSACTIONS:
        return [_transactions(pod, ref, rows) for ref, rows in _together(pod.rows(kind)).items()]
    show = _SHOWN.get(kind)
    return [_raw(row) if show is None else {"ref": ref_of(row)} | show(pod, row) for row in pod.rows(kind)]


def _billed(form: Form, row: Row) -> dict[str, Any]:
    is_memo = form is CREDIT
    lines = [
        {
            "number": line["LineNumber"],
            "description": line[form.description],
            "quantity": line[form.quantity],
            "price": line["UnitSellingPrice"],
            "amount": line["_amount"],
            "tax": line["_tax"],
        }
        for line in row[form.lines]
    ]
    names = ("AccountClass", "AccountCombination", "Amount", form.line_number)
    return {
        "id": str(row["CustomerTransactionId"]),
        "type": "CreditMemo" if is_memo else "Invoice",
        "number": row["TransactionNumber"],
        "party": row["BillToCustomerNumber"],
        "site": row["BillToSite"],
        "business_unit": row["BusinessUnit"],
        "source": row["TransactionSource"],
        "amount": row["EnteredAmount"],
        "tax": cents(sum((money(line["_tax"]) for line in row[form.lines]), Decimal(0))),
        "balance": row["AvailableBalance"] if is_memo else row["InvoiceBalanceAmount"],
        "status": row["CreditMemoStatus"] if is_memo else row["InvoiceStatus"],
        "done": is_memo or row["InvoiceStatus"] == COMPLETE,
        "date": row["TransactionDate"],
        "accounting_date": row["AccountingDate"],
        "applied": "0.00",
        "lines": lines,
        "distributions": [
            {name: one.get(member) for name, member in zip(("class", "account", "amount", "line"), names, strict=True)}
            for one in row[form.distributions]
        ],
    }


def _receipt(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["StandardReceiptId"]),
        "type": "Receipt",
        "number": row["ReceiptNumber"],
        "party": row["CustomerAccountNumber"] or "",
        "business_unit": row["BusinessUnit"],
        "method": row["ReceiptMethod"],
        "amount": row["Amount"],
        "unapplied": row["UnappliedAmount"],
        "status": row["Status"],
        "done": row["Status"] != receipts.REVERSED,
        "applied": cents(sum((money(one["amount"]) for one in row["_applications"]), Decimal(0))),
        "date": row["ReceiptDate"],
        "references": [{"number": one["ReferenceNumber"], "amount": one["ReferenceAmount"]} for one in row[receipts.REFERENCES]],
        "applications": [
            {"invoice": one["number"], "invoice_id": str(one["invoice"]), "amount": one["amount"], "date": one["date"]}
            for one in row["_applications"]
        ],
    }


def _request(pod: Pod, row: Row) -> dict[str, Any]:
    return _goods(pod, row, row["lines"]) | {
        "id": str(row["HeaderInterfaceId"]),
        "type": "ReceiptRequest",
        "number": row["ReceiptNumber"],
        "lines": [_raw(line) for line in row["lines"]],
    }


def _together(rows: list[Row]) -> dict[str, list[Row]]:
    """Requests grouped by the part of their reference before a slash, because a client corrects several lines as one document. Requests without a
    slash are not grouped."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        ref = ref_of(row).partition("/")[0]
        found.setdefault(ref or f" {row['InterfaceTransactionId']}", []).append(row)
    return found


def _transactions(pod: Pod, ref: str, rows: list[Row]) -> dict[str, Any]:
    row = rows[0]
    return _goods(pod, row, rows) | {
        "ref": ref if ref[:1] != " " else "",
        "id": str(row["InterfaceTransactionId"]),
        "type": row["TransactionType"],
        "number": row["ReceiptNumber"] or str(row["InterfaceTransactionId"]),
        "parent": str(row["ParentTransactionId"]),
        "quantity": plain(sum((money(one["Quantity"]) for one in rows), Decimal(0))),
    }


def _goods(pod: Pod, row: Row, lines: list[Row]) -> dict[str, Any]:
    """What a request moves, at the prices of its order; done when every line is processed."""
    amount = sum((money(line["Quantity"]) * _price(pod, line) for line in lines), Decimal(0))
    return {
        "amount": cents(amount),
        "status": row["ProcessingStatusCode"],
        "error": row["ReturnMessage"] or "",
        "done": all(line["ProcessingStatusCode"] == SUCCESS for line in lines),
        "date": row["TransactionDate"][:10],
    }


def _price(pod: Pod, line: Row) -> Decimal:
    """The price of the order line that a line belongs to. A correction or return finds it through the transaction that brought the goods."""
    brought = pod.get(HISTORY, str(line.get("ParentTransactionId"))) or {}
    number = brought.get("PONumber") or line.get("DocumentNumber")
    wanted = money(brought.get("POLineNumber") or line.get("DocumentLineNumber"))
    order = orders.find(pod, str(number or "")) or {"lines": []}
    return next((money(one["Price"]) for one in order["lines"] if money(one["LineNumber"]) == wanted), Decimal(0))


def _journal(row: Row) -> dict[str, Any]:
    """A batch, with the amount that the first lines of its journals book: the receivable of a sale, the cash of a payment."""
    first = [header["journalLines"][0] for header in row["journalHeaders"]]
    lines = [line for header in row["journalHeaders"] for line in header["journalLines"]]
    return {
        "id": str(row["JeBatchId"]),
        "type": "Journal",
        "number": row["BatchName"],
        "group": row["_group"],
        "amount": cents(sum((money(one["EnteredDr"]) - money(one["EnteredCr"]) for one in first), Decimal(0))),
        "status": row["StatusMeaning"],
        "done": row["Status"] == "P",
        "date": row["journalHeaders"][0]["AccountingDate"],
        "journals": [header["JournalName"] for header in row["journalHeaders"]],
        "lines": [
            {
                "account": line["AccountCombination"],
                "debit": line["EnteredDr"],
                "credit": line["EnteredCr"],
                "text": line["Description"],
            }
            for line in lines
        ],
    }


def _raw(row: Row) -> dict[str, Any]:
    """A row as it is, including its hidden members: `_received` as `received`."""
    shown = {name.lstrip("_"): value for name, value in row.items() if name not in ("_path", "_key", "_text")}
    return {name: [_raw(one) for one in value] if _is_children(value) else value for name, value in shown.items()}


def _is_children(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


_SHOWN: dict[str, Callable[[Pod, Row], dict[str, Any]]] = {
    INVOICE.kind: lambda _, row: _billed(INVOICE, row),
    CREDIT.kind: lambda _, row: _billed(CREDIT, row),
    receipts.KIND: lambda _, row: _receipt(row),
    REQUESTS: _request,
    BATCHES: lambda _, row: _journal(row),
}
