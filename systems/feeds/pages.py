"""A list that is read by numbered pages and gives its number of rows, in closed windows of time or as a whole. Pure.

A row that changes during the read leaves the window, and the rows after it move up. If the total changed during a walk, the list is walked again; hop
1 drops what comes twice. A window ends a little before the server's present time (`LAG`), because a row may be committed later than its change time
says. The next window begins at the end of this one less the overlap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from systems.feeds.positions import EARLIEST, moment_of, require_moments, stamp

LAG = timedelta(seconds=2)
MAX_WALKS = 5


@dataclass(frozen=True)
class Pages:
    """The position in such a list. It fits answers like

        {"page": 3, "pageSize": 500, "hasMore": false, "totalCount": 1432, "data": [...]}
        {"offset": 1000, "limit": 500, "count": 432, "hasMore": false, "totalResults": 1432, "items": [...]}     offset = (page - 1) * limit

    and is stored as `{"after":"2026-03-01T00:00:00.000Z","before":"2026-03-02T09:59:58.000Z","page":3,"total":1432,"walks":1}`. `after` and `before`
    bound its window ("" = none is open), `total` is the number of rows on its first page (-1 = not read yet), `walks` counts its walks.
    """

    after: str = ""
    before: str = ""
    page: int = 1
    total: int = -1
    walks: int = 1

    def __post_init__(self) -> None:
        """Refuse a text that is not an instant, and a window that has an end and no beginning."""
        require_moments(self.after, self.before)
        if self.before and self.before < EARLIEST:
            raise ValueError(f"{self.before!r} ends no window")

    def opened(self, first: str, now: datetime) -> Pages:
        """The position with an open window. A new window reaches from the end of the last one (`first` for the first window) to the server's present
        time."""
        if self.page > 1 or self.before:
            return self
        return replace(self, after=self.after or first, before=stamp(now - LAG))

    def begun(self) -> Pages:
        """The position at the first page of the window."""
        return replace(self, page=1, total=-1) if self.page > 1 else self

    def following(self, total: int, overlap: timedelta, *, has_more: bool) -> tuple[Pages, bool]:
        """The position after the present page, which shows this total, and whether the next page can be read at once."""
        known = total if self.page == 1 else self.total
        if has_more:
            return replace(self, page=self.page + 1, total=known), True
        if total != known and self.walks < MAX_WALKS:
            return replace(self, page=1, total=-1, walks=self.walks + 1), True
        if not self.before:
            return Pages(), False
        is_steady = total == known  # a window whose total kept changing is read again from its beginning
        return Pages(max(stamp(moment_of(self.before) - overlap), self.after) if is_steady else self.after), False
