"""The producer's trouble ends when Kafka is there again, though nobody sends what would show it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from runtime import kafka
from runtime.settings import Kafka
from services.ingress import produce
from services.ingress.produce import Deliveries, NotStored, Outgoing

TOPIC = "raw.x"


class Broker:
    """A producer whose cluster is away, half there, or there."""

    def __init__(self) -> None:
        self.state = "away"
        self.looks = 0
        self._reports: list[Callable[[], None]] = []

    def produce(self, _: str, on_delivery: Callable[[KafkaError | None, object], None], **__: Any) -> None:
        error = None if self.state == "there" else KafkaError(KafkaError._MSG_TIMED_OUT)
        self._reports.append(lambda: on_delivery(error, None))

    def poll(self, timeout: float) -> None:
        threading.Event().wait(min(timeout, 0.001))
        while self._reports:
            self._reports.pop()()

    def list_topics(self, topic: str, timeout: float) -> Any:
        self.looks += 1
        if self.state == "away":
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        led = SimpleNamespace(error=None, leader=1)
        none = SimpleNamespace(error=KafkaError(KafkaError.LEADER_NOT_AVAILABLE), leader=-1)
        partitions = {0: led, 1: led if self.state == "there" else none}
        return SimpleNamespace(topics={topic: SimpleNamespace(error=None, partitions=partitions)})

    def flush(self, *_: Any) -> int:
        return 0


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - the other side is a thread
            await asyncio.sleep(0.005)


async def test_trouble_ends_by_itself_once_every_partition_has_a_leader_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ingress stayed 503 until a webhook was stored, which a load balancer never sent it."""
    broker = Broker()
    monkeypatch.setattr(kafka, "producer", lambda *_, **__: broker)
    monkeypatch.setattr(produce, "_LOOK_S", 0.01)
    deliveries = Deliveries(Kafka()).start()
    try:
        with pytest.raises(NotStored):
            await deliveries.send(Outgoing(TOPIC, b"k", b"v"))
        assert deliveries.trouble
        await _until(lambda: broker.looks > 3)
        assert deliveries.trouble
        broker.state, broker.looks = "half", 0
        await _until(lambda: broker.looks > 3)
        assert deliveries.trouble
        broker.state = "there"
        await _until(lambda: not deliveries.trouble)
        looks = broker.looks
        await asyncio.sleep(0.1)
        assert broker.looks == looks  # it asks only while there is trouble
        await deliveries.send(Outgoing(TOPIC, b"k", b"v"))
    finally:
        await deliveries.stop()
