"""The licence's limits on calls: so many in a minute, so many at once; over them 429 without Retry-After.

Source: screen SM604000 shows the limits (Integration Development Guide); over the concurrent limit a request waits in a queue and then
fails with 429. That the minute's overrun is refused at once: assumed. The minute runs on the simulator's clock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from runtime.clock import Clock
from systems.acumatica.simulator.answers import VendorError
from systems.acumatica.simulator.settings import Settings


class Throttle:
    """Counts calls and keeps the queue; `refused` counts the 429 answers."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._recent: deque[datetime] = deque()
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.refused = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place among the running calls; raises the 429 refusal when there is none."""
        self._count_minute()
        await self._enter()
        try:
            yield
        finally:
            self._leave()

    def _count_minute(self) -> None:
        limit = self._settings.calls_per_minute
        if not limit:
            return
        now = self._clock.now()
        while self._recent and now - self._recent[0] >= timedelta(minutes=1):
            self._recent.popleft()
        if len(self._recent) >= limit:
            raise self._refusal("The number of API requests per minute")
        self._recent.append(now)

    async def _enter(self) -> None:
        limit = self._settings.concurrent_calls
        if limit and self._running >= limit:
            await self._queue()
        else:
            self._running += 1

    async def _queue(self) -> None:
        if len(self._waiting) >= self._settings.queued_calls:
            raise self._refusal("The number of concurrent API requests")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(turn, self._settings.queue_s)
        except TimeoutError as error:
            self._waiting.remove(turn)
            raise self._refusal("The number of concurrent API requests") from error

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)  # the place goes to the next in the queue
                return
        self._running -= 1

    def _refusal(self, what: str) -> VendorError:
        self.refused += 1
        return VendorError(429, f"{what} exceeds the limit of the license.")
