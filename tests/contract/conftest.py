"""Every exchange of the suite is held against the vendors' documents, and what they do not cover has to be listed in `SYSTEM.md`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.exchanges import all_exchanges_held


@pytest.fixture(autouse=True)
def exchanges() -> Iterator[None]:
    """Watch every simulator that a test builds."""
    with all_exchanges_held(is_listed=True):
        yield
