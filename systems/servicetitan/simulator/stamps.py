"""Instants as the vendor writes them: UTC, seven places, Z; texts that sort in time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = "0001-01-01T00:00:00.0000000Z"
LAST = "9999-12-31T23:59:59.9999999Z"


def ticks(moment: datetime) -> int:
    """Hundreds of nanoseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 10


def stamp(count: int) -> str:
    """The instant that many ticks after 1970. Example: 2021-07-19T20:35:38.2876004Z"""
    moment = _EPOCH + timedelta(microseconds=count // 10)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{count % 10}Z"


def stamp_of(moment: datetime) -> str:
    """An instant as text."""
    return stamp(ticks(moment))


def stamp_from(text: str) -> str:
    """A date or an instant of a query, in this spelling; without a zone it is UTC. Raises ValueError."""
    places = text.partition(".")[2].rstrip("Zz")
    seventh = places[6:7] if places[6:7].isdigit() else "0"
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + seventh + "Z"


def ticks_of(text: str) -> int:
    """Ticks of a stamp."""
    return ticks(datetime.fromisoformat(text[:26] + "+00:00")) + int(text[26:27] or "0")


def midnight(day: date) -> str:
    """A calendar date as the vendor writes it."""
    return f"{day.isoformat()}T00:00:00Z"
