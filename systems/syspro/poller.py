"""Reads SYSPRO for the pollers: AP invoices by OData on the days of their documents, other lists by COMFND behind their last key.

A polling cycle of an e.net list has its own session: it is logged on with the first page and logged off after the last, so that no seat is held
between two cycles. If one of the two services is not set up, its lists are empty. The hash of a row shows whether it changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from runtime.errors import Broken, Malformed, Refused, Transient
from runtime.exchange import Response
from runtime.json import Unreadable
from systems.contract import Access, Element, Feed, Page
from systems.feeds.continuation import Continuations
from systems.feeds.elements import Cut, digest_of, element, one_by_one
from systems.feeds.keyset import Keyset
from systems.feeds.positions import position_of, stored
from systems.syspro import odata, resources
from systems.syspro.client import Client
from systems.syspro.find import MOST_ROWS, Search, Table, Where
from systems.syspro.keys import erp_id, line_id, parts_of
from systems.syspro.models import SYSTEM, Row
from systems.syspro.resources import BY_FIND, BY_ODATA, Listed

_ALL = ("*",)
_BETWEEN = "\x1f"
"""Separates the columns of a key in a position."""
_REMEDY = "Compare the columns and the order of the table with SYSTEM.md."
_ORDERS_AT_ONCE = 50


def keyset_of(position: str) -> Keyset:
    """The position of a feed."""
    return position_of(Keyset(), position, SYSTEM)


class _Reader:
    """A poller's session. See `systems.contract.Reader`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._settings = client.settings
        self._continuations = Continuations()

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`."""
        left = keyset_of(position)
        if feed.name in BY_ODATA:
            return await self._of_odata(feed, left) if self._settings.odata_url else _nothing(position)
        if not self._settings.rest_url or (feed.name == "stock_levels" and not self._settings.stock.read_levels):
            return _nothing(position)
        try:
            found = await self._of_periods() if feed.name == "periods" else await self._of_find(feed, left)
        except BaseException:
            await self._client.log_off()
            raise
        if not found.more:
            await self._client.log_off()
        return found

    # --- OData --------------------------------------------------------------------------------------------------------

    async def _of_odata(self, feed: Feed, at: Keyset) -> Page:
        table, dates = BY_ODATA[feed.name]
        if not at.is_walking:
            first = self._settings.read_from
            at = Keyset(at.since or (first.isoformat() if first is not None else ""), self._today().isoformat(), dates)
        answer, at, why = await self._continuations.read(feed.name, partial(self._odata_rows, feed), at, at.begun())
        rows = odata.rows_of(answer, table)
        restarted = f"the key is not taken any more ({why}); {at.parts[0]} is read again from its start" if why else ""
        last = _last_key(feed, rows)
        if rows and last == at.last:
            raise Broken(f"{SYSTEM} OData {table}: the page behind {last[:60]} has that key again.", _REMEDY)
        following = at.following(last or at.last, feed.overlap, is_empty=not rows)
        return Page(
            tuple(_bill(row, body) for body, row in rows),
            stored(following),
            following.is_walking,
            digest_of(answer.body),
            restarted=restarted,
        )

    async def _odata_rows(self, feed: Feed, at: Keyset) -> Response:
        table, _ = BY_ODATA[feed.name]
        key, columns = _shape(feed)
        last = at.last.split(_BETWEEN) if at.last else [""] * len(key)
        conditions = [odata.since(at.parts[0], at.since), odata.behind(key, last)]
        return await self._client.table(table, odata.query(columns, conditions, key, self._settings.page_size))

    def _today(self) -> date:
        return self._client.calls.server_now().date()

    # --- COMFND -------------------------------------------------------------------------------------------------------

    async def _of_find(self, feed: Feed, at: Keyset) -> Page:
        listed = BY_FIND[feed.name]
        at = at if at.is_walking else Keyset(parts=_ALL)
        table, at, why = await self._continuations.read(feed.name, partial(self._find_rows, listed), at, at.begun())
        restarted = f"the key {at.last[:40]} is not taken any more ({why}); the list is read again from its start" if why else ""
        last = next(
            (_BETWEEN.join(row[name] for name in listed.key) for _, row in reversed(table.rows) if not isinstance(row, Unreadable)),
            at.last,
        )
        if table.rows and last == at.last:
            raise Transient(f"{SYSTEM} {listed.table}: no row behind {at.last[:40]} can be read")
        following = at.following(last, feed.overlap, is_empty=not table.rows or last == at.last)
        made = await self._elements(listed, table.rows)
        return Page(made, stored(following), following.is_walking, table.digest, restarted=restarted)

    def _size(self, listed: Listed) -> int:
        return (
            min(_ORDERS_AT_ONCE, self._settings.page_size)
            if listed is resources.ORDERS
            else min(self._settings.page_size, MOST_ROWS)
        )

    async def _find_rows(self, listed: Listed, at: Keyset) -> Table:
        where = []
        if at.last:
            where += _behind(listed.key, at.last.split(_BETWEEN))
        if listed is resources.ORDERS:
            first = self._today() - timedelta(days=self._settings.orders.read_days)
            where.append(Where("OrderEntryDate", "GE", first.isoformat()))
        return await self._client.find(Search(listed.table, listed.columns, tuple(where), listed.key, self._size(listed)))

    async def _elements(self, listed: Listed, rows: Sequence[Cut]) -> tuple[Element, ...]:
        """The rows with their related rows: the address of a supplier, the lines of an order."""
        further: dict[str, list[bytes]] = {}
        keys = [row[listed.key[0]] for _, row in rows if not isinstance(row, Unreadable)]
        if keys and listed is resources.SUPPLIERS:
            further = await self._belonging(resources.ADDRESSES, keys, MOST_ROWS)
        if keys and listed is resources.ORDERS:
            further = await self._belonging(resources.ORDER_LINES, keys, resources.MOST_LINES)
        made = []
        for body, row in rows:
            if isinstance(row, Unreadable):
                made.append(Element("", "", body))
                continue
            source_id = _source_id(listed, row)
            made.append(replace(element(source_id, "", body), further=tuple(further.get(row[listed.key[0]], ()))))
        return tuple(made)

    async def _belonging(self, listed: Listed, keys: Sequence[str], most: int) -> dict[str, list[bytes]]:
        """The rows of another table for consecutive keys, by key. If they do not fit into one answer, each half of the keys is asked for alone."""
        column = listed.key[0]
        between = (Where(column, "GE", keys[0]), Where(column, "LE", keys[-1]))
        found = await self._client.find(Search(listed.table, listed.columns, between, listed.key, most))
        if len(found.rows) >= most:
            if len(keys) == 1:
                raise Transient(f"{SYSTEM} {listed.table}: {most} rows or more belong to {keys[0]}")
            half = len(keys) // 2
            return await self._belonging(listed, keys[:half], most) | await self._belonging(listed, keys[half:], most)
        made: dict[str, list[bytes]] = {}
        for body, row in found.rows:
            if isinstance(row, Unreadable):
                raise Transient(f"{SYSTEM} {listed.table}: a row between {keys[0]} and {keys[-1]} cannot be read")
            made.setdefault(row.get(column, ""), []).append(body)
        return made

    # --- single objects -----------------------------------------------------------------------------------------------

    async def _of_periods(self) -> Page:
        told, body = await self._client.profile_bytes()
        return Page((element(told.get("AccountingDate", "")[:7] or "current", "", body),), stored(Keyset()), False, digest_of(body))

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects, each by its key."""
        if entity == "bill":
            return await one_by_one(source_ids, self._one_bill, f"{SYSTEM} bill")
        listed = {"vendor": resources.SUPPLIERS, "purchase_order": resources.ORDERS}.get(entity)
        if listed is None:
            raise Broken(f"{SYSTEM} does not read {entity!r} by id.", "It reads: bill, vendor, purchase_order.")
        async with self._client.cycle():
            return await one_by_one(source_ids, partial(self._one, listed), f"{SYSTEM} {entity}")

    async def _one(self, listed: Listed, source_id: str) -> tuple[tuple[Element, ...], str]:
        try:
            found = await self._client.find(
                Search(listed.table, listed.columns, (Where(listed.key[0], "EQ", source_id),), listed.key, 2)
            )
        except Malformed as error:
            raise Refused(f"{SYSTEM}: {source_id[:40]!r} is not a key of {listed.table}") from error
        return await self._elements(listed, found.rows), found.digest

    async def _one_bill(self, source_id: str) -> tuple[tuple[Element, ...], str]:
        supplier, number = parts_of(source_id)
        conditions = [f"Supplier eq {odata.quoted(supplier)}", f"Invoice eq {odata.quoted(number)}"]
        answer = await self._client.table(
            "ApInvoice", odata.query(resources.INVOICE_COLUMNS, conditions, ("Supplier", "Invoice"), 2)
        )
        rows = odata.rows_of(answer, "ApInvoice")
        return tuple(_bill(row, body) for body, row in rows), digest_of(answer.body)

    async def close(self) -> None:
        """Log off, and close the connections."""
        await self._client.close()


def _nothing(position: str) -> Page:
    return Page((), position or stored(Keyset()), False, digest_of(b""))


def _shape(feed: Feed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The key of a feed's table, and its columns."""
    if feed.name == "settlements":
        return ("Supplier", "Invoice", "EntryNumber"), resources.SETTLEMENT_COLUMNS
    return ("Supplier", "Invoice"), resources.INVOICE_COLUMNS


def _last_key(feed: Feed, rows: Sequence[Cut]) -> str:
    """The key of the last row that can be read; "" if there is none."""
    key, _ = _shape(feed)
    for _, row in reversed(rows):
        if not isinstance(row, Unreadable):
            told = odata.row_of(row)
            return _BETWEEN.join(told.get(name, "") for name in key)
    return ""


def _bill(row: object, body: bytes) -> Element:
    """An AP invoice, or the hint that one was settled."""
    try:
        told: Row = odata.row_of(row)
    except Malformed:
        return Element("", "", body)
    supplier, number = told.get("Supplier", ""), told.get("Invoice", "")
    return element(erp_id(supplier, number) if supplier and number else "", "", body)


def _behind(key: Sequence[str], last: Sequence[str]) -> list[Where]:
    """The conditions that a key follows another one. For two columns: a greater first one, or the same first and a greater second one."""
    if len(key) == 1:
        return [Where(key[0], "GT", last[0])]
    first, second = key
    return [
        Where(first, "GT", last[0], opens="(("),
        Where(first, "EQ", last[0], "Or", closes=""),
        Where(second, "GT", last[1], "And", opens="", closes="))"),
    ]


def _source_id(listed: Listed, row: Row) -> str:
    if listed is resources.ORDER_LINES:
        return line_id(row["PurchaseOrder"], row["Line"])
    return "/".join(row[name] for name in listed.key)


def position_from(feed: Feed, day: date) -> str | None:
    """The position from which AP invoices are read, given a day; None for other lists, which are read as a whole."""
    return stored(Keyset(since=day.isoformat())) if feed.kind == "window" else None


def open_reader(access: Access) -> _Reader:
    """A poller's session with one company."""
    return _Reader(Client(access))
