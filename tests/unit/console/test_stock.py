"""The list of what people have to put right at the source: what changed in the ERP's stock by itself, and nothing that came from the source."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.books.stock import COLUMNS, named_by, work_list
from console.cli.status import stock_lines, stock_written
from systems import registry
from tests.contract import examples
from tests.unit.console.entries import entry, example
from tests.unit.console.recorded import Recorded
from topology.configuration import Snapshot

ERP = "syspro"
SNAPSHOT = Snapshot({"acme": examples.connected(registry.system(ERP))})
MOVED = {"record": "inventory_adjustment", "purpose": "stock"}


class Read:
    """What the pollers read and the sinks wrote, in its order."""

    def __init__(self) -> None:
        self.cluster = Recorded()

    def level(self, on_hand: str, item: str = "VALVE-34", place: str = "MA") -> Read:
        about = {"connection": "acme", "system": ERP, "source_id": f"{item}/{place}", "sku_code": item, "inventory_location": place}
        level = example("canonical.stock_level", **about, on_hand=Decimal(on_hand), unit_cost=Decimal("14.22"))
        self.cluster.put("canonical.stock_level", "canonical.stock_level", level)
        cursor = example("raw.cursor", connection="acme", feed=f"{ERP}.stock_levels", at=datetime(2026, 3, 2, tzinfo=UTC))
        self.cluster.put("cursors", "raw.cursor", cursor)
        return self

    def wrote(
        self, quantity: str, state: str = "POSTED", record: str = "inventory_adjustment", number: str = "1", to: str = ""
    ) -> Read:
        [line] = example("command.inventory_adjustment")["lines"]
        line |= {"item": "VALVE-34", "warehouse": "MA", "quantity": Decimal(quantity)}
        command = example(f"command.{record}", connection="acme", system=ERP, op_key=f"op{number}", lines=[line], warehouse="MA")
        command |= {"to_warehouse": to} if to else {}
        self.cluster.put(f"command.{ERP}", f"command.{record}", command)
        return self.entered(f"op{number}", state, record)

    def entered(self, op_key: str, state: str, record: str, **more: Any) -> Read:
        told = entry("inventory_adjustment", "1", state, record=record, purpose="stock", system=ERP, op_key=op_key, **more)
        self.cluster.put(f"ledger.{ERP}", "result.ledger", told)
        return self

    def adjusted(self, quantity: str, kind: str, **more: Any) -> Read:
        made = example("canonical.inventory_adjustment", connection="acme", system="servicetitan", kind=kind, **more)
        place = {"inventory_location": "", "inventory_location_id": "9001"}
        made |= place | {"lines": [made["lines"][0] | {"sku_code": "MAT-VALVE", "quantity": Decimal(quantity)}]}
        self.cluster.put("canonical.inventory_adjustment", "canonical.inventory_adjustment", made)
        return self

    def to_adjust(self) -> dict[tuple[str, str], Decimal]:
        return {(row["item"], row["place"]): row["to_adjust"] for row in work_list(self.cluster, SNAPSHOT)}


def test_what_changed_by_itself_is_listed_with_the_sources_names_and_its_worth() -> None:
    read = Read().level("40").level("37").level("12", place="T1").level("12", place="T1")
    [row] = work_list(read.cluster, SNAPSHOT)
    assert tuple(row) == COLUMNS
    told = {"before": Decimal(40), "now": Decimal(37), "moved_by_us": Decimal(0), "adjusted": Decimal(0), "to_adjust": Decimal(-3)}
    assert {name: row[name] for name in told} == told
    assert (row["skus"], row["locations"], row["value"]) == ("MAT-VALVE", "9001", Decimal("-42.66"))


def test_what_we_moved_came_from_the_source() -> None:
    assert Read().level("40").wrote("2").level("42").to_adjust() == {}
    assert Read().level("40").wrote("2", record="receipt").level("47").to_adjust() == {("VALVE-34", "MA"): 5}
    assert Read().level("40").wrote("2", "HELD").level("42").to_adjust() == {("VALVE-34", "MA"): 2}


def test_a_transfer_leaves_one_place_and_enters_the_other() -> None:
    read = Read().level("40").level("40", place="T1").wrote("3", to="T1").level("37").level("43", place="T1")
    assert read.to_adjust() == {}


def test_what_is_taken_back_moves_back() -> None:
    read = Read().level("40").wrote("2").entered("op1|void", "POSTED", "reversal", takes_back="op1").level("40")
    read.cluster.put(f"ledger.{ERP}", "result.ledger", entry("x", "9", "POSTED", record="journal", system=ERP, op_key="other"))
    assert read.to_adjust() == {}


def test_what_was_posted_before_the_first_or_after_the_last_reading_is_in_neither() -> None:
    assert Read().wrote("2").level("42").level("41").to_adjust() == {("VALVE-34", "MA"): -1}
    assert Read().level("40").level("39").wrote("2").to_adjust() == {("VALVE-34", "MA"): -1}


def test_codes_that_the_tables_do_not_name_are_nobodys_work() -> None:
    assert Read().level("5", item="BOLT-8").level("6", item="BOLT-8").to_adjust() == {}
    assert Read().level("5", place="ZZ").level("6", place="ZZ").to_adjust() == {}


@pytest.mark.parametrize(
    ("kind", "more", "left"),
    [
        ("From SYSPRO", {}, {}),
        ("Cycle Count", {}, {("VALVE-34", "MA"): 5}),
        ("Job", {}, {("VALVE-34", "MA"): 5}),
        ("From SYSPRO", {"canceled_on": datetime(2026, 3, 3, tzinfo=UTC)}, {("VALVE-34", "MA"): 5}),
    ],
)
def test_an_adjustment_that_follows_the_erp_ends_the_line(kind: str, more: dict[str, Any], left: dict[Any, int]) -> None:
    assert Read().level("40").level("45").adjusted("5", kind, **more).to_adjust() == left


def test_names_are_those_of_the_rows_whether_or_not_these_repeat_them() -> None:
    """The rows of a connection in force are named by their key and do not have it as a value."""
    rows = {"MAT-1": {"stock_code": "A"}, "MAT-2": {"sku": "MAT-2", "stock_code": "A"}, "MAT-3": {"stock_code": ""}}
    assert named_by(rows, "stock_code") == {"A": "MAT-1; MAT-2"}


def test_an_erp_that_tells_no_stock_is_not_read() -> None:
    other = Snapshot({"acme": examples.connected(registry.system("acumatica"))})
    assert work_list(Read().level("1").level("2").cluster, other) == []


def test_the_list_is_counted_in_status_andstock_written_as_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = work_list(Read().level("40").level("37").cluster, SNAPSHOT)
    assert next(stock_lines(rows)).startswith("acme: stock levels that changed in the ERP by themselves: 1, worth -42.66")
    assert not stock_written(rows, tmp_path / "work.csv")
    assert stock_written(rows, Path("-"))
    for text in ((tmp_path / "work.csv").read_text(), capsys.readouterr().out):
        [told] = csv.DictReader(io.StringIO(text))
        assert (told["item"], told["skus"], told["to_adjust"].lstrip("'"), told["unit_cost"]) == (
            "VALVE-34",
            "MAT-VALVE",
            "-3",
            "14.22",
        )
