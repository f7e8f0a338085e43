"""Single values of ServiceTitan's JSON with an unusual form: calendar dates, and texts in html. Pure and quick.

Facts (OpenAPI, developer documentation's samples): `invoiceDate` and the like are calendar dates spelled as midnight Z and must not be shifted. Other
values are read by `systems/values/members.py`: amounts are decimal strings in invoices, payments and bills and JSON numbers elsewhere.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from html import unescape

from systems.values.instants import time_zone
from systems.values.members import Row, text, timed

_MIDNIGHT = re.compile(r"(?:T00:00:00(?:\.0+)?(?:Z|\+00:00)?)?")
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(?P<unseen>script|style)\b[^<>]*+>.*?(?:</(?P=unseen)\s*+>|\Z)|<(?P<tag>/?[a-z][^\s<>/]*+)[^<>]*+>|<[!?][^<>]*+>",
    re.DOTALL | re.IGNORECASE,
)
"""Markup that the reader of a page does not see. The standard library's parser took 31 s for 30 KB of tags that never end."""
_BLOCKS = ("br", "p", "div", "li", "tr")
_LONG_REFERENCE = re.compile(r"&#x?[0-9a-f]{8,}+;?", re.IGNORECASE)


def day(row: Row, name: str, zone: str) -> date | None:
    """A calendar date. Midnight Z is not shifted; a real timestamp becomes its day in `zone`. Null and .NET's year 1 are no date."""
    return timed(row, name, "a date", lambda text: _day(text, zone))


@lru_cache(maxsize=16384)
def _day(value: str, zone: str) -> date | None:
    if _MIDNIGHT.fullmatch(value, 10):
        found = date.fromisoformat(value[:10])
    else:
        moment = datetime.fromisoformat(value)
        found = moment.astimezone(time_zone(zone)).date() if moment.tzinfo else moment.date()
    return None if found.year == 1 else found


def plain(row: Row, name: str) -> str:
    """A text in html without its markup, one line per block."""
    value = text(row, name)
    if "<" not in value and "&" not in value:
        return value.strip()
    shown = unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", _MARKUP.sub(_break, value)))
    return "\n".join(line for line in (" ".join(part.split()) for part in shown.splitlines()) if line)


def _break(found: re.Match[str]) -> str:
    return "\n" if (found["tag"] or "").lower() in _BLOCKS else ""
