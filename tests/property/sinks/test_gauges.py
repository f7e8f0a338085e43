"""What `/metrics` says of a partition of the real sink: what has not ended, by state, reason and money."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from runtime.metrics import REGISTRY
from services.sinks.gauges import Gauges
from tests.property.sinks.in_memory import Sink, install
from tests.property.sinks.scripted import SETTLE_S, Scripted, bill, sink_of
from tests.property.sinks.vouchers import toy
from tests.toy import TARGET

Play = Callable[[Sink, Scripted], Awaitable[None]]
Values = dict[str, float]
ACME = {"system": TARGET, "connection": "acme"}


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"ml_connector_sink_{name}", labels)


@pytest.fixture
def told() -> Iterator[Callable[[Sink, Callable[[], None]], None]]:
    """Calls a check while the gauges of a sink are registered, and takes them back however it ends."""

    def during(sink: Sink, check: Callable[[], None]) -> None:
        gauges = Gauges([sink.consuming])
        try:
            check()
        finally:
            gauges.close()

    yield during
    assert value("paused", **ACME) is None


def played(play: Play) -> None:
    async def run() -> None:
        sink, erp = sink_of()
        await play(sink, erp)
        sink.ends()

    asyncio.run(run())


def test_an_open_intent_is_told_with_its_money_and_age_until_it_is_settled(told: Callable[..., None]) -> None:
    async def play(sink: Sink, erp: Scripted) -> None:
        erp.answers.append(("late", 6.0))
        sink.command("ap_bill", bill("1", "5.00"))
        sink.command("ap_bill", bill("2", "70.00"))
        sink.reads()
        await sink.turns(60)
        await sink.passes(4)

        def during() -> None:
            assert value("open_intents", **ACME) == 1
            age = value("open_intent_oldest_seconds", **ACME)
            assert age is not None
            assert 3 <= age <= 5
            assert value("amount", **ACME, state="INTENT", reason="", currency="USD") == 5
            assert value("documents", **ACME, state="INTENT", reason="", currency="USD") == 1
            assert value("ceiling_documents", **ACME, which="written") == 2
            assert value("partitions", system=TARGET, phase="open") == 1

        told(sink, during)
        sink.crash()
        sink.reads()
        await sink.passes(SETTLE_S + 60)

        def after() -> None:
            assert value("open_intents", **ACME) is None
            assert value("documents", **ACME, state="INTENT", reason="", currency="USD") is None

        told(sink, after)

    played(play)


def test_what_waits_for_a_pause_is_told_with_the_pause(told: Callable[..., None]) -> None:
    async def play(sink: Sink, erp: Scripted) -> None:
        sink.decides("pause")
        for number in range(3):
            sink.command("ap_bill", bill(str(number), "10.50"))
        sink.reads()
        await sink.turns(60)

        def during() -> None:
            assert value("paused", **ACME) == 1
            assert value("documents", **ACME, state="WAITING", reason="paused", currency="USD") == 3
            assert value("amount", **ACME, state="WAITING", reason="paused", currency="USD") == 31.5

        told(sink, during)
        sink.crash()
        sink.reads()
        await sink.turns(60)
        told(sink, during)  # taken up from the ledger's index, without decoding an entry
        sink.decides("resume")
        await sink.passes(5)

        def after() -> None:
            assert value("paused", **ACME) == 0
            assert value("documents", **ACME, state="WAITING", reason="paused", currency="USD") is None

        told(sink, after)
        assert len(erp.amounts()) == 3

    played(play)
