"""Reads ServiceTitan: export feeds with their continuation, lists by closed time windows, whole lists, and objects by id.

Facts (transactional and export API page): `from` takes a token of this endpoint or a date. With includeRecentChanges a change is seen at once and may
come again. Inactive and deleted rows are included. Tokens are opaque, and the answer to an invalid one is not documented (400 assumed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from runtime.errors import Broken, Garbled, Refused, Transient
from runtime.exchange import Response
from systems.contract import Access, Element, Feed, Page
from systems.feeds.continuation import Continuations
from systems.feeds.elements import one_by_one, require_asked
from systems.feeds.pages import Pages
from systems.feeds.positions import EARLIEST, midnight, position_of, stored
from systems.feeds.token import Token
from systems.servicetitan.client import Client
from systems.servicetitan.errors import Absent
from systems.servicetitan.models import export_page, list_page, newest, one_object
from systems.servicetitan.resources import FEED_QUERY, OVERLAP, RESOURCES, Resource, feed_resource

MAX_PAGES = 100_000
_MAX_PARTS = 100


class Reader:
    """A poller's session with one tenant (see `systems.contract.Reader`)."""

    def __init__(self, access: Access) -> None:
        self._client = Client(access)
        self._settings = self._client.settings
        self._continuations = Continuations()

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`. A feed that the settings switch off is empty."""
        if feed.name in self._settings.feeds_off:
            return Page((), position, more=False, digest="")
        try:
            if feed.kind == "token":
                return await self._export(feed, token_of(position))
            return await self._list(feed, pages_of(position))
        except Refused as error:
            raise Broken(
                str(error), "The API may have changed; look at the refused query in the vendor's documentation."
            ) from error

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects as rows of their list. An answer with an object that was not asked for is `Garbled`; refused ids are `Refused`. The caller
        can then ask for the ids one by one to find the cause."""
        resource = RESOURCES.get(entity)
        if resource is None:
            raise Broken(f"servicetitan does not read {entity!r}.", f"It reads: {', '.join(RESOURCES)}.")
        asked = list(dict.fromkeys(str(int(source_id)) for source_id in source_ids if _is_id(source_id)))
        if not asked:
            return Page((), "", more=False, digest="")
        if resource.part:
            return await one_by_one(asked, partial(self._with_part, resource), f"servicetitan {resource.name}")
        if resource.ids == "path":
            return await one_by_one(asked, partial(self._singly, resource), f"servicetitan {resource.name}")
        return await self._by_ids(resource, asked)

    async def close(self) -> None:
        """End the session."""
        await self._client.close()

    # --- export feeds ---

    async def _export(self, feed: Feed, at: Token) -> Page:
        since = at.dated(OVERLAP, self._first() if self._settings.read_from else "")
        answer, _, why = await self._continuations.read(feed.name, partial(self._export_answer, feed), at.token or since, since)
        restarted = f"the continuation token is not taken any more ({why}); read again from {since or 'the start'}" if why else ""
        found = export_page(answer, feed.name)
        if found.has_more and found.continue_from == at.token:
            raise Transient(f"servicetitan {feed.name}: the continuation token leads to itself")
        position = stored(at.after(found.continue_from, newest(found.elements), self._client.calls.server_now()))
        return Page(found.elements, position, found.has_more, found.digest, found.continue_from, restarted)

    async def _export_answer(self, feed: Feed, start: str) -> Response:
        resource = feed_resource(feed)
        query = [("from", start)] if start else []
        path = resource.export_path(self._settings.tenant_id)
        return await self._client.get(path, [*query, ("includeRecentChanges", "true")], resource.scope)

    # --- lists ---

    async def _list(self, feed: Feed, left: Pages) -> Page:
        if feed.kind == "window":
            left = left.opened(self._first(), self._client.calls.server_now())
        answer, at, why = await self._continuations.read(feed.name, partial(self._list_answer, feed), left, left.begun())
        restarted = f"page {left.page} is not taken any more ({why}); read again from the first" if why else ""
        found = list_page(answer, feed.name)
        if found.has_more and (at.page >= MAX_PAGES or not found.elements):
            raise Transient(f"servicetitan {feed.name}: page {at.page} promises more without an end")
        following, more = at.following(found.total, feed.overlap, has_more=found.has_more)
        return Page(found.elements, stored(following), more, found.digest, restarted=restarted)

    async def _list_answer(self, feed: Feed, at: Pages) -> Response:
        resource = feed_resource(feed)
        query = [("page", str(at.page)), ("pageSize", str(self._settings.page_size)), ("includeTotal", "true")]
        query += [*resource.inactive, *FEED_QUERY.get(feed.name, ()), *self._external(resource)]
        if feed.kind == "window":
            query += [("modifiedOnOrAfter", at.after), ("modifiedBefore", at.before)]
        if resource.sortable:
            query.append(("sort", "+Id"))
        return await self._client.get(resource.path(self._settings.tenant_id), query, resource.scope)

    def _first(self) -> str:
        day = self._settings.read_from
        return midnight(day) if day else EARLIEST

    def _external(self, resource: Resource) -> list[tuple[str, str]]:
        guid = self._settings.external_data_application_guid
        return [("externalDataApplicationGuid", guid)] if resource.external_data and guid else []

    # --- objects by id ---

    async def _by_ids(self, resource: Resource, asked: list[str]) -> Page:
        query = [("ids", source_id) for source_id in asked] if resource.ids == "repeat" else [("ids", ",".join(asked))]
        query += [("pageSize", str(max(50, len(asked)))), ("includeTotal", "true"), *resource.inactive, *self._external(resource)]
        answer = await self._client.get(resource.path(self._settings.tenant_id), query, resource.scope)
        found = list_page(answer, f"{resource.name} by id")
        require_asked(found.elements, asked, f"servicetitan {resource.name} by id")
        if found.has_more:
            raise Garbled(f"servicetitan {resource.name}: more rows than the {len(asked)} ids asked for")
        return Page(found.elements, "", more=False, digest=found.digest)

    async def _with_part(self, resource: Resource, source_id: str) -> tuple[tuple[Element, ...], str]:
        """The object, and every page of its sublist as it came."""
        page = await self._by_ids(resource, [source_id])
        if not page.elements:
            return (), page.digest
        path = f"{resource.path(self._settings.tenant_id)}/{source_id}/{resource.part}"
        further: list[bytes] = []
        more = True
        while more:
            query = [("page", str(len(further) + 1)), ("pageSize", str(self._settings.page_size)), ("includeTotal", "true")]
            answer = await self._client.get(path, query, resource.scope)
            more = list_page(answer, path).has_more
            further.append(answer.body)
            if more and len(further) >= _MAX_PARTS:
                raise Transient(f"servicetitan {path}: page {len(further)} promises more without an end")
        return tuple(replace(element, further=tuple(further)) for element in page.elements), page.digest

    async def _singly(self, resource: Resource, source_id: str) -> tuple[tuple[Element, ...], str]:
        path = f"{resource.path(self._settings.tenant_id)}/{source_id}"
        try:
            answer = await self._client.get(path, (), resource.scope)
        except Absent:
            return (), ""
        found, digest = one_object(answer, path)
        return (found,), digest


def position_from(feed: Feed, day: date) -> str | None:
    """See `systems.contract.System`; a token feed reads from the day less its overlap."""
    if feed.kind == "token":
        return stored(Token(since=midnight(day)))
    return stored(Pages(after=midnight(day))) if feed.kind == "window" else None


def open_reader(access: Access) -> Reader:
    """A reading session of a connection."""
    return Reader(access)


def token_of(position: str) -> Token:
    """The position of an export feed."""
    return position_of(Token(), position, "servicetitan")


def pages_of(position: str) -> Pages:
    """The position of a list."""
    return position_of(Pages(), position, "servicetitan")


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) <= 19 and int(text) > 0
