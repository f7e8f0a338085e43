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


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key ring of everything that is applied."""
    path = tmp_path_factory.mktemp("ring") / "keys.json"
    write_ring(path, KeyRing((new_key(datetime.now(UTC)),)))
    return path


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, cluster: EmbeddedCluster, prefix: str, ring: Path) -> None:
    """Cluster, key ring and secret, as settings say them."""
    for key, value in cluster.endpoints.environment().items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("ML_CONNECTOR_KAFKA__TOPIC_PREFIX", prefix)
    monkeypatch.setenv("ML_CONNECTOR_KEY_RING", str(ring))
    monkeypatch.setenv("CANARY", CANARY)
