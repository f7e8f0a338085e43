"""Tenants for the tests of our own side; every exchange is held against the vendor's document, and every session must be given back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.clock import Clock
from runtime.simulator.openapi import Validator, watch
from runtime.simulator.serve import Options, start
from systems.acumatica.simulator.app import build
from systems.acumatica.spec.validation import validator
from tests.systems.acumatica.tenant import Books, MovedClock, Start, Tenant, books


@cache
def document() -> Validator:
    """One validator for the session."""
    return validator()


@pytest.fixture
async def tenants(tmp_path: Path) -> AsyncIterator[Start]:
    """Start tenants with settings of the test's choice."""
    made: list[tuple[Tenant, list[str]]] = []

    async def start_one(clock: Clock | None = None, **settings: Any) -> Tenant:
        held = clock or MovedClock()
        texts = {name: str(value) for name, value in ({"release_seconds": "0"} | settings).items()}
        simulator = build(Options(7, tmp_path / f"state{len(made)}", held, texts))
        problems = watch(simulator.app, document())
        made.append((Tenant(await start(simulator), held, aiohttp.ClientSession()), problems))
        return made[-1][0]

    yield start_one
    for tenant, _ in made:
        for session in tenant.opened:
            await session.close()
        await tenant.http.close()
        await tenant.served.stop()
    assert [problem for _, problems in made for problem in problems] == []


@pytest.fixture
async def tenant(tenants: Start) -> Tenant:
    """A tenant with the default settings, except that actions are done at once."""
    return await tenants()


@pytest.fixture
async def held(tenant: Tenant) -> Books:
    """A writer with a customer and a vendor."""
    return await books(tenant)
