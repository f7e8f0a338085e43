"""The records that a poller writes: elements of pages, cursors and decisions, each with its key and partition."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from runtime.clock import Clock
from runtime.log import log
from runtime.settings import Settings
from schemas.codec import Codec, Record
from schemas.errors import Malformed
from services.ingress.produce import Deliveries, Outgoing
from systems.contract import Element, Page
from systems.raw import How, Where, raw_record
from topology.audit import RECORD, Covered, audit_record
from topology.batch import Decision
from topology.headers import headers
from topology.topics import object_key, partition_of

RESET = "reset"
"""What a cursor that a person wrote has in place of a page's digest. A running poller takes such a cursor up (`pollers.py`)."""


def decided(where: Where, decision: str, detail: str, about: tuple[str, str] = ("", "")) -> Decision:
    """A decision of a poller. `about` is (entity, source id); each is "" if the decision is not about one."""
    return Decision(decision, where.connection, where.system, *about, detail=detail)


class Writing:
    """Encodes and writes. Every method returns when Kafka has acknowledged, and raises `NotStored` if it did not."""

    def __init__(self, settings: Settings, codec: Codec, deliveries: Deliveries, clock: Clock) -> None:
        self._settings = settings
        self._codec = codec
        self._deliveries = deliveries
        self._clock = clock

    async def elements(self, where: Where, how: How, page: Page, elements: Iterable[tuple[int, Element]]) -> int:
        """Write these elements of a page, each with its index, as raw records. One that no record can hold is refused by name; the others
        are written."""
        drawn = os.urandom(24).hex()
        trace = f"00-{drawn[:32]}-{drawn[32:]}-01".encode()
        made: list[Outgoing] = []
        for index, element in elements:
            try:
                made.append(self._element(where, how, (page.digest, index, element), trace))
            except Malformed as error:
                fields = {"system": where.system, "entity": how.entity, "source_id": element.source_id}
                log.error("element_refused", connection=where.connection, **fields, error=str(error)[:200])
                detail = f"{error}; it is not read, look at it in {where.system}"
                await self.decision(decided(where, "refused", detail, (how.entity, element.source_id)))
        return await self._deliveries.send_all(made)

    def _element(self, where: Where, how: How, one: tuple[str, int, Element], trace: bytes) -> Outgoing:
        digest, index, element = one
        record = raw_record(where, how, element, self._clock.now(), (digest, index))
        topic = self._settings.topic(f"raw.{where.system}")
        key = object_key(where.connection, where.system, how.entity, element.source_id)
        value = self._codec.encode(topic, "raw.raw", record)
        partition = partition_of(key, self._settings.kafka.partitions)
        return Outgoing(topic, key.encode(), value, [*headers("raw.raw", f"{digest}/{index}", "", trace)], partition)

    async def cursor(self, record: Record) -> None:
        """Write where a feed continues; call it only when everything before that is acked."""
        key = f"{record['connection']}/{record['feed']}"
        await self._one("cursors", "raw.cursor", key, record)

    async def decision(self, made: Decision, count: int = 1) -> None:
        """Write a decision that no other record shows, taken on `count` things."""
        record = audit_record(made, "pollers", self._clock.now(), Covered(count=count))
        await self._one("audit", RECORD, record["natural_key"], record)

    async def _one(self, name: str, record_name: str, key: str, record: Mapping[str, Any]) -> None:
        topic = self._settings.topic(name)
        value = self._codec.encode(topic, record_name, record)
        partition = partition_of(record["connection"], self._settings.kafka.partitions)
        await self._deliveries.send(Outgoing(topic, key.encode(), value, [*headers(record_name, key, "")], partition))
