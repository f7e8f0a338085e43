"""Calls per real second, as the gateway before the API counts them: a window that slides.

Source: developer documentation (60 calls per second per application); the form of the window is assumed.
"""

from __future__ import annotations

import time
from collections import deque


class PerSecond:
    """Counts the calls of the last second; a refused call is not counted."""

    def __init__(self) -> None:
        self._at: deque[float] = deque()
        self.refused = 0

    def wait_s(self, limit: int) -> int:
        """0 where the call may pass, else the whole seconds to wait; `limit` 0 lets everything pass."""
        now = time.monotonic()
        while self._at and self._at[0] <= now - 1.0:
            self._at.popleft()
        if limit and len(self._at) >= limit:
            self.refused += 1
            return 1
        self._at.append(now)
        return 0
