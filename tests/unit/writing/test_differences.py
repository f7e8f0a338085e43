"""What counts as a difference between a document and its command, and how it is told."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from systems.writing import differences as d

DAY = date(2026, 3, 2)


def test_amounts_are_compared_by_value_and_a_rounding_may_be_allowed() -> None:
    assert [*d.amount_differs("tax", Decimal("1.0"), Decimal("1.00"))] == []
    assert [*d.amount_differs("tax", Decimal("1.01"), Decimal(1), Decimal("0.01"))] == []
    assert [*d.amount_differs("tax", Decimal("1.02"), Decimal(1), Decimal("0.01"))] == ["tax: 1.02, 1"]


def test_of_a_day_the_day_alone_counts_and_none_is_another_one() -> None:
    assert [*d.day_differs("date", "2026-03-02T00:00:00+09:00", DAY), *d.day_differs("date", DAY, DAY)] == []
    assert [*d.day_differs("date", None, DAY), *d.day_differs("date", "", DAY)] == ["date: None, 2026-03-02", "date: , 2026-03-02"]


def test_codes_are_compared_without_case_blanks_and_mask_and_told_as_they_are() -> None:
    assert [*d.code_differs("account", "4000-00 a", "400000A")] == []
    assert [*d.code_differs("account", "4000-01", "4000-00")] == ["account: 4000-01, 4000-00"]


def test_a_text_that_is_absent_is_empty() -> None:
    assert [*d.texts_differ({"a": 1}, {"a": "1", "c": "x"}, ("a", "b", "c"), "line 2 ")] == ["line 2 c: , x"]


def test_lines_in_any_order_are_told_by_their_count_or_the_first_that_has_no_equal() -> None:
    one, two, three = ("4000", Decimal(1)), ("4000", Decimal(2)), ("5000", Decimal("3.00"))
    assert [*d.lines_differ([three, one], [one, three])] == []
    assert [*d.lines_differ([one, two], [three, one])] == ["line: 4000/2, 5000/3.00"]
    assert [*d.lines_differ([one], [one, one])] == ["lines: 1, 2"]


def test_numbered_lines_are_compared_with_the_line_of_their_number() -> None:
    ours = {1: {"ACCOUNT": "4000", "AMOUNT": Decimal(5)}, 2: {"ACCOUNT": "5000", "AMOUNT": Decimal(7)}}
    moved = {1: ours[2], 2: ours[1]}
    assert [*d.numbered_lines_differ(ours, ours, ("ACCOUNT",), "AMOUNT")] == []
    assert [*d.numbered_lines_differ(moved, ours, ("ACCOUNT",), "AMOUNT")] == [
        "line 1 ACCOUNT: 5000, 4000",
        "line 1 AMOUNT: 7, 5",
        "line 2 ACCOUNT: 4000, 5000",
        "line 2 AMOUNT: 5, 7",
    ]
    assert [*d.numbered_lines_differ({1: ours[1]}, ours, ("ACCOUNT",), "AMOUNT")] == ["lines: 1, 2"]
