"""The client of SYSPRO: e.net's REST service, with one session whose calls run one after the other, and the tables of OData.

Facts (recorded exchanges; a live service; SYSPRO's help): every e.net operation is a GET with the XML in the address; a session takes one call at a
time; OData is read-only, by Basic. Addresses contain credentials and documents, so a network error is reported without the query string.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TypeVar

from lxml import etree

from runtime.errors import Broken, Malformed, Refused, Transient
from runtime.exchange import NotSent, Request, Response, Transport, Unanswered
from systems.contract import Access
from systems.http import rules
from systems.http.calls import Calls, own
from systems.http.logins import Basic
from systems.http.rules import Words
from systems.syspro import errors, soap
from systems.syspro.find import OBJECT, Search, Table, table_of
from systems.syspro.login import Session
from systems.syspro.models import SYSTEM, outcome, xml_of
from systems.syspro.settings import NO_ENET, NO_ODATA, Credentials, Settings
from systems.syspro.wire import address

T = TypeVar("T")
_OF_SESSION = 60
"""Characters of the address that are reserved for the session."""
_LONGEST_WAIT_S = 2.0
"""Real seconds that a call waits for the previous one. A write that waited longer could be sent after its lease."""


def without_query(text: str) -> str:
    """The text up to the query string of an address in it. Everything after it is dropped, because its end cannot be found with certainty."""
    told, found, _ = text.partition("?")
    return f"{told}?..." if found else text


class _Quiet:
    """A transport whose errors show no query string."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def send(self, request: Request, timeout_s: float) -> Response:
        try:
            return await self._inner.send(request, timeout_s)
        except NotSent as error:
            raise NotSent(without_query(str(error))) from None  # the original error contains the address
        except Unanswered as error:
            raise Unanswered(without_query(str(error))) from None
        except Broken as error:
            raise Broken(without_query(error.words), error.remedy) from None

    async def close(self) -> None:
        await self._inner.close()


class _InTurn:
    """A transport that sends one request at a time. A call that would have to wait too long is not sent."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._turn = asyncio.Lock()

    async def send(self, request: Request, timeout_s: float) -> Response:
        try:
            await asyncio.wait_for(self._turn.acquire(), _LONGEST_WAIT_S)
        except TimeoutError:
            raise NotSent(f"{SYSTEM}: the session is busy with another call; give it one call at a time (quota.at_once)") from None
        try:
            return await self._inner.send(request, timeout_s)
        finally:
            self._turn.release()

    async def close(self) -> None:
        await self._inner.close()


class Client:
    """One session of one role."""

    def __init__(self, access: Access) -> None:
        self.settings, self.credentials = own(SYSTEM, access, Settings, Credentials)
        quiet = _Quiet(access.transport)
        seconds = self.settings.request_s
        self.session = Session(self.settings, self.credentials)
        in_turn = _InTurn(quiet)
        self.calls = Calls(SYSTEM, replace(access, transport=in_turn), self.session, seconds)
        secrets = (self.credentials.operator.get_secret_value(), self.credentials.operator_password.get_secret_value())
        self._odata = Calls(f"{SYSTEM} OData", replace(access, transport=quiet), Basic(SYSTEM, *secrets), seconds)
        self._send = in_turn.send
        self._at_work = 0
        self.clock, self.limiter = access.clock, access.limiter
        self.reserve, self.pause = self.calls.reserve, self.calls.pause

    @asynccontextmanager
    async def cycle(self) -> AsyncIterator[None]:
        """A polling cycle: the session that it opens is logged off at its end, unless another cycle is using it."""
        self._at_work += 1
        try:
            yield
        finally:
            self._at_work -= 1
            if not self._at_work and self.session.session_id:
                await self.log_off()

    async def log_off(self) -> None:
        """End the session and free its seat. If that fails, SYSPRO's own time-out ends it."""
        self.calls.sign_in.end()
        with suppress(NotSent, Unanswered):
            await self.session.leave(lambda request: self._send(request, self.settings.request_s))

    async def close(self) -> None:
        """Log off, and close the connections."""
        await self.calls.close()

    # --- reads --------------------------------------------------------------------------------------------------------

    async def find(self, search: Search) -> Table:
        """Rows of a table. Raises `Throttled`, `Transient` (after a few tries), `Refused`, `Broken`."""
        return await self.calls.read(self._query(OBJECT, search.xml), search.table, lambda answer: table_of(answer, search))

    async def look(self, search: Search) -> Table:
        """Like `find`, but sent once, for a call that was reserved."""
        return await self.calls.look(self._query(OBJECT, search.xml), search.table, lambda answer: table_of(answer, search))

    async def profile(self) -> Mapping[str, str]:
        """GetLogonProfile: SYSPRO's information about the company and the operator."""
        found, _ = await self.profile_bytes()
        return found

    async def profile_bytes(self) -> tuple[Mapping[str, str], bytes]:
        """The same with the exact bytes of the answer."""
        return await self.calls.read(self._get("GetLogonProfile", {}), "GetLogonProfile", _profile)

    async def look_profile(self) -> Mapping[str, str]:
        """Like `profile`, but sent once, for a call that was reserved."""
        found, _ = await self.calls.look(self._get("GetLogonProfile", {}), "GetLogonProfile", _profile)
        return found

    async def table(self, name: str, query: Mapping[str, str]) -> Response:
        """A page of a table by OData. Raises the errors of `find`."""
        if not self.settings.odata_url:
            raise Broken(f"{SYSTEM}: {NO_ODATA}.", "Set odata_url.")
        request = Request("GET", address(self.settings.odata, name, query), {"Accept": "application/json"})
        return await self._odata.read(request, f"OData {name}", lambda answer: _page(answer, name))

    # --- writes -------------------------------------------------------------------------------------------------------

    def posting(self, path: str, name: str, parameters: str, xml: str) -> Request:
        """The request of Transaction/Post, Setup/Add or Setup/Update of a business object: by REST, or by SOAP if it does not fit into an address.
        Raises `Refused` (code url_limit) if there is no SOAP service."""
        texts = {"BusinessObject": name, "XmlParameters": parameters, "XmlIn": xml}
        made = self._get(path, texts)
        length, most = len(made.url) + _OF_SESSION, self.settings.url_limit_bytes
        if length <= most:
            return made
        if self.settings.soap_url:
            return soap.message(self.settings.soap_url.rstrip("/"), path, texts)
        words = f"its address would have {length} bytes, the server takes {most} (url_limit_bytes)"
        raise Refused(f"{SYSTEM} {name}: {words}: set soap_url, or enter it in SYSPRO and skip this", "url_limit")

    async def trial(self, request: Request, what: str, taken: Callable[[Response], T]) -> T:
        """A posting that only validates, for a call that was reserved."""
        return await self.calls.look(request, what, lambda answer: taken(soap.plain(answer)))

    async def write(self, request: Request) -> Response:
        """Send it once. Raises `NotSent` or `Unanswered`. The answer has the form of REST, even if it was sent by SOAP."""
        return soap.plain(await self.calls.write(request))

    # --- addresses ----------------------------------------------------------------------------------------------------

    def _query(self, name: str, xml: str) -> Request:
        return self._get("Query/Query", {"BusinessObject": name, "XmlIn": xml})

    def _get(self, path: str, query: Mapping[str, str]) -> Request:
        if not self.settings.rest_url:
            raise Broken(f"{SYSTEM}: {NO_ENET}.", "Set rest_url, or switch off what needs it.")
        return Request("GET", address(self.settings.rest, path, query))


def _profile(answer: Response) -> tuple[Mapping[str, str], bytes]:
    text = errors.readable(answer, "GetLogonProfile")
    try:
        root = xml_of(text)
        if refusal := errors.refused(outcome(root), "GetLogonProfile"):
            raise refusal
        return {etree.QName(one).localname: (one.text or "").strip() for one in root.iter() if not len(one)}, answer.body
    except Malformed as error:
        raise Transient(f"{SYSTEM} GetLogonProfile: {error}") from error


def _page(answer: Response, name: str) -> Response:
    if answer.status != 200:
        raise rules.refused_read(errors.HTTP, answer, Words("", ""), SYSTEM, f"OData {name}")
    return answer
