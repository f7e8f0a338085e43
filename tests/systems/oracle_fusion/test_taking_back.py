"""What was written is taken back and written anew: voided and changed invoices and credit memos, reversed receipts, un-applied ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.exchange import Request, Response, Unanswered
from runtime.json import parse
from schemas.records import CommandEnvelope
from systems.contract import Document, Original, ResolvedCommand, Verdict
from systems.oracle_fusion.system import SYSTEM
from tests.contract.seam import Deliver
from tests.systems.field_service import application, invoice, invoice_line, payment
from tests.systems.oracle_fusion.test_writer import Books, books
from topology.rules.identity import ref_of

LATER = date(2026, 3, 12)
ACTION = {"receivables": {"reverse_by": "action"}}
PERSON = {"receivables": {"reverse_by": "person"}}
BY_ACTION = {"receivables": {"reverse_by": "action", "apply_by": "action"}}
CREDIT = [invoice_line("-30.00")]


def original_of(made: ResolvedCommand, document: Document) -> Original:
    """What was written, as the sink knows it."""
    return Original(made.record, made.command, document.erp_id, document.number, made.ids)


def void(original: Original, on: date | None = LATER, key: str = "void") -> ResolvedCommand:
    """The reversal of what was written."""
    op_key = f"{original.command['op_key']}|{key}"
    own = {"reverses": original.command["op_key"], "date": on, "posting_date": on, "reason": "the invoice was voided"}
    made = {**original.command, **own, "op_key": op_key, "ref": ref_of(op_key), "action": "void"}
    return ResolvedCommand("reversal", cast("CommandEnvelope", made), original.ids, original=original)


def correction(original: Original, wanted: ResolvedCommand) -> ResolvedCommand:
    """The numbered correction that writes `wanted` in the place of what was written."""
    key = f"{original.command['op_key']}|correct|1"
    made = {**wanted.command, "op_key": key, "ref": ref_of(key), "action": "correct"}
    return replace(wanted, command=cast("CommandEnvelope", made), original=original)


@asynccontextmanager
async def written_invoice(folder: Path, **changes: Any) -> AsyncIterator[tuple[Books, Original]]:
    """Books with an invoice that is complete."""
    async with books(folder, release="26d", automatch_s=99999) as held:
        made = held.resolved(invoice(**changes))
        yield held, original_of(made, await held.written(made, *steps_of(made)))


def steps_of(made: ResolvedCommand) -> tuple[str, ...]:
    """The steps by which a command is written, or what it takes back and writes."""
    takes_back = made.original.record if made.original is not None else ""
    return next(one.steps for one in SYSTEM.writes if (one.record, one.takes_back) == (made.record, takes_back))


async def owed(held: Books, account: str = "1001") -> Decimal:
    """What a customer owes: open documents less what is unapplied."""
    found = {one["id"]: one["balance"] for one in (await held.site.ask("balances"))["customers"]}
    return Decimal(found.get(account, "0"))


async def open_and_unapplied(held: Books) -> list[tuple[str, str]]:
    """What is open of each customer's documents, and unapplied of the receipts."""
    return [(one["open"], one["unapplied"]) for one in (await held.site.ask("balances"))["customers"]]


async def accounts(held: Books) -> dict[str, str]:
    """Balances that are not zero, by account."""
    return {one["account"]: one["balance"] for one in (await held.site.ask("balances"))["accounts"]}


# --- invoices and credit memos ----------------------------------------------------------------------------------------


async def test_a_voided_invoice_is_credited_with_the_lines_that_were_written(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        assert await owed(held) == Decimal("108.25")
        made = void(original)
        assert (await held.find(made)).documents == ()
        document = await held.written(made, "credit")
        assert (document.ref, document.amount, document.differences) == (made.command["ref"], Decimal("108.25"), ())
        sent = parse(held.posted("receivablesCreditMemos")[0].body)
        assert (sent["TransactionDate"], sent["CrossReference"]) == ("2026-03-12", made.command["ref"])
        assert sent["CreditMemoComments"].startswith(f"[reverses {original.erp_id}] N101: the invoice was voided")
        assert sent["TransactionNumber"].startswith("N101-V")
        assert (await owed(held), await accounts(held)) == (Decimal("0.00"), {})


async def test_a_lost_answer_of_a_credit_is_found_and_not_sent_again(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            if request.method == "POST" and "CreditMemos" in request.url:
                raise Unanswered("the connection died")
            return answer

        held.wire.twist = twist
        made = void(original)
        assert (await held.perform("credit", made)).verdict is Verdict.AMBIGUOUS
        held.wire.twist = None
        (found,) = (await held.find(made)).documents
        assert (found.steps_done, found.differences) == (("credit",), ())


async def test_a_voided_credit_memo_is_debited_by_a_completed_invoice(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"lines": CREDIT, "source_id": "105", "number": "N105", "tax": Decimal(0)}
    async with written_invoice(tmp_path, **changes) as (held, original):
        assert original.record == "ar_credit_memo"
        assert await owed(held) == Decimal("-30.00")
        made = void(original)
        document = await held.perform("debit", made)
        assert document.document is not None
        assert document.document.steps_done == ("debit",)
        done = await held.perform("debit_complete", made, document.document)
        assert done.document is not None
        assert done.document.steps_done == ("debit", "debit_complete")
        assert (await owed(held), await accounts(held)) == (Decimal("0.00"), {})


async def test_a_changed_invoice_is_credited_and_written_anew_under_one_ref(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        made = correction(original, held.resolved(invoice([invoice_line("80.00")], tax=Decimal("6.60"))))
        document = await held.written(made, "credit", "create", "complete")
        assert document.steps_done == ("credit", "create", "complete")
        assert document.number.startswith("N101-C")
        assert await owed(held) == Decimal("86.60")
        (found,) = (await held.find(made)).documents
        assert (found.erp_id, found.differences) == (document.erp_id, ())


async def test_an_invoice_that_became_a_credit_is_told_from_what_reverses_it(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        wanted = held.resolved(invoice(CREDIT, tax=Decimal(0)))
        made = correction(original, wanted)
        assert made.record == "ar_credit_memo"
        await held.written(made, "credit", "create")
        assert await owed(held) == Decimal("-30.00")
        assert len([one for one in held.posted("receivablesCreditMemos") if one.method == "POST"]) == 2


async def test_what_a_correction_wrote_is_taken_back_by_the_next_void(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        made = correction(original, held.resolved(invoice([invoice_line("80.00")], tax=Decimal(0))))
        document = await held.written(made, "credit", "create", "complete")
        await held.written(void(original_of(made, document)), "credit")
        assert (await owed(held), await accounts(held)) == (Decimal("0.00"), {})


async def test_a_reversal_follows_what_was_written_and_not_the_rows_of_today(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        held.ids["customer/500"] = "1002/30002"
        await held.written(void(original), "credit")
        assert parse(held.posted("receivablesCreditMemos")[0].body)["BillToCustomerNumber"] == "1001"


async def test_a_void_in_a_closed_period_is_posted_on_the_first_open_day_and_keeps_both(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        made = replace(void(original), post_on=date(2026, 3, 31))
        await held.written(made, "credit")
        sent = parse(held.posted("receivablesCreditMemos")[0].body)
        assert (sent["TransactionDate"], sent["AccountingDate"]) == ("2026-03-12", "2026-03-31")
        assert "dated 2026-03-12" in sent["CreditMemoComments"]


async def test_a_void_is_never_dated_before_what_it_reverses(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        await held.written(void(original, date(2026, 3, 1)), "credit")
        assert parse(held.posted("receivablesCreditMemos")[0].body)["TransactionDate"] == "2026-03-10"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b'"InvoiceBalanceAmount":108.25', b'"InvoiceBalanceAmount":8.25', "applied"),
        (b'"EnteredAmount":108.25', b'"EnteredAmount":208.25', "original_changed"),
        (b'"InvoiceStatus":"Complete"', b'"InvoiceStatus":"Incomplete"', "original_changed"),
    ],
)
async def test_an_invoice_that_a_person_changed_or_settled_is_left_to_a_person(
    old: bytes, new: bytes, reason: str, tmp_path: Path
) -> None:
    async with written_invoice(tmp_path) as (held, original):

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            return replace(answer, body=answer.body.replace(old, new))

        held.wire.twist = twist
        found = await held.find(void(original))
        assert (found.documents, found.refusal_reason) == ((), reason)
        assert found.refusal


async def test_an_invoice_that_is_gone_is_never_taken_for_reversed(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        found = await held.find(void(replace(original, erp_id="300000000000001")))
        assert (found.documents, found.refusal_reason) == ((), "missing_in_erp")


async def test_what_reverses_another_document_under_our_ref_is_told_as_a_difference(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        await held.written(void(original), "credit")
        (found,) = (await held.find(void(replace(original, erp_id="300000000000001")))).documents
        assert any(one.startswith("reverses: ") for one in found.differences)


async def test_a_correction_found_where_a_reversal_is_wanted_is_a_difference(tmp_path: Path) -> None:
    async with written_invoice(tmp_path) as (held, original):
        made = correction(original, held.resolved(invoice([invoice_line("80.00")], tax=Decimal(0))))
        await held.written(made, "credit", "create", "complete")
        reversal = void(original, key="correct|1")
        assert reversal.command["ref"] == made.command["ref"]
        found = await held.find(reversal)
        assert all(any(word.startswith("kind: ") for word in one.differences) for one in found.documents)
        assert found.documents


# --- receipts ---------------------------------------------------------------------------------------------------------


async def paid(held: Books, record: dict[str, Any] | None = None) -> tuple[Original, ResolvedCommand]:
    """A receipt that is there, and its application's command."""
    record = record or payment()
    made = held.resolved(record)
    document = await held.written(made, "create")
    held.ids[f"payment/{record['source_id']}"] = document.erp_id
    return original_of(made, document), held.resolved(record, 1) if record["applications"] else made


@asynccontextmanager
async def settled(
    folder: Path, over: dict[str, Any], record: dict[str, Any] | None = None
) -> AsyncIterator[tuple[Books, Any, Any]]:
    """Books with an invoice that a receipt settles; the receipt and its application as they were written."""
    async with books(folder, over, release="26d", automatch_s=600) as held:
        await held.invoice()
        receipt, made = await paid(held, record)
        if (over["receivables"].get("apply_by")) == "action":
            document = await held.written(made, "apply")
        else:
            document = await held.written(made, "reference")
            held.site.clock.move(601)
        yield held, receipt, original_of(made, document)


async def test_a_bounced_receipt_is_reversed_by_the_action_and_opens_what_it_settled(tmp_path: Path) -> None:
    async with settled(tmp_path, ACTION) as (held, receipt, _):
        assert await owed(held) == Decimal("0.00")
        document = await held.written(void(receipt), "mark", "reverse")
        assert document.erp_id == receipt.erp_id
        sent = parse(held.posted("reverseReceipt")[0].body)
        assert (sent["reversalCategoryCode"], sent["reversalReasonCode"]) == ("REV", "PAYMENT REVERSAL")
        assert await owed(held) == Decimal("108.25")
        other = await held.find(void(receipt, key="void2"))
        assert [one.differences for one in other.documents] == [
            (f"ref: {document.ref}, {void(receipt, key='void2').command['ref']}",)
        ]


async def test_a_receipt_that_a_person_reversed_is_not_written_anew_without_being_asked(tmp_path: Path) -> None:
    async with settled(tmp_path, ACTION) as (held, receipt, _):
        await held.site.tell("reverse", receipt="N201", category="NSF")
        (found,) = (await held.find(correction(receipt, held.resolved(payment("90.00", []))))).documents
        assert [one.partition(":")[0] for one in found.differences] == ["reversed by"]


async def test_where_the_release_has_no_action_a_person_reverses_and_then_it_is_done(tmp_path: Path) -> None:
    async with settled(tmp_path, PERSON) as (held, receipt, _):
        made = void(receipt)
        found = await held.find(made)
        assert (found.documents, found.refusal_reason) == ((), "no_receipt_action")
        assert not held.wire.of("standardReceipts", "PATCH")
        assert not held.posted("reverseReceipt")
        await held.site.tell("reverse", receipt="N201", category="NSF")
        (document,) = (await held.find(made)).documents
        assert document.steps_done == ("mark", "reverse")


async def test_a_changed_receipt_waits_until_what_it_settles_is_taken_back(tmp_path: Path) -> None:
    async with settled(tmp_path, BY_ACTION) as (held, receipt, applied):
        wanted = held.resolved(payment("90.00", [application("101", "90.00")]))
        made = correction(receipt, wanted)
        assert (await held.find(made)).refusal_reason == "applied"
        await held.written(void(applied), "unapply")
        document = await held.written(made, "mark", "reverse", "create")
        assert document.amount == Decimal("90.00")
        assert await owed(held) == Decimal("18.25")


async def test_a_receipt_without_an_action_answers_as_gone_and_nothing_is_taken_as_done(tmp_path: Path) -> None:
    async with settled(tmp_path, ACTION) as (held, receipt, _):
        await held.site.tell("settings", release="24d")
        made = void(receipt)
        marked = await held.written(made, "mark")
        assert marked.steps_done == ("mark",)
        answer = await held.perform("reverse", made, marked)
        assert (answer.verdict, answer.reason) == (Verdict.REJECT, "gone")


# --- applications -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("over", [ACTION, BY_ACTION])
async def test_an_application_is_un_applied_by_its_own_id(over: dict[str, Any], tmp_path: Path) -> None:
    async with settled(tmp_path, over) as (held, _, applied):
        made = void(applied)
        document = await held.written(made, "unapply")
        assert document.steps_done == ("unapply",)
        assert set(parse(held.posted("unapplyReceipt")[0].body)) == {"receivableApplicationId", "calledFrom"}
        assert await open_and_unapplied(held) == [("108.25", "108.25")]
        assert (await held.find(made)).documents[0].steps_done == ("unapply",)


async def test_an_application_that_another_receipt_settled_meanwhile_is_still_taken_back(tmp_path: Path) -> None:
    """The sums of receipt and invoice alone would show it as standing: another receipt pays the invoice, and this one another invoice."""
    async with settled(tmp_path, BY_ACTION) as (held, _, applied):
        made = void(applied)
        await held.written(made, "unapply")
        await held.invoice(invoice(source_id="102", number="N102"))
        await held.written(held.resolved(payment(applications=[application("102", "108.25", "9")]), 1), "apply")
        other, second = await paid(held, payment(source_id="209", number="N209"))
        await held.written(second, "apply")
        assert other.erp_id
        (document,) = (await held.find(made)).documents
        assert document.steps_done == ("unapply",)


async def test_an_application_without_an_action_waits_for_a_person_by_name(tmp_path: Path) -> None:
    async with settled(tmp_path, PERSON) as (held, _, applied):
        found = await held.find(void(applied))
        assert (found.documents, found.refusal_reason) == ((), "no_receipt_action")


async def test_one_of_two_equal_applications_is_left_to_a_person(tmp_path: Path) -> None:
    record = payment("100.00", [application("101", "50.00"), application("101", "50.00", "2")])
    async with books(tmp_path, BY_ACTION, release="26d", automatch_s=99999) as held:
        await held.invoice()
        made = held.resolved(record)
        held.ids["payment/201"] = (await held.written(made, "create")).erp_id
        first = held.resolved(record, 1)
        document = await held.written(first, "apply")
        await held.written(held.resolved(record, 2), "apply")
        found = await held.find(void(original_of(first, document)))
        assert (found.documents, found.refusal_reason) == ((), "application_unclear")


async def test_an_application_that_nobody_knows_to_be_written_is_a_persons_as_long_as_a_row_of_its_amount_is_there(
    tmp_path: Path,
) -> None:
    async with settled(tmp_path, BY_ACTION) as (held, _, applied):
        unsure = replace(applied, erp_id=f"{applied.erp_id}?")
        found = await held.find(void(unsure))
        assert (found.documents, found.refusal_reason) == ((), "application_unclear")
        await held.written(void(applied), "unapply")
        (done,) = (await held.find(void(unsure))).documents
        assert done.steps_done == ("unapply",)


async def test_an_application_of_another_amount_is_taken_back_and_applied_anew(tmp_path: Path) -> None:
    async with settled(tmp_path, BY_ACTION) as (held, _, applied):
        made = correction(applied, held.resolved(payment(applications=[application("101", "60.00")]), 1))
        document = await held.written(made, "unapply", "apply")
        assert document.steps_done == ("unapply", "apply")
        assert await open_and_unapplied(held) == [("48.25", "48.25")]
        (found,) = (await held.find(made)).documents
        assert found.steps_done == ("unapply", "apply")


async def test_a_receipt_that_is_re_applied_settles_the_other_invoice(tmp_path: Path) -> None:
    async with settled(tmp_path, BY_ACTION) as (held, _, applied):
        await held.written(void(applied), "unapply")
        await held.invoice(invoice(source_id="102", number="N102"))
        again = held.resolved(payment(applications=[application("102", "108.25", "9")]), 1)
        await held.written(again, "apply")
        assert await open_and_unapplied(held) == [("108.25", "0.00")]


@pytest.mark.parametrize(("number", "beginning"), [("N" * 20, "N" * 14 + "-V"), ("7", "7-V")])
async def test_what_reverses_a_long_number_still_fits_and_is_told_from_it(number: str, beginning: str, tmp_path: Path) -> None:
    async with written_invoice(tmp_path, number=number) as (held, original):
        await held.written(void(original), "credit")
        sent = parse(held.posted("receivablesCreditMemos")[0].body)["TransactionNumber"]
        assert sent.startswith(beginning)
        assert len(sent) <= 20


async def test_a_source_that_numbers_by_itself_numbers_what_reverses_too(tmp_path: Path) -> None:
    over = {"receivables": {"numbering": "automatic", "transaction_source": "ServiceTitan Auto"}}
    async with books(tmp_path, over) as held:
        made = held.resolved(invoice())
        original = original_of(made, await held.written(made, "create", "complete"))
        again = correction(original, held.resolved(invoice([invoice_line("80.00")], tax=Decimal(0))))
        document = await held.written(again, "credit", "create", "complete")
        assert (document.differences, await owed(held)) == ((), Decimal("80.00"))
        assert not any("TransactionNumber" in parse(one.body) for one in held.posted("receivablesCreditMemos"))
