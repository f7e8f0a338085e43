"""A tenant whose ERP orders, for every test of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.systems.servicetitan.orders.world import World, an_erp_that_orders, tenant


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    with an_erp_that_orders(monkeypatch) as system:
        async with tenant(system, tmp_path) as made:
            yield made
