"""A context for hops without a broker: an offline codec, one connection, records by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from schemas.codec import Codec, offline_codec
from systems import registry
from systems.connection import ConnectionSettings
from tests import toy
from topology.batch import ConsumerRecord, Context, Outcome
from topology.configuration import Connected, Snapshot
from topology.crosswalk import tables_of
from topology.headers import Headers
from topology.topics import object_key, partition_of, records_of_topic

PARTITIONS = 4
CODEC: Codec = offline_codec(records_of_topic())


@contextmanager
def toys() -> Iterator[None]:
    """The toys in the registry's place."""
    kept = registry.system
    toy.install()
    try:
        yield
    finally:
        registry.system = kept


def context(units: Mapping[str, str] | None = None, mode: str = "live", **flow: Any) -> Context:
    """Call it with the toys installed."""
    rows, record = toy.applied(units if units is not None else {"east": "4000"}, **flow)
    settings = ConnectionSettings.model_validate_json(record["settings"]).model_copy(update={"mode": mode})
    connected = Connected(settings, record["version"], record["crosswalk_version"], tables_of(rows))
    return Context(Snapshot({"acme": connected}), CODEC, str, PARTITIONS, toy.NOW)


class Memory:
    """A hop's state in a dictionary."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, str], bytes] = {}

    def get(self, partition: int, key: str) -> bytes | None:
        return self.values.get((partition, key))


def raw_record(offset: int, raw: dict[str, Any], headers: Headers | None = None) -> ConsumerRecord:
    """A raw record as it comes from its topic."""
    key = object_key(raw["connection"], raw["system"], raw["entity"], raw["source_id"])
    topic = f"raw.{toy.SOURCE}"
    return ConsumerRecord(topic, partition_of(key, PARTITIONS), offset, key.encode(), CODEC.encode(topic, "raw.raw", raw), headers)


def outputs(outcome: Outcome, topic: str) -> list[dict[str, Any]]:
    """Decoded outputs of a topic."""
    return [CODEC.decode(output.value)[1] for output in outcome.outputs if output.topic == topic]


def decisions(outcome: Outcome) -> list[str]:
    """Decisions by name."""
    return [decision.decision for _, decision in outcome.decisions]


def canonical_records(outcome: Outcome) -> Sequence[ConsumerRecord]:
    """What hop 2 gets of what hop 1 gave."""
    found = [output for output in outcome.outputs if output.topic.startswith("canonical.")]
    return [
        ConsumerRecord(output.topic, output.partition, offset, str(output.key).encode(), output.value, output.headers)
        for offset, output in enumerate(found)
    ]
