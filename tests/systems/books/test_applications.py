"""A deposit that is applied later: on the day of its application, in the books of both (accounting.md 17, corrections)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from schemas.records import CommandEnvelope
from services.sinks import entry as e
from services.sinks.parents import Parents, resolve
from systems import registry
from systems.acumatica.documents import application_body
from systems.contract import ResolvedCommand
from systems.mapped import Draft, NoCommand, Plan
from systems.postings.collection import applied_on
from tests.contract.examples import connected
from tests.systems.books.both import drafts, mapped, plan, settings
from tests.systems.field_service import application, command, payment
from tests.systems.peoplesoft.mapping import ground as peoplesoft
from topology.rules.envelope import Source
from topology.rules.envelope import command as enveloped

LATER = date(2026, 4, 2)
IDS = {"payment/201": "Payment/000201", "invoice/101": "Invoice/000101"}


def test_an_application_of_a_deposit_carries_its_own_day() -> None:
    """Without it the application was booked on the day of the payment, in March, for an invoice of April."""
    record = payment("500.00", [application("101", "500.00", applied_on=LATER)])
    (_, applied) = drafts("acumatica", "payment", record)
    sent = application_body(ResolvedCommand(applied.record, command(applied, record, "acumatica"), IDS))
    assert sent["ApplicationDate"] == {"value": "2026-04-02T00:00:00"}
    assert applied.posting_date == LATER


@pytest.mark.parametrize(("invoiced_on", "expected"), [(date(2026, 4, 9), "04-09"), (LATER, "04-02"), (None, "04-02")])
def test_an_application_is_sent_for_the_day_of_an_invoice_that_is_later(invoiced_on: date | None, expected: str) -> None:
    record = payment("500.00", [application("101", "500.00", applied_on=LATER)])
    (_, applied) = drafts("acumatica", "payment", record)
    sent = application_body(ResolvedCommand(applied.record, command(applied, record, "acumatica"), IDS), invoiced_on)
    assert sent["ApplicationDate"] == {"value": f"2026-{expected}T00:00:00"}


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
    taken, none = drafts("peoplesoft", "payment", record, _with_deposits())
    assert (none.record, none.action) == ("completion", "unapplied")
    assert [(one["role"], one["account"], one["amount"]) for one in taken.body["lines"]][1:] == [
        ("deposit", "230000", Decimal("-500.00"))
    ]
    later = payment("500.00", [application("101", "300.00", applied_on=LATER)])
    again, applied = drafts("peoplesoft", "payment", later, _with_deposits())
    assert again == taken, "the receipt stays as it is posted"
    assert (applied.action, applied.body["date"], applied.amount, applied.record) == ("apply", LATER, Decimal("300.00"), "journal")
    assert (applied.part, applied.parted) == ("1", True)
    assert [(one["role"], one["source_id"]) for one in applied.parents] == [("payment", "201"), ("invoice", "101")]
    assert booked([again, applied])["230000"] == Decimal("-200.00")


def test_what_is_applied_taken_back_and_applied_again_ends_where_the_source_has_it() -> None:
    found = [application("101", "500.00", "1"), application("101", "-500.00", "2", LATER), application("102", "400.00", "3", LATER)]
    made = drafts("peoplesoft", "payment", payment("500.00", found), _with_deposits())
    assert all(not one.hold and not one.unresolved for one in made)
    sums = booked(made)
    assert sums["230000"] == Decimal("-100.00")
    assert sums["120000"] == Decimal("-400.00")
    assert sum(sums.values()) == 0
    assert [one.part for one in made] == ["", "3"], "what was taken back is in the set no more"


def test_without_an_account_for_deposits_the_receivable_is_credited_and_applications_are_counted() -> None:
    made, counted = mapped("peoplesoft", "payment", payment("500.00", [application("101", "300.00", applied_on=LATER)]))
    assert isinstance(made, Draft)
    assert booked([made])["120000"] == Decimal("-500.00")
    assert isinstance(counted, NoCommand)
    assert counted.amount == Decimal("300.00")


# --- dead ends --------------------------------------------------------------------------------------------------------


def test_an_application_keeps_its_record_so_that_a_row_of_opening_balances_can_lift_it() -> None:
    """It was held as before_cutover, or waited for an adjustment that a person had entered, and no row ever reached it."""
    joined = connected(registry.system("acumatica"))
    record = payment("108.25", [application("101", "108.25")])
    source = Source("payment", record, "canonical.payment", 0, 7, b"as it was")
    _, applied = drafts("acumatica", "payment", record)
    made = cast("CommandEnvelope", enveloped(applied, source, joined, None))
    assert (made["canonical"], [one["role"] for one in made["parents"]]) == (b"as it was", ["payment", "invoice"])
    rows = {"opening_balance": {"101": {"erp_number": "004712"}}}
    _, lifted = drafts("acumatica", "payment", record, plan("acumatica", rows))
    again = cast("CommandEnvelope", enveloped(lifted, source, joined, None))
    assert again["op_key"] == made["op_key"]
    assert again["payload_hash"] != made["payload_hash"]
    assert [one["role"] for one in again["parents"]] == ["payment"]
    assert application_body(ResolvedCommand("ar_application", again, IDS | {"invoice/101": ""}))["DocumentsToApply"][0][
        "ReferenceNbr"
    ] == {"value": "004712"}


@pytest.mark.parametrize(
    ("state", "found"),
    [(e.POSTED, {"ids": {"invoice/9": "Invoice/1"}}), (e.REJECTED, {"blocked": {"invoice/9": "rejected (skipped)"}})],
)
def test_an_adjustment_is_a_document_that_a_payment_may_settle(state: str, found: dict[str, Any]) -> None:
    entry: Any = {"action": "adjust", "purpose": "sale", "part": "", "state": state, "reason": "skipped", "erp_id": "Invoice/1"}
    entry["reason"] = "" if state == e.POSTED else "skipped"
    known: Any = SimpleNamespace(link=lambda *_: None, pair=lambda _: None, entries=lambda *_: [entry], stands=lambda _: False)
    parent: Any = {"role": "invoice", "entity": "invoice", "source_id": "9"}
    assert resolve([parent], known) == Parents(**found)
