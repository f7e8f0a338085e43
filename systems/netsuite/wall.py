"""Times as SuiteQL reads and shows them: a wall clock in the zone of the integration's user, to the second. Pure.

Where the clock is set back, an hour comes twice and a text of it says nothing about which one is meant. It is taken as the latest of the two that is
not after the present moment: a row that was changed in the first of these hours and again in the second is newer the second time. A window
that reaches over such a change begins earlier by as much as the clock was set back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

AHEAD = timedelta(minutes=2)
"""By how much the account's clock may be ahead of what its answers say."""
_FORM = "%Y-%m-%d %H:%M:%S"


def wall(instant: datetime, zone: str) -> str:
    """The clock in a zone at an instant: `2026-03-16 08:00:00`."""
    return instant.astimezone(ZoneInfo(zone)).strftime(_FORM)


def bound(instant: datetime, now: datetime, zone: str) -> str:
    """The earliest that the clock shows from an instant until now."""
    here = ZoneInfo(zone)
    begun, present = instant.astimezone(here), now.astimezone(here)
    set_back = (begun.utcoffset() or timedelta()) - (present.utcoffset() or timedelta())
    return (begun.replace(tzinfo=None) - max(set_back, timedelta())).strftime(_FORM)


def instant(text: str, now: datetime, zone: str) -> datetime:
    """The instant that a text means, read at `now`. Raises ValueError for a text that is no time, or one at an end of the calendar."""
    told = datetime.strptime(text, _FORM).replace(tzinfo=ZoneInfo(zone))
    try:
        later = told.replace(fold=1).astimezone(UTC)
        return later if later <= now + AHEAD else told.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"time data {text!r} is at an end of the calendar") from error
