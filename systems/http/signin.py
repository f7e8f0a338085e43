"""The sign-in of one session: kept for all its callers, renewed by one of them for all, and never used after its end.

Each sign-in has a number, its generation. A caller whose request was refused names the generation that it used, so that a late refusal of an
older sign-in does not discard a newer one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from datetime import datetime, timedelta

from runtime.clock import Clock

NO_TIME = timedelta(0)


class SignIn:
    """The sign-in of one session. `sign` signs in and returns for how long the sign-in is good. It returns None if every request carries its own
    proof (HTTP Basic, a signature), so that nothing can expire or be renewed. Any number of tasks of one event loop can use it at the same time."""

    def __init__(self, clock: Clock, sign: Callable[[], Awaitable[timedelta]] | None) -> None:
        self._clock = clock
        self._sign = sign
        self._good_until: datetime | None = None
        self._life = NO_TIME
        self._renewal: asyncio.Task[None] | None = None
        self.generation = 0

    def is_good(self, spare: timedelta = NO_TIME) -> bool:
        """Whether it can be used for `spare` from now. At most half of its life is required, because otherwise a short sign-in would be renewed
        before each use."""
        if self._sign is None:
            return True
        return self._good_until is not None and self._clock.now() + min(spare, self._life / 2) < self._good_until

    async def ensure(self, spare: timedelta = NO_TIME) -> None:
        """Be signed in for `spare` from now. One renewal serves every caller that waits for it, and each of them gets its error."""
        if self.is_good(spare):
            return
        if self._renewal is None or self._renewal.done():
            # in a new context: the renewal serves every caller, so it must not count as the write of the sink step that needed it first
            self._renewal = asyncio.get_running_loop().create_task(self._renew(), context=Context())
            self._renewal.add_done_callback(_seen)
        await asyncio.shield(self._renewal)

    async def renew(self, generation: int) -> bool:
        """Sign in again because the sign-in of that generation was refused, unless another caller has done so. Returns False if that is not
        possible."""
        self.forget(generation)
        await self.ensure()
        return self._sign is not None

    def forget(self, generation: int) -> None:
        """Stop using the sign-in of that generation; the next `ensure` signs in again."""
        if generation == self.generation:
            self._good_until = None

    def extend(self, life: timedelta) -> None:
        """The sign-in is good for `life` from now, because it was just used (for sessions that end when they are idle)."""
        if self._good_until is not None:
            self._good_until = self._clock.now() + life

    def end(self) -> None:
        """The session is not signed in any more."""
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
    """Mark the error of a failed renewal as seen. The callers that wait for it get it; if none does any more, the event loop need not report it."""
    if not renewal.cancelled():
        renewal.exception()
