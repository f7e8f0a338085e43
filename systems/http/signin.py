"""What one session is signed in with: kept for all its callers, renewed by one of them for all, and never used after its end.

Each sign-in has a number, its generation. Whoever is told that the sign-in is not taken any more says of which generation it was, so that a
late refusal of an old one does not throw a new one away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from datetime import datetime, timedelta

from runtime.clock import Clock

NO_TIME = timedelta(0)


class SignIn:
    """The sign-in of one session. `sign` makes one and says how long it is good; None where every request carries its own proof
    (HTTP Basic, a signature) and nothing can end or be renewed. Safe for any number of callers of one event loop."""

    def __init__(self, clock: Clock, sign: Callable[[], Awaitable[timedelta]] | None) -> None:
        self._clock = clock
        self._sign = sign
        self._good_until: datetime | None = None
        self._life = NO_TIME
        self._renewal: asyncio.Task[None] | None = None
        self.generation = 0

    def is_good(self, spare: timedelta = NO_TIME) -> bool:
        """Whether it can be used for `spare` from now (half its life at most, else a short one would be renewed before each use)."""
        if self._sign is None:
            return True
        return self._good_until is not None and self._clock.now() + min(spare, self._life / 2) < self._good_until

    async def ensure(self, spare: timedelta = NO_TIME) -> None:
        """Be signed in for `spare` from now. One renewal serves everybody who waits for it, and its failure is told to all of them."""
        if self.is_good(spare):
            return
        if self._renewal is None or self._renewal.done():
            # a context of its own, for it belongs to no step of a sink, whoever needs it first
            self._renewal = asyncio.get_running_loop().create_task(self._renew(), context=Context())
            self._renewal.add_done_callback(_seen)
        await asyncio.shield(self._renewal)

    async def renew(self, generation: int) -> bool:
        """The sign-in of that generation was refused: have another one; another caller's counts. False where none can be had."""
        self.forget(generation)
        await self.ensure()
        return self._sign is not None

    def forget(self, generation: int) -> None:
        """The sign-in of that generation is not to be used again: the next `ensure` makes another one."""
        if generation == self.generation:
            self._good_until = None

    def extend(self, life: timedelta) -> None:
        """It is good for `life` from now, for it was just used (a session that ends when it is idle)."""
        if self._good_until is not None:
            self._good_until = self._clock.now() + life

    def end(self) -> None:
        """Nobody is signed in any more."""
        if self._renewal is not None:
            self._renewal.cancel()
        self._good_until = None

    async def _renew(self) -> None:
        assert self._sign is not None
        began = self._clock.now()
        self._life = await self._sign()
        self._good_until = began + self._life
        self.generation += 1


def _seen(renewal: asyncio.Task[None]) -> None:
    """A failed renewal is told to those who wait for it; where nobody does any more it is no surprise to the loop."""
    if not renewal.cancelled():
        renewal.exception()
