"""Days and instants as the account writes them: the user's date format, and the account's own time zone."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from systems.netsuite.simulator.settings import Settings

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PATTERNS = {
    "M/D/YYYY": r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})",
    "D/M/YYYY": r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})",
    "D.M.YYYY": r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})",
    "YYYY-MM-DD": r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)",
    "DD-Mon-YYYY": r"(?P<d>\d\d)-(?P<b>[A-Z][a-z]{2})-(?P<y>\d{4})",
}
_CLOCK = r"(?: (?P<h>\d{1,2}):(?P<min>\d\d)(?::(?P<s>\d\d))? ?(?P<half>am|pm|AM|PM)?)?"


@lru_cache(maxsize=4096)
def local(stamp: str, zone: str) -> str:
    """An instant of a row (`2026-03-16T15:00:00Z`) as `YYYY-MM-DD HH:MM:SS` in a zone."""
    return datetime.fromisoformat(stamp).astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(" ")


def parsed(text: str, settings: Settings) -> str:
    """A day or instant in the user's format as `YYYY-MM-DD HH:MM:SS`. Raises ValueError in NetSuite's words."""
    try:
        parts = _parts(re.fullmatch(_PATTERNS[settings.date_format] + _CLOCK, text.strip()))
        month = _MONTHS.index(parts["b"]) + 1 if parts.get("b") else int(parts["m"])
        hour = int(parts["h"] or 0)
        if parts["half"]:
            hour = hour % 12 + (12 if parts["half"].lower() == "pm" else 0)
        found = datetime(int(parts["y"]), month, int(parts["d"]), hour, int(parts["min"] or 0), int(parts["s"] or 0))  # noqa: DTZ001 - local
    except ValueError as error:
        words = f'Parse of date/time "{text}" failed with date format "{settings.date_format}" in time zone {settings.timezone}'
        raise ValueError(words) from error
    return found.strftime("%Y-%m-%d %H:%M:%S")


def _parts(match: re.Match[str] | None) -> dict[str, str]:
    if match is None:
        raise ValueError("not in the format")
    return match.groupdict()


def written(text: str, settings: Settings) -> str:
    """A day of `YYYY-MM-DD ...` in the user's format; the time of day is lost."""
    year, month, day = (int(part) for part in text[:10].split("-"))
    shown = {
        "M/D/YYYY": f"{month}/{day}/{year}",
        "D/M/YYYY": f"{day}/{month}/{year}",
        "D.M.YYYY": f"{day}.{month}.{year}",
        "YYYY-MM-DD": f"{year:04d}-{month:02d}-{day:02d}",
        "DD-Mon-YYYY": f"{day:02d}-{_MONTHS[month - 1]}-{year}",
    }
    return shown[settings.date_format]
