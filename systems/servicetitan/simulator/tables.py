"""The tenant's rows in memory, written through to the store: by id and in the order of their changes."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class Table:
    """Rows of one kind. `changes` holds (modifiedOn, id) in order, each row once; `shown` keeps rows as they were last written out."""

    rows: dict[int, Row] = field(default_factory=dict)
    changes: list[tuple[str, int]] = field(default_factory=list)
    shown: dict[tuple[int, str], bytes] = field(default_factory=dict)
    _stamp_of: dict[int, str] = field(default_factory=dict)
    _views: set[str] = field(default_factory=set)

    def put(self, row: Row, stamp: str) -> None:
        """Insert or replace a row that changed at `stamp`."""
        key = row["id"]
        before = self._stamp_of.get(key)
        if before is not None:
            del self.changes[bisect_left(self.changes, (before, key))]
            for view in self._views:
                self.shown.pop((key, view), None)
        insort(self.changes, (stamp, key))
        self._stamp_of[key] = stamp
        self.rows[key] = row

    def between(self, after: str, before: str) -> Iterator[Row]:
        """Rows changed from `after` (inclusive) to `before` (exclusive), in the order of their changes."""
        start, end = bisect_left(self.changes, (after, 0)), bisect_left(self.changes, (before, 0))
        return (self.rows[key] for _, key in self.changes[start:end])

    def following(self, position: tuple[str, int], before: str, limit: int) -> tuple[list[tuple[str, int]], bool]:
        """At most `limit` changes after `position` and before the instant `before`, and whether there are more."""
        start, end = bisect_left(self.changes, (position[0], position[1] + 1)), bisect_left(self.changes, (before, 0))
        return self.changes[start : min(end, start + limit)], start + limit < end

    def keep(self, key: int, view: str, body: bytes) -> bytes:
        """Remember how a row looks in a view until it changes."""
        self._views.add(view)
        self.shown[(key, view)] = body
        return body
