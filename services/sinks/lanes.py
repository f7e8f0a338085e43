"""The lanes of one connection: how many op-keys are worked on at once, which one is next, and the pause after a failure.

A slow or broken connection blocks its own lanes only. After a failure one lane probes; the others go on once it succeeded.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from runtime.retry import Backoff
from services.sinks import reasons
from services.sinks.ceiling import REFUSALS_SEEN, nearly_all_refused

GARBLED = 3
"""So many documents whose look-ups cannot be read, and no look-up that can between them, mean that the system answers so whatever it is asked."""
_BACKOFF = Backoff(first=timedelta(seconds=1), cap=timedelta(minutes=5), floor=timedelta(milliseconds=200))


@dataclass
class Lanes:
    """The state of one connection in its owner. `ready` are op-keys that want a lane, in the order in which they asked."""

    connection: str
    count: int
    ready: deque[str] = field(default_factory=deque)
    active: int = 0
    pumping: bool = False
    closed_until: datetime | None = None
    closed_for: str = ""
    tries: int = 0
    refusals: deque[str] = field(default_factory=lambda: deque(maxlen=REFUSALS_SEEN))
    draw: random.Random = field(default_factory=random.Random)
    stopped: str = ""
    """Why this connection's sink has stopped: an invariant was broken; "" while it works."""
    unread: set[str] = field(default_factory=set)
    """Op-keys whose last look-up could not be read, since the last one that could."""

    def next(self, now: datetime) -> str | None:
        """The op-key that may go next; None while no lane is free or the connection pauses."""
        if not self.ready or not self.is_open(now) or self.active >= (1 if self.tries else self.count):
            return None
        return self.ready.popleft()

    def is_open(self, now: datetime) -> bool:
        """Whether calls may be made now."""
        if self.stopped:
            return False
        if self.closed_until is not None and now >= self.closed_until:
            self.closed_until = None
        return self.closed_until is None

    def failed(self, reason: str, asked_s: float | None, now: datetime) -> timedelta:
        """The system did not accept a call: pause the connection. Returns the length of the pause."""
        if self.closed_until is not None and now < self.closed_until:
            return self.closed_until - now
        self.tries += 1
        asked = timedelta(seconds=asked_s) if asked_s is not None else None
        wait = _BACKOFF.wait(1 if reason == reasons.THROTTLED else self.tries, self.draw, asked)
        self.closed_until, self.closed_for = now + wait, reason
        return wait

    def succeeded(self) -> None:
        """The system answered."""
        self.tries = 0
        self.closed_for = ""
        self.unread.clear()

    def garbled(self, op_key: str) -> bool:
        """Note a look-up whose answer could not be read. Whether it is the system that answers so, and not this document alone."""
        self.unread.add(op_key)
        return len(self.unread) >= GARBLED

    def judged(self, code: str) -> str:
        """Note how a write was judged: the code of its refusal, or "" if it was not refused. Returns the code with which nearly every
        recent write was refused, once, else ""."""
        self.refusals.append(code)
        nearly_all = nearly_all_refused(self.refusals) if code else ""
        if nearly_all:
            self.refusals.clear()
        return nearly_all

    def reopen(self) -> None:
        """Something changed (settings, credentials, a person resumed the connection): try at once."""
        self.closed_until, self.tries, self.closed_for = None, 0, ""
