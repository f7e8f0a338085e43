"""Instants: in UTC, and as text that sorts by time, as the hops compare them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def sortable(value: Any) -> str:
    """A change time as text that sorts by time: UTC, seven places, Z. It is "" if there is none or it cannot be read. A time without a zone counts
    as UTC."""
    found = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return ""
    seconds, fraction, zone = found.groups()
    try:
        moment = datetime.fromisoformat(seconds + (zone or ""))
        if zone not in (None, "Z", "+00:00"):
            seconds = moment.astimezone(UTC).isoformat()[:19]
    except (ValueError, OverflowError):
        return ""
    return f"{seconds}.{(fraction or '')[:7]:0<7}Z"


def moment(text: str) -> datetime:
    """An instant in UTC, to the microsecond. A time without a zone counts as UTC (assumed). Raises ValueError for a text that is not an instant."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def local_day(moment: datetime, zone: str) -> date:
    """The day of an instant in a named zone. A time without a zone counts as UTC."""
    return day_in(moment, time_zone(zone))


def day_in(moment: datetime, zone: tzinfo) -> date:
    """The day of an instant in a zone. A time without a zone counts as UTC. At an end of the calendar, which some systems use for "never", the
    instant keeps its own day."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    try:
        return aware.astimezone(zone).date()
    except OverflowError:
        return aware.date()


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones, read from disk once: settings are validated again for every plan."""
    return frozenset(available_timezones())


@lru_cache(maxsize=64)
def time_zone(name: str) -> ZoneInfo:
    """The named zone. Raises ValueError if there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone") from error
