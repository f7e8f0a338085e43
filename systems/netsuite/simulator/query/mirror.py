"""The database that SuiteQL queries: a copy of the records in SQLite, in memory, which follows them with the search lag.

A query runs in a read-only engine. With the fault `late_index`, the next change of a record is seen `seconds` later.
"""

from __future__ import annotations

import sqlite3
import time
from collections import deque
from typing import Any

from systems.netsuite.simulator.account import Account, Change, Row
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.query.functions import Functions
from systems.netsuite.simulator.query.tables import COLUMNS, declarations, rows_of

_OWNED = {
    "transaction": (("transaction", "id"), ("transactionline", "transaction"), ("transactionaccountingline", "transaction")),
    "entity": (("entity", "id"), ("subsidiaryrelationship", "entity"), ("addressbook", "entity"), ("entityaddress", "recordowner")),
}
# these names are our own, never a client's
_INSERT = {table: f"INSERT INTO [{table}_] VALUES ({','.join('?' * len(columns))})" for table, columns in COLUMNS.items()}  # noqa: S608
_LONGEST_S = 20.0


class Mirror:
    """The copy; `ask` runs a statement of SQLite."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.functions = Functions(account)
        self.functions.add(self._db)
        for statement in declarations():
            self._db.execute(statement)
        self._db.execute("PRAGMA case_sensitive_like=ON")
        self._waiting: deque[tuple[float, Row | None, Row | None]] = deque()
        self._loaded: list[Row] = []
        account.listeners.append(self._changed)

    def _changed(self, change: Change, before: Row | None) -> None:
        row = None if change.is_gone else change.row
        if change.operation == "load":
            self._loaded.append(change.row)
            return
        kind = change.row["_kind"]
        late = self._account.faults.take("late_index", path=f"/{kind}")
        lag = self._account.settings.search_lag_s + (late.seconds if late else 0.0)
        due = max(self._account.clock.monotonic() + lag, self._waiting[-1][0] if self._waiting else 0.0)
        self._waiting.append((due, row, before if row is None else None))

    def catch_up(self) -> None:
        """Show the rows that were there from the start, and then all changes that are due."""
        if self._loaded:
            self._load()
        now = self._account.clock.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, row, gone = self._waiting.popleft()
            self._show(row, gone)

    def _load(self) -> None:
        made: dict[str, list[tuple[Any, ...]]] = {}
        for row in self._loaded:
            for table, values in rows_of(self._account, row):
                made.setdefault(table, []).append(values)
        self._loaded.clear()
        self._db.execute("BEGIN")
        for table, all_values in made.items():
            self._db.executemany(_INSERT[table], all_values)
        self._db.execute("COMMIT")

    def _show(self, row: Row | None, gone: Row | None) -> None:
        for held in (row, gone):
            if held is not None:
                self._hide(held)
        if row is not None:
            self._add(row)
        elif gone is not None:
            now = self._account.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            told = (gone["id"], gone["_kind"].lower(), gone.get("tranId") or gone.get("entityId") or gone.get("name"))
            self._db.execute(_INSERT["deletedrecord"], (*told, self.functions.instant(now)))

    def _add(self, row: Row) -> None:
        for table, values in rows_of(self._account, row):
            self._db.execute(_INSERT[table], values)

    def _hide(self, row: Row) -> None:
        kind = KINDS[row["_kind"]]
        if kind.name.lower() in COLUMNS:
            self._db.execute(f"DELETE FROM [{kind.name.lower()}_] WHERE id = ?", (row["id"],))  # noqa: S608
        for table, column in _OWNED.get(kind.family, ()):
            self._db.execute(f"DELETE FROM [{table}_] WHERE [{column}] = ?", (row["id"],))  # noqa: S608
        if kind.family == "transaction":
            self._db.execute("DELETE FROM [transactionlink_] WHERE nextdoc = ?", (row["id"],))

    def ask(self, statement: str, *values: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the columns, and the rows. Raises sqlite3.Error for what the engine refuses."""
        until = time.monotonic() + _LONGEST_S
        self._db.set_progress_handler(lambda: time.monotonic() > until, 100_000)
        self._db.set_authorizer(_only_reads)
        try:
            cursor = self._db.execute(statement, values)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
        finally:
            self._db.set_authorizer(None)
            self._db.set_progress_handler(None, 0)


def _only_reads(action: int, *_: Any) -> int:
    allowed = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)
    return sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
