"""After a day with an outage, a storm, lost answers and a `kill -9` of every service: the books agree, to the cent."""

from __future__ import annotations

import json
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from console.cli.demo import report
from console.demo.accounts import balanced, is_ok
from console.demo.balances import as_json
from tests.acceptance.stage import DOCUMENTS, ERP, Stage, keeps_the_contract, shown
from tests.chaos.conftest import Played

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]


def test_every_service_was_killed_in_the_middle_of_the_day(played: Played) -> None:
    assert played.killed == ["ingress", "pollers", "topology", "sinks"]


def test_the_planned_faults_were_met(played: Played) -> None:
    hits = played.stage.ask(ERP, "faults")["hits"]
    assert hits.get("refuse", 0) >= 100, hits
    assert sum(count for kind, count in hits.items() if kind != "refuse") >= 3, hits


def test_every_flow_agrees_by_count_and_to_the_cent(played: Played) -> None:
    notes = [note for row in played.rows for note in row.notes]
    assert is_ok(played.rows), (notes, shown(played.rows))
    assert all(balanced(row) for row in played.rows)
    flows = shown(played.rows)
    for flow in ("A1", "A2", "A3", "A4", "A7"):
        assert flows[flow]["erp"]["count"] > 0, f"{flow} posted nothing: {flows[flow]}"


def test_the_demos_last_line_is_the_contract_of_programs(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(played.outcome, True) == 0
    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert told["ok"] is True
    keeps_the_contract(told, *played.stage.day.options.erps)


def test_every_kind_of_correction_was_played_and_the_balances_of_both_sides_are_equal(played: Played) -> None:
    assert sum(played.outcome.corrections.values()) >= 40
    assert len(played.outcome.corrections) >= 39
    assert [note for one in played.outcome.balances for note in one.notes] == []
    told = as_json(played.outcome.balances)
    assert told["customers"]["compared"] > 30, told
    assert told["vendors"]["compared"] > 10, told


REVERSES = "[reverses "
"""How a document is marked that takes back another."""
ROOT = re.compile(r"(\|correct\|\d+)$|\|(create|adjust|void)(\|correct\|\d+)?$")


def written(stage: Stage) -> list[dict[str, Any]]:
    """The documents that were written and are kept, each once: a credit memo is shown on the payment screen as well."""
    ids = {row["id"] for row in stage.journal(DOCUMENTS) if row["operation"] in ("create", "reverse")}
    kept = [row for kind in DOCUMENTS for row in stage.ask(ERP, f"documents?kind={kind}")["documents"]]
    return [row for row in kept if row["id"] in ids]


def check_each_ref_was_created_once(stage: Stage) -> None:
    """A document, and what takes it back, are written under one ref; each of them once."""
    created = Counter(row["id"] for row in stage.journal() if row["operation"] in ("create", "reverse"))
    assert created
    assert [document for document, count in created.items() if count > 1] == []
    assert "" not in {row["ref"] for row in stage.journal() if row["operation"] == "create"}, "a document without our ref"
    first = Counter(row["ref"] for row in written(stage) if REVERSES not in row["description"])
    assert [ref for ref, count in first.items() if count > 1] == []


def test_each_ref_was_created_once(played: Played) -> None:
    check_each_ref_was_created_once(played.stage)


def test_what_was_taken_back_was_taken_back_once(played: Played) -> None:
    marked = [
        row["description"].partition(REVERSES)[2].partition("]")[0]
        for row in written(played.stage)
        if REVERSES in row["description"]
    ]
    assert len(marked) > 5
    assert [document for document, count in Counter(marked).items() if count > 1] == []


def test_each_document_was_released_once(played: Played) -> None:
    released = Counter((row["kind"], row["id"]) for row in played.stage.journal(DOCUMENTS) if row["operation"] == "release")
    assert released
    assert [document for document, count in released.items() if count > 1] == []


def test_nothing_is_dated_before_the_cut_over(played: Played) -> None:
    dates = [row["date"] for row in played.stage.journal(DOCUMENTS) if row["operation"] == "create"]
    assert dates
    assert min(dates) >= "2026-03-01"


def test_what_the_erp_keeps_of_a_document_is_what_it_was_told_once(played: Played) -> None:
    """Its amount in the books now, less what took it back, with what was written instead, is what the entries of our ledger add up to. What is held
    half-way is on the list with its amount."""
    entries = [one for one in played.stage.entries() if one["system"] == ERP]
    held = {ROOT.sub("", one["op_key"]) for one in entries if one["state"] == "HELD"}
    root_of = {one["ref"]: ROOT.sub("", one["op_key"]) for one in entries}
    kept: dict[str, Decimal] = {}
    for row in written(played.stage):
        if row["released"] and root_of[row["ref"]] not in held:
            amount = abs(Decimal(row["amount"])) * (-1 if REVERSES in row["description"] else 1)
            kept[root_of[row["ref"]]] = kept.get(root_of[row["ref"]], Decimal(0)) + amount
    told = dict.fromkeys(kept, Decimal(0))
    for one in entries:
        is_written = one["state"] in ("POSTED", "ADOPTED") or one["reason"] == "taken_back"
        if (root := ROOT.sub("", one["op_key"])) in told and is_written:
            told[root] += one["amount"]
    assert len(kept) > 100
    assert {root: (amount, told[root]) for root, amount in kept.items() if amount != abs(told[root])} == {}


def test_nothing_waits_and_what_is_held_says_why_and_how_much(played: Played) -> None:
    entries = played.stage.entries()
    behind = [entry for entry in entries if entry["state"] == "WAITING" and entry["due_at"] is None]
    waits = [
        entry for entry in behind if entry["record"] != "ap_pay_hold"
    ]  # a hold of a bill that is not due yet, and may never be
    assert all(": held (" in entry["detail"] for entry in waits), (
        "an application waits for nothing but a payment or invoice that is held"
    )
    others = {entry["state"] for entry in entries if entry not in behind}
    assert others <= {"POSTED", "ADOPTED", "UNCHANGED", "SUPERSEDED", "REJECTED", "HELD"}
    for entry in entries:
        if entry["state"] == "HELD":
            assert entry["reason"], entry["op_key"]
            assert entry["currency"] or entry["purpose"] == "master", entry["op_key"]
    flows = shown(played.rows)
    held = [entry for entry in entries if entry["state"] == "HELD"]
    assert (len(held) > 0) == (sum(flow["held"]["count"] for flow in flows.values()) > 0)


def test_nothing_is_dead(played: Played) -> None:
    assert [seen.record["reason"] for seen in played.stage.reading.scan(["dead"], quiet=True)] == []
