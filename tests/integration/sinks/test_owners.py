"""Owners that stop, die and come again: nothing is written twice, nothing is forgotten."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from runtime import metrics
from runtime.errors import Transient
from runtime.threads import TopicFollower
from tests.integration.ingress.stage import eventually
from tests.integration.sinks.stage import ERP, Stage

pytestmark = pytest.mark.kafka
COUNT = 60


def _written(stage: Stage) -> None:
    for number in range(COUNT):
        stage.send("ar_invoice", stage.wanted("ar_invoice", str(number)))
    stage.flush()


def _all_posted(stage: Stage, within_s: float = 40) -> None:
    eventually(stage.states, lambda seen: sorted(seen.values()) == ["POSTED"] * COUNT, within_s)


def _reset_offsets(stage: Stage) -> None:
    """Kafka's own tool, as an operator would."""
    done = stage.cluster.kafka_tool(
        "kafka-consumer-groups",
        "--group", f"{stage.settings.kafka.topic_prefix}sinks.{ERP}", "--reset-offsets", "--to-earliest",
        "--topic", stage.settings.topic(f"command.{ERP}"), "--execute",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_stop_in_the_middle_lets_running_writes_end_and_the_next_life_does_the_rest(stage: Stage) -> None:
    _written(stage)
    stage.erp.latency_s = 0.05
    with stage.running(lanes=4):
        eventually(lambda: len(stage.erp.journal), lambda steps: steps >= 10)
    open_intents = [r for r in stage.ledger().values() if r["intent_attempt"]]
    assert not open_intents, "running writes reach their outcome before the sink ends"
    assert len(stage.erp.stored) < COUNT
    with stage.running():
        _all_posted(stage)
    assert len(stage.erp.stored) == COUNT


def test_resetting_the_offsets_adds_no_document_and_costs_one_audit_a_batch(stage: Stage) -> None:
    _written(stage)
    with stage.running():
        _all_posted(stage)
    _reset_offsets(stage)
    with stage.running():
        told = eventually(
            lambda: [r for r in stage.records("audit") if r["decision"] == "duplicate"],
            lambda seen: sum(r["count"] for r in seen) >= COUNT,
        )
    assert len(told) < COUNT / 5
    assert len(stage.erp.stored) == COUNT
    assert len(stage.erp.journal) == 2 * COUNT


def test_a_lost_snapshot_is_read_again_from_the_ledger(stage: Stage) -> None:
    _written(stage)
    with stage.running():
        _all_posted(stage)
    shutil.rmtree(Path(stage.settings.state_dir) / "sinks")
    _reset_offsets(stage)
    with stage.running():
        eventually(lambda: sum(r["count"] for r in stage.records("audit")), lambda seen: seen >= COUNT)
    assert len(stage.erp.stored) == COUNT


@pytest.mark.parametrize("with_results", [True, False], ids=["results_kept", "results_lost_too"])
def test_a_deleted_ledger_is_rebuilt_and_adds_no_document(stage: Stage, with_results: bool) -> None:
    _written(stage)
    with stage.running():
        _all_posted(stage)
    stage.lose([f"ledger.{ERP}"] if with_results else [f"ledger.{ERP}", f"result.{ERP}"])
    with stage.running():
        wanted = ["POSTED" if with_results else "ADOPTED"] * COUNT
        eventually(stage.states, lambda seen: sorted(seen.values()) == wanted, 40)
    assert len(stage.erp.stored) == COUNT
    assert len(stage.erp.journal) == 2 * COUNT


def test_a_void_that_comes_after_ledger_and_results_were_lost_is_not_taken_for_a_void_of_nothing(stage: Stage) -> None:
    written = stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "POSTED"})
    stage.lose([f"ledger.{ERP}", f"result.{ERP}"])
    stage.command("reversal", "1", reverses=written["op_key"], source_version="2026-03-02T11:00:00")
    never = stage.command("ar_invoice", "2")
    stage.command("reversal", "2", reverses=never["op_key"], source_version="2026-03-02T11:00:00")
    with stage.running():
        stage.until(
            {"1": "ADOPTED", "1 void": "HELD void_not_built", "2": "SUPERSEDED voided", "2 void": "UNCHANGED never_posted"}, 60
        )
    assert [kept.ref for kept in stage.erp.stored] == [written["ref"]]


def test_what_was_taken_back_before_ledger_and_results_were_lost_is_held_beside_what_is_there(stage: Stage) -> None:
    written = stage.command("ar_invoice", "1")
    with stage.running():
        stage.until({"1": "POSTED"})
    stage.lose([f"ledger.{ERP}", f"result.{ERP}"])
    later = {"source_version": "2026-03-02T11:00:00", "hold": "unposted"}
    stage.command("ar_invoice", "1", **later)
    stage.command("ar_invoice", "2")
    stage.command("ar_invoice", "2", **later)
    stage.command("ar_receipt", "3", depends_on=["invoice/1"])
    with stage.running():
        stage.until({"1": "ADOPTED", "1 correct": "HELD unposted", "2": "HELD unposted", "3": "POSTED"}, 60)
    assert [kept.ref for kept in stage.erp.stored if kept.ref == written["ref"]] == [written["ref"]]
    assert len(stage.erp.stored) == 2
    assert {row["source_id"]: row["amount"] for row in stage.ledger().values() if row["state"] == "HELD"} == {"1": -100, "2": 100}


def test_nor_is_it_taken_for_never_written_where_the_offsets_were_reset_as_well(stage: Stage) -> None:
    """To the sink it looks like a first start: the older command waits, and the one that took it back came before any look-up."""
    written, voided = stage.command("ar_invoice", "1"), stage.command("ar_invoice", "4")
    with stage.running():
        stage.until({"1": "POSTED", "4": "POSTED"})
    later = {"source_version": "2026-03-02T11:00:00", "hold": "unposted"}
    stage.command("ar_invoice", "1", **later)
    stage.command("ar_invoice", "2")
    stage.command("ar_invoice", "2", **later)
    stage.command("ar_receipt", "3", depends_on=["invoice/1"])
    stage.command("reversal", "4", reverses=voided["op_key"], source_version="2026-03-02T11:00:00")
    never = stage.command("ar_invoice", "5")
    stage.command("reversal", "5", reverses=never["op_key"], source_version="2026-03-02T11:00:00")
    stage.lose([f"ledger.{ERP}", f"result.{ERP}"])
    _reset_offsets(stage)
    with stage.running(lanes=1):
        taken_back = {"1": "ADOPTED", "1 correct": "HELD unposted", "2": "HELD unposted", "3": "POSTED"}
        void = {"4": "ADOPTED", "4 void": "HELD void_not_built", "5": "SUPERSEDED voided", "5 void": "UNCHANGED never_posted"}
        stage.until(taken_back | void, 60)
    assert sorted(kept.ref for kept in stage.erp.stored[:2]) == sorted([written["ref"], voided["ref"]])
    assert [kept.record for kept in stage.erp.stored[2:]] == ["ar_receipt"]
    assert {row["source_id"]: row["amount"] for row in stage.ledger().values() if row["reason"] == "unposted"} == {
        "1": -100,
        "2": 100,
    }


def test_an_ambiguous_commit_takes_the_partition_anew_and_posts_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    from confluent_kafka import KafkaError, KafkaException

    from services.sinks.commit import Committer, _Group  # the seam of the test is the commit's own end

    plain = Committer._commit
    failures = [5, 11]

    def sometimes(self: Committer, group: _Group) -> None:
        plain(self, group)
        if self.commits + 1 in failures:
            failures.remove(self.commits + 1)
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    monkeypatch.setattr(Committer, "_commit", sometimes)
    _written(stage)
    stage.erp.latency_s = 0.01
    with stage.running(lanes=8):
        _all_posted_or_adopted(stage)
    assert not failures
    assert len(stage.erp.stored) == COUNT


def test_a_partition_is_taken_anew_when_the_cluster_can_be_had_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that restarted fenced the partition's producer and could not be asked for a while: the process ended for it."""
    from confluent_kafka import KafkaError, KafkaException

    from services.sinks.commit import Committer, _Group  # the seam of the test is the commit's own end
    from services.sinks.takeover import TakenPartition, take_over

    plain_commit = Committer._commit
    fenced, away = [3], [2]

    def commit(self: Committer, group: _Group) -> None:
        if fenced and self.commits >= 3:
            fenced.clear()
            raise KafkaException(KafkaError(KafkaError._FENCED))
        plain_commit(self, group)

    def take(*args: Any) -> TakenPartition:
        if not fenced and away[0]:
            away[0] -= 1
            raise KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN))
        return take_over(*args)

    monkeypatch.setattr(Committer, "_commit", commit)
    monkeypatch.setattr("services.sinks.worker.take_over", take)
    _written(stage)
    with stage.running(lanes=8):
        _all_posted_or_adopted(stage)
    assert (fenced, away) == ([], [0])
    assert len(stage.erp.stored) == COUNT


def _all_posted_or_adopted(stage: Stage) -> None:
    eventually(stage.states, lambda seen: len(seen) == COUNT and set(seen.values()) <= {"POSTED", "ADOPTED"}, 60)


def test_commands_of_a_topic_that_was_made_anew_are_read_from_its_start(stage: Stage) -> None:
    """It stayed ready and skipped what had lower offsets than before; later commits lost it for good."""
    _written(stage)
    with stage.running():
        _all_posted(stage)
        stage.lose([f"command.{ERP}"])
        for number in range(COUNT, COUNT + 5):
            stage.send("ar_invoice", stage.wanted("ar_invoice", str(number)))
        stage.flush()
        eventually(stage.states, lambda seen: sorted(seen.values()) == ["POSTED"] * (COUNT + 5), 60)
    assert len(stage.erp.stored) == COUNT + 5
    with stage.running():
        stage.command("ar_invoice", "last")
        eventually(stage.states, lambda seen: seen.get("last") == "POSTED", 40)
    assert len(stage.erp.stored) == COUNT + 6


def test_nothing_is_written_while_control_cannot_be_read_and_all_of_it_after(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a passing denial of `control` 36 documents were posted in spite of a pause."""
    denied = False
    once = TopicFollower._once

    def read(follower: TopicFollower, client: Any) -> Any:
        if denied and any(topic.endswith("control") for topic in follower._topics):
            raise Transient("Kafka: Broker: Topic authorization failed")
        return once(follower, client)

    monkeypatch.setattr(TopicFollower, "_once", read)
    with stage.running():
        stage.command("ar_invoice", "before")
        stage.until({"before": "POSTED"})
        denied = True
        eventually(metrics.THREAD_TROUBLE.labels("following")._value.get, bool)
        stage.control("pause")
        for number in range(5):
            stage.command("ar_invoice", f"unseen {number}")
        eventually(lambda: stage.states().get("unseen 4"), bool)
        assert len(stage.erp.stored) == 1
        denied = False
        eventually(metrics.THREAD_TROUBLE.labels("following")._value.get, lambda trouble: not trouble)
        stage.control("resume")
        eventually(stage.states, lambda seen: sorted(seen.values()) == ["POSTED"] * 6, 40)
    assert len(stage.erp.stored) == 6
