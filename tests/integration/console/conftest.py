"""Topics of a module's own on the session's cluster, and an environment that names them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from runtime.secrets import KeyRing, new_key, write_ring
from runtime.settings import Kafka, Registry
from tests.integration.console.files import CANARY
from tests.integration.own_topics import delete_topics
from topology.provision import create_topics, register_schemas


@pytest.fixture(scope="module")
def prefix(cluster: EmbeddedCluster) -> Iterator[str]:
    """Before every topic."""
    settings = Kafka(bootstrap_servers=cluster.bootstrap_servers, topic_prefix=f"console-{uuid.uuid4().hex[:8]}.")
    create_topics(settings)
    register_schemas(Registry(url=cluster.registry_url), settings.topic_prefix)
    yield settings.topic_prefix
    delete_topics(settings)


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
