"""Purchases: an order, its receipt, the bill that the receipt makes; bills entered by hand.

Source: help pages "Manage parts purchase orders", "Procure: manage bills" (one receipt = one bill), OpenAPI Inventory and Accounting V2.
`billAmount` is the whole bill with tax and shipping (assumed).
"""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_UP, Decimal
from typing import Any

from systems.servicetitan.simulator.books.invoices import day_of
from systems.servicetitan.simulator.books.items import account
from systems.servicetitan.simulator.seed.catalogue import SKU_IDS, SKUS, WAREHOUSES
from systems.servicetitan.simulator.shapes import Row, filled
from systems.servicetitan.simulator.tenant import Missing, Tenant, cents, instant, midnight, money, named

Event = dict[str, Any]
_FIRST_WAREHOUSE = 801
_DAYS = 30


def order(tenant: Tenant, event: Event) -> Row:
    """`{vendor, business_unit, items: [{sku, quantity, cost?}], tax?, shipping?, date?, job?, memo?, number?}` -> purchase_order, number."""
    vendor = tenant.get("vendors", int(event["vendor"]))
    unit = tenant.unit_of(event)
    items = [_order_item(tenant, line) for line in event["items"]]
    tax, shipping = cents(event.get("tax", 0)), cents(event.get("shipping", 0))
    number = tenant.next_id("order-number", 20_001)
    row = tenant.new(
        "purchase-orders",
        {
            "number": str(number),
            "jobId": event.get("job"),
            "status": "Sent",
            "typeId": 2001,
            "vendorId": vendor["id"],
            "shipTo": vendor["address"],
            "businessUnitId": unit["id"],
            "inventoryLocationId": _FIRST_WAREHOUSE,
            "date": midnight(day_of(tenant, event)),
            "requiredOn": midnight(day_of(tenant, event) + timedelta(days=2)),
            "sentOn": instant(tenant.clock.now()),
            "tax": money(tax),
            "shipping": money(shipping),
            "total": money(sum((Decimal(item["total"]) for item in items), tax + shipping)),
            "summary": str(event.get("memo", "")),
            "vendorDocumentNumber": str(event.get("vendor_number", "")),
            "items": items,
        },
    )
    return {"purchase_order": tenant.save("purchase-orders", row, "create")["id"], "number": row["number"]}


def change_order(tenant: Tenant, event: Event) -> Row:
    """`{purchase_order, memo?, vendor_number?, vendor?, quantities?: [quantity...]}`: what people change at the screen, in any status."""
    row = dict(tenant.get("purchase-orders", int(event["purchase_order"])))
    row |= {"summary": str(event["memo"])} if "memo" in event else {}
    row |= {"vendorDocumentNumber": str(event["vendor_number"])} if "vendor_number" in event else {}
    row |= {"vendorId": tenant.get("vendors", int(event["vendor"]))["id"]} if "vendor" in event else {}
    if "quantities" in event:
        pairs = zip(event["quantities"], row["items"], strict=True)
        row["items"] = [item | {"quantity": str(q), "total": money(Decimal(str(q)) * Decimal(item["cost"]))} for q, item in pairs]
        lines = sum((Decimal(item["total"]) for item in row["items"]), Decimal(row["tax"]) + Decimal(row["shipping"]))
        row["total"] = money(lines)
    return {"purchase_order": tenant.save("purchase-orders", row, "update")["id"]}


def send_order(tenant: Tenant, event: Event) -> Row:
    """`{purchase_order}`: sends a pending order to its vendor."""
    row = dict(tenant.get("purchase-orders", int(event["purchase_order"])))
    if row["status"] != "Pending":
        raise ValueError(f"purchase order {row['id']} is {row['status']}")
    row |= {"status": "Sent", "sentOn": instant(tenant.clock.now())}
    return {"purchase_order": tenant.save("purchase-orders", row, "send")["id"]}


def export_orders(tenant: Tenant, event: Event) -> Row:
    """`{purchase_orders: [id...]}`: exports received orders, which locks them."""
    rows = [tenant.get("purchase-orders", int(source_id)) for source_id in event["purchase_orders"]]
    for row in rows:
        if row["status"] != "Received":
            raise ValueError(f"purchase order {row['id']} is {row['status']}")
        tenant.save("purchase-orders", row | {"status": "Exported"}, "export")
    return {"purchase_order": rows[0]["id"]}


def cancel_receipt(tenant: Tenant, event: Event) -> Row:
    """`{receipt}`: makes it inactive, cancels its bill and reopens its order. Refused once the bill is posted."""
    row = tenant.get("receipts", int(event["receipt"]))
    bill = tenant.find("ap-bills", row["billId"]) if row["billId"] else None
    if not row["active"] or (bill is not None and bill["syncStatus"] != "Pending"):
        raise ValueError(f"receipt {row['id']} is canceled, or its bill is {bill and bill['syncStatus']}")
    order = dict(tenant.get("purchase-orders", row["purchaseOrderId"]))
    received = {item["purchaseOrderItemId"]: Decimal(item["quantity"]) for item in row["items"]}
    order["items"] = [
        item | {"quantityReceived": str(Decimal(item["quantityReceived"]) - received.get(item["id"], Decimal(0)))}
        for item in order["items"]
    ]
    some = any(Decimal(item["quantityReceived"]) for item in order["items"])
    tenant.save("receipts", row | {"active": False}, "cancel")
    if bill is not None and bill["status"] != "Canceled":
        tenant.save("ap-bills", bill | {"status": "Canceled", "dateCanceled": instant(tenant.clock.now())}, "cancel")
    tenant.save("purchase-orders", order | {"status": "PartiallyReceived" if some else "Pending"}, "receive")
    return {"receipt": row["id"]}


def receive(tenant: Tenant, event: Event) -> Row:
    """`{purchase_order, vendor_number?, date?, shares?: [quantity...]}` -> receipt, bill: everything, or `shares` per line."""
    row = tenant.get("purchase-orders", int(event["purchase_order"]))
    if row["status"] not in ("Pending", "Sent", "PartiallyReceived"):
        raise ValueError(f"purchase order {row['id']} is {row['status']}")
    asked = event.get("shares") or [_left(item) for item in row["items"]]
    shares = [min(Decimal(str(share)), _left(item)) for share, item in zip(asked, row["items"], strict=True)]
    is_first = row["status"] != "PartiallyReceived"
    with tenant.changing():
        receipt = _receipt(tenant, row, shares, event | {"charged": is_first})
        for share, item in zip(shares, row["items"], strict=True):
            item["quantityReceived"] = str(Decimal(item["quantityReceived"]) + share)
        whole = all(_left(item) == 0 for item in row["items"])
        row |= {"status": "Received" if whole else "PartiallyReceived", "receivedOn": receipt["receivedOn"]}
        made = {"receipt": receipt["id"], "vendor": row["vendorId"]}
        if tenant.settings.auto_bill:
            bill = _bill_of(tenant, row, receipt, event)
            receipt["billId"] = made["bill"] = bill["id"]
            tenant.save("ap-bills", bill, "create")
        tenant.save("receipts", receipt, "create")
        tenant.save("purchase-orders", row, "receive")
    return made


def receive_ordered(tenant: Tenant, event: Event) -> Row:
    """`{most}` -> receipts: people receive up to that many of the orders that an app made, the oldest first; every third order comes in two
    deliveries."""
    found = [
        row for row in tenant.rows("purchase-orders") if row["status"] in ("Pending", "PartiallyReceived") and row["sentOn"] is None
    ]
    made = []
    for row in found[: int(event["most"])]:
        is_part = row["status"] == "Pending" and row["id"] % 3 == 0
        shares = [str((_left(item) / 2).to_integral_value(ROUND_UP)) for item in row["items"]] if is_part else None
        made.append(receive(tenant, {"purchase_order": row["id"], "shares": shares})["receipt"])
    return {"receipts": made}


def enter_bill(tenant: Tenant, event: Event) -> Row:
    """`{vendor, business_unit, expenses: [{amount, account?, description?}], vendor_number?, date?}` -> bill without an order."""
    vendor = tenant.get("vendors", int(event["vendor"]))
    unit = tenant.unit_of(event)
    lines = expense_lines(tenant, event["expenses"], unit)
    whole = sum((Decimal(str(line["amount"])) for line in lines), Decimal(0))
    row = _bill(tenant, vendor, event, {"businessUnit": unit, "billAmount": money(whole)})
    row |= {"billType": "ApBill", "source": "Standalone", "expenseItems": lines, "items": []}
    return {"bill": tenant.save("ap-bills", row, "create")["id"], "vendor": vendor["id"]}


def expense_lines(tenant: Tenant, expenses: list[Event], unit: Row) -> list[Row]:
    """Lines of a bill that is entered by hand, from `[{amount, account?, description?}]`."""
    return [
        {
            "id": tenant.next_id("bill-item", 3_066_000_001),
            "amount": money(line["amount"]),
            "description": str(line.get("description", "Expense")),
            "generalLedgerAccount": account(str(line.get("account", "61200"))),
            "businessUnit": unit,
        }
        for line in expenses
    ]


def _order_item(tenant: Tenant, line: Event) -> Row:
    code = str(line["sku"])
    if code not in SKUS:
        raise Missing(f"the price book has no {code!r}")
    sku, quantity = SKUS[code], Decimal(str(line["quantity"]))
    cost, now = Decimal(str(line.get("cost", sku.cost))), instant(tenant.clock.now())
    values = {
        "id": tenant.next_id("order-item", 3_075_000_001),
        "skuId": SKU_IDS[code],
        "skuName": sku.name,
        "skuCode": code,
        "skuType": sku.kind,
        "description": sku.name,
        "vendorPartNumber": f"VP-{code}",
        "quantity": str(quantity),
        "quantityReceived": "0",
        "cost": money(cost),
        "total": money(quantity * cost),
        "status": "Pending",
        "chargeable": True,
        "createdOn": now,
        "modifiedOn": now,
    }
    return filled("inventory", "Inventory.V2.PurchaseOrderItemResponse", values)


def _left(item: Row) -> Decimal:
    return Decimal(item["quantity"]) - Decimal(item["quantityReceived"])


def _receipt(tenant: Tenant, row: Row, shares: list[Decimal], event: Event) -> Row:
    items = [
        {
            "id": tenant.next_id("receipt-item", 3_076_000_001),
            "skuId": item["skuId"],
            "name": item["skuName"],
            "code": item["skuCode"],
            "description": item["description"],
            "quantity": str(share),
            "cost": item["cost"],
            "purchaseOrderItemId": item["id"],
        }
        for share, item in zip(shares, row["items"], strict=True)
        if share > 0
    ]
    lines = sum((cents(Decimal(item["quantity"]) * Decimal(item["cost"])) for item in items), Decimal(0))
    tax, shipping = (Decimal(row[name]) if event["charged"] else Decimal(0) for name in ("tax", "shipping"))
    number = str(tenant.next_id("receipt-number", 30_001))
    return tenant.new(
        "receipts",
        {
            "number": number,
            # the vendor bills each delivery with a separate invoice
            "vendorInvoiceNumber": str(event.get("vendor_number") or f"INV-{row['vendorId']}-{number}"),
            "purchaseOrderId": row["id"],
            "jobId": row["jobId"],
            "businessUnitId": row["businessUnitId"],
            "vendorId": row["vendorId"],
            "inventoryLocationId": row["inventoryLocationId"],
            "shipTo": row["shipTo"],
            "shipToDescription": WAREHOUSES[0],
            "receiptAmount": money(lines + tax + shipping),
            "taxAmount": money(tax),
            "shippingAmount": money(shipping),
            "otherAmount": "0.00",
            "receivedOn": instant(tenant.clock.now()),
            "items": items,
        },
    )


def _bill_of(tenant: Tenant, row: Row, receipt: Row, event: Event) -> Row:
    vendor = tenant.get("vendors", row["vendorId"])
    unit = named(tenant.get("business-units", row["businessUnitId"]))
    values = {"purchaseOrderId": row["id"], "businessUnit": unit, "billAmount": receipt["receiptAmount"]}
    values |= {"taxAmount": receipt["taxAmount"], "shippingAmount": receipt["shippingAmount"]}
    values |= {"jobId": row["jobId"], "_purchaseOrderNumber": row["number"]}
    bill = _bill(tenant, vendor, event | {"vendor_number": receipt["vendorInvoiceNumber"]}, values)
    bill["items"] = [_bill_item(tenant, item, place) for place, item in enumerate(receipt["items"])]
    return bill


def _bill(tenant: Tenant, vendor: Row, event: Event, values: Row) -> Row:
    day = day_of(tenant, event)
    number = tenant.next_id("bill-number", 40_001)
    return tenant.new(
        "ap-bills",
        {
            "syncStatus": "Pending",
            "status": "Unreconciled",
            "source": "Purchasing",
            "billType": "Procurement",
            "referenceNumber": f"B{number}",
            "vendorNumber": str(event.get("vendor_number") or f"INV-{vendor['id']}-{number}"),
            "billDate": midnight(day),
            "dueDate": midnight(day + timedelta(days=_DAYS)),
            "termName": "Net 30",
            "taxAmount": "0.00",
            "shippingAmount": "0.00",
            "otherAmount": "0.00",
            "vendorInvoiceTotal": values["billAmount"],
            "createdBy": "office",
            "vendor": named(vendor),
            "shipTo": vendor["address"],
            "shipToDescription": WAREHOUSES[0],
            "expenseItems": [],
            "customFields": [],
        }
        | values,
    )


def _bill_item(tenant: Tenant, item: Row, place: int) -> Row:
    values = {
        "id": tenant.next_id("bill-item", 3_066_000_001),
        "order": place,
        "name": item["name"],
        "description": item["description"],
        "quantity": item["quantity"],
        "cost": item["cost"],
        "allocatedTax": "0.00",
        "allocatedShipping": "0.00",
        "allocatedOtherCosts": "0.00",
        "fullyLandedUnitCost": item["cost"],
        "inventoryLocation": {"id": _FIRST_WAREHOUSE, "name": WAREHOUSES[0]},
        "vendorPartNumber": f"VP-{item['code']}",
        "assetAccount": account("12100"),
        "costOfSaleAccount": account("50100"),
        "generalLedgerAccount": account("12100"),
        "receiptItemId": item["id"],
        "skuId": item["skuId"],
        "skuType": SKUS[item["code"]].kind,
        "skuCode": item["code"],
    }
    return filled("accounting", "Accounting.V2.ApBillItemResponse", values)
