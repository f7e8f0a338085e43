"""Customers and vendors, from canonical to the commands that create what is missing. Pure.

Acumatica owns code, legal name, terms, tax id and status (accounting.md 21), so an existing record is linked and never overwritten; a missing
one is created only where the connection says `create_missing` (accounting.md 19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.acumatica.allocation import mapped, settings_of
from systems.mapped import Draft, NoCommand, Plan

CUSTOMERS = "A4"
VENDORS = "A3V"
_ADDRESS = ("street", "unit", "city", "state", "zip", "country", "phone", "email")


def customer_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer becomes: one upsert for ever; a merged one follows its survivor."""
    if record["merged_to_id"]:
        return [NoCommand("excluded", f"merged into {record['merged_to_id']}", CUSTOMERS)]
    if plan.customer_policy == "summary":
        return [NoCommand("excluded", "documents name a summary customer of the business unit", CUSTOMERS)]
    made = mapped(plan, None)
    row = made.row("customer_class", (record["kind"],)) or {}
    body = {name: record[name] for name in _ADDRESS} | {
        "name": record["name"],
        "customer_class": row.get("customer_class") or settings_of(plan).customer_class,
        "terms": row.get("terms", ""),
        "tax_zone": row.get("tax_zone", ""),
        "create_missing": "customer" in plan.create_missing,
    }
    return [Draft("customer", body, CUSTOMERS, "master", action="upsert", unresolved=tuple(made.unresolved))]


def vendor_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor becomes."""
    if not record["active"]:
        return [NoCommand("excluded", "inactive vendor", VENDORS)]
    body = {name: record[name] for name in _ADDRESS} | {
        "name": record["name"],
        "code": "",
        "vendor_class": settings_of(plan).vendor_class,
        "terms": "",
        "status": "active",
        "memo": "",
        "create_missing": "vendor" in plan.create_missing,
    }
    return [Draft("vendor", body, VENDORS, "master", action="upsert")]
