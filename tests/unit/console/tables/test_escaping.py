"""Cells that a spreadsheet would run are text in every file that we write, and come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.tables.csv_file import read as read_csv
from console.tables.escaping import escaped, unescaped
from console.tables.grid import Grid
from console.tables.workbook import read as read_xlsx
from console.tables.write import csv_text, write_xlsx, xlsx_bytes
from runtime.errors import Broken
from systems.values.codes import visible

RUN = [
    "=1",
    "+1",
    "-1",
    "@x",
    "\t=1",
    "\n=1",
    "\r=1",
    "\tx",
    "\nx",
    "\rx",
    " =1",
    "\u00a0=1",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "'=1",
    "''=1",
]
INNER = ["x;=1", "x,=1", "x\t=1", "x|=1", "x; ＝1", ";=1", 'x;"=1']


@pytest.mark.parametrize("cell", [*RUN, *INNER])
def test_a_cell_that_would_be_run_is_not_and_comes_back(cell: str) -> None:
    safe = escaped(cell)
    assert unescaped(safe) == cell
    if cell in RUN:
        assert safe.startswith("'")
    if cell in INNER[:-1]:
        assert "'" in safe


@pytest.mark.parametrize("cell", ["x=1", "a-b", "O'Neil", "'tis", "x; y", "", "12", "A - B"])
def test_a_cell_that_would_not_be_run_stays_as_it_is(cell: str) -> None:
    assert escaped(cell) == cell


@given(st.text(alphabet=st.sampled_from(" '=+-@;,|\t\r\n\u00a0＝ax\""), max_size=12))
def test_every_cell_comes_back(cell: str) -> None:
    assert unescaped(escaped(cell)) == cell


ANY = st.text(max_size=20)


def texts(grid: Grid) -> list[str]:
    return [line.cells[0].text if 0 in line.cells else "" for line in grid.lines]


@given(st.lists(ANY.filter(lambda text: "\n" not in text and "\r" not in text and "\0" not in text and visible(text)), max_size=5))
def test_every_text_comes_back_from_a_csv_file(cells: list[str]) -> None:
    raw = csv_text(["head", "b"], [[cell, "."] for cell in cells]).encode("utf-8", "backslashreplace")
    if any("\ud800" <= c <= "\udfff" for cell in cells for c in cell):
        return
    assert texts(read_csv(raw, Path("t.csv"))) == ["head", *cells]


@settings(max_examples=40, deadline=None)
@given(st.lists(ANY.filter(visible), max_size=5))
def test_every_text_comes_back_from_a_workbook(cells: list[str]) -> None:
    """A name with U+000B ended `match --export` with a traceback."""
    (grid,) = read_xlsx(xlsx_bytes({"t": (["head"], [[cell] for cell in cells])}), Path("t.xlsx"))
    assert texts(grid) == ["head", *cells]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="No such file"):
        write_xlsx(tmp_path / "missing" / "b.xlsx", {"t": (["a"], [])})
