"""The lanes of one connection: how many op-keys are worked at once, who is next, and the pause after a failure.

One slow or broken connection keeps its own lanes only. After a failure one lane probes; the others go on when it succeeded.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from runtime.retry import Backoff
from services.sinks import reasons
from services.sinks.ceiling import REFUSALS_SEEN

_BACKOFF = Backoff(first=timedelta(seconds=1), cap=timedelta(minutes=5), floor=timedelta(milliseconds=200))


@dataclass
class Lanes:
    """State of one connection in its owner. `start` runs one op-key and must not wait."""

    connection: str
    count: int
    start: Callable[[str], None]
    ready: deque[str] = field(default_factory=deque)
    waiting_turn: set[str] = field(default_factory=set)
    active: int = 0
    closed_until: datetime | None = None
    closed_for: str = ""
    tries: int = 0
    refusals: deque[str] = field(default_factory=lambda: deque(maxlen=REFUSALS_SEEN))
    draw: random.Random = field(default_factory=random.Random)

    def put(self, op_key: str) -> None:
        """It wants a lane; asking twice is asking once."""
        if op_key not in self.waiting_turn:
            self.waiting_turn.add(op_key)
            self.ready.append(op_key)

    def pump(self, now: datetime) -> None:
        """Start as many as lanes are free."""
        if self.closed_until is not None:
            if now < self.closed_until:
                return
            self.closed_until = None
        allowed = 1 if self.tries else self.count
        while self.ready and self.active < allowed:
            op_key = self.ready.popleft()
            self.waiting_turn.discard(op_key)
            self.active += 1
            self.start(op_key)

    def freed(self) -> None:
        """A lane is free again."""
        self.active -= 1

    def failed(self, reason: str, asked_s: float | None, now: datetime) -> timedelta:
        """The system did not take a call: pause the connection and say for how long."""
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

    def reopen(self) -> None:
        """Something changed (settings, credentials, a person resumed): try at once."""
        self.closed_until, self.tries, self.closed_for = None, 0, ""
