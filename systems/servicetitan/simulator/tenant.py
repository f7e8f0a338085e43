"""The tenant's state: rows by kind and id, numbering, change times, and the listeners of changes.

Every change is journalled in the transaction that makes it; webhooks are sent after it is committed. Change times never repeat and never go back, so
that a continuation token is a point in a single order. Rows are in memory and are written through to the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from runtime.simulator.installation import Installation
from runtime.simulator.serve import Options
from runtime.simulator.store import Commit
from runtime.simulator.table import Table
from systems.servicetitan.simulator.kinds import CONTACTS, KINDS
from systems.servicetitan.simulator.settings import Settings
from systems.servicetitan.simulator.shapes import Row, filled, shown

CENT = Decimal("0.01")
_CHANGED = "modifiedOn"
Listener = Callable[[str, str, Row], None]


class Missing(ValueError):
    """A verb or a request names an object that does not exist."""


class Tenant(Installation[Settings]):
    """All records of one tenant. `listeners` get (kind, operation, row) after each commit."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, Settings())
        self.tenant_id = int(self.settings.tenant_id)
        self.listeners: list[Listener] = []
        self.tables: dict[str, Table[int, Row]] = {}
        self._told: list[tuple[str, str, Row]] = []
        self._is_changing = False
        self._load()

    def get(self, kind: str, source_id: int) -> Row:
        """The row; raises `Missing`."""
        row = self.find(kind, source_id)
        if row is None:
            raise Missing(f"{kind} has no id {source_id}")
        return row

    def find(self, kind: str, source_id: int) -> Row | None:
        """The row, or None."""
        return self.tables[kind].get(int(source_id))

    def by_name(self, kind: str, name: object) -> Row:
        """The row with this name or id; raises `Missing`."""
        for row in self.rows(kind):
            if name in (row["id"], row["name"]):
                return row
        raise Missing(f"{kind} has no {name!r}")

    def unit_of(self, event: dict[str, Any]) -> Row:
        """The business unit that an event names, in the form in which documents contain it."""
        return named(self.get("business-units", int(event["business_unit"])))

    def rows(self, kind: str) -> list[Row]:
        """All rows of a kind, by id."""
        return self.tables[kind].by_key()

    def new(self, kind: str, values: Row) -> Row:
        """An unsaved row of a kind, with every declared member and the next id."""
        declared = KINDS[kind]
        source_id = values.get("id") or self.store.next(f"id/{kind}", declared.first_id)
        row = filled(declared.module, declared.schema, values | {"id": source_id})
        if "active" in row and "active" not in values:
            row["active"] = True
        return row

    def next_id(self, series: str, first: int = 1) -> int:
        """The next id of lines, splits, batches and other things inside rows."""
        return self.store.next(f"id/{series}", first)

    def save(self, kind: str, row: Row, operation: str) -> Row:
        """Write the row with a new change time and journal it; listeners are notified after the commit."""
        with self.changing():
            moment = self.tick()
            row["modifiedOn"] = instant(moment)
            row["createdOn"] = row.get("createdOn") or row["modifiedOn"]
            self.store.put(kind, key_of(row["id"]), row, moment)
            self.store.commit(moment, _commit(kind, row, operation, self.settings.currency))
            self.tables[kind].put(row["id"], row)
            self._told.append((kind, operation, row))
        return row

    def changed_since(self, kind: str, since: datetime | None, after_key: str = "", limit: int = 1_000_000) -> list[Row]:
        """Rows in the order of their changes from `since` (inclusive) and, at exactly `since`, after `after_key`."""
        return self.tables[kind].following(_CHANGED, instant(since) if since else "", int(after_key or 0), limit)

    def as_list_shows(self, kind: str, row: Row) -> Row:
        """The row in the form of the vendor's list."""
        return shown(KINDS[kind].module, KINDS[kind].schema, row)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Several changes, all or none; may be nested. Listeners are notified when the outermost one ends successfully."""
        if self._is_changing:
            yield
            return
        self._is_changing = True
        try:
            with self.store.transaction():
                yield
            told, self._told = self._told, []
        except BaseException:
            self._told = []
            self._load()
            raise
        finally:
            self._is_changing = False
        for kind, operation, row in told:
            for listener in self.listeners:
                listener(kind, operation, row)

    def _load(self) -> None:
        self.tables = {kind: Table(lambda row: [(_CHANGED, row[_CHANGED])], self.clock.monotonic) for kind in (*KINDS, CONTACTS)}
        for kind, table in self.tables.items():
            for row in self.store.all(kind):
                table.put(row["id"], row)
            if len(table):
                self.last = max(self.last, parsed(table.last_text(_CHANGED)))


def _commit(kind: str, row: Row, operation: str, currency: str) -> Commit:
    declared = KINDS.get(kind)
    if declared is None:
        return Commit(kind, operation, str(row["id"]))
    return Commit(
        kind=kind,
        operation=operation,
        id=str(row["id"]),
        ref=next((str(one["value"]) for one in row.get("_externalData") or ()), ""),
        number=str(row.get(declared.number) or ""),
        amount=money(row.get(declared.amount) or 0) if declared.amount else "0.00",
        currency=currency,
        date=str(row.get(declared.date) or "")[:10] if declared.date else "",
    )


def named(row: Row) -> Row:
    """A row in the form in which others refer to it: id and name."""
    return {"id": row["id"], "name": row["name"]}


def key_of(source_id: int | str) -> str:
    """The key under which a row is stored; keys sort ids by number."""
    return f"{int(source_id):019d}"


def instant(moment: datetime) -> str:
    """An instant as the API writes it: UTC with seven places."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def midnight(day: date) -> str:
    """A calendar date as the API writes it: midnight Z of that date, whatever the zone."""
    return f"{day.isoformat()}T00:00:00Z"


def parsed(text: str) -> datetime:
    """An instant or a day of a request or a row as an aware instant. Raises ValueError."""
    found = datetime.fromisoformat(text.strip().replace(" ", "+"))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def cents(value: Any) -> Decimal:
    """An amount rounded half up to cents."""
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)


def money(value: Any) -> str:
    """An amount as text with two places."""
    return str(cents(value) + 0)


def day_of(text: str | None, otherwise: date) -> date:
    """A day from a verb or a request (date or instant); `otherwise` if there is none. Raises ValueError."""
    if not text:
        return otherwise
    moment = datetime.fromisoformat(str(text))
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
