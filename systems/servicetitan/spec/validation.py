"""Compares exchanges with the vendor's documents; for tests. One validator per module, because each document has its own base."""

from __future__ import annotations

from runtime.simulator.openapi import Reading, Validator
from systems.servicetitan.spec import MODULES, openapi


def validators() -> list[Validator]:
    """A validator per module. Make them once per test session, because each compiles its operations once."""
    return [Validator(openapi(module), Reading(base=f"/{module}/v2")) for module in MODULES]
