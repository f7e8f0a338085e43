"""A site for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.systems.peoplesoft.writing.ground import Site, site


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Site]:
    """A site with its defaults and a writer for it."""
    async with site(tmp_path) as made:
        yield made
