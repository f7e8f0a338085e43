"""Tables as files that spreadsheets open as they are: UTF-8 with a byte order mark, every cell a text, nothing that is executed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import openpyxl
from openpyxl.cell import WriteOnlyCell

from console.tables.escaping import escaped
from console.tables.shown import TEXT
from runtime.errors import Broken

Sheet = tuple[list[str], list[list[str]]]
"""Headings and lines."""
_NOT_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|_(?=x[0-9A-Fa-f]{4}_)")
_LINE_BREAKS = re.compile(r"\r\n|\r|\n")
_LONGEST = 32_767
"""Characters that a cell of a workbook can hold."""


def csv_text(head: list[str], lines: list[list[str]]) -> str:
    """The text of a CSV file with every cell made safe for spreadsheets, each row on one line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([[escaped(_LINE_BREAKS.sub(" ", cell)) for cell in line] for line in lines])
    return out.getvalue()


def write_csv(path: Path, sheet: Sheet) -> None:
    """Write a CSV file. Its byte order mark lets spreadsheets read it as UTF-8. Raises `Broken` if it cannot be written."""
    try:
        path.write_text(csv_text(*sheet), encoding="utf-8-sig", errors="backslashreplace", newline="")
    except OSError as error:
        raise _unwritable(path, error) from error


def write_xlsx(path: Path, sheets: Mapping[str, Sheet]) -> None:
    """Write an XLSX file with one sheet per table. Raises `Broken` if it cannot be written."""
    try:
        path.write_bytes(xlsx_bytes(sheets))
    except OSError as error:
        raise _unwritable(path, error) from error


def xlsx_bytes(sheets: Mapping[str, Sheet]) -> bytes:
    """A workbook with one sheet per table, all cells text."""
    book = openpyxl.Workbook(write_only=True)
    for name, (head, lines) in sheets.items():
        sheet = book.create_sheet(name)
        for number in range(len(head)):
            sheet.column_dimensions[openpyxl.utils.get_column_letter(number + 1)].number_format = TEXT
        for line in (head, *lines):
            sheet.append([_cell(sheet, text) for text in line])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _cell(sheet: object, text: str) -> WriteOnlyCell:
    stored = _NOT_IN_XML.sub(lambda found: f"_x{ord(found.group()):04X}_", escaped(text))
    cell = WriteOnlyCell(sheet, stored[:_LONGEST])
    cell.data_type, cell.number_format = "s", TEXT
    return cell


def _unwritable(path: Path, error: OSError) -> Broken:
    return Broken(f"{path}: {error.strerror or error}.", "Name a file in a folder that is there and can be written.")
