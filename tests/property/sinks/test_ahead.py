"""The look-up before a write is asked while its intent is on its way; the request waits for both."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

import pytest

from runtime.errors import Transient
from services.sinks import entry as e
from systems.contract import Answer, Document, Found, ResolvedCommand
from tests.property.sinks.in_memory import Sink, install
from tests.property.sinks.vouchers import Erp, World, toy


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())


@dataclass
class Watched(Erp):
    """Notes at each call what the ledger holds of the document; the first look-ups may fail."""

    sink: Sink | None = None
    seen: list[tuple[str, str]] = field(default_factory=list)
    failing: int = 0

    def _note(self, call: str) -> None:
        assert self.sink is not None
        self.seen.append((call, next((entry["state"] for entry in self.sink.index.all()), "")))

    async def find(self, resolved: ResolvedCommand) -> Found:
        self._note("find")
        self.failing -= 1
        if self.failing >= 0:
            raise Transient("the fake is down")
        return await super().find(resolved)

    async def perform(self, step: str, resolved: ResolvedCommand, document_seen: Document | None) -> Answer:
        self._note("perform")
        return await super().perform(step, resolved, document_seen)


def _watched(failing: int = 0) -> tuple[World, Watched]:
    world = World(1, refuses=0.0)
    erp = Watched(random.Random(1), refuses=0.0, faulty=False, failing=failing)
    world.erp = erp
    erp.sink = world.sink = Sink(toy(), erp, world.draw)
    world.source.becomes(a="V")
    world.tells()
    return world, erp


def test_the_look_up_goes_beside_the_intent_and_the_request_after_both() -> None:
    world, erp = _watched()
    asyncio.run(world.sink.rest())
    assert erp.seen == [("find", ""), ("perform", e.INTENT)]
    assert world.states()["V"][0] == e.POSTED


def test_a_look_up_beside_the_intent_that_fails_is_made_again_before_anything_is_sent() -> None:
    world, erp = _watched(failing=1)
    asyncio.run(world.sink.rest())
    assert [call for call, _ in erp.seen] == ["find", "find", "perform"]
    assert world.states()["V"][0] == e.POSTED


def test_nothing_is_sent_where_the_intent_is_not_acked_though_the_look_up_answered(caplog: pytest.LogCaptureFixture) -> None:
    world, erp = _watched()

    async def run() -> None:
        world.sink.take(1)
        while not erp.seen:
            await world.sink.turns(1)
        world.sink.crash()
        await world.sink.turns(40)

    asyncio.run(run())
    assert erp.seen == [("find", "")]
    assert "never retrieved" not in caplog.text
