"""The company and its branches, and the inquiry CompaniesStructure (screen CS401000) that lists them."""

from __future__ import annotations

from typing import Any

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.shapes import shape
from systems.acumatica.simulator.tenant import Tenant
from systems.acumatica.simulator.view import View, wrap

COMPANY = "ACME"
COMPANY_NAME = "Acme Heating, Air and Plumbing"
BRANCHES = (("MAIN", "Main Branch"), ("EAST", "East Branch"), ("WEST", "West Branch"))


def companies_structure(tenant: Tenant, expanded: bool) -> dict[str, Any]:
    """The inquiry's answer; its rows only with `$expand=Results`."""
    rows = [_row(tenant, code, name) for code, name in BRANCHES]
    node = Node(id=tenant.new_id("CompaniesStructure"), details={"Results": rows})
    return wrap(node, shape("CompaniesStructure"), View(parts={"Results": View()} if expanded else {}))


def _row(tenant: Tenant, code: str, name: str) -> Node:
    values = {
        "BaseCurrencyID": tenant.settings.currency,
        "BranchCountry": "US",
        "BranchID": code,
        "BranchName": name,
        "BranchStatus": True,
        "CompanyID": COMPANY,
        "CompanyName": COMPANY_NAME,
        "CompanyStatus": True,
        "CompanyType": "With Branches Not Requiring Balancing",
    }
    return Node(id=tenant.new_id("branch", code), values=values)
