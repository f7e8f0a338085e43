"""AP invoices: written once, found again, refused beforehand; taken back by a credit; corrected; bad answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.errors import Transient
from runtime.exchange import Request, Response, Unanswered, response
from schemas.records import CommandEnvelope
from systems.contract import ResolvedCommand, Verdict
from systems.syspro.sink import is_write
from tests.contract.seam import Deliver
from tests.systems.field_service import invoice, invoice_line
from tests.systems.syspro.writing import SUPPLIER, Books, books, correction, costly, reversal


async def test_an_invoice_is_written_with_branch_codes_and_who_did_the_work(tmp_path: Path) -> None:
    lines = [
        invoice_line("100.00", cost=Decimal("40.00"), dimensions={"technicianId": "7711"}),
        invoice_line("30.00", "2", kind="Material", sku_code="PIPE-34", cost=Decimal("9.87")),
    ]
    async with books(tmp_path) as held:
        made = held.resolved(invoice(lines))
        assert (await held.find(made)).refusal == ""
        document = await held.written(made, "create")
        assert (document.erp_id, document.number, document.amount) == (f"{SUPPLIER}/N101", "N101", Decimal("49.87"))
        (row,) = [one for one in await held.kept("ApInvoice") if one["ref"] == made.command["ref"]]
        assert (row["branch"], row["date"], row["amount"], row["description"]) == (
            "10",
            "2026-03-10",
            "49.87",
            "Job 700 - 12 Elm St",
        )
        assert [(one["account"], one["amount"], one["notation"]) for one in row["lines"]] == [
            ("5100-10", "40.00", "SERVICE tech JDOE Replace valv"),
            ("5000-10", "9.87", "PIPE-PVC2 Replace valve"),
        ]
        assert (await held.find(made)).documents[0] == document
        assert len(held.writes()) == 1


async def test_a_second_invoice_of_one_number_is_refused_by_the_company_itself(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        await held.written(made, "create")
        answer = await held.perform("create", made)
        assert (answer.verdict, answer.reason, answer.code) == (Verdict.DUPLICATE, "exists", "110002")
        assert len([one for one in await held.kept("ApInvoice") if one["ref"] == made.command["ref"]]) == 1


async def test_what_somebody_typed_is_a_suspect_and_another_invoice_of_the_number_is_in_the_way(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        first = held.resolved(costly("40.00"))
        await held.written(first, "create")
        other = replace(first, command=cast("CommandEnvelope", {**first.command, "ref": "ST-" + "A" * 20}))
        found = await held.find(other)
        assert (found.documents, found.suspects, found.refusal_reason) == ((), (), "number_taken")
        assert "N101" in found.refusal
        typed = replace(first, command=cast("CommandEnvelope", {**first.command, "ref": "typed by hand"}))
        by_hand = held.resolved(costly("12.00", source_id="102", number="N102"))
        await held.perform("create", replace(typed, command=cast("CommandEnvelope", {**by_hand.command, "ref": "typed by hand"})))
        assert [one.number for one in (await held.find(by_hand)).suspects] == ["N102"]
        later = held.resolved(costly("12.00", source_id="103", number="N103"))
        assert [one.number for one in (await held.find(later)).suspects] == ["N102"]
        assert (await held.find(held.resolved(costly("13.00", source_id="104", number="N104")))).suspects == ()


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"dimensions": {"Supplier": "0000011", "Branch": "10"}}, "refused", "not found"),
        ({"dimensions": {"Supplier": SUPPLIER, "Branch": "99"}}, "refused", "Branch '99' not found"),
        ({"account": "9999-10"}, "refused", "Ledger code '9999-10' not found"),
        ({"account": "2000-00"}, "refused", "control account"),
        ({"posting_date": date(2025, 11, 30)}, "period_closed", "2026-03 and the two before it"),
        ({"posting_date": date(2026, 4, 1)}, "period_closed", "2026-03"),
        ({"posting_date": None}, "", "no posting date"),
    ],
)
async def test_what_the_company_would_not_take_is_held_in_its_words_and_nothing_is_sent(
    tmp_path: Path, change: dict[str, Any], reason: str, words: str
) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        own: dict[str, Any] = {**made.command, **change}
        if "account" in change:
            own["lines"] = [{**own["lines"][0], "account": change["account"]}]
        found = await held.find(replace(made, command=cast("CommandEnvelope", own)))
        assert found.refusal_reason == reason
        assert words in found.refusal
        assert held.writes() == []


async def test_a_supplier_on_hold_or_with_goods_received_notes_is_told_by_name(tmp_path: Path) -> None:
    async with books(tmp_path, suppliers=40) as held:
        rows = await held.kept("ApSupplier")
        on_hold = next(row["Supplier"] for row in rows if row["OnHold"] == "Y")
        matched = next(row["Supplier"] for row in rows if row["GrnMatchReqd"] == "Y")
        for supplier, reason, words in ((on_hold, "supplier_on_hold", "on hold"), (matched, "refused", "goods received notes")):
            made = held.resolved(costly())
            own = {**made.command, "dimensions": {"Supplier": supplier, "Branch": "10"}}
            found = await held.find(replace(made, command=cast("CommandEnvelope", own)))
            assert (found.refusal_reason, words in found.refusal) == (reason, True)


@pytest.mark.parametrize(
    ("on", "period"), [(date(2026, 3, 1), "2026-03"), (date(2026, 2, 28), "2026-02"), (date(2026, 1, 1), "2026-01")]
)
async def test_the_posting_period_is_that_of_the_posting_date(tmp_path: Path, on: date, period: str) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly(invoice_date=on))
        await held.written(made, "create")
        (row,) = [one for one in await held.kept("ApInvoice") if one["ref"] == made.command["ref"]]
        assert (row["period"], row["date"]) == (period, on.isoformat())


async def test_a_late_invoice_says_both_days(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly(invoice_date=date(2025, 12, 30)), post_on=date(2026, 1, 1))
        document = await held.written(made, "create")
        assert document.differences == ()
        (row,) = [one for one in await held.kept("ApInvoice") if one["ref"] == made.command["ref"]]
        assert (row["period"], row["date"]) == ("2026-01", "2026-01-01")
        assert row["description"].startswith("of 2025-12-30")


async def test_a_document_that_no_address_can_carry_is_held_with_its_size(tmp_path: Path) -> None:
    lines = [invoice_line("2.00", str(n), cost=Decimal("1.00"), description="Ölfilter & Dichtung <groß>") for n in range(1, 90)]
    async with books(tmp_path) as held:
        made = held.resolved(invoice(lines, total=Decimal("178.00"), tax=Decimal(0)))
        found = await held.find(made)
        assert found.refusal_reason == "url_limit"
        assert "its address would have" in found.refusal
        answer = await held.perform("create", made)
        assert (answer.verdict, answer.reason) == (Verdict.REJECT, "unsendable")
        assert held.writes() == []


async def test_a_number_that_does_not_fit_is_the_short_form_of_the_ref(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly(number="2026-000000000000101-A"))
        document = await held.written(made, "create")
        assert document.number == made.command["ref"].removeprefix("ST-")


async def test_warnings_reject_by_default_and_are_taken_where_the_settings_say_so(tmp_path: Path) -> None:
    over = {"payables": {"ignore_warnings": "W"}}
    async with books(tmp_path, over, suppliers=40) as held:
        on_hold = next(row["Supplier"] for row in await held.kept("ApSupplier") if row["OnHold"] == "Y")
        made = held.resolved(costly())
        made = replace(made, command=cast("CommandEnvelope", {**made.command, "dimensions": {"Supplier": on_hold, "Branch": "10"}}))
        assert (await held.find(made)).refusal == ""
        assert (await held.perform("create", made)).verdict is Verdict.YES


# --- taking back ------------------------------------------------------------------------------------------------------


async def test_a_void_is_a_credit_of_the_invoice_as_it_was_written(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        first = held.resolved(costly())
        document = await held.written(first, "create")
        back = reversal(first, document)
        found = await held.find(back)
        assert (found.documents, found.refusal) == ((), "")
        credit = await held.written(back, "credit")
        assert (credit.erp_id, credit.amount, credit.ref) == (document.erp_id, Decimal("40.00"), back.command["ref"])
        (entry,) = [one for one in await held.kept("ApInvoicePay") if one["ref"] == back.command["ref"]]
        assert (entry["code"], entry["amount"], entry["lines"][0]["account"], entry["lines"][0]["amount"]) == (
            "C",
            "-40.00",
            "5100-10",
            "-40.00",
        )
        (row,) = [one for one in await held.kept("ApInvoice") if one["ref"] == first.command["ref"]]
        assert row["balance"] == "0.00"
        assert (await held.find(back)).documents == (credit,)


@pytest.mark.parametrize("what", ["paid", "gone", "changed"])
async def test_what_is_paid_gone_or_changed_is_not_taken_back(tmp_path: Path, what: str) -> None:
    async with books(tmp_path) as held:
        first = held.resolved(costly())
        document = await held.written(first, "create")
        other = reversal(first, document, date(2026, 3, 11))
        other = replace(other, command=cast("CommandEnvelope", {**other.command, "ref": "ST-" + "B" * 20}))
        back = reversal(first, document)
        standing = back.original
        assert standing is not None
        if what == "paid":
            await held.written(other, "credit")
        elif what == "gone":
            back = replace(back, original=replace(standing, erp_id=f"{SUPPLIER}/N999"))
        else:
            told = cast("CommandEnvelope", {**first.command, "amount": Decimal("41.00")})
            back = replace(back, original=replace(standing, command=told))
        found = await held.find(back)
        reason = {"paid": "paid", "gone": "missing_in_erp", "changed": "original_changed"}[what]
        assert (found.documents, found.refusal_reason) == ((), reason)


async def test_a_correction_credits_what_was_written_and_writes_what_is_wanted(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        first = held.resolved(costly("40.00"))
        document = await held.written(first, "create")
        made = correction(first, document, held.resolved(costly("55.00")))
        assert (await held.find(made)).refusal == ""
        half = await held.written(made, "credit")
        assert (half.steps_done, half.amount, half.differences) == (("credit",), Decimal("55.00"), ())
        (seen,) = (await held.find(made)).documents
        assert seen.steps_done == ("credit",)
        whole = await held.perform("create", made, half)
        assert whole.verdict is Verdict.YES, whole
        assert whole.document is not None
        assert whole.document.steps_done == ("credit", "create")
        assert whole.document.number == made.command["ref"].removeprefix("ST-")
        balances = {row["number"]: row["balance"] for row in await held.kept("ApInvoice") if row["ref"]}
        assert balances == {"N101": "0.00", whole.document.number: "55.00"}


async def test_a_void_of_a_month_that_is_closed_is_held_by_that_name(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        first = held.resolved(costly())
        document = await held.written(first, "create")
        found = await held.find(reversal(first, document, date(2025, 12, 1)))
        assert found.refusal_reason == "period_closed"
        assert (await held.find(replace(reversal(first, document, date(2025, 12, 1)), post_on=date(2026, 1, 1)))).refusal == ""


# --- bad answers ------------------------------------------------------------------------------------------------------

GOOD = (
    b'<?xml version="1.0" encoding="Windows-1252"?>\n<postapinvoice Language=\'05\'>\n'
    b"<Item>\n<Key>\n<Supplier>0000010</Supplier>\n</Key>\n</Item>\n</postapinvoice>\n"
)


async def answered(held: Books, made: ResolvedCommand, answer: Response | type[Exception], *, is_done: bool = False) -> Any:
    """What a step says to this answer; the posting is carried out if `is_done`."""

    async def twist(asked: Request, deliver: Deliver) -> Response:
        if not is_write(asked):
            return await deliver(asked)
        if is_done:
            await deliver(asked)
        if isinstance(answer, Response):
            return answer
        raise answer("lost")

    held.wire.twist = twist
    said = await held.perform("create", made)
    held.wire.twist = None
    return said


@pytest.mark.parametrize(
    ("body", "verdict", "reason"),
    [
        (b"ERROR: Unable to read the SYSPRO base directory registry string BaseDir8", Verdict.DEFINITE_NO, "session_dropped"),
        (b"ERROR: e.net licence for APSTIN has expired", Verdict.DEFINITE_NO, "licence"),
        (b"ERROR: Business object APSTIN is not licensed: licence missing", Verdict.DEFINITE_NO, "licence"),
        (b"ERROR: Operator is not authorized for APSTIN", Verdict.DEFINITE_NO, "rights"),
        (b"ERROR: something that nobody has seen", Verdict.AMBIGUOUS, "unknown_answer"),
        (b"ERROR: The operation has timed out", Verdict.AMBIGUOUS, "unknown_answer"),
        (b"ERROR: Timeout expired", Verdict.AMBIGUOUS, "unknown_answer"),
        (
            b"ERROR: Timeout expired. The timeout period elapsed prior to completion of the operation or the server is not responding.",
            Verdict.AMBIGUOUS,
            "unknown_answer",
        ),
        (b"ERROR: The lock on the record has expired", Verdict.AMBIGUOUS, "unknown_answer"),
        (b"ERROR: The session ended while the transaction was posted", Verdict.AMBIGUOUS, "session_dropped"),
        (b"ERROR: Posting was interrupted: user id not logged on", Verdict.AMBIGUOUS, "session_dropped"),
        (b"ERROR: Session dropped after the transaction was posted", Verdict.AMBIGUOUS, "session_dropped"),
        (b"ERROR: session closed in the middle of the transaction", Verdict.AMBIGUOUS, "session_dropped"),
        (b"ERROR: The posting was being updated when the session was dropped", Verdict.AMBIGUOUS, "session_dropped"),
        (b"ERROR: Posting interrupted", Verdict.AMBIGUOUS, "unknown_answer"),
        (b"ERROR: Access denied to business object PORTOI while posting", Verdict.AMBIGUOUS, "rights"),
        (b"ERROR: Licence limit reached during Transaction Post", Verdict.AMBIGUOUS, "licence"),
        (b"ERROR: Transaction not permitted, month end aborted", Verdict.AMBIGUOUS, "rights"),
        (b"ERROR: Logon of operator MLSINK has expired", Verdict.DEFINITE_NO, "session_dropped"),
        (b"ERROR: The session has expired", Verdict.DEFINITE_NO, "session_dropped"),
        (b"ERROR: Logon expired", Verdict.DEFINITE_NO, "session_dropped"),
        (b"ERROR: Your session has timed out", Verdict.DEFINITE_NO, "session_dropped"),
        (b"\xef\xbb\xbfERROR: Operator is not authorized for APSTIN", Verdict.DEFINITE_NO, "rights"),
        (b"some text", Verdict.AMBIGUOUS, "unreadable"),
        (b"", Verdict.AMBIGUOUS, "unreadable"),
        (b"0", Verdict.AMBIGUOUS, "unreadable"),
        (GOOD[:-20], Verdict.AMBIGUOUS, "unreadable"),
        (GOOD.replace(b"postapinvoice", b"setupapsupplier"), Verdict.AMBIGUOUS, "unreadable"),
        (GOOD, Verdict.AMBIGUOUS, "unseen"),
        (GOOD.replace(b"<Key>", b"<Invoice><ErrorDescription>odd</ErrorDescription></Invoice><Key>"), Verdict.REJECT, "refused"),
        (GOOD.replace(b"</postap", b"<StatusOfItems><ItemsProcessed>1</ItemsProcessed><ItemsInvalid>000001</ItemsInvalid></StatusOfItems></postap"),
         Verdict.REJECT, "refused"),
        (GOOD.replace(b"</postap", b"<StatusOfItems><ItemsInvalid>many</ItemsInvalid></StatusOfItems></postap"), Verdict.AMBIGUOUS, "unreadable"),
        (GOOD.replace(b"<Item>", b"<!-- --><Item>"), Verdict.AMBIGUOUS, "unreadable"),
        (GOOD.replace(b"<Key>", b"<Key>\x81"), Verdict.AMBIGUOUS, "unreadable"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + GOOD[45:], Verdict.AMBIGUOUS, "unreadable"),
        (b"<html><body>Proxy</body></html>", Verdict.AMBIGUOUS, "unreadable"),
    ],
)  # fmt: skip
async def test_an_answer_that_is_no_whole_success_is_never_one(tmp_path: Path, body: bytes, verdict: Verdict, reason: str) -> None:
    async with books(tmp_path) as held:
        said = await answered(held, held.resolved(costly()), response(200, body))
        assert (said.verdict, said.reason) == (verdict, reason)


@pytest.mark.parametrize(
    "answer", [Unanswered, response(502, b"<html/>"), response(200, GOOD[:40]), response(200, b"ERROR: out of paper")]
)
async def test_an_answer_that_was_lost_is_looked_up_and_found(tmp_path: Path, answer: Any) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        said = await answered(held, made, answer, is_done=True)
        assert said.verdict is Verdict.AMBIGUOUS
        (document,) = (await held.find(made)).documents
        assert (document.ref, document.differences) == (made.command["ref"], ())


STATUSES = {401: "definite_no", 403: "definite_no", 404: "definite_no", 414: "reject", 429: "definite_no"} | dict.fromkeys(
    (400, 500, 503), "ambiguous"
)


@pytest.mark.parametrize(("status", "verdict"), STATUSES.items())
async def test_each_status_has_its_class(tmp_path: Path, status: int, verdict: str) -> None:
    async with books(tmp_path) as held:
        said = await answered(held, held.resolved(costly()), response(status, b"<html/>"))
        assert said.verdict.value == verdict


@pytest.mark.parametrize("form", ["quoted", "string"])
async def test_every_form_in_which_sites_wrap_their_answers_is_read(tmp_path: Path, form: str) -> None:
    async with books(tmp_path, answer_form=form) as held:
        made = held.resolved(costly())
        assert (await held.find(made)).refusal == ""
        document = await held.written(made, "create")
        assert (await held.find(made)).documents == (document,)


async def test_a_look_up_that_is_cut_off_tells_nothing(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        await held.written(made, "create")

        async def twist(asked: Request, deliver: Deliver) -> Response:
            whole = await deliver(asked)
            return response(200, whole.body[: len(whole.body) // 2]) if "Query/Query" in asked.url else whole

        held.wire.twist = twist
        with pytest.raises(Transient):
            await held.find(made)


async def test_what_an_earlier_request_commits_during_a_look_up_is_found_and_not_held(tmp_path: Path) -> None:
    """A request whose answer was lost is carried out between the look-up and the trial: the trial finds the number taken, by ourselves."""
    async with books(tmp_path) as held:
        made = held.resolved(costly())
        request = await _captured(held, made)

        async def twist(asked: Request, deliver: Deliver) -> Response:
            if _is_trial(asked):
                held.wire.twist = None
                await deliver(request)
            return await deliver(asked)

        held.wire.twist = twist
        found = await held.find(made)
        assert [(one.ref, one.amount, one.steps_done) for one in found.documents] == [
            (made.command["ref"], Decimal("40.00"), ("create",))
        ]
        assert found.refusal == ""


def _is_trial(asked: Request) -> bool:
    return "/Transaction/Post" in asked.url and not is_write(asked)


async def _captured(held: Books, made: ResolvedCommand) -> Request:
    """The write request of a command, which never reaches the company."""

    async def lost(asked: Request, deliver: Deliver) -> Response:
        if is_write(asked):
            raise Unanswered("the network is gone")
        return await deliver(asked)

    held.wire.twist = lost
    await held.perform("create", made)
    held.wire.twist = None
    return held.writes()[-1]
