"""Objects wanted by id: many in one call, never forgotten, and an absent one cancels nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from confluent_kafka import TopicPartition

from runtime import kafka
from runtime.errors import Broken, Refused, Transient
from services.ingress.assignment import GROUP
from services.ingress.fetches import EVERYTHING
from services.ingress.standing import READ, STOPPED
from tests.integration.ingress import toy
from tests.integration.ingress.stage import Stage, eventually
from tests.integration.pollers.conftest import polling
from tests.integration.pollers.source import Source, element
from topology.topics import partition_of

pytestmark = pytest.mark.kafka
RAW = f"raw.{toy.FIELD_SERVICE}"


def want(stage: Stage, source_id: str, entity: str = "invoice", connection: str = "acme", system: str = toy.FIELD_SERVICE) -> None:
    record = {
        "connection": connection,
        "system": system,
        "entity": entity,
        "source_id": source_id,
        "reason": "hint",
        "at": datetime.now(UTC),
    }
    stage.write("fetch", "raw.fetch", connection, record)


def fetched(stage: Stage) -> list[str]:
    return sorted(r["source_id"] for r in stage.records(RAW) if r["how"] == "fetch")


def committed(stage: Stage) -> int:
    client = kafka.consumer(stage.settings.kafka, GROUP)
    try:
        position = TopicPartition(stage.settings.topic("fetch"), partition_of("acme", 4))
        return int(client.committed([position], timeout=10)[0].offset)
    finally:
        client.close()


def test_what_is_wanted_is_read_in_one_call_and_written_as_an_object(source: Source, stage: Stage) -> None:
    source.objects = {("invoice", str(n)): element(str(n)) for n in range(40)}
    for n in [*range(40), *range(40)]:
        want(stage, str(n))
    with polling(stage):
        eventually(lambda: fetched(stage), lambda found: len(set(found)) == 40)
        eventually(lambda: committed(stage), lambda offset: offset == 80)
    calls = [ids for what, ids in source.asked if what == "fetch:invoice"]
    assert len(calls) < 10
    assert all(len(ids.split(",")) <= 50 for ids in calls)
    assert {r["shape"] for r in stage.records(RAW)} == {"object"}


def test_an_id_that_is_absent_is_a_decision_and_cancels_nothing(source: Source, stage: Stage) -> None:
    source.objects = {("invoice", "1"): element("1")}
    want(stage, "1")
    want(stage, "404")
    with polling(stage):
        eventually(lambda: stage.records("audit"), bool)
        eventually(lambda: committed(stage), lambda offset: offset == 2)
    assert fetched(stage) == ["1"]
    decisions = [(r["decision"], r["source_id"], r["detail"]) for r in stage.records("audit")]
    assert decisions == [("filtered", "404", "not in the answer of the system; nothing is cancelled")]


def test_what_could_not_be_read_stays_wanted(source: Source, stage: Stage) -> None:
    source.objects = {("invoice", "1"): element("1")}
    source.always = {"fetch:invoice": Transient("down")}
    want(stage, "1")
    with polling(stage):
        eventually(lambda: len([1 for what, _ in source.asked if what == "fetch:invoice"]), lambda times: times >= 2)
        assert committed(stage) in (-1001, 0)
    source.always = {}
    with polling(stage):
        eventually(lambda: fetched(stage), lambda found: found == ["1"])


def test_one_object_that_is_refused_does_not_keep_the_others_waiting(source: Source, stage: Stage) -> None:
    source.objects = {("invoice", "1"): element("1"), ("customer", "3"): element("3")}
    source.always = {"fetch:invoice": Refused("bad id", "400")}
    want(stage, "2")
    want(stage, "3", "customer")
    with polling(stage):
        eventually(lambda: fetched(stage), lambda found: found == ["3"])
        eventually(lambda: [r["decision"] for r in stage.records("audit")], lambda found: found == ["refused"])
        eventually(lambda: committed(stage), lambda offset: offset == 2)


def test_a_torn_row_among_wanted_ids_is_written_with_its_bytes_and_no_offset_stands_still(source: Source, stage: Stage) -> None:
    """Six ids of which one row could not be read gave about 57 equal calls and 0 of 6."""
    source.objects = {("invoice", str(n)): element(str(n)) for n in range(1, 7)}
    source.objects["invoice", "3"] = element("", "", b'{"id": 3, "id": 3, "name": "\\ud800"}')
    for n in range(1, 7):
        want(stage, str(n))
    with polling(stage):
        eventually(lambda: fetched(stage), lambda found: found == ["1", "2", "3", "4", "5", "6"])
        eventually(lambda: committed(stage), lambda offset: offset == 6)
    [torn] = [r for r in stage.records(RAW) if r["source_id"] == "3"]
    assert torn["body"] == source.objects["invoice", "3"].body
    assert len([1 for what, _ in source.asked if what == "fetch:invoice"]) < 8
    assert stage.records("audit") == []


def test_an_entity_that_cannot_be_read_by_id_is_refused_by_name(source: Source, stage: Stage) -> None:
    want(stage, "1", "unicorn")
    with polling(stage):
        eventually(
            lambda: [r["detail"] for r in stage.records("audit")], lambda found: found == ["servicetitan cannot read unicorn by id"]
        )


def test_a_wish_is_answered_while_a_feed_catches_up(source: Source, stage: Stage) -> None:
    source.rows = {"invoices": [element(str(n)) for n in range(3000)]}
    source.objects = {("customer", "7"): element("7")}
    source.page_size = 10
    with polling(stage):
        eventually(lambda: len(source.asked), lambda times: times > 3)
        want(stage, "7", "customer")
        eventually(lambda: source.asked.index(("fetch:customer", "7")) if ("fetch:customer", "7") in source.asked else 0, bool)
        assert len(source.asked) < 250, "it waited for the feed"


def test_a_person_s_wish_reads_every_feed_at_once(source: Source, stage: Stage) -> None:
    """`poll --now`: a feed that waits for a person is tried again at once, and one between its turns too."""
    source.rows = {"customers": [element("2")]}
    source.always = {"invoices": Broken("acme: the scope for invoices is missing.", "Grant it.")}
    with polling(stage) as pollers:
        eventually(lambda: [*pollers.stopped().values()], bool)
        told = eventually(lambda: [r for r in stage.records("audit") if r["decision"] == STOPPED], bool)
        assert [(r["entity"], r["connection"]) for r in told] == [("invoices", "acme")]
        assert "scope for invoices" in told[0]["detail"]
        source.rows["invoices"], source.always = [element("1")], {}
        want(stage, "", entity=EVERYTHING)
        eventually(lambda: [r["source_id"] for r in stage.records(RAW) if r["entity"] == "invoice"], lambda found: found == ["1"])
        again = eventually(lambda: [r["entity"] for r in stage.records("audit") if r["decision"] == READ], bool)
        assert again == ["invoices"]


def test_wishes_of_a_topic_that_was_made_anew_are_read_from_its_start(source: Source, stage: Stage) -> None:
    """What was wished at an offset known before was never read."""
    source.objects = {("invoice", str(n)): element(str(n)) for n in range(12)}
    for n in range(10):
        want(stage, str(n))
    with polling(stage):
        eventually(lambda: committed(stage), lambda offset: offset == 10)
        stage.lose("fetch")
        want(stage, "10")
        want(stage, "11")
        eventually(lambda: fetched(stage), lambda found: {"10", "11"} <= set(found), 40)
        eventually(lambda: committed(stage), lambda offset: offset == 2)
