"""The writer against the simulated tenant: what reaches the books, and how every kind of answer is classed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from runtime.clock import ScaledClock
from runtime.errors import Refused, Throttled, Transient
from runtime.exchange import Request
from runtime.json import parse
from systems.acumatica.settings import Settings
from systems.acumatica.system import SYSTEM
from systems.contract import Found, ResolvedCommand, Verdict
from tests.systems.acumatica import ground
from tests.systems.acumatica.tenant import RELEASED, Books, Start, Tenant, books, made


async def test_an_invoice_is_created_on_hold_taken_off_and_released(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    on_hold = await held.step("create", record, command)
    assert on_hold.verdict is Verdict.YES
    assert (await held.tenant.kept("Invoice"))[0]["status"] == "On Hold"
    ready = await held.step("unhold", record, command, on_hold.document)
    released = await held.step("release", record, command, ready.document)
    assert released.document is not None
    assert released.document.steps_done == RELEASED
    (kept,) = await held.tenant.kept("Invoice")
    assert (kept["ref"], kept["amount"], kept["human_number"], kept["released"]) == (command["ref"], "108.25", "N101", True)
    assert [(one["account"], one["subaccount"], one["amount"]) for one in kept["lines"]] == [
        ("40100", "PLB-000", "100.00"),
        ("22000", "PLB-000", "8.25"),
    ]


async def test_a_payment_is_posted_and_applied_by_a_command_of_its_own(held: Books) -> None:
    invoice = await held.post(RELEASED, *made("invoice", ground.invoice()))
    held.ids["invoice/101"] = invoice.erp_id
    source = ground.payment("108.25", [ground.application("101", "50.00"), ground.application("101", "50.00", "2")])
    held.ids["payment/201"] = (await held.post(RELEASED, *made("payment", source))).erp_id
    first, second = made("payment", source, 1), made("payment", source, 2)
    await held.post(("apply", "release"), *first)
    assert (await held.writer.find(ResolvedCommand(*second, held.ids))).documents == ()
    await held.post(("apply", "release"), *second)
    for record, command in (first, second):
        (found,) = (await held.writer.find(ResolvedCommand(record, command, held.ids))).documents
        assert (found.steps_done, found.differences) == (("apply", "release"), ())
    (kept,) = await held.tenant.kept("Invoice")
    assert kept["balance"] == "8.25"


async def test_a_bill_and_a_credit_that_settles_it(held: Books) -> None:
    source = ground.bill(tax=Decimal("6.60"), shipping=Decimal("12.00"), do_not_pay=True)
    held.ids["bill/301"] = (await held.post(RELEASED, *made("bill", source))).erp_id
    credit, applied = made("vendor_credit", ground.credit()), made("vendor_credit", ground.credit(), 1)
    held.ids["vendor_credit/401"] = (await held.post(SYSTEM.write_of("ap_credit").steps, *credit)).erp_id
    await held.post(SYSTEM.write_of("ap_application").steps, *applied)
    bill, adjustment = await held.tenant.kept("Bill")
    assert (bill["amount"], bill["balance"], bill["human_number"]) == ("98.60", "78.60", "FER-9001")
    assert (adjustment["type"], adjustment["balance"], adjustment["status"]) == ("Debit Adj.", "0.00", "Closed")
    for record, command in (credit, applied):
        (found,) = (await held.writer.find(ResolvedCommand(record, command, held.ids))).documents
        assert (found.steps_done, found.differences) == (SYSTEM.write_of(record).steps, ())


async def test_a_later_split_of_a_credit_is_one_more_command(held: Books) -> None:
    held.ids["bill/301"] = (await held.post(RELEASED, *made("bill", ground.bill()))).erp_id
    held.ids["bill/302"] = (await held.post(RELEASED, *made("bill", ground.bill(source_id="302", vendor_number="FER-9002")))).erp_id
    source = ground.credit(applications=[ground.application("301", "8.00", "1"), ground.application("302", "5.00", "2")])
    held.ids["vendor_credit/401"] = (await held.post(RELEASED, *made("vendor_credit", source))).erp_id
    for number in (1, 2):
        record, command = made("vendor_credit", source, number)
        assert (await held.writer.find(ResolvedCommand(record, command, held.ids))).documents == ()
        await held.post(("apply", "settle"), record, command)
    assert [one["balance"] for one in await held.tenant.kept("Bill")] == ["72.00", "75.00", "7.00"]


async def test_a_release_that_takes_its_time_is_asked_for_until_it_is_done(tenants: Start) -> None:
    held = await books(await tenants(clock=ScaledClock(), release_seconds="0.1"))
    await held.post(RELEASED, *made("invoice", ground.invoice()))
    assert len(held.wire.of("GET", "/status/")) >= 2


async def test_a_posted_document_is_found_equal_by_its_ref_alone(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    await held.post(RELEASED, record, command)
    found = await held.writer.find(ResolvedCommand(record, command, held.ids))
    assert [(one.ref, one.differences, one.steps_done) for one in found.documents] == [(command["ref"], (), RELEASED)]
    assert found.suspects == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"invoice_date": date(2026, 3, 11)}, "date: 2026-03-10, 2026-03-11"),
        ({"lines": [ground.invoice_line("90.00")], "tax": Decimal("18.25")}, "line: "),
        ({"lines": [ground.invoice_line("90.00")]}, "amount: 108.25, 98.25"),
        ({"tax": Decimal(0), "total": Decimal("100.00")}, "lines: 2, 1"),
    ],
)
async def test_what_differs_from_the_wish_is_named(held: Books, change: dict[str, Any], named: str) -> None:
    await held.post(RELEASED, *made("invoice", ground.invoice()))
    record, command = made("invoice", ground.invoice(**change))
    (found,) = (await held.writer.find(ResolvedCommand(record, command, held.ids))).documents
    assert any(one.startswith(named) for one in found.differences), found.differences


@pytest.mark.parametrize("entity", ["invoice", "payment", "bill"])
async def test_a_document_typed_by_hand_is_a_suspect_in_the_same_request(held: Books, entity: str) -> None:
    source: dict[str, Any] = {"invoice": ground.invoice(), "payment": ground.payment(), "bill": ground.bill()}[entity]
    record, command = made(entity, source)
    await held.post(RELEASED, record, command)
    kept = {"invoice": "Invoice", "payment": "Payment", "bill": "Bill"}[entity]
    before = len(held.wire.sent)
    other = {**command, "ref": "ST-" + "Z" * 20}
    assert (await held.writer.find(ResolvedCommand(record, other, held.ids))).suspects == ()  # type: ignore[arg-type]  # a command with another ref
    await _forget_ref(held, kept, record, command)
    found = await held.writer.find(ResolvedCommand(record, other, held.ids))  # type: ignore[arg-type]  # as above
    assert found.documents == ()
    assert [(one.amount, one.ref) for one in found.suspects] == [(command["amount"], "")]
    assert len([one for one in held.wire.sent[before:] if one.method == "GET"]) == 3


async def test_what_is_there_is_seen_by_its_ref_also_while_its_party_has_no_id_here(held: Books) -> None:
    """Before it is given up, a document may be asked for whose customer is not known yet."""
    record, command = made("invoice", ground.invoice())
    assert await held.writer.find(ResolvedCommand(record, command, {})) == Found(())
    await held.post(RELEASED, record, command)
    with pytest.raises(Refused, match="has no id here"):  # it is there, and cannot be compared
        await held.writer.find(ResolvedCommand(record, command, {}))


async def _forget_ref(held: Books, entity: str, record: str, command: Any) -> None:
    """Somebody rewrites the description: the document now looks as if typed by hand."""
    (found,) = (await held.writer.find(ResolvedCommand(record, command, held.ids))).documents
    kind, _, number = found.erp_id.partition("/")
    body = {"Type": {"value": kind}, "ReferenceNbr": {"value": number}, "Description": {"value": "typed by hand"}}
    url = f"{held.tenant.served.url}/entity/Default/24.200.001/{entity}"
    asked = Request("PUT", url, {"Content-Type": "application/json"}, json.dumps(body).encode())
    answer = await held.writer.client.write(asked)  # type: ignore[attr-defined]  # our own
    assert answer.status == 200, answer.body


async def test_a_ref_in_a_user_field_is_written_and_found_there(tenants: Start) -> None:
    tenant = await tenants(user_fields="Document.UsrMLCRef")
    held = await books(tenant, tenant.settings(ref_field="custom:Document.UsrMLCRef"))
    record, command = made("invoice", ground.invoice())
    await held.post(RELEASED, record, command)
    (kept,) = await tenant.kept("Invoice")
    assert (kept["custom"], kept["description"]) == ({"Document.UsrMLCRef": command["ref"]}, "Job 700 - 12 Elm St")
    assert len((await held.writer.find(ResolvedCommand(record, command, held.ids))).documents) == 1


async def test_a_second_create_with_our_ref_is_refused_by_the_look_up_in_the_request_itself(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    assert (await held.step("create", record, command)).verdict is Verdict.YES
    again = await held.step("create", record, command)
    assert (again.verdict, again.reason) == (Verdict.DUPLICATE, "exists")
    assert len(await held.tenant.kept("Invoice")) == 1


async def test_an_update_of_what_is_gone_inserts_nothing(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    created = await held.step("create", record, command)
    assert created.document is not None
    gone = replace(created.document, erp_id="Invoice/999999")
    answer = await held.step("unhold", record, command, gone)
    assert (answer.verdict, answer.reason) == (Verdict.REJECT, "gone")
    assert len(await held.tenant.kept("Invoice")) == 1


async def test_the_words_of_every_wrong_field_are_kept(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    for one in command["lines"]:  # type: ignore[typeddict-item]  # the record's own field
        one["subaccount"] = "NOPE"
    command["lines"][0]["account"] = "49900"  # type: ignore[typeddict-item]  # the record's own field
    answer = await held.step("create", record, command)
    assert (answer.verdict, answer.code) == (Verdict.REJECT, "422")
    assert "Details[1]/Account: Account: Account '49900' is inactive." in answer.words
    assert "Details[2]/Subaccount: Subaccount: 'NOPE' cannot be found in the system." in answer.words


async def test_a_closed_period_is_named_at_entry_and_at_release(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    await held.tenant.ask("periods", {"period": "032026", "status": "Closed"})
    refused = await held.step("create", record, command)
    assert (refused.verdict, refused.reason) == (Verdict.REJECT, "period_closed")
    await held.tenant.ask("periods", {"period": "032026", "status": "Open"})
    ready = await held.post(("create", "unhold"), record, command)
    await held.tenant.ask("periods", {"period": "032026", "status": "Closed"})
    late = await held.step("release", record, command, ready)
    assert (late.verdict, late.reason) == (Verdict.REJECT, "period_closed")
    assert "03-2026" in late.words


async def test_a_vendor_reference_that_exists_is_refused_with_its_words(held: Books) -> None:
    await held.post(RELEASED, *made("bill", ground.bill()))
    answer = await held.step("create", *made("bill", ground.bill() | {"source_id": "302"}))
    assert (answer.verdict, answer.code) == (Verdict.REJECT, "422")
    assert "same vendor reference 'FER-9001' already exists" in answer.words


async def test_another_process_that_updated_the_record_means_not_done(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    created = await held.step("create", record, command)
    await held.tenant.fault(kind="concurrent_update", method="PUT")
    answer = await held.step("unhold", record, command, created.document)
    assert (answer.verdict, answer.reason) == (Verdict.DEFINITE_NO, "concurrency")
    assert (await held.step("unhold", record, command, created.document)).verdict is Verdict.YES


@pytest.mark.parametrize(
    ("fault", "verdict", "reason"),
    [
        ({"kind": "refuse", "status": 429}, Verdict.DEFINITE_NO, "throttled"),
        ({"kind": "refuse", "status": 302}, Verdict.DEFINITE_NO, "sessions"),
        ({"kind": "refuse", "status": 401}, Verdict.DEFINITE_NO, "signed_out"),
        ({"kind": "refuse", "status": 403}, Verdict.DEFINITE_NO, "rights"),
        ({"kind": "refuse", "status": 503}, Verdict.AMBIGUOUS, "unknown_answer"),
        ({"kind": "fail_after"}, Verdict.AMBIGUOUS, "unknown_answer"),
        ({"kind": "html"}, Verdict.AMBIGUOUS, "unreadable"),
        ({"kind": "html_after"}, Verdict.AMBIGUOUS, "unreadable"),
        ({"kind": "lost_answer"}, Verdict.AMBIGUOUS, "unanswered"),
        ({"kind": "half_answer", "bytes": 100}, Verdict.AMBIGUOUS, "unanswered"),
    ],
)
async def test_an_answer_to_a_create_is_classed(held: Books, fault: dict[str, Any], verdict: Verdict, reason: str) -> None:
    await held.tenant.fault(method="PUT", path="/Invoice", **fault)
    answer = await held.step("create", *made("invoice", ground.invoice()))
    assert (answer.verdict, answer.reason) == (verdict, reason)
    assert answer.throttled is (reason in ("throttled", "sessions"))
    assert answer.broken is (reason == "rights")
    assert not answer.throttled or answer.retry_after is not None


async def test_a_put_whose_connection_dies_arrives_once(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    await held.tenant.ask("calls", method="DELETE")
    await held.tenant.fault(kind="lost_answer", method="PUT", path="/Invoice")
    assert (await held.step("create", record, command)).verdict is Verdict.AMBIGUOUS
    assert (await held.tenant.ask("calls"))["calls"]["PUT /Invoice"] == 1
    assert len((await held.writer.find(ResolvedCommand(record, command, held.ids))).documents) == 1


async def test_a_write_that_never_left_is_certainly_not_done(held: Books) -> None:
    held.wire.refuse = True
    answer = await held.writer.perform("create", ResolvedCommand(*made("invoice", ground.invoice()), held.ids), None)
    assert (answer.verdict, answer.reason) == (Verdict.DEFINITE_NO, "unreachable")


@pytest.mark.parametrize("is_quiet", [True, False])
async def test_an_answer_cut_at_any_byte_is_never_a_yes(held: Books, is_quiet: bool) -> None:
    record, command = made("invoice", ground.invoice())
    await held.step("create", record, command)
    (found,) = (await held.writer.find(ResolvedCommand(record, command, held.ids))).documents
    await held.step("unhold", record, command, found)
    whole = len(held.wire.answers[-1].body)
    held.wire.is_quiet = is_quiet
    for held.wire.cut in [*range(0, whole, 50), whole - 1]:
        answer = await held.writer.perform("unhold", ResolvedCommand(record, command, held.ids), found)
        assert answer.verdict is Verdict.AMBIGUOUS, held.wire.cut


@pytest.mark.parametrize(
    ("theirs", "instead"),
    [
        (b'"Amount":{"value":108.25}', b'"Amount":{"value":108.24}'),
        (b'"Amount":{"value":100.00}', b'"Amount":{"value":1000.00}'),
        (b'"Description":{"value":"ST-', b'"Description":{"value":"XT-'),
        (b'"Customer":{"value":"C000001"}', b'"Customer":{"value":"C000002"}'),
        (b'"id":', b'"ID":'),
        (b'"Type":{"value":"Invoice"}', b'"Type":{"value":"Credit Memo"}'),
        (b'"Type":{"value":"Invoice"}', b'"Type":"Invoice"'),
    ],
)
async def test_a_success_that_echoes_something_else_is_no_yes(held: Books, theirs: bytes, instead: bytes) -> None:
    record, command = made("invoice", ground.invoice())
    held.wire.swap = (theirs, instead)
    answer = await held.step("create", record, command)
    assert (answer.verdict, answer.reason in ("echo", "unreadable")) == (Verdict.AMBIGUOUS, True)


async def test_an_amount_that_the_lines_do_not_make_is_refused_by_the_server_too(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    answer = await held.step("create", record, {**command, "amount": Decimal("108.26")})
    assert answer.verdict is Verdict.REJECT
    assert "out of balance" in answer.words


async def test_a_lost_answer_to_a_release_is_seen_by_the_next_look_up(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    ready = await held.post(("create", "unhold"), record, command)
    await held.tenant.fault(kind="lost_answer", method="POST", path="ReleaseInvoice")
    assert (await held.step("release", record, command, ready)).verdict is Verdict.AMBIGUOUS
    (found,) = (await held.writer.find(ResolvedCommand(record, command, held.ids))).documents
    assert found.steps_done == RELEASED


async def test_a_release_of_what_is_released_already_is_done(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    released = await held.post(RELEASED, record, command)
    assert (await held.step("release", record, command, released)).verdict is Verdict.YES


async def test_a_look_up_that_fails_is_not_an_empty_one(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    faults = [("html", 200, Transient), ("refuse", 503, Transient), ("refuse", 429, Throttled)]
    for kind, status, error in faults:
        await held.tenant.fault(method="GET", path="/Invoice", kind=kind, status=status)
        with pytest.raises(error):
            await held.writer.find(ResolvedCommand(record, command, held.ids))


async def test_a_quote_in_a_code_stays_a_value(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    held.ids["customer/500"] = "O'Brien' or 1 eq 1 or 'a' eq 'a"
    assert (await held.writer.find(ResolvedCommand(record, command, held.ids))).suspects == ()


async def test_a_missing_parent_is_named_and_nothing_is_sent(held: Books) -> None:
    record, command = made("invoice", ground.invoice())
    before = len(held.wire.sent)
    answer = await held.writer.perform("create", ResolvedCommand(record, command, {}), None)
    assert (answer.verdict, answer.reason) == (Verdict.REJECT, "unsendable")
    assert "customer 500 has no id here" in answer.words
    assert len(held.wire.sent) == before


async def test_no_attempt_needs_more_calls_than_declared(tenants: Start) -> None:
    held = await books(await tenants(clock=ScaledClock(), release_seconds="0.05"))
    record, command = made("invoice", ground.invoice())
    document = None
    for step in RELEASED:
        before = len(held.wire.sent)
        await held.writer.find(ResolvedCommand(record, command, held.ids))
        document = (await held.step(step, record, command, document)).document
        assert len(held.wire.sent) - before <= SYSTEM.write_of(record).calls


async def test_calls_that_were_reserved_and_not_used_are_given_back(tenants: Start) -> None:
    held = await books(await tenants(clock=ScaledClock(), release_seconds="0.05"))
    record, command = made("invoice", ground.invoice())
    limiter = held.writer.client.limiter  # type: ignore[attr-defined]  # our own
    document = None
    for step in RELEASED:
        before, sent = limiter._tokens, len(held.wire.sent)
        await held.writer.reserve(SYSTEM.write_of(record).calls)
        await held.writer.find(ResolvedCommand(record, command, held.ids))
        document = (await held.writer.perform(step, ResolvedCommand(record, command, held.ids), document)).document
        used = len(held.wire.sent) - sent
        await limiter.take(0)
        assert limiter._tokens >= min(limiter.capacity, before - used)
        assert limiter._tokens <= before - used + 100_000 / 60  # what a second refills


async def test_under_tax_mode_erp_the_erp_computes_and_a_difference_within_the_limit_is_equal(tenants: Start) -> None:
    tenant = await tenants(class_tax_zone="TXDALLAS")
    held = await books(tenant)
    source = ground.invoice(tax_zone_id="99", tax=Decimal("8.26"))
    (draft,) = ground.drafts("invoice", source, ground.plan(tax_mode="erp"))
    command = ground.command(draft, source)
    assert (await held.step("create", draft.record, command)).verdict is Verdict.YES
    (kept,) = await tenant.kept("Invoice")
    assert (kept["amount"], kept["tax"]) == ("108.25", "8.25")
    far = {**command, "amount": Decimal("108.40")}
    (found,) = (await held.writer.find(ResolvedCommand(draft.record, far, held.ids))).documents  # type: ignore[arg-type]  # a command
    assert found.differences == ("amount: 108.25, 108.40",)


async def test_under_tax_mode_source_a_customer_with_a_tax_zone_is_not_taxed_twice(tenants: Start) -> None:
    tenant = await tenants(class_tax_zone="TXDALLAS")
    held = await books(tenant)
    await held.post(RELEASED, *made("invoice", ground.invoice()))
    (kept,) = await tenant.kept("Invoice")
    assert (kept["amount"], kept["tax"]) == ("108.25", "0.00")


async def test_a_document_ready_at_once_needs_no_step_off_hold(tenant: Tenant) -> None:
    own: Settings = tenant.settings(create_on_hold=False)
    held = await books(tenant, own)
    record, command = made("invoice", ground.invoice())
    created = await held.step("create", record, command)
    assert created.document is not None
    assert created.document.steps_done == ("create", "unhold")
    assert parse(held.wire.of("PUT", "/Invoice")[0].body)["Hold"] == {"value": False}


async def test_what_a_writer_opened_it_gives_back(tenant: Tenant) -> None:
    held = await books(tenant)
    assert len((await tenant.ask("sessions"))["sessions"]) == 1
    await held.writer.close()
    assert (await tenant.ask("sessions"))["sessions"] == []


async def test_an_application_is_dated_no_earlier_than_its_invoice_and_keeps_no_other_one(held: Books) -> None:
    """A deposit of 10 March was applied to an invoice of 20 March by an application of 10 March. Its release was refused, and as the row stayed
    entered, so was that of every later application of the payment."""
    late = ground.invoice(invoice_date=date(2026, 3, 20))
    held.ids["invoice/101"] = (await held.post(RELEASED, *made("invoice", late))).erp_id
    other = ground.invoice(source_id="102", number="N102")
    held.ids["invoice/102"] = (await held.post(RELEASED, *made("invoice", other))).erp_id
    source = ground.payment("108.25", [ground.application("101", "60.00"), ground.application("102", "48.25", "2")])
    held.ids["payment/201"] = (await held.post(RELEASED, *made("payment", source))).erp_id
    for number in (1, 2):
        await held.post(("apply", "release"), *made("payment", source, number))
    assert [one["balance"] for one in await held.tenant.kept("Invoice")] == ["48.25", "60.00"]
    assert [(one["amount"], one["released"]) for one in (await held.tenant.kept("Payment"))[0]["applications"]] == [
        ("60.00", True),
        ("48.25", True),
    ]
