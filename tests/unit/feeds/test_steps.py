"""Where a feed goes on behind a page: token, numbered pages, offset, key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from runtime.errors import Broken, Transient
from systems.feeds.keyset import Keyset, Order
from systems.feeds.offset import Offset
from systems.feeds.pages import MAX_WALKS, Pages
from systems.feeds.token import Token

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
OVERLAP = timedelta(minutes=5)


# --- token ---


def test_a_token_keeps_the_newest_change_and_never_one_of_the_future() -> None:
    at = Token().after("a", "2026-03-01T00:00:00.0000000Z", NOW)
    assert at == Token("a", "2026-03-01T00:00:00.0000000Z")
    assert at.after("b", "2025-01-01T00:00:00.0000000Z", NOW).since == at.since
    assert at.after("b", "2099-01-01T00:00:00.0000000Z", NOW).since == "2026-03-02T10:00:00.000Z"


def test_a_refused_token_is_replaced_by_its_date_less_the_overlap() -> None:
    assert Token("a", "2026-03-02T10:00:00.000Z").dated(OVERLAP, "first") == "2026-03-02T09:55:00.000Z"
    assert Token("a", "").dated(OVERLAP, "first") == "first"
    assert Token("a", "0001-01-01T00:00:00.0000000Z").dated(OVERLAP, "first") == "first"


# --- numbered pages ---


def test_a_window_is_opened_once_and_ends_before_the_servers_now() -> None:
    at = Pages().opened("2026-01-01T00:00:00.000Z", NOW)
    assert at == Pages("2026-01-01T00:00:00.000Z", "2026-03-02T09:59:58.000Z")
    assert at.opened("x", NOW + OVERLAP) == at
    assert Pages(after="2026-02-01T00:00:00.000Z").opened("x", NOW).after == "2026-02-01T00:00:00.000Z"


def test_the_next_window_begins_at_the_end_of_a_steady_one_less_the_overlap() -> None:
    first = Pages("2026-03-01T00:00:00.000Z", "2026-03-02T10:00:00.000Z")
    second, more = first.following(700, OVERLAP, has_more=True)
    assert (second.page, second.total, more) == (2, 700, True)
    assert second.following(700, OVERLAP, has_more=False) == (Pages(after="2026-03-02T09:55:00.000Z"), False)
    assert second.begun() == first


def test_a_window_is_never_moved_back_by_its_overlap() -> None:
    at = Pages("2026-03-02T09:58:00.000Z", "2026-03-02T10:00:00.000Z")
    assert at.following(1, OVERLAP, has_more=False)[0].after == at.after


def test_a_list_whose_total_changed_is_walked_again_and_not_for_ever() -> None:
    at = Pages("2026-03-01T00:00:00.000Z", "2026-03-02T10:00:00.000Z", 2, 700)
    for walks in range(2, MAX_WALKS + 1):
        at, more = at.following(699, OVERLAP, has_more=False)
        assert (at.page, at.walks, more) == (1, walks, True)
        at, _ = at.following(700, OVERLAP, has_more=True)
    assert at.following(699, OVERLAP, has_more=False) == (Pages(after="2026-03-01T00:00:00.000Z"), False)


def test_a_whole_list_begins_anew() -> None:
    assert Pages(page=3, total=5).following(5, timedelta(0), has_more=False) == (Pages(), False)


# --- offset ---


def at(hour: int) -> str:
    return f"2026-03-01T{hour:02}:00:00.0000000Z"


def test_an_offset_goes_on_with_the_last_row_that_was_read() -> None:
    first = Offset().following(["a", "b", "c"], at(1), at(2), has_more=True)
    assert (first.skip, first.first_row, first.last) == (3, 2, "c")
    assert not first.has_moved(["c", "d"])
    second = first.following(["c", "d"], at(0), at(3), has_more=True)
    assert (second.skip, second.last, second.newest, second.began) == (4, "d", at(1), at(2))
    assert second.following(["d"], "", "", has_more=False) == Offset(since=at(1))


@pytest.mark.parametrize("ids", [[], ["b", "c"]])
def test_a_list_that_moved_is_read_again_from_its_first_row(ids: list[str]) -> None:
    left = Offset("2026-03-01T00:00:00.0000000Z", 3, "c")
    assert left.has_moved(ids)
    assert left.again() == Offset("2026-03-01T00:00:00.0000000Z", walks=1)
    assert not Offset().has_moved(ids)


def test_what_changed_after_the_walk_began_is_left_to_the_next_window() -> None:
    left = Offset().following(["a"], at(5), at(2), has_more=False)
    assert left.since == at(2)


def test_an_empty_window_begins_where_it_was() -> None:
    left = Offset("2026-03-01T00:00:00.0000000Z")
    assert left.following([], "", at(2), has_more=False) == left
    assert left.bound(OVERLAP) == datetime(2026, 2, 28, 23, 55, tzinfo=UTC)
    assert Offset("0001-01-01T00:00:00.0000000Z").bound(OVERLAP) is None


# --- key ---

ORDER = Order("erp", "ID", "Order it.")


def test_a_walk_goes_key_by_key_and_part_by_part_to_the_next_window() -> None:
    at = Keyset("2026-03-10", "2026-03-16", ("A", "B"))
    day = timedelta(days=1)
    further = at.following("7", day, is_empty=False)
    assert (further.parts, further.last) == (("A", "B"), "7")
    assert further.begun() == at
    other = further.following("7", day, is_empty=True)
    assert (other.parts, other.last) == (("B",), "")
    assert other.following("", day, is_empty=True) == Keyset("2026-03-15")
    assert Keyset("2026-03-16", "2026-03-16", ("A",)).following("", day, is_empty=True) == Keyset("2026-03-16")
    assert Keyset(parts=("A",)).following("", day, is_empty=True) == Keyset()


@pytest.mark.parametrize(
    ("told", "last", "whole"),
    [
        ([], "3", (0, "3")),
        (["4", "5"], "3", (2, "5")),
        (["4", "4", "5", "5"], "3", (2, "4")),  # full: the last key may have been cut
        (["4", None, "5", "6"], "3", (3, "5")),
        ([None, "4"], "", (2, "4")),
        ([None, None], "3", (2, "3")),
    ],
)
def test_a_full_page_leaves_its_last_key_to_the_next(told: list[str | None], last: str, whole: tuple[int, str]) -> None:
    assert ORDER.whole(told, last, 4) == whole


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (["3", "4"], "after ID 3 has that key again"),
        (["4", "5", "4"], "do not stand together"),
        (["4", "4", "4", "4"], "4 alone has 4 rows or more"),
    ],
)
def test_a_walk_that_would_not_move_is_broken(told: list[str | None], words: str) -> None:
    with pytest.raises(Broken, match=rf"erp: .*{words}.*Order it"):
        ORDER.whole(told, "3", 4)


def test_a_row_without_a_key_is_none_of_the_walk() -> None:
    with pytest.raises(Transient, match="a row without ID"):
        ORDER.whole(["4", ""], "3", 4)
