"""The writer against the simulated account: what reaches the books, how each step is looked up, and how answers are classed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.exchange import Request, Response, Unanswered
from runtime.json import parse
from systems.contract import Verdict
from tests.contract.seam import Deliver
from tests.systems.field_service import application, credit_memo, customer, invoice, payment, vendor
from tests.systems.netsuite.account import queries
from tests.systems.netsuite.writing import Books, books, drafts_of, labor, labor_entry, material

RECEIVABLE = {"receivables": {"payments_as": "payment"}}


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Books]:
    """A writer with the default switches."""
    async with books(tmp_path) as made:
        yield made


async def test_a_job_invoice_becomes_an_order_and_a_bill_made_of_it_for_each_vendor(held: Books) -> None:
    source = invoice([labor("40.00"), material("12.50"), material("7.25", "3", order_vendor_id="800")], job_type="Service Call")
    parts = {one.part: one for one in drafts_of(source, held.plan(off=("N1S", "N1L")))}
    assert len(parts) == 3
    for part in parts:
        await held.post(held.made(source, "ap_bill", part))
    orders, bills = await held.kept("purchaseOrder"), await held.kept("vendorBill")
    assert [one["amount"] for one in bills] == [one["amount"] for one in orders] == ["40.00", "12.50", "7.25"]
    assert [one["created_from"] for one in bills] == [one["id"] for one in orders]
    assert {one["status"] for one in orders} == {"Fully Billed"}
    assert [one["ref"] for one in orders] == [f"{one['ref']}-O" for one in bills]
    assert bills[2]["party"] == held.ids["vendor/800"]
    assert [line["account"] for line in bills[0]["lines"]] == ["2000", "5100"]
    (line,) = [line for line in bills[1]["lines"] if not line["main"]]
    assert (line["account"], line["amount"], line["department"], line["class"], line["location"]) == (
        "5000",
        "12.50",
        "3",
        "1",
        "1",
    )
    assert bills[0]["human_number"] == "N101"


async def test_a_bill_is_found_by_its_external_id_and_a_second_create_is_refused(held: Books) -> None:
    resolved = held.made(invoice([labor("40.00")]), "ap_bill")
    made = await held.post(resolved)
    (found,) = await held.find(resolved)
    assert (found.erp_id, found.steps_done, found.differences) == (made.erp_id, ("order", "bill"), ())
    again = await held.step("order", resolved)
    assert (again.verdict, again.reason) == (Verdict.DUPLICATE, "exists")
    assert len(await held.kept("purchaseOrder")) == len(await held.kept("vendorBill")) == 1


async def test_an_order_whose_bill_was_not_made_is_gone_on_with(held: Books) -> None:
    resolved = held.made(invoice([labor("40.00")]), "ap_bill")
    ordered = await held.step("order", resolved)
    assert (ordered.verdict, ordered.document and ordered.document.steps_done) == (Verdict.YES, ("order",))
    (found,) = await held.find(resolved)
    assert (found.steps_done, found.differences) == (("order",), ())
    assert found.erp_id.startswith("purchaseOrder/")
    await held.post(resolved)
    assert len(await held.kept("purchaseOrder")) == len(await held.kept("vendorBill")) == 1


async def test_a_lost_answer_to_each_step_leaves_one_order_and_one_bill(held: Books) -> None:
    resolved = held.made(invoice([labor("40.00"), material("3.00", "3", sku_code="X")]), "ap_bill")
    for step in ("order", "bill"):
        found = await held.find(resolved)
        held.wire.twist = _lost
        answer = await held.step(step, resolved, found[0] if found else None)
        held.wire.twist = None
        assert answer.verdict is Verdict.AMBIGUOUS
        (found_after,) = await held.find(resolved)
        assert step in found_after.steps_done
        assert found_after.differences == ()
    assert len(await held.kept("purchaseOrder")) == len(await held.kept("vendorBill")) == 1


async def _lost(request: Request, deliver: Deliver) -> Response:
    answer = await deliver(request)
    if request.method != "GET" and "suiteql" not in request.url:
        raise Unanswered("the connection died")
    return answer


async def test_an_answer_without_the_address_of_what_was_made_is_ambiguous(held: Books) -> None:
    await held.site.fault(kind="no_location", path="/purchaseOrder", count=1)
    answer = await held.step("order", held.made(invoice([labor("40.00")]), "ap_bill"))
    assert (answer.verdict, answer.reason) == (Verdict.AMBIGUOUS, "unreadable")


async def test_an_order_that_waits_for_approval_holds_its_bill_by_name(tmp_path: Path) -> None:
    async with books(tmp_path, order_approval=True) as held:
        resolved = held.made(invoice([labor("40.00")]), "ap_bill")
        answer = await held.step("order", resolved)
        assert answer.verdict is Verdict.YES
        found = await held.writer.find(held.again(resolved))
        assert (found.refusal_reason, [one.steps_done for one in found.documents]) == ("order_not_billable", [("order",)])
        assert "waits for approval" in found.refusal
        await held.site.tell("approve", {"type": "purchaseOrder", "id": found.documents[0].erp_id.partition("/")[2]})
        await held.post(resolved)
        assert [one["amount"] for one in await held.kept("vendorBill")] == ["40.00"]


async def test_a_closed_period_refuses_the_bill_and_the_next_open_day_takes_it(held: Books) -> None:
    resolved = held.made(invoice([labor("40.00")], invoice_date=date(2026, 2, 10)), "ap_bill")
    await held.site.tell("periods", {"period": "Feb 2026", "closed": True})
    ordered = await held.step("order", resolved)
    refused = await held.step("bill", resolved, ordered.document)
    assert (refused.verdict, refused.reason) == (Verdict.REJECT, "period_closed")
    late = held.made(invoice([labor("41.00")], invoice_date=date(2026, 2, 10), source_id="102"), "ap_bill")
    await held.post(replace(late, post_on=date(2026, 3, 1)))
    (kept,) = await held.kept("vendorBill")
    assert (kept["date"], kept["amount"]) == ("2026-03-01", "41.00")
    assert "(of 2026-02-10, posted 2026-03-01)" in kept["description"]


async def test_a_sale_is_an_invoice_of_items_with_the_sources_tax(held: Books) -> None:
    source = invoice(job_type="Solar Install")
    await held.post(held.made(source, "ar_invoice", off=("N1", "N1L")))
    (kept,) = await held.kept("invoice")
    assert (kept["amount"], kept["tax"], kept["human_number"], kept["party"]) == (
        "108.25",
        "0.00",
        "N101",
        held.ids["customer/500"],
    )
    lines = [line for line in kept["lines"] if not line["main"]]
    assert [(line["account"], line["amount"], line["department"]) for line in lines] == [
        ("4000", "-100.00", "4"),
        ("2200", "-8.25", "4"),
    ]


async def test_a_payment_is_applied_to_its_invoices_in_two_commands(tmp_path: Path) -> None:
    async with books(tmp_path, RECEIVABLE) as held:
        await held.post(held.made(invoice(), "ar_invoice", off=("N1", "N1L")))
        source = payment("108.25", [application("101", "50.00"), application("101", "50.00", "2")])
        await held.post(held.made(source, "ar_receipt"))
        first, second = held.made(source, "ar_application", "1"), held.made(source, "ar_application", "2")
        assert await held.find(first) == ()
        await held.post(first)
        assert await held.find(second) == ()
        await held.post(second)
        for one in (first, second):
            (found,) = await held.find(one)
            assert (found.steps_done, found.differences) == (("apply",), ())
        (kept,) = await held.kept("invoice")
        assert kept["balance"] == "8.25"
        (paid,) = await held.kept("customerPayment")
        assert (paid["amount"], paid["balance"], [one["amount"] for one in paid["applications"]]) == ("108.25", "8.25", ["100.00"])


async def test_an_application_that_is_sent_twice_is_entered_once(tmp_path: Path) -> None:
    async with books(tmp_path, RECEIVABLE) as held:
        await held.post(held.made(invoice(), "ar_invoice", off=("N1", "N1L")))
        source = payment("60.00", [application("101", "60.00")])
        await held.post(held.made(source, "ar_receipt"))
        resolved = held.made(source, "ar_application")
        await held.step("apply", resolved)
        sent = next(one for one in reversed(held.wire.sent) if one.method == "PATCH")
        assert (await held.wire.inner.send(sent, 5)).status == 204
        (kept,) = await held.kept("invoice")
        assert kept["balance"] == "48.25"


async def test_a_deposit_is_applied_by_a_record_that_carries_our_ref(tmp_path: Path) -> None:
    async with books(tmp_path, {"receivables": {"payments_as": "deposit"}}) as held:
        await held.post(held.made(invoice(), "ar_invoice", off=("N1", "N1L")))
        source = payment("60.00", [application("101", "60.00")], type_name="Card")
        made = await held.post(held.made(source, "ar_receipt"))
        assert made.erp_id.startswith("customerDeposit/")
        resolved = held.made(source, "ar_application")
        await held.post(resolved)
        (applied,) = await held.kept("depositApplication")
        assert (applied["ref"], applied["amount"]) == (resolved.command["ref"], "60.00")
        assert [one["balance"] for one in await held.kept("invoice")] == ["48.25"]


async def test_a_refund_pays_out_what_is_left_of_a_payment(tmp_path: Path) -> None:
    async with books(tmp_path, RECEIVABLE) as held:
        paid = payment("60.00", [])
        await held.post(held.made(paid, "ar_receipt"))
        back = payment("-25.00", [], source_id="202", number="N202", refunded_payment_id="201")
        await held.post(held.made(back, "ar_refund"))
        assert [one["balance"] for one in await held.kept("customerPayment")] == ["35.00"]
        too_much = payment("-50.00", [], source_id="203", number="N203", refunded_payment_id="201")
        found = await held.writer.find(held.again(held.made(too_much, "ar_refund")))
        assert found.refusal_reason == "refund_exceeds"


async def test_a_payment_under_the_payable_profile_is_a_journal(tmp_path: Path) -> None:
    async with books(tmp_path, {"receivables": {"payments_as": "journal"}}) as held:
        await held.post(held.made(payment("108.25"), "journal"))
        (kept,) = await held.kept("journalEntry")
        assert [(one["account"], one["amount"]) for one in kept["lines"]] == [("1000", "108.25"), ("2400", "-108.25")]


async def test_pay_for_a_job_is_a_journal_of_labor(held: Books) -> None:
    await held.post(held.made(labor_entry()))
    (kept,) = await held.kept("journalEntry")
    assert [(one["account"], one["amount"]) for one in kept["lines"]] == [("5100", "75.00"), ("5900", "-75.00")]
    assert "Sam Reyes Regular 2.5 h" in kept["description"]


async def test_a_credit_memo_that_adjusts_is_applied_to_its_original(held: Books) -> None:
    await held.post(held.made(invoice(), "ar_invoice", off=("N1", "N1L")))
    source = invoice([_negative("-30.00")], source_id="102", number="N102", adjustment_to_id="101", tax=Decimal(0))
    await held.post(held.made(source, "ar_credit_memo", off=("N1", "N1L")))
    assert [one["balance"] for one in await held.kept("invoice")] == ["78.25"]
    (memo,) = await held.kept("creditMemo")
    assert (memo["amount"], memo["balance"]) == ("30.00", "0.00")


def _negative(amount: str) -> dict[str, Any]:
    return labor("0.00") | {"amount": Decimal(amount), "unit_price": Decimal(amount), "cost": None}


async def test_a_credit_memo_of_the_source_is_a_credit_memo(held: Books) -> None:
    await held.post(held.made(credit_memo(), "ar_credit_memo"))
    (memo,) = await held.kept("creditMemo")
    assert memo["amount"] == "108.25"


async def test_what_a_job_gives_back_is_a_vendor_credit_applied_to_its_bill(held: Books) -> None:
    bill = held.made(invoice([labor("40.00")]), "ap_bill")
    await held.post(bill)
    source = invoice([labor("-15.00")], source_id="102", number="N102", adjustment_to_id="101")
    credit = held.made(source, "ap_credit")
    assert credit.command["amount"] == Decimal("-15.00")
    await held.post(credit)
    assert [one["balance"] for one in await held.kept("vendorBill")] == ["25.00"]
    assert [(one["amount"], one["balance"]) for one in await held.kept("vendorCredit")] == [("15.00", "0.00")]


# --- masters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [customer(), vendor(name="Moore Supply", memo="net terms")])
async def test_a_repeated_put_leaves_one_record_with_one_address(held: Books, record: dict[str, Any]) -> None:
    resolved = held.made(record)
    made = await held.post(resolved)
    sent = next(one for one in held.wire.sent if one.method == "PUT")
    assert "replace=addressBook" in sent.url
    assert (await held.wire.inner.send(sent, 5)).status == 204
    rows = [one for one in await held.kept(resolved.record) if one["ref"] == resolved.command["ref"]]
    assert [(one["id"], len(one["addressBook"])) for one in rows] == [(made.erp_id, 1)]


async def test_a_put_without_replace_would_double_the_address(held: Books) -> None:
    """The trap that the writer avoids is real in the simulator."""
    resolved = held.made(customer())
    await held.post(resolved)
    sent = next(one for one in held.wire.sent if one.method == "PUT")
    bare = Request(sent.method, sent.url.partition("?")[0], sent.headers, sent.body)
    await held.wire.inner.send(bare, 5)
    row = next(one for one in await held.kept("customer") if one["ref"] == resolved.command["ref"])
    assert len(row["addressBook"]) == 2


async def test_a_linked_vendor_gets_what_the_other_side_owns_and_nothing_else(held: Books) -> None:
    resolved = held.made(vendor(name="Another name", phone="512-555-0199", email="new@example.com"))
    linked = replace(resolved, known_id=held.ids["vendor/800"])
    (before,) = await held.find(linked)
    assert before.steps_done == ()
    answer = await held.step("upsert", linked, before)
    assert answer.verdict is Verdict.YES, answer
    row = next(one for one in await held.kept("vendor") if one["id"] == held.ids["vendor/800"])
    assert (row["companyName"], row["phone"], row["email"], row["ref"]) == ("Ferguson", "512-555-0199", "new@example.com", "")
    (after,) = await held.find(linked)
    assert (after.steps_done, after.differences) == (("upsert",), ())


# --- look-ups ---------------------------------------------------------------------------------------------------------


async def test_a_document_typed_by_hand_is_a_suspect(held: Books) -> None:
    resolved = held.made(invoice([labor("40.00")]), "ap_bill")
    line = {"account": {"id": "21"}, "amount": 40}
    entity = {"id": held.own.payables.clearing_vendor}
    await held.site.enter("vendorBill", entity=entity, tranDate="2026-03-10", expense={"items": [line]})
    found = await held.writer.find(held.again(resolved))
    assert (found.documents, [one.amount for one in found.suspects]) == ((), [Decimal("40.00")])


async def test_a_second_document_with_our_external_id_is_found(tmp_path: Path) -> None:
    async with books(tmp_path, duplicate_external_id="accept") as held:
        resolved = held.made(labor_entry())
        await held.post(resolved)
        sent = next(one for one in held.wire.sent if one.method == "POST" and one.url.endswith("journalEntry"))
        assert (await held.wire.inner.send(sent, 5)).status == 204
        assert len({one.erp_id for one in await held.find(resolved)}) == 2


async def test_a_search_that_lags_hides_no_document_of_ours(tmp_path: Path) -> None:
    async with books(tmp_path, search_lag_s=3600) as held:
        resolved = held.made(labor_entry())
        await held.post(resolved)
        assert [one.differences for one in await held.find(resolved)] == [()]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"total": Decimal("76.00")}, "amount: 75.00, 76.00"),
        ({"worked_on": date(2026, 3, 11)}, "date: 2026-03-10, 2026-03-11"),
        ({"paid_time": "Overtime"}, "line: "),
    ],
)
async def test_what_differs_from_the_wish_is_named(held: Books, change: dict[str, Any], named: str) -> None:
    await held.post(held.made(labor_entry()))
    tables = {**held.tables, "pay_type": {"Overtime": {"account": "22"}, "Regular": {"account": "21"}}}
    held.tables = tables
    (found,) = await held.find(held.made(labor_entry(**change)))
    assert any(one.startswith((named, "line: ")) for one in found.differences), found.differences


async def test_names_of_properties_are_checked_and_no_idempotency_header_is_sent(held: Books) -> None:
    await held.post(held.made(invoice([labor("40.00")]), "ap_bill"))
    writes = [one for one in held.wire.sent if one.method == "POST" and "/record/" in one.url]
    assert len(writes) == 2
    for one in writes:
        assert one.headers["X-NetSuite-PropertyNameValidation"] == "Error"
        assert "X-NetSuite-Idempotency-Key" not in one.headers
        assert isinstance(parse(one.body), dict)


async def test_a_table_that_names_no_internal_id_is_told_before_anything_is_sent(held: Books) -> None:
    held.tables = {**held.tables, "cost_line": {"Service": {"account": "5100-A"}}}
    answer = await held.step("order", held.made(invoice([labor("40.00")]), "ap_bill"))
    assert (answer.verdict, answer.reason) == (Verdict.REJECT, "unsendable")
    assert "not an internal id" in answer.words
    assert [one for one in held.wire.sent if one.method == "POST" and "/record/" in one.url] == []


# --- departments that do not exist ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("department", "why"), [("99", "does not exist"), ("7", "is no longer used")])
async def test_a_department_that_is_not_there_is_posted_to_the_default(held: Books, department: str, why: str) -> None:
    held.tables = {**held.tables, "job_type": {"Solar Install": {"department": department}}}
    source = invoice([labor("40.00"), material("2.00")], job_type="Solar Install")
    for one in drafts_of(source, held.plan(off=("N1S", "N1L"))):
        await held.post(held.made(source, "ap_bill", one.part))
    for kept in (*await held.kept("purchaseOrder"), *await held.kept("vendorBill")):
        assert {line["department"] for line in kept["lines"] if not line["main"]} == {"8"}, why
        assert f"[department {department} does not exist: 8]" in kept["description"]
    assert len([one for one in queries(held.wire) if "FROM department" in one]) == 2, "once for each order"


async def test_a_bill_in_a_department_that_is_not_there_can_be_reversed(held: Books) -> None:
    held.tables = {**held.tables, "job_type": {"Solar Install": {"department": "99"}}}
    resolved = held.made(invoice([labor("40.00")], job_type="Solar Install"), "ap_bill")
    document = await held.post(resolved)
    await held.post(held.reversal(resolved, document))
    assert [one["balance"] for one in await held.kept("vendorBill")] == ["0.00"]


async def test_a_line_that_a_person_moved_to_another_department_differs(held: Books) -> None:
    resolved = held.made(invoice([labor("40.00")]), "ap_bill")
    made = await held.post(resolved)
    line = {"line": 1, "department": {"id": "4"}}
    await held.site.enter("vendorBill", made.erp_id.partition("/")[2], expense={"items": [line]})
    (found,) = await held.find(resolved)
    assert [one.partition(":")[0] for one in found.differences] == ["line"]


async def test_a_vendor_of_another_currency_holds_the_document_before_anything_is_sent(held: Books) -> None:
    abroad = await held.site.enter("vendor", companyName="Prairie Supply", subsidiary={"id": "4"})
    held.tables = {**held.tables, "sku_vendor": {"SVC-1": {"vendor_id": abroad}}}
    found = await held.writer.find(held.again(held.made(invoice([labor("40.00")]), "ap_bill")))
    assert (found.documents, found.refusal_reason) == ((), "currency")
    assert "CAD" in found.refusal
    held.tables = {**held.tables, "business_unit": {"Plumbing - Service": {"subsidiary": "4", "department": "6"}}}
    assert (await held.writer.find(held.made(labor_entry()))).refusal_reason == "currency"
