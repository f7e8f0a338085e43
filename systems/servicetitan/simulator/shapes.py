"""Rows exactly as the vendor's OpenAPI documents declare them: every declared member is present, and no other.

A row is kept as the list shows it; money and other decimals are texts inside, so that no digit is lost. Members that begin with
an underscore are the simulator's own and never leave it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import orjson

from systems.servicetitan.spec import schemas

Row = dict[str, Any]
Shown = Callable[[Any], Any]
_EMPTY: dict[str, Any] = {"string": "", "boolean": False, "integer": 0, "number": "0", "array": (), "object": None}


def filled(module: str, schema: str, values: Row) -> Row:
    """A row with every member of `schema`. Members that `values` leaves out are null, or empty if null is not allowed.

    Raises KeyError for a member that the schema does not name, because the simulator must not invent one.
    """
    defaults = _defaults(module, schema)
    unknown = [name for name in values if name not in defaults and not name.startswith("_")]
    if unknown:
        raise KeyError(f"{schema} has no member {', '.join(unknown)}")
    row = {name: ([] if default == () else default) for name, default in defaults.items()}
    return row | values


def shown(module: str, schema: str, row: Row) -> Row:
    """A row as `schema` sends it: only its members, with decimals as JSON numbers if the document says number."""
    view = _view(module, schema)
    found: Row = view(row)
    return found


def decimal_number(value: Any) -> Any:
    """A decimal text as a JSON number with all its digits, never converted through a float."""
    return orjson.Fragment(value.encode()) if isinstance(value, str) else value


@cache
def _defaults(module: str, schema: str) -> Row:
    members = _members(module, schemas(module)[schema])
    return {name: _default(module, member) for name, member in members.items()}


def _default(module: str, member: Row) -> Any:
    if _is_nullable(member):
        return None
    target = _target(module, member)
    if "enum" in target:
        return target["enum"][0]
    if "properties" in target or "allOf" in target:
        return None  # a required object: a test against the document notices if it is missing
    kind = target.get("type")
    return _EMPTY.get(kind if isinstance(kind, str) else "", "")


def _is_nullable(member: Row) -> bool:
    kind = member.get("type")
    return (isinstance(kind, list) and "null" in kind) or {"type": "null"} in member.get("oneOf", [])


def _target(module: str, member: Row) -> Row:
    """The schema behind `$ref` or a one-of with null."""
    for candidate in (member, *member.get("oneOf", [])):
        if "$ref" in candidate:
            found: Row = schemas(module)[candidate["$ref"].rsplit("/", 1)[1]]
            return found
    return member


def _members(module: str, schema: Row) -> Row:
    found: Row = {}
    for part in schema.get("allOf", []):
        found |= _members(module, _target(module, part))
    found |= schema.get("properties", {})
    return found


@cache
def _view(module: str, schema: str) -> Shown:
    return _object_view(_members(module, schemas(module)[schema]), module)


def _object_view(declared: Row, module: str) -> Shown:
    members = [(name, _shown_as(module, member)) for name, member in declared.items()]
    plain = [name for name, change in members if change is None]
    changed = [(name, change) for name, change in members if change is not None]

    def view(row: Any) -> Any:
        if row is None:
            return None
        found = {name: row.get(name) for name in plain}
        found.update((name, change(row.get(name))) for name, change in changed)
        return found

    return view


def _shown_as(module: str, member: Row) -> Shown | None:
    """How a member is written; None if it is written unchanged."""
    target = _target(module, member)
    kinds = target.get("type")
    kind = next(iter(k for k in kinds if k != "null"), "") if isinstance(kinds, list) else kinds
    if kind == "number":
        return decimal_number
    if kind == "array":
        inner = _shown_as(module, target["items"])
        return None if inner is None else lambda values: values and [inner(value) for value in values]
    members = _members(module, target)
    return _object_view(members, module) if members else None
