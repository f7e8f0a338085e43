"""The cluster that the readers of these tests read."""

from __future__ import annotations

import pytest

from tests.unit.following.log import Cluster, in_place


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """Empty, and without faults."""
    return in_place(monkeypatch)
