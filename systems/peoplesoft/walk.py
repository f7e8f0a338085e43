"""Paging by last key: how far a walk over a query's rows is, and what a page means for it. Pure.

`maxrows` cuts silently and a site may cut lower than it was asked (assumed), so a walk ends at a page that is explicitly empty, never at a
short one. Rows come ordered by their key as the database orders it, which need not be our order: what is checked is that the walk moves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date

from runtime.errors import Broken, Transient
from runtime.json import parse
from systems.peoplesoft.rows import Row, Torn

Cut = tuple[bytes, Row]
_RESET = "Reset it: `ml-connector cursors reset CONNECTION FEED [--to DATE]`."
_ORDER = "Compare the query with install/queries: ordered by its key, keys greater than the last prompt, one row in force for each."


@dataclass(frozen=True)
class Position:
    """Where a feed is. `since` begins its next window (day, "" = open), `until` ends the one being walked ("" = none is), `parts` are
    what is still to be walked, `last` the last key of the first of them."""

    since: str = ""
    until: str = ""
    parts: tuple[str, ...] = ()
    last: str = ""

    @property
    def is_walking(self) -> bool:
        """Whether a walk was begun and is not over."""
        return bool(self.parts)

    def told(self) -> str:
        """The position as it is stored."""
        return json.dumps(asdict(self), separators=(",", ":"))


def position_of(stored: str) -> Position:
    """A stored position. Raises `Broken` for one that this version cannot read."""
    if not stored:
        return Position()
    try:
        found = parse(stored.encode())
        made = Position(found["since"], found["until"], tuple(found["parts"]), found["last"])
        for day in filter(None, (made.since, made.until)):
            date.fromisoformat(day)
    except (ValueError, TypeError, KeyError) as error:
        raise Broken(f"peoplesoft: the cursor {stored[:80]!r} cannot be read.", _RESET) from error
    if not all(isinstance(one, str) for one in (made.since, made.until, made.last, *made.parts)):
        raise Broken(f"peoplesoft: the cursor {stored[:80]!r} is of another feed.", _RESET)
    return made


def complete(rows: Sequence[Cut], key: str, last: str, maxrows: int) -> tuple[Sequence[Cut], str]:
    """The rows of a page whose keys are surely whole, and the last key to go on after. Raises `Broken` where the walk would not move.

    A full page may have been cut between two rows of its last key, so that key is left to the next page. A row that cannot be read and does
    not tell its key stands with the one before it. A page of such rows alone does not move the walk: its part ends there.
    """
    keys = _keys(rows, key)
    if last and last in keys:
        raise Broken(f"peoplesoft: the page after {key} {last} has that key again.", _ORDER)
    if not all(keys) and (any(keys) or len(rows) >= maxrows):
        raise Transient(f"peoplesoft: a row without {key}")
    if keys != _grouped(keys):
        raise Broken(f"peoplesoft: rows of one {key} do not stand together.", _ORDER)
    if len(rows) < maxrows:
        return rows, (keys[-1] if keys else "") or last
    count = keys.index(keys[-1])
    if not count:
        raise Broken(f"peoplesoft: {key} {keys[-1]} alone has {len(rows)} rows or more.", _ORDER)
    return rows[:count], keys[count - 1]


def _keys(rows: Sequence[Cut], key: str) -> list[str]:
    """The key of each row; of a row that cannot be read and does not tell it, that of the row before it, else of the next that tells one."""
    told = [row.get(key, "") for _, row in rows]
    first = next(filter(None, told), "")
    made: list[str] = []
    for (_, row), own in zip(rows, told, strict=True):
        made.append(own or ((made[-1] if made else first) if isinstance(row, Torn) else ""))
    return made


def _grouped(keys: Sequence[str]) -> list[str]:
    order = {name: number for number, name in reversed(list(enumerate(keys)))}
    return sorted(keys, key=order.__getitem__)


def after(at: Position, last: str, is_empty: bool) -> Position:
    """Where a walk goes on: behind that key, or with the next part where a page was empty."""
    return replace(at, parts=at.parts[1:], last="") if is_empty else replace(at, last=last)
