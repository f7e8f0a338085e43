"""Reads Acumatica for the pollers: lists by change time or in full, and single objects by their keys.

Facts (Integration Development Guide): a list is a bare array without count or next link, read until a page is short; `$orderby` is not
documented, `$skip` is no snapshot. So each page but the first repeats the last row of the one before: where it is another row, the list moved
and is read again from its start. The next window starts at the newest change time seen, by the server's own clock, less the overlap.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from runtime.answers import server_date
from runtime.errors import Broken, Garbled, Malformed, Refused, Transient
from runtime.exchange import Request, Response
from runtime.json import Unreadable, envelope, parse
from systems.acumatica.client import Client, Query
from systems.acumatica.models import cut, digest
from systems.acumatica.resources import NAMES, Resource
from systems.acumatica.wire import Row, dumps, quoted, text, version_of
from systems.continuation import Continuations
from systems.contract import LONGEST_ID, Access, Element, Feed, Page
from systems.values.instants import sortable

_INQUIRY = "CompaniesStructure"
MAX_WALKS = 100


@dataclass(frozen=True)
class Position:
    """Where a feed is: the window's lower bound (version text, "" = none), rows read, the last row's id, the newest change time seen,
    and the server's time when the walk began: what changed later is left to the next window, also where a later page shows newer rows."""

    since: str = ""
    skip: int = 0
    last: str = ""
    newest: str = ""
    began: str = ""
    walks: int = 0
    """How often the walk was begun anew because the list moved."""


_START = Position()
_LONG_AGO = "1990"
"""Earlier change times are none: some entities have 0001-01-01 for one that never changed (assumed)."""


def position_of(stored: str) -> Position:
    """A stored position. Raises `Broken` for one that this version cannot read."""
    if not stored:
        return Position()
    try:
        found = parse(stored.encode())
        made = Position(**found)
        is_one = all(type(value) is type(getattr(_START, name)) for name, value in found.items())
        is_one = is_one and made.skip >= 0 and sortable(made.since) == made.since
    except (ValueError, TypeError) as error:
        raise _unreadable(stored) from error
    if not is_one:
        raise _unreadable(stored)
    return made


def _unreadable(stored: str) -> Broken:
    remedy = "Reset it: `ml-connector cursors reset CONNECTION FEED [--to DATE]`."
    return Broken(f"acumatica: the cursor {stored[:80]!r} cannot be read.", remedy)


class _Reader:
    """A poller's session. See `systems.contract.Reader`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._continuations = Continuations()

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`."""
        if NAMES[feed.entity].vendor == _INQUIRY:
            return await self._branches()
        left, resource = position_of(position), NAMES[feed.entity]
        size = self._client.settings.page_size
        begun = replace(left, skip=0, last="") if left.skip else left
        answer, at, why = await self._continuations.read(feed.name, partial(self._rows, feed), left, begun)
        restarted = f"row {left.skip} of the list is not taken any more ({why}); read again from its first" if why else ""
        skip = max(0, at.skip - 1)
        found = cut(answer, resource.vendor)
        if at.skip and (not found or _row_id(*found[0]) != at.last):
            if at.walks >= MAX_WALKS:
                raise Transient(f"acumatica {resource.vendor}: the list moved {at.walks} times while it was read")
            return Page((), _told(replace(at, skip=0, last="", walks=at.walks + 1)), True, digest(answer))
        fresh = found[1:] if at.skip else found
        more = len(found) > size
        elements = _elements(resource, fresh)
        newest = max([at.newest, *(element.source_version for element in elements)])
        began = at.began if at.skip else self._server_now(answer)
        after = Position(since=min(newest, began) or at.since) if feed.kind == "window" else Position()
        if more:
            after = Position(at.since, skip + len(found), _row_id(*found[-1]), newest, began, at.walks)
        return Page(elements, _told(after), more, digest(answer), restarted=restarted)

    async def _rows(self, feed: Feed, at: Position) -> Response:
        """A page from the last row that was read on, that row included."""
        paged = [("$skip", str(max(0, at.skip - 1))), ("$top", str(self._client.settings.page_size + 1))]
        return await self._client.get(f"/{NAMES[feed.entity].vendor}", [*self._query(feed, at), *paged])

    def _query(self, feed: Feed, at: Position) -> list[tuple[str, str]]:
        resource = NAMES[feed.entity]
        query = [("$expand", resource.expand)] if resource.expand else []
        custom = self._client.settings.custom_ref
        if custom and feed.entity in ("invoice", "payment", "bill"):
            query.append(("$custom", custom))
        if feed.kind == "window" and (bound := self._bound(feed, at)):
            query.append(("$filter", f"LastModifiedDateTime ge datetimeoffset'{bound}'"))
        return query

    def _server_now(self, answer: Response) -> str:
        """The server's own clock as version text; ours where it tells none."""
        now = server_date(answer) or self._client.clock.now()
        return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")

    def _bound(self, feed: Feed, at: Position) -> str:
        """Lower bound of the window: what was seen last, less the overlap; at first what the settings say."""
        if at.since > _LONG_AGO:
            since = datetime.fromisoformat(at.since[:26]).replace(tzinfo=UTC) - feed.overlap
            return since.isoformat(timespec="milliseconds")
        start = self._client.settings.read_from
        return f"{start.isoformat()}T00:00:00.000+00:00" if start is not None else ""

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects; one request finds them all by their keys."""
        resource = NAMES[entity]
        query: Query = [
            *self._query(Feed(entity, entity, "full", "object", timedelta(0)), Position()),
            ("$filter", " or ".join(_is(resource, source_id) for source_id in source_ids)),
        ]
        answer = await self._client.get(f"/{resource.vendor}", query)
        elements = _elements(resource, cut(answer, resource.vendor))
        asked = {"", *(source_id.casefold() for source_id in source_ids)}
        for element in elements:
            if element.source_id.casefold() not in asked:
                raise Garbled(f"acumatica {resource.vendor}: {element.source_id} came and was not asked for")
        return Page(elements, "", False, digest(answer))

    async def _branches(self) -> Page:
        """Companies and branches: an inquiry, read by PUT with an empty object (guide)."""
        client = self._client
        request = Request(
            "PUT", client.url(f"/{_INQUIRY}", [("$expand", "Results")]), {"Content-Type": "application/json"}, dumps({})
        )
        answer = await client.read(request, _INQUIRY)
        elements = _elements(NAMES["branch"], cut(answer, _INQUIRY, "Results"))
        return Page(elements, _told(Position()), False, digest(answer))

    async def close(self) -> None:
        """Log out."""
        await self._client.close()


def branch_rows(answer: Response) -> list[tuple[bytes, Row]]:
    """The rows of the inquiry with their exact bytes. Raises `Transient`."""
    try:
        return envelope(answer.body, "Results")[1]
    except Malformed as error:
        raise Transient(f"acumatica {_INQUIRY}: {error}") from error


def _told(at: Position) -> str:
    return json.dumps(asdict(at), separators=(",", ":"))


def _elements(resource: Resource, rows: Sequence[tuple[bytes, Any]]) -> tuple[Element, ...]:
    """The elements of a page. Rows without keys are no rows of ours where the page has no other ones. Raises `Garbled`."""
    made = tuple(_element(resource, row, body) for body, row in rows)
    if made and not any(one.source_id for one in made) and not any(isinstance(row, Unreadable) for _, row in rows):
        raise Garbled(f"acumatica {resource.vendor}: no row has {', '.join(resource.keys)}")
    return made


def _element(resource: Resource, row: Row | Unreadable, body: bytes) -> Element:
    told = row.members if isinstance(row, Unreadable) else row
    try:
        keys = [text(told, name) for name in resource.keys]
    except Malformed:
        keys = [""]
    source_id = "/".join(keys) if all(keys) else ""
    return Element(source_id if len(source_id) <= LONGEST_ID else "", version_of(told), body)


def _row_id(body: bytes, row: Row | Unreadable) -> str:
    """The id that the API gives each row; the digest of its bytes where it cannot be told."""
    told = row.members if isinstance(row, Unreadable) else row
    found = told.get("id")
    return found if isinstance(found, str) else hashlib.sha256(body).hexdigest()


def _is(resource: Resource, source_id: str) -> str:
    """The condition that finds one object by its keys."""
    values = source_id.split("/", len(resource.keys) - 1)
    if len(values) != len(resource.keys):
        raise Refused(f"acumatica {resource.vendor}: {source_id!r} is no id; it is {'/'.join(resource.keys)}")
    conditions = [f"{name} eq {quoted(value)}" for name, value in zip(resource.keys, values, strict=True)]
    return f"({' and '.join(conditions)})"


def position_from(feed: Feed, day: date) -> str | None:
    """See `systems.contract.System`; the window's overlap comes on top."""
    return _told(Position(since=f"{day.isoformat()}T00:00:00.0000000Z")) if feed.kind == "window" else None


def open_reader(access: Access) -> _Reader:
    """A poller's session with one instance."""
    return _Reader(Client(access))
