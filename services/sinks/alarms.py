"""When an op-key is looked at again: by real seconds (settle waits) or by the scaled clock (windows, backoff, deadlines). In memory only."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.sinks.state import Wait


@dataclass
class Alarms:
    """Two heaps. An alarm may ring for a key that has moved on since; whoever hears it looks at the key's present state."""

    _looks: list[tuple[float, str]] = field(default_factory=list)
    _dues: list[tuple[datetime, str]] = field(default_factory=list)

    def put(self, op_key: str, wait: Wait) -> None:
        """Ring when this wait ends; a wait for something to happen has no alarm."""
        if wait.look_s is not None:
            heapq.heappush(self._looks, (wait.look_s, op_key))
        elif wait.due_at is not None:
            heapq.heappush(self._dues, (wait.due_at, op_key))

    def ringing(self, now_s: float, now: datetime) -> Iterator[str]:
        """Every op-key whose wait has ended."""
        while self._looks and self._looks[0][0] <= now_s:
            yield heapq.heappop(self._looks)[1]
        while self._dues and self._dues[0][0] <= now:
            yield heapq.heappop(self._dues)[1]
