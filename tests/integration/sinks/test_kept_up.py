"""Masters that are kept up to date, and documents that the source takes back: one op-key, one ref, nothing by a replay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.integration.ingress.stage import eventually
from tests.integration.sinks.fake_erp import Kept
from tests.integration.sinks.stage import ERP, Stage

pytestmark = pytest.mark.kafka


def vendor(stage: Stage, version: int, name: str) -> dict[str, Any]:
    at = f"2026-03-02T{10 + version}:00:00"
    content = f"{name:0<64}"
    return stage.command(
        "vendor", "v1", "0.00", name=name, source_version=at, source_hash=content, payload_hash=content, create_missing=True
    )


def told(stage: Stage, decision: str) -> list[str]:
    return [r["detail"] for r in stage.records("audit") if r["decision"] == decision]


def versions(stage: Stage) -> list[str]:
    return [r["source_version"][11:13] + " " + r["outcome"] for r in stage.records(f"result.{ERP}")]


def test_a_master_is_written_again_when_its_source_changed_and_only_then(stage: Stage) -> None:
    with stage.running():
        first = vendor(stage, 1, "Ace")
        stage.until({"v1": "POSTED"})
        vendor(stage, 2, "Ace Ltd")
        eventually(lambda: stage.erp.stored[0].name, lambda name: name == "Ace Ltd")
        vendor(stage, 1, "Ace")
        eventually(lambda: told(stage, "stale"), bool)
        stage.erp.stored[0].name = "Ace Inc"
        vendor(stage, 3, "Ace Inc")
        stage.until({"v1": "UNCHANGED"})
    assert [step for step, _ in stage.erp.journal] == ["upsert", "upsert"]
    assert {ref for _, ref in stage.erp.journal} == {first["ref"]}
    assert [r["target_id"] for r in stage.records("links")] == ["D1"], "the link is told once"


def test_a_matched_partner_is_brought_up_to_date_and_what_a_person_changed_there_is_told(stage: Stage) -> None:
    stage.erp.stored.append(Kept("OLD7", "", "vendor", Decimal("0.00"), "acme", {}, ["upsert"], name="Acme"))
    stage.link("vendor", "v1", "OLD7")
    with stage.running():
        vendor(stage, 1, "Ace")
        stage.until({"v1": "POSTED"})
        assert (stage.erp.stored[0].name, len(stage.erp.stored)) == ("Ace", 1)
        stage.erp.stored[0].name, stage.erp.stored[0].overruled = "Theirs", ("name: Theirs -> Ace Ltd",)
        vendor(stage, 2, "Ace Ltd")
        eventually(lambda: told(stage, "overruled"), lambda seen: seen == ["name: Theirs -> Ace Ltd"])
        eventually(lambda: stage.erp.stored[0].name, lambda name: name == "Ace Ltd")
    assert [r["origin"] for r in stage.records("links")] == ["person"], "a person's match keeps its author"


def test_a_lost_answer_of_an_update_is_looked_up_and_a_newer_source_waits_for_that(stage: Stage) -> None:
    with stage.running():
        vendor(stage, 1, "Ace")
        stage.until({"v1": "POSTED"})
        stage.erp.script = {("upsert", "v1"): ["lost_before"]}
        vendor(stage, 2, "Ace Ltd")
        stage.until({"v1": "WAITING settle"})
        vendor(stage, 3, "Ace Inc")
        stage.until({"v1": "POSTED"}, 60)
    assert stage.erp.stored[0].name == "Ace Inc"
    (entry,) = stage.ledger().values()
    assert entry["source_version"] == "2026-03-02T13:00:00"


def test_what_is_taken_back_after_it_was_written_is_held_beside_it_each_time(stage: Stage) -> None:
    def state(version: int, **more: Any) -> None:
        stage.command("ar_invoice", "1", source_version=f"2026-03-02T{10 + version}:00:00", **more)

    with stage.running():
        state(0)
        stage.until({"1": "POSTED"})
        for number in (1, 3):
            state(number, hold="unposted")
            stage.until({"1": "POSTED", "1 correct": "HELD unposted"})
            state(number + 1)
            stage.until({"1": "POSTED", "1 correct": "SUPERSEDED reverted"})
        state(5, hold="unposted")
        stage.until({"1 correct": "HELD unposted"})
    (held,) = [r for r in stage.ledger().values() if r["action"] == "correct"]
    assert (held["amount"], len(stage.erp.stored)) == (-100, 1)
