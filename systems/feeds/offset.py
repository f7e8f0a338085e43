"""A list that is read by offset and shows neither a count nor an order; it is read by change time or as a whole. Pure.

An offset is not a snapshot. Each page except the first therefore repeats the last row of the previous page. If another row is there, the list has
moved and is read again from its first row. The next window begins at the newest change that was seen, but not after the moment at which this walk
began. Later changes are left to the next window, even if a later page shows newer rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from systems.feeds.positions import EARLIEST, moment_of
from systems.values.instants import sortable

MAX_WALKS = 100


@dataclass(frozen=True)
class Offset:
    """The position in such a list. It fits bare arrays, which are read until one is short:

        [{"id": "6f3c..", "LastModifiedDateTime": {"value": "2026-03-02T10:00:00+00:00"}, ...}, ...]

    and is stored as `{"since":"2026-03-01T00:00:00.0000000Z","skip":100,"last":"6f3c..","newest":"..","began":"..","walks":0}`: the window's
    lower bound, rows read, the last row's id, the newest change seen, the server's time when the walk began, how often the list had moved.
    """

    since: str = ""
    skip: int = 0
    last: str = ""
    newest: str = ""
    began: str = ""
    walks: int = 0

    def __post_init__(self) -> None:
        """Refuse values that are no position."""
        if self.skip < 0 or sortable(self.since) != self.since:
            raise ValueError("no place")

    @property
    def first_row(self) -> int:
        """The row to ask from: the last one that was read."""
        return max(0, self.skip - 1)

    def bound(self, overlap: timedelta) -> datetime | None:
        """The lower bound of the window; None if nothing was seen yet."""
        return moment_of(self.since) - overlap if self.since > EARLIEST else None

    def begun(self) -> Offset:
        """The position at the first row."""
        return replace(self, skip=0, last="")

    def has_moved(self, ids: Sequence[str]) -> bool:
        """Whether a page with these rows does not begin with the last row that was read."""
        return self.skip > 0 and (not ids or ids[0] != self.last)

    def again(self) -> Offset:
        """The position at the first row again, because the list has moved."""
        return replace(self.begun(), walks=self.walks + 1)

    def following(self, ids: Sequence[str], newest: str, now: str, *, has_more: bool) -> Offset:
        """The position after a page with these rows, whose newest change is `newest`; the page was read at the server's time `now`."""
        newest, began = max(self.newest, newest), self.began if self.skip else now
        if has_more:
            return Offset(self.since, self.first_row + len(ids), ids[-1], newest, began, self.walks)
        return Offset(since=min(newest, began) or self.since)
