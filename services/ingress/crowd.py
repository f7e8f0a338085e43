"""Who is connected, and who has to go when there are too many: of one address first, the idle and unproven before the others.

A connection is *proven* by an answer 200, which only a signed request gets. What is whole and being stored is never closed for another's sake.
Of all, the oldest goes first, and idle ones before those that send, once they are older than `GRACE_S`: a sender that has just come had no
time to say anything. Every step is a few dictionary operations: under a flood they are made thousands of times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from typing import Generic, TypeVar

T = TypeVar("T")
GRACE_S = 1.0


class Standing(IntEnum):
    """What a connection is doing, in the order in which it is closed for another's sake."""

    IDLE = 0
    RECEIVING = 1
    PROVEN_IDLE = 2
    PROVEN_RECEIVING = 3
    WHOLE = 4
    """Its request is whole and is being stored: never closed for another's sake."""


class Crowd(Generic[T]):
    """At most `most` connections, at most `of_one` of an address; the address "" stands for those that are not counted by address."""

    def __init__(self, most: int, of_one: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._of_one = of_one
        self._monotonic = monotonic
        self._standing: dict[T, Standing] = {}
        self._ordered: dict[Standing, dict[T, float]] = {standing: {} for standing in Standing}
        self._address: dict[T, str] = {}
        self._at: dict[str, dict[T, None]] = {}

    def __len__(self) -> int:
        return len(self._standing)

    def __contains__(self, one: T) -> bool:
        return one in self._standing

    def all(self) -> list[T]:
        """Everybody who is there now."""
        return [*self._standing]

    def enter(self, one: T, address: str) -> T | None:
        """One more; who has to leave for it (`one` itself where nobody else can), None where there is room."""
        neighbours = self._at.setdefault(address, {})
        leaver = None
        if address and len(neighbours) >= self._of_one:
            leaver = min(neighbours, key=self._standing.__getitem__)
        elif len(self) >= self._most:
            leaver = self._oldest()
        if leaver is not None and self._standing[leaver] is Standing.WHOLE:
            leaver = one
        neighbours[one] = None
        self._address[one] = address
        self._standing[one] = Standing.IDLE
        self._ordered[Standing.IDLE][one] = self._monotonic()
        return leaver

    def _oldest(self) -> T | None:
        firsts = {standing: next(iter(found)) for standing, found in self._ordered.items() if found}
        unproven = [standing for standing in (Standing.IDLE, Standing.RECEIVING) if standing in firsts]
        since = {standing: self._ordered[standing][firsts[standing]] for standing in unproven}
        patient = [standing for standing in unproven if self._monotonic() - since[standing] > GRACE_S]
        if unproven:
            return firsts[patient[0] if patient else min(unproven, key=since.__getitem__)]
        return next(iter(firsts.values()), None)

    def move(self, one: T, standing: Standing) -> None:
        """It does something else now; the latest of its standing."""
        if one in self._standing:
            self._ordered[self._standing[one]].pop(one, None)
            self._standing[one] = standing
            self._ordered[standing][one] = self._monotonic()

    def leave(self, one: T) -> None:
        """It is gone; nothing where it was already."""
        standing = self._standing.pop(one, None)
        if standing is None:
            return
        self._ordered[standing].pop(one, None)
        address = self._address.pop(one)
        self._at[address].pop(one, None)
        if not self._at[address]:
            del self._at[address]
