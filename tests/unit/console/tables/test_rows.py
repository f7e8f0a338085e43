"""Headings, keys, days and rows, whatever the file; and the one form of a code."""

from __future__ import annotations

import unicodedata
from datetime import date
from pathlib import Path

import pytest

from console.tables.folder import read_tables
from console.tables.rows import TableRow, sheet_of
from console.tables.write import csv_text, write_xlsx
from runtime.errors import Broken
from tests.unit.console.tables.ground import TABLES, of_csv, read, refused, rows


def test_the_key_is_found_by_its_heading_wherever_it_stands(tmp_path: Path) -> None:
    """The first column was the key, whatever its heading said: an account became a line type."""
    of_csv(tmp_path, "account,Line Type , SUBACCOUNT\n40000,Pipe,000\n")
    assert rows(tmp_path) == {"Pipe": {"account": "40000", "subaccount": "000"}}


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("line_type,account,Account", "the heading 'account' is there twice"),
        (
            "line_type,acount",
            "Is 'account' meant? There is no column 'acount'; columns: line_type, account, subaccount, effective_from",
        ),
        ("key,account", "no column 'line_type'"),
        ("account,subaccount", "no column 'line_type'"),
        ("line_type", ""),
    ],
)
def test_a_heading_that_is_missing_unknown_or_doubled_is_named(tmp_path: Path, head: str, told: str) -> None:
    of_csv(tmp_path, f"{head}\nx{',y' * head.count(',')}\n")
    if told:
        assert f"line_type.csv:1: {told}" in refused(tmp_path)
    else:
        assert rows(tmp_path) == {"x": {}}


def test_a_key_whose_table_has_a_column_of_the_tables_name(tmp_path: Path) -> None:
    of_csv(tmp_path, "customer_class,kind\nLOCAL,Residential\n", "customer_class.csv")
    assert rows(tmp_path) == {"Residential": {"customer_class": "LOCAL"}}


@pytest.mark.parametrize(
    "written",
    ["PIPE-1 ", "\u00a0PIPE-1", "PIPE-1\u200b", "\ufeffPIPE-1", "PI\u00adPE-1", "PIPE-1\u2003", "\u2060PIPE-1\ufe0f", "PIPE-1\t"],
)
def test_what_nobody_sees_is_no_part_of_a_code_and_two_rows_that_become_one_are_refused(tmp_path: Path, written: str) -> None:
    of_csv(tmp_path, f"line_type;account\n{written};40000\n")
    assert rows(tmp_path) == {"PIPE-1": {"account": "40000"}}
    of_csv(tmp_path, f"line_type;account\nPIPE-1;1\n{written};40000\n")
    said = refused(tmp_path)
    assert "line_type.csv:3: row 'PIPE-1' of table line_type is also at" in said
    assert "line_type.csv:2. Keep one of them" in said


def test_decomposed_accents_and_kinds_of_blanks_are_one_code(tmp_path: Path) -> None:
    of_csv(tmp_path, f"line_type,account\n{unicodedata.normalize('NFD', 'Café')}\u00a0 30,1\nCafé 30,2\n")
    assert "row 'Café 30' of table line_type is also at" in refused(tmp_path)


def test_blanks_within_a_value_are_kept(tmp_path: Path) -> None:
    of_csv(tmp_path, "line_type,account\nx, PLB   -000\u200b\u00a0\n")
    assert rows(tmp_path) == {"x": {"account": "PLB   -000"}}


def test_rows_of_one_key_differ_by_their_day_or_their_part(tmp_path: Path) -> None:
    of_csv(tmp_path, "line_type,account,effective_from\nx,1,\nx,2,2026-04-01\n")
    of_csv(
        tmp_path, "tax_zone,part,account\nAustin,state,1\nAustin,Travis,2\nAustin/Travis,,3\nAustin  Travis,,4\n", "tax_zone.csv"
    )
    found = read(tmp_path).rows
    assert [(row.key, row.effective_from) for row in found[:2]] == [("x", None), ("x", date(2026, 4, 1))]
    assert [row.key for row in found[2:]] == ["Austin  state", "Austin  Travis", "Austin/Travis", "Austin Travis"]


@pytest.mark.parametrize("day", ["soon", "01.04.2026", "2026-4-1", "20260401", "2026-W14-3", "2026-02-30", "46113"])
def test_a_day_that_is_none_is_named(tmp_path: Path, day: str) -> None:
    of_csv(tmp_path, f"line_type,effective_from\nx,{day}\n")
    assert f"line_type.csv:2: effective_from: not a date: '{day}'. Write it like 2026-01-31" in refused(tmp_path)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    of_csv(tmp_path, "line_type,account\n,1\nx,2\nx,3\n")
    of_csv(tmp_path, "tax_zone,acount\n", "tax_zone.csv")
    said = refused(tmp_path).splitlines()
    assert ["line_type.csv:2" in said[0], "line_type.csv:4" in said[1], "tax_zone.csv:1" in said[2]] == [True] * 3
    assert "the key (line_type) is empty" in said[0]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_rows_come_back_from_the_file_that_they_were_exported_to(tmp_path: Path, ending: str) -> None:
    wanted = [
        TableRow("tax_zone", "402  county", {"part": "county", "account": "=1+1", "share": "0.0200"}),
        TableRow("tax_zone", "402  state", {"part": "state", "account": "0010", "share": "1"}, date(2026, 4, 1)),
        TableRow("tax_zone", "a;=b", {"account": "'=x"}),
        TableRow("tax_zone", "b", {"account": "_x0041_"}),
    ]
    sheet = sheet_of("tax_zone", TABLES["tax_zone"], wanted)
    if ending == "csv":
        of_csv(tmp_path, csv_text(*sheet), "tax_zone.csv")
    else:
        write_xlsx(tmp_path / "any.xlsx", {"tax_zone": sheet})
    assert list(read(tmp_path).rows) == wanted


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("6.25%", "share: '6.25%' is not a plain number. Write it like 0.0625 or 6.25"),
        ('"0,0625"', "share: '0,0625' is not a plain number"),
        ("1.234.56", "share: '1.234.56' is not a plain number"),
        ("-2", "share: '-2' is not a plain number"),
    ],
)
def test_a_share_as_excel_shows_it_is_refused_where_it_is_read(tmp_path: Path, written: str, told: str) -> None:
    """It was taken as it stood, and held every document of the zone."""
    of_csv(tmp_path, f"tax_zone,part,account,share\n402,county,22000,{written}\n402,state,22000,0.0625\n", "tax_zone.csv")
    assert f"tax_zone.csv:2: {told}" in refused(tmp_path)


def test_a_currency_is_a_code_and_a_factor_a_number(tmp_path: Path) -> None:
    columns = {"business_unit": ("business_unit", "currency"), "order_item": ("item", "factor")}
    of_csv(tmp_path, "business_unit,currency\nWest,Dollars\nEast,cad\n", "business_unit.csv")
    of_csv(tmp_path, "item,factor\nVALVE,12 pcs\nPIPE,0.5\n", "order_item.csv")
    with pytest.raises(Broken) as raised:
        read_tables(tmp_path, tmp_path, columns)
    said = str(raised.value)
    assert "business_unit.csv:2: currency: 'Dollars' is not the code of a currency. Write it like CAD" in said
    assert "order_item.csv:2: factor: '12 pcs' is not a plain number" in said
    assert ":3:" not in said
