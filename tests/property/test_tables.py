"""Readers of tables over arbitrary bytes: rows, or one error of ours that names the file; nothing else comes out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from console.tables import csv_file, workbook
from console.tables.grid import Grid, Problems
from console.tables.rows import Columns, rows_of
from console.tables.write import xlsx_bytes
from runtime.errors import Broken

TABLES: Columns = {"line_type": ("line_type", "account", "subaccount"), "tax_zone": ("tax_zone", "part", "account")}
PATH = Path("line_type.csv")
BOOK = xlsx_bytes({"line_type": (["line_type", "account"], [["Pipe", "040100"], ["=1+1", "x_x000B_"]])})
MARKS = st.sampled_from(
    [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"sep=;\n", b"line_type,account\n", b"line_type;a\r"]
)
TAGS = st.sampled_from(
    "worksheet sheetData row c v f is t r rPh si sst xf cellXfs numFmt sheet Relationship workbookPr".split()  # noqa: SIM905 - shorter
)
ATTRIBUTES = st.lists(
    st.tuples(
        st.sampled_from(["r", "t", "s", "name", "id", "numFmtId", "formatCode", "date1904", "Type", "Target", "Id", "TargetMode"]),
        st.sampled_from(
            ["1", "A1", "B2", "XFD1048576", "ZZZ9999999", "-1", "9" * 30, "s", "str", "b", "e", "n", "inlineStr", "d", "General", "0.00",
             "../../x", "External", "rId1", "yyyy-mm-dd", "@", "\u0661", "", "x/worksheet"]
        ),
    ),
    unique_by=lambda pair: pair[0],
    max_size=4,
)  # fmt: skip
ELEMENTS = st.recursive(
    st.text(alphabet="0123456789.eE-+x_ \u0661a", max_size=8),
    lambda inner: st.builds(
        lambda tag, attributes, content: (
            f"<{tag} {' '.join(f'{k}={chr(34)}{v}{chr(34)}' for k, v in attributes)}>{''.join(content)}</{tag}>"
        ),
        TAGS,
        ATTRIBUTES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


def error_of(reading: Callable[[], Iterable[Grid]]) -> str:
    """What a reader refused; "" where it gave tables, whose rows are read then."""
    try:
        for grid in reading():
            list(rows_of(grid, TABLES, Problems()))
    except Broken as error:
        return str(error)
    return ""


def read_csv(raw: bytes) -> None:
    said = error_of(lambda: [csv_file.read(raw, PATH)])
    assert not said or (said.startswith("line_type.csv") and "\n" not in said)


def read_book(raw: bytes) -> None:
    said = error_of(lambda: workbook.read(raw, Path("book.xlsx")))
    assert not said or (said.startswith("book.xlsx") and "\n" not in said)


@given(MARKS, st.binary(max_size=200), st.text(alphabet='",;\t\r\nab\u00e9\u200b\0=', max_size=60))
def test_arbitrary_bytes_are_rows_or_one_error_as_csv(mark: bytes, raw: bytes, text: str) -> None:
    read_csv(mark + raw)
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        read_csv(mark + text.encode(encoding, "replace"))


@given(st.binary(max_size=200), st.booleans())
def test_arbitrary_bytes_are_one_error_as_a_workbook(raw: bytes, is_zip: bool) -> None:
    read_book(b"PK\x03\x04" + raw if is_zip else raw)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(BOOK) - 1), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, len(BOOK)))
def test_a_damaged_workbook_is_rows_or_one_error(changes: list[tuple[int, int]], cut: int) -> None:
    raw = bytearray(BOOK)
    for place, value in changes:
        raw[place] = value
    read_book(bytes(raw))
    read_book(bytes(raw[:cut]))


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels"]),
    st.one_of(ELEMENTS.map(lambda text: f"<worksheet>{text}</worksheet>".encode("utf-8", "replace")), st.binary(max_size=60)),
)
def test_a_workbook_with_a_part_of_anothers_making_is_rows_or_one_error(part: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name, data in (parts | {part: content}).items():
            made.writestr(name, data)
    read_book(held.getvalue())
