"""The calls of one session of one role: reads that may be repeated, look-ups that were reserved, and writes that are sent once.

| call | waits for the limit | repeated | a refused sign-in |
|---|---|---|---|
| `read` | yes | a few times after a failure that may pass, with backoff | is renewed once, and the read sent again |
| `look` | no, its call was reserved | no | as `read` |
| `write` | no, its call was reserved | never | is forgotten, and the answer returned |

An answer that throttles a `read` pauses every call of the session. The pause is what Retry-After asks for, but at least a wait with jitter that
doubles each time.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.retry import Backoff, Pauses
from systems.contract import Access
from systems.http.answers import server_date
from systems.http.logins import Login
from systems.http.signin import NO_TIME, SignIn

TRIES = 3
_BACKOFF = Backoff(first=timedelta(seconds=1), cap=timedelta(seconds=20))
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=2)
S = TypeVar("S", bound=BaseModel)
C = TypeVar("C", bound=BaseModel)
T = TypeVar("T")


def own(system: str, access: Access, settings: type[S], credentials: type[C]) -> tuple[S, C]:
    """The settings and credentials of a session, as the system's own types. Raises `Broken` if they are those of another system."""
    if not isinstance(access.settings, settings) or not isinstance(access.credentials, credentials):
        raise Broken(f"{system} {access.connection}: settings or credentials of another system.", "Apply the connection again.")
    return access.settings, access.credentials


class Calls:
    """The calls of one session. `timeout_s` is the time-out of one exchange. Any number of tasks of one event loop can use it at the same time."""

    def __init__(self, system: str, access: Access, login: Login, timeout_s: float, first_pause: timedelta = FIRST_PAUSE) -> None:
        self.limiter = access.limiter
        self.clock = access.clock
        self.sign_in = SignIn(access.clock, (lambda: login.sign_in(self._send)) if login.calls else None)
        self._system = system
        self._login = login
        self._transport = access.transport
        self._timeout_s = timeout_s
        self._draw = random.Random()  # noqa: S311 - jitter
        self._pauses = Pauses(Backoff(first_pause, LONGEST_PAUSE, timedelta(seconds=1)))
        self._paused_for: Throttled | None = None
        self._behind = NO_TIME

    async def read(self, request: Request, what: str, taken: Callable[[Response], T]) -> T:
        """The result of `taken` for the answer. `taken` raises an error for an answer that means one. `what` names the read in errors.

        Raises `Throttled`, `Transient` (after a few tries), and whatever else `taken` raises.
        """
        tries = 1
        while True:
            try:
                return await self._limited(request, what, taken)
            except Throttled as error:
                self._stopped(error)
                raise
            except Transient:
                if tries >= TRIES:
                    raise
                await self.clock.sleep(_BACKOFF.wait(tries, self._draw))
                tries += 1

    async def look(self, request: Request, what: str, taken: Callable[[Response], T]) -> T:
        """Like `read`, but sent once, for a call that was reserved. It does not wait for a limit, and if it is throttled the other calls do not
        pause."""
        try:
            await self.sign_in.ensure()
            generation = self.sign_in.generation
            answer = await self._exchange(request)
            if self._login.is_refused(answer) and await self.sign_in.renew(generation):
                answer = await self._exchange(request)
        except (NotSent, Unanswered) as error:
            raise Transient(f"{self._system} {what}: {error}") from error
        return taken(answer)

    async def reserve(self, calls: int, spare: timedelta) -> None:
        """Wait until `calls` calls are allowed and the sign-in stays good for `spare`. Raises `Throttled`, `Transient` or `Broken`."""
        await self.limiter.take(calls)
        try:
            await self.sign_in.ensure(spare)
        except Throttled as error:
            self._stopped(error)
            raise
        except (NotSent, Unanswered) as error:
            raise Transient(f"{self._system} sign-in: {error}") from error

    async def write(self, request: Request) -> Response:
        """Send one request for which a call was reserved, once. Raises `NotSent` or `Unanswered`; returns every answer as it came."""
        if not self.sign_in.is_good():
            raise NotSent(f"{self._system}: the sign-in ended after the calls were reserved")
        generation = self.sign_in.generation
        answer = await self._exchange(request)
        if self._login.is_refused(answer):
            self.sign_in.forget(generation)
        return answer

    def pause(self, asked: timedelta | None = None) -> timedelta:
        """Pause every call of this session for the time that was asked for, but at least for a wait with jitter that doubles each time."""
        duration = self._pauses.next(asked)
        self.limiter.pause(duration)
        return duration

    @property
    def behind(self) -> timedelta:
        """By how much the server's clock was behind ours in its last answer; never negative."""
        return self._behind

    def server_now(self) -> datetime:
        """The present instant, but never later than the server's own clock (by its Date header, if it was behind ours)."""
        return self.clock.now() - self._behind

    async def close(self) -> None:
        """End the session, at the system as well if it counts sessions, and close the connections."""
        self.sign_in.end()
        try:
            await self._login.leave(self._send)
        except (NotSent, Unanswered):
            pass  # the system ends the idle session by itself
        finally:
            await self._transport.close()

    def _stopped(self, error: Throttled) -> None:
        """Pause once for each answer, because every caller that waits for a sign-in gets the error when it is throttled."""
        if error is not self._paused_for:
            self._paused_for = error
            self.pause(error.asked)

    async def _limited(self, request: Request, what: str, taken: Callable[[Response], T]) -> T:
        async with self.limiter.in_flight:
            await self.limiter.take(1 if self.sign_in.is_good() else 1 + self._login.calls)
            return await self.look(request, what, taken)

    async def _exchange(self, request: Request) -> Response:
        answer = await self._send(self._login.signed(request))
        if (server := server_date(answer)) is not None:
            self._behind = max(NO_TIME, self.clock.now() - server)
        if (life := self._login.seen(answer)) is not None:
            self.sign_in.extend(life)
        if answer.status < 300:
            self._pauses.over()
        return answer

    async def _send(self, request: Request) -> Response:
        return await self._transport.send(request, self._timeout_s)
