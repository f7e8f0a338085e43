"""The effect of an application on both documents: the one that settles and the one that is settled.

A booked application is a row of ApplicationHistory; a row of the opposite amount takes it back (assumed). What remains of a payment is its amount
less these rows, including those of refunds that were taken out of it.
"""

from __future__ import annotations

from decimal import Decimal

from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.rules import documents, periods
from systems.acumatica.simulator.tenant import Change, Tenant

INVOICES = ("Invoice", "Debit Memo", "Overdue Charge")


def target_of(tenant: Tenant, row: Node) -> Node | None:
    """The document that an application row names."""
    entity = "Invoice" if row.text("DocType") in INVOICES else "Payment"
    return tenant.table(entity).by_keys(row.text("DocType"), row.text("ReferenceNbr"))


def open_balance(target: Node) -> Decimal:
    """What is left to apply to a document."""
    return target.money("Balance") if "Balance" in target.values else target.money("AvailableBalance")


def applied(node: Node) -> Decimal:
    """The amount that is already booked; a refund taken out of the payment counts too."""
    return sum((row.money("AmountPaid") for row in node.details.get("ApplicationHistory", [])), Decimal(0))


def refuse_early(node: Node, target: Node) -> None:
    """Raise the refusal of an application that is dated before the document that it settles, or posts to an earlier period than that document."""
    date, period = node.values["ApplicationDate"], periods.period_of(node.values["ApplicationDate"])
    if "Balance" not in target.values:
        return
    if date < target.values["Date"]:
        raise VendorError(500, "Application Date cannot be less than Document Date.")
    if periods.in_order(period) < periods.in_order(periods.posting_period(target)):
        raise VendorError(500, "Application Period cannot be less than Document Financial Period.")


def settled(tenant: Tenant, node: Node, row: Node, amount: Decimal, operation: str = "settle") -> list[Change]:
    """The effect of an application of `amount` (negative: taken back) on the document that the row names, and on the memo behind it."""
    held = target_of(tenant, row)
    if held is None:
        raise VendorError(500, f"The document {row.text('ReferenceNbr')} is gone.")
    target = held.copy()
    by = f"by {node.text('ReferenceNbr')}"
    if "Balance" in target.values:
        documents.settle(target, target.money("Balance") - amount)
        target.rows("ApplicationsDefault").append(_mirror(tenant, node, amount))
        return [Change("Invoice", target, operation, by, abs(amount))]
    target.rows("ApplicationHistory").append(history_row(tenant, node, row, amount))
    documents.settle(target, target.money("PaymentAmount") - applied(target), "AvailableBalance")
    return [Change("Payment", target, operation, by, abs(amount)), *memo_of(tenant, target)]


def history_row(tenant: Tenant, node: Node, row: Node, amount: Decimal) -> Node:
    """A booked application as the history shows it; `row` names the document that is settled."""
    number = len(node.rows("ApplicationHistory")) + 1
    values = {
        "AdjustedDocType": row.text("DocType"),
        "AdjustedRefNbr": row.text("ReferenceNbr"),
        "AdjustingDocType": node.text("Type"),
        "AdjustingRefNbr": node.text("ReferenceNbr"),
        "AdjustmentNbr": number,
        "AmountPaid": amount,
        "ApplicationPeriod": periods.period_of(node.values["ApplicationDate"]),
        "Customer": node.text("CustomerID"),
        "Date": node.values["ApplicationDate"],
        "DisplayDocType": row.text("DocType"),
        "DisplayRefNbr": row.text("ReferenceNbr"),
        "Description": row.text("Description"),
        "CustomerOrder": row.text("CustomerOrder"),
    }
    return Node(id=tenant.new_id("history", node.id, row.id, str(number), str(amount)), values=values)


def _mirror(tenant: Tenant, node: Node, amount: Decimal) -> Node:
    values = {
        "DocType": node.text("Type"),
        "ReferenceNbr": node.text("ReferenceNbr"),
        "AmountPaid": amount,
        "Balance": Decimal("0.00"),
        "PaymentDate": node.values["ApplicationDate"],
        "Status": "Closed",
    }
    return Node(id=tenant.new_id("mirror", node.id, str(len(node.rows("ApplicationHistory"))), str(amount)), values=values)


def memo_of(tenant: Tenant, node: Node) -> list[Change]:
    """The credit memo behind a payment of that type, with what remains of it; nothing for a payment of money."""
    memo = tenant.table("Invoice").get(str(node.hidden.get("memo", "")))
    if memo is None:
        return []
    copy = memo.copy()
    documents.settle(copy, node.money("AvailableBalance"))
    return [Change("Invoice", copy, "settle", "credit memo applied")]
