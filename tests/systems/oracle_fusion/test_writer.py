"""Writing invoices, credit memos and receipts: created, read back, completed; looked up; refused beforehand; bad answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import Refused
from runtime.exchange import Request, Response, Unanswered, response
from runtime.json import parse
from systems.contract import Answer, Document, Found, ResolvedCommand, Role, Verdict, Writer
from systems.mapped import Draft
from systems.oracle_fusion.sink import open_writer
from tests.contract.seam import Deliver
from tests.systems.field_service import application, invoice, invoice_line, payment
from tests.systems.in_process import Wire
from tests.systems.oracle_fusion import mapping_ground
from tests.systems.oracle_fusion.ground import Site, pod


@dataclass
class Books:
    """A pod with an open writer, and the ids of what was written."""

    site: Site
    writer: Writer
    wire: Wire
    ids: dict[str, str] = field(default_factory=lambda: {"customer/500": mapping_ground.CUSTOMER})
    settings: dict[str, Any] = field(default_factory=dict)

    def resolved(self, record: dict[str, Any], number: int = 0, **more: Any) -> ResolvedCommand:
        """The command of a record's draft."""
        found = [one for one in mapping_ground.drafts(record, mapping_ground.plan(self.settings)) if isinstance(one, Draft)]
        one = found[number]
        assert not one.hold, one
        assert not one.unresolved, one
        return ResolvedCommand(one.record, mapping_ground.command(one, record), dict(self.ids), **more)

    async def find(self, made: ResolvedCommand) -> Found:
        """A look-up, whose calls are reserved."""
        await self.writer.reserve(30)
        return await self.writer.find(made)

    async def perform(self, step: str, made: ResolvedCommand, document: Document | None = None) -> Answer:
        """A step, whose calls are reserved."""
        await self.writer.reserve(30)
        return await self.writer.perform(step, made, document)

    async def written(self, made: ResolvedCommand, *steps: str) -> Document:
        """The document after these steps, each answered yes."""
        document = None
        for step in steps:
            answer = await self.perform(step, made, document)
            assert answer.verdict is Verdict.YES, answer
            document = answer.document
        assert document is not None
        return document

    async def invoice(self, record: dict[str, Any] | None = None) -> Document:
        """An invoice, complete, whose id is known."""
        record = record or invoice()
        document = await self.written(self.resolved(record), "create", "complete")
        self.ids[f"invoice/{record['source_id']}"] = document.erp_id
        return document

    def posted(self, part: str) -> list[Request]:
        """The writes to an address with this part."""
        return [one for one in self.wire.sent if one.method in ("POST", "PATCH") and part in one.url]


@asynccontextmanager
async def books(folder: Path, over: dict[str, Any] | None = None, **switches: Any) -> AsyncIterator[Books]:
    """A pod whose settings are those of the examples."""
    async with pod(folder, **({"customers": 20, "suppliers": 2, "orders": 0} | switches)) as site:
        own = mapping_ground.settings(**(over or {})).model_dump()
        ready = ("base_url", "token_url", "token_scope", "instance_id")
        own |= {name: getattr(site.settings(), name) for name in ready}
        access, wire = site.access(Role.SINK, **own)
        made = Books(site, open_writer(access), wire, settings=over or {})
        yield made
        await made.writer.close()


# --- invoices ----------------------------------------------------------------------------------------------------------


async def test_an_invoice_is_created_incomplete_read_back_and_completed(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(invoice())
        created = await held.written(made, "create")
        assert created.steps_done == ("create",)
        assert (created.number, created.amount, created.ref) == ("N101", Decimal("108.25"), made.command["ref"])
        done = await held.perform("complete", made, created)
        assert done.document is not None
        assert done.document.steps_done == ("create", "complete")
        (patch,) = held.posted("receivablesInvoices/")
        assert parse(patch.body) == {"InvoiceStatus": "Complete"}


async def test_a_source_that_numbers_by_itself_gets_no_number_and_shows_ours_in_comments(tmp_path: Path) -> None:
    over = {"receivables": {"numbering": "automatic", "transaction_source": "ServiceTitan Auto"}}
    async with books(tmp_path, over) as held:
        document = await held.invoice()
        assert document.number != "N101"
        (post,) = [one for one in held.posted("receivablesInvoices") if one.method == "POST"]
        sent = parse(post.body)
        assert "TransactionNumber" not in sent
        assert sent["Comments"].startswith("N101")


async def test_a_lost_answer_is_found_by_our_ref(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(invoice())

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            if request.method == "POST" and "receivablesInvoices" in request.url:
                raise Unanswered("the connection died")
            return answer

        held.wire.twist = twist
        assert (await held.perform("create", made)).verdict is Verdict.AMBIGUOUS
        held.wire.twist = None
        found = await held.find(made)
        assert len(found.documents) == 1
        assert found.documents[0].differences == ()


async def test_our_number_a_second_time_is_told_as_a_duplicate(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await held.invoice()
        again = held.resolved(invoice(source_id="999"))
        assert (await held.perform("create", again)).verdict is Verdict.DUPLICATE


async def test_an_invoice_of_sixty_lines_is_compared_line_by_line_to_its_end(tmp_path: Path) -> None:
    async with books(tmp_path, child_page=7) as held:
        lines = [invoice_line("1.10", str(number)) for number in range(60)]
        document = await held.invoice(invoice(lines))
        assert document.differences == ()


async def test_an_invoice_typed_by_hand_is_a_suspect(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(invoice())
        by_hand = held.resolved(invoice(number="BY-HAND", source_id="777"))
        await held.written(by_hand, "create")

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            return response(answer.status, answer.body.replace(by_hand.command["ref"].encode(), b"typed"), dict(answer.headers))

        held.wire.twist = twist
        found = await held.find(made)
        assert found.documents == ()
        assert [one.number for one in found.suspects] == ["BY-HAND"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": b'"EnteredAmount":108.25', "by": b'"EnteredAmount":108.24'}, "amount"),
        ({"amount": b'"BillToCustomerNumber":"1001"', "by": b'"BillToCustomerNumber":"1002"'}, "customer"),
        ({"amount": b"01-110-40100-100", "by": b"01-110-40000-100"}, "line"),
        ({"amount": b'"TransactionDate":"2026-03-10"', "by": b'"TransactionDate":"2026-03-11"'}, "date"),
    ],
)
async def test_what_is_read_back_and_differs_is_not_completed(changes: dict[str, bytes], words: str, tmp_path: Path) -> None:
    async with books(tmp_path) as held:

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            if request.method != "GET":
                return answer
            return response(answer.status, answer.body.replace(changes["amount"], changes["by"]), dict(answer.headers))

        held.wire.twist = twist
        answer = await held.perform("create", held.resolved(invoice()))
        assert answer.verdict is Verdict.AMBIGUOUS
        assert words in answer.words


# --- refused beforehand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customer", "over", "reason", "words"),
    [
        ("9999/30001", {}, "customer", "9999 is not in Fusion"),
        ("1001/39999", {}, "customer", "no bill-to site 39999"),
        ("1001", {}, "customer", "is not ACCOUNT/SITE"),
        (
            "1001/30001",
            {"accounts": {"receivable": "01-110-11000-000"}},
            "account_combination",
            "01-110-11000-000 is not in Fusion",
        ),
        ("1001/30001", {"accounts": {"receivable": "01-11000"}}, "account_combination", "2 of 4 segments"),
        ("1001/30001", {"ledger": {"segments": []}}, "account_combination", "ledger.segments is not set"),
    ],
)
async def test_an_invoice_that_fusion_would_not_take_is_refused_before_it_is_sent(
    customer: str, over: dict[str, Any], reason: str, words: str, tmp_path: Path
) -> None:
    async with books(tmp_path, over) as held:
        held.ids["customer/500"] = customer
        found = await held.find(held.resolved(invoice()))
        assert found.refusal_reason == reason
        assert words in found.refusal
        assert not held.posted("receivables")


async def test_an_ended_combination_is_refused_on_a_day_after_its_end(tmp_path: Path) -> None:
    async with books(tmp_path, {"accounts": {"rounding": "01-110-49900-100"}}) as held:
        found = await held.find(held.resolved(invoice(total=Decimal("108.28"))))
        assert found.refusal_reason == "account_combination"
        assert "01-110-49900-100 is disabled" in found.refusal


async def test_what_was_found_good_is_not_asked_again(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        for _ in range(3):
            assert (await held.find(held.resolved(invoice()))).refusal == ""
        assert len(held.wire.of("accountCombinationsLOV", "GET")) == 1
        assert len(held.wire.of("SiteActivities", "GET")) == 1
        held.site.clock.move(601)
        await held.find(held.resolved(invoice()))
        assert len(held.wire.of("accountCombinationsLOV", "GET")) == 2


async def test_a_closed_period_is_refused_in_fusions_words(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await held.site.tell("periods", period="Mar-26", status="Closed", application="AR")
        answer = await held.perform("create", held.resolved(invoice()))
        assert (answer.verdict, answer.reason) == (Verdict.REJECT, "period_closed")
        assert answer.words


# --- bad answers -------------------------------------------------------------------------------------------------------

ITEM = {"Content-Type": "application/vnd.oracle.adf.resourceitem+json"}


@pytest.mark.parametrize(
    ("status", "headers", "body", "verdict"),
    [
        (201, {"Content-Type": "text/html"}, b"<html>Sign In</html>", Verdict.AMBIGUOUS),
        (200, ITEM, b"", Verdict.AMBIGUOUS),
        (201, ITEM, b'{"CustomerTransactionId":3000', Verdict.AMBIGUOUS),
        (500, {}, b"", Verdict.AMBIGUOUS),
        (302, {"Content-Type": "text/html", "Location": "/oam"}, b"", Verdict.DEFINITE_NO),
        (303, {"Content-Type": "text/html", "Location": "/done"}, b"", Verdict.AMBIGUOUS),
        (401, {}, b"", Verdict.DEFINITE_NO),
        (429, {"Retry-After": "30"}, b"", Verdict.DEFINITE_NO),
        (403, {}, b"", Verdict.DEFINITE_NO),
    ],
)
async def test_an_answer_that_shows_no_invoice_is_no_success(
    status: int, headers: dict[str, str], body: bytes, verdict: Verdict, tmp_path: Path
) -> None:
    async with books(tmp_path) as held:

        async def twist(request: Request, deliver: Deliver) -> Response:
            if request.method == "POST" and "receivablesInvoices" in request.url:
                return response(status, body, headers)
            return await deliver(request)

        held.wire.twist = twist
        answer = await held.perform("create", held.resolved(invoice()))
        assert answer.verdict is verdict
        assert len([one for one in held.posted("receivablesInvoices") if one.method == "POST"]) == 1


# --- credit memos ------------------------------------------------------------------------------------------------------


async def test_what_is_owed_to_a_customer_is_a_credit_memo(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        record = invoice([invoice_line("-30.00")], source_id="105", number="N105", tax=Decimal(0))
        made = held.resolved(record)
        assert made.record == "ar_credit_memo"
        document = await held.written(made, "create")
        assert (document.amount, document.number) == (Decimal("-30.00"), "N105")


# --- receipts ----------------------------------------------------------------------------------------------------------


async def test_a_receipt_names_its_customer_and_begins_its_comments_with_our_ref(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        made = held.resolved(payment())
        document = await held.written(made, "create")
        assert (document.number, document.amount, document.ref) == ("N201", Decimal("108.25"), made.command["ref"])
        sent = parse(held.posted("standardReceipts")[0].body)
        assert (sent["CustomerAccountNumber"], sent["CustomerSite"]) == ("1001", "30001")


async def test_a_receipt_without_a_customer_is_never_sent(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        del held.ids["customer/500"]
        made = held.resolved(payment())
        assert (await held.find(made)).refusal_reason == "customer"
        assert (await held.perform("create", made)).verdict is Verdict.REJECT
        assert not held.posted("standardReceipts")


async def test_a_receipt_of_the_same_number_that_is_not_ours_is_a_suspect(tmp_path: Path) -> None:
    async with books(tmp_path) as held:
        await held.written(held.resolved(payment(source_id="777")), "create")

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            return response(answer.status, answer.body.replace(b"ST-", b"XX-"), dict(answer.headers))

        held.wire.twist = twist
        found = await held.find(held.resolved(payment()))
        assert found.documents == ()
        assert len(found.suspects) == 1


async def test_a_reference_is_added_and_applied_when_automatch_has_run(tmp_path: Path) -> None:
    async with books(tmp_path, automatch_s=600) as held:
        await held.invoice()
        held.ids["payment/201"] = (await held.written(held.resolved(payment()), "create")).erp_id
        made = held.resolved(payment(), 1)
        document = await held.written(made, "reference")
        assert document.steps_done == ("reference",)
        held.site.clock.move(601)
        (after,) = (await held.find(made)).documents
        assert "applied" in after.steps_done


async def test_one_receipt_over_two_invoices_is_applied_to_both(tmp_path: Path) -> None:
    async with books(tmp_path, automatch_s=600) as held:
        await held.invoice()
        await held.invoice(invoice([invoice_line("40.00")], source_id="102", number="N102", tax=Decimal(0)))
        record = payment("100.00", [application("101", "60.00"), application("102", "40.00", "2")])
        held.ids["payment/201"] = (await held.written(held.resolved(record), "create")).erp_id
        for number in (1, 2):
            await held.written(held.resolved(record, number), "reference")
        held.site.clock.move(601)
        for number in (1, 2):
            (after,) = (await held.find(held.resolved(record, number))).documents
            assert "applied" in after.steps_done


async def test_an_application_whose_receipt_was_never_written_is_not_there_and_after_a_lost_ledger_it_is_asked_for(
    tmp_path: Path,
) -> None:
    """One that was withdrawn while its receipt was held was looked up for ever, and the receipt waited behind it."""
    async with books(tmp_path) as held:
        made = held.resolved(payment(), 1, tried_since=held.site.clock.now())
        assert made.ids.keys() == {"customer/500"}
        assert (await held.find(made)).documents == ()
        with pytest.raises(Refused, match="has no id here"):
            await held.find(replace(made, tried_since=None))


async def test_a_receipt_is_applied_by_the_action_where_the_release_offers_it(tmp_path: Path) -> None:
    async with books(tmp_path, {"receivables": {"apply_by": "action"}}, release="26d", automatch_s=99999) as held:
        await held.invoice()
        held.ids["payment/201"] = (await held.written(held.resolved(payment()), "create")).erp_id
        document = await held.written(held.resolved(payment(), 1), "apply")
        assert "apply" in document.steps_done


async def test_an_application_by_the_action_is_dated_no_earlier_than_its_invoice(tmp_path: Path) -> None:
    """A deposit that the source applies to an invoice of a later day: Receivables refuses the day of the application."""
    async with books(tmp_path, {"receivables": {"apply_by": "action"}}, release="26d", automatch_s=99999) as held:
        await held.invoice(invoice(invoice_date=date(2026, 3, 20), due_date=date(2026, 4, 20)))
        held.ids["payment/201"] = (await held.written(held.resolved(payment()), "create")).erp_id
        document = await held.written(held.resolved(payment(), 1), "apply")
        assert "apply" in document.steps_done
