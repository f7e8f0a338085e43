"""A sink over a real broker with an ERP in this process: documents are there once, and every other one has its reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.sinks.entry import void_key
from tests.integration.ingress.stage import eventually
from tests.integration.sinks.stage import BOOKS, ERP, Stage
from tests.toy import blank
from topology.rules.identity import op_key, ref_of

pytestmark = pytest.mark.kafka
CUSTOMER = {"role": "customer", "entity": "customer", "source_id": "c1"}
INVOICE = {"role": "invoice", "entity": "invoice", "source_id": "1"}


def test_a_document_is_written_with_all_its_steps_and_told(stage: Stage) -> None:
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "POSTED"})
    assert [step for step, _ in stage.erp.journal] == ["create", "release"]
    (result,) = stage.records(f"result.{ERP}")
    assert (result["outcome"], result["erp_id"], result["step"]) == ("POSTED", "D1", "release")
    (entry,) = stage.ledger().values()
    assert entry["command"] is None, "an ended entry drops the command's bytes"


def test_a_lost_answer_is_looked_up_before_it_is_sent_again(stage: Stage) -> None:
    stage.erp.script = {("create", "1"): ["lost_after"], ("create", "2"): ["lost_before"]}
    stage.command("ar_invoice", "1")
    stage.command("ar_invoice", "2")
    with stage.running():
        stage.until({"1": "POSTED", "2": "POSTED"}, 60)
    assert len(stage.erp.stored) == 2


def test_a_child_goes_when_its_parents_are_there_and_not_before(stage: Stage) -> None:
    stage.command("ar_receipt", "p", parents=[CUSTOMER, INVOICE])
    stage.command("ar_invoice", "1", parents=[CUSTOMER])
    with stage.running():
        stage.until({"p": "WAITING parent", "1": "WAITING parent"})
        assert next((f["entity"], f["source_id"]) for f in stage.records("fetch")) == ("customer", "c1")
        stage.command("customer", "c1", create_missing=True)
        stage.until({"c1": "POSTED", "1": "POSTED", "p": "POSTED"})
    order = [kept.record for kept in stage.erp.stored]
    assert order == ["customer", "ar_invoice", "ar_receipt"]
    assert stage.erp.stored[2].parents == {"customer/c1": "D1", "invoice/1": "D2"}
    (link,) = stage.records("links")
    assert (link["source_id"], link["target_id"], link["origin"]) == ("c1", "D1", "posted")


def test_an_unmatched_customer_is_held_and_a_link_releases_it_and_its_children(stage: Stage) -> None:
    stage.command("customer", "c1")
    stage.command("ar_invoice", "1", parents=[CUSTOMER])
    with stage.running():
        stage.until({"c1": "HELD create_missing", "1": "WAITING parent"})
        stage.link("customer", "c1", "CUST7")
        stage.until({"c1": "UNCHANGED linked", "1": "POSTED"})
    assert [kept.parents for kept in stage.erp.stored] == [{"customer/c1": "CUST7"}]


def test_an_explicit_no_partner_and_a_parent_before_the_cut_over_hold_their_children(stage: Stage) -> None:
    stage.link("customer", "c1", "")
    stage.command("ar_invoice", "1", parents=[CUSTOMER])
    stage.command("completion", "old", action="before_cutover", reached="before_cutover", purpose="sale")
    stage.command("ar_receipt", "p", parents=[{**INVOICE, "source_id": "old"}])
    with stage.running():
        stage.until({"1": "HELD parent_missing", "p": "HELD before_cutover"})


def test_a_parent_that_never_comes_holds_after_its_deadline(stage: Stage) -> None:
    stage.connect(parent_deadline_s=1)
    stage.command("ar_receipt", "p", parents=[INVOICE])
    with stage.running():
        stage.until({"p": "HELD parent_missing"})


def _application(part: str) -> dict[str, Any]:
    """The identity of an application of the payment p1: a part of it."""
    key = op_key(BOOKS, "collection", ("payment", "p1"), part, "apply")
    return {"action": "apply", "source_entity": "payment", "part": part, "op_key": key, "ref": ref_of(key)}


def test_a_later_application_waits_for_the_earlier_one_of_its_payment(stage: Stage) -> None:
    earlier = {"role": "application", "entity": "payment", "source_id": "p1", "part": "a1"}
    stage.command("ar_receipt", "p1", parents=[earlier], **_application("a2"))
    with stage.running():
        eventually(lambda: [w for w in stage.ledger().values() if w["reason"] == "parent"], bool)
        assert [(f["entity"], f["source_id"]) for f in stage.records("fetch")] == [("payment", "p1")]
        stage.command("ar_receipt", "p1", **_application("a1"))
        posted = {"a1": "POSTED", "a2": "POSTED"}
        eventually(lambda: {one["part"]: one["state"] for one in stage.ledger().values()}, lambda seen: seen == posted)


def test_an_invoice_waits_for_its_job_however_long_that_takes(stage: Stage) -> None:
    stage.connect(parent_deadline_s=0.1)
    stage.command("ar_invoice", "1", parents=[{"role": "job", "entity": "job", "source_id": "j1"}])
    with stage.running():
        stage.until({"1": "WAITING parent"})
        stage.command(
            "completion", "j1", action="upsert", reached="completed", purpose="master", source_entity="job", op_key="job|j1|upsert"
        )
        stage.until({"1": "POSTED"})


def test_rules_unmapped_values_and_unknown_writes_are_held_with_their_words(stage: Stage) -> None:
    stage.command("ar_invoice", "1", hold="payroll", hold_detail="not built")
    stage.command("ar_invoice", "2", unresolved=["business_unit=east"], canonical=b"as it was")
    stage.command("ar_refund", "3")
    with stage.running():
        stage.until({"1": "HELD payroll", "2": "HELD unmapped", "3": "HELD not_built"})
        stage.connect()
        stage.flush()
        eventually(lambda: [m.value() for m in stage.messages("remap")], lambda seen: seen == [b"as it was"])
        stage.command("ar_invoice", "2", amount="90.00")
        stage.until({"2": "POSTED"})
    assert {r["source_id"]: r["detail"] for r in stage.records(f"result.{ERP}")}["1"] == "not built"


def test_a_closed_period_holds_and_its_reopening_releases(stage: Stage) -> None:
    stage.erp.script = {("release", "1"): ["refused:period_closed"]}
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "HELD period_closed"})
        stage.period(open_receivable=True)
        stage.until({"1": "POSTED"})
    assert [step for step, _ in stage.erp.journal] == ["create", "release"], "it resumed at the step that failed"


def test_a_person_releases_accepts_and_skips(stage: Stage) -> None:
    stage.erp.suspects.add("1")
    stage.erp.script = {("create", "2"): ["refused"], ("create", "3"): ["refused"]}
    made = [stage.command("ar_invoice", name) for name in ("1", "2", "3")]
    with stage.running():
        stage.until({"1": "HELD suspect", "2": "HELD refused", "3": "HELD refused"})
        stage.control("accept", made[0]["op_key"])
        stage.control("release", made[1]["op_key"])
        stage.control("skip", made[2]["op_key"])
        stage.until({"1": "POSTED", "2": "POSTED", "3": "REJECTED skipped"})
    assert len(stage.erp.stored) == 2
    assert "skip by ann: because" in {r["detail"] for r in stage.records(f"result.{ERP}")}


def test_a_void_before_posting_writes_nothing_and_after_posting_is_held(stage: Stage) -> None:
    """As every mapping makes it: a void of what was never written was held with its full amount because its mapping holds voids."""
    stage.connect(flow={"window": "daily 18:00"})
    first = stage.command("ar_invoice", "1")
    stage.command("reversal", "1", reverses=first["op_key"], source_version="2026-03-02T11:00:00", hold="void_not_built")
    with stage.running():
        stage.until({"1": "SUPERSEDED voided", "1 void": "UNCHANGED never_posted"})
        stage.connect()
        second = stage.command("ar_invoice", "2")
        stage.until({"2": "POSTED"})
        stage.command("reversal", "2", reverses=second["op_key"], source_version="2026-03-02T11:00:00", hold="void_not_built")
        stage.until({"2 void": "HELD void_not_built"})
    assert len(stage.erp.stored) == 1


def test_a_void_is_written_with_the_command_that_was_written_read_again_from_the_log(stage: Stage) -> None:
    receipt = stage.command("ar_receipt", "1", "70.00")
    stage.command("ar_invoice", "7")
    with stage.running():
        stage.until({"1": "POSTED", "7": "POSTED"})
        key = void_key(receipt["op_key"])
        about = {"op_key": key, "ref": ref_of(key), "purpose": "collection", "source_entity": "payment"}
        stage.command("reversal", "1", reverses=receipt["op_key"], source_version="2026-03-02T11:00:00", **about)
        stage.until({"1 void": "POSTED"})
    original = stage.erp.originals[-1]
    assert (original.record, original.command["op_key"], original.command["amount"]) == (
        "ar_receipt",
        receipt["op_key"],
        receipt["amount"],
    )
    assert original.erp_id == next(one.erp_id for one in stage.erp.stored if one.ref == receipt["ref"])


def test_a_change_after_posting_is_held_with_its_difference_and_ends_when_taken_back(stage: Stage) -> None:
    stage.command("ar_invoice", "1", "100.00")
    with stage.running():
        stage.until({"1": "POSTED"})
        stage.command("ar_invoice", "1", "120.00", source_version="2026-03-02T11:00:00")
        stage.until({"1": "POSTED", "1 correct": "HELD changed_after_post"})
        assert next(r["amount"] for r in stage.ledger().values() if r["action"] == "correct") == 20
        stage.command("ar_invoice", "1", "100.00", source_version="2026-03-02T12:00:00")
        stage.until({"1": "POSTED", "1 correct": "SUPERSEDED reverted"})
    assert len(stage.erp.stored) == 1


def test_another_mapping_of_the_same_source_is_no_write(stage: Stage) -> None:
    made = stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "POSTED"})
        stage.command(
            "ar_invoice", "1", payload_hash="f" * 64, source_hash=made["source_hash"], source_version="2026-03-02T11:00:00"
        )
        eventually(lambda: [r["decision"] for r in stage.records("audit")], lambda seen: seen == ["remapped"])
    assert len(stage.erp.stored) == 1


def test_a_newer_state_replaces_one_that_waits_for_its_window(stage: Stage) -> None:
    stage.connect(flow={"window": "daily 18:00"})
    stage.command("ar_invoice", "1", "100.00")
    with stage.running():
        stage.until({"1": "WAITING window"})
        stage.command("ar_invoice", "1", "120.00", source_version="2026-03-02T11:00:00")
        eventually(lambda: [r["decision"] for r in stage.records("audit")], lambda seen: seen == ["superseded"])
        stage.command("ar_invoice", "1", "100.00")
        eventually(lambda: [r["decision"] for r in stage.records("audit")], lambda seen: seen == ["superseded", "stale"])
        (entry,) = stage.ledger().values()
        assert (entry["amount"], entry["due_at"].hour) == (120, _evening_hour())
        stage.connect()
        stage.until({"1": "POSTED"})
    assert [kept.amount for kept in stage.erp.stored] == [120]


def _evening_hour() -> int:
    from zoneinfo import ZoneInfo

    chicago = ZoneInfo("America/Chicago")
    local = datetime.now(UTC).astimezone(chicago)
    evening = local.replace(hour=18, minute=0, second=0, microsecond=0)
    if evening <= local:
        evening += timedelta(days=1)
    return evening.astimezone(UTC).hour


def test_shadow_shows_the_document_and_writes_nothing_until_it_is_live(stage: Stage) -> None:
    stage.connect(mode="shadow")
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "WAITING shadow"})
        assert [r["decision"] for r in stage.records("audit")] == ["shadow"]
        assert not stage.erp.journal
        stage.connect(mode="live")
        stage.until({"1": "POSTED"})


def test_a_pause_keeps_everything_waiting_until_it_is_resumed(stage: Stage) -> None:
    stage.control("pause")
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "WAITING paused"})
        stage.control("resume")
        stage.until({"1": "POSTED"})


def test_the_ceiling_pauses_the_connection_and_a_person_lets_it_go_on(stage: Stage) -> None:
    stage.connect(ceiling={"documents_per_hour": 2, "amount_per_hour": "100000"})
    for number in range(4):
        stage.command("ar_invoice", str(number))
    with stage.running(lanes=1):
        eventually(stage.states, lambda seen: sorted(seen.values()) == ["POSTED", "POSTED", "WAITING ceiling", "WAITING ceiling"])
        assert [(c["action"], c["actor"]) for c in stage.records("control")] == [("pause", "sinks")]
        stage.control("ceiling")
        eventually(stage.states, lambda seen: set(seen.values()) == {"POSTED"})


def test_a_sink_that_starts_again_knows_what_it_posted_in_this_hour(stage: Stage) -> None:
    """Masters are no documents; what a person let go on begins a new hour, for the next start too."""
    stage.connect(ceiling={"documents_per_hour": 2, "amount_per_hour": "100000"})
    for number in range(3):
        stage.command("customer", f"c{number}", create_missing=True)
    stage.command("ar_invoice", "0")
    with stage.running(lanes=1):
        eventually(stage.states, lambda seen: list(seen.values()) == ["POSTED"] * 4)
    for number in range(1, 4):
        stage.command("ar_invoice", str(number))
    with stage.running(lanes=1):
        seen = eventually(stage.states, lambda seen: sum(state == "WAITING ceiling" for state in seen.values()) == 2)
        assert sorted(seen[name] for name in "0123") == ["POSTED", "POSTED", "WAITING ceiling", "WAITING ceiling"]
    stage.control("ceiling", at=datetime.now(UTC))
    with stage.running(lanes=1):
        eventually(stage.states, lambda seen: set(seen.values()) == {"POSTED"})


def test_when_nearly_everything_is_refused_the_connection_pauses_instead_of_holding_all(stage: Stage) -> None:
    stage.erp.refusing = "ACCT"
    for number in range(60):
        stage.send("ar_invoice", stage.wanted("ar_invoice", str(number)))
    stage.flush()
    with stage.running(lanes=1):
        eventually(lambda: stage.records("control"), lambda seen: len(seen) == 1)
        seen = eventually(stage.states, lambda seen: "WAITING paused" in seen.values())
    assert 20 <= sum(state.startswith("HELD") for state in seen.values()) <= 26


def test_a_system_that_is_down_holds_nothing_and_drains_when_it_is_back(stage: Stage) -> None:
    stage.erp.down.add("acme")
    for number in range(30):
        stage.send("ar_invoice", stage.wanted("ar_invoice", str(number)))
    stage.flush()
    with stage.running():
        eventually(stage.states, lambda seen: "WAITING system_down" in seen.values())
        assert not any(state.startswith("HELD") for state in stage.states().values())
        stage.erp.down.clear()
        eventually(stage.states, lambda seen: list(seen.values()) == ["POSTED"] * 30, 40)
    assert len(stage.erp.stored) == 30


def test_a_throttled_system_is_left_alone_and_nothing_is_lost(stage: Stage) -> None:
    stage.erp.script = {("create", str(number)): ["throttled"] for number in range(5)}
    for number in range(5):
        stage.command("ar_invoice", str(number))
    with stage.running():
        stage.until({str(number): "POSTED" for number in range(5)}, 40)
    assert len(stage.erp.stored) == 5


def test_one_slow_connection_does_not_stall_another_of_its_partition(stage: Stage) -> None:
    same = next(name for name in (f"other{n}" for n in range(50)) if _partition(name) == _partition("acme"))
    stage.connect(same)
    stage.erp.slow[same] = 30.0
    for number in range(20):
        stage.send("ar_invoice", stage.wanted("ar_invoice", f"s{number}", connection=same, op_key=f"slow|{number}|create"))
        stage.send("ar_invoice", stage.wanted("ar_invoice", str(number)))
    stage.flush()
    with stage.running(timing=stage.settings.timing.model_copy(update={"lease_s": 1, "request_s": 1})):
        stage.until({str(number): "POSTED" for number in range(20)}, 15)
        stage.erp.slow.clear()


def _partition(connection: str) -> int:
    from topology.topics import partition_of

    return partition_of(connection, 2)


def test_what_cannot_be_read_goes_to_dead_and_the_next_goes_on(stage: Stage) -> None:
    full = stage.settings.topic(f"command.{ERP}")
    stage.produce(full, "acme", b"\x00garbage", [])
    stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "POSTED"})
    (dead,) = stage.records("dead")
    assert dead["value"] == b"\x00garbage"
    assert blank("audit.dead").keys() == dead.keys()
