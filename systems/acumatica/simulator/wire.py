"""Bodies in and out: value objects, rows, linked objects and user fields, with every digit of an amount kept.

Sources: Integration Development Guide (representation), OpenAPI Default 24.200.001. Refusing unknown fields, unwrapped values, NaN and
duplicate members is stricter than the product (assumed to ignore some of them).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from runtime.simulator.answers import read_json
from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.shapes import Shape

_IGNORED = frozenset({"rowNumber", "_links", "files", "error"})


def bad_request(text: str) -> VendorError:
    """HTTP 400: the data of the request cannot be read."""
    return VendorError(400, f"The request is invalid. {text}", "System.ArgumentException")


def parse(raw: bytes) -> dict[str, Any]:
    """A JSON object with Decimals for fractions; refuses NaN, duplicate members and anything that is not an object."""
    try:
        body = read_json(raw)
    except ValueError as error:
        raise bad_request(f"JSON: {error}") from error
    if not isinstance(body, dict):
        raise bad_request("The body must be a JSON object.")
    return body


def read(body: dict[str, Any], shape: Shape, user_fields: frozenset[str]) -> Node:
    """The draft in a body: only what was sent; a cleared value is None."""
    draft = Node()
    for name, value in body.items():
        if name in shape.scalars:
            draft.values[name] = _scalar(value, shape.kind(name), f"{shape.name}.{name}")
        elif name in shape.details:
            draft.details[name] = [read(_member(row, name), shape.part(name), user_fields) for row in _rows(value, name)]
        elif name in shape.linked:
            draft.linked[name] = read(_member(value, name), shape.part(name), user_fields)
        elif name not in _IGNORED:
            _system(draft, name, value, shape, user_fields)
    return draft


def _system(draft: Node, name: str, value: Any, shape: Shape, user_fields: frozenset[str]) -> None:
    if name == "id":
        draft.id = _guid(value, "id")
    elif name == "delete" and isinstance(value, bool):
        draft.delete = value
    elif name == "note":
        draft.note = _scalar(value, "String", "note") or ""
    elif name == "custom" and isinstance(value, dict):
        draft.custom = _custom(value, user_fields)
    else:
        raise bad_request(f"'{name}' is not a field of {shape.name}.")


def _custom(value: dict[str, Any], user_fields: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for view, members in value.items():
        for name, wrapped in _member(members, view).items():
            if f"{view}.{name}" not in user_fields:
                raise bad_request(f"'{view}.{name}' is not a user field of this tenant.")
            if not isinstance(wrapped, dict) or wrapped.get("type") != "CustomStringField":
                raise bad_request(f"'{view}.{name}' must be an object with type CustomStringField and value.")
            found[f"{view}.{name}"] = wrapped.get("value") or ""
    return found


def _member(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise bad_request(f"'{name}' must be an object.")


def _rows(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise bad_request(f"'{name}' must be an array.")


def _scalar(wrapped: Any, kind: str, where: str) -> Any:
    if not isinstance(wrapped, dict) or not wrapped.keys() <= {"value", "error"}:
        raise bad_request(f"'{where}' must be an object with the member 'value'.")
    value = wrapped.get("value")
    if value is None or value == "":
        return None
    try:
        return _READERS[kind](value)
    except (TypeError, ValueError, InvalidOperation) as error:
        raise bad_request(f"'{value}' is not valid for '{where}' ({kind}).") from error


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value.rstrip()


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError("not a number")
    return Decimal(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not an integer")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("not a boolean")
    return value


def _date(value: Any) -> date:
    return datetime.fromisoformat(value).date()  # the date as printed, never moved to another zone


def _guid(value: Any, where: str = "") -> str:
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError) as error:
        raise bad_request(f"'{value}' is not a GUID {where}.") from error


_READERS: dict[str, Callable[[Any], Any]] = {
    "String": _string,
    "Decimal": _decimal,
    "Int": _integer,
    "Short": _integer,
    "Long": _integer,
    "Boolean": _boolean,
    "Date": _date,
    "DateTime": datetime.fromisoformat,
    "Guid": _guid,
}
