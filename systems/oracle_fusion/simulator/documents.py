"""The present state of the pod in words of our own, for checkers: `GET /__sim__/documents?kind=receivablesInvoices`."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.pod import Pod, cents, money, ref_of
from systems.oracle_fusion.simulator.rules import jobs, receipts
from systems.oracle_fusion.simulator.rules.billing import CREDIT, INVOICE, Form
from systems.oracle_fusion.simulator.rules.invoices import COMPLETE
from systems.oracle_fusion.simulator.rules.journal_import import BATCHES
from systems.oracle_fusion.simulator.rules.receiving import HISTORY, REQUESTS, SUCCESS, TRANSACTIONS
from systems.oracle_fusion.simulator.seed.customers import KIND as SITES


def documents(pod: Pod, kind: str) -> list[dict[str, Any]]:
    """Every row of a kind; amounts are decimal texts, dates ISO. Raises ValueError for a kind that is not told of."""
    if kind not in _SHOWN:
        raise ValueError(f"no kind {kind!r}; known: {', '.join(_SHOWN)}")
    return [{"ref": ref_of(row)} | _SHOWN[kind](row) for row in pod.rows(kind)]


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
        "done": True,
        "date": row["ReceiptDate"],
        "references": [{"number": one["ReferenceNumber"], "amount": one["ReferenceAmount"]} for one in row[receipts.REFERENCES]],
        "applications": [
            {"invoice": one["number"], "invoice_id": str(one["invoice"]), "amount": one["amount"], "date": one["date"]}
            for one in row["_applications"]
        ],
    }


def _request(row: Row) -> dict[str, Any]:
    names = ("DocumentNumber", "DocumentLineNumber", "DocumentScheduleNumber", "ItemNumber", "Quantity", "UnitOfMeasure", "UOMCode")
    shown = (*names, "ProcessingStatusCode", "ReturnMessage", "ExternalSystemTransactionReference")
    return {
        "id": str(row["HeaderInterfaceId"]),
        "type": "ReceiptRequest",
        "number": row["ReceiptNumber"],
        "amount": "0.00",
        "status": row["ProcessingStatusCode"],
        "error": row["ReturnMessage"] or "",
        "done": row["ProcessingStatusCode"] == SUCCESS,
        "date": row["TransactionDate"][:10],
        "lines": [{name: line.get(name) for name in shown} for line in row["lines"]],
    }


def _transaction(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["InterfaceTransactionId"]),
        "type": row["TransactionType"],
        "number": str(row["ParentTransactionId"]),
        "amount": "0.00",
        "quantity": row["Quantity"],
        "status": row["ProcessingStatusCode"],
        "error": row["ReturnMessage"] or "",
        "done": row["ProcessingStatusCode"] == SUCCESS,
        "date": row["TransactionDate"][:10],
    }


def _journal(row: Row) -> dict[str, Any]:
    lines = [line for header in row["journalHeaders"] for line in header["journalLines"]]
    return {
        "id": str(row["JeBatchId"]),
        "type": "Journal",
        "number": row["BatchName"],
        "group": row["_group"],
        "amount": row["RunningTotalDr"],
        "status": row["StatusMeaning"],
        "done": True,
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


def _supplier(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["SupplierId"]),
        "number": row["SupplierNumber"],
        "name": row["Supplier"],
        "active": row["Status"] == "ACTIVE",
    } | {
        "business_relationship": row["BusinessRelationshipCode"],
        "date": row["LastUpdateDate"],
        "sites": [
            {"id": str(one["SupplierSiteId"]), "name": one["SupplierSite"], "unit": one["ProcurementBU"]}
            | {"purchasing": one["SitePurposePurchasingFlag"], "active": one["Status"] == "ACTIVE"}
            for one in row["sites"]
        ],
        "addresses": [
            {"street": one["AddressLine1"], "city": one["City"], "state": one["State"], "zip": one["PostalCode"]}
            | {"phone": one["PhoneNumber"], "email": one["Email"]}
            for one in row["addresses"]
        ],
    }


def _order(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["POHeaderId"]),
        "type": "Order",
        "number": row["OrderNumber"],
        "supplier": str(row["SupplierId"]),
        "business_unit": row["ProcurementBU"],
        "amount": row["Total"],
        "status": row["StatusCode"],
        "date": row["CreationDate"][:10],
        "lines": [
            {
                "number": line["LineNumber"],
                "schedule": part["ScheduleNumber"],
                "item": line["Item"] or "",
                "description": line["Description"],
                "unit": line["UOMCode"],
                "price": line["Price"],
                "quantity": part["Quantity"],
                "received": part["_received"],
                "billed": part["_billed"],
                "status": part["StatusCode"],
            }
            for line in row["lines"]
            for part in line["schedules"]
        ],
    }


def _customer(row: Row) -> dict[str, Any]:
    return {"id": row["AccountNumber"], "site": row["BillToSiteNumber"], "name": row["CustomerName"], "active": row["_active"]} | {
        "address": row["BillToSiteAddress"]
    }


def _history(row: Row) -> dict[str, Any]:
    names = ("ReceiptNumber", "PONumber", "POLineNumber", "POScheduleNumber", "Quantity", "ParentTransactionId")
    return {"id": str(row["TransactionId"]), "type": row["TransactionTypeCode"]} | {name: row[name] for name in names}


def _job(row: Row) -> dict[str, Any]:
    return {"id": row["ReqstId"], "type": row["_task"]["job"], "number": row["ReqstId"], "status": row["RequestStatus"]} | {
        "report": row["_report"]
    }


_SHOWN: dict[str, Callable[[Row], dict[str, Any]]] = {
    INVOICE.kind: lambda row: _billed(INVOICE, row),
    CREDIT.kind: lambda row: _billed(CREDIT, row),
    receipts.KIND: _receipt,
    REQUESTS: _request,
    TRANSACTIONS: _transaction,
    HISTORY: _history,
    BATCHES: _journal,
    jobs.KIND: _job,
    "suppliers": _supplier,
    "purchaseOrders": _order,
    SITES: _customer,
}
