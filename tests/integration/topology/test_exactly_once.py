"""Records through both hops of real processes that are killed: nothing lost, nothing doubled."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from tests import toy
from tests.integration.topology.wire import TopologyProcess, Wire, until
from topology.way import canonical_topics

pytestmark = [pytest.mark.kafka]
RECORDS = 6_000
MANY = 20_000
"""In `make chaos`."""
Start = Callable[..., TopologyProcess]


def _body(number: int) -> bytes:
    return b'{"total": %d.25}' % (number + 1)


def _high(topics: Wire, name: str) -> int:
    from runtime import kafka

    ends = kafka.high_watermarks(topics.settings.kafka, topics.settings.topic(name), range(topics.settings.kafka.partitions))
    return sum(ends.values())


@pytest.mark.slow
@pytest.mark.parametrize("records", [RECORDS, pytest.param(MANY, marks=pytest.mark.campaign)])
def test_killed_three_times_in_thousands_of_records_each_is_there_once(topics: Wire, topology_process: Start, records: int) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw(toy.raw(str(number), 1, _body(number)) for number in range(records))
    process = topology_process()
    for share in (0.1, 0.4, 0.7):
        until(lambda: _high(topics, f"command.{toy.TARGET}"), lambda high: high >= records * share, 60, process.tail)  # noqa: B023 - called at once
        process.kill()
        process.start()
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count >= records, 90, process.tail)
    assert process.end() == 0, process.tail()

    wanted = Counter(str(number) for number in range(records))
    assert Counter(record["source_id"] for record in topics.read("canonical.invoice")) == wanted
    commands = topics.read(f"command.{toy.TARGET}")
    assert Counter(record["source_id"] for record in commands) == wanted
    assert len({record["op_key"] for record in commands}) == records
    assert topics.count("dead") == 0


@pytest.mark.slow
def test_two_processes_share_the_way_and_one_may_be_killed(topics: Wire, topology_process: Start) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw(toy.raw(str(number), 1, _body(number)) for number in range(4000))
    first, second = topology_process(), topology_process()
    until(lambda: _high(topics, "canonical.invoice"), lambda high: high >= 1000, 60, first.tail)
    first.kill()
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count >= 4000, 90, second.tail)
    assert second.end() == 0, second.tail()
    wanted = Counter(str(number) for number in range(4000))
    assert Counter(record["source_id"] for record in topics.read("canonical.invoice")) == wanted
    assert Counter(record["source_id"] for record in topics.read(f"command.{toy.TARGET}")) == wanted


@pytest.mark.slow
def test_a_wiped_state_is_folded_again_and_a_replay_of_everything_adds_nothing(
    topics: Wire, topology_process: Start, cluster: EmbeddedCluster
) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw(toy.raw(str(number), 2, _body(number)) for number in range(500))
    process = topology_process("raw_to_canonical")
    until(lambda: topics.count("canonical.invoice"), lambda count: count == 500, 60, process.tail)
    assert process.end() == 0, process.tail()

    shutil.rmtree(topics.settings.state_dir / "topology")
    prefix = topics.settings.kafka.topic_prefix
    reset = cluster.kafka_tool(
        "kafka-consumer-groups",
        "--group",
        f"{prefix}raw_to_canonical",
        "--reset-offsets",
        "--to-earliest",
        "--all-topics",
        "--execute",
    )
    assert reset.returncode == 0, reset.stderr
    topics.send_raw([toy.raw("7", 1, b'{"total": 1.00}'), toy.raw("new", 1, b'{"total": 2.00}')])
    process.start()
    until(lambda: topics.count("canonical.invoice"), lambda count: count == 501, 60, process.tail)
    until(
        lambda: (
            Counter({a["decision"]: 0 for a in topics.read("audit")})
            + sum((Counter({a["decision"]: a["count"]}) for a in topics.read("audit")), Counter())
        ),
        lambda counted: counted == {"duplicate": 500, "stale": 1},
        30,
        process.tail,
    )
    assert topics.count("audit") <= 12, "duplicates cost one audit record per batch and partition"
    assert process.end() == 0


@pytest.mark.slow
def test_a_restart_folds_only_what_the_snapshot_does_not_contain(topics: Wire, topology_process: Start) -> None:
    topics.apply({"east": "4000"})
    topics.send_raw(toy.raw(str(number), 1, _body(number)) for number in range(300))
    process = topology_process("raw_to_canonical")
    until(lambda: topics.count("canonical.invoice"), lambda count: count == 300, 60, process.tail)
    assert process.end() == 0
    process.start()
    until(lambda: process.lines("state_folded"), lambda lines: len(lines) == 2, 30, process.tail)
    assert process.lines("state_folded")[1]["records"] == 0
    assert process.end() == 0
    assert sum(topics.count(name) for name in canonical_topics()) == 300


@pytest.mark.slow
def test_it_says_when_it_is_ready_and_drains_on_sigterm(topics: Wire, topology_process: Start) -> None:
    def ready(port: int) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)

    topics.apply({"east": "4000"})
    process = topology_process()
    port = until(lambda: process.lines("health"), bool, 30, process.tail)[0]["port"]
    until(lambda: ready(port), lambda status: status == 200, 30, process.tail)
    topics.send_raw(toy.raw(str(number), 1, _body(number)) for number in range(3000))
    until(lambda: _high(topics, "canonical.invoice"), bool, 30, process.tail)
    assert process.end() == 0, process.tail()
    drained = topics.count("canonical.invoice")
    process.start()
    until(lambda: process.lines("started"), lambda lines: len(lines) == 2, 30, process.tail)
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count == 3000, 60, process.tail)
    assert process.end() == 0, process.tail()
    assert drained <= topics.count("canonical.invoice") == 3000


def test_records_of_a_topic_that_was_made_anew_are_read_from_its_start(topics: Wire, topology_process: Start) -> None:
    """Offsets known before were passed over, and committed."""
    topics.apply({"east": "4000"})
    topics.send_raw(toy.raw(str(number), 1, _body(number)) for number in range(60))
    process = topology_process()
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count == 60, 60, process.tail)
    topics.lose(f"raw.{toy.SOURCE}")
    topics.send_raw(toy.raw(str(number), 1, _body(number)) for number in range(60, 70))
    until(lambda: topics.count(f"command.{toy.TARGET}"), lambda count: count == 70, 60, process.tail)
    told = until(lambda: process.lines("topic_made_anew"), bool, 30, process.tail)  # the ids are compared every few seconds
    assert [line["topic"] for line in told] == [topics.settings.topic(f"raw.{toy.SOURCE}")]
    assert process.end() == 0, process.tail()
