"""Topics as a cluster has them against topics as they are declared."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.settings import Kafka
from topology.provision import ExistingTopic, differences, settings_of
from topology.topics import DAY_MS, MAX_MESSAGE_BYTES, topics

THREE = Kafka(bootstrap_servers="k:9092", partitions=4, replication=3)


def found(topic: str, partitions: int = 4, replication: int = 3, **settings: str) -> ExistingTopic:
    """The topic as it is declared, but for these."""
    changed = {key.replace("_", "."): value for key, value in settings.items()}
    return ExistingTopic(partitions, replication, settings_of(topics()[topic], 3) | changed)


def wrong(topic: str, kafka: Kafka = THREE, **more: Any) -> list[tuple[str, str, str]]:
    return [(one.setting, one.found, one.declared) for one in differences(topic, topics()[topic], found(topic, **more), kafka)]


@pytest.mark.parametrize("topic", list(topics()))
def test_what_is_created_is_what_is_asked_for(topic: str) -> None:
    assert wrong(topic) == []


@pytest.mark.parametrize(
    ("topic", "more", "expected"),
    [
        ("ledger.acumatica", {"cleanup_policy": "delete", "retention_ms": "60000"}, ("cleanup.policy", "delete", "compact")),
        ("ledger.acumatica", {"cleanup_policy": "compact,delete"}, ("cleanup.policy", "compact,delete", "compact")),
        ("raw.servicetitan", {"cleanup_policy": "compact"}, ("cleanup.policy", "compact", "delete")),
        ("raw.servicetitan", {"retention_ms": "604800000"}, ("retention.ms", "604800000", "-1")),
        ("raw.servicetitan", {"retention_bytes": "1000000"}, ("retention.bytes", "1000000", "-1")),
        ("fetch", {"retention_ms": str(7 * DAY_MS - 1)}, ("retention.ms", str(7 * DAY_MS - 1), str(7 * DAY_MS))),
        ("fetch", {"retention_ms": ""}, ("retention.ms", "unset", str(7 * DAY_MS))),
        ("links", {"min_compaction_lag_ms": "0"}, ("min.compaction.lag.ms", "0", str(DAY_MS))),
        ("dead", {"max_message_bytes": "1048588"}, ("max.message.bytes", "1048588", str(MAX_MESSAGE_BYTES))),
        ("control", {"message_timestamp_type": "CreateTime"}, ("message.timestamp.type", "CreateTime", "LogAppendTime")),
        ("control", {"min_insync_replicas": "1"}, ("min.insync.replicas", "1", "2")),
        ("control", {"min_insync_replicas": "4"}, ("min.insync.replicas", "4", "2")),
        ("control", {"unclean_leader_election_enable": "true"}, ("unclean.leader.election.enable", "true", "false")),
        ("control", {"partitions": 6}, ("the number of partitions", "6", "4")),
        ("control", {"replication": 2}, ("the replication factor", "2", "3")),
    ],
)
def test_each_wrong_setting_is_named(topic: str, more: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Topics that a platform team had made beforehand were accepted: a ledger with a minute's retention, a compacted raw topic."""
    assert expected in wrong(topic, **more)


@pytest.mark.parametrize(
    ("topic", "more"),
    [
        ("fetch", {"retention_ms": "-1"}),
        ("fetch", {"retention_ms": str(30 * DAY_MS)}),
        ("raw.servicetitan", {"max_message_bytes": str(2 * MAX_MESSAGE_BYTES)}),
        ("raw.servicetitan", {"min_insync_replicas": "3"}),
        ("raw.servicetitan", {"replication": 5}),
        ("links", {"min_compaction_lag_ms": str(2 * DAY_MS)}),
        ("links", {"segment_ms": "1"}),
    ],
)
def test_what_keeps_more_than_is_asked_for_is_taken(topic: str, more: dict[str, Any]) -> None:
    assert wrong(topic, **more) == []


def test_each_comes_with_the_command_that_mends_it() -> None:
    (one,) = differences("p.dead", topics()["dead"], found("dead", max_message_bytes="1000"), THREE)
    assert str(one) == (
        f"p.dead: max.message.bytes is 1000, not {MAX_MESSAGE_BYTES}: kafka-configs --bootstrap-server k:9092 --alter"
        f" --entity-type topics --entity-name p.dead --add-config max.message.bytes={MAX_MESSAGE_BYTES}"
    )
    (missing,) = differences("p.dead", topics()["dead"], None, THREE)
    assert "ml-connector topics --apply" in missing.remedy


@pytest.mark.parametrize(("replication", "needed"), [(1, "1"), (2, "2"), (3, "2"), (5, "3")])
def test_a_write_needs_a_majority_of_the_replicas(replication: int, needed: str) -> None:
    assert settings_of(topics()["dead"], replication)["min.insync.replicas"] == needed
