"""Times as SuiteQL reads and shows them: a wall clock in the zone of the integration's user, to the second. Pure.

When the clock is set back, one hour occurs twice, and its text does not say which one is meant. It is taken as the later of the two that is not after
the present moment, because a row that was changed in the first of these hours and again in the second is newer the second time. A window that covers
such a change begins earlier by the time that the clock was set back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

AHEAD = timedelta(minutes=2)
"""By how much the account's clock may be ahead of the time in its answers."""
_FORM = "%Y-%m-%d %H:%M:%S"


def wall(instant: datetime, zone: str) -> str:
    """The clock in a zone at an instant: `2026-03-16 08:00:00`."""
    return instant.astimezone(ZoneInfo(zone)).strftime(_FORM)


def bound(instant: datetime, now: datetime, zone: str) -> str:
    """The earliest time that the clock shows between an instant and now."""
    here = ZoneInfo(zone)
    begun, present = instant.astimezone(here), now.astimezone(here)
    set_back = (begun.utcoffset() or timedelta()) - (present.utcoffset() or timedelta())
    return (begun.replace(tzinfo=None) - max(set_back, timedelta())).strftime(_FORM)


def instant(text: str, now: datetime, zone: str) -> datetime:
    """The instant that a text stands for, read at `now`. Raises ValueError for a text that is not a time, or for a time at an end of the calendar."""
    told = datetime.strptime(text, _FORM).replace(tzinfo=ZoneInfo(zone))
    try:
        later = told.replace(fold=1).astimezone(UTC)
        return later if later <= now + AHEAD else told.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"time data {text!r} is at an end of the calendar") from error
