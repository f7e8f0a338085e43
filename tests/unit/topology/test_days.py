"""The day of an instant in a zone, at the ends of the calendar too, where some systems put what never was or never ends."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from systems.values.instants import local_day
from topology.rules import due

EARLY, LATE = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        (datetime(2026, 3, 2, 5, 59, tzinfo=UTC), "America/Chicago", date(2026, 3, 1)),
        (datetime(2026, 3, 2, 6, 0, tzinfo=UTC), "America/Chicago", date(2026, 3, 2)),
        (EARLY, "America/Chicago", date(1, 1, 1)),
        (LATE, "Asia/Tokyo", date(9999, 12, 31)),
    ],
)
def test_an_instant_falls_on_a_day_of_its_zone(moment: datetime, zone: str, day: date) -> None:
    assert local_day(moment, zone) == day
    assert due.local_day(moment, ZoneInfo(zone)) == day


def test_a_day_is_itself_and_anything_else_is_none() -> None:
    assert due.local_day(date(2026, 3, 2), ZoneInfo("Asia/Tokyo")) == date(2026, 3, 2)
    assert due.local_day("2026-03-02", UTC) is None
