"""A deposit that is applied later: on the day of its application, in the books of both (accounting.md 17, corrections)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from systems.acumatica.documents import application_body
from systems.postings.collection import applied_on
from systems.mapped import Draft, NoCommand, Plan
from tests.systems.books.both import drafts, mapped, plan, settings
from tests.systems.field_service import application, command, payment
from tests.systems.peoplesoft.mapping import ground as peoplesoft

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


# --- journals ---------------------------------------------------------------------------------------------------------


def _with_deposits() -> Plan:
    named = settings("peoplesoft", accounts={**peoplesoft.accounts(), "deposits": "230000"})
    return plan("peoplesoft", settings=named)


def booked(found: list[Draft]) -> dict[str, Decimal]:
    """What the journals leave on each account."""
    sums: dict[str, Decimal] = {}
    for one in (line for draft in found for line in draft.body["lines"]):
        sums[one["account"]] = sums.get(one["account"], Decimal(0)) + one["amount"]
    return {account: amount for account, amount in sums.items() if amount}


def test_a_deposit_is_a_liability_until_it_is_applied_and_then_on_that_day() -> None:
    """500.00 taken in March for an invoice of April was credited to the receivable in March."""
    record = payment("500.00", [])
    (taken,) = drafts("peoplesoft", "payment", record, _with_deposits())
    assert [(one["role"], one["account"], one["amount"]) for one in taken.body["lines"]][1:] == [
        ("deposit", "230000", Decimal("-500.00"))
    ]
    later = payment("500.00", [application("101", "300.00", applied_on=LATER)])
    again, applied = drafts("peoplesoft", "payment", later, _with_deposits())
    assert again == taken, "the receipt stays as it is posted"
    assert (applied.action, applied.body["date"], applied.amount, applied.record) == ("apply", LATER, Decimal("300.00"), "journal")
    assert applied.parents == ({"role": "payment", "entity": "payment", "source_id": "201"},)
    assert booked([again, applied])["230000"] == Decimal("-200.00")


def test_what_is_applied_taken_back_and_applied_again_ends_where_the_source_has_it() -> None:
    found = [application("101", "500.00", "1"), application("101", "-500.00", "2", LATER), application("102", "400.00", "3", LATER)]
    made = drafts("peoplesoft", "payment", payment("500.00", found), _with_deposits())
    assert all(not one.hold and not one.unresolved for one in made)
    sums = booked(made)
    assert sums["230000"] == Decimal("-100.00")
    assert sums["120000"] == Decimal("-400.00")
    assert sum(sums.values()) == 0
    assert len({one.source_id for one in made}) == len(made)


def test_without_an_account_for_deposits_the_receivable_is_credited_and_applications_are_counted() -> None:
    made, counted = mapped("peoplesoft", "payment", payment("500.00", [application("101", "300.00", applied_on=LATER)]))
    assert isinstance(made, Draft)
    assert booked([made])["120000"] == Decimal("-500.00")
    assert isinstance(counted, NoCommand)
    assert counted.amount == Decimal("300.00")
