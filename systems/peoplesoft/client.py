"""The wire to a PeopleSoft site, our side: queries and WSDLs that may be read again, SOAP that is sent once, and the count of both.

Facts: calls are stateless and signed in one by one; errors come with HTTP 200 as well as with 500, in an `IBResponse` (PeopleBooks); no
Retry-After is documented, proxies send it. Redirects are never followed. A read is repeated a few times, and once more after a 401 with a
fresh token; what is posted is never repeated here.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

from runtime.answers import server_date
from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.retry import Backoff, Pauses
from systems.contract import Access
from systems.peoplesoft.query import Found, Prompts, address, page, refused_read
from systems.peoplesoft.resources import require_columns
from systems.peoplesoft.rows import Row
from systems.peoplesoft.session import Session
from systems.peoplesoft.settings import Credentials, Settings

_T = TypeVar("_T")
_P = ParamSpec("_P")

TRIES = 3
_BACKOFF = Backoff(first=timedelta(seconds=1), cap=timedelta(seconds=20))
_PAUSES = Backoff(first=timedelta(seconds=5), cap=timedelta(minutes=2), floor=timedelta(seconds=1))
"""Pauses of this role while the other side throttles (assumed); what Retry-After asks for is the least."""


class Client:
    """One session of one role. `calls` counts every request that left, those to the token server included."""

    def __init__(self, access: Access) -> None:
        if not isinstance(access.settings, Settings) or not isinstance(access.credentials, Credentials):
            raise Broken(
                f"peoplesoft {access.connection}: settings or credentials of another system.", "Apply the connection again."
            )
        self.connection = access.connection
        self.settings = access.settings
        self.credentials = access.credentials
        self.limiter = access.limiter
        self.clock = access.clock
        self.calls = 0
        self.session = Session(self.settings, self.credentials, access.clock, self._counted)
        self._transport = access.transport
        self._draw = random.Random()  # noqa: S311 - jitter
        self._pauses = Pauses(_PAUSES)
        self._behind = timedelta(0)

    # --- reads --------------------------------------------------------------------------------------------------------

    async def query(self, name: str, prompts: Prompts, maxrows: int) -> list[Row]:
        """The rows of one of our queries, by its name without prefix; `maxrows` cuts them silently (see `walk` in poller.py).

        Raises `QueryAbsent` where the site has no such query, `Throttled`, `Transient` (after a few tries), `Refused`, `Broken`.
        """
        return [row for _, row in (await self.page(name, prompts, maxrows)).whole(name)]

    async def page(self, name: str, prompts: Prompts, maxrows: int) -> Found:
        """As `query`, with the exact bytes of each row and of the page; a row that cannot be read is among them, as far as it can be told."""
        return await self._patient(lambda: self._limited(self._page, name, prompts, maxrows))

    async def look(self, name: str, prompts: Prompts, maxrows: int) -> list[Row]:
        """As `query`, once, for a call that was reserved: waits for no limit of ours."""
        return [row for _, row in (await self._page(name, prompts, maxrows)).whole(name)]

    async def get(self, url: str, what: str) -> Response:
        """A 200 answer of any other read, a WSDL. Raises as `query`."""
        return await self._patient(lambda: self._limited(self.look_at, url, what))

    async def look_at(self, url: str, what: str) -> Response:
        """As `get`, once, for a call that was reserved."""
        answer = await self._signed(Request("GET", url), what)
        if refusal := refused_read(answer, what):
            raise refusal
        return answer

    # --- writes -------------------------------------------------------------------------------------------------------

    async def authorise(self, ahead: timedelta) -> None:
        """Be signed in for a call that ends within `ahead`. Raises `Transient`, `Throttled`, `Broken`."""
        await self.session.ensure(ahead)

    def auth_headers(self) -> Mapping[str, str]:
        """What the transport's sign-in adds to a call; the WS-Security token of SOAP is the writer's own."""
        return self.session.headers()

    async def post_soap(self, url: str, action: str, body: bytes) -> Response:
        """One SOAP 1.1 message, sent once. Raises `NotSent` or `Unanswered`; every other answer is returned as it came."""
        if not self.session.is_good():
            raise NotSent("peoplesoft: the token ended before the call was made")
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{action}"',
            "Accept": "text/xml",
            **self.auth_headers(),
        }
        return await self.post(Request("POST", url, headers, body))

    async def post(self, request: Request) -> Response:
        """As `post_soap`, for a message whose headers are the caller's."""
        answer = await self._counted(request)
        self._note_date(answer)
        if answer.status == 401:
            self.session.forget()
        elif answer.status < 300:
            self._pauses.over()
        return answer

    # --- both ---------------------------------------------------------------------------------------------------------

    def pause(self, asked: timedelta | None = None) -> timedelta:
        """Stop every call of this role: for what was asked for, and no shorter than a jittered wait that doubles."""
        duration = self._pauses.next(asked)
        self.limiter.pause(duration)
        return duration

    def server_now(self) -> datetime:
        """The present instant, never later than the server's own clock says (its Date header, as far as it was behind ours)."""
        return self.clock.now() - self._behind

    async def close(self) -> None:
        """Forget the token and drop the connections; PeopleSoft keeps no session."""
        self.session.forget()
        await self._transport.close()

    async def _page(self, name: str, prompts: Prompts, maxrows: int) -> Found:
        asked = Request("GET", address(self.settings, name, prompts, maxrows), {"Accept": "application/json"})
        found = page(await self._signed(asked, name), self.settings.query(name), maxrows)
        require_columns(name, found, self.settings.query(name))
        return found

    async def _limited(self, read: Callable[_P, Awaitable[_T]], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        async with self.limiter.in_flight:
            await self.limiter.take(1 if self.session.is_good() else 2)  # a token is one call more
            try:
                found = await read(*args, **kwargs)
            except Throttled as error:
                self.pause(error.asked)
                raise
            self._pauses.over()
            return found

    async def _patient(self, read: Callable[[], Awaitable[_T]]) -> _T:
        number = 1
        while True:
            try:
                return await read()
            except Throttled:
                raise
            except Transient:
                if number >= TRIES:
                    raise
                await self.clock.sleep(_BACKOFF.wait(number, self._draw))
                number += 1

    async def _signed(self, request: Request, what: str) -> Response:
        """One read, signed in; a bearer that got a 401 is renewed once."""
        try:
            await self.session.ensure()
            generation = self.session.generation
            answer = await self._counted(_with(request, self.auth_headers()))
            if answer.status == 401 and self.session.is_bearer:
                await self.session.renew(generation)
                answer = await self._counted(_with(request, self.auth_headers()))
        except (NotSent, Unanswered) as error:
            raise Transient(f"peoplesoft {what}: {error}") from error
        self._note_date(answer)
        return answer

    async def _counted(self, request: Request) -> Response:
        self.calls += 1
        return await self._transport.send(request, self.settings.request_s)

    def _note_date(self, answer: Response) -> None:
        if (server := server_date(answer)) is not None:
            self._behind = max(timedelta(0), self.clock.now() - server)


def _with(request: Request, headers: Mapping[str, str]) -> Request:
    return Request(request.method, request.url, {**request.headers, **headers}, request.body)
