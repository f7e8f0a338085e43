"""The page about `reconcile`, the legends of the tables, and the forms of the result agree with the code."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.cli.reconcile import csv_of, reconcile, table_of
from console.output import WIDTH
from console.reconcile import findings as f
from console.reconcile.findings import CLASSES, EXPLAINED, Finding, Judged
from console.reconcile.rows import By, Range, rows_of, unexplained, within
from console.tables.folder import read_tables
from console.tables.write import csv_text
from runtime.errors import Broken
from systems import registry
from systems.contract import System

PAGE = Path("docs/reconcile.md").read_text()


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_is_on_the_page_in_the_same_words(name: str) -> None:
    assert f"| `{name}` | {CLASSES[name]} | {'yes' if name in EXPLAINED else 'no'} |" in PAGE


@pytest.mark.parametrize("erp", registry.erps(), ids=lambda erp: erp.name)
def test_every_table_has_a_legend_whose_example_is_read_as_it_is_typed(tmp_path: Path, erp: System) -> None:
    tables = registry.crosswalk_tables(erp.name)
    for table, legend in ((table, registry.legends(erp.name)[table]) for table in tables):
        assert set(tables[table][1:]) <= set(legend.columns), table
        head = [column for column in tables[table] if column in legend.example]
        assert set(legend.example) == set(head), table
        (tmp_path / f"{table}.csv").write_text(csv_text(head, [[legend.example[column] for column in head]]))
    found = read_tables(tmp_path, tmp_path, tables)
    assert {row.table for row in found.rows} == set(tables)


def judged(number: int, *findings: Finding, **more: Any) -> Judged:
    made: dict[str, Any] = {
        "flow": "A1", "entity": "invoice", "number": f"N{number}", "day": date(2026, 3, 31), "party": str(number), "party_name": "Ana",
        "unit": "Plumbing", "currency": "USD", "source": Decimal("100.00"), "erp": ((date(2026, 3, 31), Decimal("100.00")),),
        "findings": findings, "source_id": str(number),
    }  # fmt: skip
    return Judged(**{**made, **more})


def test_two_customers_of_one_name_are_two_rows() -> None:
    assert [row.group for row in rows_of([judged(1), judged(2)], By.customer)] == ["Ana (1)", "Ana (2)"]


def test_currencies_are_never_added_up() -> None:
    rows = rows_of([judged(1), judged(2, currency="CAD")], By.flow)
    assert [(row.currency, row.source.amount) for row in rows] == [("CAD", Decimal("100.00")), ("USD", Decimal("100.00"))]


def test_a_difference_of_nothing_is_still_unexplained() -> None:
    rows = rows_of([judged(1, Finding(f.MISSING, Decimal(0)))], By.flow)
    assert unexplained(rows) == (1, Decimal(0))


def test_amounts_of_opposite_sign_do_not_cancel_out_what_is_unexplained() -> None:
    up, down = Finding(f.EDITED_IN_ERP, Decimal(5), Decimal(5)), Finding(f.EDITED_IN_ERP, Decimal(-5), Decimal(-5))
    assert unexplained(rows_of([judged(1, up), judged(2, down)], By.flow)) == (2, Decimal(10))


def test_what_has_no_day_is_in_every_range() -> None:
    days = Range(date(2026, 4, 1), date(2026, 4, 30))
    assert list(within([judged(1)], days)) == []
    assert len(list(within([judged(1, day=None)], days))) == 1


def test_a_month_that_ends_between_both_sides_differs_in_both() -> None:
    one = judged(1, erp=((date(2026, 4, 1), Decimal("100.00")),))
    for days, difference in ((Range(None, date(2026, 3, 31)), 100), (Range(date(2026, 4, 1), None), -100), (Range(), 0)):
        (row,) = rows_of(within([one], days), By.flow)
        assert row.difference == difference == sum(found.difference for found in row.classes.values())


def test_what_differs_at_the_source_is_told_in_the_days_of_the_source_alone() -> None:
    edited = Finding(f.EDITED_IN_ERP, Decimal(20), Decimal(20))
    one = judged(1, edited, erp=((date(2026, 4, 1), Decimal("80.00")),))
    (april,) = rows_of(within([one], Range(date(2026, 4, 1), None)), By.flow)
    assert (april.difference, list(april.classes)) == (Decimal("-80.00"), ["wrong_period"])


def test_the_table_fits_a_screen_and_the_spreadsheet_runs_nothing() -> None:
    nasty = "=cmd|' /C calc'!A0, \"x\"" + "y" * 80
    one = judged(1, Finding(f.HELD, Decimal("1234567.89"), Decimal("1234567.89")), unit=nasty, source=Decimal("1234667.89"))
    rows = rows_of([one], By.business_unit)
    assert all(len(line) <= WIDTH for line in table_of(rows))
    head, line = list(csv.reader(io.StringIO(csv_of(rows).removeprefix("\ufeff"))))
    assert head[:8] == ["flow", "group", "currency", "source_count", "source_amount", "erp_count", "erp_amount", "difference"]
    assert dict(zip(head, line, strict=True))["held_amount"] == "1234567.89"
    assert line[1].startswith("'=cmd")


def test_a_group_with_separators_quotes_and_lines_stays_one_cell() -> None:
    names = ['West, "old"', "East; new", "two\nlines", "tab\there"]
    rows = rows_of([judged(1, Finding(f.HELD, Decimal(10), Decimal(10)), unit=name) for name in names], By.business_unit)
    read = list(csv.reader(io.StringIO(csv_of(rows).removeprefix("\ufeff"), newline="")))
    assert sorted(line[1] for line in read[1:]) == sorted(names)
    assert {len(line) for line in read} == {len(read[0])}


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("yesterday", "", "--from 'yesterday' is not a day"),
        ("", "31.03.2026", "--to '31.03.2026'"),
        ("2026-03-02", "2026-03-01", "is after"),
    ],
)
def test_a_bad_day_is_refused_as_every_other_verb_does(first: str, last: str, words: str) -> None:
    """It ended with the code of a wrong command line, and `journal` with that of a wrong setting."""
    with pytest.raises(Broken, match=words):
        reconcile("acme", first=first, last=last)
