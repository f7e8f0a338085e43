"""Payments: taken, applied, applied later, refunded, voided, posted.

Source: OpenAPI Accounting V2 (`appliedTo` = splits; `typeId` is text on read; `refundedPaymentId`). Assumed: a refund is a payment
with a negative total that reduces what the refunded one has left unapplied.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.customers import owe
from systems.servicetitan.simulator.books.invoices import application, day_of, new_batch, settle
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, midnight, money, named

Event = dict[str, Any]


def take_payment(tenant: Tenant, event: Event) -> Row:
    """`{customer, type, amount?, invoices?: [{invoice, amount? or share?}], business_unit?, date?, check?, memo?}` -> payment.

    An invoice without an amount or a share of its balance is paid in full; without `amount` the payment is the sum of its splits.
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
    row = tenant.get("payments", int(event["payment"]))
    invoice, amount = _split(tenant, event)
    left = Decimal(row["unappliedAmount"])
    amount = min(amount, left) if event.get("amount") is None else amount
    if amount > left or amount <= 0:
        raise ValueError(f"payment {row['id']} has {left} left, not {amount}")
    with tenant.changing():
        row["appliedTo"] = [*row["appliedTo"], application(tenant, invoice, amount, "dispatch")]
        row["unappliedAmount"] = money(left - amount)
        tenant.save("payments", row, "apply")
        settle(tenant, invoice["id"], amount)
    return {"payment": row["id"], "application": row["appliedTo"][-1]["appliedId"]}


def refund_payment(tenant: Tenant, event: Event) -> Row:
    """`{payment, amount?, date?}` -> payment: money given back, out of what is unapplied."""
    held = tenant.get("payments", int(event["payment"]))
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


def void_payment(tenant: Tenant, event: Event) -> Row:
    """`{payment}`: no longer active; its invoices are open again."""
    row = tenant.get("payments", int(event["payment"]))
    with tenant.changing():
        for split in row["appliedTo"]:
            settle(tenant, split["appliedTo"], -Decimal(split["appliedAmount"]))
        owe(tenant, row["customer"]["id"], Decimal(row["total"]))
        tenant.save("payments", row | {"active": False}, "void")
    return {"payment": row["id"]}


def post_payments(tenant: Tenant, event: Event) -> Row:
    """`{payments: [...], status?}`: one batch of pending payments; `status` Pending takes posted ones back."""
    status = str(event.get("status", "Posted"))
    batch = new_batch(tenant) if status == "Posted" else None
    rows = [tenant.get("payments", int(source_id)) for source_id in event["payments"]]
    with tenant.changing():
        for row in rows:
            if row["syncStatus"] != "Exported" and row["syncStatus"] != status:
                tenant.save("payments", row | {"syncStatus": status, "batch": batch or row["batch"]}, "post")
    return {"posted": [row["id"] for row in rows]}


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
