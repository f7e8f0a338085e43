"""The folder of a connection's tables. Every file in it is read, or named with the reason why not. Nothing outside it is opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console.output import printable
from console.tables import csv_file, workbook
from console.tables.grid import Grid, Problems
from console.tables.rows import Columns, TableRow, rows_of
from runtime.errors import Broken

MAX_FILE_BYTES = 10 * 1024 * 1024
MAX_FILES = 500
_WORKBOOK = b"PK\x03\x04"
_FORMS = "Save it as CSV UTF-8 (.csv) or as an Excel workbook (.xlsx)."


@dataclass(frozen=True)
class TableFiles:
    """The rows of a folder's tables, and the files that were not read, each with the reason."""

    rows: tuple[TableRow, ...] = ()
    unread: tuple[str, ...] = ()


def read_tables(folder: Path, within: Path, tables: Columns) -> TableFiles:
    """Every row of every table of a folder. Raises `Broken` with everything that is wrong.

    A table is `<table>.csv` or a sheet of a workbook. `within` is the folder in which everything has to be, after following links.
    """
    if reason := why_not(folder, within):
        raise Broken(f"{folder}: {reason}.")
    home = within.resolve()
    problems, seen, unread = Problems(), dict[tuple[str, str, str], str](), list[str]()
    rows: list[TableRow] = []
    for path in _files(folder):
        for row, place in _rows(path, home, tables, (problems, unread)):
            if row.identity in seen:
                problems.add(place, f"row {row.key!r} of table {row.table} is also at {seen[row.identity]}. Keep one of them")
            else:
                seen[row.identity] = place
                rows.append(row)
    problems.refuse()
    return TableFiles(tuple(rows), tuple(unread))


def why_not(folder: Path, within: Path) -> str:
    """Why this is not a folder of tables of a connection in `within`; "" if it is one."""
    if not _lies_in(folder, within.resolve()):
        return "the folder of tables is outside of the connection's folder. Put it beside the connection's file"
    return "" if folder.is_dir() else f"there is no folder {folder}. Correct the name, or make the folder"


def _files(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise Broken(f"{folder}: {error.strerror or error}.", "Let the folder be read by you.") from error
    if len(found) > MAX_FILES:
        raise Broken(f"{folder}: more than {MAX_FILES} files.", "`crosswalk` names a folder that holds the tables alone.")
    return found


def _lies_in(path: Path, home: Path) -> bool:
    try:
        return path.resolve().is_relative_to(home)
    except (OSError, RuntimeError, ValueError):  # a link that leads to itself, or an impossible name
        return False


def _why_unread(path: Path, home: Path, tables: Columns) -> str:
    """Why a file of the folder is not read; "" if it is. Raises `Broken` for a file that must not be ignored."""
    name, ending = path.name, path.suffix.casefold()
    if not _lies_in(path, home):
        raise Broken(f"{path}: leads out of the folder of the connection.", "Copy the file itself into it.")
    if name.startswith(("~$", ".")):
        return "not read (a spreadsheet's lock or a hidden file)"
    if path.is_dir():
        return "not read (a folder)"
    if ending in (".csv", ".xlsx"):
        return ""
    if path.stem.casefold() in tables:
        raise Broken(f"{path}: a table in a form that is not read.", _FORMS)
    return "not read (neither .csv nor .xlsx)"


def _rows(path: Path, home: Path, tables: Columns, found_so_far: tuple[Problems, list[str]]) -> Iterator[tuple[TableRow, str]]:
    problems, unread = found_so_far
    try:
        if reason := _why_unread(path, home, tables):
            unread.append(printable(f"{path}: {reason}"))
            return
        for grid in grids(path):
            yield from rows_of(grid, tables, problems)
    except Broken as error:
        problems.note(str(error))


def grids(path: Path) -> Iterator[Grid]:
    """The tables of one file, by its ending in any case. Raises `Broken` if it cannot be read."""
    raw = _content(path)
    if path.suffix.casefold() == ".xlsx":
        yield from workbook.read(raw, path)
    elif raw.startswith(_WORKBOOK):
        raise Broken(f"{path}: is an Excel workbook.", "Give its name the ending .xlsx.")
    else:
        yield csv_file.read(raw, path)


def _content(path: Path) -> bytes:
    """The bytes of a regular file. Reading a pipe or a device could wait forever."""
    try:
        handle = os.open(path.resolve(), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as source:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise Broken(f"{path}: is not a regular file.", _FORMS)
            raw = source.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Broken(f"{path}: {getattr(error, 'strerror', None) or error}.", "Name a file that can be read.") from error
    if len(raw) > MAX_FILE_BYTES:
        raise Broken(f"{path}: is over {MAX_FILE_BYTES} bytes.", "Divide the table among several files.")
    return raw
