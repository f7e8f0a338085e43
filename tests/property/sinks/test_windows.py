"""Posting windows over the real partition: the connection's setting wins, the newest state is posted, and nothing is added up."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Any

import pytest

from tests.property.sinks.in_memory import Sink, command_of, install
from tests.property.sinks.stand_ins import START
from tests.property.sinks.vouchers import BOOKS, Erp, toy
from tests.toy import SOURCE, TARGET, digest
from topology.rules.identity import op_key, ref_of

HOUR = 3600.0
"""START is midnight of a Monday in the tenant's zone, a week before its clocks change."""


def sink_of(monkeypatch: pytest.MonkeyPatch, declared: str, **flow: Any) -> tuple[Sink, Erp]:
    install(monkeypatch, toy(declared))
    erp = Erp(random.Random(1), refuses=0.0, faulty=False)
    return Sink(toy(declared), erp, random.Random(1), **flow), erp


def bill(source_id: str, version: int, amount: str) -> dict[str, Any]:
    key = op_key(BOOKS, "payable", ("invoice", source_id), "", "create")
    about = {"source_system": SOURCE, "source_entity": "invoice", "source_id": source_id, "source_version": f"{version:03d}"}
    who = {"system": TARGET, "op_key": key, "ref": ref_of(key), "purpose": "payable", "action": "create", "amount": Decimal(amount)}
    return command_of("ap_bill", **about, **who, source_hash=digest(amount), payload_hash=digest(amount), description=amount)


async def until_h(sink: Sink, hour: float) -> None:
    """The clock goes to that hour after START."""
    sink.take(len(sink.log))
    await sink.turns(60)
    sink.clock.passed_s = hour * HOUR
    sink.owner.tick()
    await sink.turns(200)


def posted(erp: Erp) -> list[str]:
    return sorted(voucher.lines for kept in erp.kept.values() for voucher in kept)


@pytest.mark.parametrize(
    ("declared", "flow", "hours"),
    [
        ("daily 18:00", {"window": "immediate"}, 0.0),
        ("daily 18:00", {"window": "twice-daily 06:00 13:00"}, 6.0),
        ("immediate", {"window": "daily 18:00"}, 18.0),
        ("daily 18:00", {}, 18.0),
        ("weekly fri 17:30", {}, 4 * 24 + 17.5),
        ("immediate", {"window": "weekly sun 06:00"}, 6 * 24 + 6 - 1),  # Sunday is an hour shorter
        ("immediate", {}, 0.0),
    ],
)
def test_a_window_of_the_connection_is_stronger_than_the_flows_own(
    declared: str, flow: dict[str, str], hours: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`immediate` could not be chosen where a flow is declared with another window."""
    sink, erp = sink_of(monkeypatch, declared, **flow)
    sink.command("ap_bill", bill("1", 1, "5.00"))

    async def run() -> None:
        if hours:
            await until_h(sink, hours - 0.1)
            assert posted(erp) == []
        await until_h(sink, hours)

    asyncio.run(run())
    assert posted(erp) == ["5.00"]


@pytest.mark.parametrize("crash", [False, True], ids=["one owner", "another owner at the opening"])
def test_a_newer_state_replaces_one_that_waits_and_each_document_stays_its_own(
    crash: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A window delays and never aggregates: two sources of one day are two documents, and the older state is never sent."""
    sink, erp = sink_of(monkeypatch, "immediate", window="twice-daily 06:00 18:00")
    sink.command("ap_bill", bill("1", 1, "5.00"))
    sink.command("ap_bill", bill("2", 1, "70.00"))

    async def run() -> None:
        await until_h(sink, 1)
        sink.command("ap_bill", bill("1", 2, "6.00"))
        await until_h(sink, 5.9)
        assert posted(erp) == []
        if crash:
            sink.crash()
        await until_h(sink, 6)

    asyncio.run(run())
    assert posted(erp) == ["6.00", "70.00"]
    assert {one["source_version"] for one in sink.index.all() if one["source_id"] == "1"} == {"002"}
    assert {voucher.amount for kept in erp.kept.values() for voucher in kept} == {Decimal("6.00"), Decimal("70.00")}


def test_what_comes_after_an_opening_waits_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sink, erp = sink_of(monkeypatch, "immediate", window="twice-daily 06:00 18:00")
    sink.command("ap_bill", bill("1", 1, "5.00"))

    async def run() -> None:
        await until_h(sink, 6.5)
        sink.command("ap_bill", bill("2", 1, "70.00"))
        await until_h(sink, 17.9)
        assert posted(erp) == ["5.00"]
        await until_h(sink, 18)

    asyncio.run(run())
    assert posted(erp) == ["5.00", "70.00"]
    assert START.hour == 6, "midnight in Chicago"
