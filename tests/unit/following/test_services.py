"""Every service that follows configuration and credentials: not ready while it cannot, ended with 70 when it never will again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from confluent_kafka import KafkaError

from runtime import kafka
from runtime.clock import ScaledClock
from runtime.errors import EXIT_SOFTWARE
from runtime.settings import Ingress as IngressSettings
from runtime.settings import Settings
from schemas import codec
from services import health, topology
from services.ingress import pollers, webhooks
from tests.unit.following.log import CODEC, SETTINGS, Cluster, until
from topology.configuration import Follower


class _Client:
    """A producer and a consumer of a group that nothing is given to."""

    def subscribe(self, *_: Any, **__: Any) -> None:
        """No partitions come."""

    def poll(self, timeout: float) -> None:
        threading.Event().wait(min(timeout, 0.001))

    def consume(self, *_: Any) -> list[Any]:
        return []

    def flush(self, *_: Any) -> int:
        return 0

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of a service whose schemas are known and whose cluster is the one in memory."""
    monkeypatch.setattr(codec, "load", lambda *_: CODEC)
    monkeypatch.setattr(kafka, "producer", lambda *_, **__: _Client())
    monkeypatch.setattr(kafka, "consumer", lambda *_, **__: _Client())
    monkeypatch.setattr(health, "LOOK_S", 0.005)
    return SETTINGS.model_copy(update={"ingress": IngressSettings(port=0), "metrics_port": 0})


async def _soon(condition: Callable[[], object]) -> None:
    await asyncio.to_thread(until, condition)


async def _ready(port: int) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("serve", [webhooks._serve, pollers._serve], ids=["webhooks", "pollers"])
async def test_a_service_that_can_follow_no_more_ends_with_70(serve: Any, settings: Settings, cluster: Cluster) -> None:
    """It stayed up and healthy with the connections and keys of that hour, until somebody wondered."""
    serving = asyncio.create_task(serve(settings))
    await _soon(lambda: len(cluster.clients) == 2)
    assert not serving.done()
    cluster.broken = RuntimeError("dictionary changed size during iteration")
    assert await asyncio.wait_for(serving, 20) == EXIT_SOFTWARE


async def test_ingress_is_not_ready_while_credentials_may_not_be_read_and_goes_on_by_itself(
    settings: Settings, cluster: Cluster
) -> None:
    ingress = webhooks.Ingress(settings, ScaledClock())
    await ingress.start()
    try:
        assert await _ready(ingress.metrics_port) == (200, "ready")
        cluster.refusing["credentials"] = KafkaError.TOPIC_AUTHORIZATION_FAILED
        await _soon(ingress.trouble)
        status, words = await _ready(ingress.metrics_port)
        assert (status, words.partition(":")[0]) == (503, "credentials")
        assert ingress.failed() == ""
        del cluster.refusing["credentials"]
        await _soon(lambda: not ingress.trouble())
        assert await _ready(ingress.metrics_port) == (200, "ready")
    finally:
        await ingress.stop()


async def test_the_pollers_are_not_ready_while_the_configuration_may_not_be_read(settings: Settings, cluster: Cluster) -> None:
    polling = pollers.Pollers(settings, ScaledClock())
    await polling.start()
    try:
        cluster.refusing["crosswalk"] = KafkaError.TOPIC_AUTHORIZATION_FAILED
        await _soon(lambda: polling.trouble().startswith("configuration: "))
        assert polling.failed() == ""
    finally:
        await polling.stop()


async def test_the_hops_end_with_70_when_the_configuration_can_be_followed_no_more(settings: Settings, cluster: Cluster) -> None:
    follower = Follower(settings, CODEC).start()
    watching = asyncio.create_task(topology._watch(settings, {}, follower, threading.Event()))
    await _soon(lambda: cluster.clients)
    assert not watching.done()
    cluster.broken = RuntimeError("dictionary changed size during iteration")
    assert await asyncio.wait_for(watching, 20) == EXIT_SOFTWARE
    assert topology._trouble({}, follower) == "configuration: RuntimeError: dictionary changed size during iteration"


async def test_a_service_that_is_told_to_stop_ends_with_0() -> None:
    stopping = asyncio.Event()
    stopping.set()
    assert await health.until_stopped(stopping, lambda: "something failed meanwhile") == 0
