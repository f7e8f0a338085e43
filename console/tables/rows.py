"""Rows of mapping tables from the tables of files: known names, the key wherever its column is, one row for one key and day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from console.tables.grid import Entry, Form, Grid, Problems, entries, nearest
from systems.values.codes import PART, code, key_of, row_name, visible

EFFECTIVE = "effective_from"
SEEN = ("documents_seen", "amount_seen")
"""Columns that `crosswalk export` adds for a person: how many documents need the row, and their amount. Reading leaves them out, and a row
of such a table in which nothing else is filled in is not a row yet."""
Columns = Mapping[str, tuple[str, ...]]
"""The columns of each table by its name; the first is the key."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER, _ISO_4217 = re.compile(r"\d{1,12}(\.\d{1,9})?", re.ASCII), re.compile(r"[A-Za-z]{3}")
_FORMS = {
    "share": (_NUMBER, "a plain number. Write it like 0.0625 or 6.25"),
    "factor": (_NUMBER, "a plain number. Write it like 12 or 0.5"),
    "currency": (_ISO_4217, "the code of a currency. Write it like CAD"),
}
"""Columns of any table that are computed with or compared. A form that Excel made of them (`6.25%`, `0,0625`) would hold documents."""


@dataclass(frozen=True)
class TableRow:
    """One row of a table: its name (`codes.row_name`: the key, and the part if it has one), the other columns that are not empty, and the
    first day on which it is valid (None = always)."""

    table: str
    key: str
    values: dict[str, str]
    effective_from: date | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What identifies a row: table, name and day."""
        return (self.table, self.key, self.effective_from.isoformat() if self.effective_from else "")

    def as_record(self) -> dict[str, Any]:
        """The fields that it shares with its record on the topic `crosswalk`."""
        return {"table": self.table, "row": self.key, "values": self.values, "effective_from": self.effective_from}


def rows_of(grid: Grid, tables: Columns, problems: Problems) -> Iterator[tuple[TableRow, str]]:
    """The rows of one table, each with its place. What is wrong goes to `problems`."""
    name = code(grid.title).casefold()
    if name not in tables:
        if grid.lines:
            words = f"{nearest(name, list(tables))} {grid.title!r} is not a table; tables: {', '.join(sorted(tables))}"
            problems.add(grid.where, words.strip())
        return
    key, *others = tables[name]
    for entry in entries(grid, Form((key, *others, EFFECTIVE), (key,), (EFFECTIVE,), for_people=SEEN), problems):
        row = _row(name, key, entry, problems)
        if row is not None:
            yield row, entry.place


def _row(table: str, key: str, entry: Entry, problems: Problems) -> TableRow | None:
    values = {column: seen for column, text in entry.values.items() if (seen := visible(text)) and column not in SEEN}
    if any(column in entry.values for column in SEEN) and not values.keys() - {key}:
        return None  # nobody has filled it in yet
    if not code(values.get(key, "")):
        problems.add(entry.place, f"the key ({key}) is empty. Give every row a key, or delete the row")
        return None
    if PART in values:
        values[PART] = code(values[PART])
    for column, (form, words) in _FORMS.items():
        if column != key and column in values and not form.fullmatch(values[column]):
            problems.add(entry.place, f"{column}: {values[column][:40]!r} is not {words}")
    name = row_name(code(values.pop(key)), values.get(PART, ""))
    first_day = values.pop(EFFECTIVE, "")
    try:
        return TableRow(table, name, values, _day(first_day))
    except ValueError:
        problems.add(entry.place, f"{EFFECTIVE}: not a date: {first_day[:40]!r}. Write it like 2026-01-31")
        return None


def _day(text: str) -> date | None:
    if text and not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text) if text else None


def sheet_of(
    table: str, columns: tuple[str, ...], rows: list[TableRow], seen: Mapping[str, tuple[int, str]] | None = None
) -> tuple[list[str], list[list[str]]]:
    """Headings and lines for the rows of one table, as `rows_of` reads them. `seen`: how many documents need each key, and their amount. A key
    without a row gets a line to be filled in, those with most documents first, and equal ones in the order of look-up."""
    key, *others = columns
    rows = sorted((row for row in rows if row.table == table), key=lambda row: row.identity)
    lines = [[key_of(row.key, row.values), *(row.values.get(one, "") for one in others), row.identity[2]] for row in rows]
    head = [key, *others, EFFECTIVE]
    if seen is None:
        return head, lines
    known = {code(key): (str(count), amount) for key, (count, amount) in seen.items()}
    filled = [[*line, *known.pop(code(line[0]), ("0", "0.00"))] for line in _once(lines, known)]
    blank = [""] * len(others) + [""]
    todo = sorted(known.items(), key=lambda one: -int(one[1][0]))
    return [*head, *SEEN], [*filled, *([name, *blank, *told] for name, told in todo)]


def _once(lines: list[list[str]], known: dict[str, tuple[str, str]]) -> Iterator[list[str]]:
    """The lines. If a key has several (parts, days), each of them shows how many documents need the key."""
    keys = [code(line[0]) for line in lines]
    for number, line in enumerate(lines):
        told = known.get(keys[number])
        yield line
        if told is not None and keys[number] in keys[number + 1 :]:
            known[keys[number]] = told
