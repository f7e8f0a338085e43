"""Customers and their locations: created, changed, merged.

Source: OpenAPI CRM V2; help pages. A balance change updates the customer's `modifiedOn` but is no change of master data. A merged customer is
inactive and names its survivor (`mergedToId`). That its documents are moved to the survivor is assumed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.servicetitan.simulator.kinds import CONTACT_SCHEMA, CONTACTS
from systems.servicetitan.simulator.shapes import Row, filled
from systems.servicetitan.simulator.tenant import Tenant, key_of, money, named

Event = dict[str, Any]
_PARTS = ("street", "unit", "city", "state", "zip")
_MOVED = (("invoices", "customer"), ("payments", "customer"), ("credit-memos", "customer"))


def create_customer(tenant: Tenant, event: Event) -> Row:
    """`{name, kind?, street?, unit?, city?, state?, zip?, phone?, email?, tax_exempt?, tax_zone?}` -> customer, location."""
    address = _address(event)
    exempt = bool(event.get("tax_exempt", False))
    values = {
        "name": str(event["name"]),
        "type": event.get("kind", "Residential"),
        "address": address,
        "balance": "0.00",
        "taxExempt": exempt,
        "createdById": 6001,
        "paymentTermId": event.get("payment_term"),
        "_phone": event.get("phone", ""),
        "_externalData": [],
    }
    with tenant.changing():
        customer = _save_master(tenant, tenant.new("customers", values), "create")
        for kind, value in (("Phone", event.get("phone")), ("Email", event.get("email"))):
            if value:
                _contact(tenant, customer["id"], kind, str(value))
        made = create_location(tenant, {"customer": customer["id"], "address": address, "tax_zone": event.get("tax_zone")})
    return {"customer": customer["id"], "location": made["location"]}


def create_location(tenant: Tenant, event: Event) -> Row:
    """`{customer, name?, street?..., tax_zone? (a zone's name or id), tax_exempt?}` -> location."""
    customer = tenant.get("customers", int(event["customer"]))
    values = {
        "customerId": customer["id"],
        "name": event.get("name") or customer["name"],
        "address": event.get("address") or _address(event),
        "createdById": 6001,
        "taxExempt": bool(event.get("tax_exempt", customer["taxExempt"])),
        "taxZoneId": zone_id(tenant, event.get("tax_zone", "Austin TX")),
        "_externalData": [],
    }
    return {"location": tenant.save("locations", tenant.new("locations", values), "create")["id"]}


def change_customer(tenant: Tenant, event: Event) -> Row:
    """`{customer, name?, street?..., tax_exempt?, active?}`: a change of master data."""
    row = tenant.get("customers", int(event["customer"]))
    row["name"] = str(event.get("name", row["name"]))
    row["address"] = row["address"] | {part: event[part] for part in _PARTS if part in event}
    row["taxExempt"] = bool(event.get("tax_exempt", row["taxExempt"]))
    row["active"] = bool(event.get("active", row["active"]))
    return {"customer": _save_master(tenant, row, "update")["id"]}


def change_balance(tenant: Tenant, event: Event) -> Row:
    """`{customer, balance}`: updates `modifiedOn` and changes nothing that a ledger needs."""
    row = tenant.get("customers", int(event["customer"]))
    row["balance"] = money(event["balance"])
    return {"customer": tenant.save("customers", row, "update")["id"]}


def merge_customers(tenant: Tenant, event: Event) -> Row:
    """`{customer, into}`: locations, documents and the balance are moved to the survivor."""
    lost, kept = tenant.get("customers", int(event["customer"])), tenant.get("customers", int(event["into"]))
    if lost["id"] == kept["id"] or not (lost["active"] and kept["active"]):
        raise ValueError(f"customer {lost['id']} into {kept['id']}: two customers, both active, are merged")
    with tenant.changing():
        for location in tenant.rows("locations"):
            if location["customerId"] == lost["id"]:
                tenant.save("locations", location | {"customerId": kept["id"]}, "update")
        for kind, member in _MOVED:
            for row in tenant.rows(kind):
                if row[member]["id"] == lost["id"]:
                    tenant.save(kind, row | {member: named(kept)}, "update")
        if Decimal(lost["balance"]):
            owe(tenant, kept["id"], Decimal(lost["balance"]))
        lost |= {"mergedToId": kept["id"], "active": False, "balance": "0.00"}
        _save_master(tenant, lost, "merge")
    return {"customer": lost["id"], "into": kept["id"]}


def owe(tenant: Tenant, customer_id: int, change: Decimal) -> None:
    """Add to a customer's balance."""
    row = tenant.get("customers", customer_id)
    row["balance"] = money(Decimal(row["balance"]) + change)
    tenant.save("customers", row, "update")


def zone_id(tenant: Tenant, zone: Any) -> int | None:
    """Id of a tax zone, by its name or id; None if none is named."""
    if zone is None:
        return None
    return int(tenant.by_name("tax-zones", zone)["id"])


def _save_master(tenant: Tenant, row: Row, operation: str) -> Row:
    saved = tenant.save("customers", row, operation)
    saved["_masterModifiedOn"] = saved["modifiedOn"]
    tenant.store.put("customers", key_of(saved["id"]), saved, tenant.last)
    return saved


def _contact(tenant: Tenant, customer_id: int, kind: str, value: str) -> None:
    phone = value if kind != "Email" else ""
    values = {
        "id": tenant.next_id(CONTACTS, 3_080_000_001),
        "type": kind,
        "value": value,
        "customerId": customer_id,
        "phoneSettings": {"phoneNumber": phone, "doNotText": False},
    }
    tenant.save(CONTACTS, filled("crm", CONTACT_SCHEMA, values), "create")


def _address(event: Event) -> Row:
    defaults = {"street": "1 Main Street", "unit": "", "city": "Austin", "state": "TX", "zip": "78701"}
    return {part: str(event.get(part, default)) for part, default in defaults.items()} | {"country": "USA"}
