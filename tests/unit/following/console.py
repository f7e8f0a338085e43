"""The operator's commands on the cluster in memory."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.connections import applying
from console.connections.applying import applied
from console.connections.consent import Consent
from console.reading import Cluster as Console
from runtime import kafka
from runtime.settings import Settings, settings_from_environment
from schemas import asked, codec
from tests.integration.console.files import CANARY, written
from tests.signed import ring_in
from tests.unit.following.log import CODEC, Cluster


class Producer:
    """Writes to the cluster in memory."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def produce(self, topic: str, *, key: bytes | str, value: bytes, headers: Any = (), **_: Any) -> None:
        self._cluster.put(topic, key.encode() if isinstance(key, str) else key, value, headers)

    def poll(self, _: float) -> None:
        """Everything is acked at once."""

    def flush(self, _: float) -> int:
        return 0


def operator(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, folder: Path) -> Settings:
    """Settings of the operator, whose ring is in a folder of this test; every command reads and writes `cluster`."""
    for module, name in ((codec, "load"), (asked, "AskingCodec")):
        monkeypatch.setattr(module, name, lambda *_: CODEC)
    monkeypatch.setattr(applying, "asked_of_erp", lambda *_: [])
    monkeypatch.setattr(kafka, "await_answer", lambda *_: None)
    monkeypatch.setattr(kafka, "producer", lambda *_, **__: Producer(cluster))
    for name, value in {
        "KAFKA__BOOTSTRAP_SERVERS": "nowhere:1",
        "KAFKA__PARTITIONS": "1",
        "REGISTRY__URL": "http://nowhere",
    }.items():
        monkeypatch.setenv(f"ML_CONNECTOR_{name}", value)
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(ring_in(folder / "ring")))
    monkeypatch.setenv("CANARY", CANARY)
    return settings_from_environment()


def in_force(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, folder: Path) -> Path:
    """The connection `acme`, live and in force; every group has read everything, and somebody is at work. Gives its file."""
    operator(monkeypatch, cluster, folder)
    monkeypatch.setattr(Console, "unread", lambda *_: {})
    monkeypatch.setattr(Console, "members", lambda *_: {})
    path = written(folder, "acme", mode="live")
    assert applied(path, "pat", "start", Consent(amount=Decimal(0)))[1] == []
    return path
