"""How much of a record an answer shows: `$select`, `$expand`, `$custom`, and the wrapping of its values.

Source: Integration Development Guide: contract 4 expands nothing by itself, an empty field is `{}`; field notes: an unknown field in
`$select` answers 500 KeyNotFoundException.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from systems.acumatica.simulator.answers import unknown_field
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.shapes import Shape


@dataclass
class View:
    """What is shown of one level: `scalars` None = all; `parts` are the expanded collections and linked objects."""

    scalars: set[str] | None = None
    parts: dict[str, View] = field(default_factory=dict)
    files: bool = False
    custom: tuple[str, ...] = ()


def view_of(query: Mapping[str, str], shape: Shape, user_fields: frozenset[str]) -> View:
    """The view that a query asks for; refuses names that the endpoint does not have."""
    view = View()
    for path in _names(query.get("$expand", "")):
        _expand(view, path.split("/"), shape)
    for path in _names(query.get("$select", "")):
        _select(view, path.split("/"), shape, path)
    view.custom = tuple(_names(query.get("$custom", "")))
    for name in view.custom:
        if name not in user_fields:
            raise unknown_field(name)
    return view


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _expand(view: View, path: list[str], shape: Shape) -> None:
    head, rest = path[0], path[1:]
    if head == "files" and not rest:
        view.files = True
        return
    if head not in shape.details and head not in shape.linked:
        raise unknown_field(head)
    part = view.parts.setdefault(head, View())
    if rest:
        _expand(part, rest, shape.part(head))


def _select(view: View, path: list[str], shape: Shape, whole: str) -> None:
    head, rest = path[0], path[1:]
    if rest and (head in shape.details or head in shape.linked):
        if head in view.parts:  # a selected part that is not expanded stays absent
            _select(view.parts[head], rest, shape.part(head), whole)
        if view.scalars is None:
            view.scalars = set()
        return
    if rest or (
        head not in shape.scalars and head not in shape.details and head not in shape.linked and head not in ("id", "note")
    ):
        raise unknown_field(whole)
    view.scalars = (view.scalars or set()) | {head}


def wrap(node: Node, shape: Shape, view: View, row_number: int = 1) -> dict[str, Any]:
    """The node as the wire shows it."""
    body: dict[str, Any] = {"id": node.id, "rowNumber": row_number, "note": {"value": node.note} if node.note else {}}
    values, shown = node.values, view.scalars
    for name in shape.scalars:
        if shown is None or name in shown:
            value = values.get(name)
            body[name] = {} if value is None or value == "" else {"value": _wire(value)}
    for name, part in view.parts.items():
        body[name] = _part(node, shape, name, part)
    body["custom"] = _custom(node, view.custom)
    if view.files:
        body["files"] = node.hidden.get("files", [])
    return body


def _part(node: Node, shape: Shape, name: str, view: View) -> Any:
    if name in shape.details:
        return [wrap(row, shape.part(name), view, number) for number, row in enumerate(node.details.get(name, []), 1)]
    return wrap(node.linked.get(name) or Node(id=node.id), shape.part(name), view)


def _custom(node: Node, names: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        view, _, member = name.partition(".")
        value = node.custom.get(name)
        found.setdefault(view, {})[member] = {"type": "CustomStringField"} | ({"value": value} if value else {})
    return found


def _wire(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return f"{value.isoformat()}T00:00:00+00:00" if isinstance(value, date) else value
