"""A stage whose field-service system is a source in the test's hands, and pollers that run on a loop of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.clock import ScaledClock
from runtime.embedded.cluster import EmbeddedCluster
from services.ingress.pollers import Pollers
from tests.integration.ingress import toy
from tests.integration.ingress.stage import Stage
from tests.integration.own_topics import delete_topics
from tests.integration.pollers.source import Source


@pytest.fixture
def source() -> Iterator[Source]:
    """The field-service side."""
    made = Source()
    restore = toy.install([toy.toy(toy.FIELD_SERVICE, toy.FEEDS, made.open), toy.toy(toy.ERP, (), Source().open)])
    yield made
    restore()


@pytest.fixture
def stage(cluster: EmbeddedCluster, source: Source, tmp_path: Path) -> Iterator[Stage]:
    """One connection with its credentials."""
    made = Stage(cluster, tmp_path)
    connected(made, "acme")
    yield made
    delete_topics(made.settings.kafka)


def connected(stage: Stage, connection: str, password: str = "p") -> None:
    """Apply a connection with credentials for both pollers."""
    stage.credit(connection, f"{toy.FIELD_SERVICE}.poller", {"user": "u", "password": password})
    stage.credit(connection, f"{toy.ERP}.poller", {"user": "u", "password": password})
    stage.connect(connection)


@contextmanager
def polling(stage: Stage, clock: ScaledClock | None = None) -> Iterator[Pollers]:
    """Pollers that run."""
    ready, stop = threading.Event(), asyncio.Event()
    made: list[Pollers] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        made.append(Pollers(stage.settings, clock or ScaledClock()))
        loops.append(asyncio.get_running_loop())
        await made[0].start()
        ready.set()
        await stop.wait()
        await made[0].stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="pollers under test")
    thread.start()
    try:
        assert ready.wait(120), "the pollers did not start in 120 s"
        yield made[0]
    finally:
        if loops:
            loops[0].call_soon_threadsafe(stop.set)
        thread.join(60)
        assert not thread.is_alive(), "the pollers did not stop in 60 s"
