"""What ends unexpectedly inside a sink ends its process with 70, and nothing that was under way is lost."""

from __future__ import annotations

import asyncio

import pytest

from runtime.errors import EXIT_SOFTWARE
from services.sinks.consume import Consuming
from services.sinks.follow import Following
from tests.integration.sinks.stage import Stage

pytestmark = pytest.mark.kafka


async def _fails() -> None:
    raise KeyError("a defect")


def test_a_task_that_ends_with_an_error_that_nobody_takes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Consuming.tick
    started: list[bool] = []

    def tick(self: Consuming) -> None:
        if not started:
            asyncio.get_running_loop().create_task(_fails())  # nobody takes what comes of it
            started.append(True)
        plain(self)

    stage.command("ar_invoice", "1")
    monkeypatch.setattr(Consuming, "tick", tick)
    with stage.running(ends=EXIT_SOFTWARE):
        pass
    assert started
    monkeypatch.setattr(Consuming, "tick", plain)
    with stage.running():
        stage.until({"1": "POSTED"})
    assert len(stage.erp.stored) == 1


def test_a_tick_that_raises(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Consuming.tick

    def tick(self: Consuming) -> None:
        plain(self)
        raise KeyError("a defect")

    monkeypatch.setattr(Consuming, "tick", tick)
    with stage.running(ends=EXIT_SOFTWARE):
        pass
    monkeypatch.setattr(Consuming, "tick", plain)


def test_a_follower_that_failed_for_good(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and releases were not seen any more, and the service said that it was ready."""
    monkeypatch.setattr(Following, "failed", property(lambda _: "following: KeyError"))
    with stage.running(ends=EXIT_SOFTWARE):
        pass
