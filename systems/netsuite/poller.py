"""Reads NetSuite for the pollers by SuiteQL: what changed, in the order of its change and id; whole lists by id; objects by their ids.

Facts (help pages on SuiteQL): a page has at most 1000 rows and a query at most 100,000 over all of its pages; an order must have no ties; offsets
drift. Every page is therefore a separate query behind the last row (`systems/feeds/changes.py`), of which only the first page is read. So no limit is
reached, even if more rows than that were saved in one second, because these are separated by their ids.

A document is its row, its lines, and the links to what it settles, each read by separate queries. If a line shows another change time than its
document, the document was changed in between, and the page is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from runtime.errors import Malformed, Refused, Transient
from systems.contract import Access, Element, Feed, Page
from systems.feeds.changes import MAX_TRIES, Changes, Key
from systems.feeds.continuation import Continuations
from systems.feeds.elements import Cut, digest_of, element, elements, require_asked, told
from systems.feeds.positions import midnight, position_of, stored
from systems.netsuite.client import MOST_ROWS, Client
from systems.netsuite.models import Listed, Row, is_id
from systems.netsuite.resources import (
    CHANGED,
    FEED_OF,
    KEY,
    PARTIES,
    SOURCES,
    Source,
    in_subsidiaries,
    lines_query,
    links_query,
    listed,
    moment,
    uses_query,
)
from systems.netsuite.wall import bound, instant
from systems.values.members import required_id, text
from systems.values.numbers import whole

_MOST_PAGES = 200
"""The most pages of lines that are read for the documents of one page."""
_DOCUMENTS = 200
"""The most documents of one page, which are read together with their lines."""


class _Moved(Exception):
    """A document changed while its lines were read."""


def changes_of(position: str) -> Changes:
    """The position of a feed."""
    return position_of(Changes(), position, "netsuite")


class _Reader:
    """A poller's session. See `systems.contract.Reader`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._continuations = Continuations()

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`."""
        source = self._source(feed.name)
        left = changes_of(position).opened(self._client.calls.server_now())
        (found, body), at, why = await self._continuations.read(feed.name, partial(self._rows, feed, source), left, left.begun())
        restarted = f"row {left.last} of the list is not taken any more ({why}); read again from its first" if why else ""
        keys = [_key(source, told(row)) for _, row in found.rows]
        words = at.moved(keys, found.total, self._size(source, at)) or await self._unconfirmed(feed, source, at, found, keys)
        new = found.rows[1:] if keys and keys[0] == at.behind else found.rows
        if found.has_more and not words and all(key is None for key in keys[len(keys) - len(new) :]):
            raise Transient(f"netsuite {feed.name}: nothing comes behind row {at.last or 'none'}, and it says that there is more")
        made: tuple[Element, ...] = ()
        if not words:
            try:
                made = await self._elements(feed.name, source, new)
            except _Moved as error:
                words = str(error)
        if words:
            if at.tries >= MAX_TRIES:
                raise Transient(f"netsuite {feed.name}: the page behind row {at.last or 'none'} moves: {words}")
            return Page((), stored(at.again()), True, digest_of(body))
        following = at.following(keys, has_more=found.has_more)
        after = Changes() if feed.kind == "full" and not found.has_more else following
        return Page(made, stored(after), found.has_more, digest_of(body), restarted=restarted)

    async def _unconfirmed(self, feed: Feed, source: Source, at: Changes, found: Listed, keys: Sequence[Key | None]) -> str:
        """Why the first of several pages, which repeats no earlier row, does not begin where the list begins; "" if it does."""
        if at.behind is not None or not found.has_more:
            return ""
        first, _ = await self._rows(feed, source, at, 1)
        begins = [_key(source, told(row)) for _, row in first.rows]
        return "" if begins == list(keys[:1]) else "the list begins with another row"

    def _source(self, name: str) -> Source:
        found = SOURCES[name]
        return in_subsidiaries(found, PARTIES[name]) if name in PARTIES and self._client.settings.subsidiary else found

    def _size(self, source: Source, at: Changes) -> int:
        own = self._client.settings.page_size
        return min((min(own, _DOCUMENTS) if source.has_lines else own) + (at.behind is not None), MOST_ROWS)

    async def _rows(self, feed: Feed, source: Source, at: Changes, most: int = 0) -> tuple[Listed, bytes]:
        """A page that begins with the last row that was read."""
        query = source.query([self._from(feed, source, at)])
        found, answer = await self._client.page(query, feed.name, most or self._size(source, at))
        return found, answer.body

    def _from(self, feed: Feed, source: Source, at: Changes) -> str:
        """The condition for the remaining rows: from the last row on; at the start, everything that the window covers."""
        if at.behind is not None:
            same = f"t.id >= {at.last}"
            if not source.changed:
                return same
            then = moment(at.at)
            return f"({source.changed} > {then} OR ({source.changed} = {then} AND {same}))"
        if feed.kind != "window":
            return ""
        settings, now = self._client.settings, self._client.calls.server_now()
        overlap = max(feed.overlap, timedelta(seconds=settings.index_lag_s))
        if (since := at.bound(overlap)) is not None:
            return f"{source.changed} >= {moment(bound(since, now, settings.time_zone))}"
        return f"{source.changed} >= {moment(f'{settings.read_from} 00:00:00')}" if settings.read_from is not None else ""

    # --- objects ------------------------------------------------------------------------------------------------------

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects, in one query. Raises `Refused` for an id that is not an internal id."""
        name = FEED_OF[entity]
        if strange := [one for one in source_ids if not is_id(one)]:
            raise Refused(f"netsuite {name}: {strange[0][:40]!r} is not an internal id")
        if not source_ids:
            return Page((), "", False, digest_of(b""))
        source = self._source(name)
        found, answer = await self._client.page(source.query([f"t.id IN ({listed(source_ids)})"]), name)
        try:
            made = await self._elements(name, source, found.rows)
        except _Moved as error:
            raise Transient(f"netsuite {name}: {error}") from error
        require_asked(made, source_ids, f"netsuite {name}")
        return Page(made, "", False, digest_of(answer.body))

    async def _elements(self, name: str, source: Source, rows: Sequence[Cut]) -> tuple[Element, ...]:
        """The elements of these rows; documents with their lines. Raises `_Moved`."""
        version = partial(self._version, self._client.calls.server_now())
        made = elements(rows, partial(_element, source, version), f"netsuite {name}, {KEY}")
        if not source.has_lines:
            return made
        ids = [one.source_id for one in made if one.source_id]
        further = await self._further(name, source, ids)
        changed = {one.source_id: told(row).get(CHANGED) for one, (_, row) in zip(made, rows, strict=True)}
        for key in ids:
            if not further.get(key) or any(row.get(CHANGED, changed[key]) != changed[key] for _, row in further[key]):
                raise _Moved(f"document {key} changed while its lines were read")
        return tuple(replace(one, further=tuple(body for body, _ in further.get(one.source_id, ()))) for one in made)

    async def _further(self, name: str, source: Source, ids: Sequence[str]) -> dict[str, list[tuple[bytes, Row]]]:
        """The rows of the lines of these documents, and of their links, by document."""
        found: dict[str, list[tuple[bytes, Row]]] = {}
        queries = [(lines_query, "lines")]
        queries += [(links_query, "links")] if source.is_settling else []
        queries += [(uses_query, "uses")] if source.is_used else []
        for query, what in queries if ids else ():
            for body, row in await self._all(partial(query, ids), f"{name} {what}"):
                found.setdefault(text(row, "transaction"), []).append((body, row))
        return found

    async def _all(self, query: Callable[[tuple[str, str] | None], str], what: str) -> list[tuple[bytes, Row]]:
        """Every row of a query by (document, id), page by page behind the last one. A row that cannot be read is asked for again later."""
        found: list[tuple[bytes, Row]] = []
        after: tuple[str, str] | None = None
        for _ in range(_MOST_PAGES):
            page, _answer = await self._client.page(query(after), what)
            rows = page.whole(what)
            keys = [(_document_id(row), _line_id(row)) for row in rows]
            last = (int(after[0]), int(after[1])) if after is not None else (0, -1)
            if any(here <= before for before, here in zip([last, *keys], keys, strict=False)):
                raise _Moved(f"the {what} are out of order")
            if page.total >= 0 and len(rows) < min(page.total, MOST_ROWS):
                raise _Moved(f"the {what} have {len(rows)} of {page.total} rows")
            found += [(body, row) for (body, _), row in zip(page.rows, rows, strict=True)]
            if not page.has_more:
                return found
            if not keys:
                break
            after = (str(keys[-1][0]), str(keys[-1][1]))
        raise Transient(f"netsuite {what}: the list has no end after {len(found)} rows")

    def _version(self, now: datetime, row: Row) -> str:
        """When a row was changed, as text that sorts by time; "" if it does not say."""
        try:
            found = instant(text(row, CHANGED), now, self._client.settings.time_zone)
        except (ValueError, Malformed):
            return ""
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")

    async def close(self) -> None:
        """End the session."""
        await self._client.close()


def _line_id(row: Row) -> int:
    """The id of a line within its document; 0 is the main line."""
    if (found := whole(text(row, KEY))) is None:
        raise Transient(f"netsuite: a line of document {text(row, 'transaction')[:20]} has no {KEY}")
    return found


def _document_id(row: Row) -> int:
    """The id of the document that a line belongs to."""
    if not (found := whole(required_id(row, "transaction"))):
        raise Transient(f"netsuite: a line names {text(row, 'transaction')[:20]!r}, which is not a document")
    return found


def _key(source: Source, row: Row) -> Key | None:
    """The key by which a row is ordered; None if it cannot be read."""
    try:
        key, at = text(row, KEY), text(row, CHANGED) if source.changed else ""
    except Malformed:
        return None
    return (at, int(key)) if is_id(key) and bool(at) == bool(source.changed) else None


def _element(source: Source, version: Callable[[Row], str], row: Row, body: bytes) -> Element:
    try:
        key = text(row, KEY)
    except Malformed:
        key = ""
    own = f"{source.kind}/{key}" if source.kind else key
    return element(own if is_id(key) else "", version(row), body)


def position_from(feed: Feed, day: date) -> str | None:
    """See `systems.contract.System`. The reader also subtracts the overlap of the window."""
    return stored(Changes(since=midnight(day))) if feed.kind == "window" else None


def open_reader(access: Access) -> _Reader:
    """A poller's session with one account."""
    return _Reader(Client(access))
