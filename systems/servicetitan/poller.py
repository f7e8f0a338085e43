"""Reads ServiceTitan: export feeds with their continuation, lists by closed time windows, whole lists, and objects by id.

A position is JSON text and holds all that its feed needs to go on; "" is the start. Facts (transactional and export API page):
`from` takes a token of this endpoint or a date; with includeRecentChanges a change is seen at once and may come again;
inactive and deleted rows are included; tokens are opaque and what a bad one answers is not documented (400 assumed).
Lists page by offset: a row that changes while it is walked leaves the window and moves the others up, so a walk whose total
changed is walked again; what comes twice is dropped downstream.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from runtime.errors import Broken, Garbled, Transient
from runtime.exchange import Response
from runtime.json import parse
from systems.continuation import Continuations
from systems.contract import Access, Element, Feed, Page
from systems.servicetitan.client import Client
from systems.servicetitan.errors import Absent, QueryRefused
from systems.servicetitan.models import export_page, list_page, newest, one_object
from systems.servicetitan.resources import FEED_QUERY, OVERLAP, RESOURCES, Resource, feed_resource
from systems.values.instants import sortable

LAG = timedelta(seconds=2)
"""A window ends this long before the server's now: a row committed with an older change time than its commit is still caught."""
MAX_WALKS = 5
MAX_PAGES = 100_000
_RESET = "Reset it: `ml-connector cursors reset CONNECTION FEED [--to DATE]`."
_FIRST = "2000-01-01T00:00:00Z"
_MOMENTS = {"since", "after", "before"}


@dataclass(frozen=True)
class Export:
    """Where an export feed goes on: its token, and the newest change time seen, for the day the token is refused."""

    token: str = ""
    since: str = ""


@dataclass(frozen=True)
class Walk:
    """Where a list goes on. `after` and `before` close its window ("" = none open), `page` is next, `total` as its first page said.

    `walks` counts how often this window was begun.
    """

    after: str = ""
    before: str = ""
    page: int = 1
    total: int = -1
    walks: int = 1


class Reader:
    """A poller's session with one tenant (see `systems.contract.Reader`)."""

    def __init__(self, access: Access) -> None:
        self._client = Client(access)
        self._settings = self._client.settings
        self._continuations = Continuations()

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`; a feed that the settings switch off has nothing."""
        if feed.name in self._settings.feeds_off:
            return Page((), position, more=False, digest="")
        try:
            if feed.kind == "token":
                return await self._export(feed, _export_of(position))
            return await self._list(feed, _walk_of(position))
        except QueryRefused as error:
            raise Broken(
                str(error), "The API may have changed; look at the refused query in the vendor's documentation."
            ) from error

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects as rows of their list. An answer with an object that was not asked for is `Garbled`, refused ids are
        `QueryRefused`: the same ids asked one by one show which of them."""
        resource = RESOURCES.get(entity)
        if resource is None:
            raise Broken(f"servicetitan does not read {entity!r}.", f"It reads: {', '.join(RESOURCES)}.")
        asked = list(dict.fromkeys(str(int(source_id)) for source_id in source_ids if _is_id(source_id)))
        if not asked:
            return Page((), "", more=False, digest="")
        if resource.ids == "path":
            return await self._singly(resource, asked)
        return await self._by_ids(resource, asked)

    async def close(self) -> None:
        """End the session."""
        await self._client.close()

    # --- export feeds ---

    async def _export(self, feed: Feed, at: Export) -> Page:
        since = self._since(at)
        answer, _, why = await self._continuations.read(feed.name, partial(self._export_answer, feed), at.token or since, since)
        restarted = f"the continuation token is not taken any more ({why}); read again from {since or 'the start'}" if why else ""
        found = export_page(answer, feed.name)
        if found.has_more and found.continue_from == at.token:
            raise Transient(f"servicetitan {feed.name}: the continuation token leads to itself")
        seen = min(newest(found.elements), _text(self._client.server_now()))
        position = _position(Export(found.continue_from, max(at.since, seen)))
        return Page(found.elements, position, found.has_more, found.digest, found.continue_from, restarted)

    async def _export_answer(self, feed: Feed, start: str) -> Response:
        resource = feed_resource(feed)
        query = [("from", start)] if start else []
        path = resource.export_path(self._settings.tenant_id)
        return await self._client.get(path, [*query, ("includeRecentChanges", "true")], resource.scope)

    def _since(self, at: Export) -> str:
        """The date to read from where there is no token: the last page's less an overlap, else the connection's first day."""
        if at.since > _FIRST:
            return _text(_instant(at.since) - OVERLAP)
        return self._first() if self._settings.read_from else ""

    # --- lists ---

    async def _list(self, feed: Feed, left: Walk) -> Page:
        if left.page == 1 and not left.before and feed.kind == "window":
            left = replace(left, after=left.after or self._first(), before=_text(self._client.server_now() - LAG))
        begun = replace(left, page=1, total=-1) if left.page > 1 else left
        answer, at, why = await self._continuations.read(feed.name, partial(self._list_answer, feed), left, begun)
        restarted = f"page {left.page} is not taken any more ({why}); read again from the first" if why else ""
        found = list_page(answer, feed.name)
        total = found.total if at.page == 1 else at.total
        if found.has_more:
            if at.page >= MAX_PAGES or not found.elements:
                raise Transient(f"servicetitan {feed.name}: page {at.page} promises more without an end")
            following, more = replace(at, page=at.page + 1, total=total), True
        elif found.total != total and at.walks < MAX_WALKS:
            following, more = replace(at, page=1, total=-1, walks=at.walks + 1), True
        else:
            following, more = _next_window(feed, at, steady=found.total == total), False
        return Page(found.elements, _position(following), more, found.digest, restarted=restarted)

    async def _list_answer(self, feed: Feed, at: Walk) -> Response:
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
        return _text(datetime.combine(day, time(), UTC)) if day else _FIRST

    def _external(self, resource: Resource) -> list[tuple[str, str]]:
        guid = self._settings.external_data_application_guid
        return [("externalDataApplicationGuid", guid)] if resource.external_data and guid else []

    # --- objects by id ---

    async def _by_ids(self, resource: Resource, asked: list[str]) -> Page:
        query = [("ids", source_id) for source_id in asked] if resource.ids == "repeat" else [("ids", ",".join(asked))]
        query += [("pageSize", str(max(50, len(asked)))), ("includeTotal", "true"), *resource.inactive, *self._external(resource)]
        answer = await self._client.get(resource.path(self._settings.tenant_id), query, resource.scope)
        found = list_page(answer, f"{resource.name} by id")
        if strange := [element.source_id for element in found.elements if element.source_id not in ("", *asked)]:
            raise Garbled(f"servicetitan {resource.name}: {strange[0]} was not asked for, the filter ids was not kept")
        if found.has_more:
            raise Garbled(f"servicetitan {resource.name}: more rows than the {len(asked)} ids asked for")
        return Page(found.elements, "", more=False, digest=found.digest)

    async def _singly(self, resource: Resource, asked: list[str]) -> Page:
        found: list[Element] = []
        digest = ""
        for source_id in asked:
            path = f"{resource.path(self._settings.tenant_id)}/{source_id}"
            try:
                answer = await self._client.get(path, (), resource.scope)
            except Absent:
                continue
            element, digest = one_object(answer, path)
            if element.source_id != source_id:
                raise Garbled(f"servicetitan {path}: the answer is {element.source_id}")
            found.append(element)
        return Page(tuple(found), "", more=False, digest=digest)


def position_from(feed: Feed, day: date) -> str | None:
    """See `systems.contract.System`; a token feed reads from the day less its overlap."""
    start = _text(datetime.combine(day, time(), UTC))
    if feed.kind == "token":
        return _position(Export(since=start))
    return _position(Walk(after=start)) if feed.kind == "window" else None


def open_reader(access: Access) -> Reader:
    """A reading session of a connection."""
    return Reader(access)


def _next_window(feed: Feed, at: Walk, *, steady: bool) -> Walk:
    """Where the next cycle begins: at the end of this window less the overlap, or at its start where no walk was steady."""
    if feed.kind == "full":
        return Walk()
    after = max(_text(_instant(at.before) - feed.overlap), at.after) if steady else at.after
    return Walk(after=after)


def _position(at: Export | Walk) -> str:
    return json.dumps(asdict(at), sort_keys=True)


def _export_of(position: str) -> Export:
    return Export(**_members(position, {"token": str, "since": str}))


def _walk_of(position: str) -> Walk:
    return Walk(**_members(position, {"after": str, "before": str, "page": int, "total": int, "walks": int}))


def _members(position: str, types: dict[str, type]) -> dict[str, Any]:
    if not position:
        return {}
    try:
        found = parse(position.encode())
        good = isinstance(found, dict) and all(type(found[name]) is kind for name, kind in types.items())
        moments = {name: sortable(found[name]) for name in _MOMENTS & set(types) if good and found[name]}
    except (ValueError, KeyError) as error:
        raise Broken(f"servicetitan: the cursor {position[:80]!r} cannot be read.", _RESET) from error
    if not good or set(found) != set(types) or not all(moments.values()) or moments.get("before", _FIRST) < _FIRST:
        raise Broken(f"servicetitan: the cursor {position[:80]!r} is of another feed.", _RESET)
    return dict(found)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) <= 19 and int(text) > 0


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _instant(text: str) -> datetime:
    """An instant of a position, to the microsecond."""
    return datetime.fromisoformat(text[:19] + "+00:00")
