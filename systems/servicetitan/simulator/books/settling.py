"""What settles an invoice: applications of payments and credit memos, made and taken back.

Source: OpenAPI Accounting V2 (`appliedTo` of payments and credit memos); help: an application may be taken back even if both documents are exported,
which is how a bad check is handled. Assumed: an application to a void or unposted invoice stays until it is taken back.
"""

from __future__ import annotations

from decimal import Decimal

from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, instant, midnight, money

OPEN = {"payments": "unappliedAmount", "credit-memos": "balance"}
"""Kinds of documents that settle, with the member that gives their remaining amount."""


def settle(tenant: Tenant, source_id: int, amount: Decimal) -> Row:
    """Apply an amount to an invoice (negative: take it back); the invoice's balance is updated."""
    row = tenant.get("invoices", source_id)
    if not row["active"] and amount > 0:
        raise ValueError(f"invoice {source_id} is void")
    row["_applied"] = money(Decimal(row.get("_applied", "0")) + amount)
    row["balance"] = money(Decimal(row["total"]) - Decimal(row["_applied"])) if row["active"] else "0.00"
    row["paidOn"] = midnight(tenant.today()) if Decimal(row["balance"]) == 0 else None
    return tenant.save("invoices", row, "apply")


def application(tenant: Tenant, invoice: Row, amount: Decimal, who: str) -> Row:
    """The entry of a payment or credit memo about an invoice that it settles."""
    return {
        "appliedId": tenant.next_id("application", 3_055_000_001),
        "appliedTo": invoice["id"],
        "appliedAmount": money(amount),
        "appliedOn": instant(tenant.clock.now()),
        "appliedBy": who,
        "appliedToReferenceNumber": invoice["referenceNumber"],
    }


def apply_to(tenant: Tenant, kind: str, row: Row, invoice: Row, amount: Decimal) -> Row:
    """Settle an invoice with the remaining amount of a payment or credit memo; returns the application. Raises ValueError above the remaining
    amount."""
    left = Decimal(row[OPEN[kind]])
    if amount > left or amount <= 0:
        raise ValueError(f"{kind} {row['id']} has {left} left, not {amount}")
    with tenant.changing():
        made = application(tenant, invoice, amount, "office")
        if kind == "credit-memos":
            made["appliedOn"] = tenant.today().isoformat()  # OpenAPI: a date here, an instant in payments
        row["appliedTo"] = [*row["appliedTo"], made]
        row[OPEN[kind]] = money(left - amount)
        tenant.save(kind, row, "apply")
        settle(tenant, invoice["id"], amount)
    return made


def take_back(tenant: Tenant, kind: str, row: Row, invoice_id: int | None = None) -> Decimal:
    """Take back what it settles of an invoice, or of all invoices; returns the amount. Raises ValueError if it settles nothing of it."""
    taken = [one for one in row["appliedTo"] if invoice_id in (None, one["appliedTo"])]
    if not taken and invoice_id is not None:
        raise ValueError(f"{kind} {row['id']} settles nothing of invoice {invoice_id}")
    amount = sum((Decimal(one["appliedAmount"]) for one in taken), Decimal(0))
    with tenant.changing():
        row["appliedTo"] = [one for one in row["appliedTo"] if one not in taken]
        row[OPEN[kind]] = money(Decimal(row[OPEN[kind]]) + amount)
        tenant.save(kind, row, "unapply")
        for one in taken:
            settle(tenant, one["appliedTo"], -Decimal(one["appliedAmount"]))
    return amount


def release(tenant: Tenant, invoice_id: int) -> None:
    """Take back everything that settles an invoice. Raises ValueError, and changes nothing, if some of its money was refunded."""
    settling = [row for row in tenant.rows("payments") if any(one["appliedTo"] == invoice_id for one in row["appliedTo"])]
    if any(Decimal(row["total"]) < 0 for row in settling):
        raise ValueError(f"invoice {invoice_id} carries a refund: void that payment first")
    for kind in OPEN:
        for row in tenant.rows(kind):
            if any(one["appliedTo"] == invoice_id for one in row["appliedTo"]):
                take_back(tenant, kind, row, invoice_id)
