"""A pod on a free port for each test; every exchange with it is held against the attributes of the fact sheet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.simulator.serve import Options, start
from systems.oracle_fusion.simulator.app import build
from tests.moved import MovedClock
from tests.systems.oracle_fusion.simulator.world import Client, Make, World


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start pods with settings of the test's choice."""
    made: list[World] = []

    async def start_one(directory: str = "state", clock: MovedClock | None = None, **settings: Any) -> World:
        held = clock or MovedClock()
        texts = {name: str(value) for name, value in settings.items()}
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        http._retry_connection = False  # aiohttp sends a GET again when its connection breaks; see runtime/http.py
        made.append(World(await start(build(Options(7, tmp_path / directory, held, texts))), held, http))
        return made[-1]

    yield start_one
    for world in made:
        await world.http.close()
        await world.served.stop()


@pytest.fixture
async def world(make: Make) -> World:
    """A pod with the default settings."""
    return await make()


@pytest.fixture
async def client(world: World) -> Client:
    """A signed-in client of `world`."""
    return await world.client()
