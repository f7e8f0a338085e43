"""The wire to ServiceTitan, our side: signs in, keeps one token, reads, and sends a write once.

Facts: token by client credentials from `/connect/token`, 900 s, to be cached; `Authorization: Bearer` and `ST-App-Key` on every
call; server time-out 100 s (OAuth 2.0, get going, timeouts and pagination pages). Reads of feeds are repeated a few times; no write is,
for no idempotency key exists. Redirects are never followed and the token never leaves the API's host.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from runtime.answers import asked_pause_s, server_date
from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import NotSent, Request, Response, Unanswered
from runtime.retry import Backoff, Pauses
from runtime.tokens import Granted
from systems.contract import Access
from systems.servicetitan.errors import refused_read, words
from systems.servicetitan.models import token
from systems.servicetitan.settings import Credentials, Settings

TRIES = 3
BACKOFF = Backoff(first=timedelta(seconds=1), cap=timedelta(seconds=20))
_PAUSES = Backoff(first=timedelta(seconds=5), cap=timedelta(minutes=2), floor=timedelta(seconds=1))
"""Pauses of this role while ServiceTitan throttles; what Retry-After asks for is the least."""

Query = Sequence[tuple[str, str]]


class Client:
    """One session of one role: its own token, its own share of the limit. Safe for any number of callers of one event loop."""

    def __init__(self, access: Access) -> None:
        if not isinstance(access.settings, Settings) or not isinstance(access.credentials, Credentials):
            raise Broken(
                f"servicetitan {access.connection}: settings or credentials of another system.", "Apply the connection again."
            )
        self.settings = access.settings
        self.clock = access.clock
        self._credentials = access.credentials
        self._transport = access.transport
        self._limiter = access.limiter
        self._draw = random.Random()  # noqa: S311 - jitter
        self._pauses = Pauses(_PAUSES)
        self._token: Granted | None = None
        self._replace_at: datetime | None = None
        self._signing: asyncio.Task[Granted] | None = None
        self._behind = timedelta(0)

    async def get(self, path: str, query: Query, scope: str) -> Response:
        """A 200 answer with a JSON body. Raises `Throttled`, `Transient` (after a few tries), `QueryRefused`, `Absent`, `Broken`."""
        tries = 1
        while True:
            try:
                return await self._get(path, query, scope)
            except Throttled:
                raise
            except Transient:
                if tries >= TRIES:
                    raise
                await self.clock.sleep(BACKOFF.wait(tries, self._draw))
                tries += 1

    async def reserve(self, calls: int, ahead: timedelta) -> None:
        """Wait until `calls` calls are allowed and the token is good for `ahead` (at most half its life)."""
        await self._limiter.take(calls)
        await self._signed_in_for(ahead)

    async def look(self, path: str, query: Query, scope: str) -> Response:
        """One read whose call was reserved: waits for no limit and is not repeated. A 401 forgets the token, for the next attempt."""
        try:
            answer = await self._reserved(self._request("GET", self._url(path, query), self._bearer()))
        except (NotSent, Unanswered) as error:
            raise Transient(f"servicetitan {path}: {error}") from error
        if answer.status == 401:
            raise Transient(f"servicetitan {path}: 401, the token is not taken any more")
        if refusal := refused_read(answer, path, scope):
            raise refusal
        _require_json(answer, path)
        return answer

    async def write(self, method: str, path: str, body: bytes) -> Response:
        """One write whose call was reserved, sent once. Raises `NotSent` or `Unanswered`; every other answer is returned as it came."""
        return await self._reserved(self._request(method, self._url(path), self._bearer(), body))

    def pause(self, asked: timedelta | None) -> timedelta:
        """Stop every call of this role: for what was asked for, and no shorter than a jittered wait that doubles."""
        duration = self._pauses.next(asked)
        self._limiter.pause(duration)
        return duration

    def server_now(self) -> datetime:
        """The present instant, never later than the server's own clock says (its Date header, as far as it was behind ours)."""
        return self.clock.now() - self._behind

    @property
    def behind(self) -> timedelta:
        """How far the server's clock was behind ours in its last answer; never negative."""
        return self._behind

    @property
    def granted(self) -> frozenset[str] | None:
        """Scopes of the present token as its answer told them; None where it told none."""
        return self._token.scopes if self._token is not None else None

    async def close(self) -> None:
        """Forget the token and drop the connections; ServiceTitan counts no sessions, so nothing is to end at its side."""
        if self._signing is not None:
            self._signing.cancel()
        self._token = None
        await self._transport.close()

    async def signed_in(self) -> str:
        """A token that is good now; one sign-in serves everybody who waits for it."""
        current = self._token
        if current is None or self._replace_at is None or self.clock.now() >= self._replace_at:
            current = await self._sign_in_once()
        return current.access

    async def _get(self, path: str, query: Query, scope: str) -> Response:
        bearer = await self.signed_in()
        answer = await self._call(path, query, bearer)
        if answer.status == 401:
            if self._token is not None and self._token.access == bearer:
                self._token = None
            answer = await self._call(path, query, await self.signed_in())
        self._note_date(answer)
        if answer.status == 401:
            raise Broken(
                f"servicetitan {path}: 401 with a fresh token.",
                "Check app_key (ST-App-Key), that the app is connected to this tenant, and client_id and client_secret.",
            )
        if error := refused_read(answer, path, scope):
            if isinstance(error, Throttled):
                self.pause(error.asked)
            raise error
        _require_json(answer, path)
        self._pauses.over()
        return answer

    async def _signed_in_for(self, ahead: timedelta) -> None:
        token, until = self._token, self._replace_at
        if token is None or until is None or self.clock.now() >= until - min(ahead, token.life / 2):
            await self._sign_in_once()

    def _bearer(self) -> str:
        """The token that was made sure of; one that was forgotten since is not sent."""
        if self._token is None:
            raise NotSent("servicetitan: signed out since the calls were reserved")
        return self._token.access

    async def _reserved(self, request: Request) -> Response:
        answer = await self._transport.send(request, self.settings.request_s)
        if answer.status == 401:
            self._token = None
        elif answer.status < 300:
            self._pauses.over()
        self._note_date(answer)
        return answer

    async def _call(self, path: str, query: Query, bearer: str) -> Response:
        return await self._send(self._request("GET", self._url(path, query), bearer))

    def _request(self, method: str, url: str, bearer: str, body: bytes = b"") -> Request:
        headers = {
            "Authorization": f"Bearer {bearer}",
            "ST-App-Key": self._credentials.app_key.get_secret_value(),
            "Accept": "application/json",
        }
        if body:
            headers["Content-Type"] = "application/json"
        return Request(method, url, headers, body)

    def _url(self, path: str, query: Query = ()) -> str:
        text = f"?{urlencode(query, quote_via=quote, safe='')}" if query else ""
        return f"{self.settings.api}{path}{text}"

    async def _send(self, request: Request) -> Response:
        async with self._limiter.in_flight:
            await self._limiter.take()
            try:
                return await self._transport.send(request, self.settings.request_s)
            except (NotSent, Unanswered) as error:
                raise Transient(f"servicetitan: {error}") from error

    async def _sign_in_once(self) -> Granted:
        if self._signing is None or self._signing.done():
            self._signing = asyncio.create_task(self._sign_in())
            self._signing.add_done_callback(_seen)
        return await asyncio.shield(self._signing)

    async def _sign_in(self) -> Granted:
        asked_at = self.clock.now()
        answer = await self._send(self._token_request())
        if answer.status in (400, 401, 403):
            raise Broken(
                f"servicetitan token: {answer.status} {words(answer)[:120]}.",
                "Check client_id and client_secret, and that they belong to this tenant and environment.",
            )
        if answer.status == 429 or (answer.status == 503 and asked_pause_s(answer) is not None):
            throttled = Throttled(f"servicetitan token: {answer.status}.", asked_pause_s(answer))
            self.pause(throttled.asked)
            raise throttled
        if answer.status != 200:
            raise Transient(f"servicetitan token: {answer.status}")
        found = token(answer.body)
        self._token, self._replace_at = found, asked_at + found.life
        return found

    def _token_request(self) -> Request:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials.client_id.get_secret_value(),
            "client_secret": self._credentials.client_secret.get_secret_value(),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        return Request("POST", f"{self.settings.auth}/connect/token", headers, urlencode(form).encode())

    def _note_date(self, answer: Response) -> None:
        server = server_date(answer)
        if server is not None:
            self._behind = max(timedelta(0), self.clock.now() - server)


def _require_json(answer: Response, path: str) -> None:
    if answer.content_type != "application/json" and not answer.content_type.endswith("+json"):
        raise Transient(f"servicetitan {path}: 200, but {answer.content_type or 'no content type'} instead of JSON")


def _seen(signing: asyncio.Task[Granted]) -> None:
    """A failed sign-in is told to those who wait for it; where nobody does any more it is no surprise to the loop."""
    if not signing.cancelled():
        signing.exception()
