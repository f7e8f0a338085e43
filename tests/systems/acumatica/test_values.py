"""Values of Acumatica at the ends of the calendar and of numbers: a value, or `Malformed`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from schemas.errors import Malformed
from systems.acumatica.wire import day, instant, near_money, version_of


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00", "2026-02-30T00:00:00", "x" * 100_000])
def test_an_instant_that_no_clock_shows_is_malformed(value: str) -> None:
    """`OverflowError` is no `ValueError`: one such change date stopped hop 1."""
    row = {"CreatedDateTime": {"value": value}}
    with pytest.raises(Malformed):
        instant(row, "CreatedDateTime")
    assert version_of(row, "CreatedDateTime") == ""


def test_the_last_and_the_first_instant_are_values() -> None:
    for value in ("9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59"):
        assert instant({"x": {"value": value}}, "x") is not None
    assert day({"x": {"value": "9999-12-31T23:59:59-12:00"}}, "x") is not None


@pytest.mark.parametrize(
    ("value", "kept", "noted"),
    [
        (Decimal("324.7500000000"), "324.75", 0),
        (Decimal("0.123456"), "0.1235", 1),
        (7, "7", 0),
        (None, None, 0),
    ],
)
def test_an_amount_that_is_only_seen_is_kept_to_four_places(value: Any, kept: str | None, noted: int) -> None:
    notes: list[str] = []
    assert near_money({"Amount": {"value": value}}, "Amount", notes) == (None if kept is None else Decimal(kept))
    assert len(notes) == noted


@pytest.mark.parametrize("value", [Decimal("1E+20"), 10**15, "5", True])
def test_an_amount_that_is_none_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        near_money({"Amount": {"value": value}}, "Amount", [])
