"""An account on a free port for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.simulator.serve import Options, start
from systems.netsuite.simulator.app import build
from tests.moved import MovedClock
from tests.systems.netsuite.simulator.world import CUSTOMER, VENDOR, Client, Make, World


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start accounts with settings of the test's choice."""
    made: list[World] = []

    async def start_one(directory: str = "state", clock: MovedClock | None = None, **settings: Any) -> World:
        held = clock or MovedClock()
        texts = {name: str(value) for name, value in settings.items()}
        simulator = build(Options(7, tmp_path / directory, held, texts))
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        http._retry_connection = False  # aiohttp sends a PUT again when its connection breaks; see runtime/http.py
        world = World(await start(simulator), held, http)
        made.append(world)
        return world

    yield start_one
    for world in made:
        await world.http.close()
        await world.served.stop()


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
