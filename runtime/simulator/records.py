"""A simulated system whose records are rows of JSON: its tables, and the one way in which a change is committed and journalled.

A row is never changed in place: a change puts a new one. A system adds how a row appears in the journal and by which texts it is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from runtime.simulator.installation import Installation
from runtime.simulator.serve import Options
from runtime.simulator.store import Commit
from runtime.simulator.switches import Switches
from runtime.simulator.table import Table

Row = dict[str, Any]
S = TypeVar("S", bound=Switches)


@dataclass(frozen=True)
class Change:
    """One row that a transaction writes or deletes, with the journal's word for it; `operation` "" = not journalled."""

    kind: str
    key: str
    body: Row
    operation: str = ""
    detail: str = ""
    is_gone: bool = False


@dataclass(frozen=True)
class Telling:
    """A system's description of its rows: their kinds, how a change appears in the journal, and the members by whose texts rows of a kind
    are found."""

    kinds: tuple[str, ...]
    entry: Callable[[Change], Mapping[str, str]]
    found_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Records(Installation[S]):
    """The database. Every method that changes it is called on the event loop and commits before it returns."""

    def __init__(self, options: Options, settings: S, telling: Telling) -> None:
        super().__init__(options, settings)
        self._telling = telling
        self._tables: dict[str, Table[str, Row]] = {kind: self._table(kind) for kind in telling.kinds}
        for kind, table in self._tables.items():
            for row in self.store.all(kind):
                table.put(row["key"], row["body"])

    def _table(self, kind: str) -> Table[str, Row]:
        names = self._telling.found_by.get(kind, ())
        return Table(lambda row: [(name, str(row.get(name, ""))) for name in names], self.clock.monotonic)

    def get(self, kind: str, key: str) -> Row | None:
        """One row, or None."""
        return self._tables[kind].get(key)

    def rows(self, kind: str) -> list[Row]:
        """Every row of a kind, by key."""
        return self._tables[kind].by_key()

    def rows_with(self, kind: str, name: str, text: str, *, is_prefix: bool = False) -> list[Row]:
        """The rows whose member has this text, or begins with it, in the order of these texts. The member must be in `found_by`."""
        return self._tables[kind].rows_with(name, text, is_prefix=is_prefix)

    def commit(self, changes: Iterable[Change], request_id: str = "") -> None:
        """Write every change and its journal entry in one transaction, then show them. Either all are written or none."""
        changes, at = list(changes), self.clock.now()
        with self.store.transaction():
            for change in changes:
                if change.is_gone:
                    self.store.delete(change.kind, change.key)
                else:
                    self.store.put(change.kind, change.key, {"key": change.key, "body": change.body}, at)
                if change.operation:
                    told = self._telling.entry(change)
                    self.store.commit(
                        at, Commit(change.kind, change.operation, change.key, **told, request_id=request_id, detail=change.detail)
                    )
        for change in changes:
            if change.is_gone:
                self._tables[change.kind].delete(change.key)
            else:
                self._tables[change.kind].put(change.key, change.body)
