"""Elements of a page as raw records: one that no record can hold keeps the others from nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import cast

from runtime.clock import Clock
from runtime.settings import Settings
from schemas.codec import MAX_WRITTEN_BYTES
from services.ingress.produce import Deliveries, Outgoing
from services.ingress.writing import Writing
from systems import registry
from systems.contract import Element, Page
from systems.raw import How, Where
from tests.unit.topology.hops import CODEC

SYSTEM = registry.FIELD_SERVICE


class _Deliveries:
    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    def send(self, record: Outgoing) -> asyncio.Future[None]:
        self.sent.append(record)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    async def send_all(self, records: Iterable[Outgoing]) -> int:
        before = len(self.sent)
        self.sent += records
        return len(self.sent) - before


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)


async def test_an_element_that_no_record_can_hold_is_refused_by_name_and_the_others_are_written() -> None:
    deliveries = _Deliveries()
    writing = Writing(Settings(), CODEC, cast("Deliveries", deliveries), cast("Clock", _Clock()))
    elements = (Element("1", "", b"{}"), Element("2", "", b"x" * MAX_WRITTEN_BYTES), Element("", "", b"torn \xff"))
    page = Page(elements, "", more=False, digest="d")
    assert await writing.elements(Where("acme", SYSTEM), How("invoice", "object", "fetch"), page, enumerate(elements)) == 2
    refused, *written = [CODEC.decode(one.value)[1] for one in deliveries.sent]
    assert (refused["decision"], refused["source_id"]) == ("refused", "2")
    assert f"cap of {MAX_WRITTEN_BYTES}" in refused["detail"]
    assert [(one["source_id"], one["body"], one["page_index"]) for one in written] == [("1", b"{}", 0), ("", b"torn \xff", 2)]
