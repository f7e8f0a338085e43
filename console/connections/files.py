"""The files of a connection: one YAML and a folder of crosswalk tables (CSV or XLSX), read strictly.

Reading needs no secret and no network: `plan` and editors' checks work anywhere. Unknown keys, wrong types and duplicate rows
are errors that name the file and the key.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl

from console.connections.fitting import Misfit, Unfit, fitted
from console.connections.written import Written, read_yaml
from runtime.errors import Broken
from systems.connection import ConnectionSettings

_CROSSWALK = "crosswalk"
EFFECTIVE = "effective_from"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class TableRow:
    """One row of a table file: its key (first column), the other columns, and the first day it holds for (None = always)."""

    table: str
    key: str
    values: dict[str, str]
    effective_from: date | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What makes it one row: table, key and day."""
        return (self.table, self.key, self.effective_from.isoformat() if self.effective_from else "")

    def as_record(self) -> dict[str, Any]:
        """The fields that it has in common with its record on the topic `crosswalk`."""
        return {"table": self.table, "row": self.key, "values": self.values, "effective_from": self.effective_from}


@dataclass(frozen=True)
class ConnectionFiles:
    """A connection as written: settings, secret references by purpose, crosswalk rows."""

    path: Path
    settings: ConnectionSettings
    rows: tuple[TableRow, ...]
    written: Written | None = None


def read_connection(path: Path) -> ConnectionFiles:
    """Read and validate a connection's files. Raises `Unfit` with everything that is wrong in YAML and tables, `Broken` where the YAML
    cannot be read at all."""
    written = read_yaml(path)
    misfits: list[Misfit] = []
    rows: list[TableRow] = []
    try:
        rows += _tables(written)
    except Broken as error:
        misfits = [Misfit((_CROSSWALK,), str(error))]
    try:
        settings = fitted(written)
    except Unfit as error:
        raise Unfit(written, [*error.misfits, *misfits]) from None
    if misfits:
        raise Unfit(written, misfits)
    return ConnectionFiles(path, settings, tuple(rows), written)


def _tables(written: Written) -> Iterator[TableRow]:
    """Rows of the folder that the file names; none where it names no folder and there is none. Raises `Broken` for one outside."""
    named = written.values.get(_CROSSWALK) if isinstance(written.values, dict) else None
    home = written.path.parent.resolve()
    folder = home / (named if isinstance(named, str) else _CROSSWALK)
    if not folder.resolve().is_relative_to(home):
        raise Broken("the folder of tables lies outside of the connection's folder.", "Move it beside the YAML file.")
    if folder.is_dir():
        for path in folder.iterdir():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise Broken(f"{path} leads out of the folder of tables.", "Replace the link by the file.")
        yield from read_tables(folder)
    elif named is not None and named != _CROSSWALK:
        raise Broken(f"there is no folder {folder}.", "Correct the name, or make the folder.")


def read_tables(folder: Path) -> Iterator[TableRow]:
    """Every row of every table of a folder. A table is `<table>.csv` or a sheet of an XLSX file; its first column is the key."""
    seen: dict[tuple[str, str, str], str] = {}
    for path in sorted(folder.iterdir()):
        for row, where in rows_of(path):
            if row.identity in seen:
                raise Broken(f"{where}: row {row.key!r} of table {row.table} is also at {seen[row.identity]}.", "Keep one of them.")
            seen[row.identity] = where
            yield row


def rows_of(path: Path) -> Iterator[tuple[TableRow, str]]:
    """Rows of one table file, each with the place it stands at."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8-sig") as source:
            yield from _table(path.stem, list(csv.reader(source)), str(path))
    elif path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        for sheet in book.worksheets:
            cells = [[_text(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]
            yield from _table(sheet.title, cells, f"{path}[{sheet.title}]")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _table(name: str, lines: list[list[str]], where: str) -> Iterator[tuple[TableRow, str]]:
    if not lines:
        return
    head = [column.strip() for column in lines[0]]
    for number, line in enumerate(lines[1:], start=2):
        cells = [unescaped(cell.strip()) for cell in line]
        if not any(cells):
            continue
        if len(cells) > len(head) or not cells[0]:
            raise Broken(
                f"{where}:{number}: the row does not fit its head {head}.", "Give every row a key and at most the head's columns."
            )
        values = dict(zip(head[1:], cells[1:], strict=False))
        yield TableRow(name, cells[0], values, _day(values.pop(EFFECTIVE, ""), f"{where}:{number}")), f"{where}:{number}"


def _day(text: str, where: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Broken(f"{where}: {EFFECTIVE} is not a date: {text!r}.", "Example: 2026-01-01") from error


def escaped(cell: str) -> str:
    """A cell that a spreadsheet will not run as a formula."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


def unescaped(cell: str) -> str:
    """The cell as it was before `escaped`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def csv_text(head: list[str], lines: list[list[str]]) -> str:
    """A CSV file's text with every cell made safe for spreadsheets."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([[escaped(cell) for cell in line] for line in lines])
    return out.getvalue()


def write_xlsx(path: Path, sheets: dict[str, tuple[list[str], list[list[str]]]]) -> None:
    """An XLSX file with one sheet per table, all cells text."""
    book = openpyxl.Workbook(write_only=True)
    for name, (head, lines) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(head)
        for line in lines:
            sheet.append([escaped(cell) for cell in line])
    book.save(path)
