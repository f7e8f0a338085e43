"""What takes a written document back: a second journal with the signs turned, a voucher of style Reversal, and corrections, which are both."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from schemas.records import CommandEnvelope
from systems.contract import Answer, Document, Found, Original, ResolvedCommand, Verdict
from systems.peoplesoft.sink import CORRECTION_CALLS
from tests.contract.seam import Cut
from tests.systems.peoplesoft.writing.ground import VENDOR, Site, envelope, journal, line, site, voucher
from topology.rules.identity import ref_of

VOID_DAY = date(2026, 3, 25)
CORRECTED = [line("120000", "90.00", "receivable", description="N101"), line("401000", "-90.00")]


def void(original: CommandEnvelope, **changes: Any) -> CommandEnvelope:
    """The void of a command, as the hop makes it."""
    key = original["op_key"].replace("|create", "|void")
    own = {"op_key": key, "ref": ref_of(key), "action": "void", "posting_date": VOID_DAY, "amount": original["amount"]}
    body = {"reverses": original["op_key"], "date": VOID_DAY, "reason": "the invoice was voided"}
    return cast("CommandEnvelope", envelope("101", original["purpose"]) | own | body | changes)


def correction(of: CommandEnvelope, number: int = 1, **changes: Any) -> CommandEnvelope:
    """A numbered correction of a command."""
    key = f"{of['op_key'].rpartition('|')[0]}|correct|{number}"
    return cast(
        "CommandEnvelope", {**cast("Mapping[str, Any]", of), "op_key": key, "ref": ref_of(key), "action": "correct", **changes}
    )


@dataclass
class Asked:
    """One entry of the ledger: what a writer is asked with."""

    on: Site
    resolved: ResolvedCommand
    ids: Mapping[str, str] = field(default_factory=dict)

    async def step(self, step: str) -> Answer:
        await self.on.writer.reserve(CORRECTION_CALLS)
        self.on.seam.forget()
        return await self.on.writer.perform(step, self.resolved, None)

    async def made(self, step: str) -> Document:
        answer = await self.step(step)
        assert answer.verdict is Verdict.YES, answer
        assert answer.document is not None
        return answer.document

    async def find(self) -> Found:
        await self.on.writer.reserve(CORRECTION_CALLS)
        return await self.on.writer.find(self.resolved)

    async def shown(self) -> Document:
        (found,) = (await self.find()).documents
        return found


async def posted(on: Site, record: str, command: CommandEnvelope) -> Original:
    """A document that was written and posted, as the sink knows it."""
    document = await on.made(record, command)
    await on.do("batch")
    await on.do("batch")
    return Original(record, command, document.erp_id, document.number, on.ids)


def taking(on: Site, record: str, command: CommandEnvelope, original: Original, **more: Any) -> Asked:
    return Asked(on, ResolvedCommand(record, command, on.ids, original=original, **more))


async def balances(on: Site) -> dict[str, str]:
    from runtime.exchange import Request
    from runtime.json import parse
    from tests.systems.peoplesoft.writing.ground import URL

    told: Any = parse((await on.inner.send(Request("GET", f"{URL}/__sim__/balances"), 10)).body)
    found = {one["account"]: one["balance"] for one in told["accounts"]}
    return found | {one["id"]: one["balance"] for one in told["vendors"]}


# --- journals ---------------------------------------------------------------------------------------------------------


async def test_a_void_is_a_second_journal_with_the_stored_lines_turned_on_the_void_day(on: Site) -> None:
    original = await posted(on, "journal", journal())
    asked = taking(on, "reversal", void(journal()), original)
    document = await asked.made("create")
    kept = {one["ref"]: one for one in await on.kept("Journal")}[asked.resolved.command["ref"]]
    assert [(one["ACCOUNT"], one["amount"], one.get("DEPTID", "")) for one in kept["lines"]] == [
        ("120000", "-108.25", ""),
        ("401000", "100.00", "21000"),
        ("220000", "8.25", ""),
    ]
    assert kept["date"] == "2026-03-25"
    assert f"reverses {original.erp_id} of N101: the invoice was voided" in kept["description"]
    assert (document.amount, document.number == original.erp_number) == (Decimal("108.25"), False)
    await on.do("batch")
    await on.do("batch")
    assert (await asked.shown()).steps_done == ("create", "posted")
    assert set((await balances(on)).values()) == {"0.00"}


async def test_a_correction_reverses_what_was_written_and_writes_what_is_wanted_under_one_ref(on: Site) -> None:
    original = await posted(on, "journal", journal())
    asked = taking(on, "journal", correction(journal(), lines=CORRECTED, amount=Decimal(90)), original)
    assert (await asked.find()).documents == ()
    assert (await asked.made("reverse")).steps_done == ("reverse",)
    assert (await asked.made("create")).steps_done == ("reverse", "create")
    mine = [one for one in await on.kept("Journal") if one["ref"] == asked.resolved.command["ref"]]
    assert len({one["number"] for one in mine}) == 2
    assert sorted(one["date"] for one in mine) == ["2026-03-10", "2026-03-10"]
    await on.do("batch")
    await on.do("batch")
    document = await asked.shown()
    assert (document.steps_done, document.amount, document.differences) == (("reverse", "create", "posted"), Decimal(90), ())
    assert {name: amount for name, amount in (await balances(on)).items() if amount != "0.00"} == {
        "120000": "90.00",
        "401000": "-90.00",
    }


async def test_the_next_correction_takes_back_the_newest_journal_and_then_a_void_leaves_nothing(on: Site) -> None:
    original = await posted(on, "journal", journal())
    first = correction(journal(), lines=CORRECTED, amount=Decimal(90))
    asked = taking(on, "journal", first, original)
    for step in ("reverse", "create"):
        await asked.made(step)
    await on.do("batch")
    await on.do("batch")
    known = await asked.shown()
    newest = Original("journal", first, known.erp_id, known.number)
    second = taking(on, "journal", correction(journal(), 2), newest)
    for step in ("reverse", "create"):
        await second.made(step)
    await on.do("batch")
    await on.do("batch")
    last = await second.shown()
    assert (await balances(on))["120000"] == "108.25"
    gone = taking(on, "reversal", void(journal()), Original("journal", second.resolved.command, last.erp_id, last.number))
    await gone.made("create")
    await on.do("batch")
    await on.do("batch")
    assert set((await balances(on)).values()) == {"0.00"}


@pytest.mark.parametrize("seed", range(3))
async def test_any_chain_of_changes_and_voids_leaves_what_the_last_one_wants(on: Site, seed: int) -> None:
    """Amounts, days, units and accounts change; some answers are lost; the receivable and the sum over all accounts are right after each."""
    chance = random.Random(seed)
    stands: Original | None = await posted(on, "journal", journal())
    for number in range(1, 7):
        amount = Decimal(chance.randrange(-20000, 20000)) / 100 or Decimal(1)
        account, unit = chance.choice(["401000", "402000"]), chance.choice(["US001", "US002"])
        day = date(2026, chance.choice([3, 4, 5]), chance.randrange(1, 28))
        lines = [line("120000", str(amount), "receivable"), line(account, str(-amount))]
        changes = {"business_unit": unit, "date": day, "posting_date": day, "lines": lines, "amount": amount}
        command = correction(journal(), number, **changes)
        asked = taking(on, "journal", command, stands) if stands else Asked(on, ResolvedCommand("journal", command))
        for step in ("reverse", "create") if stands else ("create",):
            assert (await asked.find()).refusal == ""
            on.seam.forget()
            on.seam.cut = Cut(0, 40, False) if chance.random() < 0.4 else None
            await on.writer.reserve(CORRECTION_CALLS)
            await on.writer.perform(step, asked.resolved, None)
            on.seam.cut = None
            assert step in (await asked.shown()).steps_done
        for _ in range(2):
            await on.do("batch")
        known = await asked.shown()
        assert (known.steps_done[-1], known.differences, known.amount) == ("posted", (), amount)
        assert await owed(on) == amount
        stands = Original("journal", command, known.erp_id, known.number)
        if chance.random() < 0.3:
            await taking(on, "reversal", void(command, op_key=f"v|{number}", ref=ref_of(f"v|{number}")), stands).made("create")
            for _ in range(2):
                await on.do("batch")
            assert await owed(on) == 0
            stands = None


async def owed(on: Site) -> Decimal:
    """What the receivable holds over all units; every journal is balanced."""
    lines = [one for row in await on.kept("Journal") for one in row["lines"]]
    assert sum(Decimal(str(one["amount"])) for one in lines) == 0
    return sum((Decimal(str(one["amount"])) for one in lines if one["ACCOUNT"] == "120000"), Decimal(0))


@pytest.mark.parametrize("step", ["reverse", "create"])
@pytest.mark.parametrize("kept_bytes", [0, 40])
async def test_a_lost_answer_of_either_step_is_found_again_and_nothing_is_written_twice(
    on: Site, step: str, kept_bytes: int
) -> None:
    original = await posted(on, "journal", journal())
    asked = taking(on, "journal", correction(journal(), lines=CORRECTED, amount=Decimal(90)), original)
    if step == "create":
        await asked.made("reverse")
    await on.writer.reserve(CORRECTION_CALLS)
    on.seam.forget()
    on.seam.cut = Cut(0, kept_bytes, False)
    answer = await on.writer.perform(step, asked.resolved, None)
    on.seam.cut = None
    assert answer.verdict is Verdict.AMBIGUOUS
    assert step in (await asked.shown()).steps_done
    assert (await asked.step(step)).verdict is Verdict.DUPLICATE
    assert len([one for one in await on.kept("Journal") if one["ref"] == asked.resolved.command["ref"]]) == (
        2 if step == "create" else 1
    )


async def test_a_correction_that_moves_to_another_unit_is_found_in_both(on: Site) -> None:
    original = await posted(on, "journal", journal())
    asked = taking(on, "journal", correction(journal(), business_unit="US002", lines=CORRECTED, amount=Decimal(90)), original)
    for step in ("reverse", "create"):
        await asked.made(step)
    mine = [one for one in await on.kept("Journal") if one["ref"] == asked.resolved.command["ref"]]
    assert sorted(one["business_unit"] for one in mine) == ["US001", "US002"]
    assert (await asked.shown()).erp_id.startswith("US002/")


async def test_a_re_dated_invoice_leaves_its_old_period_and_enters_the_new_one(on: Site) -> None:
    original = await posted(on, "journal", journal())
    asked = taking(on, "journal", correction(journal(), date=date(2026, 4, 2), posting_date=date(2026, 4, 2)), original)
    for step in ("reverse", "create"):
        await asked.made(step)
    mine = [one for one in await on.kept("Journal") if one["ref"] == asked.resolved.command["ref"]]
    assert {one["date"]: one["lines"][0]["amount"] for one in mine} == {"2026-03-10": "-108.25", "2026-04-02": "108.25"}


async def test_a_reversal_that_somebody_removed_is_a_difference_and_one_that_fails_is_a_refusal(on: Site) -> None:
    original = await posted(on, "journal", journal())
    asked = taking(on, "journal", correction(journal(), lines=CORRECTED, amount=Decimal(90)), original)
    back = await asked.made("reverse")
    await asked.made("create")
    edit = {"kind": "Journal", "id": f"{back.erp_id}/0"}
    await on.do("documents", **edit, set={"JRNL_HDR_STATUS": "P"})
    assert (await asked.shown()).steps_done == ("reverse", "create"), "posted is what both are"
    await on.do("documents", **edit, set={"JRNL_HDR_STATUS": "E", "ERROR_SET": "5010", "ERROR_NBR": "44", "ERROR_TEXT": "closed"})
    assert "closed" in (await asked.shown()).refusal
    await on.do("documents", **edit, set={"JRNL_HDR_STATUS": "D"})
    assert (await asked.shown()).differences == ("reversal status: D, open",)
    await on.do("documents", **edit, set={"DESCR254": "gone"})
    document = await asked.shown()
    assert (document.differences, "reverse" in document.steps_done) == (("reversal: not there, wanted",), False)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"JRNL_HDR_STATUS": "D"}, "original_unposted"),
        ({"JRNL_HDR_STATUS": "N"}, "original_not_posted"),
        ({"JRNL_TOTAL_DEBITS": "108.260"}, "original_changed"),
        ({"DESCR254": "moved by hand"}, "missing_in_erp"),
    ],
)
async def test_a_journal_that_is_not_what_was_posted_is_not_reversed(on: Site, changes: dict[str, str], reason: str) -> None:
    original = await posted(on, "journal", journal())
    await on.do("documents", kind="Journal", id=f"{original.erp_id}/0", set=changes)
    for asked in (taking(on, "reversal", void(journal()), original), taking(on, "journal", correction(journal()), original)):
        found = await asked.find()
        assert (found.documents, found.refusal_reason) == ((), reason), found.refusal
        assert original.erp_id in found.refusal


# --- another day ------------------------------------------------------------------------------------------------------


async def test_what_moves_to_the_first_open_day_says_both_days_in_header_and_lines(on: Site) -> None:
    first_open = date(2026, 4, 1)
    asked = Asked(on, ResolvedCommand("journal", journal(), post_on=first_open))
    document = await asked.made("create")
    (kept,) = await on.kept("Journal")
    assert (kept["date"], document.erp_id.rpartition("/")[2]) == ("2026-04-01", "2026-04-01")
    assert "dated 2026-03-10, posted 2026-04-01: Ana Lopez" in kept["description"]
    assert all("2026-03-10>2026-04-01" in one["description"] for one in kept["lines"])
    assert (await asked.shown()).differences == ()
    payable = Asked(on, ResolvedCommand("ap_bill", voucher(), on.ids, post_on=first_open))
    await payable.made("create")
    (owed,) = await on.kept("Voucher")
    assert owed["date"] == "2026-03-10"
    assert "dated 2026-03-10, posted 2026-04-01" in owed["description"]
    assert all("2026-03-10>2026-04-01" in one["description"] for one in owed["lines"])


async def test_a_reversal_in_a_closed_period_moves_and_one_that_may_not_is_refused(on: Site) -> None:
    original = await posted(on, "journal", journal())
    await on.do("periods", business_unit="US001", period="2026-03", gl="N")
    held = await taking(on, "reversal", void(journal()), original).step("create")
    assert (held.verdict, held.reason) == (Verdict.REJECT, "period_closed")
    for record, command in (("reversal", void(journal())), ("journal", correction(journal()))):
        asked = taking(on, record, command, original, post_on=date(2026, 4, 1))
        await asked.made("create" if record == "reversal" else "reverse")
        mine = [one for one in await on.kept("Journal") if one["ref"] == command["ref"]]
        assert [one["date"] for one in mine] == ["2026-04-01"]
        own = "2026-03-25" if record == "reversal" else "2026-03-10"
        assert f"dated {own}, posted 2026-04-01: reverses {original.erp_id}" in mine[0]["description"]
        assert all(f"{own}>2026-04-01" in one["description"] for one in mine[0]["lines"])


# --- vouchers ---------------------------------------------------------------------------------------------------------


async def test_a_posted_voucher_is_taken_back_by_a_related_one_of_the_whole_amount(on: Site) -> None:
    original = await posted(on, "ap_bill", voucher())
    asked = taking(on, "reversal", void(voucher()), original)
    document = await asked.made("create")
    kept = next(one for one in await on.kept("Voucher") if one["ref"] == asked.resolved.command["ref"])
    assert (kept["style"], kept["related"], kept["amount"]) == ("RVRS", original.erp_id.partition("/")[2], "-80.00")
    assert (kept["human_number"], document.amount) == ("N101-R", Decimal(80))
    await on.do("batch")
    assert (await asked.shown()).steps_done == ("create", "posted")
    assert (await balances(on))[VENDOR] == "0.00"


@pytest.mark.parametrize("writer", ["interface", "staging"])
async def test_a_corrected_voucher_is_reversed_and_entered_anew_with_a_number_that_no_duplicate_check_stops(
    tmp_path: Path, writer: str
) -> None:
    async with site(tmp_path, {"profile": "voucher", "voucher": {"writer": writer}}) as on:
        first = Asked(on, ResolvedCommand("ap_bill", voucher(), on.ids))
        await first.made("create" if writer == "interface" else "stage")
        for _ in range(3):
            await on.do("batch")
        known = await first.shown()
        assert known.steps_done[-1] == "posted"
        lines = [line("501000", "80.00", dimensions={"BUSINESS_UNIT_GL": "US001"})]
        asked = taking(
            on, "ap_bill", correction(voucher(), lines=lines), Original("ap_bill", voucher(), known.erp_id, known.number)
        )
        steps = ("reverse", "create") if writer == "interface" else ("stage_reversal", "stage")
        for step in steps:
            assert (await asked.made(step)).steps_done[-1] == step
        for _ in range(3):
            await on.do("batch")
        document = await asked.shown()
        assert (document.steps_done[:2], document.steps_done[-1], document.differences) == (steps, "posted", ())
        kept = {one["human_number"]: one["amount"] for one in await on.kept("Voucher")}
        assert kept == {"N101": "80.00", "N101-R1": "-80.00", "N101-C1": "80.00"}
        assert (await balances(on))[VENDOR] == "80.00"


async def test_a_voucher_that_moves_to_another_vendor_leaves_the_first_one(on: Site) -> None:
    original = await posted(on, "ap_bill", voucher())
    moved = voucher()["dimensions"] | {"VENDOR_ID": "0000000002"}  # type: ignore[typeddict-item]  # a command's own field
    asked = taking(on, "ap_bill", correction(voucher(), dimensions=moved), original)
    for step in ("reverse", "create"):
        await asked.made(step)
    await on.do("batch")
    assert {name: value for name, value in (await balances(on)).items() if value != "0.00"} == {"SHARE/0000000002": "80.00"}


async def test_an_unposted_voucher_is_for_a_person_and_so_is_one_that_is_paid_or_deleted(on: Site) -> None:
    document = await on.made("ap_bill", voucher())
    original = Original("ap_bill", voucher(), document.erp_id, document.number, on.ids)
    asked = taking(on, "reversal", void(voucher()), original)
    found = await asked.find()
    assert (found.refusal_reason, "80.000 is not posted" in found.refusal) == ("original_not_posted", True)
    await on.do("batch")
    assert (await asked.find()).refusal == ""
    await on.do("payments", id=document.erp_id, amount="0.01")
    found = await asked.find()
    assert (found.refusal_reason, "is paid (0.010)" in found.refusal) == ("paid", True)
    await on.do("documents", kind="Voucher", id=document.erp_id, set={"ENTRY_STATUS": "X"})
    assert (await asked.find()).refusal_reason == "original_unposted"
    assert len(await on.kept("Voucher")) == 1


async def test_an_adjustment_takes_a_part_off_and_is_taken_back_by_another_of_the_same_voucher(on: Site) -> None:
    """PeopleSoft corrects no correction: it would refuse a reversal of the adjustment itself."""
    original = await posted(on, "ap_bill", voucher())
    parent = {"role": "original", "entity": "invoice", "source_id": "101", "purpose": "payable", "part": "V"}
    lines = [line("501000", "-30.00", dimensions={"BUSINESS_UNIT_GL": "US001"})]
    header = cast("dict[str, Any]", voucher())["dimensions"] | {"VOUCHER_STYLE": "ADJ"}
    less = voucher("102", amount=Decimal("-30.00"), lines=lines, parents=[parent], dimensions=header)
    on.ids["payable|invoice/101|V"] = original.erp_id
    kept = await posted(on, "ap_bill", less)
    assert (await balances(on))[VENDOR] == "50.00"
    await taking(on, "reversal", void(less, op_key="x|void", ref=ref_of("x|void")), kept).made("create")
    await on.do("batch")
    assert (await balances(on))[VENDOR] == "80.00"
    shown = {one["human_number"]: (one["style"], one["related"]) for one in await on.kept("Voucher")}
    regular = original.erp_id.partition("/")[2]
    assert shown == {"N101": ("REG", ""), "N102": ("ADJ", regular), "N102-R": ("ADJ", regular)}


async def test_an_adjustment_of_what_is_paid_is_held_by_name(on: Site) -> None:
    original = await posted(on, "ap_bill", voucher())
    await on.do("payments", id=original.erp_id, amount="80.00")
    parent = {"role": "original", "entity": "invoice", "source_id": "101", "purpose": "payable", "part": "V"}
    header = cast("dict[str, Any]", voucher())["dimensions"] | {"VOUCHER_STYLE": "ADJ"}
    lines = [line("501000", "-30.00", dimensions={"BUSINESS_UNIT_GL": "US001"})]
    on.ids["payable|invoice/101|V"] = original.erp_id
    answer = await on.step(
        "create", "ap_bill", voucher("102", amount=Decimal("-30.00"), lines=lines, parents=[parent], dimensions=header)
    )
    assert (answer.verdict, answer.reason) == (Verdict.REJECT, "paid")


async def test_a_reversal_without_its_original_is_never_sent(on: Site) -> None:
    answer = await Asked(on, ResolvedCommand("reversal", void(journal()))).step("create")
    assert (answer.verdict, on.creates) == (Verdict.REJECT, [])


# --- typed by hand ----------------------------------------------------------------------------------------------------

TYPED = {"BUSINESS_UNIT": "US001", "JOURNAL_DATE": "2026-03-10"}
LINES = {"120000": "108.25", "401000": "-100.00", "220000": "-8.25"}


@pytest.mark.parametrize(
    ("typed", "is_suspect"),
    [
        ({}, True),
        ({"lines": {"120000": "108.25", "401000": "-99.00", "220000": "-9.25"}}, True),
        ({"lines": {"120000": "108.26", "401000": "-100.00", "220000": "-8.26"}}, False),
        ({"lines": {"120000": "108.25", "402000": "-108.25"}}, False),
        ({"JOURNAL_DATE": "2026-03-11"}, False),
        ({"BUSINESS_UNIT": "US002"}, False),
        ({"SOURCE": "EXT"}, False),
        ({"DESCR254": "ST-ABCDEFGHIJKLMNOPQRST of ours"}, False),
    ],
)
async def test_a_journal_typed_by_hand_of_one_unit_day_amount_and_accounts_is_a_suspect(
    on: Site, typed: dict[str, Any], is_suspect: bool
) -> None:
    await on.do("journals", **{**TYPED, "lines": LINES, **typed})
    found = await on.find("journal", journal())
    assert [(one.ref, one.amount) for one in found.suspects] == ([("", Decimal("108.25"))] if is_suspect else [])
    await on.made("journal", journal())
    assert (await on.find("journal", journal())).suspects == ()


async def test_a_reversal_typed_by_hand_is_a_suspect_of_ours(on: Site) -> None:
    original = await posted(on, "journal", journal())
    turned = {account: str(-Decimal(amount)) for account, amount in LINES.items()}
    await on.do("journals", BUSINESS_UNIT="US001", JOURNAL_DATE="2026-03-25", lines=turned)
    asked = taking(on, "reversal", void(journal()), original)
    assert [(one.ref, one.amount) for one in (await asked.find()).suspects] == [("", Decimal("108.25"))]


async def test_a_site_without_the_query_says_so_and_is_not_asked_where_the_setting_says_so(tmp_path: Path) -> None:
    async with site(tmp_path, {"journal": {"suspects": False}}, missing_queries="ML_JOURNAL_SUSPECTS") as on:
        await on.do("journals", **TYPED, lines=LINES)
        assert (await on.find("journal", journal())).suspects == ()


async def test_words_of_a_long_description_give_way_to_the_days(on: Site) -> None:
    wordy = journal(description="x" * 300)
    await Asked(on, ResolvedCommand("journal", wordy, post_on=date(2026, 4, 1))).made("create")
    (kept,) = await on.kept("Journal")
    assert len(kept["description"]) == 254
    assert "dated 2026-03-10, posted 2026-04-01" in kept["description"]


def test_the_keys_of_both_journals_are_frozen_by_the_command() -> None:
    from systems.peoplesoft.wanted import pieces
    from tests.systems.peoplesoft.mapping.ground import settings

    original = Original("journal", journal(), "US001/ABC/2026-03-10", "ABC")
    resolved = ResolvedCommand("journal", correction(journal()), original=original)
    numbers = [one.number for one in pieces(resolved, settings())]
    assert len(set(numbers)) == 2
    assert numbers == [one.number for one in pieces(replace(resolved, ids={"x": "y"}), settings())]


# --- across ledger units ----------------------------------------------------------------------------------------------


def application(unit: str, lines: list[dict[str, Any]], part: str) -> CommandEnvelope:
    """The journal of an application to invoice 7, in this unit ("" = the invoice's)."""
    key = f"test:1|peoplesoft:x:y|collection|payment:201|{part}|apply"
    parent = {"role": "invoice", "entity": "invoice", "source_id": "7"}
    header = {"LEDGER_GROUP": "RECORDING", "LEDGER": "LOCAL", "SOURCE": "ONL", "RECEIVABLE US002": "120000"}
    own: dict[str, Any] = {"op_key": key, "ref": ref_of(key), "action": "apply", "parents": [parent]}
    return journal(lines=lines, amount=Decimal("60.00"), business_unit=unit, dimensions=header, **own)


async def test_an_application_to_an_invoice_of_another_ledger_unit_is_held_by_name_and_nothing_is_sent(on: Site) -> None:
    command = application("US001", [line("240000", "60.00", "deposit"), line("120000", "-60.00", "receivable")], "1")
    on.ids["invoice/7"] = "US002/I/2026-03-10"
    found = await Asked(on, ResolvedCommand("journal", command, on.ids)).find()
    assert (found.documents, found.refusal_reason) == ((), "other_ledger_unit")
    assert "ledger unit US002" in found.refusal
    on.ids["invoice/7"] = "US001/I/2026-03-10"
    asked = Asked(on, ResolvedCommand("journal", command, on.ids))
    assert (await asked.find()).refusal == ""
    assert (await asked.made("create")).amount == Decimal("60.00")


async def test_the_side_of_the_invoice_is_posted_in_its_unit_found_there_and_reversed_there(on: Site) -> None:
    command = application("", [line("150000", "60.00", "intercompany"), line("*", "-60.00", "receivable")], "receivable/1")
    on.ids["invoice/7"] = "US002/I/2026-03-10"
    asked = Asked(on, ResolvedCommand("journal", command, on.ids))
    document = await asked.made("create")
    for _ in range(2):
        await on.do("batch")
    assert (await asked.shown()).steps_done == ("create", "posted")
    (kept,) = await on.kept("Journal")
    assert [(one["ACCOUNT"], one["amount"]) for one in kept["lines"]] == [("150000", "60.00"), ("120000", "-60.00")]
    on.ids["invoice/7"] = "US001/I/2026-03-12"
    gone = void(command, op_key=f"{command['op_key']}|void", ref=ref_of(f"{command['op_key']}|void"))
    back = taking(on, "reversal", gone, Original("journal", command, document.erp_id, document.number, on.ids))
    assert (await back.made("create")).erp_id.startswith("US002/")
    for _ in range(2):
        await on.do("batch")
    assert set((await balances(on)).values()) == {"0.00"}
