"""Every exchange with a simulator that is served in the tests' own process is held against its vendor's documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.exchanges import all_exchanges_held


@pytest.fixture(autouse=True)
def exchanges() -> Iterator[None]:
    """Watch every simulator that a test builds."""
    with all_exchanges_held():
        yield
