"""Customers and vendors, from canonical to the commands that create what is missing. Pure.

Acumatica owns code, legal name, terms, tax id and status (accounting.md 21), so an existing record is linked and never overwritten; a missing one is
created only if the connection says `create_missing` (accounting.md 19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.acumatica.allocation import mapped
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.document import EMPTY
from systems.postings.masters import excluded_customer, upsert

CUSTOMERS = "A4"
VENDORS = "A3V"


def customer_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer becomes: a single upsert; a merged customer becomes the one that survived."""
    if excluded := excluded_customer(record, plan, CUSTOMERS):
        return excluded
    made = mapped(plan, None)
    row = made.row("customer_class", (record["kind"],)) or EMPTY
    own = {
        "customer_class": row.get("customer_class") or made.settings.customer_class,
        "terms": row.get("terms", ""),
        "tax_zone": row.get("tax_zone", ""),
    }
    return [upsert("customer", record, own, made, CUSTOMERS)]


def vendor_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor becomes."""
    if not record["active"]:
        return [NoCommand("excluded", "inactive vendor", VENDORS)]
    made = mapped(plan, None)
    own = {"code": "", "vendor_class": made.settings.vendor_class, "terms": "", "status": "active", "memo": ""}
    return [upsert("vendor", record, own, made, VENDORS)]
