"""The journal profile: the import file, the job, its report line by line, what is no success, and what takes a journal back."""

from __future__ import annotations

import base64
import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from runtime.errors import Malformed
from runtime.exchange import Request, Response, Unanswered
from runtime.json import parse
from systems.contract import Document, ResolvedCommand, Verdict
from systems.mapped import Draft, NoCommand
from systems.oracle_fusion.journal_file import report_in
from systems.oracle_fusion.system import FLOWS
from tests.contract.seam import Deliver
from tests.systems.field_service import crosswalk, invoice, invoice_line, payment
from tests.systems.oracle_fusion import mapping_ground
from tests.systems.oracle_fusion.test_taking_back import correction, original_of, void
from tests.systems.oracle_fusion.test_writer import Books, books

TOWARDS = {"invoice": ("J4",), "payment": ("J5",)}
LEDGER = {"ledger": {"data_access_set_id": "300000046975972"}}
CASH = {"Check": {"receipt_method": "Field Check", "bank_account": "10271-17621-620", "account": "01-000-10200-000"}}
TABLES = {**mapping_ground.TABLES, "payment_type": CASH}
ON = date(2026, 3, 12)


def resolved(record: dict[str, Any], over: dict[str, Any] | None = None, **more: Any) -> ResolvedCommand:
    """The journal of a record."""
    plan = mapping_ground.plan(LEDGER | (over or {}), towards=TOWARDS, crosswalk=crosswalk(TABLES))
    one = mapping_ground.draft(record, plan)
    assert not one.hold, one
    assert not one.unresolved, one
    return ResolvedCommand(one.record, mapping_ground.command(one, record), {}, **more)


def journals(folder: Path, over: dict[str, Any] | None = None, **switches: Any) -> Any:
    """Books whose settings import journals."""
    return books(folder, LEDGER | (over or {}), **({"jobs_s": 30} | switches))


async def submitted(held: Books, made: ResolvedCommand) -> tuple[Document, ResolvedCommand]:
    """The document after its file was submitted, and the command with the job's number known."""
    document = await held.written(made, "submit")
    assert document.steps_done == ("submit",)
    return document, replace(made, known_id=document.erp_id)


async def seen(held: Books, made: ResolvedCommand) -> Document:
    """What a look-up shows."""
    (found,) = (await held.find(made)).documents
    return found


async def accounts(held: Books) -> dict[str, str]:
    """Balances that are not zero, by account."""
    return {one["account"]: one["balance"] for one in (await held.site.ask("balances"))["accounts"]}


# --- imported ----------------------------------------------------------------------------------------------------------


async def test_a_sale_is_imported_when_the_job_has_ended_and_done_when_it_is_posted(tmp_path: Path) -> None:
    async with journals(tmp_path) as held:
        _, made = await submitted(held, resolved(invoice()))
        assert (await seen(held, made)).steps_done == ("submit",), "a job that runs has imported nothing"
        held.site.clock.move(31)
        found = await seen(held, made)
        assert (found.steps_done, found.differences, found.refusal) == (("submit", "imported"), (), "")
        await held.site.tell("posting")
        assert (await seen(held, made)).steps_done == ("submit", "imported", "posted")
        assert await accounts(held) == {
            "01-000-11000-000": "108.25",
            "01-000-22000-000": "-8.25",
            "01-110-40100-100": "-100.00",
        }


async def test_where_posting_is_not_asked_for_imported_is_done(tmp_path: Path) -> None:
    over = {"ledger": {**LEDGER["ledger"], "require_posted": False}}
    async with journals(tmp_path, over) as held:
        _, made = await submitted(held, resolved(invoice()))
        held.site.clock.move(31)
        assert (await seen(held, made)).steps_done == ("submit", "imported", "posted")


async def test_the_file_has_a_group_of_its_own_and_our_ref_as_the_batch(tmp_path: Path) -> None:
    async with journals(tmp_path) as held:
        made = resolved(payment())
        await submitted(held, made)
        sent = parse(held.posted("erpintegrations")[0].body)
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(sent["DocumentContent"]))) as packed:
            lines = packed.read("GlInterface.csv").decode().splitlines()
        group = sent["ParameterList"].split(",")[3]
        assert len(lines) == 2
        assert all(made.command["ref"] in one and f",{group}," in one and one.endswith(",END") for one in lines)
        assert group.isdecimal()
        assert sent["FileName"] == f"GlInterface_{made.command['ref']}.zip"


async def test_a_lost_answer_is_found_by_the_batch_alone(tmp_path: Path) -> None:
    async with journals(tmp_path) as held:

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            if request.method == "POST" and "erpintegrations" in request.url:
                raise Unanswered("the connection died")
            return answer

        held.wire.twist = twist
        made = resolved(invoice())
        assert (await held.perform("submit", made)).verdict is Verdict.AMBIGUOUS
        assert (await held.find(made)).documents == ()
        held.site.clock.move(31)
        found = await seen(held, made)
        assert found.steps_done == ("submit", "imported")


# --- no success --------------------------------------------------------------------------------------------------------


async def test_succeeded_with_a_rejected_line_is_told_line_by_line(tmp_path: Path) -> None:
    async with journals(tmp_path) as held:
        _, made = await submitted(held, resolved(invoice()))
        await held.site.tell("periods", period="Mar-26", status="Closed", application="GL")
        held.site.clock.move(31)
        found = await seen(held, made)
        assert (found.steps_done, found.refusal_reason) == (("submit",), "import_rejected")
        assert "is SUCCEEDED, Import Journals: Child WARNING; line 1 (01-000-11000-000): EP01" in found.refusal
        assert await accounts(held) == {}


@pytest.mark.parametrize(
    ("fault", "reason", "words"),
    [
        ("job_warns", "import_failed", "Import Journals: Child WARNING; its report shows no line in error"),
        ("job_fails", "import_failed", "is ERROR"),
        ("report_cut", "import_report", "the report cannot be read"),
    ],
)
async def test_a_job_that_did_not_wholly_succeed_is_no_success(fault: str, reason: str, words: str, tmp_path: Path) -> None:
    async with journals(tmp_path) as held:
        await held.site.tell("faults", faults=[{"kind": fault, "count": 1}])
        _, made = await submitted(held, resolved(invoice()))
        held.site.clock.move(31)
        found = await seen(held, made)
        assert (found.steps_done, found.refusal_reason) == (("submit",), reason)
        assert words in found.refusal


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"EnteredDr":108.25', b'"EnteredDr":108.24'),
        (b'"AccountCombination":"01-110-40100-100"', b'"AccountCombination":"01-110-40000-100"'),
        (b'"AccountingDate":"2026-03-10"', b'"AccountingDate":"2026-03-11"'),
        (b'"CurrencyCode":"USD"', b'"CurrencyCode":"CAD"'),
    ],
)
async def test_a_batch_with_another_line_is_not_ours(old: bytes, new: bytes, tmp_path: Path) -> None:
    async with journals(tmp_path) as held:
        _, made = await submitted(held, resolved(invoice()))
        held.site.clock.move(31)

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            return replace(answer, body=answer.body.replace(old, new))

        held.wire.twist = twist
        assert (await seen(held, made)).differences


async def test_a_combination_that_cannot_be_posted_to_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    over = {"accounts": {"receivable": "01-110-11000-000"}}
    async with journals(tmp_path, over) as held:
        found = await held.find(resolved(invoice(), over))
        assert (found.documents, found.refusal_reason) == ((), "account_combination")
        assert not held.posted("erpintegrations")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"ReqstId":"0"}',
        b'{"ReqstId":"' + b"9" * 5000 + b'"}',
        b'{"ReqstId":null}',
        b"",
        b"<html>Sign In</html>",
        b'{"ReqstId":"553',
    ],
)
async def test_an_answer_without_the_number_of_a_job_is_no_success(body: bytes, tmp_path: Path) -> None:
    async with journals(tmp_path) as held:

        async def twist(request: Request, deliver: Deliver) -> Response:
            answer = await deliver(request)
            return replace(answer, body=body) if request.method == "POST" and "erpintegrations" in request.url else answer

        held.wire.twist = twist
        assert (await held.perform("submit", resolved(invoice()))).verdict is Verdict.AMBIGUOUS


HEAD = "Journal Import Execution Report\nLines imported: 1\nLines rejected: 0\n"


def packed(text: str, name: str = "1.txt") -> str:
    """A report as the finder brings it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return base64.b64encode(buffer.getvalue()).decode()


def compressed(kind: int) -> bytes:
    """The archive of a good report, compressed in this way."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        archive.writestr("1.txt", HEAD + LINE)
    return buffer.getvalue()


def damaged(kind: int = zipfile.ZIP_DEFLATED) -> str:
    """A report whose compressed bytes are not those that were written."""
    content = bytearray(compressed(kind))
    content[40:50] = b"\xff" * 10
    return base64.b64encode(content).decode()


LINE = "1|P|B|J|01-1|5.00||\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no base64!",
        base64.b64encode(b"no archive").decode(),
        packed(""),
        damaged(),
        packed("The job ended.\n"),
        packed(HEAD),
        packed(LINE),
        packed(HEAD.replace("imported: 1", "imported: x") + LINE),
        packed(HEAD.replace("imported: 1", "imported: 2") + LINE),
        packed(HEAD + LINE.replace("|P|", "|EP01|")),
        damaged(zipfile.ZIP_BZIP2),
        damaged(zipfile.ZIP_LZMA),
        packed(HEAD.replace("imported: 1", f"imported: {'9' * 5000}") + LINE),
        packed(HEAD.replace("imported: 1", "imported: 2") + LINE + LINE),
        packed(HEAD.replace("imported: 1", "imported: 2\nLines imported: 1") + LINE),
    ],
)
def test_a_report_that_does_not_add_up_is_unreadable(content: str) -> None:
    with pytest.raises(Malformed):
        report_in(content)
    assert report_in(packed(HEAD + LINE)).imported == 1


def test_an_archive_that_is_broken_anywhere_is_unreadable_or_the_report_that_was_written() -> None:
    random = Random("report")
    whole, refused = report_in(packed(HEAD + LINE)), 0
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA) * 400:
        content = bytearray(compressed(kind))
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(content))
            content[at : at + random.randint(0, 3)] = random.randbytes(random.randint(0, 3))
        try:
            found = report_in(base64.b64encode(content).decode())
        except Malformed:
            refused += 1
        else:
            assert found == whole
    assert refused > 800


# --- taken back --------------------------------------------------------------------------------------------------------


async def test_a_voided_sale_is_a_journal_with_the_signs_turned(tmp_path: Path) -> None:
    async with journals(tmp_path) as held:
        _, made = await submitted(held, resolved(invoice()))
        held.site.clock.move(31)
        _, back = await submitted(held, void(original_of(made, await seen(held, made)), ON))
        held.site.clock.move(31)
        assert (await seen(held, back)).steps_done == ("submit", "imported")
        assert await accounts(held) == {}


async def test_a_changed_sale_is_reversed_and_booked_in_one_batch(tmp_path: Path) -> None:
    async with journals(tmp_path) as held:
        _, made = await submitted(held, resolved(invoice()))
        held.site.clock.move(31)
        wanted = resolved(invoice([invoice_line("80.00")], tax=Decimal(0)))
        _, anew = await submitted(held, correction(original_of(made, await seen(held, made)), wanted))
        held.site.clock.move(31)
        found = await seen(held, anew)
        assert (found.steps_done, found.differences) == (("submit", "imported"), ())
        assert await accounts(held) == {"01-000-11000-000": "80.00", "01-110-40100-100": "-80.00"}


# --- the mapping and the flows -----------------------------------------------------------------------------------------


def test_a_payment_debits_cash_and_credits_the_receivable_in_whole() -> None:
    plan = mapping_ground.plan(towards=TOWARDS, crosswalk=crosswalk(TABLES))
    made, counted = mapping_ground.drafts(payment(), plan)
    assert isinstance(made, Draft)
    assert [(one["account"], one["amount"]) for one in made.body["lines"]] == [
        ("01-000-10200-000", Decimal("108.25")),
        ("01-000-11000-000", Decimal("-108.25")),
    ]
    assert isinstance(counted, NoCommand)


def test_a_payment_type_without_a_cash_account_is_held() -> None:
    tables = {**TABLES, "payment_type": {"Check": {"receipt_method": "Field Check", "bank_account": "10271-17621-620"}}}
    made = mapping_ground.draft(payment(), mapping_ground.plan(towards=TOWARDS, crosswalk=crosswalk(tables)))
    assert made.unresolved == ("payment_type.account=Check",)


@pytest.mark.parametrize(
    "record",
    [invoice(), invoice([invoice_line("-30.00")], tax=Decimal(0)), payment(), invoice(tax=Decimal("10.00"), tax_zone_id="88")],
)
def test_the_lines_of_a_journal_add_up_to_zero(record: dict[str, Any]) -> None:
    made = mapping_ground.draft(record, mapping_ground.plan(towards=TOWARDS, crosswalk=crosswalk(TABLES)))
    assert made.record == "journal"
    assert not made.hold
    assert sum(one["amount"] for one in made.body["lines"]) == 0


def test_fusion_computes_no_tax_of_a_journal() -> None:
    plan = mapping_ground.plan(towards=TOWARDS, crosswalk=crosswalk(TABLES), tax_mode="erp")
    assert mapping_ground.draft(invoice(), plan).hold


def test_the_profile_is_off_and_never_runs_beside_receivables() -> None:
    own = {flow.id: flow for flow in FLOWS if flow.id in ("J4", "J5")}
    assert all(flow.off_by_default and set(flow.excludes) == {"F4", "F5"} for flow in own.values())
    unavailable = own["J4"].unavailable
    assert unavailable is not None
    assert "ledger.data_access_set_id" in unavailable(
        mapping_ground.settings(ledger={"data_access_set_id": ""}), mapping_ground.settings()
    )
    assert unavailable(mapping_ground.settings(**LEDGER), mapping_ground.settings()) == ""
