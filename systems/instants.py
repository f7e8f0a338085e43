"""Change times as text, as hops compare them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def sortable(value: Any) -> str:
    """A change time as text that sorts in time: UTC, seven places, Z; "" where there is none or it cannot be read. Without a zone it is UTC."""
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
