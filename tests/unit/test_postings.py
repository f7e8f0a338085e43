"""What every mapping of money shares: shares of a tax zone, cents, gaps that a rounding line may close, holds, the reversal of a void."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from systems.mapped import Plan
from systems.postings.document import Mapped, Target, own_unit, wanted
from systems.postings.ends import reversal
from systems.postings.lines import Place, closed, credit, line, priced, split
from systems.postings.tax import shares_of, tax_hold, zone_rows
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


def _parts(**own: str) -> Mapped[None]:
    parts = {row_name("88", part): {"part": part, "account": number} for part, number in (("state", "2"), ("city", "1"))}
    return made({**parts, **({"88": own} if own else {}), "888": {"account": "x"}, "88/county": {"account": "y"}})


def test_a_zone_is_shared_by_its_parts_in_the_order_of_their_names() -> None:
    notes = _parts()
    assert [row["account"] for row in zone_rows(notes, ("", "88", "888"))] == ["1", "2"]
    assert zone_rows(notes, ("nowhere", "")) == []
    assert notes.unresolved == []


def test_a_zones_own_row_beside_its_parts_is_one_of_them_only_with_a_share() -> None:
    """Without shares the tax was split over three rows, a third of it on the account from before there were parts."""
    notes = _parts(account="0")
    assert [row["account"] for row in zone_rows(notes, ("88",))] == ["1", "2"]
    assert [one[:12] for one in notes.unresolved] == ["tax_zone=88 "]
    assert [row["account"] for row in zone_rows(_parts(account="0", share="1"), ("88",))] == ["0", "1", "2"]
    only_for_the_erp = _parts(erp_zone="TXDALLAS")
    assert [row["account"] for row in zone_rows(only_for_the_erp, ("88",))] == ["1", "2"]
    assert only_for_the_erp.unresolved == []


def test_the_cents_that_are_left_go_to_the_largest_remainders() -> None:
    assert split(Decimal("-0.05"), [ONE, ONE, ONE]) == [Decimal("-0.02"), Decimal("-0.02"), Decimal("-0.01")]


@effort(max_examples=500, deadline=None)
@given(
    amount=st.decimals("-10000", "10000", places=2),
    shares=st.lists(st.decimals("0", "100", places=3), min_size=1, max_size=6).filter(lambda found: sum(found) > 0),
)
def test_a_split_adds_up_exactly_and_each_part_is_within_a_cent(amount: Decimal, shares: list[Decimal]) -> None:
    parts = split(amount, shares)
    assert sum(parts) == amount
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - amount * share / sum(shares)) < Decimal("0.01")


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


ZONE = "America/Chicago"
VOIDED: dict[str, Any] = {
    "entity": "invoice",
    "total": Decimal("10.00"),
    "currency": "USD",
    "invoice_date": date(2026, 3, 2),
    "source_version": "2026-03-10T03:30:00.0000000Z",
}


def test_a_reversal_names_its_part_and_is_held_by_no_mapping() -> None:
    target = Target("X1", "payable", "Books")
    found = reversal(VOIDED, target, ZONE, "V1", Decimal("4.00"))
    assert (found.action, found.part, found.amount, found.hold) == ("void", "V1", Decimal("4.00"), "")
    assert reversal(VOIDED, target, ZONE).amount == Decimal("10.00")


@pytest.mark.parametrize(
    ("changes", "day"),
    [
        ({}, date(2026, 3, 9)),
        ({"invoice_date": date(2026, 3, 20)}, date(2026, 3, 20)),
        ({"canceled_on": datetime(2026, 3, 5, 2, tzinfo=UTC)}, date(2026, 3, 4)),
        ({"source_version": ""}, None),
        ({"source_version": "7"}, None),
        ({"source_version": "", "canceled_on": datetime(2026, 3, 5, 12, tzinfo=UTC)}, date(2026, 3, 5)),
        ({"invoice_date": None}, date(2026, 3, 9)),
    ],
)
def test_a_void_is_dated_by_its_cancellation_or_the_change_that_showed_it_and_never_before_its_document(
    changes: dict[str, Any], day: date | None
) -> None:
    found = reversal({**VOIDED, **changes}, Target("X1", "sale", "Books"), ZONE)
    assert (found.body["date"], found.posting_date) == (day, day)
    assert bool(found.unresolved) is (day is None)


@pytest.mark.parametrize(
    ("name", "source_id", "own"), [("", "", None), ("Dallas", "", None), ("", "7", None), ("Austin", "8", ("Austin", "8"))]
)
def test_a_line_has_a_business_unit_of_its_own_where_it_is_another_than_its_documents(
    name: str, source_id: str, own: tuple[str, str] | None
) -> None:
    header = {"business_unit_name": "Dallas", "business_unit_id": "7"}
    assert own_unit({"business_unit_name": name, "business_unit_id": source_id}, header) == own


def test_income_that_a_journal_books_is_one_piece_of_the_other_sign() -> None:
    sold = priced(line(Place("40000", {}), "line", Decimal("30.00"), "pipe"), Decimal(3), Decimal("10.00"))
    assert (sold["quantity"], sold["unit_price"]) == (Decimal(3), Decimal(10))
    booked = credit(sold)
    assert (booked["quantity"], booked["unit_price"], booked["amount"]) == (ONE, Decimal(-30), Decimal(-30))


@pytest.mark.parametrize(
    ("mode", "computes", "name"),
    [
        ("source", True, ""),
        ("source", False, ""),
        ("erp", True, ""),
        ("erp", False, "tax_mode_erp"),
        ("none", True, "tax_mode_none"),
        ("none", False, "tax_mode_none"),
    ],
)
def test_tax_that_a_document_cannot_carry_is_held_by_the_tax_mode(mode: str, computes: bool, name: str) -> None:
    class _Plan:
        tax_mode = mode

    hold = tax_hold({"tax": Decimal("8.25")}, Mapped(cast("Plan", _Plan()), None, None), computes=computes)
    assert (hold.name if hold else "") == name
    assert hold is None or not hold.words.endswith("erp") or computes
