"""Voids and corrections against the simulated account: each is one entry with one ref, and the books end where the source is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.exchange import Request, Response, Unanswered
from systems.contract import Document, ResolvedCommand, Verdict
from systems.netsuite.refs import REVERSES, external_id
from tests.contract.seam import Deliver
from tests.systems.field_service import application, invoice, payment
from tests.systems.netsuite.writing import Books, books, labor, labor_entry, steps_of

OFF = ("N1", "N1L")
Made = tuple[ResolvedCommand, Document]


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Books]:
    """A writer whose payments are customer payments."""
    async with books(tmp_path, {"receivables": {"payments_as": "payment"}}) as made:
        yield made


async def posted(held: Books, source: dict[str, Any], record: str, part: str = "", off: tuple[str, ...] = ("N1L",)) -> Made:
    """A document that was written."""
    resolved = held.made(source, record, part, off=off)
    return resolved, await held.post(resolved)


SOURCES: dict[str, tuple[dict[str, Any], tuple[str, ...], str, str]] = {
    "ap_bill": (invoice([labor("40.00")]), ("N1S", "N1L"), "vendorBill", "vendorCredit"),
    "ap_credit": (invoice([labor("-15.00")], adjustment_to_id="99"), ("N1S", "N1L"), "vendorCredit", "vendorBill"),
    "ar_invoice": (invoice(), OFF, "invoice", "creditMemo"),
    "ar_credit_memo": (
        invoice([labor("0") | {"amount": Decimal("-30.00"), "unit_price": Decimal("-30.00")}], tax=Decimal(0)),
        OFF,
        "creditMemo",
        "invoice",
    ),
    "ar_receipt": (payment("60.00", []), OFF, "customerPayment", "customerRefund"),
    "journal": (labor_entry(), (), "journalEntry", "journalEntry"),
}


async def written(held: Books, record: str) -> Made:
    """A document of each record, that stands alone."""
    source, off, *_ = SOURCES[record]
    held.tables = {**held.tables, "opening_balance": {"99": {"erp_number": "1"}}}
    return await posted(held, source, record, off=off)


@pytest.mark.parametrize("record", sorted(SOURCES))
async def test_a_void_leaves_nothing_open(held: Books, record: str) -> None:
    resolved, document = await written(held, record)
    void = held.reversal(resolved, document)
    await held.post(void)
    (found,) = await held.find(void)
    assert (found.steps_done, found.differences) == (steps_of(void), ())
    *_, kind, opposite = SOURCES[record]
    balances = await held.site.ask("balances")
    assert {one["balance"] for name in (kind, opposite) for one in await held.kept(name) if kind != "journalEntry"} <= {"0.00"}, (
        balances
    )
    counter = [one for one in await held.kept(opposite) if one["ref"] == external_id(void.command["ref"], REVERSES)]
    assert [(one["amount"], one["date"]) for one in counter] == [(f"{abs(resolved.command['amount']):.2f}", "2026-03-20")]
    assert counter[0]["description"].startswith(f"Reverses {document.erp_id}: it was voided")


@pytest.mark.parametrize("record", sorted(SOURCES))
async def test_a_lost_answer_to_each_step_of_a_void_reverses_once(held: Books, record: str) -> None:
    resolved, document = await written(held, record)
    void = held.reversal(resolved, document)
    for step in steps_of(void):
        found = await held.find(void)
        if found and step in found[0].steps_done:
            continue
        held.wire.twist = _lost
        answer = await held.step(step, void, found[0] if found else None)
        held.wire.twist = None
        assert answer.verdict is Verdict.AMBIGUOUS, answer
        (after,) = await held.find(void)
        assert step in after.steps_done
    opposite = SOURCES[record][3]
    ref = external_id(void.command["ref"], REVERSES)
    assert len([one for one in await held.kept(opposite) if one["ref"] == ref]) == 1


async def _lost(request: Request, deliver: Deliver) -> Response:
    answer = await deliver(request)
    if request.method != "GET" and "suiteql" not in request.url:
        raise Unanswered("the connection died")
    return answer


CHANGED: dict[str, dict[str, Any]] = {
    "ap_bill": invoice([labor("55.00")]),
    "ar_invoice": invoice([labor("0") | {"amount": Decimal("70.00"), "unit_price": Decimal("70.00")}]),
    "ar_receipt": payment("75.00", []),
    "journal": labor_entry(total=Decimal("80.00")),
}


@pytest.mark.parametrize("record", sorted(CHANGED))
async def test_a_correction_reverses_what_was_written_and_writes_what_is_wanted(held: Books, record: str) -> None:
    resolved, document = await written(held, record)
    off = SOURCES[record][1]
    wanted = held.correction(held.made(CHANGED[record], record, off=off), resolved, document)
    await held.post(wanted)
    (found,) = await held.find(wanted)
    assert (found.steps_done, found.differences) == (steps_of(wanted), ())
    amounts = [one["amount"] for one in await held.kept(SOURCES[record][2]) if one["ref"] == wanted.command["ref"]]
    assert amounts == [f"{wanted.command['amount']:.2f}"]


async def test_a_bill_whose_sign_changes_becomes_a_credit_of_its_own(held: Books) -> None:
    held.tables = {**held.tables, "opening_balance": {"99": {"erp_number": "1"}}}
    resolved, document = await posted(held, invoice([labor("40.00")], adjustment_to_id="99"), "ap_bill", off=("N1S", "N1L"))
    source = invoice([labor("-10.00")], adjustment_to_id="99")
    wanted = held.correction(held.made(source, "ap_credit", off=("N1S", "N1L")), resolved, document)
    await held.post(wanted)
    assert sorted(one["balance"] for one in await held.kept("vendorCredit")) == ["0.00", "10.00"]
    assert [one["balance"] for one in await held.kept("vendorBill")] == ["0.00"]


async def test_a_bill_that_is_paid_is_for_a_person(held: Books) -> None:
    resolved, document = await written(held, "ap_bill")
    await held.site.tell("pay", {"bill": document.erp_id.partition("/")[2], "amount": "10.00"})
    void = held.reversal(resolved, document)
    found = await held.writer.find(void)
    assert (found.documents, found.refusal_reason) == ((), "paid")
    assert "30.00 of 40.00 open" in found.refusal or "30 of 40" in found.refusal
    assert await held.kept("vendorCredit") == []


async def test_an_invoice_that_is_settled_waits_for_its_application_to_be_taken_back(held: Books) -> None:
    resolved, document = await posted(held, invoice(), "ar_invoice", off=OFF)
    paid = payment("60.00", [application("101", "60.00")])
    await posted(held, paid, "ar_receipt")
    applied = await posted(held, paid, "ar_application")
    void = held.reversal(resolved, document)
    assert (await held.writer.find(void)).refusal_reason == "applied"
    await held.post(held.reversal(*applied))
    await held.post(void)
    assert [one["balance"] for one in await held.kept("invoice")] == ["0.00"]
    assert [one["balance"] for one in await held.kept("customerPayment")] == ["60.00"]


async def test_of_two_equal_applications_each_is_taken_back_once(held: Books) -> None:
    await posted(held, invoice(), "ar_invoice", off=OFF)
    paid = payment("60.00", [application("101", "20.00"), application("101", "20.00", "2")])
    await posted(held, paid, "ar_receipt")
    first, second = await posted(held, paid, "ar_application", "1"), await posted(held, paid, "ar_application", "2")
    assert [one["balance"] for one in await held.kept("invoice")] == ["68.25"]
    void = held.reversal(*first)
    await held.post(void)
    assert [one["balance"] for one in await held.kept("invoice")] == ["88.25"]
    (again,) = await held.find(void)
    assert again.steps_done == ("unapply",)
    assert [one.differences for one in await held.find(second[0])] == [()]
    await held.post(held.reversal(*second))
    assert [one["balance"] for one in await held.kept("invoice")] == ["108.25"]


async def test_a_corrected_application_gives_the_new_amount(held: Books) -> None:
    await posted(held, invoice(), "ar_invoice", off=OFF)
    paid = payment("60.00", [application("101", "20.00")])
    await posted(held, paid, "ar_receipt")
    resolved, document = await posted(held, paid, "ar_application")
    wanted = held.made(payment("60.00", [application("101", "45.00")]), "ar_application")
    await held.post(held.correction(wanted, resolved, document))
    assert [one["balance"] for one in await held.kept("invoice")] == ["63.25"]


async def test_an_application_that_we_took_off_is_not_found_and_one_that_a_person_took_off_differs(held: Books) -> None:
    """As after ledger and results were lost: the memo keeps the ref of what was entered in either case."""
    await posted(held, invoice(), "ar_invoice", off=OFF)
    paid = payment("60.00", [application("101", "20.00")])
    key = (await posted(held, paid, "ar_receipt"))[1].erp_id.partition("/")[2]
    applied = await posted(held, paid, "ar_application")
    target = held.ids["invoice/101"].partition("/")[2]
    await held.site.enter("customerPayment", key, apply={"items": [{"doc": {"id": target}, "apply": False, "amount": 0}]})
    assert [one.differences for one in await held.find(applied[0])] == [("amount: 0, 20.00",)]
    await held.site.enter("customerPayment", key, apply={"items": [{"doc": {"id": target}, "apply": True, "amount": 20}]})
    await held.post(held.reversal(*applied))
    assert await held.find(applied[0]) == ()


async def test_a_payment_that_bounces_opens_its_invoices_again(held: Books) -> None:
    await posted(held, invoice(), "ar_invoice", off=OFF)
    paid = payment("60.00", [application("101", "60.00")])
    receipt = await posted(held, paid, "ar_receipt")
    await posted(held, paid, "ar_application")
    await held.post(held.reversal(*receipt))
    assert [one["balance"] for one in await held.kept("invoice")] == ["108.25"]
    assert [one["balance"] for one in await held.kept("customerPayment")] == ["0.00"]


async def test_what_was_applied_after_a_payment_was_taken_off_is_for_a_person(held: Books) -> None:
    await posted(held, invoice(), "ar_invoice", off=OFF)
    receipt = await posted(held, payment("60.00", []), "ar_receipt")
    void = held.reversal(*receipt)
    assert await held.find(void) == ()
    assert (await held.step("unapply", void)).verdict is Verdict.YES
    (taken_off,) = await held.find(void)
    assert (taken_off.steps_done, taken_off.differences) == (("unapply",), ())
    other = replace(void, command={**void.command, "ref": void.command["ref"][:-1]})
    assert await held.find(other) == ()
    key = receipt[1].erp_id.partition("/")[2]
    target = held.ids["invoice/101"].partition("/")[2]
    await held.site.enter("customerPayment", key, apply={"items": [{"doc": {"id": target}, "apply": True, "amount": 10}]})
    assert (await held.writer.find(void)).refusal_reason == "applied"
    assert (await held.step("reverse", void, taken_off)).verdict is Verdict.DEFINITE_NO


@pytest.mark.parametrize("amount", ["59.00", "all"])
async def test_a_mark_of_another_amount_is_a_difference(held: Books, amount: str) -> None:
    receipt = await posted(held, payment("60.00", []), "ar_receipt")
    void = held.reversal(*receipt)
    mark = f"{external_id(void.command['ref'], REVERSES)}:"
    await held.site.enter("customerPayment", receipt[1].erp_id.partition("/")[2], memo=f"{mark}{amount}")
    assert [len(one.differences) for one in await held.find(void)] == [1]


async def test_a_payment_that_settles_something_is_not_written_anew(held: Books) -> None:
    await posted(held, invoice(), "ar_invoice", off=OFF)
    paid = payment("60.00", [application("101", "60.00")])
    receipt = await posted(held, paid, "ar_receipt")
    await posted(held, paid, "ar_application")
    wanted = held.correction(held.made(payment("61.00", []), "ar_receipt"), *receipt)
    assert (await held.writer.find(wanted)).refusal_reason == "applied"


async def test_a_refund_that_is_voided_is_a_payment_again(held: Books) -> None:
    await posted(held, payment("60.00", []), "ar_receipt")
    refund = await posted(held, payment("-25.00", [], source_id="202", refunded_payment_id="201"), "ar_refund")
    await held.post(held.reversal(*refund))
    assert sorted(one["balance"] for one in await held.kept("customerPayment")) == ["25.00", "35.00"]


async def test_a_document_that_a_person_changed_or_deleted_is_for_a_person(held: Books) -> None:
    resolved, document = await written(held, "journal")
    bill = await posted(held, invoice([labor("40.00")]), "ap_bill", off=("N1S", "N1L"))
    await held.site.tell("remove", {"type": "journalEntry", "id": document.erp_id.partition("/")[2]})
    assert (await held.writer.find(held.reversal(resolved, document))).refusal_reason == "missing_in_erp"
    line = {"line": 1, "amount": 41}
    await held.site.enter("vendorBill", bill[1].erp_id.partition("/")[2], expense={"items": [line]})
    assert (await held.writer.find(held.reversal(*bill))).refusal_reason == "original_changed"


async def test_a_deposit_that_is_voided_and_its_application(tmp_path: Path) -> None:
    async with books(tmp_path, {"receivables": {"payments_as": "deposit"}}) as held:
        await posted(held, invoice(), "ar_invoice", off=OFF)
        paid = payment("60.00", [application("101", "60.00")])
        receipt = await posted(held, paid, "ar_receipt")
        applied = await posted(held, paid, "ar_application")
        assert (await held.writer.find(held.reversal(*receipt))).refusal_reason == "applied"
        await held.post(held.reversal(*applied))
        assert await held.kept("depositApplication") == []
        await held.post(held.reversal(*receipt))
        assert [one["balance"] for one in await held.kept("customerDeposit")] == ["0.00"]
        assert [one["balance"] for one in await held.kept("invoice")] == ["108.25"]
