"""Master data that people change, and credit memos."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.books.customers import owe
from systems.servicetitan.simulator.books.invoices import application, day_of, new_batch, settle
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant, cents, money, named

Event = dict[str, Any]


def rename_business_unit(tenant: Tenant, event: Event) -> Row:
    """`{business_unit, name}`: documents made before keep the old name."""
    row = tenant.get("business-units", int(event["business_unit"]))
    return {"business_unit": tenant.save("business-units", row | {"name": str(event["name"])}, "update")["id"]}


def change_vendor(tenant: Tenant, event: Event) -> Row:
    """`{vendor, name?, memo?, active?, deliveryOption?, address?: {street?, ...}, contact?: {phone?, email?, ...}}`: edited by a person."""
    row = {
        name: value for name, value in tenant.get("vendors", int(event["vendor"])).items() if name not in ("_before", "_writtenOn")
    }
    row |= {member: event[member] for member in ("name", "memo", "active", "deliveryOption") if member in event}
    for member, told in (("address", "address"), ("contactInfo", "contact")):
        row[member] = row[member] | {name: str(value) for name, value in event.get(told, {}).items() if name in row[member]}
    return {"vendor": tenant.save("vendors", row, "update")["id"]}


def credit_memo(tenant: Tenant, event: Event) -> Row:
    """`{customer, business_unit, amount, invoice?, apply?, date?}` -> credit_memo, posted, applied to an invoice where given."""
    customer = tenant.get("customers", int(event["customer"]))
    unit = tenant.unit_of(event)
    amount = cents(event["amount"])
    applied = cents(event.get("apply", amount)) if event.get("invoice") else Decimal(0)
    with tenant.changing():
        row = tenant.new(
            "credit-memos",
            {
                "date": day_of(tenant, event).isoformat(),
                "referenceNumber": f"CR{tenant.next_id('credit-memo-number', 5001)}",
                "subTotal": money(amount),
                "salesTax": "0.00",
                "total": money(amount),
                "balance": money(amount - applied),
                "customer": named(customer),
                "customerAddress": customer["address"],
                "businessUnit": unit,
                "syncStatus": "Posted",
                "batch": new_batch(tenant),
                "createdBy": "office",
                "appliedTo": [],
            },
        )
        if event.get("invoice"):
            invoice = settle(tenant, int(event["invoice"]), applied)
            row["appliedTo"] = [application(tenant, invoice, applied, "office")]
        tenant.save("credit-memos", row, "create")
        owe(tenant, customer["id"], -amount)
    return {"credit_memo": row["id"]}
