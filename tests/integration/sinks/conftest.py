"""One corner per test."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.embedded.cluster import EmbeddedCluster
from tests.integration.sinks.stage import Stage


@pytest.fixture
def stage(cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Topics of this test alone, and a connection."""
    made = Stage(cluster, tmp_path, monkeypatch)
    made.connect()
    return made
