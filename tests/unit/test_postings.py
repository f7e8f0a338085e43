"""What every mapping of money shares: shares of a tax zone, gaps that a rounding line may close, the held reversal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import cast

import pytest

from systems.mapped import Plan
from systems.postings.document import Mapped, Target, wanted
from systems.postings.ends import reversal
from systems.postings.lines import Place, closed, line, split
from systems.postings.tax import shares_of, zone_rows
from systems.values.codes import row_name
from tests.systems import field_service

ONE = Decimal(1)


def made(rows: Mapping[str, Mapping[str, str]]) -> Mapped[None]:
    class _Plan:
        crosswalk = field_service.crosswalk({"tax_zone": rows})

    return Mapped(cast("Plan", _Plan()), None, date(2026, 3, 10))


@pytest.mark.parametrize(
    "share", ["abc", "-1", "0", "NaN", "Infinity", "6,25", "6.25%", "1e3", "1_0", "٥", "1/3", "0x10", "9" * 41]
)
def test_a_share_that_is_no_positive_number_is_noted_and_never_raised(share: str) -> None:
    """`Decimal("abc")` of a crosswalk's cell once stopped the hop for good: it aborts and retries whatever is not malformed."""
    notes = made({})
    assert shares_of([{"account": "22000", "share": share}], notes) == [ONE]
    assert notes.unresolved == [f"tax_zone.share={share}"]


def test_shares_are_as_written_and_one_each_where_none_is() -> None:
    notes = made({})
    assert shares_of([{"share": "2"}, {"share": "6.25"}, {"share": "0"}], notes) == [Decimal(2), Decimal("6.25"), Decimal(0)]
    assert shares_of([{}, {"share": ""}], notes) == [ONE, ONE]
    assert notes.unresolved == []


def test_a_share_that_is_not_written_beside_others_is_noted() -> None:
    """It counted as 1, which beside 0.0200 and 0.0625 was nearly the whole tax."""
    notes = made({})
    assert shares_of([{"share": "0.0200"}, {"share": "0.0625"}, {}], notes) == [ONE] * 3
    assert notes.unresolved == ["tax_zone.share=0.0200, 0.0625, (empty)"]


def test_a_zone_is_shared_by_its_own_row_and_its_parts_in_the_order_of_their_names() -> None:
    parts = {row_name("88", part): {"part": part, "account": number} for part, number in (("state", "2"), ("city", "1"))}
    notes = made({**parts, "88": {"account": "0"}, "888": {"account": "x"}, "88/county": {"account": "y"}})
    assert [row["account"] for row in zone_rows(notes, ("", "88", "888"))] == ["0", "1", "2"]
    assert zone_rows(notes, ("nowhere", "")) == []


def test_the_cents_that_are_left_go_to_the_largest_remainders() -> None:
    assert split(Decimal("-0.05"), [ONE, ONE, ONE]) == [Decimal("-0.02"), Decimal("-0.02"), Decimal("-0.01")]


@pytest.mark.parametrize(
    ("total", "is_closed"), [("10.00", True), ("10.05", True), ("9.95", True), ("10.06", False), ("9.94", False), ("10.001", False)]
)
def test_a_rounding_line_closes_whole_cents_up_to_the_limit(total: str, is_closed: bool) -> None:
    lines = [line(Place("40000", {}), "line", Decimal("10.00"), "work")]
    hold = closed(lines, Decimal(total), Decimal("0.05"), lambda: Place("80900", {}))
    assert (hold is None) is is_closed
    assert (sum(one["amount"] for one in lines) == Decimal(total)) is is_closed


def test_a_note_names_the_first_key_that_says_something() -> None:
    assert (wanted(("", "Dallas", "77")), wanted(("", ""))) == ("Dallas", "none")


def test_a_reversal_is_held_and_names_the_books_and_its_part() -> None:
    record = {"entity": "invoice", "total": Decimal("10.00"), "currency": "USD"}
    target = Target("X1", "payable", "Books")
    found = reversal(record, target, "V1", Decimal("4.00"))
    assert (found.action, found.part, found.amount, found.hold) == ("void", "V1", Decimal("4.00"), "void_not_built")
    assert "Books" in found.hold_detail
    assert reversal(record, target).amount == Decimal("10.00")
