"""Effective dating: which row of a key is in force on a day. Pure.

Fact (PeopleBooks): the row in force is the one with the latest EFFDT that is not after the day. Its EFF_STATUS holds from that date on. Rows of later
days are planned, not in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from systems.peoplesoft.rows import Row, day, text


def is_in_force(row: Row, on: date) -> bool:
    """Whether a row's EFFDT has been reached by that day. A row without an EFFDT is always in force."""
    begins = day(row, "EFFDT") if "EFFDT" in row else None
    return begins is None or begins <= on


def in_force(rows: Iterable[Row], key: Sequence[str], on: date) -> dict[tuple[str, ...], Row]:
    """The row of each key that is in force on that day. A key whose rows all begin later is left out."""
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        if not is_in_force(row, on):
            continue
        name = tuple(text(row, column) for column in key)
        known = found.get(name)
        if known is None or (day(row, "EFFDT") or date.min) >= (day(known, "EFFDT") or date.min):
            found[name] = row
    return found


def is_active(row: Row) -> bool:
    """Whether a row in force says that its value may be used."""
    return text(row, "EFF_STATUS") == "A"
