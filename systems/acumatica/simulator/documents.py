"""The present state of the books in our own words, for checkers: `GET /__sim__/documents?kind=Invoice`."""

from __future__ import annotations

from typing import Any

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules.applications import open_balance
from systems.acumatica.simulator.rules.periods import posting_period
from systems.acumatica.simulator.tenant import Tenant, ref_of

_HUMAN = ("CustomerOrder", "VendorRef", "PaymentRef")
_DATES = ("Date", "ApplicationDate")


def documents(tenant: Tenant, kind: str) -> list[dict[str, Any]]:
    """Every record of a kind; amounts are decimal strings, dates ISO."""
    if kind not in tenant.tables:
        raise ValueError(f"no kind {kind!r}; known: {', '.join(tenant.tables)}")
    show = _document if kind in ("Invoice", "Bill", "Payment") else _master
    return [show(node) for node in tenant.table(kind)]


def _master(node: Node) -> dict[str, Any]:
    values = {name: str(value) for name, value in node.values.items() if value is not None}
    contact = node.linked.get("MainContact", Node())
    address = contact.linked.get("Address", Node())
    return {"id": node.id, "ref": ref_of(node), **values, "contact": dict(contact.values), "address": dict(address.values)}


def _document(node: Node) -> dict[str, Any]:
    amount = node.values.get("Amount", node.values.get("PaymentAmount"))
    return {
        "id": node.id,
        "type": node.text("Type"),
        "number": node.text("ReferenceNbr"),
        "ref": ref_of(node),
        "human_number": next((node.text(name) for name in _HUMAN if node.text(name)), ""),
        "party": node.text("Customer") or node.text("CustomerID") or node.text("Vendor"),
        "description": node.text("Description"),
        "amount": f"{amount:.2f}",
        "tax": f"{node.money('TaxTotal'):.2f}",
        "balance": f"{open_balance(node):.2f}",
        "status": node.text("Status"),
        "released": bool(node.hidden.get("released")),
        "date": str(node.hidden.get("date") or next((node.values[name] for name in _DATES if node.values.get(name)), "")),
        "period": posting_period(node),
        "branch": node.text("LinkBranch") or node.text("BranchID"),
        "payment_method": node.text("PaymentMethod"),
        "cash_account": node.text("CashAccount"),
        "lines": [_line(row) for row in node.details.get("Details", [])],
        "applications": [
            _application(row, True) for name in ("ApplicationHistory", "ApplicationsDefault") for row in node.details.get(name, [])
        ]
        + [
            _application(row, bool(row.hidden.get("booked")))
            for name in ("DocumentsToApply", "Applications")
            for row in node.details.get(name, [])
        ],
        "pay_hold": node.values.get("ApprovedForPayment") is False,
        "custom": dict(node.custom),
    }


def _line(row: Node) -> dict[str, Any]:
    return {
        "account": row.text("Account"),
        "subaccount": row.text("Subaccount"),
        "branch": row.text("Branch"),
        "amount": f"{row.money('Amount'):.2f}",
        "description": row.text("TransactionDescription"),
        "tax_category": row.text("TaxCategory"),
    }


def _application(row: Node, booked: bool) -> dict[str, Any]:
    return {
        "type": row.text("AdjustedDocType") or row.text("DocType"),
        "number": row.text("AdjustedRefNbr") or row.text("ReferenceNbr"),
        "amount": f"{row.money('AmountPaid'):.2f}",
        "released": booked,
    }
