"""A clock that a test moves, and a wait for what happens in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass
class MovedClock:
    """A clock that stands until the test moves it."""

    instant: datetime = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    async def sleep(self, duration: timedelta) -> None:
        self.instant += duration
        await asyncio.sleep(0)

    def move(self, **duration: float) -> None:
        self.instant += timedelta(**duration)


async def until(check: Callable[[], Awaitable[Any]], seconds: float = 5.0) -> Any:
    """Wait until `check` gives something true; fails with what it saw last."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await check()
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"saw last: {found!r}"
        await asyncio.sleep(0.01)
