"""A table as a file shows it, and its columns, found by their headings in whatever order they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from console.output import printable
from runtime.errors import Broken
from systems.values.codes import code, visible

MAX_CELLS = 400_000
"""Cells that one file may have: 100,000 rows of four columns."""
_MOST_TOLD, _LONGEST_TOLD = 20, 500
_ERROR = re.compile(
    r"#(?:N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|UNKNOWN!|BUSY!|GETTING_DATA)"
)
"""What a spreadsheet shows if a formula has no value. When copied, it becomes text."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows. `trouble` says why its text is not certain ("" = it is); `day` is the date of a date cell."""

    text: str
    trouble: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file with its cells by column, counted from 0. `trouble` says why it cannot be read ("" = it can)."""

    number: int
    cells: Mapping[int, Cell]
    trouble: str = ""


@dataclass(frozen=True)
class Grid:
    """One table of a file: its title (name of the file or of the sheet), its place, and its rows that are not empty."""

    title: str
    where: str
    lines: Sequence[Line]
    is_sheet: bool = False

    def at(self, line: Line, column: int | None = None) -> str:
        """The place of a row or of a cell, as a person finds it."""
        if column is None or not self.is_sheet:
            return f"{self.where}:{line.number}"
        return f"{self.where}!{letters(column)}{line.number}"


@dataclass(frozen=True)
class Form:
    """The headings of a table: those that it may have, those that it must have, those of dates. `is_open`: it may have others as well.
    `for_people`: it may have these, which are read unchanged and never checked."""

    columns: tuple[str, ...]
    required: tuple[str, ...]
    dates: tuple[str, ...] = ()
    is_open: bool = False
    for_people: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One row by its headings. A column that the file does not have is not in it."""

    place: str
    values: Mapping[str, str]


@dataclass
class Problems:
    """Everything that is wrong with a set of files, each with its place. All are counted, and as many kept as a person reads."""

    count: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, place: str, words: str) -> None:
        """Note one."""
        self.note(f"{place}: {words}")

    def note(self, line: str) -> None:
        """Note a problem that names its place itself."""
        self.count += 1
        if self.count <= _MOST_TOLD:
            self.lines.append(printable(line[:_LONGEST_TOLD]))

    def refuse(self) -> None:
        """Raise `Broken` with one line for each problem, if there are any."""
        more = self.count - len(self.lines)
        if self.count:
            raise Broken("\n".join([*self.lines, *([f"... and {more} more"] if more else [])]))


def letters(column: int) -> str:
    """The name of a column, counted from 0, as a spreadsheet gives it."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def entries(grid: Grid, form: Form, problems: Problems) -> Iterator[Entry]:
    """The rows under the headings, in their order. What is wrong goes to `problems`."""
    if not grid.lines:
        problems.add(grid.where, f"no headings; the first row names the columns: {', '.join(form.columns)}")
        return
    head, *rest = grid.lines
    columns = _columns(grid, head, form, problems)
    if columns is None:
        return
    for line in rest:
        if line.trouble:
            problems.add(grid.at(line), line.trouble)
        elif entry := _entry(grid, line, columns, form, problems):
            yield entry


def has_headings(grid: Grid, form: Form) -> bool:
    """Whether a table has this form: every heading that it must have is there."""
    cells = grid.lines[0].cells.values() if grid.lines else ()
    return {_heading(cell.text) for cell in cells} >= set(form.required)


def _columns(grid: Grid, head: Line, form: Form, problems: Problems) -> Mapping[int, str] | None:
    """Headings by column; None if the table cannot be read by them."""
    place = grid.at(head)
    if head.trouble:
        problems.add(place, head.trouble)
        return None
    named = {column: _heading(cell.text) for column, cell in head.cells.items() if code(cell.text)}
    count = problems.count
    for column, cell in head.cells.items():
        if cell.trouble and named.get(column) not in form.for_people and (named.get(column) in form.columns or not form.is_open):
            problems.add(grid.at(head, column), f"heading: {cell.trouble}")
    for heading in dict.fromkeys(named.values()):
        if heading not in (*form.columns, *form.for_people) and not form.is_open:
            problems.add(
                place, f"{nearest(heading, form.columns)} There is no column {heading!r}; columns: {', '.join(form.columns)}"
            )
        elif list(named.values()).count(heading) > 1:
            problems.add(place, f"the heading {heading!r} is there twice. Keep one of the columns")
    for required in form.required:
        if required not in named.values():
            problems.add(
                place, f"no column {required!r}. The first row names the columns; this file has: {', '.join(named.values())}"
            )
    return named if problems.count == count else None


def _heading(text: str) -> str:
    return code(text).casefold().replace(" ", "_").replace("-", "_")


def nearest(word: str, known: Sequence[str]) -> str:
    """A question that names what was probably meant; "" if nothing is near."""
    near = get_close_matches(word, known, n=1)
    return f"Is {near[0]!r} meant?" if near else ""


def _entry(grid: Grid, line: Line, columns: Mapping[int, str], form: Form, problems: Problems) -> Entry | None:
    values: dict[str, str] = {}
    count = problems.count
    for column, cell in line.cells.items():
        heading = columns.get(column)
        if heading in form.for_people:
            values[heading] = cell.text
            continue
        if heading not in form.columns:
            if heading is None and not form.is_open and (visible(cell.text) or cell.trouble):
                problems.add(
                    grid.at(line, column), f"{cell.text[:40]!r} is under no heading. Give the column a heading or delete it"
                )
            continue
        if cell.trouble:
            problems.add(grid.at(line, column), f"{heading}: {cell.trouble}")
        elif _ERROR.fullmatch(code(cell.text)):
            problems.add(grid.at(line, column), f"{heading}: holds the error {code(cell.text)}. Type what it should be")
        elif cell.day is not None and heading not in form.dates:
            words = f"{heading}: holds the date {cell.day}. Was it a code like 1-2? Format the column as Text and type it again"
            problems.add(grid.at(line, column), words)
        values[heading] = cell.text
    if problems.count > count or not any(map(visible, values.values())):
        return None
    return Entry(grid.at(line), values)
