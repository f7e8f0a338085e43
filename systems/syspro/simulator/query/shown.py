"""How the queries of e.net show the columns of a row: numbers padded with blanks to their width, an empty date as 0000-00-00.

Source: the recorded fetch of a stock code: decimal(12,6) takes 13 places, decimal(10) ten. Assumed: a minus sign precedes the first digit.
"""

from __future__ import annotations

from decimal import Decimal

from runtime.simulator.records import Row
from systems.syspro.simulator.answers import Tag
from systems.syspro.spec import Column, tables

NO_DATE = "0000-00-00"


def columns_of(table: str) -> dict[str, Column]:
    """The columns of a table that e.net shows; it does not show a row version."""
    return {column.name: column for column in tables()[table] if column.kind != "rowversion"}


def shown(row: Row, columns: list[Column]) -> list[Tag]:
    """A row as elements, in the order of the columns."""
    return [(column.name, text(str(row.get(column.name) or ""), column)) for column in columns]


def text(value: str, column: Column) -> str:
    """One value."""
    if column.kind == "datetime":
        return value or NO_DATE
    if column.kind == "decimal":
        return padded(Decimal(value or "0"), column.width, column.places)
    return value


def padded(amount: Decimal, width: int, places: int) -> str:
    """A number as wide as its column: `decimal(12,6)` is 13 characters."""
    return f"{amount:.{places}f}".rjust(width + bool(places))


def edited(amount: Decimal, places: int = 3) -> str:
    """A number in the form that people read: `38,400.000`."""
    return f"{amount:,.{places}f}"
