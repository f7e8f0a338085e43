"""OData of SYSPRO: the query for a page of a table, and its rows. Pure.

Facts (SYSPRO's help; a public catalogue): OData 4.0, read-only, at most 5000 rows per request; tables with their SQL columns. Assumed: standard
$filter, $orderby, $select and $top, dates without quotes in filters, and texts as in the tables, with or without their blanks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from runtime.errors import Malformed
from runtime.exchange import Response
from systems.feeds.elements import Cut
from systems.http.bodies import page_of
from systems.syspro.models import SYSTEM, Row

MOST_ROWS = 5000


def query(columns: Sequence[str], conditions: Sequence[str], order: Sequence[str], rows: int) -> dict[str, str]:
    """The query of a page."""
    told = {"$filter": " and ".join(filter(None, conditions)), "$orderby": ",".join(order), "$select": ",".join(columns)}
    return {name: text for name, text in told.items() if text} | {"$top": str(min(rows, MOST_ROWS))}


def quoted(text: str) -> str:
    """A text, quoted for a filter."""
    return "'" + text.replace("'", "''") + "'"


def since(column: str, day: str) -> str:
    """The condition that a date is not before a day; "" if there is no first day."""
    return f"{column} ge {day}T00:00:00Z" if day else ""


def behind(key: Sequence[str], last: Sequence[str]) -> str:
    """The condition that a key follows another one, column by column; "" at the beginning."""
    if not any(last):
        return ""
    alternatives = []
    for place, (column, text) in enumerate(zip(key, last, strict=True)):
        equal = [f"{one} eq {_value(one, other)}" for one, other in zip(key[:place], last[:place], strict=True)]
        alternatives.append(" and ".join([*equal, f"{column} gt {_value(column, text)}"]))
    return "(" + " or ".join(f"({one})" for one in alternatives) + ")"


def _value(column: str, text: str) -> str:
    return text if column == "EntryNumber" else quoted(text)


def rows_of(answer: Response, name: str) -> list[Cut]:
    """The rows of a page with their exact bytes. Raises `Transient` or `Garbled`."""
    return page_of(answer, "value", f"{SYSTEM} OData {name}")[1]


def row_of(found: Any) -> Row:
    """A row in the form of the tables: texts without their blanks, numbers as plain digits. Raises `Malformed`."""
    if not isinstance(found, Mapping):
        raise Malformed(f"{SYSTEM}: a row of OData is not an object")
    return {str(name): _text(value, str(name)) for name, value in found.items() if not str(name).startswith("@")}


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, (bool, list, dict)):
        raise Malformed(f"{SYSTEM}: {name} is not a value of a table")
    return format(value, "f") if isinstance(value, Decimal) else str(value).strip()
