"""SYSPRO's facts as tables: the columns of its database, and the element trees of its business objects.

`tables.tsv`: table, column, type, place in the key, basis (`v` seen in a live database, `w` seen with a width that is assumed, `m` from memory).
The head of `objects.txt` describes its format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_TYPE = re.compile(r"(\w+)(?:\((\d+)(?:,(\d+))?\))?$")
_ELEMENT = re.compile(
    r"(?P<indent> *)(?P<name>\w+)(?P<many>\*?)(?P<free>~?)(?: \{(?P<choices>.*)\})?(?: =(?P<default>\S+))?(?P<open> any)?$"
)


@dataclass(frozen=True)
class Column:
    """A column. `kind` is char, decimal, datetime or rowversion; `key` is its place in the key of the table from 1 on, 0 outside it."""

    name: str
    kind: str
    width: int
    places: int
    key: int
    basis: str


@dataclass(frozen=True)
class Element:
    """An element of a document. `is_open` says that its children are not known, `choices` are the texts that it accepts (empty = any), `is_free` that
    its children were seen in more than one order."""

    name: str
    is_many: bool = False
    choices: tuple[str, ...] = ()
    default: str = ""
    is_open: bool = False
    is_free: bool = False
    children: tuple[Element, ...] = ()


@cache
def tables() -> dict[str, tuple[Column, ...]]:
    """The columns of each table, in order."""
    found: dict[str, list[Column]] = {}
    for line in (_HERE / "tables.tsv").read_text().splitlines()[1:]:
        table, name, told, key, basis = line.split("\t")
        kind, width, places = _type(told)
        found.setdefault(table, []).append(Column(name, kind, width, places, int(key or 0), basis))
    return {table: tuple(columns) for table, columns in found.items()}


def keys(table: str) -> tuple[str, ...]:
    """The columns of a table's key, in their order."""
    return tuple(column.name for column in sorted(tables()[table], key=lambda one: one.key) if column.key)


@cache
def shapes() -> dict[tuple[str, str], Element]:
    """The root element by business object and part: `("APSTIN", "parameters")`, `("APSTIN", "document")`."""
    found: dict[tuple[str, str], Element] = {}
    for section in (_HERE / "objects.txt").read_text().split("=== ")[1:]:
        head, *lines = section.splitlines()
        name, part, root = head.split()
        found[name, part] = Element(root, children=_children(lines, 0))
    return found


def _type(told: str) -> tuple[str, int, int]:
    found = _TYPE.match(told)
    if found is None:
        raise ValueError(f"tables.tsv: no type {told!r}")
    return found[1], int(found[2] or 0), int(found[3] or 0)


def _children(lines: list[str], depth: int) -> tuple[Element, ...]:
    made: list[Element] = []
    while lines:
        found = _ELEMENT.match(lines[0])
        if found is None:
            raise ValueError(f"objects.txt: no element {lines[0]!r}")
        if len(found["indent"]) // 2 < depth:
            break
        lines.pop(0)
        choices = tuple(found["choices"].split("|")) if found["choices"] is not None else ()
        inner = _children(lines, depth + 1)
        made.append(
            Element(
                found["name"], bool(found["many"]), choices, found["default"] or "", bool(found["open"]), bool(found["free"]), inner
            )
        )
    return tuple(made)
