"""What an HTTP answer says about time, whichever system sent it: its Date, and how long to stay away. Pure.

Retry-After has two forms, seconds and an HTTP date (RFC 9110, 10.2.3); both are read here and nowhere else. What is asked for is believed
up to `MAX_PAUSE`, and whoever waits never waits less than its own backoff (`Backoff.wait`, `Pauses.next` in `runtime/retry.py`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from runtime.exchange import Response
from runtime.retry import MAX_PAUSE

_SECONDS = re.compile(r"([+-]?)0*([0-9]+)(?:\.([0-9]*))?")
_LEAP_SECOND = re.compile(r"(?<=:[0-5][0-9]:)60\b")
_FIRST_YEAR, _LAST_YEAR = 2000, 9999
_LONGEST_DATE = 64
_LONGEST_SAID = 8 * 1024


def http_date(text: str) -> datetime | None:
    """An HTTP date in any of its three forms as an aware instant in UTC, a leap second as the one before it; None where it is none."""
    if len(text) > _LONGEST_DATE:
        return None
    try:
        found = parsedate_to_datetime(_LEAP_SECOND.sub("59", text))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def server_date(answer: Response) -> datetime | None:
    """The server's clock as the answer's Date header tells it; None where it does not, or shows a year in which no such server was."""
    found = http_date(answer.headers.get("Date", ""))
    return found if found is not None and _FIRST_YEAR <= found.year < _LAST_YEAR else None


def asked_pause(answer: Response) -> timedelta | None:
    """How long the other side asks to be left alone, 0 .. MAX_PAUSE; None where it does not say. The longest of several counts.

    A date is counted from the answer's own Date, else from this machine's clock, for both are real times.
    """
    now = server_date(answer) or datetime.now(UTC)
    said = [text for text in answer.headers.getall("Retry-After", ()) if len(text) <= _LONGEST_SAID]
    asked = [_pause(part.strip(), now) for text in said for part in _parts(text)]
    return max((one for one in asked if one is not None), default=None)


def asked_pause_s(answer: Response) -> float | None:
    """As `asked_pause`, in seconds, as `Throttled` carries it."""
    asked = asked_pause(answer)
    return None if asked is None else asked.total_seconds()


def is_throttled(answer: Response) -> bool:
    """Whether the other side is asked too often (429), or names a time from which it can be asked again (503 with Retry-After)."""
    return answer.status == 429 or (answer.status == 503 and asked_pause(answer) is not None)


def _parts(text: str) -> list[str]:
    """The values of one header: a proxy joins several by commas, and a date has a comma of its own."""
    return [text, *text.split(",")] if "," in text else [text]


def _pause(text: str, now: datetime) -> timedelta | None:
    found = _SECONDS.fullmatch(text)
    if found is not None:
        sign, whole, part = found.groups()
        most = int(MAX_PAUSE.total_seconds())
        seconds = most if len(whole) > len(str(most)) else min(int(whole) + bool((part or "").strip("0")), most)
        return timedelta(seconds=0 if sign == "-" else seconds)
    until = http_date(text)
    return None if until is None else min(max(until - now, timedelta(0)), MAX_PAUSE)
