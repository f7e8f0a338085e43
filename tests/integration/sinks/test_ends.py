"""What ends unexpectedly inside a sink ends its process with 70, and nothing that was under way is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from runtime.errors import EXIT_SOFTWARE
from services.sinks.command_log import GroupLog
from services.sinks.consume import Consuming
from services.sinks.follow import Following
from services.sinks.worker import Seams, run
from tests.integration.sinks.stage import ERP, Stage

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


class _Told:
    """Notes what the group gives."""

    def __init__(self) -> None:
        self.given: list[int] = []

    async def assigned(self, committed: Mapping[int, Any]) -> Mapping[int, int]:
        self.given += committed
        return dict.fromkeys(committed, 0)

    async def revoked(self, numbers: Sequence[int]) -> dict[tuple[str, int], int]:
        return {}

    async def lost(self, numbers: Sequence[int]) -> None:
        return None


def test_partitions_that_the_group_gives_while_it_is_left_are_nobodys(stage: Stage) -> None:
    """The client tells of them from within its close, where the committed offsets cannot be read any more."""
    told = _Told()

    async def joined_and_left_without_a_poll() -> None:
        topics = (stage.settings.topic("command.acumatica"), stage.settings.topic("control"))
        left = GroupLog(stage.settings.kafka, topics, stage.settings.topic("group"))
        await left.open(told)
        await asyncio.sleep(1.5)  # the client joins by itself; that it was given partitions waits for a poll
        await left.close()

    asyncio.run(joined_and_left_without_a_poll())
    assert told.given == []


def test_a_group_that_cannot_be_left_keeps_nothing_running(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = GroupLog.close

    async def close(self: GroupLog) -> None:
        await plain(self)
        raise KafkaException(KafkaError(KafkaError._DESTROY))

    monkeypatch.setattr(GroupLog, "close", close)
    with stage.running():
        pass


def test_what_cannot_be_stopped_keeps_nothing_else_running(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, following_stops, stopped = Consuming.stop, Following.stop, []

    async def stop(self: Consuming) -> None:
        await plain(self)
        raise KeyError("a defect")

    def stops(self: Following) -> None:
        stopped.append("following")
        following_stops(self)

    monkeypatch.setattr(Consuming, "stop", stop)
    monkeypatch.setattr(Following, "stop", stops)
    at_once = threading.Event()
    at_once.set()
    with pytest.raises(KeyError, match="a defect"):
        run(stage.settings, [ERP], Seams(open_session=stage.erp.open, stopping=at_once))
    assert stopped == ["following"]
