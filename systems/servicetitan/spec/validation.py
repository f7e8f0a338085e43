"""How the vendor's documents are held against exchanges; for tests. One validator per module, for each document has its own base."""

from __future__ import annotations

from runtime.simulator.openapi import Reading, Validator
from systems.servicetitan.spec import MODULES, openapi


def validators() -> list[Validator]:
    """A validator per module; make them once per session of tests, since each operation is compiled once."""
    return [Validator(openapi(module), Reading(base=f"/{module}/v2")) for module in MODULES]
