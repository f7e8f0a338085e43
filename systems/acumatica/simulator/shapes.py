"""The fields of each entity, read from the vendor's OpenAPI document, so that no field list is maintained by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from systems.acumatica.spec import openapi

_REF = "#/components/schemas/"
_SYSTEM = frozenset({"id", "rowNumber", "note", "custom", "error", "files"})

KEYS = {
    "Account": ("AccountCD",),
    "Bill": ("Type", "ReferenceNbr"),
    "Customer": ("CustomerID",),
    "CustomerClass": ("ClassID",),
    "FinancialPeriod": ("FinancialYear",),
    "Invoice": ("Type", "ReferenceNbr"),
    "Ledger": ("LedgerID",),
    "Payment": ("Type", "ReferenceNbr"),
    "PaymentMethod": ("PaymentMethodID",),
    "Project": ("ProjectID",),
    "Subaccount": ("SubaccountCD",),
    "Tax": ("TaxID",),
    "TaxCategory": ("TaxCategoryID",),
    "TaxZone": ("TaxZoneID",),
    "Vendor": ("VendorID",),
    "VendorClass": ("ClassID",),
}
"""Entities that this tenant serves with their keys in screen order (key sets: assumed)."""


@dataclass(frozen=True)
class Shape:
    """The fields of an entity or row: scalar name -> kind (`Decimal`, `String`, ...), linked objects and detail collections."""

    name: str
    scalars: dict[str, str]
    linked: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)

    def part(self, name: str) -> Shape:
        """The shape behind a linked object or a detail collection."""
        return shape(self.linked.get(name) or self.details[name])

    def kind(self, name: str) -> str:
        """Kind of a scalar, as in the document, except that a date without time is `Date`."""
        return self.scalars[name]


@cache
def shape(name: str) -> Shape:
    """The shape of a schema of the document; raises KeyError for one it does not have."""
    found = Shape(name, {}, {}, {})
    for prop, schema in _properties(openapi()["components"]["schemas"][name]).items():
        if prop not in _SYSTEM:
            _add(found, prop, schema)
    return found


def _properties(schema: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        merged.update(part.get("properties", {}))
    return merged


def _add(found: Shape, prop: str, schema: dict[str, Any]) -> None:
    if schema.get("type") == "array":
        found.details[prop] = schema["items"]["$ref"].removeprefix(_REF)
        return
    target = schema["$ref"].removeprefix(_REF)
    if not target.endswith("Value") or target == "AttributeValue":
        found.linked[prop] = target
    elif target == "DateTimeValue" and not prop.endswith("DateTime"):
        found.scalars[prop] = "Date"
    else:
        found.scalars[prop] = target.removesuffix("Value")
