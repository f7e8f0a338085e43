"""The client of Acumatica: addresses below the pinned endpoint, and the session that calls them (`systems/http/calls.py`).

Facts: a PUT without keys inserts, and there is no idempotency key, so a write is never repeated here (Integration Development Guide). Redirects
are never followed, because a 3xx is the error page of an exhausted licence (field notes). Retry-After is not documented: the wait after a 429 is
drawn with jitter from a range that the licence tier sets, and it pauses every call of this session.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from urllib.parse import quote

from runtime.exchange import Request, Response
from systems.acumatica.errors import refused_read
from systems.acumatica.login import AcumaticaLogin
from systems.acumatica.settings import Credentials, Settings
from systems.contract import Access
from systems.http.calls import Calls, own

_FIRST_PAUSE = {"small": timedelta(seconds=8), "medium": timedelta(seconds=5), "large": timedelta(seconds=3)}

Query = Sequence[tuple[str, str]]


class Client:
    """One session of one role."""

    def __init__(self, access: Access) -> None:
        self.settings, credentials = own("acumatica", access, Settings, Credentials)
        login, pause = AcumaticaLogin(self.settings, credentials), _FIRST_PAUSE[self.settings.licence_tier]
        self.calls = Calls("acumatica", access, login, self.settings.request_s, pause)
        self.clock, self.limiter = access.clock, access.limiter
        self.reserve, self.write, self.pause, self.close = self.calls.reserve, self.calls.write, self.calls.pause, self.calls.close

    async def get(self, path: str, query: Query = ()) -> Response:
        """A 200 answer to a read below the endpoint. Raises `Throttled`, `Transient` (after a few tries), `Refused`, `Broken`."""
        return await self._read(Request("GET", self.url(path, query)), path)

    async def inquire(self, inquiry: str, expand: str) -> Response:
        """Like `get`, for an inquiry, which is read by PUT with an empty object (guide)."""
        url = self.url(f"/{inquiry}", [("$expand", expand)])
        return await self._read(Request("PUT", url, {"Content-Type": "application/json"}, b"{}"), inquiry)

    async def look(self, path: str, query: Query = ()) -> Response:
        """Like `get`, but sent once, for a call that was reserved."""
        return await self.calls.look(Request("GET", self.url(path, query)), path, lambda answer: _taken(answer, path))

    async def ask(self, location: str) -> Response:
        """Ask once, in the same session, whether an action is done. Raises `NotSent` or `Unanswered`."""
        return await self.write(Request("GET", location))

    def url(self, path: str, query: Query = ()) -> str:
        """The address below the pinned endpoint, with every value of the query encoded and a plus as %2B."""
        return f"{self.settings.entity_root}{path}{_encoded_query(tuple(query))}"

    async def _read(self, request: Request, what: str) -> Response:
        return await self.calls.read(request, what, lambda answer: _taken(answer, what))


def _taken(answer: Response, what: str) -> Response:
    if refusal := refused_read(answer, what):
        raise refusal
    return answer


@lru_cache(maxsize=1024)
def _encoded_query(query: tuple[tuple[str, str], ...]) -> str:
    """The query. It is cached, because a document is looked up by the same query before each of its steps."""
    return "?" + "&".join([f"{_encoded(name)}={_encoded(value)}" for name, value in query]) if query else ""


@lru_cache(maxsize=1024)
def _encoded(text: str) -> str:
    """The text, percent-encoded. It is cached because most of a query is always the same (quoting took a fifth of a sink's time, profiled)."""
    return quote(text, safe="")
