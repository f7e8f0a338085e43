"""What an HTTP answer of any system says about time: its Date, and how long the system asks to be left alone. Pure.

Retry-After has two forms, seconds and an HTTP date (RFC 9110, 10.2.3). Both are read here and nowhere else. A request to wait is followed up to
`MAX_PAUSE`. The caller never waits for less than its own backoff (`Backoff.wait`, `Pauses.next` in `runtime/retry.py`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from runtime.exchange import Response
from runtime.retry import MAX_PAUSE

_SECONDS = re.compile(r"([+-]?)0*([0-9]+)(?:\.([0-9]*))?")
_LEAP_SECOND = re.compile(r"(?<=:[0-5][0-9]:)60\b")
_FIRST_YEAR, _LAST_YEAR = 2000, 9999
_LONGEST_DATE = 64
_LONGEST_SAID = 8 * 1024


@lru_cache(maxsize=128)
def http_date(text: str) -> datetime | None:
    """An HTTP date in any of its three forms, as an aware instant in UTC; None if it is not one. A leap second counts as the second before it.

    It is kept for a while, because the answers of one second have the same date.
    """
    if not text or len(text) > _LONGEST_DATE:
        return None
    try:
        found = parsedate_to_datetime(_LEAP_SECOND.sub("59", text))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def server_date(answer: Response) -> datetime | None:
    """The time of the server's clock by the answer's Date header; None if there is none, or if its year is impossible for such a server."""
    found = http_date(answer.headers.get("Date", ""))
    return found if found is not None and _FIRST_YEAR <= found.year < _LAST_YEAR else None


def asked_pause(answer: Response) -> timedelta | None:
    """How long the other side asks to be left alone, from 0 to MAX_PAUSE; None if it does not say. Of several values the longest counts.

    A date is compared with the answer's own Date, or with this machine's clock if there is none, because both are real times.
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
    """Whether the other side says that it is called too often (429), or when it can be called again (503 with Retry-After)."""
    return answer.status == 429 or (answer.status == 503 and asked_pause(answer) is not None)


def _parts(text: str) -> list[str]:
    """The values of one header. A proxy joins several values by commas, and a date contains a comma."""
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
