"""Posting windows: when a command that was first seen at an instant may be written. Pure.

immediate | daily HH:MM | twice-daily HH:MM HH:MM | weekly DAY HH:MM | cron: five fields, all in the tenant's zone.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from croniter import croniter

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_TIME = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")


def opens_at(window: str, zone: ZoneInfo, seen_at: datetime) -> datetime | None:
    """The first opening after `seen_at` (UTC); None for an immediate window. A later version keeps the opening of the first sight.

    Raises ValueError with an example for a window that cannot be read.
    """
    crons = schedule(window)
    if not crons:
        return None
    return min(_next(cron, zone, seen_at) for cron in crons)


def _next(cron: str, zone: ZoneInfo, seen_at: datetime) -> datetime:
    """Counted on the wall clock, without a zone: with a zone, croniter is an hour off on the days on which clocks change (tried)."""
    walls = croniter(cron, seen_at.astimezone(zone).replace(tzinfo=None))
    while True:
        wall: datetime = walls.get_next(datetime)
        opening = wall.replace(tzinfo=zone).astimezone(UTC)
        if opening > seen_at:
            return opening


@lru_cache(maxsize=256)
def schedule(window: str) -> tuple[str, ...]:
    """The window as cron expressions; empty for immediate."""
    kind, _, rest = window.strip().partition(" ")
    words = rest.split()
    if kind in ("immediate", "") and not words:
        return ()
    if kind == "daily" and len(words) == 1:
        return (f"{_minute_hour(words[0])} * * *",)
    if kind == "twice-daily" and len(words) == 2:
        return tuple(f"{_minute_hour(word)} * * *" for word in words)
    if kind == "weekly" and len(words) == 2 and words[0][:3].lower() in DAYS:
        return (f"{_minute_hour(words[1])} * * {DAYS.index(words[0][:3].lower())}",)
    if kind in ("cron", "cron:") and croniter.is_valid(rest) and len(words) == 5:
        return (rest,)
    raise ValueError(f"window {window!r} cannot be read; examples: immediate, daily 18:00, weekly fri 17:30, cron 0 6 * * 1-5")


def _minute_hour(time: str) -> str:
    found = _TIME.match(time)
    if not found:
        raise ValueError(f"{time!r} is not a time of day; example: 18:00")
    return f"{int(found[2])} {int(found[1])}"
