"""Single values of a plain JSON object, read strictly: money in both spellings, instants, texts, ids. Pure and quick.

Each fits a member of an object such as `{"id": 7, "total": "12.50", "active": true, "modifiedOn": "2026-03-10T12:00:00.1234567Z", "items": null}`:
amounts are numbers or texts of plain digits, almost anything can be null. What is not a plain decimal ("1,234.56", 1e3, too many places)
is `Malformed`, and so is a value of another type; the words begin with the member's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import Any, TypeVar

from runtime.errors import Malformed
from systems.values.instants import moment
from systems.values.numbers import MONEY, QUANTITY, near, number

Row = Mapping[str, Any]
T = TypeVar("T")

_MONEY = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,4}0{0,36})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LARGEST_ID = 2**63
ZERO = Decimal("0.00")
_CENT = Decimal("0.01")


def money(row: Row, name: str) -> Decimal:
    """An amount with at most 15 digits before the point and 4 after it. Raises `Malformed` for everything else, null included."""
    value = row.get(name)
    try:
        return _exact(value if type(value) is str else _spelled(value))
    except Malformed as error:
        raise Malformed(f"{name}: {error}") from error


def money_or_zero(row: Row, name: str) -> Decimal:
    """An amount; zero if it is null or absent."""
    return ZERO if row.get(name) is None else money(row, name)


def near_money(row: Row, name: str, notes: list[str]) -> Decimal | None:
    """An amount that is not posted; see `systems.values.numbers.near`."""
    return near(row.get(name), MONEY, name, notes)


def quantity(row: Row, name: str, notes: list[str]) -> Decimal | None:
    """A quantity or price of a unit; see `systems.values.numbers.near`."""
    return near(row.get(name), QUANTITY, name, notes)


def product(row: Row, count: str, price: str) -> Decimal:
    """The amount of a line in cents, rounded half up, if only its quantity and price are given. All of their places count. Raises `Malformed`."""
    exact = exact_product(row, count, price)
    with localcontext(prec=200):
        found = exact.quantize(_CENT, ROUND_HALF_UP)
    if not -MONEY.bound < found < MONEY.bound:
        raise Malformed(f"{count} times {price} is beyond {MONEY.bound:f}")
    return found


def exact_product(row: Row, count: str, price: str) -> Decimal:
    """Quantity times price with all places of both. Raises `Malformed` if one of them is not a number."""
    factors = [number(row.get(name)) for name in (count, price)]
    if factors[0] is None or factors[1] is None:
        raise Malformed(f"there is no {count} or no {price}")
    with localcontext(prec=200):
        return factors[0] * factors[1]


def _spelled(value: Any) -> str:
    if type(value) is Decimal or type(value) is int:
        return str(value)
    raise Malformed("null instead of an amount" if value is None else f"{type(value).__name__} instead of an amount")


@lru_cache(maxsize=65536)
def _exact(text: str) -> Decimal:
    if not _MONEY.fullmatch(text):
        raise Malformed(f"{text[:40]!r} is not a plain decimal with at most 4 places")
    found = Decimal(text) + 0  # -0.00 is 0.00
    kept = found.quantize(MONEY.unit)
    return kept if len(text) > len(str(kept)) else found


def text(row: Row, name: str) -> str:
    """A text as it is; "" for null. A number becomes its digits, because enumerations have been seen as numbers."""
    value = row.get(name)
    if value is None:
        return ""
    if type(value) is str:
        return value
    if type(value) is int or type(value) is Decimal:
        return str(value)
    raise Malformed(f"{name}: {type(value).__name__} instead of a text")


def flag(row: Row, name: str, *, absent: bool) -> bool:
    """True or false; `absent` if it is null or absent."""
    value = row.get(name)
    if value is None:
        return absent
    if type(value) is bool:
        return value
    raise Malformed(f"{name}: {str(value)[:40]!r} instead of true or false")


def identifier(row: Row, name: str) -> str:
    """An id as text; "" for null and for 0, which means none (membershipTypeId)."""
    value = row.get(name)
    if value is None or value == 0:
        return ""
    if type(value) is int and 0 < value < _LARGEST_ID:
        return str(value)
    if type(value) is str and value.isascii() and len(value) <= 64:
        return value
    raise Malformed(f"{name}: {str(value)[:40]!r} is not an id")


def required_id(row: Row, name: str = "id") -> str:
    """An id that is required."""
    found = identifier(row, name)
    if not found:
        raise Malformed(f"{name}: there is none")
    return found


def nested(row: Row, name: str) -> Row:
    """A nested object; empty for null."""
    value = row.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise Malformed(f"{name}: {type(value).__name__} instead of an object")


def rows(row: Row, name: str) -> list[Row]:
    """The objects of a nested list; empty for null."""
    value = row.get(name)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise Malformed(f"{name}: not a list of objects")


def instant(row: Row, name: str) -> datetime | None:
    """An instant in UTC, to the microsecond; None for null and for .NET's year 1. A time without a zone counts as UTC (assumed)."""
    found = timed(row, name, "an instant", moment)
    return None if found is None or found.year == 1 else found


def timed(row: Row, name: str, what: str, read: Callable[[str], T]) -> T | None:
    """A time that is written as text, as `read` makes it of the text; None for null. `what` it has to be ("a date") is named in errors."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise Malformed(f"{name}: {type(value).__name__} instead of {what}")
    try:
        return read(value)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{name}: {value[:40]!r} is no {what.rpartition(' ')[2]}") from error


def currency(row: Row, name: str) -> str:
    """An ISO 4217 code in its exact spelling; "" for null."""
    value = text(row, name)
    if value and not _CURRENCY.fullmatch(value):
        raise Malformed(f"{name}: {value[:10]!r} is not a currency code")
    return value
