"""One row of a query as its columns: names without the record's alias, texts without blanks, dates, amounts. Pure.

Facts (PeopleBooks, public clients): each row has `attr:rownumber`, counted from 1; columns carry the record's alias (`A.`) unless the query names
them; values are texts. CHAR columns are never null: an empty one is a blank. Dates are yyyy-MM-dd, amounts 26.3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from runtime.json import Unreadable, decimal_text

Row = Mapping[str, str]
"""Columns by name without alias; texts without blanks at both ends, "" for empty ones."""

_NUMBER = "attr:rownumber"
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])")
_AMOUNT = re.compile(r"-?[0-9]{1,23}(\.[0-9]{1,3})?")


def numbered(value: Any, number: int) -> Row:
    """The row of a page with this number: by its column names, or `Torn`. Raises `Malformed` if it is not such a row."""
    if isinstance(value, Unreadable):
        return _torn(value.members)
    told = value.get(_NUMBER) if isinstance(value, dict) else None
    if told != number or isinstance(told, bool):
        raise Malformed(f"row {number} says {_NUMBER} {str(told)[:20]!r}")
    try:
        return row_of(value)
    except Malformed:
        return _torn(value)


def row_of(value: Any) -> Row:
    """A row by its column names. Raises `Malformed`."""
    if not isinstance(value, dict):
        raise Malformed("a row is not an object")
    made = {name.rpartition(".")[2]: _text(name, one) for name, one in value.items() if name != _NUMBER}
    if len(made) != len(value) - (_NUMBER in value):
        raise Malformed("two columns of a row have one name")
    return made


class Torn(dict[str, str]):
    """What can be read with certainty of a row that is broken: its columns, named as `row_of` names them."""


def _torn(members: Mapping[str, Any]) -> Torn:
    """The columns that occur once and have a value."""
    names = Counter(name.rpartition(".")[2] for name in members)
    made = Torn()
    for name, value in members.items():
        column = name.rpartition(".")[2]
        if names[column] == 1 and column != _NUMBER:
            with suppress(Malformed):
                made[column] = _text(name, value)
    return made


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip(" ")
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return decimal_text(Decimal(value))
    raise Malformed(f"column {name[:40]!r} is neither text nor number")


def text(row: Row, name: str) -> str:
    """The text of a column. Raises `Malformed` if the query does not select it."""
    if name not in row:
        raise Malformed(f"the row has no column {name}")
    return row[name]


def day(row: Row, name: str) -> date | None:
    """A date column (yyyy-MM-dd; a time after it is ignored); None if it is empty."""
    value = text(row, name)
    if not value:
        return None
    found = _DAY.match(value)
    try:
        return date.fromisoformat(found[1] if found else "")
    except ValueError as error:
        raise Malformed(f"column {name} is not a date: {value[:30]!r}") from error


def amount(row: Row, name: str) -> Decimal:
    """An amount (26.3: plain digits, at most three places); zero if it is empty. Raises `Malformed` for any other spelling."""
    value = text(row, name)
    if not value:
        return Decimal(0)
    if not _AMOUNT.fullmatch(value):
        raise Malformed(f"column {name} is not an amount: {value[:30]!r}")
    return Decimal(value)
