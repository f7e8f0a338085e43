"""Ends the process when a call does not keep its own time limit.

librdkafka's `send_offsets_to_transaction` ignores its time-out while the group's coordinator is away, and may wait forever after a broker
was restarted (librdkafka issue 5456; seen here with 2.16.0 when the broker was killed twice). Such a call cannot be interrupted. The
process ends with 70 and is started again by its supervisor; the new process aborts the open transaction.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runtime.errors import EXIT_SOFTWARE
from runtime.log import log

_LOOK_S = 1.0


class Overdue:
    """Watches calls in progress, with one daemon thread that starts with the first call. `end` does not return."""

    def __init__(self, end: Callable[[int], object] = os._exit, look_s: float = _LOOK_S) -> None:
        self._end, self._look_s = end, look_s
        self._due: dict[object, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self, call: str, seconds: float) -> Iterator[None]:
        """A context for a call that has to return within this many seconds."""
        token = object()
        with self._lock:
            self._due[token] = (call, time.monotonic() + seconds)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="overdue", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._due[token]

    def _watch(self) -> None:
        while True:
            time.sleep(self._look_s)
            now = time.monotonic()
            with self._lock:
                late = [(call, now - due) for call, due in self._due.values() if due < now]
            if late:
                call, over_s = late[0]
                remedy = "the process ends and is to be started again"
                log.error("call_does_not_return", call=call, over_s=round(over_s, 1), remedy=remedy)
                self._end(EXIT_SOFTWARE)
                return


overdue = Overdue()
"""The watch of this process."""
