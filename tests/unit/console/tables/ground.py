"""A folder of tables, and what reading it gives or refuses."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from console.tables.folder import TableFiles, read_tables
from console.tables.rows import Columns
from runtime.errors import Broken

TABLES: Columns = {
    "line_type": ("line_type", "account", "subaccount"),
    "tax_zone": ("tax_zone", "part", "account", "share"),
    "customer_class": ("kind", "customer_class"),
}


def read(folder: Path) -> TableFiles:
    return read_tables(folder, folder, TABLES)


def rows(folder: Path) -> dict[str, dict[str, str]]:
    """Values by name of the row."""
    return {row.key: row.values for row in read(folder).rows}


def refused(folder: Path) -> str:
    with pytest.raises(Broken) as raised:
        read(folder)
    return str(raised.value)


def of_csv(folder: Path, content: str | bytes, name: str = "line_type.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def book(path: Path, *lines: list[Any], title: str = "line_type", formats: Mapping[str, str] | None = None) -> Path:
    """A workbook of one sheet, with number formats by cell."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = title
    for line in lines:
        sheet.append(line)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    made.save(path)
    return path


def with_part(path: Path, part: str, content: bytes | None = None, swap: tuple[str, str] = ("", "")) -> None:
    """Put `content` in the place of a part of a workbook, or swap a text in it for another."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = parts[part].replace(swap[0].encode(), swap[1].encode()) if content is None else content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in parts.items():
            made.writestr(name, data)
