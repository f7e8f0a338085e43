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
import yaml
from pydantic import ValidationError

from runtime.errors import Broken
from systems.connection import ConnectionSettings

MAX_FILE_BYTES = 10 * 1024 * 1024
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


class _UniqueLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key written twice."""


def _mapping(loader: _UniqueLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise Broken(f"{key_node.start_mark}: key {key!r} is written twice.", "Keep one of them.")
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_UniqueLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_connection(path: Path) -> ConnectionFiles:
    """Read and validate a connection's files. Raises `Broken` naming file and key."""
    settings = _settings(path, _parsed(path))
    folder = path.parent / settings.crosswalk
    return ConnectionFiles(path, settings, tuple(read_tables(folder)) if folder.exists() else ())


def _parsed(path: Path) -> Any:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Broken(
            f"{path}: {error.strerror or error}.", "Name the connection's YAML file; `ml-connector init` writes one."
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise Broken(
            f"{path} is over {MAX_FILE_BYTES} bytes.", "A connection is a short file; tables go into its crosswalk folder."
        )
    try:
        return yaml.load(raw, Loader=_UniqueLoader)  # noqa: S506 - a SafeLoader that refuses duplicate keys
    except yaml.YAMLError as error:
        raise Broken(f"{path}: not YAML: {error}") from error


def _settings(path: Path, parsed: Any) -> ConnectionSettings:
    try:
        return ConnectionSettings.model_validate(parsed)
    except ValidationError as error:
        lines = [f"  {'.'.join(str(part) for part in e['loc']) or '(file)'}: {e['msg']}" for e in error.errors()]
        raise Broken("\n".join([f"{path}: {len(lines)} setting(s) are wrong:", *lines])) from error


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
