"""The client of a PeopleSoft site: queries, WSDLs and SOAP, and the session that calls them (`systems/http/calls.py`).

Facts: calls are stateless, and each one is signed in by itself. Errors come with HTTP 200 as well as with 500, in an `IBResponse` (PeopleBooks).
Retry-After is not documented, but proxies send it. Redirects are never followed. A POST is never repeated here.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.exchange import Request, Response
from systems.contract import Access
from systems.http.calls import Calls, own
from systems.peoplesoft.errors import refused_read
from systems.peoplesoft.login import login_of
from systems.peoplesoft.query import Prompts, ResultPage, address, page
from systems.peoplesoft.resources import require_columns
from systems.peoplesoft.rows import Row
from systems.peoplesoft.settings import Credentials, Settings


class Client:
    """One session of one role."""

    def __init__(self, access: Access) -> None:
        self.settings, self.credentials = own("peoplesoft", access, Settings, Credentials)
        self.calls = Calls("peoplesoft", access, login_of(self.settings, self.credentials), self.settings.request_s)
        self.clock, self.limiter = access.clock, access.limiter
        self.reserve, self.pause, self.close = self.calls.reserve, self.calls.pause, self.calls.close

    async def query(self, name: str, prompts: Prompts, maxrows: int) -> list[Row]:
        """The rows of one of our queries, by its name without prefix. `maxrows` truncates them without saying so (see `systems/feeds/keyset.py`).

        Raises `QueryAbsent` if the site has no such query, `Throttled`, `Transient` (after a few tries), `Refused`, `Broken`.
        """
        return [row for _, row in (await self.page(name, prompts, maxrows)).whole(name)]

    async def page(self, name: str, prompts: Prompts, maxrows: int) -> ResultPage:
        """Like `query`, with the exact bytes of each row and of the page. Rows that cannot be read are included, with what could be read of them."""
        return await self.calls.read(*self._asked(name, prompts, maxrows))

    async def look(self, name: str, prompts: Prompts, maxrows: int) -> list[Row]:
        """Like `query`, but sent once, for a call that was reserved."""
        return [row for _, row in (await self.calls.look(*self._asked(name, prompts, maxrows))).whole(name)]

    async def get(self, url: str, what: str) -> Response:
        """A 200 answer to any other read, such as a WSDL. Raises the errors of `query`."""

        def taken(answer: Response) -> Response:
            if refusal := refused_read(answer, what):
                raise refusal
            return answer

        return await self.calls.read(Request("GET", url), what, taken)

    async def post_soap(self, url: str, action: str, body: bytes) -> Response:
        """One SOAP 1.1 message, sent once. Raises `NotSent` or `Unanswered`; every other answer is returned as it came."""
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"', "Accept": "text/xml"}
        return await self.calls.write(Request("POST", url, headers, body))

    def _asked(self, name: str, prompts: Prompts, maxrows: int) -> tuple[Request, str, Callable[[Response], ResultPage]]:
        """The request of a page of a query, its name, and how its answer is read."""
        query = self.settings.query(name)

        def taken(answer: Response) -> ResultPage:
            found = page(answer, query, maxrows)
            require_columns(name, found, query)
            return found

        return Request("GET", address(self.settings, name, prompts, maxrows), {"Accept": "application/json"}), name, taken
