"""The account: its records, and the only way in which a change is committed, journalled, shown to SuiteQL and announced to the scripts.

A row is JSON: amounts as decimal texts, references and enumerations as ids, instants in UTC to the second. Members with a leading underscore are the
simulator's own (`_kind`; `_applied`: what other documents took of this one). A row is never changed in place: a change replaces it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from runtime.simulator.installation import Installation
from runtime.simulator.serve import Options
from runtime.simulator.store import Commit
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.settings import Settings

Row = dict[str, Any]
_NUMBERS = ("tranId", "entityId", "name", "acctNumber", "periodName")
_SHARED = ("entity", "transaction")


@dataclass(frozen=True)
class Change:
    """One row that a transaction writes or removes. `context` says who saves, as a script sees it: REST, UI or CSV."""

    row: Row
    operation: str
    detail: str = ""
    context: str = "REST"

    @property
    def is_gone(self) -> bool:
        """Whether the row is removed."""
        return self.operation == "delete"


class Account(Installation[Settings]):
    """The database. Every method that changes it is called on the event loop and commits before it returns. `open_of` has what each entity owes or is
    owed, `used` how many transactions it has; a listener keeps both up to date."""

    def __init__(self, options: Options) -> None:
        super().__init__(options, Settings())
        self.listeners: list[Callable[[Change, Row | None], None]] = []
        self.open_of: dict[str, Decimal] = {}
        self.used: Counter[str] = Counter()
        self._lists: dict[str, dict[str, Row]] = {}
        self._kinds: dict[str, dict[str, str]] = {family: {} for family in _SHARED}
        self._found: dict[tuple[str, str, str], str] = {}

    def load(self) -> None:
        """Announce every row of an earlier run to the listeners, as `load`."""
        for kind in KINDS:
            for row in self.rows(kind):
                self._index(row, None)
                self._tell(Change(row, "load"), None)

    def _tell(self, change: Change, before: Row | None) -> None:
        for listener in self.listeners:
            listener(change, before)

    def get(self, kind: str, key: str) -> Row | None:
        """One row, or None."""
        if KINDS[kind].family in _SHARED:
            return self.store.get(kind, key)
        return self._listed(kind).get(key)

    def _listed(self, kind: str) -> dict[str, Row]:
        """The rows of a list, which are few and read all the time."""
        if kind not in self._lists:
            self._lists[kind] = {row["id"]: row for row in sorted(self.store.all(kind), key=lambda row: int(row["id"]))}
        return self._lists[kind]

    def shared(self, family: str, key: str) -> Row | None:
        """The entity or transaction with this id, of whatever type."""
        kind = self._kinds[family].get(key)
        return None if kind is None else self.get(kind, key)

    def kind_of(self, family: str, key: str) -> str | None:
        """The record type of the entity or transaction with this id."""
        return self._kinds[family].get(key)

    def by_external(self, kind: str, external: str) -> Row | None:
        """The row of a type with this external id."""
        return self.found(kind, "externalId", external)

    def found(self, kind: str, name: str, text: str) -> Row | None:
        """The row of a type that is found by `externalId`, or by `entityId` without regard to case."""
        key = self._found.get((kind, name, text if name == "externalId" else text.casefold()))
        return None if key is None else self.get(kind, key)

    def rows(self, kind: str) -> list[Row]:
        """Every row of a type, by id."""
        if KINDS[kind].family not in _SHARED:
            return list(self._listed(kind).values())
        return sorted(self.store.all(kind), key=lambda row: int(row["id"]))

    def new_id(self, kind: str) -> str:
        """The next internal id of the family of a type."""
        return self.number(KINDS[kind].family, first=1001 if KINDS[kind].family in _SHARED else 1)

    def now(self) -> datetime:
        """The present instant, to the second."""
        return self.clock.now().replace(microsecond=0)

    def commit(self, changes: Iterable[Change], request_id: str = "") -> None:
        """Write every change and its journal entry in one transaction, then show and announce them; all or none."""
        changes, at = list(changes), self.now()
        befores = [self.get(change.row["_kind"], change.row["id"]) for change in changes]
        with self.store.transaction():
            for change in changes:
                row = change.row
                if change.is_gone:
                    self.store.delete(row["_kind"], row["id"])
                else:
                    row["lastModifiedDate"] = stamp(at)
                    row.setdefault("createdDate" if KINDS[row["_kind"]].family == "transaction" else "dateCreated", stamp(at))
                    self.store.put(row["_kind"], row["id"], row, at)
                self.store.commit(self.tick(), self._entry(change, request_id))
        for change, before in zip(changes, befores, strict=True):
            self._index(None if change.is_gone else change.row, before)
            self._tell(change, before)

    def plant(self, row: Row, at: datetime | None = None) -> None:
        """Add a row as if it had always been there: without journal, announced as `load`; the caller has the transaction."""
        when = at or self.now()
        row.setdefault("lastModifiedDate", stamp(when))
        row.setdefault("createdDate" if KINDS[row["_kind"]].family == "transaction" else "dateCreated", stamp(when))
        self.store.put(row["_kind"], row["id"], row, when)
        self._index(row, None)
        self._tell(Change(row, "load"), None)

    def _index(self, row: Row | None, before: Row | None) -> None:
        self._lists.pop(str((row or before or {}).get("_kind")), None)
        for held, is_there in ((before, False), (row, True)):
            if held is None:
                continue
            family = KINDS[held["_kind"]].family
            if family in _SHARED:
                self._put(self._kinds[family], held["id"], held["_kind"] if is_there else None)
            for name in ("externalId", "entityId"):
                text = str(held.get(name) or "")
                if text:
                    key = (held["_kind"], name, text if name == "externalId" else text.casefold())
                    self._put(self._found, key, held["id"] if is_there else None)

    @staticmethod
    def _put(index: dict[Any, str], key: Any, value: str | None) -> None:
        if value is None:
            index.pop(key, None)
        else:
            index[key] = value

    def _entry(self, change: Change, request_id: str) -> Commit:
        row = change.row
        symbol = (self.get("currency", str(row.get("currency") or "1")) or {}).get("symbol", "")
        return Commit(
            kind=row["_kind"],
            operation=change.operation,
            id=row["id"],
            number=next((str(row[name]) for name in _NUMBERS if row.get(name)), ""),
            ref=str(row.get("externalId") or ""),
            amount=f"{money(row, 'total'):.2f}",
            currency=symbol if KINDS[row["_kind"]].family == "transaction" else "",
            date=str(row.get("tranDate") or ""),
            request_id=request_id,
            detail=change.detail,
        )


def stamp(instant: datetime) -> str:
    """An instant as rows hold it: UTC, to the second."""
    return (instant - (instant.utcoffset() or timedelta())).strftime("%Y-%m-%dT%H:%M:%SZ")


def money(row: Row, name: str) -> Decimal:
    """A number of a row, 0 if it has none."""
    return Decimal(row.get(name) or 0)


def cents(amount: Decimal) -> str:
    """An amount as rows hold it: two places."""
    return f"{amount:.2f}"


def applied(row: Row) -> Decimal:
    """How much of this document other documents took."""
    return sum((Decimal(amount) for amount in row.get("_applied", {}).values()), Decimal(0))


def applying(row: Row) -> Decimal:
    """How much this document applies to others."""
    return sum((money(line, "amount") for name in ("apply", "deposit") for line in _lines(row, name)), Decimal(0))


def _lines(row: Row, name: str) -> list[Row]:
    lines = row.get(name)
    return lines if isinstance(lines, list) else []


def left(row: Row) -> Decimal:
    """How much of a document is still open, or of a payment or credit is still to be applied."""
    return money(row, "total") - applied(row) - applying(row)
