"""A record or row as the tenant keeps it: unwrapped values, rows, linked objects, user fields.

Values are str, Decimal, int, bool, date (dates without time) or aware datetime. A stored node is never changed in place:
a write works on a copy, so that an earlier version can still be shown by a stale search.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from systems.acumatica.simulator.shapes import Shape


@dataclass(slots=True)
class Node:
    """One record, row or linked object. `hidden` holds what the screens do not show (which rows are already booked)."""

    id: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    details: dict[str, list[Node]] = field(default_factory=dict)
    linked: dict[str, Node] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    delete: bool = False
    hidden: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text value, "" where empty."""
        return self.values.get(name) or ""

    def money(self, name: str) -> Decimal:
        """A decimal value, 0 where empty."""
        return self.values.get(name) or Decimal(0)

    def rows(self, name: str) -> list[Node]:
        """The rows of a detail collection, to read or to append to."""
        return self.details.setdefault(name, [])

    def copy(self) -> Node:
        """A copy that shares nothing mutable."""
        return Node(
            self.id,
            dict(self.values),
            {name: [row.copy() for row in rows] for name, rows in self.details.items()},
            {name: part.copy() for name, part in self.linked.items()},
            dict(self.custom),
            self.note,
            self.delete,
            dict(self.hidden),
        )


def to_store(node: Node) -> dict[str, Any]:
    """The node as the store keeps it."""
    body: dict[str, Any] = {"id": node.id, "v": {k: _plain(v) for k, v in node.values.items() if v is not None}}
    if node.details:
        body["d"] = {name: [to_store(row) for row in rows] for name, rows in node.details.items()}
    if node.linked:
        body["l"] = {name: to_store(part) for name, part in node.linked.items()}
    for key, value in (("c", node.custom), ("n", node.note), ("h", node.hidden)):
        if value:
            body[key] = value
    return body


def from_store(body: dict[str, Any], shape: Shape) -> Node:
    """The node that `to_store` wrote, its values typed again by the shape."""
    return Node(
        body["id"],
        {name: _typed(value, shape.kind(name)) for name, value in body["v"].items()},
        {name: [from_store(row, shape.part(name)) for row in rows] for name, rows in body.get("d", {}).items()},
        {name: from_store(part, shape.part(name)) for name, part in body.get("l", {}).items()},
        body.get("c", {}),
        body.get("n", ""),
        False,
        body.get("h", {}),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _typed(value: Any, kind: str) -> Any:
    if kind == "Decimal":
        return Decimal(value)
    if kind == "Date":
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if kind == "DateTime" else value
