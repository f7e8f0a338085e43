"""Existing customers and vendors, with the variants that make a first match hard; and the truth about them, for tests."""

from __future__ import annotations

from typing import Any

from systems.acumatica.simulator.tenant import Tenant


def plant_masters(tenant: Tenant, customers: int, vendors: int) -> dict[str, Any]:
    """Plant so many customers and vendors; returns the truth."""
    return truth(tenant)


def truth(tenant: Tenant) -> dict[str, Any]:
    """Which record is which person of `runtime/simulator/people.py`."""
    return {"customers": [], "vendors": []}
