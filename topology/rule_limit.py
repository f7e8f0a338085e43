"""A limit for rules that do not end. Hops run pure rules; one that loops forever over a record would stop the hop for every connection.

A rule is interrupted by an exception in its own thread when the process has used the limit of processor time since the rule began. Time in
which the machine is busy with something else, suspended or stopped does not count. A rule that waits without computing, or that never
leaves one call of C code, cannot be interrupted; the loop then ends the process (70) because the agent does not answer.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LIMIT_S = 10.0
"""Processor time for a batch or a part of one, in seconds. A batch of only the largest records takes a fraction of it."""
_LOOK_S = 0.5
_AT_WORK = 0.05
"""The share of a processor that the process uses at least while a rule computes, however busy the machine is. A rule that waits uses none."""
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc


class Endless(RuntimeError):
    """A rule was interrupted."""

    def __init__(self) -> None:
        super().__init__(f"the rule did not end within {RULES.limit_s:g} s of computing")


class RuleLimit:
    """The limit, and when a rule was last seen to begin, compute or end. As long as that moment moves, the agent is at work, however long
    the batch takes."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self.limit_s = limit_s
        self.moved_at = time.monotonic()

    @contextmanager
    def enforced(self) -> Iterator[None]:
        """A context for rules that work in this thread. Raises `Endless` out of it."""
        watch = _Watch(threading.get_ident(), self.limit_s, self.moved)
        self.moved()
        watch.start()
        try:
            yield
        finally:
            watch.end()
            self.moved()

    def moved(self) -> None:
        """Note that a rule is at work now."""
        self.moved_at = time.monotonic()


class _Watch:
    """Watches one batch: it interrupts the thread at most once, and never after `end`."""

    def __init__(self, thread: int, limit_s: float, moved: Callable[[], None]) -> None:
        self._moved = moved
        self._thread = ctypes.c_ulong(thread)
        self._until_s = time.process_time() + limit_s
        self._look_s = min(_LOOK_S, limit_s)
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._interrupts = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="rule-limit", daemon=True).start()

    def end(self) -> None:
        with self._lock:
            self._over.set()
            if self._interrupts:
                _raise_in(self._thread, None)  # cancels an exception that was set and not raised yet

    def _run(self) -> None:
        spent_s = time.process_time()
        while not self._over.wait(self._look_s):
            before_s, spent_s = spent_s, time.process_time()
            with self._lock:
                if not self._over.is_set() and spent_s <= self._until_s and spent_s - before_s > _AT_WORK * self._look_s:
                    self._moved()
                if not self._over.is_set() and spent_s > self._until_s:
                    self._interrupts = True
                    _raise_in(self._thread, ctypes.py_object(Endless))
                    return


RULES = RuleLimit()
"""The limit of this process: its hops share one thread."""
