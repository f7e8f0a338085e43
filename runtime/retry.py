"""Backoff with full jitter, as pure numbers; whoever waits uses the clock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Backoff:
    """Full jitter: the wait before try n (from 1) is drawn from 0 .. min(cap, first * 2^(n-1)), and never below `floor`."""

    first: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)
    floor: timedelta = timedelta(milliseconds=50)

    def wait(self, tries: int, draw: random.Random, asked: timedelta | None = None) -> timedelta:
        """The wait before the next try; what the other side asked for is the least, up to the cap."""
        ceiling: timedelta = min(self.cap, self.first * int(2 ** min(tries - 1, 30)))
        drawn = max(self.floor, ceiling * draw.random())
        return drawn if asked is None else max(drawn, min(asked, self.cap))
