"""The vendor's OpenAPI documents of the modules that are used, as committed beside this file.

Source: ServiceTitan's own OpenAPI 3.1 documents (developer.servicetitan.io, snapshot of 2026-05-21), without white space and without the
vendor's prose (descriptions, summaries, titles of shapes): paths, shapes, types and formats are facts and are as published. Their `example` values are placeholders, not data.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

MODULES = ("accounting", "crm", "inventory", "jpm", "settings", "pricebook")


@cache
def openapi(module: str) -> dict[str, Any]:
    """The OpenAPI document of a module, parsed; callers must not change it."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name(f"{module}-v2.json").read_bytes())
    return found


def schemas(module: str) -> dict[str, Any]:
    """The component schemas of a module by name."""
    found: dict[str, Any] = openapi(module)["components"]["schemas"]
    return found


def operation(module: str, method: str, path: str) -> dict[str, Any] | None:
    """The definition of `method` at a path under the tenant (`/customers/{id}`); None where the document has none."""
    found: dict[str, Any] | None = openapi(module)["paths"].get("/tenant/{tenant}" + path, {}).get(method.lower())
    return found


def scopes() -> list[str]:
    """Every scope of these modules, sorted."""
    names: set[str] = set()
    for module in MODULES:
        names |= set(openapi(module)["components"]["securitySchemes"]["oauth"]["flows"]["clientCredentials"]["scopes"])
    return sorted(names)
