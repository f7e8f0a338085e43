"""Single values of ServiceTitan's JSON, read strictly: money in both spellings, dates, instants, texts. Pure and quick.

Facts (OpenAPI, developer documentation's samples): amounts are decimal strings in invoices, payments and bills and JSON numbers
elsewhere; instants are UTC with up to seven places; `invoiceDate` and the like are calendar dates spelled as midnight Z and must
not be shifted; almost anything can be null. What is not a plain decimal ("1,234.56", 1e3, too many places) is `Malformed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runtime.errors import Malformed
from systems.numbers import MONEY, QUANTITY, near, number

Row = Mapping[str, Any]

_MONEY = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,4}0{0,36})?")
_MIDNIGHT = re.compile(r"(?:T00:00:00(?:\.0+)?(?:Z|\+00:00)?)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<unseen>script|style)\b[^<>]*+>.*?(?:</(?P=unseen)\s*+>|\Z)|<(?P<tag>/?[a-z][^\s<>/]*+)[^<>]*+>|<[!?][^<>]*+>",
    re.DOTALL | re.IGNORECASE,
)
"""What a reader of a page does not see. The standard library's parser took 31 s for 30 KB of tags that never end."""
_BLOCKS = ("br", "p", "div", "li", "tr")
_LONG_REFERENCE = re.compile(r"&#x?[0-9a-f]{8,}+;?", re.IGNORECASE)
_LARGEST_ID = 2**63
ZERO = Decimal("0.00")
_CENT = Decimal("0.01")


def money(row: Row, name: str) -> Decimal:
    """An amount with at most 15 digits before the point and 4 behind it. Raises `Malformed` for everything else, null included."""
    value = row.get(name)
    try:
        return _exact(value if type(value) is str else _spelled(value))
    except Malformed as error:
        raise Malformed(f"{name}: {error}") from error


def money_or_zero(row: Row, name: str) -> Decimal:
    """An amount whose absence means that there is none."""
    return ZERO if row.get(name) is None else money(row, name)


def near_money(row: Row, name: str, notes: list[str]) -> Decimal | None:
    """An amount that is not posted; see `systems.numbers.near`."""
    return near(row.get(name), MONEY, name, notes)


def quantity(row: Row, name: str, notes: list[str]) -> Decimal | None:
    """A quantity or price of a unit; see `systems.numbers.near`."""
    return near(row.get(name), QUANTITY, name, notes)


def product(row: Row, count: str, price: str) -> Decimal:
    """What a line comes to, in cents, half up, where only its quantity and price are told: of all of their places. Raises `Malformed`."""
    factors = [number(row.get(name)) for name in (count, price)]
    if factors[0] is None or factors[1] is None:
        raise Malformed(f"there is no {count} or no {price}")
    with localcontext(prec=100):
        found = (factors[0] * factors[1]).quantize(_CENT, ROUND_HALF_UP)
    if not -MONEY.bound < found < MONEY.bound:
        raise Malformed(f"{count} times {price} is beyond {MONEY.bound:f}")
    return found


def _spelled(value: Any) -> str:
    if type(value) is Decimal or type(value) is int:
        return str(value)
    raise Malformed("null instead of an amount" if value is None else f"{type(value).__name__} instead of an amount")


@lru_cache(maxsize=65536)
def _exact(text: str) -> Decimal:
    if not _MONEY.fullmatch(text):
        raise Malformed(f"{text[:40]!r} is no plain decimal with at most 4 places")
    found = Decimal(text) + 0  # -0.00 is 0.00
    kept = found.quantize(MONEY.unit)
    return kept if len(text) > len(str(kept)) else found


def text(row: Row, name: str) -> str:
    """A text as it stands; "" for null. A number is taken as its digits (enumerations were seen as numbers)."""
    value = row.get(name)
    if value is None:
        return ""
    if type(value) is str:
        return value
    if type(value) is int or type(value) is Decimal:
        return str(value)
    raise Malformed(f"{name}: {type(value).__name__} instead of a text")


def flag(row: Row, name: str, *, absent: bool) -> bool:
    """A yes or no; `absent` where it is null or not there."""
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
    raise Malformed(f"{name}: {str(value)[:40]!r} is no id")


def required_id(row: Row, name: str = "id") -> str:
    """An id that has to be there."""
    found = identifier(row, name)
    if not found:
        raise Malformed(f"{name}: there is none")
    return found


def nested(row: Row, name: str) -> Row:
    """An object inside; empty for null."""
    value = row.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise Malformed(f"{name}: {type(value).__name__} instead of an object")


def rows(row: Row, name: str) -> list[Row]:
    """The objects of a list inside; empty for null."""
    value = row.get(name)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        return value
    raise Malformed(f"{name}: not a list of objects")


def day(row: Row, name: str, zone: str) -> date | None:
    """A calendar date: midnight Z is not shifted, a real timestamp is its day in `zone`. Null and .NET's year 1 are no date."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise Malformed(f"{name}: {type(value).__name__} instead of a date")
    try:
        return _day(value, zone)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{name}: {value[:40]!r} is no date") from error


@lru_cache(maxsize=16384)
def _day(value: str, zone: str) -> date | None:
    if _MIDNIGHT.fullmatch(value, 10):
        found = date.fromisoformat(value[:10])
    else:
        moment = datetime.fromisoformat(value)
        found = moment.astimezone(time_zone(zone)).date() if moment.tzinfo else moment.date()
    return None if found.year == 1 else found


def instant(row: Row, name: str) -> datetime | None:
    """An instant in UTC, to the microsecond; one without a zone is UTC (assumed). Null and .NET's year 1 are none."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if type(value) is not str:
        raise Malformed(f"{name}: {type(value).__name__} instead of an instant")
    try:
        found = datetime.fromisoformat(value)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise Malformed(f"{name}: {value[:40]!r} is no instant") from error
    return None if found.year == 1 else found


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """The named zone. Raises ValueError for a name that is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone") from error


def currency(row: Row, name: str) -> str:
    """An ISO 4217 code as it has to be spelled; "" for null."""
    value = text(row, name)
    if value and not _CURRENCY.fullmatch(value):
        raise Malformed(f"{name}: {value[:10]!r} is no currency code")
    return value


def plain(row: Row, name: str) -> str:
    """A text of format html without its markup, one line per block."""
    value = text(row, name)
    if "<" not in value and "&" not in value:
        return value.strip()
    shown = unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", _MARKUP.sub(_break, value)))
    return "\n".join(line for line in (" ".join(part.split()) for part in shown.splitlines()) if line)


def _break(found: re.Match[str]) -> str:
    return "\n" if (found["tag"] or "").lower() in _BLOCKS else ""
