"""Reads Fusion for the pollers: lists by change time or as a whole, and single objects by their key, with all child lists read to their end.

Facts (REST framework; public clients): `limit` is silently reduced to 499, `hasMore` has been seen to be wrong, and an offset is not a snapshot. A
walk therefore continues behind the rows that came, repeats the last row of the previous page (`systems/feeds/offset.py`), and ends at a page with
nothing new, whatever `hasMore` says. `expand` returns only the first page of a child list; the others are read through its link.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date
from functools import partial
from typing import Any

from runtime.errors import Malformed, Refused, Transient
from runtime.exchange import Response
from runtime.json import Unreadable
from systems.contract import Access, Element, Feed, Page
from systems.feeds.continuation import Continuations
from systems.feeds.elements import Cut, digest_of, element, elements, one_by_one, told
from systems.feeds.offset import MAX_WALKS, Offset
from systems.feeds.positions import position_of, stored
from systems.oracle_fusion.client import Client
from systems.oracle_fusion.models import Row, children, listed
from systems.oracle_fusion.resources import CONDITIONS, NAMES, Resource, Tree, expanded
from systems.values.instants import sortable
from systems.values.members import identifier

CHANGED = "LastUpdateDate"
_MOST_PAGES = 200
"""The most pages of one child list."""
_LIFE_CYCLE = "purchaseOrderLifeCycleDetails"


def offset_of(position: str) -> Offset:
    """The position of a feed."""
    return position_of(Offset(), position, "oracle_fusion")


class _Reader:
    """A poller's session. See `systems.contract.Reader`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._continuations = Continuations()

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`."""
        left, resource = offset_of(position), NAMES[feed.entity]
        answer, at, why = await self._continuations.read(feed.name, partial(self._rows, feed), left, left.begun())
        restarted = f"row {left.skip} of the list is not taken any more ({why}); read again from its first" if why else ""
        found = listed(answer, resource.collection)
        ids = [_row_id(resource, row) for row in found.rows]
        if at.has_moved(ids):
            if at.walks >= MAX_WALKS:
                raise Transient(f"oracle_fusion {resource.collection}: the list moved {at.walks} times while it was read")
            return Page((), stored(at.again()), True, digest_of(answer.body))
        new = found.rows[1:] if at.skip else found.rows
        if found.has_more and not new:
            raise Transient(
                f"oracle_fusion {resource.collection}: nothing comes after row {at.skip}, and it says that there is more"
            )
        made = await self._elements(feed.entity, new)
        after = at.following(ids, max([one.source_version for one in made], default=""), self._now(), has_more=bool(new))
        is_kept = bool(new) or feed.kind == "window"
        return Page(made, stored(after if is_kept else Offset()), bool(new), digest_of(answer.body), restarted=restarted)

    async def _rows(self, feed: Feed, at: Offset) -> Response:
        """A page that begins with the last row that was read."""
        resource, size = NAMES[feed.entity], self._client.settings.page_size
        paged = [("limit", str(min(size + bool(at.skip), 499))), ("offset", str(at.first_row))]
        conditions = [one for one in (CONDITIONS.get(feed.name, ""), self._window(feed, at)) if one]
        query = [("q", " and ".join(conditions))] if conditions else []
        order = f"{CHANGED}:asc,{resource.order}" if feed.kind == "window" else resource.order
        return await self._client.get(resource.collection, [*query, *_expand(resource.expand), ("orderBy", order), *paged])

    def _window(self, feed: Feed, at: Offset) -> str:
        """Lower bound of the window: the newest change that was seen, less the overlap; at the start, the date in the settings."""
        if feed.kind != "window":
            return ""
        if (since := at.bound(feed.overlap)) is not None:
            return f"{CHANGED} >= '{since.isoformat(timespec='milliseconds')}'"
        start = self._client.settings.read_from
        return f"{CHANGED} >= '{start.isoformat()}T00:00:00.000+00:00'" if start is not None else ""

    def _now(self) -> str:
        """The server's present instant as version text."""
        return self._client.calls.server_now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects, each by its key."""
        resource = NAMES[entity]

        async def ask(source_id: str) -> tuple[tuple[Element, ...], str]:
            if not source_id.isdecimal():
                raise Refused(f"oracle_fusion {resource.collection}: {source_id!r} is no {resource.keys[0]}")
            query = [("q", f"{resource.keys[0]} = {source_id}"), *_expand(resource.expand)]
            answer = await self._client.get(resource.collection, query)
            return await self._elements(entity, listed(answer, resource.collection).rows), digest_of(answer.body)

        return await one_by_one(source_ids, ask, f"oracle_fusion {resource.collection}")

    async def _elements(self, entity: str, rows: Sequence[Cut]) -> tuple[Element, ...]:
        resource = NAMES[entity]
        found = elements(rows, partial(_element, resource), f"oracle_fusion {resource.collection}, {', '.join(resource.keys)}")
        return tuple([await self._whole(entity, one, row) for one, (_, row) in zip(found, rows, strict=True)])

    async def _whole(self, entity: str, one: Element, row: Any) -> Element:
        """The element with everything that its row leaves out. A row that cannot be read stays as it is."""
        if isinstance(row, Unreadable):
            return one
        what = f"{NAMES[entity].collection} {one.source_id}"
        further = await self._missing(row, NAMES[entity].children, what)
        if entity == "purchase_order" and one.source_id:
            further += await self._progress(one.source_id)
        return Element(one.source_id, one.source_version, one.body, tuple(further))

    async def _missing(self, row: Row, tree: Tree, what: str) -> list[bytes]:
        """The answers that complete the child lists of a row. Raises `Transient` for a list that cannot be completed."""
        found: list[bytes] = []
        for name, below in tree.items():
            try:
                child = children(row, name)
            except Malformed as error:
                raise Transient(f"oracle_fusion {what}: {error}") from error
            rows = child.rows
            if not child.is_whole:
                answers = await self._all(child.href, expanded(below), f"{what} {name}")
                found += [answer.body for answer in answers]
                rows = [one for answer in answers for one in listed(answer, what).whole(what)]
            for one in rows:
                found += await self._missing(one, below, f"{what} {name}")
        return found

    async def _all(self, href: str, expand: str, what: str) -> list[Response]:
        """Every page of a child list, from its first row on."""
        found: list[Response] = []
        count = 0
        while len(found) < _MOST_PAGES:
            query = [*_expand(expand), ("limit", str(self._client.settings.page_size)), ("offset", str(count))]
            answer = await self._client.follow(href, what, query)
            page = listed(answer, what)
            found.append(answer)
            count += len(page.rows)
            if not page.has_more:
                return found
            if not page.rows:
                break
        raise Transient(f"oracle_fusion {what}: the list has no end after {count} rows")

    async def _progress(self, source_id: str) -> list[bytes]:
        """The received and billed quantities of an order. Fusion gives them for one order at a time, and not for every order."""
        try:
            answer = await self._client.get(f"{_LIFE_CYCLE}/{source_id}", _expand("schedules"))
        except Refused:
            return []
        return [answer.body]

    async def close(self) -> None:
        """End the session."""
        await self._client.close()


def _expand(names: str) -> list[tuple[str, str]]:
    return [("expand", names)] if names else []


def _element(resource: Resource, row: Row, body: bytes) -> Element:
    return element(_key(resource, row), sortable(row.get(CHANGED)), body)


def _key(resource: Resource, row: Row) -> str:
    try:
        found = [identifier(row, name) for name in resource.keys]
    except Malformed:
        return ""
    return "/".join(found) if all(found) else ""


def _row_id(resource: Resource, row: Cut) -> str:
    """The id of a row, or the digest of its bytes if the id cannot be told."""
    return _key(resource, told(row[1])) or digest_of(row[0])


def position_from(feed: Feed, day: date) -> str | None:
    """See `systems.contract.System`. The reader also subtracts the overlap of the window."""
    return stored(Offset(since=f"{day.isoformat()}T00:00:00.0000000Z")) if feed.kind == "window" else None


def open_reader(access: Access) -> _Reader:
    """A poller's session with one pod."""
    return _Reader(Client(access))
