"""Filters that the documents do not have: outside the watch that every other test is under, for here the client is the one that errs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.systems.servicetitan.simulator.world import world


@pytest.fixture(autouse=True)
def exchanges() -> None:
    """No watch."""


async def test_an_unknown_filter_is_ignored_and_everything_comes(tmp_path: Path) -> None:
    async with world(tmp_path, []) as tenant:
        assert len((await tenant.get("crm/customers?nmae=Nobody"))["data"]) == 6
