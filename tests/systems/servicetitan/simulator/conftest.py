"""A world per test; the validators are compiled once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.simulator.openapi import Validator
from systems.servicetitan.spec.validation import validators
from tests.systems.servicetitan.simulator.world import World, world


@pytest.fixture(scope="session")
def documents() -> list[Validator]:
    """The vendor's documents."""
    return validators()


@pytest.fixture
async def tenant(tmp_path: Path, documents: list[Validator]) -> AsyncIterator[World]:
    """A small tenant at noon of 2026-03-02, its clock standing still."""
    async with world(tmp_path, documents) as made:
        yield made
