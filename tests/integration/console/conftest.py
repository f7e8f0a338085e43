"""Topics of a module's own on the session's cluster, and an environment that names them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from runtime.secrets import KeyRing, new_key, write_ring
from runtime.settings import Kafka, Registry
from tests.integration.console.files import CANARY
from topology.provision import create_topics, register_schemas


@pytest.fixture(scope="module")
def prefix(cluster: EmbeddedCluster) -> str:
    """Before every topic."""
    name = f"console-{uuid.uuid4().hex[:8]}."
    create_topics(Kafka(bootstrap_servers=cluster.bootstrap_servers, topic_prefix=name))
    register_schemas(Registry(url=cluster.registry_url), name)
    return name


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, cluster: EmbeddedCluster, prefix: str, tmp_path: Path) -> None:
    """Cluster, key ring and secret, as settings say them."""
    write_ring(tmp_path / "keys.json", KeyRing((new_key(datetime.now(UTC)),)))
    for key, value in cluster.endpoints.environment().items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("ML_CONNECTOR_KAFKA__TOPIC_PREFIX", prefix)
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(tmp_path / "keys.json"))
    monkeypatch.setenv("CANARY", CANARY)
