"""`$filter`: a real parser with quoting, so that a value can never become a condition.

Source: Integration Development Guide: OData v3 style `eq ne gt ge lt le and or not`, `substringof`, `startswith`, `endswith`,
`datetimeoffset'..'`, `cf.String(f='View.Field')`, fields of linked objects by slash; conditions on detail rows are not supported.
Text compares without case, as SQL Server's default collation does (assumed).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from systems.acumatica.simulator.answers import VendorError, unknown_field
from systems.acumatica.simulator.node import Node
from systems.acumatica.simulator.shapes import Shape

Predicate = Callable[[Node], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<date>datetimeoffset'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?[mM]?)(?![\w.])"
    r"|(?P<cf>cf\.String\(f='[\w.]+'\))|(?P<name>[A-Za-z_$][\w/]*)|(?P<mark>[(),]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_RANK = {
    "Description": 2,
    "AccountRef": 1,
    "ReferenceNbr": 1,
    "CustomerOrder": 2,
    "VendorRef": 2,
    "PaymentRef": 2,
    "ExternalRef": 2,
}
_RANK |= {"Customer": 3, "CustomerID": 3, "Vendor": 3, "VendorID": 3}
_FUNCTIONS = {"substringof", "startswith", "endswith"}


@dataclass(frozen=True)
class Probe:
    """A necessary condition that an index may answer: `field` equals, or begins with, a folded text."""

    field: str
    text: str
    is_prefix: bool = False


@dataclass
class Filter:
    """A parsed `$filter`: the whole as `matches`; `probes` hold one of which is true for every match, () = nothing known."""

    matches: Predicate
    probes: tuple[Probe, ...] = ()


@dataclass(frozen=True)
class _Field:
    name: str
    kind: str
    value: Callable[[Node], Any]


def bad_filter(text: str) -> VendorError:
    """The filter cannot be parsed."""
    return VendorError(500, f"Syntax error in $filter: {text}", "Microsoft.OData.ODataException")


def parse_filter(text: str, shape: Shape, user_fields: frozenset[str]) -> Filter:
    """The filter that `text` says, over records of `shape`; refuses anything the vendor does not document."""
    parser = _Parser(_tokens(text), shape, user_fields)
    found = parser.disjunction()
    if parser.peek() != ("end", ""):
        raise bad_filter(f"unexpected '{parser.peek()[1]}'")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise bad_filter(f"at {position}: {text[position : position + 20]!r}")
        tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
        position = found.end()
    return [*tokens, ("end", "")]


def _cost(probes: tuple[Probe, ...]) -> int:
    """How much a set of probes is likely to leave: the reference of a document little, its party more, anything else most."""
    return max(_RANK.get(probe.field, 1 if probe.field.startswith("custom:") else 9) for probe in probes)


class _Parser:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, tokens: list[tuple[str, str]], shape: Shape, user_fields: frozenset[str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._shape = shape
        self._user_fields = user_fields

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._at]

    def _take(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _expect(self, mark: str) -> None:
        if self._take()[1] != mark:
            raise bad_filter(f"'{mark}' expected")

    def disjunction(self) -> Filter:
        found = self._conjunction()
        while self.peek() == ("name", "or"):
            self._take()
            left, right = found, self._conjunction()
            either: Predicate = lambda node, a=left.matches, b=right.matches: a(node) or b(node)  # type: ignore[misc]  # noqa: E731
            found = Filter(either, left.probes + right.probes if left.probes and right.probes else ())
        return found

    def _conjunction(self) -> Filter:
        found = self._negation()
        while self.peek() == ("name", "and"):
            self._take()
            left, right = found, self._negation()
            both: Predicate = lambda node, a=left.matches, b=right.matches: a(node) and b(node)  # type: ignore[misc]  # noqa: E731
            found = Filter(both, min((p for p in (left.probes, right.probes) if p), key=_cost, default=()))
        return found

    def _negation(self) -> Filter:
        self._depth += 1
        if self._depth > 100:
            raise bad_filter("nested too deeply")
        if self.peek() == ("name", "not"):
            self._take()
            inner = self._negation().matches
            return Filter(lambda node: not inner(node))
        if self.peek() == ("mark", "("):
            self._take()
            found = self.disjunction()
            self._expect(")")
            return found
        return self._function() if self.peek()[1] in _FUNCTIONS else self._comparison()

    def _function(self) -> Filter:
        name = self._take()[1]
        self._expect("(")
        if name == "substringof":
            text = self._text()
            self._expect(",")
            target = self._field()
        else:
            target = self._field()
            self._expect(",")
            text = self._text()
        self._expect(")")
        if target.kind != "String":
            raise bad_filter(f"{name} needs a text field, {target.name} is {target.kind}")
        return _text_filter(name, target, text.casefold())

    def _comparison(self) -> Filter:
        target = self._field()
        word = self._take()[1]
        if word not in _COMPARE:
            raise bad_filter(f"'{word}' is not a comparison")
        literal = _literal(self._take(), target)
        return _comparison_filter(target, word, literal)

    def _text(self) -> str:
        kind, text = self._take()
        if kind != "text":
            raise bad_filter("a quoted text expected")
        return text[1:-1].replace("''", "'")

    def _field(self) -> _Field:
        kind, name = self._take()
        if kind == "cf":
            return self._user_field(name)
        if kind != "name":
            raise bad_filter(f"a field expected, found '{name}'")
        return _resolve(name, self._shape)

    def _user_field(self, token: str) -> _Field:
        name = token[len("cf.String(f='") : -2]
        if name not in self._user_fields:
            raise unknown_field(name)
        return _Field(f"custom:{name}", "String", lambda node: node.custom.get(name) or "")


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
    raise bad_filter(f"'{text}' cannot be compared with {target.name} ({target.kind})")


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
            raise bad_filter("null can only be compared with eq and ne")
        return Filter(lambda node: (value(node) in (None, "")) == (word == "eq"))
    compare = _COMPARE[word]
    if target.kind == "String":
        return Filter(lambda node: compare(value(node).casefold(), literal), (Probe(target.name, literal),) if word == "eq" else ())
    if word == "ne":
        return Filter(lambda node: value(node) != literal)
    return Filter(lambda node: (found := value(node)) is not None and compare(found, literal))


def _text_filter(name: str, target: _Field, text: str) -> Filter:
    value = target.value
    if name == "substringof":
        return Filter(lambda node: text in value(node).casefold())
    if name == "startswith":
        return Filter(lambda node: value(node).casefold().startswith(text), (Probe(target.name, text, True),))
    return Filter(lambda node: value(node).casefold().endswith(text))
