"""The work of one write: the draft that was sent, the record as it will be, and the errors found so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.tenant import Change, Tenant

Path = tuple[str | int, ...]
LENGTHS = {
    "AccountRef": 50,
    "CustomerID": 30,
    "CustomerOrder": 40,
    "Description": 256,
    "ExternalRef": 40,
    "PaymentRef": 40,
    "TransactionDescription": 256,
    "VendorID": 30,
    "VendorRef": 40,
}
"""Longest texts (assumed; the product may cut instead of refusing)."""


@dataclass
class Work:
    """One write in progress; `before` is None for an insert, `branch` and `business_date` come from the PX-CbApi headers."""

    tenant: Tenant
    entity: str
    draft: Node
    node: Node
    before: Node | None
    branch: str = ""
    business_date: date | None = None
    errors: dict[Path, str] = field(default_factory=dict)
    also: list[Change] = field(default_factory=list)

    @property
    def released(self) -> bool:
        """Whether the record is booked already."""
        return self.before is not None and bool(self.before.hidden.get("released"))

    def refuse(self, path: Path, text: str) -> None:
        """Note what is wrong with the value at `path`, () = the record as a whole. Only the first error of a value is kept."""
        self.errors.setdefault(path, f"{path[-1]}: {text}" if path else text)

    def require(self, name: str) -> bool:
        """Whether the field has a value; notes the error if not."""
        if self.node.values.get(name) in (None, ""):
            self.refuse((name,), f"'{name}' cannot be empty.")
            return False
        return True

    def exists(self, name: str, entity: str, path: Path | None = None, value: str | None = None) -> Node | None:
        """The master record that a field names; notes the error if there is none. An empty field is not an error."""
        text = self.node.text(name) if value is None else value
        if not text:
            return None
        found = self.tenant.table(entity).by_keys(text)
        if found is None:
            self.refuse(path or (name,), f"'{text}' cannot be found in the system.")
        return found

    def one_of(self, name: str, allowed: tuple[str, ...]) -> None:
        """Note an error unless the field has one of the list's values."""
        text = self.node.text(name)
        if text and text not in allowed:
            self.refuse((name,), f"'{text}' is not one of the allowed values: {', '.join(allowed)}.")

    def cents(self, node: Node, name: str, path: Path) -> None:
        """Note an error for an amount with more digits than the currency has (assumed: the product rounds)."""
        value = node.values.get(name)
        if value is not None and value != value.quantize(Decimal("0.01")):
            self.refuse(path, f"'{value}' has more decimals than the currency.")

    def lengths(self) -> None:
        """Note an error for each text that is too long."""
        for name, value in self.node.values.items():
            if isinstance(value, str) and len(value) > LENGTHS.get(name, 255):
                self.refuse((name,), f"The string is longer than {LENGTHS.get(name, 255)} characters.")

    def default(self, name: str, value: Any) -> None:
        """Fill an empty field."""
        if self.node.values.get(name) in (None, "") and value not in (None, ""):
            self.node.values[name] = value
