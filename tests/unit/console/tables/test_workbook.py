"""Workbooks: what a cell shows, never what the file says of itself; bounds before anything is unpacked."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from console.tables.workbook import MAX_CONTENT_BYTES
from tests.unit.console.tables.ground import book, read, refused, rows, with_part

SHEET = "xl/worksheets/sheet1.xml"
HEAD = ["line_type", "account"]
NS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@pytest.mark.parametrize("dimension", ["A1", "A1:A1", "XFD1048576", "nonsense"])
def test_the_dimension_of_a_sheet_is_not_believed(tmp_path: Path, dimension: str) -> None:
    """Dimension `A1` over three rows gave no rows, and `plan` removed all rows in force."""
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"], ["b", "2"], ["c", "3"])
    with_part(path, SHEET, swap=('<dimension ref="A1:B4"', f'<dimension ref="{dimension}"'))
    assert f'ref="{dimension}"'.encode() in zipfile.ZipFile(path).read(SHEET)
    assert list(rows(tmp_path)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (100, "General", "100"),
        (100, "000000", "000100"),
        (40100, "0", "40100"),
        (2200.1, "0.00", "2200.10"),
        (7, "000.0", "007.0"),
        (0.0625, "General", "0.0625"),
        (-5, "General", "-5"),
        (0, "General", "0"),
        (123456789012345, "General", "123456789012345"),
        ("00123", "@", "00123"),
        ("Pipe", '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)', "Pipe"),
    ],
)
def test_a_code_is_what_the_cell_shows(tmp_path: Path, value: Any, number_format: str, shown: str) -> None:
    book(tmp_path / "b.xlsx", HEAD, ["x", value], formats={"B2": number_format})
    assert rows(tmp_path) == {"x": {"account": shown}}


@pytest.mark.parametrize(
    ("value", "number_format", "why"),
    [
        (40100, "#,##0", "shows it by the format"),
        (0.0625, "0%", "shows it by the format"),
        (0.0625, "0.00", "shows other digits"),
        (1.5, "000", "shows other digits"),
        (-1, "000", "shows other digits"),
        (1 / 3, "General", "shows fewer digits"),
        (10**16, "General", "not a number that can be read for certain"),
        ("Pipe", '"P-"@', "shows it by the format"),
        (date(2026, 1, 2), "d-mmm", "holds the date 2026-01-02. Was it a code like 1-2?"),
        (datetime(2026, 1, 2, 12), "yyyy-mm-dd hh:mm", "shows a time"),  # noqa: DTZ001 - cells know no zone
        (0.5, "[h]:mm", "shows a time"),
        (123456, "000-000", "shows it by the format"),
        (40100, "[Red]0", "shows it by the format"),
        (40100, ";;;", "shows it by the format"),
        ("40100", ";;;", "shows it by the format"),
        ("40100", '0;0;0;"n/a"', "shows it by the format"),
        ("#N/A ", "@", "holds the error #N/A"),
        (True, "General", "holds TRUE or FALSE"),
        ("#N/A", "General", "holds the error #N/A"),
        ("=A1", "General", "holds a formula without a value. Open the file in a spreadsheet and save it"),
    ],
)
def test_a_cell_whose_text_is_not_certain_is_refused_with_sheet_and_cell(
    tmp_path: Path, value: Any, number_format: str, why: str
) -> None:
    book(tmp_path / "b.xlsx", HEAD, ["x", value], formats={"B2": number_format})
    said = refused(tmp_path)
    assert "b.xlsx[line_type]!B2: account: " in said
    assert why in said


@pytest.mark.parametrize(
    ("area", "told"),
    [("B2:B4", ["B2"]), ("A2:B2", ["A2", "B2"]), ("A2:A3", ["A2", "A3"]), ("A1:B1", ["A1", "B1"]), ("A1:XFD1048576", ["A1", "B1"])],
)
def test_merged_cells_are_refused_for_they_do_not_hold_what_they_show(tmp_path: Path, area: str, told: list[str]) -> None:
    """One account shown for three rows was the account of the first, and the others had none."""
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"], ["b", "2"], ["c", "3"])
    with_part(path, SHEET, swap=("</sheetData>", f'</sheetData><mergeCells count="1"><mergeCell ref="{area}"/></mergeCells>'))
    said = refused(tmp_path)
    assert f"is merged with others ({area}). Unmerge them" in said
    assert all(f"[line_type]!{cell}: " in said for cell in told)


def test_merged_cells_beside_the_table_do_not_matter(tmp_path: Path) -> None:
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"])
    with_part(path, SHEET, swap=("</sheetData>", '</sheetData><mergeCells><mergeCell ref="D9:E12"/></mergeCells>'))
    assert rows(tmp_path) == {"a": {"account": "1"}}


@pytest.mark.parametrize("area", ["nonsense", "", "a1:b2", "A1:", "A0:B2"])
def test_merged_cells_that_are_none_are_refused(tmp_path: Path, area: str) -> None:
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"])
    with_part(path, SHEET, swap=("</sheetData>", f'</sheetData><mergeCells><mergeCell ref="{area}"/></mergeCells>'))
    assert f"merges the cells {area!r}" in refused(tmp_path)


def test_many_merged_cells_cost_no_more_than_the_sheet_has_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book(tmp_path / "b.xlsx", HEAD, *(["a", "1"] for _ in range(50)))
    monkeypatch.setattr("console.tables.parts.MAX_CELLS", 1000)
    with_part(path, SHEET, swap=("</sheetData>", "</sheetData>" + '<mergeCell ref="A1:B99"/>' * 30))
    assert "merges more than 1000 rows" in refused(tmp_path)


def test_a_heading_that_cannot_be_told_is_refused(tmp_path: Path) -> None:
    book(tmp_path / "b.xlsx", ["line_type", "=A1"], ["a", "1"])
    assert "[line_type]!B1: heading: holds a formula without a value" in refused(tmp_path)


@pytest.mark.parametrize("kind", ["word/document.xml", "ppt/presentation.xml"])
def test_another_office_file_under_a_workbooks_name_is_not_passed_over(tmp_path: Path, kind: str) -> None:
    """It has no sheets, so it was a workbook without rows."""
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as made:
        made.writestr(
            "_rels/.rels", f'<Relationships><Relationship Id="a" Type="x/officeDocument" Target="{kind}"/></Relationships>'
        )
        made.writestr(kind, "<a/>")
    assert "b.xlsx: has no sheet with cells" in refused(tmp_path)


def cells(tmp_path: Path, content: str, root: str = f'<worksheet xmlns="{NS}"><sheetData>') -> Path:
    """A workbook whose one sheet is this content."""
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"])
    with_part(path, SHEET, f"{root}{content}</sheetData></worksheet>".encode())
    return path


TOP = '<row r="1"><c r="A1" t="inlineStr"><is><t>line_type</t></is></c><c r="B1" t="inlineStr"><is><t>account</t></is></c></row>'


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="B2"><f>A1</f><v>7</v></c>', "7"),
        ('<c r="B2" t="str"><f>A1</f><v>00&#49;</v></c>', "001"),
        ('<c r="B2" t="inlineStr"><is><r><t>4</t></r><r><t>0</t></r><rPh sb="0" eb="1"><t>no</t></rPh></is></c>', "40"),
        ('<c r="B2" t="inlineStr"><is><t>a_x005F_x0041_</t></is></c>', "a_x0041_"),
        ('<c t="inlineStr"><is><t>no place</t></is></c>', "no place"),
        ('<c r="B2"><v>1E3</v></c>', "1000"),
        ('<c r="B2"><v>0.30000000000000004</v></c>', "0.3"),
    ],
)
def test_cells_are_read_in_every_way_they_are_stored(tmp_path: Path, cell: str, value: str) -> None:
    name = '<c r="A2" t="inlineStr"><is><t>x</t></is></c>'
    cells(tmp_path, f'{TOP}<row r="2">{name}{cell}</row>')
    assert rows(tmp_path) == {"x": {"account": value}}


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2"><f>A1</f></c>',
        '<c r="B2" t="str"><f>A1</f></c>',
        '<c r="B2"><f>A1</f><v></v></c>',
        '<c r="B2" t="b"><v>1</v></c>',
    ],
)
def test_a_formula_that_was_never_calculated_is_no_empty_cell(tmp_path: Path, cell: str) -> None:
    name = '<c r="A2" t="inlineStr"><is><t>x</t></is></c>'
    cells(tmp_path, f'{TOP}<row r="2">{name}{cell}</row>')
    assert "[line_type]!B2: account: holds" in refused(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        f'{TOP}<row r="3"/><row r="2"/>',
        f'{TOP}<row r="2"><c r="B2"/><c r="A2"/></row>',
        f'{TOP}<row r="2"><c r="A2"/><c r="A2"/></row>',
        f'{TOP}<row r="2"><c r="A9"/></row>',
        f'{TOP}<row r="x"/>',
        f'{TOP}<row r="2"><c r="A2" t="s"><v>999</v></c></row>',
        f'{TOP}<row r="2"><c r="A2" s="999"><v>9</v></c></row>',
        f"{TOP}<row",
    ],
)
def test_a_sheet_that_no_spreadsheet_writes_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    cells(tmp_path, content)
    said = refused(tmp_path)
    assert "b.xlsx" in said
    assert "Save it again" in said
    assert "\n" not in said


def test_a_cell_in_the_last_row_costs_no_more_than_one_in_the_first(tmp_path: Path) -> None:
    last = '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>x</t></is></c><c r="XFD1048576"><v>1</v></c></row>'
    cells(tmp_path, TOP + last)
    assert "[line_type]!XFD1048576: '1' is under no heading" in refused(tmp_path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    """A workbook of 384 KiB became 832 MB."""
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"])
    with_part(path, SHEET, b"<a>" + b" " * (MAX_CONTENT_BYTES - 60_000) + b"</a>")
    assert path.stat().st_size < 200_000
    assert "unpacks to more than 200 times its size" in refused(tmp_path)
    with_part(path, SHEET, b" " * (MAX_CONTENT_BYTES + 1))
    assert f"is over {MAX_CONTENT_BYTES} bytes unpacked" in refused(tmp_path)


def test_many_parts_elements_cells_and_sheets_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.tables.parts.MAX_ELEMENTS", 1000)
    cells(tmp_path, TOP + "<x/>" * 1000)
    assert "a part of more than 1000 elements" in refused(tmp_path)
    monkeypatch.setattr("console.tables.workbook.MAX_CELLS", 3)
    cells(tmp_path, f'{TOP}<row r="2"><c/><c/></row>')
    assert "cells" in refused(tmp_path)
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"])
    with_part(path, "xl/workbook.xml", swap=("</sheets>", '<sheet name="again" sheetId="2" r:id="rId1"/></sheets>'))
    path_xml = zipfile.ZipFile(path).read("xl/workbook.xml").decode()
    assert "again" in path_xml
    assert "b.xlsx" in refused(tmp_path)
    with zipfile.ZipFile(path, "a") as made:
        for number in range(2001):
            made.writestr(f"x{number}", b"")
    assert "has more than 2000 parts" in refused(tmp_path)


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "_rels/.rels"])
@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>',
    ],
)
def test_entities_and_document_types_are_refused(tmp_path: Path, part: str, declared: str) -> None:
    path = book(tmp_path / "b.xlsx", HEAD, ["a", "1"])
    with_part(path, part, declared.encode("utf-16"))
    assert "declares a document type" in refused(tmp_path)


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    for content, told in (
        (b"\xd0\xcf\x11\xe0", "old workbook (.xls), or has a password"),
        (b"a,b\n", "not an Excel workbook"),
        (b"", "not an Excel"),
    ):
        path.write_bytes(content)
        assert told in refused(tmp_path)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_LZMA) as made:
        made.writestr("xl/workbook.xml", "<a/>")
    path.write_bytes(held.getvalue())
    assert "packed in a way that no spreadsheet packs" in refused(tmp_path)


def test_days_are_read_from_date_cells_of_both_calendars(tmp_path: Path) -> None:
    path = book(tmp_path / "b.xlsx", [*HEAD, "effective_from"], ["x", "1", date(2026, 4, 1)])
    assert read(tmp_path).rows[0].effective_from == date(2026, 4, 1)
    with_part(path, "xl/workbook.xml", swap=("<workbookPr/>", '<workbookPr date1904="1"/>'))
    assert read(tmp_path).rows[0].effective_from == date(2030, 4, 2)


def test_an_empty_sheet_of_no_table_is_passed_over_and_an_empty_table_is_named(tmp_path: Path) -> None:
    book(tmp_path / "b.xlsx", title="Sheet2")
    assert rows(tmp_path) == {}
    book(tmp_path / "b.xlsx", title="line_type")
    assert "b.xlsx[line_type]: no headings" in refused(tmp_path)


def shared(tmp_path: Path, texts: str, *cells_of_account: str) -> Path:
    """A workbook whose texts stand in a part of their own, as the large spreadsheet programs write it: two headings, then `texts`."""
    path = book(tmp_path / "b.xlsx", HEAD)
    lines = "".join(
        f'<row r="{number}"><c r="A{number}" t="inlineStr"><is><t>k{number}</t></is></c>{cell}</row>'
        for number, cell in enumerate(cells_of_account, start=2)
    )
    top = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    with_part(path, SHEET, f'<worksheet xmlns="{NS}"><sheetData>{top}{lines}</sheetData></worksheet>'.encode())
    relation = '<Relationship Type="http://purl.oclc.org/ooxml/officeDocument/relationships/sharedStrings" Target="sharedStrings.xml" Id="s"/>'
    with_part(path, "xl/_rels/workbook.xml.rels", swap=("</Relationships>", f"{relation}</Relationships>"))
    with zipfile.ZipFile(path, "a") as made:
        made.writestr("xl/sharedStrings.xml", f'<sst xmlns="{NS}"><si><t>line_type</t></si><si><t>account</t></si>{texts}</sst>')
    return path


def test_shared_texts_are_read_with_their_runs_and_without_notes(tmp_path: Path) -> None:
    texts = (
        '<si><t xml:space="preserve"> 00123 </t></si><si><r><t>4</t></r><r><rPr><b/></rPr><t>0</t></r><rPh sb="0" eb="1"><t>no</t></rPh></si>'
        "<si><t>a_x005F_x0041_</t></si><si/>"
    )
    shared(tmp_path, texts, *(f'<c r="B{number}" t="s"><v>{number}</v></c>' for number in (2, 3, 4, 5)))
    assert rows(tmp_path) == {"k2": {"account": "00123"}, "k3": {"account": "40"}, "k4": {"account": "a_x0041_"}, "k5": {}}


@pytest.mark.parametrize("number", ["2", "-1", "x", "1.0", "9" * 30])
def test_a_shared_text_that_is_not_there_is_refused(tmp_path: Path, number: str) -> None:
    shared(tmp_path, "", f'<c r="B2" t="s"><v>{number}</v></c>')
    assert "b.xlsx[line_type]: row 2 names a text that is not there" in refused(tmp_path)


def test_shared_texts_declare_no_entities_and_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shared(tmp_path, "<si><t>x</t></si>" * 3)
    monkeypatch.setattr("console.tables.parts.MAX_CELLS", 4)
    assert "has more than 4 texts" in refused(tmp_path)
    with_part(path, "xl/sharedStrings.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><sst><si><t>&b;</t></si></sst>')
    assert "declares a document type" in refused(tmp_path)
