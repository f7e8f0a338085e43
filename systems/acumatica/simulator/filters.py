"""`$filter`: a real parser with quoting, so that a value can never become a condition.

Source: Integration Development Guide: OData v3 style `eq ne gt ge lt le and or not`, `substringof`, `startswith`, `endswith`, `datetimeoffset'..'`,
`cf.String(f='View.Field')`, fields of linked objects by slash. Conditions on detail rows are not supported. Text is compared without case, as in SQL
Server's default collation (assumed).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from runtime.simulator.conditions import COMPARISONS, BadCondition, Condition, Probe, Reader
from systems.acumatica.simulator.answers import VendorError, unknown_field
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.shapes import Shape

_TOKEN = re.compile(
    r"\s*(?:(?P<date>datetimeoffset'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?[mM]?)(?![\w.])"
    r"|(?P<cf>cf\.String\(f='[\w.]+'\))|(?P<name>[A-Za-z_$][\w/]*)|(?P<mark>[(),]))"
)
_COSTS = {"AccountRef": 1, "ReferenceNbr": 1} | dict.fromkeys(
    ("Description", "CustomerOrder", "VendorRef", "PaymentRef", "ExternalRef"), 2
)
_COSTS |= dict.fromkeys(("Customer", "CustomerID", "Vendor", "VendorID"), 3)
"""How many records a condition on a field is likely to leave: few for a document's reference, more for its party, most for anything else."""
_FUNCTIONS = {"substringof", "startswith", "endswith"}
Filter = Condition[Node]


@dataclass(frozen=True)
class _Field:
    name: str
    kind: str
    value: Callable[[Node], Any]

    def probe(self, text: str, *, is_prefix: bool = False) -> tuple[Probe]:
        cost = 1 if self.name.startswith("custom:") else _COSTS.get(self.name, 9)
        return (Probe(self.name, text, is_prefix, cost),)


def parse_filter(text: str, shape: Shape, user_fields: frozenset[str]) -> Filter:
    """The filter that `text` stands for, over records of `shape`; refuses anything that the vendor does not document."""
    fields = _Fields(shape, user_fields)
    try:
        return Reader(text, _TOKEN, fields.comparison).whole()
    except BadCondition as error:
        raise VendorError(500, f"Syntax error in $filter: {error}", "Microsoft.OData.ODataException") from error


class _Fields:
    """Reads the comparisons and functions over the fields of an entity."""

    def __init__(self, shape: Shape, user_fields: frozenset[str]) -> None:
        self._shape = shape
        self._user_fields = user_fields

    def comparison(self, reader: Reader[Node]) -> Filter:
        if reader.peek()[1] in _FUNCTIONS:
            return self._function(reader)
        target = self._field(reader)
        word = reader.take()[1]
        if word not in COMPARISONS:
            raise BadCondition(f"'{word}' is not a comparison")
        return _comparison_filter(target, word, _literal(reader.take(), target))

    def _function(self, reader: Reader[Node]) -> Filter:
        name = reader.take()[1]
        reader.expect("(")
        if name == "substringof":
            text = _text(reader)
            reader.expect(",")
            target = self._field(reader)
        else:
            target = self._field(reader)
            reader.expect(",")
            text = _text(reader)
        reader.expect(")")
        if target.kind != "String":
            raise BadCondition(f"{name} needs a text field, {target.name} is {target.kind}")
        return _text_filter(name, target, text.casefold())

    def _field(self, reader: Reader[Node]) -> _Field:
        kind, name = reader.take()
        if kind == "cf":
            return self._user_field(name)
        if kind != "name":
            raise BadCondition(f"a field expected, found '{name}'")
        return _resolve(name, self._shape)

    def _user_field(self, token: str) -> _Field:
        name = token[len("cf.String(f='") : -2]
        if name not in self._user_fields:
            raise unknown_field(name)
        return _Field(f"custom:{name}", "String", lambda node: node.custom.get(name) or "")


def _text(reader: Reader[Node]) -> str:
    kind, text = reader.take()
    if kind != "text":
        raise BadCondition("a quoted text expected")
    return text[1:-1].replace("''", "'")


def _resolve(path: str, shape: Shape) -> _Field:
    head, _, rest = path.partition("/")
    if not rest:
        if head not in shape.scalars:
            raise unknown_field(path)
        kind = shape.kind(head)
        if kind in ("String", "Guid"):
            return _Field(head, "String", lambda node: node.values.get(head) or "")
        return _Field(head, kind, lambda node: node.values.get(head))
    if head in shape.details:
        raise VendorError(500, f"Filtering by the fields of detail entities is not supported: {path}")
    if head not in shape.linked:
        raise unknown_field(path)
    inner = _resolve(rest, shape.part(head))
    return _Field(path, inner.kind, lambda node: inner.value(node.linked.get(head) or Node()))


def _literal(token: tuple[str, str], target: _Field) -> Any:
    kind, text = token
    if (kind, text) == ("name", "null"):
        return None
    if target.kind == "String" and kind == "text":
        return text[1:-1].replace("''", "'").casefold()
    if target.kind in ("Decimal", "Int", "Short", "Long") and kind == "number":
        return Decimal(text.rstrip("mM"))
    if target.kind == "Boolean" and text in ("true", "false"):
        return text == "true"
    if target.kind in ("Date", "DateTime") and kind == "date":
        return _instant(text[len("datetimeoffset'") : -1], target.kind)
    raise BadCondition(f"'{text}' cannot be compared with {target.name} ({target.kind})")


def _instant(text: str, kind: str) -> date | datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise VendorError(500, f"String '{text}' was not recognized as a valid DateTime.", "System.FormatException") from error
    if kind == "Date":
        return found.date()
    return found if found.tzinfo else found.replace(tzinfo=UTC)  # a bare date: UTC (assumed)


def _comparison_filter(target: _Field, word: str, literal: Any) -> Filter:
    value = target.value
    if literal is None:
        if word not in ("eq", "ne"):
            raise BadCondition("null can only be compared with eq and ne")
        return Filter(lambda node: (value(node) in (None, "")) == (word == "eq"))
    compare = COMPARISONS[word]
    if target.kind == "String":
        return Filter(lambda node: compare(value(node).casefold(), literal), target.probe(literal) if word == "eq" else ())
    if word == "ne":
        return Filter(lambda node: value(node) != literal)
    return Filter(lambda node: (found := value(node)) is not None and compare(found, literal))


def _text_filter(name: str, target: _Field, text: str) -> Filter:
    value = target.value
    if name == "substringof":
        return Filter(lambda node: text in value(node).casefold())
    if name == "startswith":
        return Filter(lambda node: value(node).casefold().startswith(text), target.probe(text, is_prefix=True))
    return Filter(lambda node: value(node).casefold().endswith(text))
