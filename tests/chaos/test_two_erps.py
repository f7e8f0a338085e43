"""The same day on the other side: a second ERP with SOAP, a batch of its own and vendors that travel the other way."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from console.demo.joined import CUTOVER, Joined
from systems import registry
from tests.acceptance.stage import SOURCE, until
from tests.chaos.conftest import Played
from tests.chaos.test_replay import reset_to_earliest, states, stopped

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]
ERP = "peoplesoft"
FLOWS = ("P1", "P2", "P3")


def vendors(played: Played) -> list[dict[str, Any]]:
    """Vendors of the field service that carry our ref."""
    rows: list[dict[str, Any]] = played.asked(ERP, "holdings?entity=vendors", SOURCE)["holdings"]
    return [row for row in rows if row["external"].get("mlConnectorRef")]


def written(played: Played) -> list[dict[str, Any]]:
    return [row for system in (ERP, SOURCE) for row in played.asked(ERP, "journal", system)["commits"]]


def test_every_flow_agrees_by_count_and_to_the_cent(played: Played) -> None:
    flows = played.agreed(ERP)
    for flow in FLOWS:
        assert flows[flow]["erp"]["count"] > 0, f"{flow} brought nothing: {flows[flow]}"
    assert flows["M0"]["erp"]["count"] > 0


def test_the_planned_faults_were_met(played: Played) -> None:
    played.met_planned_faults(ERP, 5)


def test_each_document_was_written_once(played: Played) -> None:
    """A correction writes two journals under its ref: one that reverses, and one that is wanted now."""
    created = Counter(row["ref"] for row in written(played) if row["kind"] == "Journal" and row["operation"] == "create")
    corrected = {one["ref"] for one in played.stage.entries() if one["action"] == "correct" and "reverse" in one["steps_done"]}
    assert created
    assert "" not in created, "a journal without our ref"
    assert {ref: count for ref, count in created.items() if count != (2 if ref in corrected else 1)} == {}


def test_every_journal_is_balanced_posted_and_after_the_cut_over(played: Played) -> None:
    journals = played.documents(ERP, "Journal")
    ledger = {entry["ref"]: entry for entry in played.stage.entries()}
    assert journals
    for journal in journals:
        assert journal["amount"] == journal["credits"], journal
        assert journal["date"] >= CUTOVER, journal
        assert journal["posted"] or ledger[journal["ref"]]["state"] == "HELD", (journal, ledger[journal["ref"]])


def test_a_vendor_that_travelled_is_there_once_with_its_owners_name(played: Played) -> None:
    theirs = {f"{row['SETID']}/{row['VENDOR_ID']}": row for row in played.documents(ERP, "Vendor")}
    refs = Counter(row["external"]["mlConnectorRef"] for row in vendors(played))
    assert [ref for ref, count in refs.items() if count > 1] == []
    called = Counter(row["name"] for row in vendors(played))
    for name in ("Cedar Fork Supply", "Mesquite Pipe", "Alamo Sheet Metal"):
        assert called[name] == 1, called
    filtered = [row["NAME1"] for row in theirs.values() if row["VENDOR_STATUS"] != "A" or row["SETID"] != "SHARE"]
    assert filtered
    assert len(vendors(played)) <= len(theirs) - len(filtered)


def test_of_a_vendor_edited_on_both_sides_the_owners_field_wins_and_the_other_change_is_listed(played: Played) -> None:
    (edited,) = [row for row in vendors(played) if row["memo"] == "Ask for Dana"]
    assert edited["name"].endswith(" and Sons"), "the ERP's name did not win"
    audit = [seen.record for seen in played.stage.reading.scan(["audit"], quiet=True)]
    listed = [one["detail"] for one in audit if one["decision"] == "overruled" and one["connection"] == played.joined(ERP).id]
    assert [words for words in listed if "Known here by another name" in words], listed


def test_ten_more_cycles_of_polling_both_ways_add_nothing(played: Played) -> None:
    assert played.outcome.added == 0


def test_a_vendor_created_in_the_erp_appears_within_one_polling_cycle(played: Played) -> None:
    """Scaled: a cycle of 15 minutes lasts 1.5 s here; the rest is the way through three topics on a machine with other work."""
    one = played.joined(ERP)
    cycle_s = cycle_of_vendors(one) / one.share.scale
    body = {"NAME1": "Pecan Valley Controls", "VENDOR_NAME_SHORT": "PECAN-904", "ADDRESS1": "9 Mill Road", "CITY": "Austin"}
    begun = time.monotonic()
    played.stage.work(lambda _: one.tell(ERP, "vendors", {**body, "STATE": "TX", "POSTAL": "78701", "COUNTRY": "USA"}))
    until(
        "the vendor to be in the field service",
        lambda: [row["name"] for row in vendors(played)],
        lambda names: "Pecan Valley Controls" in names,
        patience_s=cycle_s + 15,
    )
    assert time.monotonic() - begun < cycle_s + 15


def cycle_of_vendors(one: Joined) -> float:
    """Scaled seconds between two readings of vendors."""
    return min(feed.cadence.total_seconds() for feed in registry.system(one.erp).feeds if feed.entity == "vendor")


def test_replaying_every_command_writes_nothing(played: Played) -> None:
    """Both ways: journals, and vendors of the field service."""
    stage = played.stage
    before, known = written(played), states(stage)
    with stopped(stage, "sinks"):
        for system in (ERP, SOURCE):
            reset_to_earliest(stage, f"sinks.{system}", f"command.{system}")
            assert stage.unread(f"sinks.{system}", f"command.{system}") > 30
    for system in (ERP, SOURCE):
        stage.has_read(f"sinks.{system}", f"command.{system}")
    assert [row for row in written(played) if row not in before] == []
    assert states(stage) == known
