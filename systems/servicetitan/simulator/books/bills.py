"""What happens to a bill: it is posted in a batch, unposted, changed, canceled, paid.

Source: help pages "Procure: manage bills" (an exported bill can be neither edited nor deleted; a canceled one sets its order back to Pending),
OpenAPI Accounting V2 (ApBillResponse, ApPaymentResponse: numbers, `splits`). Assumed: a posted bill is unposted before it is edited; a partly settled
one cannot be canceled; a payment that failed or was stopped is Cancelled and its splits are inactive.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.invoices import day_of, new_batch
from systems.servicetitan.simulator.books.items import account
from systems.servicetitan.simulator.books.purchases import expense_lines
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, instant, midnight, money, named

Event = dict[str, Any]
_CHECKING = "10100"


def post_bills(tenant: Tenant, event: Event) -> Row:
    """`{bills: [...]}`, or `{ordered: true}` for the bills of orders that an app made: one batch of pending bills."""
    batch = new_batch(tenant)
    found = [row["id"] for row in tenant.rows("ap-bills") if _is_ordered(tenant, row)] if event.get("ordered") else event["bills"]
    rows = [tenant.get("ap-bills", int(source_id)) for source_id in found]
    with tenant.changing():
        for row in rows:
            if row["syncStatus"] == "Pending" and row["status"] != "Canceled":
                change = {"syncStatus": "Posted", "status": "Reconciled", "batch": batch, "postDate": midnight(tenant.today())}
                tenant.save("ap-bills", row | change, "post")
    return {"posted": [row["id"] for row in rows]}


def _is_ordered(tenant: Tenant, bill: Row) -> bool:
    order = tenant.find("purchase-orders", bill["purchaseOrderId"]) if bill.get("purchaseOrderId") else None
    return order is not None and order["sentOn"] is None


def unpost_bills(tenant: Tenant, event: Event) -> Row:
    """`{bills: [...]}`: back from Posted to Pending; an exported or canceled bill stays."""
    rows = [tenant.get("ap-bills", int(source_id)) for source_id in event["bills"]]
    with tenant.changing():
        for row in rows:
            if row["syncStatus"] == "Posted" and row["status"] != "Canceled":
                tenant.save("ap-bills", row | {"syncStatus": "Pending", "batch": None, "postDate": None}, "unpost")
    return {"unposted": [row["id"] for row in rows]}


def change_bill(tenant: Tenant, event: Event) -> Row:
    """`{bill, expenses?, vendor_number?, date?, shipping?, do_not_pay?}`: edits a pending bill; `do_not_pay` can be set on any bill."""
    row = dict(tenant.get("ap-bills", int(event["bill"])))
    if event.keys() - {"bill", "do_not_pay"} and (row["syncStatus"] != "Pending" or row["status"] == "Canceled"):
        raise ValueError(f"bill {row['id']} is {row['syncStatus']}, {row['status']}: it is locked")
    row["vendorNumber"] = str(event.get("vendor_number", row["vendorNumber"]))
    row["doNotPay"] = bool(event.get("do_not_pay", row["doNotPay"]))
    if event.get("date"):
        row["billDate"] = midnight(date.fromisoformat(event["date"]))
    if event.get("expenses"):
        row["expenseItems"] = expense_lines(tenant, event["expenses"], row["businessUnit"])
    row["shippingAmount"] = money(event.get("shipping", row["shippingAmount"]))
    row["billAmount"] = row["vendorInvoiceTotal"] = money(_whole(row))
    if Decimal(row["billAmount"]) < settled(row):
        raise ValueError(f"bill {row['id']} is settled with {settled(row)}, more than {row['billAmount']}")
    return {"bill": tenant.save("ap-bills", row, "update")["id"]}


def _whole(row: Row) -> Decimal:
    items = sum((cents(Decimal(one["quantity"]) * Decimal(one["cost"])) for one in row["items"] or []), Decimal(0))
    expenses = sum((Decimal(one["amount"]) for one in row["expenseItems"] or []), Decimal(0))
    return items + expenses + sum(Decimal(row[name]) for name in ("taxAmount", "shippingAmount", "otherAmount"))


def cancel_bill(tenant: Tenant, event: Event) -> Row:
    """`{bill}`: canceled; its order goes back to Pending."""
    row = tenant.get("ap-bills", int(event["bill"]))
    if row["syncStatus"] == "Exported":
        raise ValueError(f"bill {row['id']} is exported and locked")
    if row["status"] == "Canceled" or settled(row):
        raise ValueError(f"bill {row['id']} is {row['status']}, and {settled(row)} of it is settled: it cannot be canceled")
    now = instant(tenant.clock.now())
    with tenant.changing():
        tenant.save(
            "ap-bills", row | {"status": "Canceled", "dateCanceled": now, "canceledBy": {"id": 6001, "name": "office"}}, "cancel"
        )
        if row["purchaseOrderId"]:
            held = tenant.get("purchase-orders", row["purchaseOrderId"])
            items = [item | {"quantityReceived": "0"} for item in held["items"]]
            tenant.save("purchase-orders", held | {"status": "Pending", "receivedOn": None, "items": items}, "update")
    return {"bill": row["id"]}


def settled(row: Row) -> Decimal:
    """How much of a bill payments and credits settle."""
    return Decimal(row.get("_applied", "0"))


def settle_bill(tenant: Tenant, bill_id: int, amount: Decimal) -> Row:
    """Settle a bill (negative: take it back). Raises ValueError above the open amount, or if the bill is canceled."""
    row = tenant.get("ap-bills", bill_id)
    left = Decimal(row["billAmount"]) - settled(row)
    if amount > 0 and (row["status"] == "Canceled" or amount > left):
        raise ValueError(f"bill {bill_id} is {row['status']} and has {left} open, not {amount}")
    return tenant.save("ap-bills", row | {"_applied": money(settled(row) + amount)}, "apply")


def pay_bills(tenant: Tenant, event: Event) -> Row:
    """`{vendor, business_unit, bills: [{bill, amount?}], amount?, date?, posted?}` -> ap_payment: pays posted bills, in full if no amount is given;
    an `amount` above their sum is a prepayment."""
    vendor = tenant.get("vendors", int(event["vendor"]))
    splits = [_split(tenant, vendor, entry) for entry in event.get("bills", [])]
    applied = sum((amount for _, amount in splits), Decimal(0))
    whole = cents(event["amount"]) if event.get("amount") is not None else applied
    if whole <= 0 or applied > whole:
        raise ValueError(f"a payment of {whole} cannot settle {applied}")
    posted = bool(event.get("posted", True))
    with tenant.changing():
        row = tenant.new(
            "ap-payments",
            {
                "date": midnight(day_of(tenant, event)),
                "approvedDate": midnight(day_of(tenant, event)),
                "method": "AccountingSystem",
                "name": f"Payment {tenant.next_id('ap-payment-number', 6001)}",
                "printCheck": False,
                "amount": money(whole),
                "status": "Paid",
                "syncStatus": "Posted" if posted else "Pending",
                "batch": new_batch(tenant) if posted else None,
                "glAccount": account(_CHECKING),
                "businessUnit": tenant.unit_of(event),
                "vendor": named(vendor),
                "splits": [_settled(tenant, bill["id"], amount) for bill, amount in splits],
                "customFields": [],
            },
        )
        tenant.save("ap-payments", row, "create")
        for bill, amount in splits:
            settle_bill(tenant, bill["id"], amount)
    return {"ap_payment": row["id"]}


def _split(tenant: Tenant, vendor: Row, entry: Event) -> tuple[Row, Decimal]:
    bill = tenant.get("ap-bills", int(entry["bill"]))
    if bill["syncStatus"] == "Pending" or bill["vendor"]["id"] != vendor["id"] or bill["doNotPay"]:
        raise ValueError(f"bill {bill['id']} is not posted, not of vendor {vendor['id']} or not to be paid")
    left = Decimal(bill["billAmount"]) - settled(bill)
    return bill, cents(entry["amount"]) if entry.get("amount") is not None else left


def _settled(tenant: Tenant, bill_id: int, amount: Decimal) -> Row:
    made = {"id": tenant.next_id("ap-payment-split", 3_067_000_001), "active": True, "createdOn": instant(tenant.clock.now())}
    return made | {"documentId": bill_id, "inventoryBillId": bill_id, "amount": money(amount)}


def void_bill_payment(tenant: Tenant, event: Event) -> Row:
    """`{ap_payment}`: cancelled; its bills are open again."""
    row = tenant.get("ap-payments", int(event["ap_payment"]))
    if row["status"] == "Cancelled" or row["syncStatus"] == "Exported":
        raise ValueError(f"payment {row['id']} is {row['status']}, {row['syncStatus']}: it cannot be cancelled")
    with tenant.changing():
        for split in row["splits"]:
            settle_bill(tenant, split["inventoryBillId"], -Decimal(split["amount"]))
        splits = [split | {"active": False} for split in row["splits"]]
        tenant.save("ap-payments", row | {"status": "Cancelled", "active": False, "splits": splits}, "void")
    return {"ap_payment": row["id"]}
