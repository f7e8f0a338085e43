from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.systems.servicetitan.scripted import Server, scripted


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A tenant that answers what a test wrote down."""
    async with scripted() as found:
        yield found
