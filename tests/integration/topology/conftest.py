"""One set of topics per test, on the session's cluster."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from tests import toy
from tests.integration.own_topics import delete_topics
from tests.integration.topology.wire import TopologyProcess, Wire, wire


@pytest.fixture
def topics(cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """New topics, and the toys in the registry's place."""
    from systems import registry

    monkeypatch.setattr(registry, "system", toy.toys().__getitem__)
    made = wire(cluster.bootstrap_servers, cluster.registry_url, f"{uuid.uuid4().hex[:8]}.", tmp_path / "state")
    yield made
    delete_topics(made.settings.kafka)


@pytest.fixture
def topology_process(topics: Wire, tmp_path: Path) -> Iterator[Callable[..., TopologyProcess]]:
    """Starts topology processes and ends what is left of them."""
    started: list[TopologyProcess] = []

    def start(*hops: str, **environment: str) -> TopologyProcess:
        started.append(TopologyProcess(topics, tmp_path / f"log{len(started)}", *hops, **environment).start())
        return started[-1]

    yield start
    for process in started:
        process.kill()
