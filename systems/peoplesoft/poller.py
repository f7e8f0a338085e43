"""Reads PeopleSoft for the pollers: vendors by the day of their change, whole lists by last key, vendors by their ids.

PeopleSoft sends nothing by itself. Before any read, the required service operations have to be active (operations.py); while one is not, every read
is refused with its name. The days of a window are in the database's zone and come from the server's clock, never from rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from runtime.errors import Broken, Garbled, Malformed, Refused
from systems.contract import Access, Element, Feed, Page
from systems.feeds.continuation import Continuations
from systems.feeds.elements import Cut, digest_of, element, one_by_one
from systems.feeds.keyset import Keyset
from systems.feeds.positions import position_of, stored
from systems.peoplesoft.client import Client
from systems.peoplesoft.dating import in_force, is_in_force
from systems.peoplesoft.operations import ActiveOperations, complete, listed
from systems.peoplesoft.query import ResultPage
from systems.peoplesoft.resources import CHARTFIELDS, FEED_QUERIES, QUERIES, Walked
from systems.peoplesoft.rows import Row, Torn, day
from systems.peoplesoft.settings import Settings

_ALL = "*"
"""The only part of a feed that has no parts."""
_ID_LENGTH = 10


class _Reader:
    """A poller's session. See `systems.contract.Reader`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._operations = ActiveOperations(client)
        self._continuations = Continuations()

    @property
    def _settings(self) -> Settings:
        return self._client.settings

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`."""
        await self._operations.require()
        left = keyset_of(position)
        if not left.is_walking:
            left = await self._begun(feed, left)
            if not left.is_walking:
                return Page((), stored(left), False, digest_of(b""))
        walked = FEED_QUERIES[feed.name]
        found, at, why = await self._continuations.read(feed.name, partial(self._rows, walked), left, left.begun())
        restarted = (
            f"the key {left.last[:40]} is not taken any more ({why}); {left.parts[0]} is read again from its start" if why else ""
        )
        rows = self._own(walked, at.parts[0], found)
        whole, last = complete(rows, QUERIES[walked.query].key, at.last, self._settings.page_size)
        following = at.following(last, feed.overlap, is_empty=not rows or last == at.last)
        elements = tuple(_element(walked, rows, self._today()) for rows in _grouped(walked, self._current(walked, whole)))
        return Page(elements, stored(following), following.is_walking, found.digest, restarted=restarted)

    async def _rows(self, walked: Walked, at: Keyset) -> ResultPage:
        return await self._client.page(walked.query, self._prompts(walked, at), self._settings.page_size)

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These vendors, one request each. An id of a SETID that the connection does not read counts as absent. Raises `Refused` if a text is no
        id."""
        if entity != "vendor":
            raise Broken(f"peoplesoft does not read {entity!r} by id.", "It reads: vendor.")
        await self._operations.require()
        return await one_by_one(source_ids, self._vendor, "peoplesoft vendor")

    async def _vendor(self, source_id: str) -> tuple[tuple[Element, ...], str]:
        setid, vendor_id = _parts_of_id(source_id)
        if setid not in _setids(self._settings) or len(vendor_id) > _ID_LENGTH:
            return (), ""  # certainly absent
        page = await self._client.page("VENDOR", [("SETID", setid), ("VENDOR_ID", vendor_id)], 2)
        rows = self._own(Walked("VENDOR", "SETID", ()), setid, page)
        return tuple(_element(FEED_QUERIES["vendors"], [one], self._today()) for one in rows), page.digest

    async def close(self) -> None:
        """End the session."""
        await self._client.close()

    # --- a walk -------------------------------------------------------------------------------------------------------

    async def _begun(self, feed: Feed, at: Keyset) -> Keyset:
        parts = await self._parts(FEED_QUERIES[feed.name])
        if feed.kind != "window":
            return Keyset(parts=parts)
        first = self._settings.read_from
        since = at.since or (first.isoformat() if first is not None else "")
        return Keyset(since, self._today().isoformat(), parts)

    async def _parts(self, walked: Walked) -> tuple[str, ...]:
        if walked.query == "VOUCHER_LINES" and self._settings.profile != "voucher":
            return ()  # there are no documents of ours, and the query need not be installed
        if walked.part == "SETID":
            return _setids(self._settings) if walked.query == "VENDORS" else (self._settings.setid,)
        if walked.part == "FIELDNAME":
            return CHARTFIELDS
        if walked.part == "BUSINESS_UNIT":
            units = await listed(self._client, "BUSINESS_UNITS", {}, torn=True)
            return tuple(sorted({unit for row in units if (unit := row.get("BUSINESS_UNIT"))}))
        return (_ALL,)

    def _prompts(self, walked: Walked, at: Keyset) -> list[tuple[str, str]]:
        known = {
            "SETID": self._settings.setid,
            "AS_OF": self._today().isoformat(),
            "CHANGED_FROM": at.since,
            "CHANGED_TO": at.until,
            walked.part: at.parts[0],
        }
        return [(prompt, known.get(prompt, at.last)) for prompt in QUERIES[walked.query].prompts]

    def _own(self, walked: Walked, part: str, found: ResultPage) -> list[Cut]:
        """The rows of a page that are complete and belong to the part that was asked for."""
        query = self._settings.query(walked.query)
        for _, row in found.rows:
            if walked.part and (found_part := row.get(walked.part, part)) != part:
                words = f"peoplesoft {query}: asked for {walked.part} {part}, a row has {found_part[:20]}."
                raise Broken(words, f"Compare the order of {query}'s prompts with install/queries.")
        return list(found.rows)

    def _current(self, walked: Walked, rows: Sequence[Cut]) -> list[Cut]:
        """The rows in force. Rows without effective dating are all kept, even two with one key, because nothing says which one counts. A row that
        cannot be read, or whose EFFDT cannot, is kept; the other rows of its key are left out, because nothing says which of them is in force."""
        unread = [row for _, row in rows if isinstance(row, Torn) or not _is_dated(row)]
        torn = {tuple(row.get(column) for column in walked.ids) for row in unread}
        sound = [row for _, row in rows if tuple(row.get(column) for column in walked.ids) not in torn]
        if not any("EFFDT" in row for _, row in rows):
            return list(rows)
        kept = in_force(sound, walked.ids, self._today())
        chosen = {id(row) for row in (*kept.values(), *unread)}
        return [(body, row) for body, row in rows if id(row) in chosen]

    def _today(self) -> date:
        """The present day in the database's zone."""
        return self._client.calls.server_now().astimezone(ZoneInfo(self._settings.database_zone)).date()


def position_from(feed: Feed, day: date) -> str | None:
    """See `systems.contract.System`. The day is in the database's zone."""
    return stored(Keyset(since=day.isoformat())) if feed.kind == "window" else None


def keyset_of(position: str) -> Keyset:
    """The position of a feed."""
    return position_of(Keyset(), position, "peoplesoft")


def _setids(settings: Settings) -> tuple[str, ...]:
    return settings.vendor_setids or (settings.setid,)


def _grouped(walked: Walked, rows: Sequence[Cut]) -> list[list[Cut]]:
    """The rows of each element: one row, or the consecutive rows of all lines of a document. A row that cannot be read and does not name its document
    is a separate element."""
    made: list[list[Cut]] = []
    before: list[str] = []
    for body, row in rows:
        keys = [row.get(column, "") for column in walked.ids]
        if walked.has_lines and all(keys) and keys == before:
            made[-1].append((body, row))
        else:
            made.append([(body, row)])
        before = keys
    return made


def _element(walked: Walked, rows: Sequence[Cut], today: date) -> Element:
    body, row = rows[0]
    keys = [row.get(column, "") for column in walked.ids]
    source_id = "/".join(keys) if all(keys) else ""
    if not source_id and not isinstance(row, Torn):
        raise Garbled(f"peoplesoft {walked.query}: a row without {', '.join(walked.ids)}")
    made = element(source_id, version_of(row, today), body)
    return replace(made, further=tuple(one for one, _ in rows[1:])) if len(rows) > 1 else made


def version_of(row: Row, today: date) -> str:
    """The day of a row's last change; "" if it has none. A future day counts as today, because nothing later could replace it otherwise."""
    if "LAST_MODIFIED_DATE" not in row:
        return ""
    try:
        changed = day(row, "LAST_MODIFIED_DATE")
    except Malformed:
        return ""
    return min(changed, today).isoformat() if changed is not None else ""


def _is_dated(row: Row) -> bool:
    """Whether a row says from when it is in force, or does not need to."""
    try:
        is_in_force(row, date.max)
    except Malformed:
        return False
    return True


def _parts_of_id(source_id: str) -> tuple[str, str]:
    setid, _, vendor_id = source_id.partition("/")
    if not setid or not vendor_id:
        raise Refused(f"peoplesoft vendor: {source_id[:40]!r} is not an id; it is SETID/VENDOR_ID")
    return setid, vendor_id


def open_reader(access: Access) -> _Reader:
    """A poller's session with one site."""
    return _Reader(Client(access))
