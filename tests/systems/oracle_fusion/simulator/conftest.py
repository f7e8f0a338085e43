"""A pod on a free port for each test; every exchange with it is held against the attributes of the fact sheet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from systems.oracle_fusion.simulator.app import build
from tests.systems.oracle_fusion.simulator.world import Client, Make, World
from tests.systems.served import starting


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start pods with settings of the test's choice."""
    async with starting(tmp_path, build, World) as start_one:
        yield start_one


@pytest.fixture
async def world(make: Make) -> World:
    """A pod with the default settings."""
    return await make()


@pytest.fixture
async def client(world: World) -> Client:
    """A signed-in client of `world`."""
    return await world.client()
