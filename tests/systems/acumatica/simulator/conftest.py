"""A tenant on a free port for each test; every exchange with it is held against the vendor's document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest
from aiohttp import web

from runtime.simulator.openapi import Validator, watch
from systems.acumatica.simulator.app import build
from systems.acumatica.spec.validation import validator
from tests.systems.acumatica.simulator.world import Client, Make, World
from tests.systems.served import starting


@cache
def document() -> Validator:
    """One validator for the session: operations are compiled once."""
    return validator()


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Start tenants with settings of the test's choice; at the end nothing may have contradicted the document."""
    found: list[list[str]] = []

    def watched(app: web.Application) -> None:
        found.append(watch(app, document()))

    async with starting(tmp_path, build, World, {"release_seconds": "0"}, watched) as start_one:
        yield start_one
    assert [problem for problems in found for problem in problems] == []


@pytest.fixture
async def world(make: Make) -> World:
    """A tenant with the default settings, except that actions are done at once."""
    return await make()


@pytest.fixture
async def client(world: World) -> Client:
    """A signed-in client of `world`."""
    return await world.client()
