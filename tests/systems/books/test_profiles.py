"""A profile is switched on a day: invoices before it stay what they were (accounting.md 1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.systems.books.both import drafts, plan, settings
from tests.systems.field_service import DAY, invoice, invoice_line

LINES = [invoice_line("100.00", cost=Decimal(40), unit_cost=Decimal(40))]


@pytest.mark.parametrize(
    ("profile", "begins", "purpose"),
    [
        ("voucher", None, "payable"),
        ("voucher", DAY, "payable"),
        ("voucher", date(2026, 3, 11), "sale"),
        ("journal", date(2026, 3, 11), "payable"),
        ("journal", DAY, "sale"),
    ],
)
def test_an_invoice_has_the_profile_of_its_day(profile: str, begins: date | None, purpose: str) -> None:
    chosen = plan("peoplesoft", settings=settings("peoplesoft", profile=profile, profile_from=begins))
    assert {one.purpose for one in drafts("peoplesoft", "invoice", invoice(LINES), chosen)} == {purpose}
