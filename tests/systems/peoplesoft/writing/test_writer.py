"""The writer against the simulated site: what reaches the books, and how every kind of answer is classed. Requests are counted at the wire."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Broken, Throttled, Transient
from runtime.exchange import response
from systems.contract import ResolvedCommand, Verdict
from systems.peoplesoft import documents
from systems.peoplesoft.sink import BUDGET
from tests.contract import answers as twists
from tests.systems.peoplesoft.writing.ground import VENDOR, Site, journal, line, site, voucher

CREATE = "CI_ML_JOURNAL_CI_C.V1"
LISTENER = "ServiceListeningConnector"
RECORDS = {"journal": (journal, "Journal"), "ap_bill": (voucher, "Voucher")}


# --- what reaches the books -------------------------------------------------------------------------------------------


async def test_a_journal_is_created_under_our_own_key_and_found_again_before_it_counts(on: Site) -> None:
    command = journal()
    document = await on.made("journal", command)
    (kept,) = await on.kept("Journal")
    assert (kept["ref"], kept["amount"], kept["credits"], kept["human_number"]) == (
        command["ref"],
        "108.25",
        "108.25",
        "N101 Ana Lopez, 12 Elm St",
    )
    assert kept["number"] == documents.own_id(command["op_key"], 10)
    assert document.erp_id == f"US001/{kept['number']}/2026-03-10"
    assert (document.amount, document.currency, document.steps_done) == (Decimal("108.25"), "USD", ("create",))
    assert [(one["ACCOUNT"], one["amount"], one.get("DEPTID", "")) for one in kept["lines"]] == [
        ("120000", "108.25", ""),
        ("401000", "-100.00", "21000"),
        ("220000", "-8.25", ""),
    ]
    asked = [one.headers.get("SOAPAction", "query") for one in on.seam.requests]
    assert asked == [f'"{CREATE}"', "query", '"CI_ML_JOURNAL_CI_G.V1"']


@pytest.mark.parametrize(
    ("amount", "lines"),
    [
        ("-108.25", [line("120000", "-108.25", "receivable"), line("401000", "108.25", dimensions={"DEPTID": "21000"})]),
        ("-50.00", [line("100200", "-50.00", "cash"), line("120000", "50.00", "receivable")]),
        ("-500.00", [line("240000", "-500.00", "deposit"), line("120000", "500.00", "receivable")]),
        ("300.00", [line("240000", "300.00", "deposit"), line("120000", "-300.00", "receivable")]),
    ],
    ids=["adjustment", "refund", "application taken back", "application"],
)
async def test_a_journal_of_less_than_nothing_and_one_without_a_debit_of_its_own_are_found_with_their_amount(
    on: Site, amount: str, lines: list[dict[str, Any]]
) -> None:
    """Only debits of receivable and cash were added up: a journal of -108.25 was there with 0.00, and held as a mismatch."""
    document = await on.made("journal", journal(amount=Decimal(amount), lines=lines))
    assert (document.amount, document.differences) == (Decimal(amount), ())


async def test_edit_and_posting_are_told_by_looking_and_never_asked_for(on: Site) -> None:
    command = journal()
    await on.made("journal", command)
    assert (await on.step("posted", "journal", command)).code == "unsendable"
    assert on.creates == []
    steps = []
    for _ in range(3):
        (found,) = (await on.find("journal", command)).documents
        steps.append(found.steps_done)
        await on.do("batch")
    assert steps == [("create",), ("create",), ("create", "posted")]
    assert on.creates == []


async def test_where_valid_is_enough_a_journal_is_posted_when_it_is_valid(tmp_path: Path) -> None:
    async with site(tmp_path, {"require_posted": False}, journal_post="false") as on:
        await on.made("journal", journal())
        await on.do("batch")
        (found,) = (await on.find("journal", journal())).documents
        assert found.steps_done == ("create", "posted")


async def test_a_voucher_is_created_under_our_own_key_and_posted_by_the_site(on: Site) -> None:
    command = voucher()
    document = await on.made("ap_bill", command)
    (kept,) = await on.kept("Voucher")
    assert (kept["ref"], kept["amount"], kept["human_number"], kept["party"]) == (command["ref"], "80.00", "N101", VENDOR)
    assert document.erp_id == f"AP001/{documents.own_id(command['op_key'], 8)}"
    assert [(one["ACCOUNT"], one["amount"]) for one in kept["lines"]] == [("501000", "50.00"), ("502000", "30.00")]
    await on.do("batch")
    (found,) = (await on.find("ap_bill", command)).documents
    assert (found.steps_done, found.differences, found.refusal) == (("create", "posted"), (), "")


async def test_a_second_create_is_a_duplicate_and_the_books_keep_one(on: Site) -> None:
    for record, (make, kind) in RECORDS.items():
        await on.made(record, make())
        again = await on.step("create", record, make())
        assert (again.verdict, again.code) == (Verdict.DUPLICATE, "91,49")
        assert "Row already exists" in again.words
        assert len(await on.kept(kind)) == 1


async def test_two_genuine_invoices_of_one_customer_one_day_one_amount_are_both_posted(on: Site) -> None:
    for record, (make, kind) in RECORDS.items():
        for number in ("201", "202"):
            found = await on.find(record, make(number))
            assert (found.documents, found.suspects) == ((), ())
            await on.made(record, make(number))
        kept = await on.kept(kind)
        assert sorted(one["ref"] for one in kept) == sorted(make(number)["ref"] for number in ("201", "202"))
        assert len({one["amount"] for one in kept}) == 1


async def test_a_voucher_typed_by_hand_with_the_same_vendor_date_and_amount_is_a_suspect_and_never_ours(on: Site) -> None:
    typed = {
        "BUSINESS_UNIT": "AP001",
        "VENDOR_ID": VENDOR[6:],
        "INVOICE_DT": "2026-03-10",
        "gl_unit": "US001",
    }
    await on.do("vouchers", INVOICE_ID="TYPED-1", amount="80.00", **typed)
    await on.do("vouchers", INVOICE_ID="TYPED-2", amount="80.01", **typed)
    found = await on.find("ap_bill", voucher())
    assert found.documents == ()
    assert [(one.ref, one.amount) for one in found.suspects] == [("", Decimal("80.00"))]
    await on.made("ap_bill", voucher())
    assert (await on.find("ap_bill", voucher())).suspects == ()
    other = await on.find("ap_bill", voucher("102"))
    assert len(other.suspects) == 1, "a voucher of ours is no suspect"


async def test_a_clash_of_our_key_with_another_document_is_shown_with_its_ref_and_never_taken_for_ours(on: Site) -> None:
    ours, other = journal("1"), journal("2")
    await on.made("journal", journal("1", ref=other["ref"]))
    assert (await on.find("journal", ours)).documents == ()
    assert (await on.step("create", "journal", ours)).verdict is Verdict.DUPLICATE
    (found,) = (await on.find("journal", ours)).documents
    assert any(one.startswith("ref: ") for one in found.differences)
    assert found.ref == ""


@pytest.mark.parametrize("record", RECORDS)
async def test_a_document_that_row_security_hides_is_found_by_its_key_after_the_duplicate(tmp_path: Path, record: str) -> None:
    async with site(tmp_path, hidden_units="US001,AP001") as on:
        command = RECORDS[record][0]()
        first = await on.step("create", record, command)
        assert (first.verdict, first.reason) == (Verdict.AMBIGUOUS, "unseen")
        assert (await on.find(record, command)).documents == ()
        assert (await on.step("create", record, command)).verdict is Verdict.DUPLICATE
        (found,) = (await on.find(record, command)).documents
        assert (found.ref, found.amount, found.differences) == (command["ref"], command["amount"], ())
        assert len(await on.kept(RECORDS[record][1])) == 1


@pytest.mark.parametrize("record", RECORDS)
async def test_sites_that_name_actions_and_qualify_errors_otherwise_are_written_to_alike(tmp_path: Path, record: str) -> None:
    async with site(
        tmp_path, method_alias="true", qualified_errors="true", fault_status="200", soap_security="username_token"
    ) as on:
        command = RECORDS[record][0]()
        await on.made(record, command)
        assert on.seam.requests[0].headers["SOAPAction"].startswith('"CREATE_ML_')
        assert (await on.step("create", record, command)).verdict is Verdict.DUPLICATE


# --- differences and refusals -----------------------------------------------------------------------------------------


async def test_what_a_person_changed_is_named_line_by_line(on: Site) -> None:
    command = journal()
    document = await on.made("journal", command)
    await on.do("documents", kind="Journal", id=f"{document.erp_id}/0", set={"LEDGER_GROUP": "OTHER"})
    (found,) = (await on.find("journal", command)).documents
    assert found.differences == ("LEDGER_GROUP: OTHER, RECORDING",)
    changed = journal(lines=[line("120000", "108.25", "receivable"), line("402000", "-100.00"), line("220000", "-8.25", "tax")])
    (found,) = (await on.find("journal", changed)).documents
    assert [one.split(":")[0] for one in found.differences] == [
        "LEDGER_GROUP",
        "line 2 ACCOUNT",
        "line 2 DEPTID",
        "line 2 OPERATING_UNIT",
        "line 2 PRODUCT",
    ]


@pytest.mark.parametrize(("status", "words"), [("D", "status: D, open"), ("U", "status: U, open")])
async def test_a_journal_that_was_deleted_or_unposted_differs(on: Site, status: str, words: str) -> None:
    document = await on.made("journal", journal())
    await on.do("documents", kind="Journal", id=f"{document.erp_id}/0", set={"JRNL_HDR_STATUS": status})
    (found,) = (await on.find("journal", journal())).documents
    assert found.differences == (words,)


async def test_an_edit_error_is_told_with_its_set_number_and_words(tmp_path: Path) -> None:
    async with site(tmp_path, edit_on_save="false") as on:
        wrong = journal(lines=[line("120000", "108.25", "receivable"), line("999999", "-108.25")])
        await on.made("journal", wrong)
        await on.do("batch")
        (found,) = (await on.find("journal", wrong)).documents
        assert (found.steps_done, found.differences, found.refusal_reason) == (("create",), (), "journal_error")
        assert "(15,11)" in found.refusal
        assert "Invalid value" in found.refusal
        late = journal("2")
        await on.made("journal", late)
        await on.do("periods", business_unit="US001", period="2026-03", gl="N")
        await on.do("batch")
        (found,) = (await on.find("journal", late)).documents
        assert (found.refusal_reason, "(5010,44)" in found.refusal) == ("period_closed", True)


async def test_a_refusal_at_the_door_keeps_the_sites_words_and_leaves_nothing(on: Site) -> None:
    await on.do("periods", business_unit="US001", period="2026-03", gl="N")
    answer = await on.step("create", "journal", journal())
    assert (answer.verdict, answer.code, answer.reason) == (Verdict.REJECT, "5010,44", "period_closed")
    wrong = journal("2", lines=[line("120000", "1.00"), line("410000", "-1.00")], date=None)
    assert (await on.step("create", "journal", wrong)).code == "unsendable"
    assert await on.kept("Journal") == []


async def test_an_account_of_the_future_an_inactive_one_and_an_unknown_vendor_are_refused_by_name(on: Site) -> None:
    for account in ("410000", "499000", "123456"):
        answer = await on.step(
            "create", "journal", journal(account, lines=[line("120000", "1.00", "receivable"), line(account, "-1.00")])
        )
        assert (answer.verdict, answer.code) == (Verdict.REJECT, "15,11")
    dimensions = {"BUSINESS_UNIT": "AP001", "VENDOR_SETID": "SHARE", "VENDOR_ID": "0000999999"}
    answer = await on.step("create", "ap_bill", voucher(dimensions=dimensions))
    assert (answer.verdict, answer.code) == (Verdict.REJECT, "7030,22")


async def test_a_recycled_voucher_is_there_and_refused(on: Site) -> None:
    first = voucher("1", human_number="SAME")
    await on.made("ap_bill", first)
    second = voucher("2", human_number="SAME")
    document = await on.made("ap_bill", second)
    assert document.refusal_reason == "voucher_recycled"
    await on.do("batch")
    (found,) = (await on.find("ap_bill", second)).documents
    assert (found.steps_done, found.refusal_reason) == (("create",), "voucher_recycled")


async def test_a_duplicate_invoice_that_the_site_rejects_is_a_refusal_by_name(tmp_path: Path) -> None:
    async with site(tmp_path, dup_invoice_action="REJECT") as on:
        await on.made("ap_bill", voucher("1", human_number="SAME"))
        answer = await on.step("create", "ap_bill", voucher("2", human_number="SAME"))
        assert (answer.verdict, answer.reason, answer.code) == (Verdict.REJECT, "duplicate_invoice", "7030,420")


# --- answers that are no success, each by itself ----------------------------------------------------------------------


async def ambiguous_after(on: Site, **fault: Any) -> None:
    """A create whose answer is spoiled as planned: never a yes, sent once, found afterwards."""
    on.simulator.faults.plan([{"method": "POST", "path": LISTENER, **fault}])
    await check_not_a_yes(on)


async def check_not_a_yes(on: Site) -> None:
    command = journal()
    answer = await on.step("create", "journal", command)
    assert answer.verdict is Verdict.AMBIGUOUS, answer
    assert len(on.creates) == 1
    assert answer.words
    (found,) = (await on.find("journal", command)).documents
    assert (found.ref, found.amount, found.differences) == (command["ref"], Decimal("108.25"), ())
    assert len(await on.kept("Journal")) == 1


async def twisted(on: Site, change: Any) -> None:
    """The same, with the answer changed at the wire."""
    await on.find("journal", journal())
    on.seam.twist = twists.changed(change)
    await check_not_a_yes(on)


async def test_a_truncated_answer_is_never_a_success(on: Site) -> None:
    await twisted(on, lambda answer: replace(answer, body=answer.body[:-20]))


async def test_a_fault_with_200_is_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    await ambiguous_after(on, kind="fault_200")


async def test_an_error_of_the_broker_with_200_is_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    await ambiguous_after(on, kind="ib_error_200")


async def test_two_bodies_are_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    await ambiguous_after(on, kind="two_bodies")


async def test_another_key_echoed_is_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    on.simulator.faults.plan([{"kind": "wrong_echo", "path": "CI_ML_JOURNAL_CI_C"}])
    await check_not_a_yes(on)


async def test_another_ref_shown_when_read_back_is_never_a_success(on: Site) -> None:
    command = journal()
    await on.find("journal", command)
    on.seam.change = lambda answer: replace(answer, body=answer.body.replace(command["ref"].encode(), twists.OTHER_REF.encode()))
    answer = await on.step("create", "journal", command)
    assert answer.verdict is Verdict.AMBIGUOUS


async def test_another_amount_shown_when_read_back_is_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    on.seam.change = lambda answer: replace(answer, body=answer.body.replace(b"108.25", b"108.24"))
    answer = await on.step("create", "journal", journal())
    assert answer.verdict is Verdict.AMBIGUOUS


async def test_a_doctype_is_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    await ambiguous_after(on, kind="doctype")


async def test_html_is_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    await ambiguous_after(on, kind="html_after")


async def test_html_that_is_sent_as_xml_is_never_a_success(on: Site) -> None:
    page = b"<html><body>Please sign in</body></html>"
    await twisted(on, lambda _: response(200, page, {"Content-Type": "text/xml"}))


async def test_an_empty_answer_is_never_a_success(on: Site) -> None:
    await on.find("journal", journal())
    await ambiguous_after(on, kind="empty_after")


async def test_the_answer_of_another_namespace_is_never_a_success(on: Site) -> None:
    await twisted(on, lambda answer: replace(answer, body=answer.body.replace(b"schemas/M", b"schemas/N")))


async def test_the_answer_of_another_operation_is_never_a_success(on: Site) -> None:
    await twisted(on, lambda answer: replace(answer, body=answer.body.replace(b"Create__", b"Update__")))


async def test_a_success_with_another_status_is_never_a_success(on: Site) -> None:
    await twisted(on, lambda answer: replace(answer, status=500))


async def test_a_queues_acknowledgement_is_not_a_posting(on: Site) -> None:
    queued = b'<IBResponse type="success"><StatusCode>0</StatusCode><TransactionID>PSFT_EP.X.92</TransactionID></IBResponse>'
    await twisted(on, lambda _: response(200, queued, {"Content-Type": "text/xml"}))


async def test_a_document_that_cannot_be_read_back_is_not_a_success(on: Site) -> None:
    await on.find("journal", journal())
    on.simulator.faults.plan([{"kind": "refuse", "method": "GET", "path": "ExecuteQuery", "status": 503, "count": 5}])
    answer = await on.step("create", "journal", journal())
    assert (answer.verdict, len(on.creates)) == (Verdict.AMBIGUOUS, 1)


# --- nothing was done -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 429])
async def test_what_the_gateway_refuses_before_handling_was_not_done_and_is_sent_once(on: Site, status: int) -> None:
    await on.find("journal", journal())
    on.seam.twist = twists.refused(response(status))
    answer = await on.step("create", "journal", journal())
    assert answer.verdict is Verdict.DEFINITE_NO
    assert (answer.throttled, answer.broken) == (status == 429, status in (403, 404))
    assert len(on.creates) == 1


async def test_an_inactive_operation_a_missing_permission_and_a_wrong_password_stop_the_connection(on: Site) -> None:
    await on.find("journal", journal())
    await on.do("operations", name="CI_ML_JOURNAL_CI_C", routing="I")
    inactive = await on.step("create", "journal", journal())
    assert (inactive.verdict, inactive.broken, inactive.code) == (Verdict.DEFINITE_NO, True, "158,67")
    await on.do("operations", name="CI_ML_JOURNAL_CI_C", active=True)
    await on.do("permissions", name="ML_JOURNAL_CI", authorized="N")
    denied = await on.step("create", "journal", journal())
    assert (denied.verdict, denied.broken, denied.code) == (Verdict.DEFINITE_NO, True, "90,6")
    await on.do("permissions", name="ML_JOURNAL_CI", authorized="Y")
    on.seam.twist = twists.changed(lambda _: response(500, WRONG_PASSWORD, {"Content-Type": "text/xml"}))
    wrong = await on.step("create", "journal", journal())
    assert (wrong.verdict, wrong.broken, wrong.code) == (Verdict.DEFINITE_NO, True, "158,45")


WRONG_PASSWORD = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
    b'<faultstring>null</faultstring><detail><IBResponse xmlns="" type="error"><StatusCode>20</StatusCode><MessageID>45</MessageID>'
    b"<DefaultMessage>User password failed. (158,45)</DefaultMessage></IBResponse></detail></s:Fault></s:Body></s:Envelope>"
)


async def test_what_did_not_leave_was_not_done(on: Site) -> None:
    await on.find("journal", journal())
    on.seam.twist = twists.not_sent
    answer = await on.step("create", "journal", journal())
    assert (answer.verdict, answer.code) == (Verdict.DEFINITE_NO, "not_sent")


async def test_a_look_up_that_cannot_be_made_raises_and_shows_nothing(on: Site) -> None:
    await on.made("journal", journal())
    for status, kind in ((503, Throttled), (500, Transient), (400, Transient)):
        on.simulator.faults.plan([{"kind": "refuse", "path": "ExecuteQuery", "status": status, "count": 1}])
        with pytest.raises(kind):
            await on.find("journal", journal())
    on.simulator.faults.plan([{"kind": "fault_before", "path": LISTENER, "count": 1}])
    with pytest.raises(Transient):
        await on.find("journal", journal())
    await on.do("operations", name="CI_ML_JOURNAL_CI_G", active=False)
    with pytest.raises(Broken, match="158,66"):
        await on.find("journal", journal())


@pytest.mark.parametrize("ref", ["%", "ST-%", "ST-' or 1=1 --", "ST-,x", "ST-__________________", "", "ST-\n"])
async def test_a_spiteful_ref_or_party_is_only_a_value(on: Site, ref: str) -> None:
    for record, (make, _) in RECORDS.items():
        await on.made(record, make())
        party = {"BUSINESS_UNIT": "AP001", "VENDOR_SETID": "SHARE", "VENDOR_ID": f"{ref}x"[:10]}
        spiteful = make("9", ref=ref, **({"dimensions": party} if record == "ap_bill" else {}))
        found = await on.find(record, spiteful)
        assert (found.documents, found.suspects) == ((), ())


# --- sign-in ----------------------------------------------------------------------------------------------------------


OAUTH = {"sign_in": "oauth", "token_url": "http://127.0.0.1:1/oauth/token", "soap_security": "transport"}


async def test_a_bearer_token_signs_soap_calls_and_is_renewed_before_a_step_when_it_would_end_in_it(tmp_path: Path) -> None:
    async with site(tmp_path, OAUTH, soap_security="transport", rest_security="oauth", token_minutes="10") as on:
        for number in range(12):
            await on.made("journal", journal(str(number)))
            assert b"wsse" not in on.creates[0].body
            assert on.creates[0].headers["Authorization"].startswith("Bearer ")
            on.clock.move(120)
        assert len(await on.kept("Journal")) == 12


async def test_a_token_that_is_taken_back_is_a_definite_no_and_the_next_attempt_has_a_new_one(tmp_path: Path) -> None:
    async with site(tmp_path, OAUTH, soap_security="transport", rest_security="oauth") as on:
        await on.made("journal", journal("1"))
        on.seam.twist = twists.refused(response(401))
        answer = await on.step("create", "journal", journal("2"))
        assert (answer.verdict, answer.broken, len(on.creates)) == (Verdict.DEFINITE_NO, False, 1)
        await on.writer.reserve(BUDGET.calls)
        assert any(one.url.endswith("/oauth/token") for one in on.seam.requests)
        await on.made("journal", journal("2"))


async def test_secrets_are_in_no_words(on: Site) -> None:
    password = on.simulator.credentials["password"]
    said = []
    for kind in ("fault_200", "two_bodies", "html_after"):
        await on.find("journal", journal())
        on.simulator.faults.plan([{"kind": kind, "method": "POST", "path": LISTENER}])
        said.append(str(await on.step("create", "journal", journal(kind))))
    assert password not in "".join(said)


async def test_unused_calls_are_given_back(on: Site) -> None:
    limiter: Any = on.writer.client.limiter  # type: ignore[attr-defined]
    await on.find("journal", journal())
    before = limiter._tokens
    await on.writer.reserve(BUDGET.calls)
    await on.writer.find(ResolvedCommand("journal", journal(), {}))
    await on.writer.perform("create", ResolvedCommand("journal", journal(), {}), None)
    assert before - limiter._tokens == 2 + 3  # the query and what was typed by hand; the create, the query and the Get


async def test_a_vendor_with_a_hundred_vouchers_of_one_day_and_amount_does_not_stop_the_next_one(on: Site) -> None:
    """Every one of ours is among the rows in which suspects are looked for; a low limit on them held up the sixtieth for ever."""
    for number in range(60):
        command = voucher(str(number))
        assert (await on.find("ap_bill", command)).suspects == ()
        await on.made("ap_bill", command)
