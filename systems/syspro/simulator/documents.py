"""The present state of the company in our own words, for checkers: `GET /__sim__/documents?kind=ApInvoice`."""

from __future__ import annotations

from typing import Any

from runtime.simulator.records import Row
from systems.syspro.simulator.company import Company
from systems.syspro.spec import tables

_INVOICE = "supplier=Supplier number=Invoice ref=Reference branch=Branch date=InvoiceDate posted_on=JournalDate journal=Journal"
_PAY = "supplier=Supplier number=Invoice entry=EntryNumber code=TrnType ref=PaymentReference posted_on=JournalDate journal=Journal"


def documents(company: Company, kind: str) -> list[dict[str, Any]]:
    """Every row of a table. Invoices come with their payments and adjustments, and documents with their lines; amounts as decimal texts, dates
    ISO."""
    if kind not in tables():
        raise ValueError(f"no kind {kind!r}; known: {', '.join(tables())}")
    show = {"ApInvoice": _invoice, "ApInvoicePay": _entry}.get(kind, _plain)
    return [show(row) for row in company.rows(kind)]


def _told(columns: str, row: Row) -> dict[str, Any]:
    return {name: row[column] for name, column in (pair.split("=") for pair in columns.split())}


def _invoice(row: Row) -> dict[str, Any]:
    return _told(_INVOICE, row) | {
        "id": f"{row['Supplier']}/{row['Invoice']}",
        "type": "Invoice",
        "party": row["Supplier"],
        "human_number": row["Invoice"],
        "description": row.get("_notation", ""),
        "amount": row["OrigInvValue"],
        "tax": row.get("_tax", "0.00"),
        "balance": row["MthInvBal1"],
        "adjustments": row["TotalAdjustments"],
        "currency": row["Currency"],
        "period": f"{int(row['InvoiceYear']):04d}-{int(row['InvoiceMonth']):02d}",
        "posted": True,
        "lines": row.get("_lines", []),
    }


def _entry(row: Row) -> dict[str, Any]:
    return _told(_PAY, row) | {
        "id": f"{row['Supplier']}/{row['Invoice']}/{row['EntryNumber']}",
        "type": "Entry",
        "party": row["Supplier"],
        "amount": row["TrnValue"],
        "period": f"{int(row['TrnYear']):04d}-{int(row['TrnMonth']):02d}",
        "posted": True,
        "lines": row.get("_lines", []),
    }


def _plain(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}
