"""The facts of the vendor's modules that are used, one table for each, as its OpenAPI documents state them.

Source: ServiceTitan's own OpenAPI 3.1 documents (developer.servicetitan.io, snapshot of 2026-05-21), condensed by `python -m runtime.facts`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from runtime.facts.document import openapi_of

MODULES = ("accounting", "crm", "inventory", "jpm", "settings", "pricebook")


@cache
def openapi(module: str) -> dict[str, Any]:
    """The OpenAPI document that a module's facts stand for; callers must not change it."""
    return openapi_of(Path(__file__).with_name(f"{module}-v2.tsv"))


def schemas(module: str) -> dict[str, Any]:
    """The component schemas of a module by name."""
    found: dict[str, Any] = openapi(module)["components"]["schemas"]
    return found
