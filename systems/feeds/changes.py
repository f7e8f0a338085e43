"""A query that is read by change time and key. Each page holds the rows that follow the last row of the previous page, ordered by their last change
and, within one moment, by key. It is read in windows of change time, or as a whole by key alone. Pure.

No offset is used. A row that changes during the read moves behind the rows that were already read and appears again, so no row is missed. Each page
except the first repeats the last row of the previous page, and says how many rows remain from its first row on. A page has moved, and is read again,
if it does not begin with that row, if its rows are out of order, or if it has fewer rows than it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from systems.feeds.positions import EARLIEST, moment_of, require_moments, stamp

MAX_TRIES = 5
"""How often one page is read again before its order counts as unusable."""
_STAYS_AWAY = 2
"""How often a page that does not begin with the last row is read again. After that, the last row itself was changed or removed."""
Key = tuple[str, int]
"""The last change of a row, as the system writes it ("" if the list is read by key alone), and its key."""


@dataclass(frozen=True)
class Changes:
    """The position of such a query. It fits pages like

        {"count": 2, "hasMore": true, "totalResults": 812, "items": [{"id": "1063", "lastmodified": "2026-03-16 08:00:00"}, ...]}
        SELECT ... WHERE lastmodified > :at OR (lastmodified = :at AND id >= :last) ORDER BY lastmodified, id

    and is stored as `{"since":"2026-03-16T14:45:00.000Z","began":"2026-03-16T15:00:00.000Z","at":"2026-03-16 08:00:00","last":"1063", "tries":0}`.
    `since` is when the last complete walk began ("" = there was none), `began` when the present walk began ("" = none is under way). `at` and `last`
    identify the row to continue behind ("" = none, the page is the first). `tries` counts how often the present page has moved.
    """

    since: str = ""
    began: str = ""
    at: str = ""
    last: str = ""
    tries: int = 0

    def __post_init__(self) -> None:
        """Refuse values that are no position."""
        require_moments(self.since, self.began)
        if self.last and not self.last.lstrip("-").isdecimal():
            raise ValueError(f"{self.last!r} is not a key")

    @property
    def behind(self) -> Key | None:
        """The row to continue behind; None at the beginning."""
        return (self.at, int(self.last)) if self.last else None

    def bound(self, overlap: timedelta) -> datetime | None:
        """The lower bound of the window; None if nothing was read yet."""
        return moment_of(self.since) - overlap if self.since > EARLIEST else None

    def opened(self, now: datetime) -> Changes:
        """The position with a walk under way."""
        return self if self.began else replace(self, began=stamp(now))

    def begun(self) -> Changes:
        """The position at the first row of the walk."""
        return replace(self, at="", last="", tries=0)

    def moved(self, keys: Sequence[Key | None], total: int, most: int) -> str:
        """Why a page is not the one that was asked for, in words; "" if it is. `keys` are those of its rows (None for a row whose key cannot be
        read), `total` is how many rows there are from its first row on (-1 = not given), `most` is how many were asked for."""
        told = [key for key in keys if key is not None]
        if any(after <= before for before, after in pairwise(told)):
            return "its rows are out of order"
        if self.behind is not None and (not told or told[0] != self.behind) and self.tries < _STAYS_AWAY:
            return f"it does not begin with row {self.last}"
        if total >= 0 and len(keys) < min(total, most):
            return f"it has {len(keys)} of {total} rows"
        return ""

    def again(self) -> Changes:
        """The position at the same row, because its page has moved."""
        return replace(self, tries=self.tries + 1)

    def following(self, keys: Sequence[Key | None], *, has_more: bool) -> Changes:
        """The position after a page with these rows. The next window begins when this walk began."""
        if not has_more:
            return Changes(since=self.began)
        at, last = next(key for key in reversed(keys) if key is not None)
        return replace(self, at=at, last=str(last), tries=0)
