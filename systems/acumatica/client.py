"""The wire to Acumatica, our side: reads that may be repeated, writes that are sent once, and the count of both.

Facts: a PUT without keys inserts, and no idempotency key exists, so a write is never repeated here (Integration Development Guide). Redirects
are never followed: a 3xx is the error page of an exhausted licence (field notes). No Retry-After is documented: the wait after a 429 is
drawn with jitter from a range that the licence tier sets, and stops every role of this session.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from urllib.parse import quote

from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.retry import Backoff, Pauses
from systems.acumatica.errors import refused_read
from systems.acumatica.session import Session
from systems.acumatica.settings import Credentials, Settings
from systems.contract import Access

TRIES = 3
_BACKOFF = Backoff(first=timedelta(seconds=1), cap=timedelta(seconds=20))
_FIRST_PAUSE = {"small": timedelta(seconds=8), "medium": timedelta(seconds=5), "large": timedelta(seconds=3)}

Query = Sequence[tuple[str, str]]


class Client:
    """One session of one role. `calls` counts every request that left, sign-in included."""

    def __init__(self, access: Access) -> None:
        if not isinstance(access.settings, Settings) or not isinstance(access.credentials, Credentials):
            raise Broken(
                f"acumatica {access.connection}: settings or credentials of another system.", "Apply the connection again."
            )
        self.settings = access.settings
        self.clock = access.clock
        self.limiter = access.limiter
        self.calls = 0
        self._transport = access.transport
        self._draw = random.Random()  # noqa: S311 - jitter
        self._pauses = Pauses(Backoff(_FIRST_PAUSE[self.settings.licence_tier], timedelta(minutes=2), timedelta(seconds=1)))
        self.session = Session(self.settings, access.credentials, access.clock, self._counted)

    def pause(self, asked: timedelta | None = None) -> timedelta:
        """Stop every call of this role for a while: what was asked for, and no shorter than a jittered wait by licence tier that doubles."""
        duration = self._pauses.next(asked)
        self.limiter.pause(duration)
        return duration

    async def get(self, path: str, query: Query = (), tries: int = TRIES) -> Response:
        """A 200 answer of a read below the endpoint. Raises `Throttled`, `Transient` (after `tries`), `Refused`, `Broken`."""
        return await self.read(Request("GET", self.url(path, query)), path, tries)

    async def read(self, request: Request, what: str, tries: int = TRIES) -> Response:
        """As `get`, for any request that changes nothing (inquiries are read by PUT)."""
        number = 1
        while True:
            try:
                return await self._read(request, what)
            except Throttled:
                raise
            except Transient:
                if number >= tries:
                    raise
                await self.clock.sleep(_BACKOFF.wait(number, self._draw))
                number += 1

    async def look(self, path: str, query: Query = ()) -> Response:
        """One read whose call was reserved: waits for no limit, renews the sign-in once after a 401."""
        return await self._whole(Request("GET", self.url(path, query)), path)

    async def write(self, request: Request) -> Response:
        """One write, sent once. Raises `NotSent` or `Unanswered`; every other answer is returned as it came."""
        answer = await self._counted(_with(request, self.session.headers()))
        self.session.keep_cookies(answer)
        if answer.status == 401:
            self.session.forget()
        elif answer.status < 300:
            self._pauses.over()
        return answer

    async def ask(self, location: str) -> Response:
        """One question whether an action is done, in the same session. Raises `NotSent` or `Unanswered`."""
        answer = await self._counted(Request("GET", location, self.session.headers()))
        self.session.keep_cookies(answer)
        return answer

    def url(self, path: str, query: Query = ()) -> str:
        """Address below the pinned endpoint; every value of the query encoded, a plus as %2B."""
        return f"{self.settings.entity_root}{path}{_encoded_query(tuple(query))}"

    async def close(self) -> None:
        """Log out, so that the licence has its session back, and drop the connections."""
        try:
            await self.session.leave()
        except (NotSent, Unanswered):
            pass  # the server ends the idle session by itself
        finally:
            await self._transport.close()

    async def _read(self, request: Request, what: str) -> Response:
        async with self.limiter.in_flight:
            await self.limiter.take(1 if self.session.is_good() else 3)  # a sign-in is two calls more
            try:
                return await self._whole(request, what)
            except Throttled as error:
                self.pause(error.asked)
                raise

    async def _whole(self, request: Request, what: str) -> Response:
        try:
            await self.session.ensure()
            generation = self.session.generation
            answer = await self._counted(_with(request, self.session.headers()))
            if answer.status == 401:
                await self.session.renew(generation)
                answer = await self._counted(_with(request, self.session.headers()))
        except (NotSent, Unanswered) as error:
            raise Transient(f"acumatica {what}: {error}") from error
        self.session.keep_cookies(answer)
        if answer.status == 401:
            raise Broken(
                f"acumatica {what}: 401 with a fresh sign-in.", "Check the integration user's rights and its web-services access."
            )
        if refusal := refused_read(answer, what):
            raise refusal
        self._pauses.over()
        return answer

    async def _counted(self, request: Request) -> Response:
        self.calls += 1
        return await self._transport.send(request, self.settings.request_s)


@lru_cache(maxsize=1024)
def _encoded_query(query: tuple[tuple[str, str], ...]) -> str:
    """Behind the path; kept, for a document is looked up by the same query before each of its steps."""
    return "?" + "&".join([f"{_encoded(name)}={_encoded(value)}" for name, value in query]) if query else ""


@lru_cache(maxsize=1024)
def _encoded(text: str) -> str:
    """Percent-encoded; kept, for most of a query is the same in every call (quoting was a fifth of a sink's time, profiled)."""
    return quote(text, safe="")


def _with(request: Request, headers: Mapping[str, str]) -> Request:
    return Request(request.method, request.url, {**headers, **request.headers}, request.body)
