"""Logs one line when the cluster goes away and one when it is back, however many threads of a process notice."""

from __future__ import annotations

import threading
import time

from runtime.log import log


class Outage:
    """Which threads cannot reach the cluster now. An outage begins with the first of them and is over when none is left."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._without: set[str] = set()
        self._since_s = 0.0

    def began(self, who: str, words: str) -> None:
        """This thread cannot reach the cluster; it may say so repeatedly."""
        with self._lock:
            if not self._without:
                self._since_s = time.monotonic()
                log.warning("outage", thread=who, error=words)
            self._without.add(who)

    def over(self, who: str) -> None:
        """This thread can reach the cluster again, or has ended."""
        with self._lock:
            if who not in self._without:
                return
            self._without.discard(who)
            if not self._without:
                log.info("outage_over", thread=who, lasted_s=round(time.monotonic() - self._since_s, 1))


CLUSTER = Outage()
"""The outage of this process."""
