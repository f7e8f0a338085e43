"""Readers for the parts of a workbook. Each is called with the elements as they pass, and keeps only what makes up a table.

Names are those of ECMA-376 (SpreadsheetML), in its transitional or strict namespace: only the local name of an element counts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from lxml import etree

from console.tables.escaping import unescaped
from console.tables.grid import MAX_CELLS, Cell, Line
from console.tables.shown import GENERAL, number_shown, text_shown

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_AS_TEXT = "Format the column as Text and type it again."
MAX_ELEMENTS = 5 * MAX_CELLS
"""Elements that one part may have; a cell has up to four."""
_CALCULATED = "Open the file in a spreadsheet and save it."


class Refused(Exception):
    """A part is not what a spreadsheet writes, or is over its limits."""

    def __init__(self, words: str, remedy: str = "", place: str = "") -> None:
        super().__init__(words)
        self.words, self.remedy, self.place = words, remedy, place


class Part:
    """What every reader does: it collects the text of the elements that it names, and refuses a document type."""

    collected: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._text: list[str] | None = None
        self._elements = 0

    def doctype(self, *_: object) -> None:
        """Refuse a document type: no spreadsheet writes one, and entities are declared in it."""
        raise Refused("declares a document type")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        name = _local(tag)
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise Refused(f"has a part of more than {MAX_ELEMENTS} elements", "Divide the table among several files.")
        if name in self.collected:
            self._text = []
        self.begins(name, {_local(key): value for key, value in attributes.items()})

    def data(self, text: str) -> None:
        """Text within an element."""
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        name = _local(tag)
        text = ""
        if name in self.collected and self._text is not None:
            text, self._text = "".join(self._text), None
        self.ends(name, text)

    def close(self) -> None:
        """The part ends."""

    def begins(self, name: str, attributes: Mapping[str, str]) -> None:
        """See `start`; local names."""

    def ends(self, name: str, text: str) -> None:
        """See `end`; with the text of an element that is collected."""


Kind = TypeVar("Kind", bound=Part)


def parsed(chunks: Iterable[bytes], part: Kind) -> Kind:
    """Read a part to its end. An absent one (no chunks) stays empty."""
    target: Any = part  # the stubs name a class, but any object with these methods will do
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    fed = False
    for chunk in chunks:
        parser.feed(chunk)
        fed = True
    if fed:
        parser.close()
    return part


def _local(name: str) -> str:
    return name.rpartition("}")[2]


class Relations(Part):
    """Relations: id, kind, target. Those that lead out of the file are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []

    def begins(self, name: str, attributes: Mapping[str, str]) -> None:
        """One relation."""
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            kind = attributes.get("Type", "").rpartition("/")[2]
            self.found.append((attributes.get("Id", ""), kind, attributes.get("Target", "")))


class Book(Part):
    """The sheets in their order (title, relation), and the calendar."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str]] = []
        self.is_1904 = False

    def begins(self, name: str, attributes: Mapping[str, str]) -> None:
        """A sheet, or the properties of the book."""
        if name == "sheet":
            self.sheets.append((attributes.get("name", ""), attributes.get("id", "")))
        elif name == "workbookPr":
            self.is_1904 = attributes.get("date1904", "0") in ("1", "true")


class Styles(Part):
    """The workbook's own number formats by their number, and the number of the format of each cell style."""

    def __init__(self) -> None:
        super().__init__()
        self.own: dict[int, str] = {}
        self.cells: list[int] = []
        self._in_cells = False

    def begins(self, name: str, attributes: Mapping[str, str]) -> None:
        """A format or a style."""
        if name == "numFmt":
            self.own[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cells = True
        elif name == "xf" and self._in_cells:
            self.cells.append(int(attributes.get("numFmtId", "0")))

    def ends(self, name: str, text: str) -> None:  # noqa: ARG002 - every part gets the same arguments
        """The end of the cell styles."""
        if name == "cellXfs":
            self._in_cells = False


class Strings(Part):
    """The shared texts by their number. Notes on pronunciation are left out."""

    collected = frozenset({"t"})

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._runs: list[str] = []
        self._is_note = False

    def begins(self, name: str, attributes: Mapping[str, str]) -> None:  # noqa: ARG002 - every part gets the same arguments
        """A text, or a note within it."""
        if name == "si":
            self._runs = []
        elif name == "rPh":
            self._is_note = True

    def ends(self, name: str, text: str) -> None:
        """A run of a text, or the text itself."""
        if name == "t" and not self._is_note:
            self._runs.append(text)
        elif name == "rPh":
            self._is_note = False
        elif name == "si":
            if len(self.texts) >= MAX_CELLS:
                raise Refused(f"has more than {MAX_CELLS} texts")
            self.texts.append(text_of("".join(self._runs)))


def text_of(stored: str) -> str:
    """A stored text: `_x000B_` stands for a character that XML cannot contain."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), stored)


@dataclass(frozen=True)
class SharedParts:
    """What the cells of every sheet refer to: shared texts, number formats by style, and the calendar."""

    strings: list[str]
    formats: list[str]
    is_1904: bool


class Sheet(Part):
    """The rows of a sheet that are not empty, with what each cell shows. It takes at most `room` cells."""

    collected = frozenset({"v", "t"})

    def __init__(self, looks: SharedParts, room: int) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.count = 0
        self._looks, self._room = looks, room
        self._row, self._column, self._merged = 0, -1, 0
        self._cells: dict[int, Cell] = {}
        self._attributes: Mapping[str, str] = {}
        self._value: str | None = None
        self._runs: list[str] = []
        self._is_note = self._is_formula = False

    def begins(self, name: str, attributes: Mapping[str, str]) -> None:
        """A row, a cell, or what a cell holds."""
        if name == "row":
            self._begin_row(attributes.get("r", ""))
        elif name == "c":
            self._begin_cell(attributes)
        elif name == "f":
            self._is_formula = True
        elif name == "rPh":
            self._is_note = True
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def ends(self, name: str, text: str) -> None:
        """The value of a cell, the cell, or the row."""
        if name == "v":
            self._value = text
        elif name == "t" and not self._is_note:
            self._runs.append(text)
        elif name == "rPh":
            self._is_note = False
        elif name == "c":
            self._end_cell()
        elif name == "row" and self._cells:
            self.lines.append(Line(self._row, self._cells))
            self._cells = {}

    def _merge(self, area: str) -> None:
        """Merged cells: what each of them holds is not what it shows."""
        ends = [_REFERENCE.fullmatch(one) for one in area.split(":")]
        first, last = ends[0], ends[-1]
        if first is None or last is None:
            raise Refused(f"merges the cells {area[:30]!r}")
        columns = range(_number(first[1]), _number(last[1]) + 1)
        begin, end = (bisect_left(self.lines, row, key=lambda line: line.number) for row in (int(first[2]), int(last[2]) + 1))
        self._merged += end - begin
        if self._merged > MAX_CELLS:
            raise Refused(f"merges more than {MAX_CELLS} rows")
        for at in range(begin, end):
            line = self.lines[at]
            merged = {
                column: Cell(cell.text, f"is merged with others ({area}). Unmerge them, and fill in each")
                for column, cell in line.cells.items()
                if column in columns
            }
            if merged:
                self.lines[at] = replace(line, cells={**line.cells, **merged})

    def _begin_row(self, number: str) -> None:
        row = int(number) if number else self._row + 1
        if row <= self._row:
            raise Refused(f"row {row} comes after row {self._row}")
        self._row, self._column, self._cells = row, -1, {}

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        column = self._column + 1
        if reference := attributes.get("r", ""):
            found = _REFERENCE.fullmatch(reference)
            if found is None or int(found.group(2)) != self._row:
                raise Refused(f"cell {reference[:20]!r} is in row {self._row}")
            column = _number(found.group(1))
        if column <= self._column:
            raise Refused(f"a cell is there twice in row {self._row}")
        self._column, self._attributes = column, attributes
        self._value, self._runs, self._is_formula = None, [], False

    def _end_cell(self) -> None:
        self.count += 1
        if self.count > self._room:
            raise Refused(f"has more than {MAX_CELLS} cells", "Divide the table among several files.")
        cell = self._cell()
        if cell.text or cell.trouble:
            self._cells[self._column] = cell

    def _cell(self) -> Cell:
        kind, stored = self._attributes.get("t", "n"), self._value
        if kind == "inlineStr":
            return self._shown(text_of("".join(self._runs)))
        if self._is_formula and (stored is None or (not stored and kind != "str")):
            return Cell("", f"holds a formula without a value. {_CALCULATED}")
        if stored is None or (not stored and kind != "s"):
            return Cell("")
        if kind == "s":
            return self._shown(self._shared(stored))
        if kind == "str":
            return self._shown(text_of(stored))
        if kind in ("b", "e"):
            what = f"the error {stored[:20]}" if kind == "e" else "TRUE or FALSE"
            return Cell("", f"holds {what}. {_AS_TEXT}")
        if kind != "n":
            return Cell("", f"holds a value of kind {kind[:20]!r}. {_AS_TEXT}")
        return number_shown(stored.strip(), self._format(), self._looks.is_1904)

    def _shown(self, text: str) -> Cell:
        return text_shown(unescaped(text), self._format())

    def _shared(self, number: str) -> str:
        if not number.isdecimal() or int(number) >= len(self._looks.strings):
            raise Refused(f"row {self._row} names a text that is not there")
        return self._looks.strings[int(number)]

    def _format(self) -> str:
        style, formats = self._attributes.get("s", "0"), self._looks.formats or [GENERAL]
        if not style.isdecimal() or int(style) >= len(formats):
            raise Refused(f"row {self._row} names a style that is not there")
        return formats[int(style)]


def _number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1
