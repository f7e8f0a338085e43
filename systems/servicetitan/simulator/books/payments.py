"""Payments: taken, applied, applied later, un-applied, refunded, bounced, voided, posted.

Source: OpenAPI Accounting V2 (`appliedTo` = splits; `typeId` is text on read; `refundedPaymentId`); help: a manual refund is an adjustment invoice
that carries a negative payment of type "Refund"; a bad check is un-applied, even if it was exported. Assumed: a refund of a payment has a negative
total and reduces the unapplied amount of that payment; a bounced check becomes inactive, and the bank's fee is an adjustment invoice; a deposited or
exported payment cannot be voided.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.customers import owe
from systems.servicetitan.simulator.books.invoices import adjust_invoice, day_of, new_batch, post_invoices
from systems.servicetitan.simulator.books.settling import application, apply_to, settle, take_back
from systems.servicetitan.simulator.seed.catalogue import REFUND
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, midnight, money, named

Event = dict[str, Any]


def take_payment(tenant: Tenant, event: Event) -> Row:
    """`{customer, type, amount?, invoices?: [{invoice, amount? or share?}], business_unit?, date?, check?, memo?}` -> payment.

    An invoice without an amount or a share of its balance is paid in full. Without `amount`, the payment is the sum of its splits.
    """
    splits = [_split(tenant, entry) for entry in event.get("invoices", [])]
    applied = sum((amount for _, amount in splits), Decimal(0))
    whole = cents(event["amount"]) if event.get("amount") is not None else applied
    if applied > whole or whole <= 0:
        raise ValueError(f"a payment of {whole} cannot settle {applied}")
    customer = tenant.get("customers", _customer_id(event, splits))
    with tenant.changing():
        row = _new(tenant, event, customer, _unit(tenant, event, splits))
        row |= {"total": money(whole), "unappliedAmount": money(whole - applied)}
        row["appliedTo"] = [application(tenant, invoice, amount, "dispatch") for invoice, amount in splits]
        tenant.save("payments", row, "create")
        for invoice, amount in splits:
            settle(tenant, invoice["id"], amount)
        owe(tenant, customer["id"], -whole)
    return {"payment": row["id"], "number": row["referenceNumber"]}


def apply_payment(tenant: Tenant, event: Event) -> Row:
    """`{payment, invoice, amount?}`: settles an invoice with what is still unapplied."""
    row = _active(tenant, event)
    invoice, amount = _split(tenant, event)
    amount = min(amount, Decimal(row["unappliedAmount"])) if event.get("amount") is None else amount
    made = apply_to(tenant, "payments", row, invoice, amount)
    return {"payment": row["id"], "application": made["appliedId"]}


def unapply_payment(tenant: Tenant, event: Event) -> Row:
    """`{payment, invoice?}`: what it settles of that invoice, or of all, becomes open again; also allowed for an exported payment."""
    row = _active(tenant, event)
    if Decimal(row["total"]) < 0:
        raise ValueError(f"payment {row['id']} is a refund: it is voided, not taken back")
    taken = take_back(tenant, "payments", row, int(event["invoice"]) if event.get("invoice") else None)
    return {"payment": row["id"], "amount": money(taken)}


def refund_payment(tenant: Tenant, event: Event) -> Row:
    """`{payment, amount?, date?}` -> payment: money given back, from the unapplied amount."""
    held = _active(tenant, event)
    amount = cents(event.get("amount") or held["unappliedAmount"])
    left = Decimal(held["unappliedAmount"])
    if not 0 < amount <= left:
        raise ValueError(f"payment {held['id']} has {left} left, not {amount}")
    customer = tenant.get("customers", held["customer"]["id"])
    with tenant.changing():
        row = _new(tenant, event | {"type": held["type"]}, customer, held["businessUnit"])
        row |= {"total": money(-amount), "unappliedAmount": "0.00", "refundedPaymentId": held["id"], "appliedTo": []}
        tenant.save("payments", row, "create")
        tenant.save("payments", held | {"unappliedAmount": money(left - amount)}, "update")
        owe(tenant, customer["id"], amount)
    return {"payment": row["id"], "number": row["referenceNumber"]}


def refund_invoice(tenant: Tenant, event: Event) -> Row:
    """`{invoice, items, date?}` -> invoice, payment: an adjustment invoice that carries a negative payment of type Refund, both posted.

    The items make a negative total. The payment has that amount and settles the adjustment, so that nothing of it stays open.
    """
    with tenant.changing():
        made = adjust_invoice(tenant, event)
        invoice = tenant.get("invoices", made["invoice"])
        whole = Decimal(invoice["total"])
        if whole >= 0:
            raise ValueError(f"a refund of {-whole}: its items make a negative total")
        post_invoices(tenant, {"invoices": [invoice["id"]]})
        customer = tenant.get("customers", invoice["customer"]["id"])
        row = _new(tenant, event | {"type": REFUND, "memo": "Refund"}, customer, invoice["businessUnit"])
        row |= {"total": money(whole), "unappliedAmount": "0.00", "appliedTo": [application(tenant, invoice, whole, "office")]}
        tenant.save("payments", row, "create")
        settle(tenant, invoice["id"], whole)
        owe(tenant, customer["id"], -whole)
        post_payments(tenant, {"payments": [row["id"]]})
    return {"payment": row["id"], "invoice": invoice["id"], "number": row["referenceNumber"]}


def bounce_payment(tenant: Tenant, event: Event) -> Row:
    """`{payment, fee?: {sku, price}, date?}` -> payment, invoice?: the bank returned a check. The payment settles nothing any more and is inactive; a
    fee is charged on an adjustment of the first invoice that it had paid."""
    row = _active(tenant, event)
    if row["type"] != "Check":
        raise ValueError(f"payment {row['id']} is {row['type']}, not a check")
    if event.get("fee") and not row["appliedTo"]:
        raise ValueError(f"payment {row['id']} settles no invoice that a fee could be charged on")
    made: Row = {"payment": row["id"]}
    with tenant.changing():
        paid = [one["appliedTo"] for one in row["appliedTo"]]
        _end(tenant, row | {"memo": "NSF: returned by the bank"}, "bounce")
        if event.get("fee"):
            fee = {"invoice": paid[0], "items": [event["fee"] | {"taxable": False}], "date": event.get("date")}
            made["invoice"] = adjust_invoice(tenant, fee)["invoice"]
            post_invoices(tenant, {"invoices": [made["invoice"]]})
    return made


def void_payment(tenant: Tenant, event: Event) -> Row:
    """`{payment}`: makes it inactive; its invoices are open again. A deposited or exported payment is refused."""
    row = _active(tenant, event)
    if row["syncStatus"] == "Exported" or row["deposit"]:
        raise ValueError(f"payment {row['id']} is {'deposited' if row['deposit'] else 'exported'} and cannot be voided")
    _end(tenant, row, "void")
    return {"payment": row["id"]}


def _end(tenant: Tenant, row: Row, operation: str) -> None:
    """Make a payment inactive: what it settled is open again. If it was a refund, the amount is unapplied again on the refunded payment."""
    if any(other["refundedPaymentId"] == row["id"] and other["active"] for other in tenant.rows("payments")):
        raise ValueError(f"payment {row['id']} was refunded in part; void its refund first")
    with tenant.changing():
        take_back(tenant, "payments", row)
        owe(tenant, row["customer"]["id"], Decimal(row["total"]))
        if row["refundedPaymentId"]:
            held = tenant.get("payments", row["refundedPaymentId"])
            left = money(Decimal(held["unappliedAmount"]) - Decimal(row["total"]))
            tenant.save("payments", held | {"unappliedAmount": left}, "update")
        tenant.save("payments", row | {"active": False, "unappliedAmount": "0.00"}, operation)


def post_payments(tenant: Tenant, event: Event) -> Row:
    """`{payments: [...], status?}`: one batch of pending payments; `status` Pending unposts posted ones."""
    status = str(event.get("status", "Posted"))
    batch = new_batch(tenant) if status == "Posted" else None
    rows = [tenant.get("payments", int(source_id)) for source_id in event["payments"]]
    with tenant.changing():
        for row in rows:
            if row["syncStatus"] != "Exported" and row["syncStatus"] != status:
                tenant.save("payments", row | {"syncStatus": status, "batch": batch or row["batch"]}, "post")
    return {"posted": [row["id"] for row in rows]}


def _active(tenant: Tenant, event: Event) -> Row:
    row = tenant.get("payments", int(event["payment"]))
    if not row["active"]:
        raise ValueError(f"payment {row['id']} is void")
    return row


def _new(tenant: Tenant, event: Event, customer: Row, unit: Row | None) -> Row:
    kind = tenant.by_name("payment-types", event["type"])
    number = str(tenant.next_id("payment-number", 700_001))
    return tenant.new(
        "payments",
        {
            "syncStatus": "Pending",
            "referenceNumber": number,
            "date": midnight(day_of(tenant, event)),
            "type": kind["name"],
            "typeId": str(kind["id"]),
            "memo": event.get("memo"),
            "customer": named(customer),
            "businessUnit": unit,
            "createdBy": "dispatch",
            "customFields": [],
            "checkNumber": str(event.get("check") or tenant.next_id("check", 4101)) if kind["name"] == "Check" else None,
            "authCode": f"A{tenant.next_id('auth', 500001)}" if kind["name"] == "Credit Card" else None,
        },
    )


def _split(tenant: Tenant, entry: Event) -> tuple[Row, Decimal]:
    row = tenant.get("invoices", int(entry["invoice"]))
    if entry.get("amount") is not None:
        return row, cents(entry["amount"])
    return row, cents(Decimal(row["balance"]) * Decimal(str(entry.get("share", 1))))


def _customer_id(event: Event, splits: list[tuple[Row, Decimal]]) -> int:
    return int(event["customer"]) if event.get("customer") else int(splits[0][0]["customer"]["id"])


def _unit(tenant: Tenant, event: Event, splits: list[tuple[Row, Decimal]]) -> Row | None:
    if event.get("business_unit"):
        return tenant.unit_of(event)
    return splits[0][0]["businessUnit"] if splits else None
