"""A simulator's state and journal, in an SQLite file outside the simulator's own memory.

A commit to the file survives `kill -9` of the simulator. The journal is the independent witness that every campaign compares with: it is
written in the transaction that changes the object, before any answer is sent.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS object (
  kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, modified TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, kind TEXT NOT NULL, operation TEXT NOT NULL, id TEXT NOT NULL,
  number TEXT NOT NULL, ref TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, date TEXT NOT NULL,
  request_id TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


@dataclass(frozen=True)
class Commit:
    """One committed write, as `/__sim__/journal` prints it.

    `kind` is the vendor's entity, `operation` create | update | release | apply | void | delete | login ..., `ref` the text by which the
    client finds the document again ("" if there is none), `amount` the document's total as a decimal string.
    """

    kind: str
    operation: str
    id: str
    number: str = ""
    ref: str = ""
    amount: str = "0.00"
    currency: str = ""
    date: str = ""
    request_id: str = ""
    detail: str = ""


def dump(value: Any) -> str:
    """JSON text in which a Decimal is a number with all its digits (never a float)."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"cannot be stored: {type(value).__name__}")


class Store:
    """Objects by (kind, key), the journal of committed writes, and counters for numbering.

    Decimals are stored as strings. Every change outside `transaction` is committed at once.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # survives kill -9 of the process, which is all that a simulator promises
        self._db.executescript(_TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commits all changes inside, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put(self, kind: str, key: str, body: dict[str, Any], modified: datetime) -> None:
        """Insert or replace an object. `modified` is its change time."""
        self._db.execute("REPLACE INTO object VALUES (?,?,?,?)", (kind, key, dump(body), _stamp(modified)))

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """The object, or None."""
        row = self._db.execute("SELECT body FROM object WHERE kind=? AND key=?", (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def delete(self, kind: str, key: str) -> None:
        """Delete an object; does nothing if there is none."""
        self._db.execute("DELETE FROM object WHERE kind=? AND key=?", (kind, key))

    def delete_all(self, kind: str) -> int:
        """Delete every object of a kind; returns how many there were."""
        return self._db.execute("DELETE FROM object WHERE kind=?", (kind,)).rowcount

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind, by key."""
        rows = self._db.execute("SELECT body FROM object WHERE kind=? ORDER BY key", (kind,))
        return [json.loads(row[0]) for row in rows]

    def next(self, counter: str, first: int = 1) -> int:
        """The next number of a series. It never repeats, not even after a restart."""
        row = self._db.execute(
            "INSERT INTO counter VALUES (?,?) ON CONFLICT(name) DO UPDATE SET value=value+1 RETURNING value", (counter, first)
        ).fetchone()
        return int(row[0])

    def commit(self, at: datetime, commit: Commit) -> int:
        """Append to the journal; returns its sequence number."""
        c = commit
        cursor = self._db.execute(
            "INSERT INTO journal (at,kind,operation,id,number,ref,amount,currency,date,request_id,detail)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (at.isoformat(), c.kind, c.operation, c.id, c.number, c.ref, c.amount, c.currency, c.date, c.request_id, c.detail),
        )
        return int(cursor.lastrowid or 0)

    def journal(self, after: int = 0) -> list[dict[str, Any]]:
        """Committed writes after sequence number `after`, in order."""
        cursor = self._db.execute("SELECT * FROM journal WHERE seq>? ORDER BY seq", (after,))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _stamp(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%f")
