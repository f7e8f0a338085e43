"""A Component Interface's buffer on the wire: XML in, checked property by property, and XML out.

Stricter than the product: an unknown, repeated or read-only property, a lower-case date or a number in another form than a plain decimal is
refused, where PeopleSoft may ignore or convert it. Message numbers (91,34) and (91,37) are those of the product as remembered; others assumed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from runtime.simulator.records import Row
from systems.peoplesoft.simulator.answers import Message, Refused
from systems.peoplesoft.simulator.definitions import Field, Shape

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass
class Reading:
    """One reading of a buffer: its position, and the errors so far."""

    interface: str
    namespace: str
    errors: list[Message] = field(default_factory=list)

    def refuse(self, number: int, text: str, where: str, message_set: int = 15) -> None:
        """Note what is wrong with a property, and the interface's own message about it."""
        self.errors.append(Message(message_set, number, text, where))
        self.errors.append(Message(91, 34, f"Error changing value. {{{where}}}", where))


def read(interface: str, namespace: str, shape: Shape, root: Any) -> Row:
    """The buffer of a request as a row; raises `Refused` with every property that is wrong."""
    reading = Reading(interface, namespace)
    row = _row(reading, shape, root, interface)
    if reading.errors:
        raise Refused(*reading.errors)
    return row


def _row(reading: Reading, shape: Shape, root: Any, where: str) -> Row:
    row: Row = {}
    for element in root:
        if not isinstance(element.tag, str):
            continue
        space, name = _name(element)
        if space != reading.namespace or (name not in shape.by_name and name not in shape.by_collection):
            reading.refuse(35, f"Property {name} is not part of the Component Interface.", f"{where}.{name}", 91)
        elif name in shape.by_collection:
            rows = row.setdefault(name, [])
            rows.append(_row(reading, shape.by_collection[name], element, f"{where}.{name}({len(rows) + 1})"))
        elif name in row:
            reading.refuse(36, f"Property {name} occurs twice.", f"{where}.{name}", 91)
        else:
            row[name] = _value(reading, shape.by_name[name], element, f"{where}.{name}")
    return row


def _name(element: Any) -> tuple[str, str]:
    qualified = etree.QName(element)
    return qualified.namespace or "", qualified.localname


def _value(reading: Reading, held: Field, element: Any, where: str) -> str:
    text = "" if element.get(_NIL) in ("true", "1") else element.text or ""
    if len(element):
        reading.refuse(9, "A property has no parts.", where)
    value = text.rstrip(" ")
    if held.is_read_only and value:
        reading.refuse(38, f"Property {held.name} is read-only.", where, 91)
    elif value:
        _check(reading, held, value, where)
    return _canonical(held, value)


def _check(reading: Reading, held: Field, value: str, where: str) -> None:
    problem = problem_of(held, value)
    if problem:
        reading.refuse(*problem, where)


def problem_of(held: Field, value: str) -> tuple[int, str] | None:
    """What is wrong with a value, judged only by its field's type and length: message number of set 15 (assumed) and words."""
    if held.kind == "d":
        return None if _is_date(value) else (6, "Invalid date. Dates are sent as yyyy-mm-dd.")
    if held.kind == "n":
        if not _NUMBER.fullmatch(value):
            return 7, "Invalid number."
        whole, _, places = value.lstrip("-").partition(".")
        fits = len(whole.lstrip("0")) <= held.size and len(places.rstrip("0")) <= held.places
        return None if fits else (8, f"Number does not fit {held.size}.{held.places}.")
    return None if len(value) <= held.size else (10, f"Value is longer than {held.size} characters.")


def _is_date(value: str) -> bool:
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _canonical(held: Field, value: str) -> str:
    if held.kind != "n" or not value or not _NUMBER.fullmatch(value):
        return value
    return decimal_text(Decimal(value), held.places)


def decimal_text(value: Decimal, places: int) -> str:
    """A number as its field shows it: with exactly its decimals."""
    return f"{value:.{places}f}"


def written(prefix: str, shape: Shape, row: Row) -> str:
    """The elements of a row, each with `prefix`; empty texts as empty elements, empty dates and numbers left out."""
    parts = []
    for held in shape.fields:
        value = str(row.get(held.name, ""))
        if value or held.kind == "c":
            parts.append(f"<{prefix}:{held.name}>{escape(value)}</{prefix}:{held.name}>")
    for name, part in shape.collections:
        parts += [f"<{prefix}:{name}>{written(prefix, part, one)}</{prefix}:{name}>" for one in row.get(name, [])]
    return "".join(parts)
