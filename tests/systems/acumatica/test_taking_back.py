"""What was written is taken back: reversals of every document against the simulated tenant, each with the answer of each step lost once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from systems.acumatica.system import SYSTEM
from systems.acumatica.taking_back import action
from systems.acumatica.undo import STEPS
from systems.contract import Original, Verdict
from systems.mapped import REVERSAL
from tests.systems.acumatica import ground
from tests.systems.acumatica.taken_back import VOIDED_ON, Written
from tests.systems.acumatica.tenant import Books, Start, books, made

EXTENDED = "MLConnector/24.200.001"


async def extended(tenants: Start, **more: Any) -> Books:
    """A tenant with the extended endpoint, and settings that name it."""
    tenant = await tenants(extended_endpoint=EXTENDED, **more)
    return await books(tenant, tenant.settings(extended_endpoint=EXTENDED))


async def an_invoice(on: Written) -> Original:
    return await on.write("invoice", ground.invoice())


async def a_memo(on: Written) -> Original:
    return await on.write(
        "invoice", ground.invoice([ground.invoice_line("-30.00")], source_id="104", number="N104", tax=Decimal(0))
    )


async def a_receipt(on: Written) -> Original:
    await an_invoice(on)
    record = ground.payment("108.25", [ground.application("101", "108.25")])
    receipt = await on.write("payment", record)
    await on.write("payment", record, 1)
    return receipt


async def a_refund(on: Written) -> Original:
    await on.write("payment", ground.payment("50.00", [], source_id="202", number="N202"))
    return await on.write("payment", ground.payment("-20.00", [], source_id="203", number="N203", refunded_payment_id="202"))


async def an_application(on: Written) -> Original:
    await a_receipt(on)
    return on.originals["payment/201/1"]


async def a_bill(on: Written) -> Original:
    return await on.write("bill", ground.bill(tax=Decimal("6.60")))


async def a_credit(on: Written) -> Original:
    return await on.write("vendor_credit", ground.credit(applications=[]))


async def a_pay_hold(on: Written) -> Original:
    record = ground.bill(tax=Decimal("6.60"), do_not_pay=True)
    await on.write("bill", record)
    return await on.write("bill", record, 1)


Make = Callable[[Written], Awaitable[Original]]
CASES: dict[str, tuple[Make, str, str]] = {
    "ar_invoice": (an_invoice, "customers", "0.00"),
    "ar_credit_memo": (a_memo, "customers", "0.00"),
    "ar_receipt": (a_receipt, "customers", "108.25"),
    "ar_refund": (a_refund, "customers", "-50.00"),
    "ar_application": (an_application, "customers", "0.00"),
    "ap_bill": (a_bill, "vendors", "0.00"),
    "ap_credit": (a_credit, "vendors", "0.00"),
    "ap_pay_hold": (a_pay_hold, "vendors", "86.60"),
}
"""What is written, whose balance tells, and that balance after it is taken back."""
EVERY_STEP = [(record, step) for record, steps in STEPS.items() for step in ("", *steps)]


@pytest.mark.parametrize(("record", "lost"), EVERY_STEP)
async def test_what_was_written_is_taken_back_once_whatever_answer_is_lost(tenants: Start, record: str, lost: str) -> None:
    on = Written(await extended(tenants))
    make, side, left = CASES[record]
    original = await make(on)
    assert original.record == record
    resolved = on.reversal(original)
    assert (await on.find(resolved)).documents == ()
    document = await on.perform(resolved, lost)
    assert document.ref == resolved.command["ref"]
    assert document.steps_done == on.steps(resolved)
    assert await on.open_of(side) == left
    before = len(on.books.wire.of("PUT")) + len(on.books.wire.of("POST", "/entity/"))
    assert await on.next_step(resolved) == ("", document)
    assert len(on.books.wire.of("PUT")) + len(on.books.wire.of("POST", "/entity/")) == before
    journal = await on.books.tenant.ask("journal")
    assert all(one.get("operation") != "delete" for one in journal.get("entries", []))


@pytest.mark.parametrize(
    ("record", "kind", "shown"),
    [
        ("ar_invoice", "Invoice", [("Invoice", "Closed", "108.25"), ("Credit Memo", "Closed", "108.25")]),
        ("ar_credit_memo", "Invoice", [("Credit Memo", "Closed", "30.00"), ("Debit Memo", "Closed", "30.00")]),
        ("ar_receipt", "Payment", [("Payment", "Voided", "108.25"), ("Voided Payment", "Closed", "-108.25")]),
        ("ap_bill", "Bill", [("Bill", "Closed", "86.60"), ("Debit Adj.", "Closed", "86.60")]),
        ("ap_credit", "Bill", [("Debit Adj.", "Closed", "20.00"), ("Credit Adj.", "Closed", "20.00")]),
    ],
)
async def test_what_reverses_is_the_opposite_document_and_both_are_closed(
    held: Books, record: str, kind: str, shown: list[tuple[str, str, str]]
) -> None:
    on = Written(held)
    original = await CASES[record][0](on)
    resolved = on.reversal(original)
    await on.perform(resolved)
    assert await on.kept(kind) == shown
    reverses = (await held.tenant.kept(kind))[-1]
    assert reverses["ref"] == resolved.command["ref"]
    assert f"[reverses {original.erp_id}] the document was voided" in reverses["description"]
    assert reverses["date"] == VOIDED_ON.isoformat()
    first = (await held.tenant.kept(kind))[0]
    assert [(one["account"], one["amount"]) for one in reverses["lines"]] == [
        (one["account"], one["amount"]) for one in first["lines"]
    ]


async def test_a_voided_payment_opens_what_it_had_settled(held: Books) -> None:
    on = Written(held)
    await on.perform(on.reversal(await a_receipt(on)))
    assert (await held.tenant.kept("Invoice"))[0]["balance"] == "108.25"


async def test_an_application_that_is_taken_back_leaves_the_payment_open(tenants: Start) -> None:
    on = Written(await extended(tenants))
    await on.perform(on.reversal(await an_application(on)))
    (invoice,), (payment,) = await on.books.tenant.kept("Invoice"), await on.books.tenant.kept("Payment")
    assert (invoice["balance"], payment["balance"], payment["status"]) == ("108.25", "108.25", "Open")


async def test_an_application_that_was_taken_back_is_made_again_under_another_id(tenants: Start) -> None:
    on = Written(await extended(tenants))
    await on.perform(on.reversal(await an_application(on)))
    again = ground.payment("108.25", [ground.application("101", "108.25", "2")])
    await on.write("payment", again, 1)
    assert (await on.books.tenant.kept("Invoice"))[0]["balance"] == "0.00"
    await on.perform(on.reversal(on.originals["payment/201/2"]))
    assert (await on.books.tenant.kept("Invoice"))[0]["balance"] == "108.25"


async def test_without_the_extended_endpoint_an_application_is_a_persons_and_seen_when_it_is_done(tenants: Start) -> None:
    tenant = await tenants(extended_endpoint=EXTENDED)
    on = Written(await books(tenant, tenant.settings(extended_endpoint="")))
    original = await an_application(on)
    found = await on.find(on.reversal(original))
    assert (found.documents, found.refusal_reason) == ((), "no_reverse_application")
    assert "Payment/000001 to Invoice/000001" in found.refusal
    person = Written(replace(on.books, writer=tenant.writer(tenant.settings(extended_endpoint=EXTENDED))[0]))
    await person.perform(person.reversal(original))
    (done,) = (await on.find(on.reversal(original))).documents
    assert done.steps_done == STEPS["ar_application"]


async def test_two_equal_applications_to_one_invoice_are_a_persons(tenants: Start) -> None:
    on = Written(await extended(tenants))
    await an_invoice(on)
    record = ground.payment("108.25", [ground.application("101", "50.00"), ground.application("101", "50.00", "2")])
    for number in range(3):
        await on.write("payment", record, number)
    found = await on.find(on.reversal(on.originals["payment/201/1"]))
    assert (found.documents, found.refusal_reason) == ((), "application_unclear")


@pytest.mark.parametrize("is_memo", [False, True])
async def test_what_was_applied_is_taken_back_first(held: Books, is_memo: bool) -> None:
    on = Written(held)
    if is_memo:
        await an_invoice(on)
        record = ground.invoice(
            [ground.invoice_line("-30.00")], source_id="105", number="N105", tax=Decimal(0), adjustment_to_id="101"
        )
        original = await on.write("invoice", record)
    else:
        await a_receipt(on)
        original = on.originals["invoice/101"]
    found = await on.find(on.reversal(original))
    assert (found.documents, found.refusal_reason) == ((), "applied")
    assert original.erp_id in found.refusal


async def test_a_bill_that_was_paid_or_credited_is_left_open_and_held(held: Books) -> None:
    on = Written(held)
    original = await a_bill(on)
    credit = ground.credit()
    await on.write("vendor_credit", credit)
    await on.write("vendor_credit", credit, 1)
    assert (await on.find(on.reversal(original))).refusal_reason == "applied"
    await held.tenant.ask("checks", {"number": original.erp_number, "amount": "10.00"})
    assert (await on.find(on.reversal(original))).refusal_reason == "paid"


@pytest.mark.parametrize("state", ["deposited", "reconciled"])
async def test_a_payment_at_the_bank_is_held_in_its_own_words(held: Books, state: str) -> None:
    on = Written(held)
    original = await a_receipt(on)
    await held.tenant.ask("banked", {"number": original.erp_number, "as": state})
    resolved = on.reversal(original)
    await held.writer.reserve(20)
    answer = await held.writer.perform("void", resolved, None)
    assert (answer.verdict, answer.reason) == (Verdict.REJECT, state)


async def test_a_payment_that_was_refunded_in_part_is_not_voided(held: Books) -> None:
    on = Written(held)
    await a_refund(on)
    resolved = on.reversal(on.originals["payment/202"])
    await held.writer.reserve(20)
    answer = await held.writer.perform("void", resolved, None)
    assert (answer.verdict, answer.reason) == (Verdict.REJECT, "refunded")


@pytest.mark.parametrize("record", ["ar_invoice", "ap_bill", "ar_receipt"])
async def test_what_is_not_released_yet_is_deleted(held: Books, record: str) -> None:
    on = Written(held)
    entity, source = {
        "ar_invoice": ("invoice", ground.invoice()),
        "ap_bill": ("bill", ground.bill()),
        "ar_receipt": ("payment", ground.payment("10.00", [])),
    }[record]
    command = made(entity, source)
    document = await held.post(("create",), *command)
    original = Original(record, command[1], document.erp_id, document.number, dict(held.ids))
    resolved = on.reversal(original)
    done = await on.perform(resolved, lost=STEPS[record][0])
    assert done.steps_done == STEPS[record]
    assert await held.tenant.kept({"invoice": "Invoice", "bill": "Bill", "payment": "Payment"}[entity]) == []


@pytest.mark.parametrize("record", ["ar_invoice", "ap_bill", "ar_receipt", "ar_application"])
async def test_a_reversal_into_a_closed_period_is_posted_on_the_first_open_day(tenants: Start, record: str) -> None:
    on = Written(await extended(tenants))
    original = await CASES[record][0](on)
    on.books.tenant.clock.instant = datetime(2026, 4, 2, 12, tzinfo=UTC)  # type: ignore[attr-defined]  # the moved clock of the test
    await on.books.tenant.ask("periods", {"period": "032026", "status": "Closed"})
    resolved = on.reversal(original, post_on=date(2026, 4, 1))
    await on.perform(resolved)
    if record == "ar_application":
        assert (await on.books.tenant.kept("Payment"))[0]["balance"] == "108.25"
        return
    kept = (await on.books.tenant.kept({"ar_invoice": "Invoice", "ap_bill": "Bill", "ar_receipt": "Payment"}[record]))[-1]
    assert kept["period"] == "042026"
    assert kept["date"] == ("2026-04-01" if record == "ar_receipt" else VOIDED_ON.isoformat())
    assert "(of 2026-03-25)" in kept["description"]


async def test_what_is_gone_from_acumatica_has_nothing_left_to_reverse(held: Books) -> None:
    on = Written(held)
    original = replace(await an_invoice(on), erp_id="Invoice/999999")
    (done,) = (await on.find(on.reversal(original))).documents
    assert done.steps_done == STEPS["ar_invoice"]


@pytest.mark.parametrize(("record", "kind"), [("ar_invoice", "Invoice"), ("ar_receipt", "Payment"), ("ap_bill", "Bill")])
async def test_a_reversal_with_its_ref_in_a_user_field_is_marked_there(tenants: Start, record: str, kind: str) -> None:
    tenant = await tenants(user_fields="Document.UsrMLCRef")
    on = Written(await books(tenant, tenant.settings(ref_field="custom:Document.UsrMLCRef")))
    resolved = on.reversal(await CASES[record][0](on))
    await on.perform(resolved, lost=STEPS[record][0])
    (kept,) = [one for one in await tenant.kept(kind) if "[reverses" in one["description"]]
    assert kept["custom"] == {"Document.UsrMLCRef": resolved.command["ref"]}


async def test_two_documents_that_reverse_one_are_both_told(held: Books) -> None:
    """A person pressed Reverse while our request was on its way."""
    on = Written(held)
    original = await a_bill(on)
    resolved = on.reversal(original)
    for _ in range(2):
        await held.writer.reserve(20)
        await held.writer.client.write(action(held.writer.client, "Bill", "ReverseBill", original.erp_id))  # type: ignore[attr-defined]  # our own
    assert len((await on.find(resolved)).documents) == 2


def test_every_record_that_is_written_has_a_way_back_but_those_that_a_person_takes_back() -> None:
    written = {one.record for one in SYSTEM.writes if not one.takes_back}
    backwards = {one.takes_back for one in SYSTEM.writes if one.record == REVERSAL}
    assert written - backwards == {"customer", "vendor", "ap_application"}
