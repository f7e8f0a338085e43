"""The way of one invoice in one process, from a webhook to the request of the writer: every part is the real one, with lists between them.

Also the worst that can happen to it on its last mile: the answer is lost, the sink is killed and started again, and a newer version came meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from runtime.json import canonical_bytes
from runtime.retry import Backoff
from runtime.settings import Settings
from services.ingress.fetches import FetchQueue, FetchRecord, Offsets
from services.ingress.pollers import Pollers
from services.ingress.polling import Polled, SystemPoller
from services.ingress.produce import Deliveries, Outgoing
from services.ingress.writing import Writing
from systems.contract import Element, Page, System
from systems.raw import Where
from tests.property.sinks.in_memory import Sink, install
from tests.property.sinks.scripted import SETTLE_S, Scripted, sink_of
from tests.property.sinks.vouchers import toy
from tests.toy import SOURCE, TARGET
from tests.unit.following.log import CODEC
from tests.unit.ingress.server import serving
from tests.unit.topology import hops
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Output

RECORD = "ar_invoice"


class Stored:
    """Deliveries that keep what they are given."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []

    async def send(self, record: Outgoing) -> None:
        self.records.append(record)

    async def send_all(self, records: Iterable[Outgoing]) -> int:
        self.records += records
        return len(self.records)


async def fetched(output: Output, number: int) -> Outgoing:
    """What a poller makes of a record of `fetch`: it reads the object and stores the answer."""
    stored, offsets, clock = Stored(), Offsets(), hops.context()

    async def fetch(entity: str, ids: Sequence[str]) -> Page:
        elements = tuple(Element(one, f"{number:09d}", b'{"total": %d.00, "unit": "east"}' % number) for one in ids)
        return Page(elements, "", more=False, digest="d")

    now = SimpleNamespace(now=lambda: clock.now)
    writing = Writing(Settings(), CODEC, cast("Deliveries", stored), cast("Any", now))
    pollers = cast("Any", Pollers.__new__(Pollers))
    pollers._codec, pollers._queues, pollers._writing = CODEC, {}, writing
    offsets.opened(0)
    message = SimpleNamespace(value=lambda: output.value, partition=lambda: 0, offset=lambda: 0)
    await pollers.fetches_read([(message, FetchRecord(offsets, 0))])
    ((where, queue),) = pollers._queues.items()
    session = SimpleNamespace(reader=SimpleNamespace(fetch=fetch))
    backoff = Backoff(first=timedelta(0), cap=timedelta(0), floor=timedelta(0))
    system = SimpleNamespace(fetchable={"invoice": 50})
    polled = Polled(
        where, cast("Any", system), (), cast("Any", session), writing, cast("Any", now), backoff, True, cast("Any", None)
    )
    assert isinstance(queue, FetchQueue)
    await cast("Any", SystemPoller(polled, queue, {}))._fetch_once()
    assert (where, offsets.commit) == (Where("acme", SOURCE), 1), "what was asked for is done when its answer is stored"
    (made,) = stored.records
    return made


def consumed(record: Outgoing | Output, offset: int = 0) -> ConsumerRecord:
    """A record as the next stage gets it."""
    key = record.key if isinstance(record.key, bytes) else str(record.key).encode()
    return ConsumerRecord(record.topic, 0, offset, key, record.value, cast("Any", record.headers))


def first_hop(record: Outgoing) -> Output:
    """The one record that hop 1 makes of this one."""
    (made,) = raw_to_canonical.apply([consumed(record)], hops.Memory(), hops.context()).outputs[:1]
    return made


async def commanded(number: int) -> dict[str, Any]:
    """The command that follows from a webhook about invoice 7, whose total is this number by now."""
    async with serving() as server:
        assert await server.sent(canonical_bytes({"look": "7", "nonce": number})) == 200
    (hint,) = server.kept.records
    with hops.toys():
        asked = first_hop(hint)
        assert asked.topic == "fetch"
        canonical = first_hop(await fetched(asked, number))
        mapped = canonical_to_command.apply([consumed(canonical)], hops.Memory(), hops.context())
    (command,) = [CODEC.decode(one.value)[1] for one in mapped.outputs if one.topic == f"command.{TARGET}"]
    assert (command["amount"], command["hold"], command["unresolved"]) == (Decimal(number), "", [])
    return command


def declared() -> System:
    """A system that writes invoices in one step."""
    return replace(toy(), writes=(replace(toy().writes[0], record=RECORD),))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> tuple[Sink, Scripted]:
    """A sink, and the ERP that it writes to."""
    install(monkeypatch, declared())
    return sink_of(declared())


async def test_an_invoice_goes_from_a_webhook_to_the_request_of_the_writer(started: tuple[Sink, Scripted]) -> None:
    command = await commanded(5)
    sink, erp = started
    sink.command(RECORD, command)
    sink.reads()
    await sink.turns(60)
    assert (sink.state(command["op_key"])[0], erp.amounts(), len(erp.requests())) == ("POSTED", [Decimal(5)], 1)
    sink.ends()


async def test_a_lost_answer_a_kill_and_a_newer_version_end_in_one_document_and_a_change_that_is_held(
    started: tuple[Sink, Scripted],
) -> None:
    first, newer = await commanded(5), await commanded(6)
    assert first["op_key"] == newer["op_key"]
    sink, erp = started
    erp.answers.append(("late", 6.0))
    sink.command(RECORD, first)
    sink.reads()
    await sink.turns(60)
    assert sink.state(first["op_key"])[0] == "INTENT"
    sink.crash()
    sink.command(RECORD, newer)
    sink.reads()
    await sink.passes(SETTLE_S + 60)
    assert (sink.state(first["op_key"])[0], erp.amounts(), len(erp.requests())) == ("POSTED", [Decimal(5)], 1)
    assert [amount for _, amount in sink.held().values()] == [Decimal(1)]
    sink.ends()
