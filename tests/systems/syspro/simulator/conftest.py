"""A site on a free port for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from systems.syspro.simulator.app import build
from tests.systems.served import starting
from tests.systems.syspro.simulator.world import Client, Make, World


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start sites with settings of the test's choice."""
    async with starting(tmp_path, build, World) as start_one:
        yield start_one


@pytest.fixture
async def world(make: Make) -> World:
    """A site with the default settings."""
    return await make()


@pytest.fixture
async def client(world: World) -> Client:
    """A client with a session of `world`, which has one supplier."""
    return await (await world.client()).with_supplier()
