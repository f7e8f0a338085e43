"""The `q` of a list: conditions such as `email START_WITH "barbara" AND dateCreated ON_OR_AFTER "1/1/2026"`.

Source: help page on filtering: operators by the kind of a field, AND and OR. A date is in the format of the user's preference, in the account's zone;
any other is refused in NetSuite's words. Assumed: texts compare without regard to case; fields of sublists and joins are not parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from runtime.simulator.conditions import BadCondition, Condition, Reader
from systems.netsuite.simulator.account import Row
from systems.netsuite.simulator.answers import bad_parameter
from systems.netsuite.simulator.dates import local, parsed
from systems.netsuite.simulator.settings import Settings
from systems.netsuite.spec import Field, Shape

_TOKEN = re.compile(r'\s*(?:"(?P<text>[^"]*)"|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<name>[A-Za-z_]\w*)|(?P<mark>[()\[\],]))')
_WORDS = re.compile(r'"[^"]*"|\b(?:AND|OR)\b')
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "IS": lambda value, wanted: value == wanted,
    "CONTAIN": lambda value, wanted: wanted in value,
    "START_WITH": lambda value, wanted: value.startswith(wanted),
    "END_WITH": lambda value, wanted: value.endswith(wanted),
}
_DAYS: dict[str, Callable[[str, str], bool]] = {
    "AFTER": lambda value, wanted: value > wanted,
    "BEFORE": lambda value, wanted: value < wanted,
    "ON": lambda value, wanted: value[:10] == wanted[:10],
    "ON_OR_AFTER": lambda value, wanted: value >= wanted,
    "ON_OR_BEFORE": lambda value, wanted: value <= wanted or value[:10] == wanted[:10],
}
_NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "EQUAL": lambda value, wanted: value == wanted,
    "GREATER": lambda value, wanted: value > wanted,
    "GREATER_OR_EQUAL": lambda value, wanted: value >= wanted,
    "LESS": lambda value, wanted: value < wanted,
    "LESS_OR_EQUAL": lambda value, wanted: value <= wanted,
}


def condition(text: str, shape: Shape, settings: Settings) -> Callable[[Row], bool]:
    """The test for a row of this type; raises `NsError` if the text is not a condition."""
    folded = _WORDS.sub(lambda match: match[0].lower() if match[0] in ("AND", "OR") else match[0], text)
    try:
        return Reader[Row](folded, _TOKEN, lambda reader: _comparison(reader, shape, settings)).whole().matches
    except (BadCondition, ValueError) as error:
        raise bad_parameter(f"Invalid search query. Detailed unprocessed description follows. {error}", "q") from error


def _comparison(reader: Reader[Row], shape: Shape, settings: Settings) -> Condition[Row]:
    kind, name = reader.take()
    known = shape.fields.get(name)
    if kind != "name" or known is None:
        raise BadCondition(f"Field '{name}' was not found.")
    operator = reader.take()[1]
    is_negative = operator.endswith("_NOT")
    test = _test(reader, known, operator.removesuffix("_NOT"), settings)
    return Condition(lambda row: test(row.get(name)) is not is_negative)


def _test(reader: Reader[Row], known: Field, operator: str, settings: Settings) -> Callable[[Any], bool]:
    if operator == "EMPTY":
        return lambda value: value in (None, "", [])
    if operator == "ANY_OF":
        reader.expect("[")
        wanted = {reader.take()[1]}
        while reader.peek() == ("mark", ","):
            reader.take()
            wanted.add(reader.take()[1])
        reader.expect("]")
        return lambda value: str(value) in wanted
    kind, text = reader.take()
    if kind not in ("text", "number", "name"):
        raise BadCondition(f"a value is expected behind {operator}")
    return _one(known, operator, text, settings)


def _one(known: Field, operator: str, text: str, settings: Settings) -> Callable[[Any], bool]:
    if known.kind in ("date", "date-time") and operator in _DAYS:
        wanted, compare = parsed(text, settings), _DAYS[operator]
        return lambda value: value is not None and compare(_local(str(value), settings), wanted)
    if known.kind in ("number", "integer", "ref", "enum", "string") and operator in _NUMBERS and known.kind != "string":
        return lambda value: value is not None and _NUMBERS[operator](_decimal(str(value)), _decimal(text))
    if known.kind == "boolean" and operator == "IS":
        return lambda value: bool(value) is (text.lower() == "true")
    if known.kind == "string" and operator in _TEXTS:
        return lambda value: value is not None and _TEXTS[operator](str(value).casefold(), text.casefold())
    raise BadCondition(f"the operator {operator} does not go with the field {known.name}")


def _local(value: str, settings: Settings) -> str:
    return local(value, settings.timezone) if "T" in value else f"{value} 00:00:00"


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise BadCondition(f"{text} is not a number") from error
