"""Which feed is read next: pure numbers, no waiting. Fresh feeds come before those that catch up page after page.

Cadences count on the clock that may be scaled; waits after a failure are real seconds, for a network does not run faster in a demo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from systems.contract import Feed

FAR = timedelta(minutes=15)
"""When a feed that waits for a person is tried again by itself: what was wrong may have been put right at the other side."""


@dataclass
class _Turn:
    feed: Feed
    due: datetime
    not_before_s: float = 0.0
    catching_up: bool = False
    failures: int = 0


class Schedule:
    """The turns of one system's feeds for one connection."""

    def __init__(self, feeds: Iterable[Feed], now: datetime) -> None:
        self._turns = {feed.name: _Turn(feed, now) for feed in feeds}
        self._paused_until = now

    def next(self, now: datetime, monotonic_s: float) -> Feed | None:
        """The feed whose turn it is; None when none is due."""
        if now < self._paused_until:
            return None
        due = [turn for turn in self._turns.values() if turn.due <= now and turn.not_before_s <= monotonic_s]
        if not due:
            return None
        # what failed goes behind the others, so that a feed that is always throttled does not starve them
        return min(due, key=lambda turn: (turn.catching_up, turn.failures, turn.due)).feed

    def wait(self, now: datetime, monotonic_s: float) -> tuple[timedelta, float | None]:
        """How long nothing is due: until the first of a time of the clock and, where something backs off, real seconds."""
        if now < self._paused_until:
            return self._paused_until - now, None
        backing_off = [turn for turn in self._turns.values() if turn.not_before_s > monotonic_s]
        others = [turn.due - now for turn in self._turns.values() if turn.not_before_s <= monotonic_s]
        real_s = min((turn.not_before_s - monotonic_s for turn in backing_off), default=None)
        return max(min(others, default=timedelta(hours=1)), timedelta(0)), real_s

    def read(self, feed: Feed, more: bool, now: datetime) -> None:
        """A page of it is stored; with `more` the next one follows as soon as no other feed is due."""
        turn = self._turns[feed.name]
        turn.due = now if more else now + feed.cadence
        turn.catching_up, turn.failures = more, 0

    def failed(self, feed: Feed) -> int:
        """It failed once more; how many times in a row by now."""
        self._turns[feed.name].failures += 1
        return self._turns[feed.name].failures

    def back_off(self, feed: Feed, until_s: float) -> None:
        """Not before that real moment."""
        self._turns[feed.name].not_before_s = until_s

    def at_once(self, now: datetime) -> None:
        """Every feed is due, whatever it waited for: a person asks."""
        self._paused_until = now
        for turn in self._turns.values():
            turn.due, turn.not_before_s = min(turn.due, now), 0.0

    def stop(self, feed: Feed, now: datetime) -> None:
        """It waits for a person."""
        self._turns[feed.name].due = now + FAR

    def pause(self, until: datetime) -> None:
        """Nothing of this system before that moment."""
        self._paused_until = max(self._paused_until, until)

    def is_catching_up(self, feed: Feed) -> bool:
        """Whether its last page said that more follow."""
        return self._turns[feed.name].catching_up
