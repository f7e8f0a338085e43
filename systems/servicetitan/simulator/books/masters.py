"""Master data that people change."""

from __future__ import annotations

from typing import Any

from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant

Event = dict[str, Any]


def rename_business_unit(tenant: Tenant, event: Event) -> Row:
    """`{business_unit, name}`: existing documents keep the old name."""
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
