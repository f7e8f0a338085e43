"""When a case is looked at again: after real seconds (settle waits) or by the scaled clock (windows, backoff, deadlines). In memory only.

A case has one alarm. Setting a new one cancels the old one.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.sinks.cases import Case
from services.sinks.state import Wait

_SPARE = 1000
"""How many cancelled alarms a heap may contain before it is rebuilt without them."""


@dataclass
class Alarms:
    """Two heaps of (when, number, case). An alarm counts only while its number is still the case's number."""

    _looks: list[tuple[float, int, Case]] = field(default_factory=list)
    _dues: list[tuple[datetime, int, Case]] = field(default_factory=list)
    _number: int = 0
    _live: int = 0

    def put(self, case: Case, wait: Wait) -> None:
        """Set the alarm for the end of this wait. A wait for an event has no alarm."""
        self.clear(case)
        if wait.look_s is None and wait.due_at is None:
            return
        self._number += 1
        self._live += 1
        case.alarm = self._number
        if wait.look_s is not None:
            heapq.heappush(self._looks, (wait.look_s, self._number, case))
        elif wait.due_at is not None:
            heapq.heappush(self._dues, (wait.due_at, self._number, case))
        if len(self._looks) + len(self._dues) > 2 * self._live + _SPARE:
            self._sweep()

    def clear(self, case: Case) -> None:
        """Cancel the case's alarm."""
        if case.alarm:
            case.alarm = 0
            self._live -= 1

    def ringing(self, now_s: float, now: datetime) -> Iterator[Case]:
        """Every case whose wait has ended. Its alarm is removed."""
        while self._looks and self._looks[0][0] <= now_s:
            _, number, case = heapq.heappop(self._looks)
            if self._rings(number, case):
                yield case
        while self._dues and self._dues[0][0] <= now:
            _, number, case = heapq.heappop(self._dues)
            if self._rings(number, case):
                yield case

    def _rings(self, number: int, case: Case) -> bool:
        if case.alarm != number:
            return False
        self.clear(case)
        return True

    def next(self) -> tuple[float | None, datetime | None]:
        """When the earliest alarm of each kind rings: (monotonic seconds, instant); None if there is none."""
        while self._looks and self._looks[0][2].alarm != self._looks[0][1]:
            heapq.heappop(self._looks)
        while self._dues and self._dues[0][2].alarm != self._dues[0][1]:
            heapq.heappop(self._dues)
        return self._looks[0][0] if self._looks else None, self._dues[0][0] if self._dues else None

    def _sweep(self) -> None:
        self._looks = [one for one in self._looks if one[2].alarm == one[1]]
        self._dues = [one for one in self._dues if one[2].alarm == one[1]]
        heapq.heapify(self._looks)
        heapq.heapify(self._dues)
