"""Poison, bugs, hanging agents and changes of configuration, with real processes on a real broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import toy
from tests.integration.topology.wire import TopologyProcess, Wire, until
from topology.topics import object_key

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
Start = Callable[..., TopologyProcess]
KEY = object_key("acme", toy.SOURCE, "invoice", "bad")


def _poison(topics: Wire) -> list[bytes]:
    raw_topic = topics.settings.topic(f"raw.{toy.SOURCE}")

    def of(body: bytes) -> bytes:
        return topics.codec.encode(raw_topic, "raw.raw", toy.raw("bad", 1, body))

    good = of(b'{"total": 1.00}')
    return [
        b"\x01" + good[1:],
        b"\x00\x00",
        b"\x00\x7f\xff\xff\xff" + good[5:],
        good + b"x",
        good[:-1],
        of(b"{"),
        of(b'{"total": NaN}'),
        of(b'{"total": 1.00, "total": 2.00}'),
        of(b'{"total": "12.34"}'),
        of(b"\xff\xfe"),
    ]


def test_poison_goes_to_dead_with_its_bytes_and_the_rest_flows(topics: Wire, topology_process: Start) -> None:
    topics.apply({"east": "4000"})
    bad = _poison(topics)
    for number, value in enumerate(bad):
        topics.send_raw([toy.raw(f"good{number}", 1, b'{"total": 10.00}')])
        topics.send(f"raw.{toy.SOURCE}", KEY, "", value)
    topics.send("canonical.invoice", KEY, "", b"not avro")
    topics.flush()
    process = topology_process()
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count == len(bad), 60, process.tail)
    dead = until(lambda: topics.read("dead"), lambda found: len(found) == len(bad) + 1, 30, process.tail)
    assert sorted(record["value"] for record in dead) == sorted([*bad, b"not avro"])
    assert all(record["reason"] and record["connection"] == "acme" for record in dead)
    assert {str(record["amount"]) for record in dead if b'"12.34"' in record["value"]} == {"12.3400"}
    assert process.end() == 0


def test_an_agent_that_hangs_ends_the_process_with_70_and_nothing_is_lost(topics: Wire, topology_process: Start) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw([toy.raw("1", 1, b'{"hang": 1}')])
    process = topology_process(TOY_PATIENCE_S="2")
    assert process.wait(120) == 70, process.tail()
    assert topics.count("canonical.invoice") == 0
    assert process.lines("agent_gave_no_answer"), process.tail()


def test_a_record_that_a_rule_fails_over_is_on_dead_after_some_tries_and_the_others_go_on(
    topics: Wire, topology_process: Start
) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw(
        [toy.raw(str(number), 1, b'{"total": 5.00%s}' % (b', "bug": 1' if number == 3 else b"")) for number in range(8)]
    )
    topics.producer.produce(topics.settings.topic("canonical.invoice"), value=b"not avro", key=b"acme/\xff\xfe", partition=0)
    topics.flush()
    process = topology_process(TOY_PATIENCE_S="20")
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count == 7, 60, process.tail)
    dead = until(lambda: topics.read("dead"), lambda found: len(found) == 2, 30, process.tail)
    [culprit] = [one for one in dead if "ZeroDivisionError" in one["reason"]]
    assert topics.codec.decode(culprit["value"])[1]["source_id"] == "3"
    assert str(culprit["amount"]) == "5.0000"
    assert process.lines("batch_failed"), "told once, however often it is tried within a minute"
    assert process.end() == 0
    again = topology_process(ML_CONNECTOR_STATE_DIR=str(topics.settings.state_dir / "new"))
    topics.send_raw([toy.raw("9", 1, b'{"total": 5.00}')])
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count == 8, 60, again.tail)
    assert again.lines("state_record_skipped"), "a take-over that folds everything skips the record whose key is not text"
    assert again.end() == 0


def test_a_rule_that_never_ends_costs_its_record_alone_and_the_process_stays(topics: Wire, topology_process: Start) -> None:
    """Such a record ended the process, again after each start, for every connection."""
    topics.apply({"east": "4000"})
    topics.send_raw(
        [toy.raw(str(number), 1, b'{"total": 5.00%s}' % (b', "spin": 1' if number == 3 else b"")) for number in range(8)]
    )
    process = topology_process(TOY_PATIENCE_S="20", TOY_RULE_S="1")
    dead = until(lambda: topics.read("dead"), lambda found: len(found) == 1, 60, process.tail)
    assert "did not end" in dead[0]["reason"]
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count == 7, 60, process.tail)
    assert process.end() == 0


def test_a_crosswalk_change_takes_effect_without_a_restart(topics: Wire, topology_process: Start) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw([toy.raw("1", 1, b'{"total": 5.00, "unit": "west"}')])
    process = topology_process()
    command_topic = f"command.{toy.TARGET}"
    held = until(lambda: topics.read(command_topic), lambda found: len(found) == 1, 60, process.tail)[0]
    assert held["unresolved"] == ["business_unit=west"]
    assert str(held["amount"]) == "5.0000"

    topics.apply({"east": "4000", "west": "4100"})

    def map_again() -> dict[str, object]:
        topics.send("remap", object_key("acme", toy.SOURCE, "invoice", "1"), "", held["canonical"])
        topics.flush()
        return topics.read(command_topic)[-1]

    mapped = until(map_again, lambda last: not last["unresolved"], 30, process.tail)
    assert mapped["op_key"] == held["op_key"]
    assert mapped["source_hash"] == held["source_hash"]
    assert mapped["payload_hash"] != held["payload_hash"]
    assert mapped["description"] == "4100"
    assert process.end() == 0


def test_records_of_an_unknown_connection_are_refused_and_counted(topics: Wire, topology_process: Start) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw(toy.raw(str(number), 1, b'{"total": 5.00}') | {"connection": "nobody"} for number in range(5))
    process = topology_process("raw_to_canonical")
    audit = until(lambda: topics.read("audit"), lambda found: sum(one["count"] for one in found) == 5, 60, process.tail)
    assert {one["decision"] for one in audit} == {"refused"}
    assert topics.count("canonical.invoice") == 0
    assert process.end() == 0
