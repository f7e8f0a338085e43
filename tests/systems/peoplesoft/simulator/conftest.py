"""A site on a free port for each test; its batch runs only when the test asks for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.simulator.serve import Options, start
from systems.peoplesoft.simulator.app import build
from tests.moved import MovedClock
from tests.systems.peoplesoft.simulator.world import Make, World


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start sites with settings of the test's choice."""
    made: list[World] = []

    async def start_one(directory: str = "state", clock: MovedClock | None = None, seed: int = 7, **settings: Any) -> World:
        held = clock or MovedClock()
        texts = {name: str(value) for name, value in ({"batch_seconds": "0"} | settings).items()}
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        http._retry_connection = False  # aiohttp sends again when a connection breaks; see runtime/http.py
        world = World(await start(build(Options(seed, tmp_path / directory, held, texts))), held, http)
        made.append(world)
        return world

    yield start_one
    for world in made:
        await world.http.close()
        await world.served.stop()


@pytest.fixture
async def world(make: Make) -> World:
    """A site with the default settings."""
    return await make()
