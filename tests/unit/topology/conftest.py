"""Unit tests of the topology run with toys for systems."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.topology import hops


@pytest.fixture(autouse=True)
def _toys() -> Iterator[None]:
    with hops.toys():
        yield
