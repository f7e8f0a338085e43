"""The query parameter `q` in its two dialects, `orderBy`, and the variables of a finder.

Version 1 is a query by example: `Status=ACTIVE;LastUpdateDate>2026-11-20`, where `;` means "and". From version 2 `q` is an expression:
`Status = 'ACTIVE' and (LastUpdateDate >= '2026-11-20T00:00:00+00:00')`, strings and instants in quotes, and `;` is refused (DEV400, FWK). An
attribute that cannot be queried, an unknown one and a value of another type are refused; they never give an empty result.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from runtime.simulator.conditions import BadCondition, Condition, Probe, Reader
from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.spec import Attribute

Where = Condition[Row]
Known = Mapping[str, Attribute]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?P<mark><=|>=|!=|<>|[=<>(),])"""
    r"""|(?P<number>-?\d+(?:\.\d+)?(?![\w:.-]))|(?P<name>[A-Za-z_]\w*))"""
)
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,10})?")
_TERM = re.compile(r"\s*(\w+)\s*(<=|>=|!=|<>|=|<|>|\s+like\s+)\s*(.*?)\s*", re.DOTALL)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def where(text: str, version: int, known: Known) -> Where:
    """The condition for `q` in the dialect of a framework version; raises 400."""
    try:
        return by_example(text, known) if version < 2 else Reader(text, _TOKEN, lambda reader: _comparison(reader, known)).whole()
    except BadCondition as error:
        raise bad(f"The value of the parameter q is not valid: {error}.", "JBO-25058") from error


def by_example(text: str, known: Known) -> Where:
    """The dialect of version 1."""
    found: Where = Condition(lambda _: True)
    terms = _split(text)
    if not terms:
        raise BadCondition("nothing is asked for")
    for term in terms:
        match = _TERM.fullmatch(term)
        if match is None:
            raise BadCondition(f"unexpected '{term.strip()}'")
        attribute = _queryable(match[1], known)
        found = _both(found, _compared(attribute, match[2].strip(), _value(match[3])))
    return found


def _split(text: str) -> list[str]:
    """The terms between semicolons outside quotes."""
    parts = re.findall(r"""(?:'[^']*'|"[^"]*"|[^;'"])+|;""", text)
    return [part for part in parts if part != ";" and part.strip()]


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace(text[0] * 2, text[0])
    return text


def _value(text: str) -> str:
    """The value of a term of version 1, which ends the term. An expression after it would be version 2."""
    if re.fullmatch(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[^'"=<>]*""", text) is None:
        raise BadCondition(f"unexpected '{text}'")
    return _unquoted(text)


def _both(left: Where, right: Where) -> Where:
    return Condition(lambda row: left.matches(row) and right.matches(row), left.probes or right.probes)


def _comparison(reader: Reader[Row], known: Known) -> Where:
    kind, name = reader.take()
    if kind != "name":
        raise BadCondition(f"an attribute expected, not '{name}'")
    attribute = _queryable(name, known)
    kind, word = reader.take()
    if kind == "mark" and word in _OPERATORS:
        return _compared(attribute, word, _literal(reader, attribute))
    if kind == "name" and word == "like":
        return _compared(attribute, word, _literal(reader, attribute))
    if kind == "name" and word == "between":
        low = _literal(reader, attribute)
        reader.expect("and")
        return _both(_compared(attribute, ">=", low), _compared(attribute, "<=", _literal(reader, attribute)))
    if kind == "name" and word == "in":
        return _one_of(reader, attribute)
    if kind == "name" and word == "is":
        wanted = reader.peek() != ("name", "not")
        if not wanted:
            reader.take()
        reader.expect("null")
        return Condition(lambda row: (row.get(name) is None) is wanted)
    raise BadCondition(f"an operator expected, not '{word}'")


def _one_of(reader: Reader[Row], attribute: Attribute) -> Where:
    reader.expect("(")
    values = [_literal(reader, attribute)]
    while reader.peek()[1] == ",":
        reader.take()
        values.append(_literal(reader, attribute))
    reader.expect(")")
    parts = [_compared(attribute, "=", value) for value in values]
    probes = tuple(probe for part in parts for probe in part.probes)
    return Condition(lambda row: any(part.matches(row) for part in parts), probes)


def _literal(reader: Reader[Row], attribute: Attribute) -> str:
    kind, text = reader.take()
    if kind == "text":
        return _unquoted(text)
    if kind == "number" and attribute.type in ("integer", "number"):
        return text
    if kind == "name" and attribute.type == "boolean" and text in ("true", "false"):
        return text
    raise BadCondition(f"the value of {attribute.name} has to stand in quotes, not '{text}'")


def _queryable(name: str, known: Known) -> Attribute:
    attribute = known.get(name)
    if attribute is None or not attribute.is_queryable:
        raise bad(f"The attribute {name} cannot be used in a query.", "JBO-25058", name)
    return attribute


def _compared(attribute: Attribute, sign: str, text: str) -> Where:
    name = attribute.name
    if sign == "like":
        pattern = re.compile(".*".join(re.escape(part) for part in re.split(r"[%*]", text)), re.DOTALL)
        return Condition(lambda row: isinstance(row.get(name), str) and pattern.fullmatch(row[name]) is not None)
    try:
        wanted, compare = typed(attribute, text), _OPERATORS[sign]
    except ValueError as error:
        raise bad(f"The value {text!r} is not valid for the attribute {name}.", "JBO-25009", name) from error
    probes = (Probe(name, text),) if sign == "=" and attribute.type == "string" else ()
    return Condition(lambda row: row.get(name) is not None and compare(typed(attribute, row[name]), wanted), probes)


def typed(attribute: Attribute, value: Any) -> Any:
    """A value of the wire or of a row by the attribute's type; raises ValueError."""
    text = str(value)
    if attribute.type in ("integer", "number"):
        return Decimal(text) if _NUMBER.fullmatch(text) else _no(text)
    if attribute.type == "boolean":
        return {"true": True, "false": False}[text.lower()] if text.lower() in ("true", "false") else _no(text)
    if attribute.type == "date":
        return date.fromisoformat(text[:10]) if re.fullmatch(r"\d{4}-\d\d-\d\d(T.*)?", text) else _no(text)
    if attribute.type == "date-time":
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return text


def _no(text: str) -> Any:
    raise ValueError(text)


def ordered(rows: Iterable[Row], order_by: str, known: Known) -> list[Row]:
    """Rows by `orderBy` (`LastUpdateDate:asc,SupplierId:desc`), those without a value last; raises 400."""
    found = list(rows)
    for part in reversed([part for part in order_by.split(",") if part.strip()]):
        name, _, way = part.strip().partition(":")
        attribute = _queryable(name, known)
        if way not in ("", "asc", "desc"):
            raise bad(f"The value {part!r} of the parameter orderBy is not valid.", "JBO-25058", name)
        held = [row for row in found if row.get(name) is not None]
        held.sort(key=lambda row, of=attribute: typed(of, row[of.name]), reverse=way == "desc")  # type: ignore[misc]  # bound at once
        found = held + [row for row in found if row.get(name) is None]
    return found


def finder(text: str) -> tuple[str, dict[str, str]]:
    """`Name;Var1=v1,Var2=v2` as name and variables; raises 400."""
    name, _, rest = text.partition(";")
    variables: dict[str, str] = {}
    for part in (part for part in rest.split(",") if part.strip()):
        key, sign, value = part.partition("=")
        if not sign or not key.strip() or key.strip() in variables:
            raise bad(f"The value {text!r} of the parameter finder is not valid.", "JBO-25058")
        variables[key.strip()] = _unquoted(value.strip())
    return name.strip(), variables


def found_by_finder(shape_key: str, name: str, variables: Mapping[str, str], known: Known) -> Where:
    """The finder `PrimaryKey`, which every resource has; raises 400 for any other."""
    if name != "PrimaryKey" or variables.keys() != {shape_key}:
        raise bad(f"The finder {name} is not known for this resource.", "JBO-25058")
    return by_example(f'{shape_key}="{variables[shape_key]}"', known)
