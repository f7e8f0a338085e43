"""What the tenant holds of one entity: the simulator's own record, on which the accounts of both sides are based."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.kinds import KINDS
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, money

_KINDS = {
    "invoices": "invoices",
    "payments": "payments",
    "bills": "ap-bills",
    "vendor_credits": "ap-credits",
    "credit_memos": "credit-memos",
    "deposits": "bank-deposits",
    "vendor_payments": "ap-payments",
    "returns": "returns",
    "adjustments": "adjustments",
    "orders": "purchase-orders",
    "receipts": "receipts",
    "customers": "customers",
    "vendors": "vendors",
    "locations": "locations",
    "jobs": "jobs",
}


def holdings(tenant: Tenant, entity: str) -> dict[str, Any]:
    """Every object of an entity with the sum of amounts by status. Raises ValueError for an unknown entity.

    A bill's `amount` is the whole bill; customers, vendors and locations have 0.00. `applications` (of payments, credit memos, vendor credits and
    vendor payments) are what is settled now: id, document_id, amount; for a deposit they name its payments. Vendors also show address, contact, memo
    and `external` (external data by key); orders, receipts, returns and adjustments their lines; bills the order that they belong to.
    """
    if entity not in _KINDS:
        raise ValueError(f"entity: {entity!r} is not one of {', '.join(_KINDS)}")
    rows = [_holding(_KINDS[entity], row) for row in tenant.rows(_KINDS[entity])]
    totals: dict[str, dict[str, Any]] = {}
    for row in rows:
        total = totals.setdefault(row["status"] or "none", {"count": 0, "amount": "0.00"})
        total["count"] += 1
        total["amount"] = money(Decimal(total["amount"]) + Decimal(row["amount"]))
    return {"entity": entity, "count": len(rows), "totals": totals, "holdings": rows}


def _holding(kind: str, row: Row) -> Row:
    declared = KINDS[kind]
    is_master = kind in ("customers", "vendors", "locations")
    found = {
        "id": row["id"],
        "number": "" if is_master else str(row.get(declared.number) or ""),
        "name": str(row.get("name") or ""),
        "amount": "0.00" if is_master else money(row.get(declared.amount) or 0),
        "date": str(row.get(declared.date) or "")[:10] if declared.date else "",
        "status": str(row.get("syncStatus") or row.get("jobStatus") or ""),
        "configuration": str(row.get("invoiceConfiguration") or row.get("billType") or ""),
        "active": bool(row.get("active", row.get("_active", True))),
        "customer_id": row.get("customerId") or (row.get("customer") or {}).get("id"),
        "vendor_id": row.get("vendorId") or (row.get("vendor") or {}).get("id"),
        "merged_to_id": row.get("mergedToId"),
        "adjustment_to_id": row.get("adjustmentToId"),
        "refunded_payment_id": row.get("refundedPaymentId"),
        "canceled": row.get("status") in ("Canceled", "Cancelled") or bool(row.get("canceledOn") or row.get("dateCanceled")),
        "modifiedOn": row["modifiedOn"],
    }
    if kind == "vendors":
        found |= {"address": row["address"], "contact": row["contactInfo"], "memo": row["memo"]}
        found["external"] = {one["key"]: one["value"] for one in row.get("_externalData") or ()}
    if kind == "adjustments":
        found["type"] = row["type"]
    if kind in ("purchase-orders", "receipts", "returns", "adjustments"):
        found["lines"] = [_goods(item) for item in row["items"] or ()]
    if kind == "purchase-orders":
        found |= {"memo": row["summary"], "document_number": row["vendorDocumentNumber"], "order_status": row["status"]}
    if kind == "receipts":
        found |= {"purchase_order_id": row["purchaseOrderId"], "bill_id": row["billId"]}
    if kind == "ap-bills":
        found["purchase_order_id"] = row.get("purchaseOrderId")
    if kind == "invoices":
        found["lines"] = [_line(item) for item in row["items"] or ()]
    if kind in _APPLICATIONS:
        found["applications"] = _APPLICATIONS[kind](row)
    return found


def _line(item: Row) -> Row:
    """One of the `lines` of an invoice."""
    return {
        "sku": item["skuName"],
        "amount": money(item["total"]),
        "cost": money(item["totalCost"]),
        "business_unit": (item.get("businessUnit") or {}).get("name") or "",
        "inventory": item["inventory"],
    }


def _goods(item: Row) -> Row:
    """One of the `lines` of an order or a receipt. For a receipt, `order_line` is the line of its order."""
    return {
        "id": item["id"],
        "order_line": item.get("purchaseOrderItemId"),
        "sku": item.get("skuCode") or item.get("code"),
        "quantity": item["quantity"],
        "cost": item["cost"],
        "received": item.get("quantityReceived"),
    }


def _of_payment(row: Row) -> list[Row]:
    return [
        {"id": one["appliedId"], "document_id": one["appliedTo"], "amount": money(one["appliedAmount"])}
        for one in row["appliedTo"] or []
    ]


def _of_splits(row: Row) -> list[Row]:
    return [
        {"id": one["id"], "document_id": one["inventoryBillId"], "amount": money(one["amount"])}
        for one in row["splits"]
        if one["active"]
    ]


def _of_deposit(row: Row) -> list[Row]:
    return [{"id": source_id, "document_id": source_id, "amount": "0.00"} for source_id in row["_payments"]]


_APPLICATIONS = {
    "payments": _of_payment,
    "credit-memos": _of_payment,
    "ap-credits": _of_splits,
    "ap-payments": _of_splits,
    "bank-deposits": _of_deposit,
}
