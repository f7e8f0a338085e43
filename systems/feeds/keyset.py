"""A query that is read by its key: each page holds the rows after the last key of the page before. It is read part by part, in windows of days or as
a whole. Pure.

A system may cut an answer without saying so, and earlier than it was asked to. A walk therefore ends at a page that is empty, never at a short
one. Rows come in the order of the system's database, which may differ from ours, so that only one thing is checked: that the walk moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from runtime.errors import Broken, Transient


@dataclass(frozen=True)
class Keyset:
    """Where such a query goes on. It fits pages like

        {"numrows": 2, "rows": [{"SETID": "SHARE", "VENDOR_ID": "0000000007"}, {"SETID": "SHARE", "VENDOR_ID": "0000000009"}]}
        SELECT id, ... WHERE id > :last ORDER BY id

    and is stored as `{"since":"2026-03-15","until":"2026-03-16","parts":["SHARE","EUR01"],"last":"0000000009"}`: `since` begins its next
    window (day, "" = open), `until` ends the one being walked ("" = none is), `parts` are still to be walked, `last` is the last key of the
    first of them.
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
        """The position at the first key of its part."""
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
    """What a walk needs to know: the name of the key, and what a person has to do if the rows do not come as they should."""

    system: str
    key: str
    remedy: str

    def whole(self, told: Sequence[str | None], last: str, most: int) -> tuple[int, str]:
        """How many rows of a page are surely whole, and the key to go on behind. `told` is each row's key, None for a row that cannot be
        read and does not tell it; the page was asked for behind `last`, with `most` rows at most. Raises `Broken` where the walk would not move.

        A full page may have been cut between two rows of its last key, so that key is left to the next page. A row that cannot be read and
        does not tell its key stands with the one before it. A page of such rows alone does not move the walk: its part ends there.
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
    """The key of each row; where it is not told that of the row before it, else of the next that tells one."""
    first = next(filter(None, told), "")
    made: list[str] = []
    for own in told:
        made.append(own if own is not None else made[-1] if made else first)
    return made


def _grouped(keys: Sequence[str]) -> list[str]:
    order = {name: number for number, name in reversed(list(enumerate(keys)))}
    return sorted(keys, key=order.__getitem__)
