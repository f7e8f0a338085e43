"""Backoff with full jitter, as pure numbers. The caller waits, by its clock."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

MAX_PAUSE = timedelta(hours=1)
"""The longest pause that another side may ask for (Retry-After); a longer one is cut to it, and asked for again."""


@dataclass(frozen=True)
class Backoff:
    """Full jitter: the wait before try n (from 1) is drawn from 0 .. min(cap, first * 2^(n-1)), and never below `floor`."""

    first: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)
    floor: timedelta = timedelta(milliseconds=50)

    def wait(self, tries: int, draw: random.Random, asked: timedelta | None = None) -> timedelta:
        """The wait before the next try: at least what the other side asked for, up to `MAX_PAUSE`."""
        ceiling: timedelta = min(self.cap, self.first * int(2 ** min(tries - 1, 30)))
        drawn = max(self.floor, ceiling * draw.random())
        return drawn if asked is None else max(drawn, min(asked, MAX_PAUSE))


@dataclass
class Pauses:
    """The pauses of one session while the other side throttles it: what was asked for, else a backoff that grows with the throttled answers
    in a row."""

    backoff: Backoff
    draw: random.Random = field(default_factory=random.Random)
    in_a_row: int = 0

    def next(self, asked: timedelta | None) -> timedelta:
        """It throttled once more: returns how long to make no calls."""
        self.in_a_row += 1
        return self.backoff.wait(self.in_a_row, self.draw, asked)

    def over(self) -> None:
        """It answered: the next pause starts small again."""
        self.in_a_row = 0
