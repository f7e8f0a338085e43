"""Documents whose last step is done by the system's own batch: watched, refused, late, and there for what belongs to them."""

from __future__ import annotations

import pytest

from tests.integration.ingress.stage import eventually
from tests.integration.sinks.stage import Stage

pytestmark = pytest.mark.kafka
BILL = {"role": "bill", "entity": "bill", "source_id": "1"}


def _created(stage: Stage) -> None:
    stage.until({"1": "WAITING erp_batch"})


def test_a_created_document_waits_for_the_batch_over_a_restart_and_is_posted_when_it_shows_so(stage: Stage) -> None:
    stage.command("ap_bill", "1")
    with stage.running():
        _created(stage)
    calls = stage.erp.calls
    with stage.running():
        eventually(lambda: stage.erp.calls, lambda seen: seen >= calls + 3)
        assert stage.states() == {"1": "WAITING erp_batch"}
        stage.erp.stored[0].steps.append("posted")
        stage.until({"1": "POSTED"})
    assert [step for step, _ in stage.erp.journal] == ["create"], "no request is sent for what the batch does"
    (entry,) = stage.ledger().values()
    assert (entry["step"], entry["steps_done"]) == ("posted", ["create", "posted"])


def test_what_the_batch_refuses_is_held_in_its_words_and_a_release_looks_again(stage: Stage) -> None:
    made = stage.command("ap_bill", "1")
    with stage.running():
        _created(stage)
        stage.erp.stored[0].refusal = "7030.11: duplicate invoice"
        stage.until({"1": "HELD suspect"})
        (entry,) = stage.ledger().values()
        assert (entry["detail"], entry["amount"], entry["erp_id"]) == ("7030.11: duplicate invoice", 100, "D1")
        stage.control("release", made["op_key"])
        eventually(lambda: [r["state"] for r in stage.records("ledger.acumatica")], lambda seen: seen[-2:] == ["NEW", "HELD"])
        stage.erp.stored[0].refusal, stage.erp.stored[0].steps = "", ["create", "posted"]
        stage.control("release", made["op_key"])
        stage.until({"1": "POSTED"})
    assert len(stage.erp.journal) == 1


def test_a_batch_that_does_not_come_in_time_holds_by_name_and_still_ends_by_itself(stage: Stage) -> None:
    stage.connect(batch_deadline_s=1)
    stage.command("ap_bill", "1")
    with stage.running():
        stage.until({"1": "HELD erp_batch_late"})
    with stage.running():
        stage.erp.stored[0].steps.append("posted")
        stage.until({"1": "POSTED"})


def test_what_is_created_and_not_yet_posted_is_there_for_its_children(stage: Stage) -> None:
    stage.command("ar_receipt", "p", parents=[BILL])
    stage.command("ap_bill", "1")
    with stage.running():
        stage.until({"1": "WAITING erp_batch", "p": "POSTED"})
    assert stage.erp.stored[1].parents == {"bill/1": "D1"}
