"""Which feed is read next: pure numbers, no waiting. Feeds that are up to date come before those that catch up page after page.

Cadences count on the clock that may be scaled. Waits after a failure are real seconds, because a network is not faster in a demo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from systems.contract import Feed

FAR = timedelta(minutes=15)
"""After this time a feed that waits for a person is tried again by itself: the other side may have corrected what was wrong."""


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
        """The feed whose turn it is; None if none is due."""
        if now < self._paused_until:
            return None
        due = [turn for turn in self._turns.values() if turn.due <= now and turn.not_before_s <= monotonic_s]
        if not due:
            return None
        # a feed that failed goes behind the others, so that one that is always throttled does not keep them out
        return min(due, key=lambda turn: (turn.catching_up, turn.failures, turn.due)).feed

    def wait(self, now: datetime, monotonic_s: float) -> tuple[timedelta, float | None]:
        """How long no feed is due: scaled time and, if a feed backs off, real seconds. The wait ends with whichever is over first."""
        if now < self._paused_until:
            return self._paused_until - now, None
        backing_off = [turn for turn in self._turns.values() if turn.not_before_s > monotonic_s]
        others = [turn.due - now for turn in self._turns.values() if turn.not_before_s <= monotonic_s]
        real_s = min((turn.not_before_s - monotonic_s for turn in backing_off), default=None)
        return max(min(others, default=timedelta(hours=1)), timedelta(0)), real_s

    def read(self, feed: Feed, more: bool, now: datetime) -> None:
        """A page of this feed is stored. With `more`, the next page follows as soon as no other feed is due."""
        turn = self._turns[feed.name]
        turn.due = now if more else now + feed.cadence
        turn.catching_up, turn.failures = more, 0

    def failed(self, feed: Feed) -> int:
        """Note one more failure; returns how many there were in a row."""
        self._turns[feed.name].failures += 1
        return self._turns[feed.name].failures

    def back_off(self, feed: Feed, until_s: float) -> None:
        """Do not read it before this moment (monotonic seconds)."""
        self._turns[feed.name].not_before_s = until_s

    def at_once(self, now: datetime) -> None:
        """Make every feed due, whatever it waits for, because a person asked for it."""
        self._paused_until = now
        for turn in self._turns.values():
            turn.due, turn.not_before_s = min(turn.due, now), 0.0

    def stop(self, feed: Feed, now: datetime) -> None:
        """Let a feed wait for a person."""
        self._turns[feed.name].due = now + FAR

    def pause(self, until: datetime) -> None:
        """Read nothing of this system before that moment."""
        self._paused_until = max(self._paused_until, until)

    def is_catching_up(self, feed: Feed) -> bool:
        """Whether its last page said that more follow."""
        return self._turns[feed.name].catching_up
