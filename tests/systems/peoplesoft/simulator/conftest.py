"""A site on a free port for each test; its batch runs only when the test asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from systems.peoplesoft.simulator.app import build
from tests.systems.peoplesoft.simulator.world import Make, World
from tests.systems.served import starting


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start sites with settings of the test's choice."""
    async with starting(tmp_path, build, World, {"batch_seconds": "0"}) as start_one:
        yield start_one


@pytest.fixture
async def world(make: Make) -> World:
    """A site with the default settings."""
    return await make()
