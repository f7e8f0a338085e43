"""One line when the cluster goes away and one when it is back, however many threads of a process notice."""

from __future__ import annotations

import threading
import time

from runtime.log import log


class Outage:
    """Who cannot reach the cluster now. It begins with the first and is over when nobody is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._without: set[str] = set()
        self._since_s = 0.0

    def began(self, who: str, words: str) -> None:
        """Somebody cannot reach the cluster; said as often as one likes."""
        with self._lock:
            if not self._without:
                self._since_s = time.monotonic()
                log.warning("outage", thread=who, error=words)
            self._without.add(who)

    def over(self, who: str) -> None:
        """Somebody can, or has ended."""
        with self._lock:
            if who not in self._without:
                return
            self._without.discard(who)
            if not self._without:
                log.info("outage_over", thread=who, lasted_s=round(time.monotonic() - self._since_s, 1))


CLUSTER = Outage()
"""Of this process."""
