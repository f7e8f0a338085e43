"""The client of NetSuite: addresses of the record service and of SuiteQL, and the session that calls them (`systems/http/calls.py`).

Facts (help pages): property names are checked only with `X-NetSuite-PropertyNameValidation: Error`, otherwise a misspelt one is ignored. SuiteQL
needs `Prefer: transient`. The idempotency header works for asynchronous requests only, so none is sent, and a write is never repeated here.

The limit of an account counts simultaneous requests, of all roles, people and other applications together. One quota group for the account
(`quota.group`) shares it out, and each role keeps to its share (`Limiter.in_flight`). A request over the limit may be answered 401 "invalid login",
which is also the answer to a bad credential. So 401 counts as throttling until only 401 has come for `PATIENCE` or, in a session that never had
another answer, `FIRST_REFUSALS` times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from runtime.clock import Clock
from runtime.errors import Broken, ConnectorError, Throttled, Transient
from runtime.exchange import Request, Response
from runtime.wire import dumps
from systems.contract import Access
from systems.http.calls import Calls, own
from systems.netsuite.errors import is_absent, refused_read
from systems.netsuite.login import login_of
from systems.netsuite.models import Listed, Row, listed, record
from systems.netsuite.settings import Credentials, Settings

SERVICES = "/services/rest"
RECORDS = f"{SERVICES}/record/v1"
SUITEQL = f"{SERVICES}/query/v1/suiteql"
LIMITS = f"{SERVICES}/system/v1/governanceLimits"
MOST_ROWS = 1000
"""The most rows of one page."""
PATIENCE = timedelta(minutes=30)
FIRST_REFUSALS = 3
_ACCEPT = (
    "application/vnd.oracle.resource+json; type=singular, application/vnd.oracle.resource+json; type=collection, application/json"
)
_REMEDY = (
    "See the Login Audit Trail of the account: a revoked token or mapping, a role without REST Web Services or the sign-in's permission, or no "
    "room among the account's simultaneous requests (lower `quota.at_once`)."
)
Query = Sequence[tuple[str, str]]


class TooMany(Broken):
    """A list has more rows than will be read."""


class Client:
    """One session of one role."""

    def __init__(self, access: Access) -> None:
        self.settings, self.credentials = own("netsuite", access, Settings, Credentials)
        login = login_of(self.settings, self.credentials, access.clock)
        self.calls = Calls("netsuite", access, login, self.settings.request_s)
        self.clock, self.limiter = access.clock, access.limiter
        self.refusals = Refusals(access.clock)
        self.reserve, self.pause, self.close = self.calls.reserve, self.calls.pause, self.calls.close

    # --- SuiteQL ------------------------------------------------------------------------------------------------------

    async def page(self, query: str, what: str, size: int = MOST_ROWS, offset: int = 0) -> tuple[Listed, Response]:
        """A page of a query, and its answer. Raises `Throttled`, `Transient` (after a few tries), `Refused`, `Broken`."""
        answer = await self.calls.read(self.suiteql(query, size, offset), what, lambda found: self._taken(found, what))
        return listed(answer, what), answer

    async def rows(self, query: str, what: str, most: int = 10_000) -> list[Row]:
        """Every row of a short list (up to about `most` rows), by pages. The query needs an order without ties. Raises what `page` raises, `TooMany`
        for a longer list, and `Transient` if a page says that there are more rows but the next one is empty."""
        found: list[Row] = []
        while len(found) < most:
            got, _ = await self.page(query, what, offset=len(found))
            found += got.whole(what)
            if not got.has_more:
                return found
            if not got.rows:
                raise Transient(f"netsuite {what}: the list goes on after {len(found)} rows, but the next page is empty")
        raise TooMany(f"netsuite {what}: there are more than {len(found)} rows.", "Delete those that nobody uses.")

    async def look(self, query: str, what: str, size: int = MOST_ROWS) -> Listed:
        """Like `page`, but sent once, for a call that was reserved."""
        return await self.calls.look(self.suiteql(query, size), what, lambda answer: listed(self._taken(answer, what), what))

    # --- records ------------------------------------------------------------------------------------------------------

    async def look_at(self, kind: str, key: str) -> Row | None:
        """The record with this internal id or `eid:<external id>`, with its sublists; None if there is none. For a call that was reserved."""
        what = f"{kind} {key}"
        request = self.request("GET", self.url(kind, key, (("expandSubResources", "true"),)))
        return await self.calls.look(request, what, lambda answer: self._record(answer, what))

    async def read_at(self, kind: str, key: str) -> Row | None:
        """Like `look_at`, for a call that was not reserved."""
        what = f"{kind} {key}"
        request = self.request("GET", self.url(kind, key, (("expandSubResources", "true"),)))
        return await self.calls.read(request, what, lambda answer: self._record(answer, what))

    async def get(self, path: str, what: str) -> Row:
        """The object at a path of the account. Raises what `page` raises."""
        request = self.request("GET", f"{self.settings.root}{path}")
        return await self.calls.read(request, what, lambda answer: record(self._taken(answer, what), what))

    async def write(self, request: Request) -> Response:
        """See `Calls.write`."""
        answer = await self.calls.write(request)
        self.refusals.note(answer)
        return answer

    # --- requests -----------------------------------------------------------------------------------------------------

    def url(self, kind: str, key: str = "", query: Query = ()) -> str:
        """The address of a record type, or of one record by internal id, `eid:<external id>` (`models.external`) or `<id>/!transform/<type>`."""
        path = f"{self.settings.root}{RECORDS}/{kind}"
        return f"{path}/{quote(key, safe=':/!%')}{encoded(query)}" if key else f"{path}{encoded(query)}"

    def request(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> Request:
        """A request to the record service; names of properties are checked."""
        headers = {"Accept": _ACCEPT}
        if body is None:
            return Request(method, url, headers)
        checked = {"Content-Type": "application/json", "X-NetSuite-PropertyNameValidation": "Error"}
        return Request(method, url, headers | checked, dumps(body))

    def suiteql(self, query: str, size: int = MOST_ROWS, offset: int = 0) -> Request:
        """The request of a page of a query."""
        url = f"{self.settings.root}{SUITEQL}{encoded((('limit', str(size)), ('offset', str(offset))))}"
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Prefer": "transient"}
        return Request("POST", url, headers, dumps({"q": query}))

    # --- answers ------------------------------------------------------------------------------------------------------

    def _record(self, answer: Response, what: str) -> Row | None:
        if is_absent(answer):
            self.refusals.note(answer)
            return None
        return record(self._taken(answer, what), what)

    def _taken(self, answer: Response, what: str) -> Response:
        self.refusals.note(answer)
        if error := refused_read(answer, what):
            raise self.refusals.judged(answer, error)
        return answer


class Refusals:
    """For how long a session has got only 401, which distinguishes an expired credential from an account at its limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._since: datetime | None = None
        self._is_proven = False

    def note(self, answer: Response) -> None:
        """Count an answer."""
        if answer.status != 401:
            self._is_proven = self._is_proven or answer.status < 500
            self._count, self._since = 0, None
            return
        self._count += 1
        self._since = self._since or self._clock.now()

    def judged(self, answer: Response, error: ConnectorError) -> ConnectorError:
        """The error for an answer: `Broken` for a 401 that shows a bad credential."""
        if answer.status != 401 or not isinstance(error, Throttled):
            return error
        lasted = self._clock.now() - (self._since or self._clock.now())
        is_over = lasted >= PATIENCE if self._is_proven else self._count >= FIRST_REFUSALS
        return Broken(f"{error}.", _REMEDY) if is_over else error


def encoded(query: Query) -> str:
    """The query string, with every value encoded and a plus as %2B."""
    return "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query) if query else ""


def is_write(request: Request) -> bool:
    """Whether a request changes something. Queries and token requests are POSTs that change nothing."""
    is_reading = request.url.partition("?")[0].endswith((SUITEQL, "/oauth2/v1/token"))
    return request.method not in ("GET", "HEAD") and not is_reading
