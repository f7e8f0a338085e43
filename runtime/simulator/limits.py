"""Limits on calls: so many in a sliding window, and so many at once with a queue. Each system decides what it answers over the limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Window:
    """Counts the calls of the last `length_s` by a clock that gives seconds. A refused call is not counted."""

    def __init__(self, length_s: float, now: Callable[[], float]) -> None:
        self._length_s, self._now = length_s, now
        self._at: deque[float] = deque()

    def admits(self, limit: int) -> bool:
        """Whether one more call may pass; if so, it is counted. `limit` 0 lets everything pass."""
        now = self._now()
        while self._at and now - self._at[0] >= self._length_s:
            self._at.popleft()
        if limit and len(self._at) >= limit:
            return False
        self._at.append(now)
        return True


class Full(Exception):
    """No place became free in time, or the queue is full."""


class Places:
    """Places for calls that run at once. A call that finds none waits in a queue."""

    def __init__(self) -> None:
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def place(self, limit: int, queued: int, queue_s: float) -> AsyncIterator[None]:
        """One of `limit` places (0 = no limit). At most `queued` calls wait, each for at most `queue_s` real seconds. Raises `Full`."""
        if limit and self._running >= limit:
            await self._queue(queued, queue_s)
        else:
            self._running += 1
        try:
            yield
        finally:
            self._leave()

    async def _queue(self, queued: int, queue_s: float) -> None:
        if len(self._waiting) >= queued:
            raise Full
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await asyncio.wait_for(turn, queue_s)
        except TimeoutError as error:
            self._waiting.remove(turn)
            raise Full from error

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)  # the place goes to the next in the queue
                return
        self._running -= 1
