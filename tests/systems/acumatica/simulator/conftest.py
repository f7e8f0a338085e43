"""A tenant on a free port for each test; every exchange with it is held against the vendor's document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.simulator.openapi import Validator, watch
from runtime.simulator.serve import Options, start
from systems.acumatica.simulator.app import build
from systems.acumatica.spec.validation import validator
from tests.moved import MovedClock
from tests.systems.acumatica.simulator.world import Client, Make, World


@cache
def document() -> Validator:
    """One validator for the session: operations are compiled once."""
    return validator()


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start tenants with settings of the test's choice; at the end nothing may have contradicted the document."""
    made: list[tuple[World, list[str]]] = []

    async def start_one(directory: str = "state", clock: MovedClock | None = None, **settings: Any) -> World:
        held = clock or MovedClock()
        texts = {name: str(value) for name, value in ({"release_seconds": "0"} | settings).items()}
        simulator = build(Options(7, tmp_path / directory, held, texts))
        problems = watch(simulator.app, document())
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        http._retry_connection = False  # aiohttp sends a PUT again when its connection breaks; see runtime/http.py
        world = World(await start(simulator), held, http)
        made.append((world, problems))
        return world

    yield start_one
    for world, _ in made:
        await world.http.close()
        await world.served.stop()
    assert [problem for _, problems in made for problem in problems] == []


@pytest.fixture
async def world(make: Make) -> World:
    """A tenant with the default settings, except that actions are done at once."""
    return await make()


@pytest.fixture
async def client(world: World) -> Client:
    """A signed-in client of `world`."""
    return await world.client()
