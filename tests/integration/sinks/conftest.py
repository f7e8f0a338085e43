"""One corner per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from tests.integration.own_topics import delete_topics
from tests.integration.sinks.stage import Stage


@pytest.fixture
def stage(cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Topics of this test alone, and a connection."""
    made = Stage(cluster, tmp_path, monkeypatch)
    made.connect()
    yield made
    delete_topics(made.settings.kafka)
