"""Adjustments of stock: what people count or correct, and what is taken out automatically when parts are used on a job.

Source: OpenAPI Inventory V2 (InventoryAdjustmentResponse: a `type` in words, items with quantity, cost and totalCost; no total; no way to create
one over the API). Assumed: a quantity below zero leaves the stock and its totalCost has that sign; the words of the types; that a canceled one stays
active, with the time of its end.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.invoices import day_of
from systems.servicetitan.simulator.seed.catalogue import SKU_IDS, SKUS
from systems.servicetitan.simulator.shapes import Row, filled
from systems.servicetitan.simulator.tenant import Missing, Tenant, cents, instant, midnight, money

Event = dict[str, Any]
COUNT, OF_JOB, DAMAGED = "Cycle Count", "Job", "Damaged"
"""Types that the simulator's people use."""
_FIRST_WAREHOUSE = 801


def adjust_stock(tenant: Tenant, event: Event) -> Row:
    """`{items: [{sku, quantity, cost?}], type?, location?, business_unit?, invoice?, date?, memo?, number?}` -> adjustment; quantities are signed."""
    place = int(event.get("location", _FIRST_WAREHOUSE))
    if tenant.find("warehouses", place) is None and tenant.find("trucks", place) is None:
        raise Missing(f"no warehouse and no truck has the id {place}")
    items = [_item(tenant, line) for line in event["items"]]
    number = str(tenant.next_id("adjustment-number", 60_001))
    row = tenant.new(
        "adjustments",
        {
            "number": number,
            "referenceNumber": str(event.get("number", f"ADJ{number}")),
            "type": str(event.get("type", COUNT)),
            "inventoryLocationId": place,
            "businessUnitId": tenant.unit_of(event)["id"] if event.get("business_unit") else None,
            "invoiceId": tenant.get("invoices", int(event["invoice"]))["id"] if event.get("invoice") else None,
            "createdById": 6001,
            "memo": str(event.get("memo", "")),
            "date": midnight(day_of(tenant, event)),
            "syncStatus": "Posted",
            "items": items,
            "_externalData": [],
            "_total": money(sum((Decimal(item["totalCost"]) for item in items), Decimal(0))),
        },
    )
    return {"adjustment": tenant.save("adjustments", row, "create")["id"]}


def cancel_adjustment(tenant: Tenant, event: Event) -> Row:
    """`{adjustment, reason?}`: the goods move back. A second cancellation is refused."""
    row = tenant.get("adjustments", int(event["adjustment"]))
    if row["dateCanceled"]:
        raise ValueError(f"adjustment {row['id']} is canceled")
    change = {"canceledReason": str(event.get("reason", "Accidental")), "canceledById": 6001}
    tenant.save("adjustments", row | change | {"dateCanceled": instant(tenant.clock.now())}, "cancel")
    return {"adjustment": row["id"]}


def _item(tenant: Tenant, line: Event) -> Row:
    code = str(line["sku"])
    if code not in SKUS:
        raise Missing(f"the price book has no {code!r}")
    sku, now = SKUS[code], instant(tenant.clock.now())
    quantity, cost = Decimal(str(line["quantity"])), cents(line.get("cost", sku.cost))
    if not quantity:
        raise ValueError(f"an adjustment of nothing of {code}")
    values = {
        "id": tenant.next_id("adjustment-item", 3_078_000_001),
        "skuId": SKU_IDS[code],
        "name": sku.name,
        "code": code,
        "description": sku.name,
        "quantity": str(quantity),
        "cost": money(cost),
        "totalCost": money(quantity * cost),
        "active": True,
        "createdOn": now,
        "modifiedOn": now,
    }
    return filled("inventory", "Inventory.V2.InventoryAdjustmentItemResponse", values)
