"""CSV files: what spreadsheets of every country write is read, everything else is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.console.tables.ground import of_csv, refused, rows

HEAD = "line_type,account\n"


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("{h}Rohr ¾ – Küche{d}40000\r\n".encode("utf-8-sig"), ","),
        ("{h}Rohr ¾ – Küche{d}40000\r\n".encode("utf-8-sig"), ";"),
        ("{h}Rohr ¾ – Küche{d}40000\r\n".encode("cp1252"), ";"),
        ("{h}Rohr ¾ – Küche{d}40000\n".encode(), "\t"),
        (b"\xff\xfe" + "{h}Rohr ¾ – Küche{d}40000\r\n".encode("utf-16-le"), "\t"),
        (b"\xfe\xff" + "{h}Rohr ¾ – Küche{d}40000\r\n".encode("utf-16-be"), "\t"),
        (b"sep=;\r\n" + "{h}Rohr ¾ – Küche{d}40000\r\n".encode("cp1252"), ";"),
        ("sep=|\n{h}Rohr ¾ – Küche{d}40000\n".encode("utf-8-sig"), "|"),
        ('"sep=,"\n{h}"Rohr ¾ – Küche"{d}"40000"'.encode(), ","),
        ("\n{h}Rohr ¾ – Küche{d}40000{d}{d}\n{d}{d}\n".encode(), ","),
    ],
    ids=[
        "utf-8 mark",
        "semicolons",
        "windows-1252",
        "tabs",
        "unicode text",
        "utf-16 be",
        "sep=;",
        "sep=|",
        "sep= in quotes",
        "trailing",
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: bytes, delimiter: str) -> None:
    """Semicolons gave one key without values, Windows-1252 and UTF-16 a traceback, `sep=` a heading."""
    encoding = next(
        (name for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")) if content.startswith(mark)), ""
    )
    kept = {"{h}": f"line_type{delimiter}account\r\n", "{d}": delimiter}
    for mark, text in kept.items():
        content = content.replace(mark.encode(encoding or "ascii"), text.encode(encoding or "ascii"))
    of_csv(tmp_path, content)
    assert rows(tmp_path) == {"Rohr ¾ – Küche": {"account": "40000"}}


def test_a_classic_macintosh_file_of_plain_letters_is_read(tmp_path: Path) -> None:
    of_csv(tmp_path, "line_type,account\rPipe,40000\r")
    assert rows(tmp_path) == {"Pipe": {"account": "40000"}}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEAD.encode() + b"K\x81che,1\n", "line_type.csv:2: neither UTF-8 nor Windows-1252"),
        (HEAD.encode() + b"K\x94ln,1\n", "line_type.csv:2: neither UTF-8 nor Windows-1252"),
        (HEAD.replace("\n", "\r").encode() + b"K\x9fche,1\r", "neither UTF-8 nor Windows-1252"),
        (HEAD.encode() + "Köln,1\n".encode() + b"K\xf6ln,2\n", "line_type.csv:3: neither UTF-8 nor Windows-1252"),
        (HEAD.encode("utf-16-le"), "not a text file"),
        (HEAD.encode("utf-32"), "UTF-32"),
        (b"\xff\xfe" + HEAD.encode("utf-16-le") + b"a", "not UTF-16-LE"),
        (b"\xef\xbb\xbf" + HEAD.encode() + b"K\xf6ln,1\n", "line_type.csv:2: is not UTF-8"),
        (b"line_type,account;subaccount\n", "separated by more than one of comma, semicolon and tab"),
        (b"", "no headings"),
        (b"\n\n", "no headings"),
        (b"PK\x03\x04rest", "is an Excel workbook"),
    ],
)
def test_what_no_spreadsheet_writes_is_refused_with_what_to_do(tmp_path: Path, content: bytes, told: str) -> None:
    of_csv(tmp_path, content)
    assert told in refused(tmp_path)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ('Before,1\n"Pipe 3/4,40000\nAfter,2\n', 3),
        ('Before,1\n"Pipe 3/4,40000\nElbow 3/4",40100\nAfter,2\n', 3),
        ('Before,1\nPipe 3/4",40000\nAfter,2\n', 3),
        ('Before,1\n"Pipe" 3/4,40000\nAfter,2\n', 3),
        ('Before,1\nPipe,"40000\n', 3),
        ('"Pipe 3/4\n', 2),
    ],
)
def test_a_stray_quote_is_an_error_of_its_own_line(tmp_path: Path, lines: str, wrong: int) -> None:
    """`"Pipe 3/4,40000` took every row behind it into its cell."""
    of_csv(tmp_path, HEAD + lines)
    said = refused(tmp_path)
    assert f"line_type.csv:{wrong}: a quote that opens or closes no whole cell" in said
    assert "line_type.csv:2:" not in said or wrong == 2


def test_quotes_that_belong_to_a_cell_are_read(tmp_path: Path) -> None:
    of_csv(tmp_path, HEAD + '"Pipe 3/4""","40,000"\n')
    assert rows(tmp_path) == {'Pipe 3/4"': {"account": "40,000"}}


@pytest.mark.parametrize(
    "cell",
    [
        "########",
        "1.23457E+11",
        "4E+04",
        "1,23457E+11",
        "-1E-07",
        " 4E+04 ",
        "TRUE",
        "FALSE",
        "=A1",
        " =SUM(A1)",
        '"=VLOOKUP(A1,x,2)"',
    ],
)
@pytest.mark.parametrize("row", ["P;{}", "{};40000"])
def test_what_a_spreadsheet_put_in_the_place_of_a_code_is_refused(tmp_path: Path, cell: str, row: str) -> None:
    """A column that is too narrow, a long number in short, a truth value or a formula became an account."""
    of_csv(tmp_path, f"line_type;account\n{row.format(cell)}\n")
    said = refused(tmp_path)
    assert "line_type.csv:2: " in said
    assert "is what a spreadsheet shows or runs, not a code" in said


@pytest.mark.parametrize(
    "cell", ["4E04", "4e+04", "##", "True", "E+04", "1E+1234", "TRUE NORTH", "'TRUE", "'4E+04", "'=A1", "'########"]
)
def test_a_code_that_only_resembles_it_is_read_and_one_that_is_it_can_be_written(tmp_path: Path, cell: str) -> None:
    of_csv(tmp_path, HEAD + f"P,{cell}\n")
    assert rows(tmp_path) == {"P": {"account": cell.removeprefix("'")}}


@pytest.mark.parametrize(
    "error", ["#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", " #N/A ", "\u200b#N/A"]
)
def test_an_error_that_was_copied_as_text_is_no_code(tmp_path: Path, error: str) -> None:
    of_csv(tmp_path, HEAD + f"P,{error}\n")
    assert "line_type.csv:2: account: holds the error #" in refused(tmp_path)
    of_csv(tmp_path, HEAD + f"{error},1\n")
    assert "line_type.csv:2: line_type: holds the error" in refused(tmp_path)


def test_a_code_that_was_kept_from_a_spreadsheet_is_what_it_shows(tmp_path: Path) -> None:
    """`="00123"` is the usual way to keep leading zeros; it became the key."""
    of_csv(tmp_path, 'line_type;account\n"=""00123""";"=""040100"""\n')
    assert rows(tmp_path) == {"00123": {"account": "040100"}}


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("line_type,account", "P;40000"),
        ("line_type;account", "P,40000"),
        ("line_type,account", "P\t40000"),
        ("line_type", "P;40000"),
    ],
)
def test_a_row_between_other_delimiters_than_the_headings_is_refused(tmp_path: Path, head: str, row: str) -> None:
    """It was one key without values."""
    of_csv(tmp_path, f"{head}\n{row}\n")
    assert "line_type.csv:2: a row of one cell with" in refused(tmp_path)


def test_a_carriage_return_within_a_line_is_refused(tmp_path: Path) -> None:
    of_csv(tmp_path, HEAD + "Pipe\r3/4,40000\n")
    assert "line_type.csv:2: a carriage return is within the line" in refused(tmp_path)


def test_the_line_that_names_the_delimiter_is_read_in_any_case(tmp_path: Path) -> None:
    of_csv(tmp_path, "SEP=;\nline_type;account\nPipe;40000\n")
    assert rows(tmp_path) == {"Pipe": {"account": "40000"}}


def test_a_row_with_a_cell_under_no_heading_is_refused(tmp_path: Path) -> None:
    of_csv(tmp_path, HEAD + "Pipe,40000,1\n")
    assert "line_type.csv:2: '1' is under no heading" in refused(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"line_type,account\n" + b'"' * 2_000_000,
        b"line_type,account\n" + b'a""' * 700_000,
        b"line_type,account\n" + b'"",' * 700_000,
    ],
)
def test_millions_of_quotes_are_looked_at_once(tmp_path: Path, content: bytes) -> None:
    of_csv(tmp_path, content)
    assert refused(tmp_path)
