"""Customers and vendors, from canonical to the commands that create what is missing and keep it up to date. Pure (accounting.md 19 to 21).

NetSuite owns code, legal name, terms, tax id, status and address of a vendor, and class and terms of a customer. The other side owns a vendor's
contacts and memo, and a customer's name, address and contacts (`systems/owners.py`). An existing partner gets only the fields that our side owns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.netsuite.allocation import mapped
from systems.postings.document import EMPTY
from systems.postings.masters import excluded_customer, upsert

CUSTOMERS, VENDORS = "N7", "N3V"


def customer_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a customer becomes: a single upsert; a merged customer becomes the one that survived."""
    if excluded := excluded_customer(record, plan, CUSTOMERS):
        return excluded
    made = mapped(plan, None)
    row = made.row("customer_class", (record["kind"],)) or EMPTY
    own = {"customer_class": "", "terms": row.get("terms", ""), "tax_zone": row.get("tax_zone", "")}
    return [upsert("customer", record, own, made, CUSTOMERS)]


def vendor_commands(record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """What a vendor becomes."""
    if not record["active"]:
        return [NoCommand("excluded", "inactive vendor", VENDORS)]
    made = mapped(plan, None)
    own = {"code": "", "vendor_class": "", "terms": "", "status": "active", "memo": record["memo"]}
    return [upsert("vendor", record, own, made, VENDORS)]
