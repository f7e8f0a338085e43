"""What is not posted is on a list with its reason and amount, until a person or a mapping row lets it go."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.conftest import OTHER_UNIT, Live, entry_of
from tests.acceptance.stage import ERP, Stage, until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


def held_list(stage: Stage) -> list[dict[str, Any]]:
    said = stage.cli("held", "list", "--output", "json")
    assert said.returncode == 0, said.stderr
    return list(json.loads(said.stdout))


def apply(stage: Stage, reason: str) -> str:
    said = stage.cli("apply", str(stage.connection_file), "--reason", reason, "--actor", "Ada", "--remove-rows")
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def test_a_missing_crosswalk_row_holds_by_name_and_amount_and_the_row_posts_without_restart(live: Live) -> None:
    stage = live.stage
    table = stage.connection_file.parent / "crosswalk" / "business_unit.csv"
    whole = table.read_text()
    without = [line for line in whole.splitlines() if not line.startswith("Electrical")]
    table.write_text("\n".join(without) + "\n")
    assert "- crosswalk business_unit/Electrical" in apply(stage, "planting a gap")
    invoices = [live.sold(live.customers[n], OTHER_UNIT, price=price) for n, price in ((3, "310.10"), (4, "77.77"))]
    entries = [live.entry(one["invoice"], "HELD") for one in invoices]
    assert {entry["reason"] for entry in entries} == {"unmapped"}
    rows = {row["ref"]: row for row in held_list(stage)}
    for entry, made in zip(entries, invoices, strict=True):
        row = rows[entry["ref"]]
        assert row["reason"] == "unmapped"
        assert "Electrical - Service" in row["words"]
        assert (row["number"], row["currency"]) == (made["number"], "USD")
    assert sum(Decimal(rows[entry["ref"]]["amount"]) for entry in entries) == Decimal("387.87")
    told = json.loads(stage.cli("open", "--output", "json").stdout)
    (cause,) = [one for one in told["causes"] if one["cause"] == "unmapped:business_unit=Electrical - Service"]
    assert (cause["words"], cause["count"], cause["amount"]) == ("business unit Electrical - Service has no row", 2, "387.87")
    assert "business_unit.csv" in cause["remedy"]
    assert {one["ref"] for one in cause["documents"]} == {entry["ref"] for entry in entries}
    assert all(one["customer"] for one in cause["documents"])
    pids = {name: stage.processes.children[name].server_pids() for name in ("topology", "sinks")}
    table.write_text(whole)
    apply(stage, "the row was missing")
    for made in invoices:
        live.posted(made["invoice"])
    assert {name: stage.processes.children[name].server_pids() for name in ("topology", "sinks")} == pids
    assert not {entry["ref"] for entry in entries} & {row["ref"] for row in held_list(stage)}


def test_skipping_ends_a_held_document_with_actor_and_reason(live: Live) -> None:
    stage = live.stage
    table = stage.connection_file.parent / "crosswalk" / "business_unit.csv"
    whole = table.read_text()
    table.write_text("\n".join(line for line in whole.splitlines() if not line.startswith("Electrical")) + "\n")
    apply(stage, "planting a gap")
    entry = live.entry(live.sold(live.customers[0], OTHER_UNIT, price="25.00")["invoice"], "HELD")
    listed = {row["ref"]: row for row in held_list(stage)}
    assert Decimal(listed[entry["ref"]]["amount"]) == Decimal("25.00")
    said = stage.cli("held", "skip", entry["ref"], "--reason", "entered by hand", "--actor", "Ada Clerk")
    assert said.returncode == 0, said.stderr
    assert live.entry(int(entry["source_id"]), "REJECTED")["erp_id"] == ""
    table.write_text(whole)
    apply(stage, "the row was missing")
    assert entry["ref"] not in {row["ref"] for row in held_list(stage)}
    assert not [row for row in stage.journal() if row["ref"] == entry["ref"]]
    told = " ".join(link["says"] for link in explained(stage, entry["ref"])[0]["links"])
    assert "Ada Clerk" in told, told
    assert "entered by hand" in told, told


def test_a_decision_without_a_reason_is_refused(live: Live) -> None:
    said = live.stage.cli("held", "skip", "ST-NOTHING", "--reason", " ")
    assert said.returncode == 78
    assert "--reason" in said.stderr


def test_a_decision_about_nothing_held_is_refused(live: Live) -> None:
    said = live.stage.cli("held", "release", "ST-NOTHING", "--reason", "try")
    assert said.returncode == 1
    assert "ST-NOTHING: no document with that ref or number is known" in said.stdout


def test_a_decision_about_a_posted_document_says_what_it_was_posted_as(live: Live) -> None:
    entry = live.posted(live.invoice["invoice"])
    said = live.stage.cli("held", "release", entry["ref"], "--reason", "try")
    assert said.returncode == 1
    assert f"already posted as {entry['erp_number']}" in said.stdout


def explained(stage: Stage, what: str) -> list[dict[str, Any]]:
    said = stage.cli("explain", what, "--output", "json")
    assert said.returncode == 0, said.stdout + said.stderr
    return list(json.loads(said.stdout))


def test_a_change_after_posting_is_posted_as_a_correction_of_the_difference(live: Live) -> None:
    """What was posted is reversed and what is wanted is written, both under the correction's ref; the first document is never written again."""
    stage = live.stage
    made = live.sold(live.customers[5], price="150.00")
    entry = live.posted(made["invoice"])
    stage.events({"do": "unpost", "invoices": [made["invoice"]]})
    stage.events(
        {"do": "add_items", "invoice": made["invoice"], "items": [{"sku": "SVC-TUNE", "quantity": 1}]},
        {"do": "post", "invoices": [made["invoice"]]},
    )

    def corrections() -> list[dict[str, Any]]:
        mine = [one for one in stage.entries() if one["source_id"] == str(made["invoice"]) and one["action"] == "correct"]
        return [one for one in mine if one["state"] == "POSTED"]

    (corrected,) = until("the change to be posted", corrections, bool, 90)
    assert corrected["amount"] > 0, "the difference"
    assert entry_of(stage, made["invoice"])["state"] == "POSTED"
    written = [(row["ref"], row["operation"]) for row in stage.journal() if row["operation"] == "create"]
    assert written.count((entry["ref"], "create")) == 1
    documents = [row for row in stage.ask(ERP, "documents?kind=Invoice")["documents"] if row["ref"] == corrected["ref"]]
    assert sorted(row["type"] for row in documents) == ["Credit Memo", "Invoice"]
