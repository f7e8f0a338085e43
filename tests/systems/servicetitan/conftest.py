from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from systems.servicetitan.poller import Reader
from tests.systems.servicetitan.scripted import Server, access, scripted


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A tenant that answers what a test wrote down."""
    async with scripted() as found:
        yield found


@pytest.fixture
async def reader(server: Server) -> AsyncIterator[Reader]:
    """A poller's session with it."""
    found = Reader(access(server, page_size=2, request_s=2))
    yield found
    await found.close()
