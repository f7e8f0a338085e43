"""The folder of the tables: what is read, what is named, and that nothing outside it is opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from console.tables.folder import MAX_FILE_BYTES, read_tables
from runtime.errors import Broken
from tests.unit.console.tables.ground import TABLES, book, of_csv, read, refused, rows


@pytest.mark.parametrize("name", ["LINE_TYPE.CSV", "Line_Type.Csv"])
def test_names_and_endings_are_read_in_any_case(tmp_path: Path, name: str) -> None:
    of_csv(tmp_path, "line_type,account\nx,1\n", name)
    assert rows(tmp_path) == {"x": {"account": "1"}}


def test_a_workbook_and_its_sheets_are_read_in_any_case(tmp_path: Path) -> None:
    book(tmp_path / "Any.XLSX", ["line_type", "account"], ["x", "1"], title=" Line_Type")
    assert rows(tmp_path) == {"x": {"account": "1"}}


def test_a_file_that_is_not_read_is_named(tmp_path: Path) -> None:
    of_csv(tmp_path, "line_type,account\nx,1\n")
    for name in ("~$book.xlsx", "notes.txt", ".DS_Store", "line_type.csv.bak"):
        (tmp_path / name).write_bytes(b"whatever")
    (tmp_path / "old").mkdir()
    found = read(tmp_path)
    assert len(found.rows) == 1
    assert [Path(line.partition(": ")[0]).name for line in found.unread] == sorted(
        [".DS_Store", "line_type.csv.bak", "notes.txt", "old", "~$book.xlsx"]
    )
    assert all("not read" in line for line in found.unread)


@pytest.mark.parametrize("name", ["line_type.xls", "LINE_TYPE.ods", "line_type.txt", "line_type.xlsm", "line_type"])
def test_a_table_in_another_form_is_not_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert f"{name}: a table in a form that is not read. Save it as CSV" in refused(tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [("line_types.csv", "Is 'line_type' meant? 'line_types' is not a table; tables: customer_class"), ("odd.csv", "not a table")],
)
def test_a_table_of_an_unknown_name_is_refused_with_the_nearest(tmp_path: Path, name: str, told: str) -> None:
    of_csv(tmp_path, "line_type,account\nx,1\n", name)
    assert told in refused(tmp_path)


def test_a_key_in_two_files_is_refused_with_both_places(tmp_path: Path) -> None:
    of_csv(tmp_path, "line_type,account\nx,1\n")
    book(tmp_path / "more.xlsx", ["line_type", "account"], ["x", "1"])
    said = refused(tmp_path)
    assert "more.xlsx[line_type]:2: row 'x' of table line_type is also at" in said
    assert "line_type.csv:2" in said


def test_tables_outside_the_connections_folder_are_not_opened(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    home.mkdir()
    out.mkdir()
    of_csv(out, "line_type,account\nx,1\n")
    (home / "linked").symlink_to(out)
    for folder in (home / ".." / "out", home / "linked", out):
        with pytest.raises(Broken, match="the folder of tables is outside"):
            read_tables(folder, home, TABLES)
    inside = home / "crosswalk"
    inside.mkdir()
    (inside / "line_type.csv").symlink_to(out / "line_type.csv")
    with pytest.raises(Broken, match="leads out of"):
        read_tables(inside, home, TABLES)
    (inside / "line_type.csv").unlink()
    (inside / "line_type.csv").symlink_to(inside / "line_type.csv")
    with pytest.raises(Broken, match=r"line_type\.csv"):
        read_tables(inside, home, TABLES)


def test_a_link_within_the_folder_is_followed_as_volumes_of_a_cluster_have_them(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()
    of_csv(tmp_path / "..data", "line_type,account\nx,1\n")
    (tmp_path / "line_type.csv").symlink_to(Path("..data") / "line_type.csv")
    assert rows(tmp_path) == {"x": {"account": "1"}}


def test_a_pipe_is_not_waited_for_and_a_file_has_a_bound(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "line_type.csv")
    assert "is not a regular file" in refused(tmp_path)
    (tmp_path / "line_type.csv").unlink()
    with (tmp_path / "line_type.csv").open("wb") as big:
        big.truncate(MAX_FILE_BYTES + 1)
    assert f"is over {MAX_FILE_BYTES} bytes" in refused(tmp_path)


def test_a_folder_that_is_not_there_or_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("missing", "file"):
        with pytest.raises(Broken, match=name):
            read_tables(tmp_path / name, tmp_path, TABLES)


def test_a_name_or_a_heading_never_acts_on_a_terminal_and_a_thousand_errors_are_told_in_twenty_lines(tmp_path: Path) -> None:
    of_csv(tmp_path, "line_type,account\nx,1\n", "\x1b[2J.csv")
    (tmp_path / "\x1b]0;x\x07.txt").write_text("x")
    assert "\x1b" not in refused(tmp_path)
    (tmp_path / "\x1b[2J.csv").unlink()
    assert "\x1b" not in "".join(read(tmp_path).unread)
    of_csv(tmp_path, "line_type,account\n" + ",1\n" * 1000)
    assert refused(tmp_path).splitlines()[20:] == ["... and 980 more"]
