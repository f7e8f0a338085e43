"""The tenant's rows in memory, written through to the store: by id and in the order of their changes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class Table:
    """Rows of one kind. `changes` holds (modifiedOn, id) in order, each row once."""

    rows: dict[int, Row] = field(default_factory=dict)
    changes: list[tuple[str, int]] = field(default_factory=list)
    _stamp_of: dict[int, str] = field(default_factory=dict)

    def put(self, row: Row, stamp: str) -> None:
        """Insert or replace a row that changed at `stamp`."""
        key = row["id"]
        before = self._stamp_of.get(key)
        if before is not None:
            del self.changes[bisect_left(self.changes, (before, key))]
        insort(self.changes, (stamp, key))
        self._stamp_of[key] = stamp
        self.rows[key] = row

    def following(self, stamp: str, after_id: int, limit: int) -> list[Row]:
        """At most `limit` rows changed at or after `stamp`; of those at exactly `stamp` the ones with a larger id."""
        start = bisect_right(self.changes, (stamp, after_id))
        return [self.rows[key] for _, key in self.changes[start : start + limit]]
