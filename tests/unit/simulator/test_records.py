"""Rows that are committed in one transaction, journalled in a system's words, and there again after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.simulator.records import Change, Records, Telling
from runtime.simulator.serve import Options
from runtime.simulator.switches import Switches
from tests.moved import MovedClock


def _entry(change: Change) -> dict[str, str]:
    return {"number": change.body["number"], "amount": change.body["amount"]}


def _records(folder: Path) -> Records[Switches]:
    telling = Telling(("bill", "period"), _entry, {"bill": ("text",)})
    return Records(Options(7, folder, MovedClock(), {}), Switches(), telling)


def _bill(number: str, text: str) -> Change:
    return Change("bill", f"AP/{number}", {"number": number, "amount": "5.00", "text": text}, "create", "typed")


def test_rows_are_found_and_journalled_and_outlive_the_process(tmp_path: Path) -> None:
    held = _records(tmp_path)
    held.commit([_bill("2", "ST-1 b"), _bill("1", "ST-2 a"), Change("period", "p", {"open": "Y"})], "request-1")
    held.commit([Change("bill", "AP/2", held.rows("bill")[1], "delete", is_gone=True)])
    held.store.close()
    again = _records(tmp_path)
    assert [row["number"] for row in again.rows("bill")] == ["1"]
    assert [row["number"] for row in again.rows_with("bill", "text", "ST-", is_prefix=True)] == ["1"]
    assert (again.get("bill", "AP/2"), again.get("period", "p")) == (None, {"open": "Y"})
    commits = again.store.journal()
    assert [(one["operation"], one["number"], one["amount"], one["detail"]) for one in commits] == [
        ("create", "2", "5.00", "typed"),
        ("create", "1", "5.00", "typed"),
        ("delete", "2", "5.00", ""),
    ]
    assert commits[0]["request_id"] == "request-1"
    again.store.close()


def test_a_change_that_cannot_be_journalled_takes_the_others_back(tmp_path: Path) -> None:
    held = _records(tmp_path)
    with pytest.raises(KeyError):
        held.commit([_bill("1", "a"), Change("bill", "AP/2", {"number": "2"}, "create")])
    assert (held.rows("bill"), held.store.all("bill"), held.store.journal()) == ([], [], [])
    held.store.close()
