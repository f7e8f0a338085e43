"""The client of Fusion: addresses below the pinned version of its REST resources, and the session that calls them (`systems/http/calls.py`).

Facts (REST framework): `REST-Framework-Version` changes the form of `q`, child lists and errors, so it is sent with each call. Unless Accept names
the error type, an error may be plain text. POST and PATCH are not idempotent, so a write is never repeated here. 429 and some 503 carry Retry-After,
in seconds or as a date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from runtime.errors import Transient
from runtime.exchange import Request, Response
from systems.contract import Access
from systems.http.bodies import object_of
from systems.http.calls import Calls, own
from systems.oracle_fusion.errors import refused_read
from systems.oracle_fusion.login import login_of
from systems.oracle_fusion.models import Listed, Row, listed, own_address, record
from systems.oracle_fusion.settings import Credentials, Settings

ITEM = "application/vnd.oracle.adf.resourceitem+json"
ACTION = "application/vnd.oracle.adf.action+json"
BATCH = "application/vnd.oracle.adf.batch+json"
_ACCEPT = "application/json, application/vnd.oracle.adf.error+json"
_MOST = 499
"""The most rows of one answer, whatever limit is asked for."""
Query = Sequence[tuple[str, str]]


class Client:
    """One session of one role."""

    def __init__(self, access: Access) -> None:
        self.settings, credentials = own("oracle_fusion", access, Settings, Credentials)
        login = login_of(self.settings, credentials, access.clock)
        self.calls = Calls("oracle_fusion", access, login, self.settings.request_s)
        self.clock, self.limiter = access.clock, access.limiter
        self.reserve, self.write, self.pause, self.close = self.calls.reserve, self.calls.write, self.calls.pause, self.calls.close

    async def get(self, resource: str, query: Query = ()) -> Response:
        """A 200 answer to a read of a collection. Raises `Throttled`, `Transient` (after a few tries), `Refused`, `Broken`."""
        return await self._read(self.url(resource, query), resource)

    async def follow(self, href: str, what: str, query: Query = ()) -> Response:
        """Like `get`, for an address from a link."""
        return await self._read(self.at(href, what, query), what)

    async def look(self, resource: str, query: Query = ()) -> Listed:
        """Like `get`, but sent once, for a call that was reserved. Returns the page."""
        request = self.request("GET", self.url(resource, query))
        return await self.calls.look(request, resource, lambda answer: listed(_taken(answer, resource), resource))

    async def look_at(self, href: str, what: str, query: Query = ()) -> Row:
        """Like `look`, for the one row at an address from a link."""
        request = self.request("GET", self.at(href, what, query))
        return await self.calls.look(request, what, lambda answer: record(_taken(answer, what), what))

    async def rows(self, resource: str, query: Query = (), most: int = 5000) -> list[Row]:
        """Every row of a short list (up to about `most` rows), by pages. Raises what `get` raises, and `Transient` for a longer list."""
        found: list[Row] = []
        while len(found) < most:
            page = [*query, ("limit", str(_MOST)), ("offset", str(len(found)))]
            got = listed(await self.get(resource, page), resource)
            found += got.whole(resource)
            if not got.has_more:
                return found
            if not got.rows:
                raise Transient(f"oracle_fusion {resource}: the list goes on after {len(found)} rows, but the next page is empty")
        raise Transient(f"oracle_fusion {resource}: there are more than {len(found)} rows")

    async def framework_versions(self) -> list[str]:
        """The framework versions that the pinned version of the resources offers. Raises what `get` raises."""
        first = {"REST-Framework-Version": "1"}  # every pod accepts this version
        request = self.request("GET", f"{self.settings.root}/fscmRestApi/resources", headers=first)
        answer = await self.calls.read(request, "versions", lambda found: _taken(found, "versions"))
        found = _objects(object_of(answer, "oracle_fusion versions").get("items"))
        pinned = [one for one in found if self.settings.rest_version in (one.get("version"), "latest")]
        return [str(one) for row in pinned for one in _list(row.get("allowedFrameworkVersions"))]

    async def actions(self, resource: str) -> frozenset[str]:
        """The actions of a row of a collection, as its `describe` lists them (assumed: `item.actions`). Raises what `get` raises."""
        told = object_of(await self._read(f"{self.url(resource)}/describe", "describe"), "oracle_fusion describe")
        item = _within(told, "Resources", resource, "item")
        return frozenset(str(one.get("name", "")) for one in _objects(item.get("actions")))

    def url(self, resource: str, query: Query = ()) -> str:
        """The address of a collection."""
        return f"{self.settings.resources}/{resource}{_encoded(query)}"

    def at(self, href: str, what: str, query: Query = ()) -> str:
        """An address from a link, with a query. Raises `Transient` if it does not belong to the pod."""
        return f"{own_address(href, self.settings.root, what)}{_encoded(query, '&' if '?' in href else '?')}"

    def request(
        self, method: str, url: str, body: bytes = b"", kind: str = ITEM, headers: Mapping[str, str] | None = None
    ) -> Request:
        """A request with the pinned framework version and content types."""
        own_headers = {"Accept": _ACCEPT, "REST-Framework-Version": str(self.settings.framework_version), **(headers or {})}
        return Request(method, url, own_headers | ({"Content-Type": kind} if body else {}), body)

    async def _read(self, url: str, what: str) -> Response:
        return await self.calls.read(self.request("GET", url), what, lambda answer: _taken(answer, what))


def _within(told: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object that these names lead to, each nested in the one before; empty if one of them is missing."""
    for name in names:
        found = told.get(name)
        told = found if isinstance(found, dict) else {}
    return told


def _list(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in _list(found) if isinstance(one, dict)]


def _taken(answer: Response, what: str) -> Response:
    if refusal := refused_read(answer, what):
        raise refusal
    return answer


def _encoded(query: Query, first: str = "?") -> str:
    """The query string, with every value encoded and a plus as %2B."""
    return first + "&".join(f"{name}={quote(value, safe='')}" for name, value in query) if query else ""
