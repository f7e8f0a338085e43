"""Reads Acumatica for the pollers: lists by change time or in full, and single objects by their keys.

Facts (Integration Development Guide): a list is a bare array without count or next link, and is read until a page is short. `$orderby` is not
documented, and `$skip` is not a snapshot (`systems/feeds/offset.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from functools import partial
from typing import Any

from runtime.errors import Malformed, Refused, Transient
from runtime.exchange import Response
from runtime.json import envelope
from systems.acumatica.client import Client, Query
from systems.acumatica.models import cut
from systems.acumatica.resources import NAMES, Resource
from systems.acumatica.wire import Row, quoted, text, version_of
from systems.contract import Access, Element, Feed, Page
from systems.feeds.continuation import Continuations
from systems.feeds.elements import Cut, digest_of, element, elements, require_asked, told
from systems.feeds.offset import MAX_WALKS, Offset
from systems.feeds.positions import position_of, stored

_INQUIRY = "CompaniesStructure"


def offset_of(position: str) -> Offset:
    """The position of a feed."""
    return position_of(Offset(), position, "acumatica", later=("newest", "began", "walks"))


class _Reader:
    """A poller's session. See `systems.contract.Reader`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._continuations = Continuations()

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`."""
        if NAMES[feed.entity].vendor == _INQUIRY:
            return await self._branches()
        left, resource, size = offset_of(position), NAMES[feed.entity], self._client.settings.page_size
        answer, at, why = await self._continuations.read(feed.name, partial(self._rows, feed), left, left.begun())
        restarted = f"row {left.skip} of the list is not taken any more ({why}); read again from its first" if why else ""
        found = cut(answer, resource.vendor)
        ids = [_row_id(row) for row in found]
        if at.has_moved(ids):
            if at.walks >= MAX_WALKS:
                raise Transient(f"acumatica {resource.vendor}: the list moved {at.walks} times while it was read")
            return Page((), stored(at.again()), True, digest_of(answer.body))
        made = _elements(resource, found[1:] if at.skip else found)
        newest = max([element.source_version for element in made], default="")
        more = len(found) > size
        after = at.following(ids, newest, self._now(), has_more=more)
        return Page(
            made, stored(after if more or feed.kind == "window" else Offset()), more, digest_of(answer.body), restarted=restarted
        )

    async def _rows(self, feed: Feed, at: Offset) -> Response:
        """A page that begins with the last row that was read."""
        paged = [("$skip", str(at.first_row)), ("$top", str(self._client.settings.page_size + 1))]
        return await self._client.get(f"/{NAMES[feed.entity].vendor}", [*self._query(feed, at), *paged])

    def _query(self, feed: Feed, at: Offset) -> list[tuple[str, str]]:
        resource = NAMES[feed.entity]
        query = [("$expand", resource.expand)] if resource.expand else []
        custom = self._client.settings.custom_ref
        if custom and feed.entity in ("invoice", "payment", "bill"):
            query.append(("$custom", custom))
        if feed.kind == "window" and (bound := self._bound(feed, at)):
            query.append(("$filter", f"LastModifiedDateTime ge datetimeoffset'{bound}'"))
        return query

    def _now(self) -> str:
        """The server's present instant as version text."""
        return self._client.calls.server_now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")

    def _bound(self, feed: Feed, at: Offset) -> str:
        """Lower bound of the window: the newest change that was seen, less the overlap; at the start, the date in the settings."""
        if (since := at.bound(feed.overlap)) is not None:
            return since.isoformat(timespec="milliseconds")
        start = self._client.settings.read_from
        return f"{start.isoformat()}T00:00:00.000+00:00" if start is not None else ""

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects, read by one request for all of their keys."""
        resource = NAMES[entity]
        query: Query = [
            *self._query(Feed(entity, entity, "full", "object", timedelta(0)), Offset()),
            ("$filter", " or ".join(_is(resource, source_id) for source_id in source_ids)),
        ]
        answer = await self._client.get(f"/{resource.vendor}", query)
        found = _elements(resource, cut(answer, resource.vendor))
        require_asked(found, source_ids, f"acumatica {resource.vendor}", str.casefold)
        return Page(found, "", False, digest_of(answer.body))

    async def _branches(self) -> Page:
        """Companies and branches, read by an inquiry."""
        answer = await self._client.inquire(_INQUIRY, "Results")
        found = _elements(NAMES["branch"], cut(answer, _INQUIRY, "Results"))
        return Page(found, stored(Offset()), False, digest_of(answer.body))

    async def close(self) -> None:
        """Log out."""
        await self._client.close()


def branch_rows(answer: Response) -> list[tuple[bytes, Row]]:
    """The rows of the inquiry with their exact bytes. Raises `Transient`."""
    try:
        return envelope(answer.body, "Results")[1]
    except Malformed as error:
        raise Transient(f"acumatica {_INQUIRY}: {error}") from error


def _elements(resource: Resource, rows: Sequence[Cut]) -> tuple[Element, ...]:
    """The elements of a page. Raises `Garbled`."""
    return elements(rows, partial(_element, resource), f"acumatica {resource.vendor}, {', '.join(resource.keys)}")


def _element(resource: Resource, row: Row, body: bytes) -> Element:
    try:
        keys = [text(row, name) for name in resource.keys]
    except Malformed:
        keys = [""]
    return element("/".join(keys) if all(keys) else "", version_of(row), body)


def _row_id(row: Cut) -> str:
    """The id that the API gives each row, or the digest of its bytes if the id cannot be told."""
    found: Any = told(row[1]).get("id")
    return found if isinstance(found, str) else digest_of(row[0])


def _is(resource: Resource, source_id: str) -> str:
    """The condition that finds one object by its keys."""
    values = source_id.split("/", len(resource.keys) - 1)
    if len(values) != len(resource.keys):
        raise Refused(f"acumatica {resource.vendor}: {source_id!r} is not an id; it is {'/'.join(resource.keys)}")
    conditions = [f"{name} eq {quoted(value)}" for name, value in zip(resource.keys, values, strict=True)]
    return f"({' and '.join(conditions)})"


def position_from(feed: Feed, day: date) -> str | None:
    """See `systems.contract.System`. The reader also subtracts the overlap of the window."""
    return stored(Offset(since=f"{day.isoformat()}T00:00:00.0000000Z")) if feed.kind == "window" else None


def open_reader(access: Access) -> _Reader:
    """A poller's session with one instance."""
    return _Reader(Client(access))
