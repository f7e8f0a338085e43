"""The client of ServiceTitan: the addresses of the API, and the session that calls them (`systems/http/calls.py`).

Facts: a token by client credentials from `/connect/token`, good for 900 s, to be cached; `Authorization: Bearer` and `ST-App-Key` on every call;
the server's time-out is 100 s (OAuth 2.0, get going, timeouts and pagination pages). Reads of feeds are repeated a few times. Writes are not,
because there is no idempotency key. Redirects are never followed, and the token never leaves the API's host.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from urllib.parse import quote, urlencode

from runtime.errors import Broken
from runtime.exchange import Request, Response
from systems.contract import Access
from systems.http.bodies import require_json
from systems.http.calls import Calls, own
from systems.http.logins import Bearer
from systems.servicetitan.errors import refused_read
from systems.servicetitan.settings import Credentials, Settings

LONGEST_TOKEN = timedelta(seconds=780)
"""A token lives 900 s and is renewed after 13 minutes (OAuth 2.0 page). A longer life is not accepted."""

Query = Sequence[tuple[str, str]]
_WRITABLE = re.compile(
    r"POST /inventory/v2/tenant/[0-9]+/(vendors|purchase-orders)|PATCH /inventory/v2/tenant/[0-9]+/(vendors|purchase-orders)/[0-9]+"
)
"""The only requests that change something."""


class Client:
    """One session of one role: its own token, its own share of the limit."""

    def __init__(self, access: Access) -> None:
        self.settings, credentials = own("servicetitan", access, Settings, Credentials)
        self._login = bearer(self.settings, credentials)
        self.calls = Calls("servicetitan", access, self._login, self.settings.request_s)
        self.reserve, self.pause, self.close = self.calls.reserve, self.calls.pause, self.calls.close

    async def get(self, path: str, query: Query, scope: str) -> Response:
        """A 200 answer with a JSON body. Raises `Throttled`, `Transient` (after a few tries), `Refused`, `Absent`, `Broken`."""
        return await self.calls.read(Request("GET", self._url(path, query)), path, _json(path, scope))

    async def look(self, path: str, query: Query, scope: str) -> Response:
        """Like `get`, but sent once, for a call that was reserved."""
        return await self.calls.look(Request("GET", self._url(path, query)), path, _json(path, scope))

    async def write(self, method: str, path: str, body: bytes) -> Response:
        """One write whose call was reserved, sent once. Raises `NotSent` or `Unanswered`; every other answer is returned as it came. `Broken` for
        anything but vendors and purchase orders: AP bills, receipts and all else are ServiceTitan's own."""
        if not _WRITABLE.fullmatch(f"{method} {path}"):
            raise Broken(
                f"servicetitan: nothing is ever written by {method} {path}.", "This is a fault of the connector: report it."
            )
        return await self.calls.write(Request(method, self._url(path), {"Content-Type": "application/json"}, body))

    @property
    def granted(self) -> frozenset[str] | None:
        """The scopes of the present token, as its answer named them; None if it named none."""
        return self._login.token.scopes if self._login.token is not None else None

    def _url(self, path: str, query: Query = ()) -> str:
        text = f"?{urlencode(query, quote_via=quote, safe='')}" if query else ""
        return f"{self.settings.api}{path}{text}"


def bearer(settings: Settings, credentials: Credentials) -> Bearer:
    """How one role signs in."""
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id.get_secret_value(),
        "client_secret": credentials.client_secret.get_secret_value(),
    }
    return Bearer(
        what="servicetitan token",
        url=f"{settings.auth}/connect/token",
        form=lambda: form,
        remedy="Check client_id and client_secret, and that they belong to this tenant and environment.",
        headers={"ST-App-Key": credentials.app_key.get_secret_value(), "Accept": "application/json"},
        longest=LONGEST_TOKEN,
    )


def _json(path: str, scope: str) -> Callable[[Response], Response]:
    def taken(answer: Response) -> Response:
        if refusal := refused_read(answer, path, scope):
            raise refusal
        require_json(answer, f"servicetitan {path}")
        return answer

    return taken
