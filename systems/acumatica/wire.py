"""Acumatica's value objects: how a scalar is wrapped, and how it is read back. Pure.

Source: OpenAPI Default 24.200.001 (StringValue, DecimalValue, ...), Integration Development Guide. Every scalar is `{"value": ..}`, and an empty one
is `{}`. Date-only fields come as midnight with an offset and are taken as printed, never shifted to another zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from runtime.errors import Malformed
from systems.values.instants import moment, sortable
from systems.values.numbers import MONEY, cents_of, near

Row = Mapping[str, Any]


def wrapped(value: Any) -> dict[str, Any]:
    """A scalar as a value object. A date is midnight without an offset (assumed to be accepted, because the screen keeps the date alone)."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return {"value": f"{value.isoformat()}T00:00:00"}
    return {"value": value}


def body(**fields: Any) -> dict[str, Any]:
    """Value objects for the fields that have a value: None and "" are left out, False and zero are sent."""
    return {name: wrapped(value) for name, value in fields.items() if value is not None and value != ""}


def scalar(row: Row, name: str) -> Any:
    """The value of a field; None for an absent field, `{}` and null. Raises `Malformed` if it is not a value object."""
    found = row.get(name)
    if found is None:
        return None
    if not isinstance(found, dict):
        raise Malformed(f"acumatica: {name} is not a value object")
    return found.get("value")


def text(row: Row, name: str) -> str:
    """A text; "" if the field is empty."""
    value = scalar(row, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"acumatica: {name} is not text")
    return value.strip()


def money(row: Row, name: str) -> Decimal:
    """An amount; zero if the field is empty."""
    return optional_money(row, name) or Decimal(0)


def optional_money(row: Row, name: str) -> Decimal | None:
    """An amount, or None if the field is empty."""
    value = scalar(row, name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Malformed(f"acumatica: {name} is not a number")
    return Decimal(value)


def near_money(row: Row, name: str, notes: list[str]) -> Decimal | None:
    """An amount on which no posting depends (`systems.values.numbers.near`). Raises `Malformed` if it is not an amount at all."""
    value = optional_money(row, name)
    if value is not None and not -MONEY.bound < value < MONEY.bound:
        raise Malformed(f"acumatica: {name} is beyond {MONEY.bound:f}")
    return near(value, MONEY, name, notes)


def flag(row: Row, name: str) -> bool | None:
    """True or false; None if the field is empty."""
    value = scalar(row, name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"acumatica: {name} is neither true nor false")
    return value


def day(row: Row, name: str) -> date | None:
    """The date as it is printed; None if the field is empty."""
    value = text(row, name)
    if not value:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError as error:
        raise Malformed(f"acumatica: {name} is not a date: {value[:30]!r}") from error


def instant(row: Row, name: str) -> datetime | None:
    """An instant in UTC; None if the field is empty. A time without an offset counts as UTC (assumed)."""
    value = text(row, name)
    if not value:
        return None
    try:
        return moment(value)
    except ValueError as error:
        raise Malformed(f"acumatica: {name} is not an instant: {value[:40]!r}") from error


def version_of(row: Row, name: str = "LastModifiedDateTime") -> str:
    """A change time as text that sorts by time: UTC, seven places, Z. It is "" if the entity has none or it cannot be read."""
    found = row.get(name)
    return sortable(found.get("value")) if isinstance(found, dict) else ""


def rows(row: Row, name: str) -> list[Row]:
    """The detail rows; empty if the collection was not expanded or has no rows."""
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Malformed(f"acumatica: {name} is not a list of rows")
    return list(found)


def linked(row: Row, name: str) -> Row:
    """A linked object; empty if it was not expanded."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def quoted(value: str) -> str:
    """A text for `$filter`: in single quotes, with the quotes inside doubled, so that a value never becomes a condition."""
    return "'" + value.replace("'", "''") + "'"


cents = partial(cents_of, "acumatica")
"""An amount with two places. Raises `Malformed` if it has more."""
