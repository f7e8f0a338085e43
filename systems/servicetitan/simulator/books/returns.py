"""Parts that are returned to a vendor, and the credit that the vendor gives for them: applied to bills at once or later, unapplied, or canceled.

Source: OpenAPI Inventory V2 (InventoryReturnResponse; status Pending, Returned, CreditReceived, Canceled) and Accounting V2 (ApCreditResponse:
`inventoryReturnId`, `splits` with `active`); help "Return parts": receiving the vendor's credit makes it. Assumed: its amount is that of the return,
with tax and shipping; a split that is taken back becomes inactive; a canceled credit sets its return back to Returned.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.bills import settle_bill
from systems.servicetitan.simulator.books.invoices import day_of, new_batch
from systems.servicetitan.simulator.books.items import account
from systems.servicetitan.simulator.seed.catalogue import SKU_IDS, SKUS
from systems.servicetitan.simulator.shapes import Row, filled
from systems.servicetitan.simulator.tenant import Missing, Tenant, cents, instant, midnight, money, named

Event = dict[str, Any]
_FIRST_WAREHOUSE, _TYPE = 801, 2201


def return_parts(tenant: Tenant, event: Event) -> Row:
    """`{vendor, business_unit, items: [{sku, quantity, cost?, receipt_line?}], purchase_order?, tax?, shipping?, date?, memo?}` -> return, vendor."""
    vendor = tenant.get("vendors", int(event["vendor"]))
    items = [_item(tenant, line) for line in event["items"]]
    tax, shipping = cents(event.get("tax", 0)), cents(event.get("shipping", 0))
    lines = sum((cents(Decimal(item["quantity"]) * Decimal(item["cost"])) for item in items), Decimal(0))
    return {"return": _return(tenant, event, vendor, items, (lines + tax + shipping, tax, shipping))["id"], "vendor": vendor["id"]}


def return_received(tenant: Tenant, event: Event) -> Row:
    """`{most}` -> returns: up to that many receipts are partly returned: half of each of their first two lines, or all if half is not a whole number.
    Only receipts of orders that an app made, the newest first, and each receipt once."""
    gone = {line["receiptItemId"] for row in tenant.rows("returns") for line in row["items"]}
    orders = {row["id"]: row for row in tenant.rows("purchase-orders") if row["sentOn"] is None}
    found = [
        row
        for row in reversed(tenant.rows("receipts"))
        if row["active"] and row["purchaseOrderId"] in orders and row["items"] and row["items"][0]["id"] not in gone
    ]
    made = []
    for row in found[: int(event["most"])]:
        order = orders[row["purchaseOrderId"]]
        back = {"vendor": order["vendorId"], "business_unit": order["businessUnitId"], "purchase_order": order["id"]}
        made.append(return_parts(tenant, {**back, "items": [_half(item) for item in row["items"][:2]]})["return"])
    return {"returns": made}


def _half(item: Row) -> Row:
    count = Decimal(str(item["quantity"]))
    half = str(count if count % 2 else count / 2)
    return {"sku": item["code"], "quantity": half, "cost": item["cost"], "receipt_line": item["id"]}


def _return(tenant: Tenant, event: Event, vendor: Row, items: list[Row], amounts: tuple[Decimal, Decimal, Decimal]) -> Row:
    order = tenant.get("purchase-orders", int(event["purchase_order"])) if event.get("purchase_order") else None
    number, (whole, tax, shipping) = str(tenant.next_id("return-number", 50_001)), amounts
    row = tenant.new(
        "returns",
        {
            "number": number,
            "referenceNumber": f"RT{number}",
            "status": "Returned",
            "returnTypeId": _TYPE,
            "vendorId": vendor["id"],
            "purchaseOrderId": order and order["id"],
            "businessUnitId": tenant.unit_of(event)["id"],
            "inventoryLocationId": _FIRST_WAREHOUSE,
            "createdById": 6001,
            "memo": str(event.get("memo", "Returned parts")),
            "returnAmount": money(whole),
            "taxAmount": money(tax),
            "shippingAmount": money(shipping),
            "returnDate": midnight(day_of(tenant, event)),
            "returnedOn": midnight(day_of(tenant, event)),
            "syncStatus": "Posted",
            "items": items,
            "_externalData": [],
        },
    )
    return tenant.save("returns", row, "create")


def _item(tenant: Tenant, line: Event) -> Row:
    code = str(line["sku"])
    if code not in SKUS:
        raise Missing(f"the price book has no {code!r}")
    sku, now = SKUS[code], instant(tenant.clock.now())
    values = {
        "id": tenant.next_id("return-item", 3_077_000_001),
        "skuId": SKU_IDS[code],
        "receiptItemId": line.get("receipt_line"),
        "name": sku.name,
        "code": code,
        "description": sku.name,
        "quantity": str(Decimal(str(line["quantity"]))),
        "cost": money(line.get("cost", sku.cost)),
        "active": True,
        "createdOn": now,
        "modifiedOn": now,
        "assetAccount": _account("12100"),
        "costOfSaleAccount": _account("50100"),
        "generalLedgerAccount": _account("12100"),
    }
    return filled("inventory", "Inventory.V2.InventoryReturnItemResponse", values)


def _account(number: str) -> Row:
    """A GL account in the inventory module's form, without its id."""
    return {name: value for name, value in account(number).items() if name != "id"}


def cancel_return(tenant: Tenant, event: Event) -> Row:
    """`{return, reason?}`: the parts stay here; refused once the vendor has given a credit."""
    row = tenant.get("returns", int(event["return"]))
    if row["status"] != "Returned":
        raise ValueError(f"return {row['id']} is {row['status']}")
    change = {"status": "Canceled", "canceledReason": str(event.get("reason", "Other")), "canceledById": 6001}
    tenant.save("returns", row | change | {"dateCanceled": instant(tenant.clock.now())}, "cancel")
    return {"return": row["id"]}


def vendor_credit(tenant: Tenant, event: Event) -> Row:
    """`{vendor, business_unit, amount, return?, bill?, apply?, date?, number?, posted?}` -> credit, vendor: for a return, which is made if none is
    named. With `return` alone, the credit takes its vendor, unit and amount. Applied to a bill if one is given."""
    if event.get("return"):
        event = _of_return(tenant, event)
    vendor, unit = tenant.get("vendors", int(event["vendor"])), tenant.unit_of(event)
    amount, posted = cents(event["amount"]), bool(event.get("posted", True))
    if amount <= 0:
        raise ValueError(f"a vendor credit of {amount}: its amount is positive")
    with tenant.changing():
        made_of = event.get("return") or _return(tenant, event, vendor, [], (amount, Decimal(0), Decimal(0)))["id"]
        number = tenant.next_id("credit-number", 9001)
        row = tenant.new(
            "ap-credits",
            {
                "date": midnight(day_of(tenant, event)),
                "number": str(number),
                "referenceNumber": str(event.get("number", f"CM-{number}")),
                "inventoryReturnId": int(made_of),
                "memo": str(event.get("memo", "Returned parts")),
                "amount": money(amount),
                "appliedAmount": "0.00",
                "syncStatus": "Posted" if posted else "Pending",
                "batch": new_batch(tenant) if posted else None,
                "businessUnit": unit,
                "vendor": named(vendor),
            },
        )
        if event.get("bill"):
            _split(tenant, row, int(event["bill"]), cents(event.get("apply", amount)))
        tenant.save("ap-credits", row, "create")
        held = tenant.get("returns", int(made_of))
        tenant.save("returns", held | {"status": "CreditReceived", "creditReceivedOn": instant(tenant.clock.now())}, "update")
    return {"credit": row["id"], "vendor": vendor["id"]}


def _of_return(tenant: Tenant, event: Event) -> Event:
    row = tenant.get("returns", int(event["return"]))
    if row["status"] != "Returned":
        raise ValueError(f"return {row['id']} is {row['status']}")
    return {"vendor": row["vendorId"], "business_unit": row["businessUnitId"], "amount": row["returnAmount"]} | event


def apply_vendor_credit(tenant: Tenant, event: Event) -> Row:
    """`{credit, bill, amount?}`: a further split, of the remaining amount unless an amount is given."""
    row = _active(tenant, event)
    left = Decimal(row["amount"]) - Decimal(row["appliedAmount"])
    with tenant.changing():
        _split(tenant, row, int(event["bill"]), left if event.get("amount") is None else cents(event["amount"]))
        tenant.save("ap-credits", row, "apply")
    return {"credit": row["id"], "split": row["splits"][-1]["id"]}


def unapply_vendor_credit(tenant: Tenant, event: Event) -> Row:
    """`{credit, bill?}`: makes its splits of that bill, or all, inactive; the bills are open again."""
    row = _active(tenant, event)
    _take_back(tenant, row, int(event["bill"]) if event.get("bill") else None)
    return {"credit": row["id"]}


def cancel_vendor_credit(tenant: Tenant, event: Event) -> Row:
    """`{credit}`: cancels it and its splits; its return waits for a credit again. An exported one is locked."""
    row = _active(tenant, event)
    if row["syncStatus"] == "Exported":
        raise ValueError(f"vendor credit {row['id']} is exported and locked")
    with tenant.changing():
        _take_back(tenant, row, None)
        tenant.save("ap-credits", row | {"canceledOn": instant(tenant.clock.now()), "active": False}, "cancel")
        held = tenant.get("returns", row["inventoryReturnId"])
        tenant.save("returns", held | {"status": "Returned", "creditReceivedOn": None}, "update")
    return {"credit": row["id"]}


def _active(tenant: Tenant, event: Event) -> Row:
    row = tenant.get("ap-credits", int(event["credit"]))
    if not row["active"]:
        raise ValueError(f"vendor credit {row['id']} is canceled")
    return row


def _split(tenant: Tenant, row: Row, bill_id: int, amount: Decimal) -> None:
    """Add an active split; the row is not saved here. Raises ValueError above the remaining amount, or for another vendor's bill."""
    left = Decimal(row["amount"]) - Decimal(row["appliedAmount"])
    bill = tenant.get("ap-bills", bill_id)
    if not 0 < amount <= left or bill["vendor"]["id"] != row["vendor"]["id"]:
        raise ValueError(f"vendor credit {row['id']} of {row['vendor']['name']} has {left} left, not {amount} for bill {bill_id}")
    made = {"id": tenant.next_id("credit-split", 3_069_000_001), "active": True, "createdOn": instant(tenant.clock.now())}
    row["splits"] = [*row["splits"], made | {"inventoryBillId": bill_id, "vendorCreditId": row["id"], "amount": money(amount)}]
    row["appliedAmount"] = money(Decimal(row["appliedAmount"]) + amount)
    settle_bill(tenant, bill_id, amount)


def _take_back(tenant: Tenant, row: Row, bill_id: int | None) -> None:
    taken = [one for one in row["splits"] if one["active"] and bill_id in (None, one["inventoryBillId"])]
    if not taken and bill_id is not None:
        raise ValueError(f"vendor credit {row['id']} settles nothing of bill {bill_id}")
    with tenant.changing():
        for one in taken:
            settle_bill(tenant, one["inventoryBillId"], -Decimal(one["amount"]))
        row["splits"] = [one | {"active": one["active"] and one not in taken} for one in row["splits"]]
        row["appliedAmount"] = money(sum((Decimal(one["amount"]) for one in row["splits"] if one["active"]), Decimal(0)))
        tenant.save("ap-credits", row, "unapply")
