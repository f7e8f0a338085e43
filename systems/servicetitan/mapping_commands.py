"""What an ERP's records become in ServiceTitan. Pure, and the same for every ERP; the connection decides which flow brings them.

Vendors (accounting.md 21): the ERP owns code, name, status, address and terms; ServiceTitan owns memo, delivery option and contacts. Tax ids
and bank details have no field in the command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.postings.document import Mapped
from systems.postings.masters import upsert
from systems.servicetitan.mapping_orders import orders
from systems.servicetitan.order_lines import ORDER

VENDOR = "vendor"
VENDOR_TERM = "vendor_term"
"""Crosswalk table: the ERP's payment term -> id of a payment term here. A term without a row is not sent."""


def commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
    """The commands of a record of the other side; none if no flow brings such records here."""
    flows = plan.towards.get(entity, ())
    if not flows:
        return []
    if entity == ORDER:
        return orders(record, plan, flows[0])
    if entity != VENDOR:
        return []
    made = Mapped(plan, plan.settings, None)
    return [upsert(VENDOR, record, _own(record, made), made, flows[0])]


def _own(record: Mapping[str, Any], made: Mapped[Any]) -> dict[str, Any]:
    row = made.row(VENDOR_TERM, (record["payment_term_id"] or "",))
    return {
        "code": record["code"] or record["source_id"],
        "vendor_class": "",
        "terms": (row or {}).get("payment_term_id", ""),
        "status": "active" if record["active"] else "inactive",
        "memo": "",
    }
