"""Limits on calls: a token bucket per role of a connection, with a pause for all callers when the other side throttles."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from runtime.clock import Clock


@dataclass(frozen=True)
class Share:
    """What one role may use of a limit: `calls` in `per`, and `at_once` at the same time."""

    calls: float
    per: timedelta
    at_once: int = 1


class Limiter:
    """Allows calls at the rate of a share, in the order of the requests. `pause` stops all of them until a moment.

    Rates count on the scaled clock, because the vendor's minute is a minute of that clock. `at_once` limits the calls in flight.
    """

    def __init__(self, share: Share, clock: Clock) -> None:
        self._share = share
        self._clock = clock
        self._tokens = max(1.0, share.calls)
        self._filled_at = clock.now()
        self._paused_until = clock.now()
        self._turn = asyncio.Lock()
        self.in_flight = asyncio.Semaphore(share.at_once)

    @property
    def capacity(self) -> float:
        """The most calls that can be reserved at once."""
        return max(1.0, self._share.calls)

    async def take(self, calls: int = 1) -> None:
        """Wait until `calls` calls are allowed, and use them up. More than the capacity are taken in portions."""
        async with self._turn:
            for portion in _portions(calls, int(self.capacity)):
                await self._take(portion)

    async def _take(self, calls: int) -> None:
        while (wait := self._missing(calls)) > timedelta(0):
            await self._clock.sleep(wait)
        self._tokens -= calls

    def _missing(self, calls: int) -> timedelta:
        now = self._clock.now()
        elapsed = max(0.0, (now - self._filled_at).total_seconds())
        rate = self._share.calls / self._share.per.total_seconds()
        self._tokens = min(self.capacity, self._tokens + elapsed * rate)
        self._filled_at = now
        if now < self._paused_until:
            return self._paused_until - now
        return timedelta(seconds=max(0.0, (calls - self._tokens) / rate))

    def give_back(self, calls: int) -> None:
        """Return calls that were reserved and not used."""
        self._tokens = min(self.capacity, self._tokens + calls)

    def pause(self, duration: timedelta) -> None:
        """Allow no call for `duration` from now."""
        self._paused_until = max(self._paused_until, self._clock.now() + duration)


def _portions(calls: int, size: int) -> list[int]:
    full, rest = divmod(calls, max(1, size))
    return [size] * full + ([rest] if rest else [])
