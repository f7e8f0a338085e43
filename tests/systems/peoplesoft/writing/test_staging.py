"""The staging writer: a VOUCHER_BUILD message is only acknowledged; what became of it is read back from both error stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from runtime.exchange import response
from systems.contract import ResolvedCommand, Verdict
from systems.peoplesoft import documents, staging
from systems.peoplesoft.sink import BUDGET, STAGED_LOOKS
from tests.contract import answers as twists
from tests.systems.peoplesoft.writing.ground import VENDOR, Site, site, voucher

STAGING: dict[str, Any] = {"profile": "voucher", "voucher": {"writer": "staging"}}
ALONE: dict[str, Any] = {**STAGING, "wsdl_hashes": {}}


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, STAGING) as made:
        yield made


async def seen(on: Site, command: Any) -> tuple[tuple[str, ...], str, str]:
    """Steps, refusal and its name, as a look-up shows them."""
    (found,) = (await on.find("ap_bill", command)).documents
    assert found.ref == command["ref"]
    assert found.differences == ()
    return found.steps_done, found.refusal, found.refusal_reason


async def test_a_voucher_is_staged_built_and_posted_and_found_by_its_ref_throughout(on: Site) -> None:
    command = voucher()
    document = await on.made("ap_bill", command, "stage")
    assert (document.steps_done, document.erp_id) == (("stage",), f"AP001/{command['ref']}")
    assert [one["status"] for one in await on.kept("Staged")] == ["N"]
    await on.do("batch")
    assert await on.kept("Staged") == []
    assert await seen(on, command) == (("stage", "built"), "", "")
    await on.do("batch")
    assert await seen(on, command) == (("stage", "built", "posted"), "", "")
    (kept,) = await on.kept("Voucher")
    assert (kept["ref"], kept["number"], kept["amount"]) == (command["ref"], documents.own_id(command["op_key"], 8), "80.00")
    assert [(one["ACCOUNT"], one["BUSINESS_UNIT_GL"], one["amount"]) for one in kept["lines"]] == [
        ("501000", "US001", "50.00"),
        ("502000", "US001", "30.00"),
    ]


async def test_a_site_without_the_interface_is_written_by_staging_alone(tmp_path: Path) -> None:
    async with site(tmp_path, ALONE, missing_services="ML_VOUCHER_CI") as on:
        command = voucher()
        await on.made("ap_bill", command, "stage")
        await on.do("batch")
        assert await seen(on, command) == (("stage", "built"), "", "")
        assert not any(one.url.endswith(".wsdl") for one in on.seam.requests)
        await on.do("documents", kind="Voucher", id=f"AP001/{documents.own_id(command['op_key'], 8)}", set={"GROSS_AMT": "81.00"})
        (found,) = (await on.find("ap_bill", command)).documents
        assert found.differences == ("GROSS_AMT: 81.00, 80.00",)


async def test_a_pre_edit_error_stays_staged_and_is_told_with_its_words(on: Site) -> None:
    wrong = voucher(dimensions={"BUSINESS_UNIT": "AP001", "VENDOR_SETID": "SHARE", "VENDOR_ID": "0000999999"})
    await on.made("ap_bill", wrong, "stage")
    await on.do("batch")
    steps, refusal, reason = await seen(on, wrong)
    assert (steps, reason) == (("stage",), "voucher_build_error")
    assert "Invalid supplier. (7030,22)" in refusal
    assert await on.kept("Voucher") == []


async def test_an_edit_error_makes_a_recycled_voucher_whose_words_are_in_the_other_store(on: Site) -> None:
    first, second = voucher("1", human_number="SAME"), voucher("2", human_number="SAME")
    await on.made("ap_bill", first, "stage")
    await on.do("batch")
    await on.made("ap_bill", second, "stage")
    await on.do("batch")
    steps, refusal, reason = await seen(on, second)
    assert (steps, reason) == (("stage",), "duplicate_invoice")
    assert "(7030,420)" in refusal
    assert (await seen(on, first))[0] == ("stage", "built", "posted")


async def test_a_closed_period_found_by_the_build_names_its_hold(on: Site) -> None:
    await on.do("periods", business_unit="AP001", period="2026-03", ap="N")
    command = voucher()
    await on.made("ap_bill", command, "stage")
    await on.do("batch")
    steps, refusal, reason = await seen(on, command)
    assert (steps, reason) == (("stage",), "period_closed")
    assert "(7030,54)" in refusal


async def test_duplicates_of_one_run_are_recycled_both_and_both_told(on: Site) -> None:
    both = [voucher(number, human_number="SAME") for number in ("1", "2")]
    for command in both:
        await on.made("ap_bill", command, "stage")
    await on.do("batch")
    for command in both:
        steps, refusal, reason = await seen(on, command)
        assert (steps, reason, "(7030,420)" in refusal) == (("stage",), "duplicate_invoice", True)


async def test_an_acknowledgement_of_a_message_that_was_lost_is_not_a_staged_voucher(on: Site) -> None:
    on.simulator.faults.plan([{"kind": "lost_message", "path": staging.OPERATION}])
    answer = await on.step("stage", "ap_bill", voucher())
    assert (answer.verdict, answer.reason, len(on.creates)) == (Verdict.AMBIGUOUS, "unseen", 1)
    assert len([one for one in on.seam.requests if "ML_STAGED" in one.url]) == STAGED_LOOKS
    assert (await on.find("ap_bill", voucher())).documents == ()


async def test_a_message_that_is_handled_a_little_later_is_waited_for(on: Site) -> None:
    command = voucher()
    empty: list[int] = []
    await on.find("ap_bill", command)

    def late(answer: Any) -> Any:
        is_first = b"ML_STAGED" in answer.body and len(empty) < 2
        empty.extend([1] * is_first)
        return response(200, EMPTY, {"Content-Type": "application/json"}) if is_first else answer

    on.seam.change = late
    document = await on.made("ap_bill", command, "stage")
    assert (document.steps_done, len(empty)) == (("stage",), 2)


EMPTY = b'{"status":"success","data":{"query":{"numrows":0,"queryname=":"ML_STAGED","rows":[]}}}'


async def test_the_same_message_again_makes_no_second_voucher(on: Site) -> None:
    command = voucher()
    for _ in range(2):
        await on.made("ap_bill", command, "stage")
    await on.do("batch")
    await on.step("stage", "ap_bill", command)
    await on.do("batch")
    assert len(await on.kept("Voucher")) == 1
    assert await seen(on, command) == (("stage", "built", "posted"), "", "")


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("fault_200", Verdict.AMBIGUOUS),
        ("ib_error_200", Verdict.AMBIGUOUS),
        ("two_bodies", Verdict.AMBIGUOUS),
        ("html_after", Verdict.AMBIGUOUS),
    ],
)
async def test_an_acknowledgement_that_cannot_be_read_is_ambiguous_and_found_staged(on: Site, kind: str, verdict: Verdict) -> None:
    on.simulator.faults.plan([{"kind": kind, "method": "POST", "path": "ServiceListeningConnector"}])
    answer = await on.step("stage", "ap_bill", voucher())
    assert (answer.verdict, len(on.creates)) == (verdict, 1)
    assert (await seen(on, voucher()))[0] == ("stage",)


async def test_an_acknowledgement_without_a_transaction_and_an_inactive_operation(on: Site) -> None:
    bare = b'<IBResponse type="success"><StatusCode>0</StatusCode></IBResponse>'
    on.seam.twist = twists.refused(response(200, bare, {"Content-Type": "text/xml"}))
    assert (await on.step("stage", "ap_bill", voucher())).verdict is Verdict.AMBIGUOUS
    await on.do("operations", name=staging.OPERATION, active=False)
    answer = await on.step("stage", "ap_bill", voucher())
    assert (answer.verdict, answer.broken, answer.code) == (Verdict.DEFINITE_NO, True, "158,66")


async def test_a_voucher_typed_by_hand_is_a_suspect_here_too(on: Site) -> None:
    await on.do(
        "vouchers",
        BUSINESS_UNIT="AP001",
        VENDOR_ID=VENDOR[6:],
        INVOICE_ID="T",
        INVOICE_DT="2026-03-10",
        amount="80.00",
        gl_unit="US001",
    )
    found = await on.find("ap_bill", voucher())
    assert (found.documents, len(found.suspects)) == ((), 1)


async def test_what_is_staged_is_seen_after_the_writer_was_changed_to_the_interface(tmp_path: Path) -> None:
    async with site(tmp_path / "a", STAGING) as on:
        await on.made("ap_bill", voucher(), "stage")
        on.writer._dialect._settings = on.settings.model_copy(  # type: ignore[attr-defined]
            update={"voucher": on.settings.voucher.model_copy(update={"writer": "interface"})}
        )
        await on.writer.reserve(BUDGET.calls)
        found = await on.writer.find(ResolvedCommand("ap_bill", voucher(), {}))
        assert len(found.documents) == 1, "else the interface would write it a second time"
