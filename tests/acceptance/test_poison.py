"""A record that cannot be read is kept with its bytes and stops nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runtime import kafka
from tests.acceptance.conftest import Live
from tests.acceptance.stage import ERP, SOURCE, Stage, until
from topology.topics import object_key, partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
POISON = {"not in wire format": b"not avro at all", "a schema nobody knows": b"\x00\x00\x0f\xff\xff\x02ab", "nothing": b""}


def put(stage: Stage, topic: str, partition: int, key: str, value: bytes) -> None:
    settings = stage.processes.settings
    producer = kafka.producer(settings.kafka)
    producer.produce(settings.topic(topic), key=key.encode(), value=value, partition=partition)
    assert producer.flush(10) == 0


def dead_of(stage: Stage, topic: str) -> list[dict[str, Any]]:
    return [
        seen.record for seen in stage.reading.scan(["dead"], quiet=True) if seen.record["topic"].removeprefix(stage.prefix) == topic
    ]


@pytest.mark.parametrize("topic", [f"raw.{SOURCE}", f"command.{ERP}"])
def test_bytes_that_cannot_be_decoded_are_dead_with_every_byte_and_nothing_stops(live: Live, topic: str) -> None:
    stage, connection = live.stage, live.stage.joined.id
    partition = partition_of(connection, stage.processes.settings.kafka.partitions)
    before = len(dead_of(stage, topic))
    for value in POISON.values():
        put(stage, topic, partition, connection, value)
    dead = until("the poison to be dead", lambda: dead_of(stage, topic)[before:], lambda found: len(found) >= len(POISON), 90)
    assert sorted(one["value"] or b"" for one in dead) == sorted(POISON.values())
    for one in dead:
        assert one["partition"] == partition
        assert one["reason"]
        assert one["stage"]
    live.posted(live.sold(live.customers[6], price="201.01" if topic.startswith("raw") else "202.02")["invoice"])
    assert [name for name, child in stage.processes.children.items() if not child.is_alive()] == []


def test_a_page_that_is_no_object_of_its_entity_is_dead_with_the_bytes_as_they_came(live: Live) -> None:
    stage, connection = live.stage, live.stage.joined.id
    key = object_key(connection, SOURCE, "invoice", "4711")
    body = b"<!DOCTYPE html><html><title>Sign in</title></html>"
    record = {
        "connection": connection,
        "system": SOURCE,
        "entity": "invoice",
        "source_id": "4711",
        "source_version": "",
        "shape": "object",
        "how": "fetch",
        "body": body,
        "content_type": "text/html",
        "page_digest": "",
        "page_index": 0,
        "signature": "none",
        "received_at": datetime.now(UTC),
    }
    full = stage.processes.settings.topic(f"raw.{SOURCE}")
    value = stage.reading.codec.encode(full, "raw.raw", record)
    put(stage, f"raw.{SOURCE}", partition_of(key, stage.processes.settings.kafka.partitions), key, value)
    found = until(
        "the page to be dead",
        lambda: [one for one in dead_of(stage, f"raw.{SOURCE}") if body in (one["value"] or b"")],
        lambda dead: len(dead) == 1,
        60,
    )
    assert found[0]["key"] == key.encode()
    said = stage.cli("status", "--output", "json")
    assert found[0]["reason"][:40] in said.stdout
