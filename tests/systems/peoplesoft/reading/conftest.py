"""Sites for the tests of our own reading side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.simulator.serve import Options, start
from systems.peoplesoft.simulator.app import build
from tests.moved import MovedClock
from tests.systems.peoplesoft.reading.site import Site, Start


@pytest.fixture
async def sites(tmp_path: Path) -> AsyncIterator[Start]:
    """Start sites with switches of the test's choice."""
    made: list[Site] = []

    async def start_one(**switches: Any) -> Site:
        clock = MovedClock()
        texts = {name: str(value) for name, value in switches.items()}
        simulator = build(Options(7, tmp_path / f"state{len(made)}", clock, texts))
        made.append(Site(await start(simulator), clock, aiohttp.ClientSession()))
        return made[-1]

    yield start_one
    for site in made:
        for session in site.opened:
            await session.close()
        await site.http.close()
        await site.served.stop()


@pytest.fixture
async def site(sites: Start) -> Site:
    """A site with the default switches."""
    return await sites()
