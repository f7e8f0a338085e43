"""A query that is read by its key: each page holds the rows after the last key of the previous page. It is read part by part, in windows of days or
as a whole. Pure.

A system may truncate an answer without saying so, below the size that was asked for. A walk therefore ends at an empty page, never at a short one.
Rows come in the order of the system's database, which may differ from ours. Only one thing is checked: that the walk moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from runtime.errors import Broken, Transient


@dataclass(frozen=True)
class Keyset:
    """The position of such a query. It fits pages like

        {"numrows": 2, "rows": [{"SETID": "SHARE", "VENDOR_ID": "0000000007"}, {"SETID": "SHARE", "VENDOR_ID": "0000000009"}]}
        SELECT id, ... WHERE id > :last ORDER BY id

    and is stored as `{"since":"2026-03-15","until":"2026-03-16","parts":["SHARE","EUR01"],"last":"0000000009"}`. `since` is the day on which the next
    window begins ("" = open), `until` the day on which the present one ends ("" = no walk is under way). `parts` are the parts that remain, and
    `last` is the last key that was read of the first of them.
    """

    since: str = ""
    until: str = ""
    parts: tuple[str, ...] = ()
    last: str = ""

    def __post_init__(self) -> None:
        """Refuse a text that is not a day."""
        for day in filter(None, (self.since, self.until)):
            date.fromisoformat(day)

    @property
    def is_walking(self) -> bool:
        """Whether a walk has begun and has not ended."""
        return bool(self.parts)

    def begun(self) -> Keyset:
        """The position at the first key of the part."""
        return replace(self, last="")

    def following(self, last: str, overlap: timedelta, *, is_empty: bool) -> Keyset:
        """The position after a page that ends with this key. It is in the same part, or in the next part if the page was empty, or in the next
        window, which begins at the end of this one less the overlap."""
        made = replace(self, parts=self.parts[1:], last="") if is_empty else replace(self, last=last)
        if made.is_walking:
            return made
        return Keyset(max((date.fromisoformat(self.until) - overlap).isoformat(), self.since)) if self.until else Keyset()


@dataclass(frozen=True)
class Order:
    """What a walk needs to know: the name of the key, and what a person has to do if rows come out of order."""

    system: str
    key: str
    remedy: str

    def whole(self, told: Sequence[str | None], last: str, most: int) -> tuple[int, str]:
        """How many rows of a page are certainly complete, and the key to continue behind. `told` is the key of each row (None for a row whose key
        cannot be read). The page was asked for behind the key `last`, with at most `most` rows. Raises `Broken` if the walk would not move.

        A full page may have been cut between two rows of its last key, so that key is left to the next page. A row whose key cannot be read counts
        with the row before it. A page that holds only such rows does not move the walk: its part ends there.
        """
        keys = _filled(told)
        if last and last in keys:
            raise self._broken(f"the page after {self.key} {last} has that key again")
        if not all(keys) and (any(keys) or len(keys) >= most):
            raise Transient(f"{self.system}: a row without {self.key}")
        if keys != _grouped(keys):
            raise self._broken(f"rows of one {self.key} do not stand together")
        if len(keys) < most:
            return len(keys), (keys[-1] if keys else "") or last
        count = keys.index(keys[-1])
        if not count:
            raise self._broken(f"{self.key} {keys[-1]} alone has {len(keys)} rows or more")
        return count, keys[count - 1]

    def _broken(self, words: str) -> Broken:
        return Broken(f"{self.system}: {words}.", self.remedy)


def _filled(told: Sequence[str | None]) -> list[str]:
    """The key of each row. A row without a readable key takes that of the row before it, or else that of the next row that has one."""
    first = next(filter(None, told), "")
    made: list[str] = []
    for own in told:
        made.append(own if own is not None else made[-1] if made else first)
    return made


def _grouped(keys: Sequence[str]) -> list[str]:
    order = {name: number for number, name in reversed(list(enumerate(keys)))}
    return sorted(keys, key=order.__getitem__)
