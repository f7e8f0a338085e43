"""Writes records that do not count to `audit`, in addition to the log and the metric: where each was, and why it did not count.

Topology records those of the configuration, sinks those of credentials and controls. A service reads these topics from the beginning when
it starts and writes the same decisions again. Their natural key is the place of the record, so that they can be told apart from new ones.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime

from confluent_kafka import Producer

from runtime import kafka
from runtime.settings import Settings
from schemas.codec import Codec
from systems.connection import CONNECTION_ID
from topology.audit import RECORD, Covered, audit_record
from topology.batch import Decision
from topology.headers import coordinates, headers
from topology.topics import partition_of
from topology.trust import Refusal

DECISION = "refused"
MOST = 100
"""Limit for one topic in one life of a process: a flood of a topic must not fill `audit` as well. The metric counts all."""


class Refusals:
    """Writes to `audit`. Called in the threads of followers, it never waits."""

    def __init__(self, settings: Settings, codec: Codec, stage: str) -> None:
        self._settings, self._codec, self._stage = settings, codec, stage
        self._producer: Producer | None = None
        self._written: Counter[str] = Counter()

    def __call__(self, refusal: Refusal) -> None:
        """Keep one."""
        place = refusal.place
        self._written[place.topic] += 1
        if self._written[place.topic] > MOST:
            return
        if self._producer is None:
            self._producer = kafka.producer(self._settings.kafka)
        topic, connection = self._settings.topic("audit"), _connection(place.key)
        where = coordinates(place.topic, place.partition, refusal.offset)
        decided = Decision(DECISION, connection, detail=f"{refusal.why}. {refusal.remedy}")
        covered = Covered(where, 1, place.topic, place.partition, refusal.offset, refusal.offset)
        record = audit_record(decided, self._stage, datetime.now(UTC), covered)
        self._producer.produce(
            topic,
            key=where.encode(),
            value=self._codec.encode(topic, RECORD, record),
            partition=partition_of(connection, self._settings.kafka.partitions),
            headers=list(headers(RECORD, where, where)),
        )
        self._producer.poll(0)

    def close(self) -> None:
        """Wait a moment for what is in flight."""
        if self._producer is not None:
            self._producer.flush(5)


def _connection(key: bytes) -> str:
    """The connection that a record's key names; "" if it is not one of ours, because anybody may have written the record."""
    name = key.partition(b"/")[0].decode(errors="replace")
    return name if re.fullmatch(CONNECTION_ID, name) else ""
