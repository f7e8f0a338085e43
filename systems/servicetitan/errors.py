"""What an answer of ServiceTitan to a read means, by status.

Source: ServiceTitan OpenAPI (400, 404, 409 with ApiErrorResponse); 401, 403, 429 and 5xx are declared nowhere and are taken from
clients that run against production (assumed): HTML pages come with 5xx, Retry-After may come with 429.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from runtime.errors import Broken, ConnectorError, Refused, Throttled, Transient
from runtime.exchange import Response

MAX_PAUSE_S = 3600.0


class QueryRefused(Refused):
    """The API understood the request and refuses it (400, 409, 422): a parameter, an id or a continuation token is not good."""


class Absent(Broken):
    """404: no such object, or no such path (wrong tenant or module)."""


def refused_read(answer: Response, what: str, scope: str) -> ConnectorError | None:
    """The error that an answer other than 200 means; None for 200 and for 401, which the client answers with a fresh token.

    | status | meaning |
    |---|---|
    | 3xx | never followed; transient, for gateways redirect to a login or maintenance page |
    | 400, 409, 422 | `QueryRefused` with the title of the ApiErrorResponse |
    | 403 | `Broken`: scope not granted, wrong tenant or app key |
    | 404 | `Absent` |
    | 429 | `Throttled` with Retry-After |
    | 408, 5xx, anything else | `Transient` |
    """
    status = answer.status
    if status in (200, 401):
        return None
    if status in (400, 409, 422):
        return QueryRefused(f"servicetitan {what}: {status} {words(answer)}.", str(status))
    if status == 403:
        return Broken(
            f"servicetitan {what}: 403, the scope {scope} is not granted, or the app key or tenant is wrong.",
            f"Add {scope} to the app in the developer portal and let the tenant's admin accept the new version.",
        )
    if status == 404:
        return Absent(f"servicetitan {what}: 404.", "Check tenant_id and that the tenant has this module.")
    if status == 429:
        return Throttled(f"servicetitan {what}: 429.", retry_after_s(answer))
    if 300 <= status < 400:
        return Transient(f"servicetitan {what}: {status} redirect, not followed")
    return Transient(f"servicetitan {what}: {status}")


def words(answer: Response) -> str:
    """The vendor's own words, shortened, one line."""
    return " ".join(answer.body[:300].decode("utf-8", "replace").split())


def retry_after_s(answer: Response) -> float | None:
    """Retry-After in seconds (a number or an HTTP date, counted from the answer's own Date), at most an hour; None = not said."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:6]), MAX_PAUSE_S)
    until, now = http_date(text), http_date(answer.headers.get("Date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), MAX_PAUSE_S)


def http_date(text: str) -> datetime | None:
    """An HTTP date as an aware instant; None where it is none."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
