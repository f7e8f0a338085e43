"""Replays after the day with kills: whatever is read again, the ERP gains no document and loses none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from services.sinks.parents import name_of
from tests.acceptance.stage import ERP, SOURCE, Stage, shown, until
from tests.chaos import test_day_with_kills
from tests.chaos.conftest import MORE_JOBS, Played

pytestmark = [pytest.mark.kafka, pytest.mark.chaos, pytest.mark.timeout(600)]


def states(stage: Stage) -> dict[str, str]:
    return {entry["op_key"]: entry["state"] for entry in stage.entries()}


def stands(stage: Stage) -> dict[str, tuple[str, str, str]]:
    """State, reason and amount of every op-key."""
    return {entry["op_key"]: (entry["state"], entry["reason"], str(entry["amount"])) for entry in stage.entries()}


MONEY = ("invoice", "payment", "credit_memo", "bill", "vendor_credit", "ap_payment")
"""What is mapped again: everything that moves money, corrections included."""


def test_the_day_that_is_replayed_has_corrections_in_the_books(played: Played) -> None:
    """Otherwise the replays below would show nothing of them."""
    assert sum(played.outcome.corrections.values()) >= 40
    later = {key: state for key, state in states(played.stage).items() if key.endswith("|void") or "|correct|" in key}
    assert [key for key, state in later.items() if state == "POSTED"], later


def test_the_day_that_is_replayed_is_longer_than_that_of_make_test_and_agrees_as_that_one_does(played: Played) -> None:
    """To the cent, each document once; `make test` holds a day of half as many jobs against more."""
    assert played.stage.day.options.jobs == MORE_JOBS * len(played.stage.day.options.erps)
    test_day_with_kills.test_every_flow_agrees_by_count_and_to_the_cent(played)
    test_day_with_kills.test_each_ref_was_created_once(played)
    test_day_with_kills.test_each_document_was_released_once(played)
    test_day_with_kills.test_what_was_taken_back_was_taken_back_once(played)
    test_day_with_kills.test_nothing_is_dead(played)


def reset_to_earliest(stage: Stage, group: str, *topics: str) -> str:
    """With Kafka's own tool, as an operator would."""
    chosen = [text for name in topics for text in ("--topic", stage.prefix + name)]
    said = stage.cluster.kafka_tool(
        "kafka-consumer-groups", "--group", stage.prefix + group, *chosen, "--reset-offsets", "--to-earliest", "--execute"
    )
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Error" not in said.stdout + said.stderr, said.stdout + said.stderr
    return said.stdout


@contextmanager
def stopped(stage: Stage, *services: str) -> Iterator[None]:
    """Services that stand still meanwhile; they run again whatever happens, for later tests use the same stage."""
    for name in services:
        stage.stop_service(name)
    try:
        yield
    finally:
        for name in services:
            stage.processes.start_service(name)


def agree(stage: Stage, before: dict[str, Any]) -> None:
    """The ERP was not written to, and every row is as it was, once what waits for a parent that never came has waited again."""
    __tracebackhide__ = True
    until(
        "the rows to be as they were",
        lambda: differences(before["rows"], shown(stage.rows())),
        lambda found: found == {},
        patience_s=120,
    )
    assert stage.journal() == before["journal"], "the ERP was written to"


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Buckets that differ: before, after."""
    return {
        f"{flow}.{name}": (value, after[flow][name])
        for flow, row in before.items()
        for name, value in row.items()
        if after[flow][name] != value
    }


def as_it_is(stage: Stage) -> dict[str, Any]:
    return {"journal": stage.journal(), "rows": shown(stage.rows()), "states": states(stage), "stands": stands(stage)}


def test_resetting_the_sinks_to_the_earliest_offset_writes_nothing(played: Played) -> None:
    stage = played.stage
    before = as_it_is(stage)
    with stopped(stage, "sinks"):
        reset_to_earliest(stage, f"sinks.{ERP}", f"command.{ERP}")
        assert stage.unread(f"sinks.{ERP}", f"command.{ERP}") > 50, "the reset gave nothing to read again"
    stage.sinks_have_read()
    agree(stage, before)
    assert states(stage) == before["states"]


def test_resetting_everything_to_the_earliest_offset_writes_nothing(played: Played) -> None:
    """Raw bytes are normalised and mapped again; what comes of it is known already."""
    stage = played.stage
    before = as_it_is(stage)
    canonical = [f"canonical.{entity}" for entity in MONEY]
    hops = {"raw_to_canonical": [f"raw.{SOURCE}"], "canonical_to_command": canonical}
    with stopped(stage, "topology", "sinks"):
        for group, topics in hops.items():
            reset_to_earliest(stage, group, *topics)
        reset_to_earliest(stage, f"sinks.{ERP}", f"command.{ERP}")
        assert stage.unread("canonical_to_command", "canonical.invoice") > 50
    for group, topics in hops.items():
        for topic in topics:
            stage.has_read(group, topic)
    stage.sinks_have_read()
    agree(stage, before)


def test_a_ledger_that_was_deleted_is_built_again_and_nothing_is_written(played: Played) -> None:
    """The snapshot on disk stays: that it belongs to another topic has to be noticed."""
    stage = played.stage
    before = as_it_is(stage)
    with stopped(stage, "sinks"):
        assert list((stage.processes.folder / "state" / "sinks").rglob("CURRENT")), (
            "there is a snapshot to be mistaken for the truth"
        )
        stage.recreate(f"ledger.{ERP}")
        assert [entry for entry in stage.entries() if entry["system"] == ERP] == []
    ledger_is_whole(stage, before["states"], before["states"])
    now = stands(stage)
    own = {
        key: one for key, one in before["stands"].items() if f"|{ERP}:" in key
    }  # another's hold may wait again for a parent, for a while
    assert {key: (one, now.get(key)) for key, one in own.items() if now.get(key) != one} == {}
    agree(stage, before)
    assert "ledger_lost" in stage.log_of("sinks")


@pytest.mark.timeout(1200)
def test_without_ledger_and_results_the_look_up_adopts_what_is_there(played: Played) -> None:
    """Nothing of ours remembers any document: only the refs that the ERP keeps do.

    What was cancelled or taken back at the source after it was posted is looked up before it is given up, so it is adopted too; what was
    changed after it was posted is held because it differs, and so is what the ERP shows as voided or as of a customer that was
    merged into another one since: what belongs to it waits for a person. The ERP's documents stay as they are all the same.
    """
    stage = played.stage
    before = as_it_is(stage)
    with stopped(stage, "sinks"):
        stage.recreate(f"ledger.{ERP}", f"result.{ERP}")
        reset_to_earliest(stage, f"sinks.{ERP}", f"command.{ERP}")
    stage.sinks_have_read(patience_s=900)
    ledger_is_whole(stage, [key for key in before["states"] if "|correct|" not in key], before["states"])
    assert stage.journal() == before["journal"], "the ERP was written to"
    changed = differences(before["rows"], shown(stage.rows()))
    assert [name for name in changed if not name.endswith((".ledger", ".held", ".waiting", ".excluded"))] == [], changed
    entries = {entry["op_key"]: entry for entry in stage.entries()}
    others = {key for key in before["states"] if f"|{ERP}:" not in key}
    same = {key for key in others if entries[key]["reason"] != "parent"}  # another's hold may wait again for a parent, for a while
    assert {key: entries[key]["state"] for key in same} == {key: before["states"][key] for key in same}, "another system's ledger"
    own = {key for key in before["states"].keys() - others if "|correct|" not in key}  # changes are numbered anew
    posted = {key for key in own if before["states"][key] in ("POSTED", "ADOPTED")}
    differing = {key.partition("|correct|")[0] for key in before["states"] if "|correct|" in key}
    masters = {key for key in posted if entries[key]["purpose"] == "master"}
    assert {entries[key]["state"] for key in masters} <= {"ADOPTED", "UNCHANGED"}, "links are kept"
    others_now = {key for key in posted if entries[key]["reason"] == "mismatch"}
    words = {entries[key]["detail"].partition(":")[0] for key in others_now - differing}
    assert words <= {"status", "customer"}, "voided in the ERP, or of a customer that was merged into another one since"
    waiting = {key for key in posted if any(key.startswith(one.removesuffix("|create")) for one in others_now)}
    assert {entries[key]["state"] for key in waiting - others_now} <= {"WAITING"}
    settled = posted - masters - differing - waiting
    assert {key: entries[key]["state"] for key in settled if entries[key]["state"] != "ADOPTED"} == {}
    assert {entries[key]["state"] for key in posted & differing} <= {"ADOPTED", "HELD"}


def ledger_is_whole(stage: Stage, wanted: Iterable[str], before: dict[str, str]) -> None:
    """Each wanted op-key is in the ledger and none is on its way: what waits did so before, too, or waits for a document that is held."""

    def missing() -> list[str]:
        now = {entry["op_key"]: entry for entry in stage.entries()}
        held = {
            (entry["system"], name_of(entry["source_entity"], entry["source_id"]))
            for entry in now.values()
            if entry["state"] == "HELD"
        }

        def rests(entry: dict[str, Any]) -> bool:
            return entry["state"] == "WAITING" == before.get(entry["op_key"]) or any(
                (entry["system"], name) in held for name in entry["waits_for"]
            )

        open_ = [entry for entry in now.values() if entry["state"] in ("NEW", "WAITING", "INTENT") and not rests(entry)]
        words = [f"{one['op_key']}: {one['state']} {one['reason']} {one['detail']} {one['waits_for']}" for one in open_]
        return [key for key in wanted if key not in now] + words

    until("the ledger to be whole", missing, lambda left: not left, patience_s=120)
