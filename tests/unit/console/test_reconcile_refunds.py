"""Payments of which both sides settle different amounts because of refunds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from console.reconcile.findings import Finding, Judged
from console.reconcile.refunds import with_refunds

DAY = date(2026, 3, 2)


def judged(number: str, source: str, erp: list[str], *findings: Finding, **more: Any) -> Judged:
    """A payment or refund of one customer."""
    booked = tuple((DAY, Decimal(one)) for one in erp)
    return Judged("F5", "payment", number, DAY, "7", "Ana", "", "USD", Decimal(source), booked, findings, number, **more)


def refund(number: str, amount: str) -> Judged:
    """One that is held."""
    return judged(number, amount, [], Finding("held", Decimal(amount), Decimal(amount), by=f"k{number}"), is_refund=True)


def left(amount: str, *others: Judged) -> list[tuple[str, str]]:
    """What is found of a payment of which both sides settle amounts that differ by this, beside these others."""
    paid = judged("1", "300.00", ["300.00"], Finding("un_applied", Decimal(amount)))
    first, *_ = with_refunds([paid, *others])
    return [(one.kind, one.by) for one in first.findings]


UNEXPLAINED = [("un_applied", "")]


@pytest.mark.parametrize(
    ("amount", "refunds", "found"),
    [
        ("121.00", ["-121.00"], [("un_applied", "k2")]),
        ("121.00", ["-50.00", "-50.00", "-21.00"], [("un_applied", "k2")]),
        ("71.00", ["-50.00", "-50.00", "-21.00"], [("un_applied", "k2")]),
        ("120.00", ["-50.00", "-50.00", "-21.00"], UNEXPLAINED),
        ("121.00", [], UNEXPLAINED),
    ],
)
def test_a_payment_is_explained_by_the_refunds_that_are_held_together(amount: str, refunds: list[str], found: Any) -> None:
    """Only one refund of the whole amount explained it: 121.00 that were given back in three parts, all of them held, were unexplained."""
    assert left(amount, *(refund(str(2 + at), one) for at, one in enumerate(refunds))) == found


def test_a_refund_explains_one_payment_only() -> None:
    both = [judged(number, "50.00", ["50.00"], Finding("un_applied", Decimal("50.00"))) for number in "12"]
    found = list(with_refunds([*both, refund("3", "-50.00")]))
    assert [one.findings[0].by for one in found] == ["k3", "", "k3"]


def test_what_a_voided_refund_took_is_open_on_the_payment_that_reversed_it() -> None:
    """The refund and the payment that reverses it leave open what the source has open: 40.00 were unexplained."""
    assert left("-40.00", judged("2", "0.00", ["-40.00", "40.00"], is_refund=True)) == []
    assert left("-40.00", judged("2", "0.00", ["-40.00", "40.00"])) == UNEXPLAINED  # a payment that was voided
    assert left("-40.00", judged("2", "0.00", ["-40.00"], is_refund=True)) == UNEXPLAINED


def test_a_voided_refund_whose_reversal_is_held_explains_what_it_still_takes() -> None:
    held = Finding("voided_at_source", Decimal("-40.00"), Decimal("40.00"), by="k2|void")
    assert left("-40.00", judged("2", "0.00", ["-40.00"], held, is_refund=True)) == [("un_applied", "k2|void")]
