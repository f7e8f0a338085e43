"""The account's wall clock: zones, the hour that comes twice, and the hour that never comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from systems.netsuite.wall import AHEAD, bound, instant, wall

ZONE = "America/Los_Angeles"
BACK = datetime(2026, 11, 1, 9, tzinfo=UTC)
"""When clocks are set back, from 2:00 to 1:00."""
ON = datetime(2026, 3, 8, 10, tzinfo=UTC)
"""When clocks are set on, from 2:00 to 3:00."""


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "America/Chicago", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"])
def test_every_second_that_was_is_read_back_or_as_its_twin(zone: str) -> None:
    """A text read at once is the instant itself; read later, it may be its twin of the hour that came again."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment.year == 2026:
        assert instant(wall(moment, zone), moment, zone) == moment
        later = instant(wall(moment, zone), moment + timedelta(days=2), zone)
        assert later - moment in (timedelta(0), timedelta(hours=1), timedelta(minutes=30)), moment
        moment += timedelta(minutes=37)


def test_a_time_that_comes_twice_is_the_latest_that_is_not_ahead() -> None:
    first, second = BACK - timedelta(minutes=10), BACK + timedelta(minutes=50)
    assert wall(first, ZONE) == wall(second, ZONE) == "2026-11-01 01:50:00"
    assert instant("2026-11-01 01:50:00", first, ZONE) == first
    assert instant("2026-11-01 01:50:00", second - AHEAD - timedelta(seconds=1), ZONE) == first
    assert instant("2026-11-01 01:50:00", second, ZONE) == second


def test_the_bound_of_a_window_covers_every_time_that_was_shown_in_it() -> None:
    for change in (BACK, ON):
        for before in range(0, 180, 7):
            for after in range(0, 180, 11):
                begun, now = change - timedelta(minutes=before), change + timedelta(minutes=after)
                low, moment = bound(begun, now, ZONE), begun
                while moment <= now:
                    assert low <= wall(moment, ZONE), (begun, moment)
                    moment += timedelta(minutes=3)


def test_a_window_over_no_change_of_clocks_begins_where_it_says() -> None:
    begun = datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert bound(begun, begun + timedelta(days=90), ZONE) == "2026-06-01 05:00:00"


def test_a_text_that_is_no_time_is_an_error() -> None:
    """The last day of the calendar, which some people type for "never", is not an instant in a zone west of Greenwich: it stopped the hop."""
    for text in ("", "11/20/2026", "2026-13-01 00:00:00", "2026-03-16T08:00:00", "9999-12-31 23:59:59"):
        with pytest.raises(ValueError, match="time data"):
            instant(text, BACK, ZONE)
