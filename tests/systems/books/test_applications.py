"""A deposit that is applied later: on the day of its application, in the books of both (accounting.md 17, corrections)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from systems.acumatica.documents import application_body
from systems.postings.collection import applied_on
from tests.systems.books.both import drafts
from tests.systems.field_service import application, command, payment

LATER = date(2026, 4, 2)
IDS = {"payment/201": "Payment/000201", "invoice/101": "Invoice/000101"}


def test_an_application_of_a_deposit_carries_its_own_day() -> None:
    """Without it the application was booked on the day of the payment, in March, for an invoice of April."""
    record = payment("500.00", [application("101", "500.00", applied_on=LATER)])
    (_, applied) = drafts("acumatica", "payment", record)
    sent = application_body(command(applied, record, "acumatica"), IDS)
    assert sent["ApplicationDate"] == {"value": "2026-04-02T00:00:00"}
    assert applied.posting_date == LATER


@pytest.mark.parametrize(("day", "expected"), [(LATER, LATER), (None, date(2026, 3, 10)), (date(2026, 3, 1), date(2026, 3, 10))])
def test_an_application_is_never_dated_before_its_payment(day: date | None, expected: date) -> None:
    record = payment("500.00", [application("101", "500.00", applied_on=day)])
    assert applied_on(record, record["applications"][0]) == expected
