"""`$filter` of OData 4: comparisons, `contains`, `startswith`, `endswith`, and, or, not, parentheses.

Sources: OData 4.0 as far as the fact sheet relies on it (unquoted dates with a zone); what the service does beyond that is not known. Assumed: text
is compared by its characters, case matters, trailing blanks do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from runtime.simulator.conditions import COMPARISONS, BadCondition, Condition, Reader
from runtime.simulator.records import Row
from systems.syspro.spec import Column

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<date>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))|(?P<day>\d{4}-\d\d-\d\d)"
    r"|(?P<number>-?\d+(?:\.\d+)?)(?![\w.-])|(?P<name>[A-Za-z_]\w*)|(?P<mark>[(),]))"
)
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, text: text in value,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_EDM = {
    "text": "Edm.String",
    "date": "Edm.DateTimeOffset",
    "day": "Edm.Date",
    "number": "Edm.Decimal",
    "name": "name",
    "mark": "mark",
}
KINDS = {"char": "Edm.String", "decimal": "Edm.Decimal", "datetime": "Edm.DateTimeOffset", "rowversion": "Edm.Binary"}


def parse_filter(text: str, columns: dict[str, Column]) -> Condition[Row]:
    """The condition; raises `BadCondition`."""

    def comparison(reader: Reader[Row]) -> Condition[Row]:
        kind, name = reader.take()
        if name in _FUNCTIONS:
            return _function(reader, _FUNCTIONS[name], columns)
        if kind != "name" or name not in columns:
            raise BadCondition(f"Could not find a property named '{name}'")
        word = reader.take()[1]
        if word not in COMPARISONS:
            raise BadCondition(f"'{word}' is not a comparison")
        return _compared(columns[name], word, reader.take())

    return Reader(text, _TOKEN, comparison).whole()


def value_of(row: Row, column: Column) -> Any:
    """The value of a column in the form in which it is compared and sorted: text, Decimal, the day as text, None for an empty date."""
    held = str(row.get(column.name) or "")
    if column.kind in ("decimal", "rowversion"):
        return Decimal(held or "0")
    if column.kind == "datetime":
        return held or None
    return held.rstrip()


def _function(reader: Reader[Row], test: Callable[[str, str], bool], columns: dict[str, Column]) -> Condition[Row]:
    reader.expect("(")
    name = reader.take()[1]
    reader.expect(",")
    kind, text = reader.take()
    reader.expect(")")
    if name not in columns or columns[name].kind != "char" or kind != "text":
        raise BadCondition(f"no text column '{name}', or no text behind it")
    wanted = text[1:-1].replace("''", "'")
    return Condition(lambda row: test(value_of(row, columns[name]), wanted))


def _compared(column: Column, word: str, token: tuple[str, str]) -> Condition[Row]:
    kind, text = token
    compare = COMPARISONS[word]
    if (kind, text) == ("name", "null") and word in ("eq", "ne"):
        return Condition(lambda row: compare(value_of(row, column), None))
    if _EDM.get(kind) != KINDS[column.kind]:
        raise BadCondition(
            "A binary operator with incompatible types was detected. "
            f"Found operand types '{KINDS[column.kind]}' and '{_EDM.get(kind, 'nothing')}' for operator '{word}'"
        )
    if column.kind == "datetime":
        return _dated(column, compare, text, is_unequal=word == "ne")
    value = Decimal(text) if column.kind == "decimal" else text[1:-1].replace("''", "'").rstrip()
    return Condition(lambda row: compare(value_of(row, column), value))


def _dated(column: Column, compare: Callable[[Any, Any], bool], text: str, *, is_unequal: bool) -> Condition[Row]:
    try:
        wanted = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadCondition(f"no date: '{text}'") from error

    def test(row: Row) -> bool:
        held = value_of(row, column)
        return is_unequal if held is None else bool(compare(datetime.fromisoformat(f"{held}T00:00:00+00:00"), wanted))

    return Condition(test)
