"""What happens in the middle of the day, spread evenly over it. An accident that waits for a condition happens as soon as it is met, and delays no
other."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from console.books.ledgers import held_entries
from console.demo.processes import Say
from console.reading import Cluster

_PATIENCE_S = 180.0


@dataclass(frozen=True)
class Accident:
    """Something that happens in the middle of the day. `missing` says what it waits for, "" if it may happen now; it may read topics, and runs in a
    thread."""

    name: str
    happen: Callable[[], Awaitable[None]]
    missing: Callable[[], str] = str


def never_held(cluster: Cluster, connection: str, reason: str) -> str:
    """What an act waits for that happens once a document is held for this reason; "" if one is, or if there is no such reason."""
    if not reason or any(entry["reason"] == reason for entry in held_entries(cluster, connection)):
        return ""
    return f"a document held as {reason}"


class Accidents:
    """The accidents of a day, in order. Those that wait do so for at most `patience_s` real seconds after the day is over. Then they happen without
    their condition, and that is reported."""

    def __init__(self, planned: Sequence[Accident], say: Say, patience_s: float = _PATIENCE_S) -> None:
        self._planned, self._say, self._patience_s = planned, say, patience_s
        self._due: list[Accident] = []
        self._told: set[int] = set()
        self._begun = 0
        self._deadline = math.inf

    async def up_to(self, part: float) -> bool:
        """Carry out what is due when that part of the day is over. Returns whether the day is over and every accident has happened."""
        count = len(self._planned)
        while self._begun < count and part >= (self._begun + 1) / (count + 1):
            self._due.append(self._planned[self._begun])
            self._begun += 1
        if part >= 1:
            self._deadline = min(self._deadline, time.monotonic() + self._patience_s)
        self._due = [one for one in self._due if not await self._happened(one)]
        return part >= 1 and not self._due

    async def _happened(self, one: Accident) -> bool:
        missing = await asyncio.to_thread(one.missing)
        if missing and time.monotonic() < self._deadline:
            if id(one) not in self._told:
                self._say(f"not yet: {one.name}: it waits for {missing}")
                self._told.add(id(one))
            return False
        self._say(f"accident: {one.name}" + (f", though there never was {missing}" if missing else ""))
        await one.happen()
        return True
