"""One ingress for all tests of this folder, running on its own loop in a thread, as the process would."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.clock import ScaledClock
from runtime.embedded.cluster import EmbeddedCluster
from services.ingress.webhooks import Ingress
from tests.integration.ingress import toy
from tests.integration.ingress.client import KEY, OLD_KEY, OTHER_KEY, PUSH_KEY
from tests.integration.ingress.stage import Stage


@pytest.fixture(scope="package", autouse=True)
def toys() -> Iterator[None]:
    """The toys stand in for the vendors."""
    restore = toy.install()
    yield
    restore()


@pytest.fixture(scope="package")
def stage(cluster: EmbeddedCluster, toys: None, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """Connections in every shape that the tests need."""
    made = Stage(cluster, tmp_path_factory.mktemp("ring"), request_s=2.0)
    made.connect("acme")
    made.credit("acme", "webhook", [{"name": "2026-q1", "secret": KEY}])
    made.credit("acme", "push", [{"name": "p1", "secret": PUSH_KEY}])
    made.connect("other")
    made.credit("other", "webhook", [{"name": "k", "secret": OTHER_KEY}])
    made.connect("keyless")
    made.connect("rotating")
    keys = [
        {"name": "ended", "secret": OTHER_KEY, "not_after": "2020-01-01T00:00:00+00:00"},
        {"name": "ending", "secret": OLD_KEY, "not_after": "2999-01-01T00:00:00+00:00"},
        {"name": "new", "secret": KEY},
    ]
    made.credit("rotating", "webhook", keys)
    made.connect("standard", {"scheme": "standard-webhooks"})
    made.credit("standard", "webhook", [{"name": "s", "secret": KEY}])
    made.connect("base64", {"encoding": "base64"})
    made.credit("base64", "webhook", [{"name": "b", "secret": KEY}])
    return made


@contextmanager
def serving(stage: Stage) -> Iterator[Ingress]:
    """An ingress that answers, on a loop of its own."""
    ready, stop = threading.Event(), asyncio.Event()
    made: list[Ingress] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        made.append(Ingress(stage.settings, ScaledClock()))
        loops.append(asyncio.get_running_loop())
        await made[0].start()
        ready.set()
        await stop.wait()
        await made[0].stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="ingress under test")
    thread.start()
    try:
        assert ready.wait(120), "ingress did not start in 120 s"
        yield made[0]
    finally:
        if loops:
            loops[0].call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive(), "ingress did not stop in 30 s"


@pytest.fixture(scope="package")
def ingress(stage: Stage) -> Iterator[Ingress]:
    """The ingress under test."""
    with serving(stage) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the test's own."""
    return tmp_path
