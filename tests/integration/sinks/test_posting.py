"""A sink over a real broker with an ERP in this process: documents are there once, and every other one has its reason."""

from __future__ import annotations

import pytest

from tests.integration.sinks.stage import ERP, Stage

pytestmark = pytest.mark.kafka


def test_a_document_is_written_with_all_its_steps_and_told(stage: Stage) -> None:
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "POSTED"})
    assert [step for step, _ in stage.erp.journal] == ["create", "release"]
    (result,) = stage.records(f"result.{ERP}")
    assert (result["outcome"], result["erp_id"], result["step"]) == ("POSTED", "D1", "release")


def test_a_lost_answer_is_looked_up_before_it_is_sent_again(stage: Stage) -> None:
    stage.erp.script = {("create", "1"): ["lost_after"], ("create", "2"): ["lost_before"]}
    stage.command("ar_invoice", "1")
    stage.command("ar_invoice", "2")
    with stage.running():
        stage.until({"1": "POSTED", "2": "POSTED"}, 60)
    assert sorted(kept.amount for kept in stage.erp.stored) == [100, 100]
    assert len(stage.erp.stored) == 2
