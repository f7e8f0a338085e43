"""An account on a free port for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from systems.netsuite.simulator.app import build
from tests.systems.netsuite.simulator.world import CUSTOMER, VENDOR, Client, Make, World
from tests.systems.served import starting


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start accounts with settings of the test's choice; without masters unless they are asked for."""
    async with starting(tmp_path, build, World, {"customers": "0", "vendors": "0"}) as start_one:
        yield start_one


@pytest.fixture
async def world(make: Make) -> World:
    """An account with the default settings."""
    return await make()


@pytest.fixture
async def client(world: World) -> Client:
    """A signed-in client of `world`."""
    return await world.client()


@pytest.fixture
async def vendor(client: Client) -> str:
    """The id of a vendor."""
    return await client.made("vendor", VENDOR)


@pytest.fixture
async def customer(client: Client) -> str:
    """The id of a customer."""
    return await client.made("customer", CUSTOMER)
