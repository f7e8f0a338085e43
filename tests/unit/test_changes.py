"""Where a query by change time and key goes on, and what a page says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from systems.feeds.changes import Changes, Key
from systems.feeds.positions import position_of, stored

NOW = datetime(2026, 3, 16, 15, tzinfo=UTC)
ROWS: list[Key | None] = [("2026-03-16 08:00:00", 7), ("2026-03-16 08:00:00", 9), ("2026-03-16 08:00:01", 3)]


def walked() -> Changes:
    """A position behind the last of these rows."""
    return Changes().opened(NOW).following(ROWS, has_more=True)


def test_a_walk_goes_on_behind_its_last_row_and_ends_where_it_began() -> None:
    behind = walked()
    assert behind.behind == ("2026-03-16 08:00:01", 3)
    assert behind.opened(NOW.replace(hour=20)).began == behind.began, "a walk begins once"
    assert behind.following([], has_more=False) == Changes(since="2026-03-16T15:00:00.000Z")
    assert behind.begun() == Changes().opened(NOW)


def test_a_row_that_does_not_tell_its_key_is_stood_for_by_the_one_before() -> None:
    assert Changes().opened(NOW).following([*ROWS[:2], None], has_more=True).behind == ROWS[1]


@pytest.mark.parametrize(
    ("keys", "total", "words"),
    [
        (ROWS, 3, ""),
        (ROWS, -1, ""),
        (ROWS, 900, ""),
        ([ROWS[1], ROWS[0]], 2, "order"),
        ([ROWS[0], ROWS[0]], 2, "order"),
        (ROWS, 4, "3 of 4 rows"),
        ([], 1, "0 of 1 rows"),
        ([], 0, ""),
        ([None, ROWS[0], None], 3, ""),
    ],
)
def test_a_first_page_that_moved_says_so(keys: list[Key | None], total: int, words: str) -> None:
    told = Changes().moved(keys, total, 4 if total < 900 else 3)
    assert words in told if words else told == ""


def test_a_later_page_begins_with_the_row_before_it_unless_that_stays_away() -> None:
    behind, other = walked(), [("2026-03-16 08:00:02", 1), ("2026-03-16 08:00:02", 2)]
    assert behind.moved([ROWS[2], *other], 3, 10) == ""
    for tries in (0, 1):
        assert "does not begin with row 3" in behind.moved(other, 2, 10), tries
        assert "does not begin with row 3" in behind.moved([], 0, 10), tries
        behind = behind.again()
    assert behind.moved(other, 2, 10) == "", "it was changed or removed"
    assert behind.moved([], 0, 10) == ""
    assert behind.following(other, has_more=True).tries == 0


def test_a_whole_list_is_read_by_key_alone() -> None:
    made = Changes().opened(NOW).following([("", 2), ("", 10)], has_more=True)
    assert made.behind == ("", 10)
    assert made.moved([("", 10), ("", 9)], 2, 5) != "", "keys are numbers"
    assert made.moved([("", 10), ("", 100)], 2, 5) == ""


def test_a_position_is_read_back_as_it_was_stored() -> None:
    for position in (Changes(), walked(), walked().again(), Changes(since="2026-03-16T15:00:00.000Z")):
        assert position_of(Changes(), stored(position), "x") == position
