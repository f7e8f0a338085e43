"""Customers and vendors, from canonical to the commands that link them and, if the connection says so, create missing ones. Pure.

Rules: accounting.md 19 (missing ones are created only if the connection allows it), 20 (one record for each, or a summary customer).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from systems.mapped import Draft, NoCommand, Plan
from systems.postings.document import Mapped

ADDRESS = ("street", "unit", "city", "state", "zip", "country", "phone", "email")


def excluded_customer(record: Mapping[str, Any], plan: Plan, flow: str) -> list[NoCommand]:
    """Why a customer gets no record in the ERP: it was merged into another customer, or documents name a summary customer."""
    if record["merged_to_id"]:
        return [NoCommand("excluded", f"merged into {record['merged_to_id']}", flow)]
    if plan.customer_policy == "summary":
        return [NoCommand("excluded", "documents name a summary customer of the business unit", flow)]
    return []


def upsert(entity: str, record: Mapping[str, Any], own: Mapping[str, Any], made: Mapped[Any], flow: str) -> Draft:
    """The one upsert of a customer or vendor, whose op-key never changes: name and address, and the fields that only the target has (`own`)."""
    body = {name: record[name] for name in (*ADDRESS, "name")} | {**own, "create_missing": entity in made.plan.create_missing}
    return Draft(entity, body, flow, "master", action="upsert", unresolved=tuple(made.unresolved))
