"""Which connections are open, and which one is closed when there are too many. Of the connections of one address, idle and unproven ones
are closed first.

A connection is *proven* once it got an answer 200, which only a signed request gets. A connection whose request is complete and being
stored is never closed in favour of another one. If there are too many in total, the oldest is closed first, and idle ones before those that
send, once they are older than `GRACE_S`: a sender that has just connected had no time to send anything. Every method needs only a few
dictionary operations, because a flood calls them thousands of times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import IntEnum
from typing import Generic, TypeVar

T = TypeVar("T")
GRACE_S = 1.0


class Phase(IntEnum):
    """What a connection is doing, in the order in which connections are closed in favour of others."""

    IDLE = 0
    RECEIVING = 1
    PROVEN_IDLE = 2
    PROVEN_RECEIVING = 3
    WHOLE = 4
    """Its request is complete and is being stored. It is never closed in favour of another connection."""


class Crowd(Generic[T]):
    """At most `most` connections, and at most `of_one` of an address. The address "" stands for those that are not counted by address."""

    def __init__(self, most: int, of_one: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._of_one = of_one
        self._monotonic = monotonic
        self._phase: dict[T, Phase] = {}
        self._ordered: dict[Phase, dict[T, float]] = {phase: {} for phase in Phase}
        self._address: dict[T, str] = {}
        self._at: dict[str, dict[T, None]] = {}

    def __len__(self) -> int:
        return len(self._phase)

    def __contains__(self, one: T) -> bool:
        return one in self._phase

    def all(self) -> list[T]:
        """All connections that are open now."""
        return [*self._phase]

    def enter(self, one: T, address: str) -> T | None:
        """Add a connection. Returns the one to close for it (`one` itself if no other may be closed), or None if there is room."""
        neighbours = self._at.setdefault(address, {})
        leaver = None
        if address and len(neighbours) >= self._of_one:
            leaver = min(neighbours, key=self._phase.__getitem__)
        elif len(self) >= self._most:
            leaver = self._oldest()
        if leaver is not None and self._phase[leaver] is Phase.WHOLE:
            leaver = one
        neighbours[one] = None
        self._address[one] = address
        self._phase[one] = Phase.IDLE
        self._ordered[Phase.IDLE][one] = self._monotonic()
        return leaver

    def _oldest(self) -> T | None:
        firsts = {phase: next(iter(found)) for phase, found in self._ordered.items() if found}
        unproven = [phase for phase in (Phase.IDLE, Phase.RECEIVING) if phase in firsts]
        since = {phase: self._ordered[phase][firsts[phase]] for phase in unproven}
        patient = [phase for phase in unproven if self._monotonic() - since[phase] > GRACE_S]
        if unproven:
            return firsts[patient[0] if patient else min(unproven, key=since.__getitem__)]
        return next(iter(firsts.values()), None)

    def move(self, one: T, phase: Phase) -> None:
        """Note a connection's new phase. It is then the latest to have entered that phase."""
        if one in self._phase:
            self._ordered[self._phase[one]].pop(one, None)
            self._phase[one] = phase
            self._ordered[phase][one] = self._monotonic()

    def leave(self, one: T) -> None:
        """Remove a connection that is closed. Does nothing if it was removed before."""
        phase = self._phase.pop(one, None)
        if phase is None:
            return
        self._ordered[phase].pop(one, None)
        address = self._address.pop(one)
        self._at[address].pop(one, None)
        if not self._at[address]:
            del self._at[address]
