"""What was written is written anew under one ref: each correction against the simulated tenant, with answers of its steps lost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from systems.contract import Original, ResolvedCommand
from tests.systems.acumatica import ground
from tests.systems.acumatica.taken_back import Written
from tests.systems.acumatica.tenant import Books, Start, books, made

EXTENDED = "MLConnector/24.200.001"
NEGATIVE = ground.invoice([ground.invoice_line("-30.00")], tax=Decimal(0))
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any], str]] = {
    "an invoice of another amount": ("invoice", ground.invoice(), ground.invoice([ground.invoice_line("120.00")]), "128.25"),
    "an invoice that became a credit": ("invoice", ground.invoice(), NEGATIVE, "-30.00"),
    "a credit that became an invoice": ("invoice", NEGATIVE, ground.invoice(), "108.25"),
    "a credit of another amount": ("invoice", NEGATIVE, ground.invoice([ground.invoice_line("-50.00")], tax=Decimal(0)), "-50.00"),
    "an invoice of an earlier day": ("invoice", ground.invoice(), ground.invoice(invoice_date=date(2026, 3, 4)), "108.25"),
    "a credit of an earlier day": ("invoice", NEGATIVE, {**NEGATIVE, "invoice_date": date(2026, 3, 4)}, "-30.00"),
    "a payment of an earlier day": (
        "payment",
        ground.payment("50.00", []),
        ground.payment("50.00", [], paid_on=date(2026, 3, 4)),
        "-50.00",
    ),
    "a bill of an earlier day": ("bill", ground.bill(), ground.bill(bill_date=date(2026, 3, 4)), "-80.00"),
    "a payment of another amount": ("payment", ground.payment("50.00", []), ground.payment("60.00", []), "-60.00"),
    "a bill of another amount": ("bill", ground.bill(), ground.bill([ground.bill_line("90.00")]), "-90.00"),
    "a credit of a vendor": (
        "vendor_credit",
        ground.credit(applications=[]),
        ground.credit([ground.bill_line("35.00")], applications=[]),
        "35.00",
    ),
}


async def corrected(on: Written, name: str) -> tuple[Original, ResolvedCommand]:
    """A document, and the command that writes it anew."""
    entity, before, after, _ = CASES[name]
    original = await on.write(entity, before)
    return original, on.correction(original, entity, after)


@pytest.mark.parametrize("lost", [0, 2, -3, -1])
@pytest.mark.parametrize("name", CASES)
async def test_what_was_written_is_written_anew_once_whatever_answer_is_lost(held: Books, name: str, lost: int) -> None:
    on = Written(held)
    original, resolved = await corrected(on, name)
    document = await on.perform(resolved, on.steps(resolved)[lost])
    assert (document.ref, document.steps_done) == (resolved.command["ref"], on.steps(resolved))
    assert document.erp_id != original.erp_id
    side = "customers" if CASES[name][0] in ("invoice", "payment") else "vendors"
    assert abs(Decimal(await on.open_of(side))) == abs(Decimal(CASES[name][3]))
    kept = await held.tenant.kept({"invoice": "Invoice", "payment": "Payment"}.get(CASES[name][0], "Bill"))
    ours = [one for one in kept if one["ref"] == resolved.command["ref"]]
    assert sorted("[reverses" in one["description"] for one in ours) == [False, True]


async def test_the_correction_of_a_correction_takes_back_the_newest(held: Books) -> None:
    on = Written(held)
    _, resolved = await corrected(on, "an invoice of another amount")
    document = await on.perform(resolved)
    again = Original("ar_invoice", resolved.command, document.erp_id, document.number, dict(held.ids))
    await on.perform(on.reversal(again))
    assert await on.open_of() == "0.00"
    assert [one["balance"] for one in await held.tenant.kept("Invoice")] == ["0.00"] * 4


async def test_a_bill_that_is_written_anew_has_the_vendors_number_with_its_own_ending(held: Books) -> None:
    on = Written(held)
    _, resolved = await corrected(on, "a bill of another amount")
    await on.perform(resolved)
    assert [one["human_number"] for one in await held.tenant.kept("Bill")][-1] == "FER-9001/2"


async def test_a_payment_that_settles_something_is_not_written_anew(held: Books) -> None:
    on = Written(held)
    await on.write("invoice", ground.invoice())
    original = await on.write("payment", ground.payment())
    await on.write("payment", ground.payment(), 1)
    found = await on.find(on.correction(original, "payment", ground.payment("60.00", [])))
    assert (found.documents, found.refusal_reason) == ((), "applied")


async def test_an_application_of_another_amount_takes_the_place_of_the_first(tenants: Start) -> None:
    tenant = await tenants(extended_endpoint=EXTENDED)
    on = Written(await books(tenant, tenant.settings(extended_endpoint=EXTENDED)))
    await on.write("invoice", ground.invoice())
    before = ground.payment("108.25", [ground.application("101", "100.00")])
    await on.write("payment", before)
    original = await on.write("payment", before, 1)
    resolved = on.correction(original, "payment", ground.payment("108.25", [ground.application("101", "60.00")]), 1)
    for lost in ("unapply_release", ""):
        await on.perform(resolved, lost)
    (invoice,) = await tenant.kept("Invoice")
    assert invoice["balance"] == "48.25"


async def test_an_application_of_another_day_is_taken_back_and_made_again_on_that_day(tenants: Start) -> None:
    tenant = await tenants(extended_endpoint=EXTENDED)
    on = Written(await books(tenant, tenant.settings(extended_endpoint=EXTENDED)))
    await on.write("invoice", ground.invoice())
    before = ground.payment("108.25", [ground.application("101", "100.00")])
    await on.write("payment", before)
    original = await on.write("payment", before, 1)
    after = ground.payment("108.25", [ground.application("101", "100.00", applied_on=date(2026, 3, 12))])
    resolved = on.correction(original, "payment", after, 1)
    document = await on.perform(resolved, "release")
    assert document.steps_done == on.steps(resolved)
    assert (await tenant.kept("Invoice"))[0]["balance"] == "8.25"


@pytest.mark.parametrize("memo", ["30.00", "200.00"])
async def test_the_memo_of_an_adjustment_settles_its_original_as_far_as_both_are_open(held: Books, memo: str) -> None:
    on = Written(held)
    await on.write("invoice", ground.invoice())
    record = ground.invoice(
        [ground.invoice_line(f"-{memo}")], source_id="105", number="N105", tax=Decimal(0), adjustment_to_id="101"
    )
    await on.write("invoice", record)
    invoice, credit = await held.tenant.kept("Invoice")
    settled = min(Decimal(memo), Decimal("108.25"))
    assert (Decimal(invoice["balance"]), Decimal(credit["balance"])) == (Decimal("108.25") - settled, Decimal(memo) - settled)


async def test_a_refund_pays_out_a_credit_memo_and_is_refused_above_what_is_open(held: Books) -> None:
    on = Written(held)
    await on.write("invoice", ground.invoice([ground.invoice_line("-30.00")], source_id="104", number="N104", tax=Decimal(0)))
    refund = ground.payment("-30.00", [ground.application("104", "-30.00")], source_id="204", number="N204")
    await on.write("payment", refund)
    assert await on.open_of() == "0.00"
    record, command = made("payment", refund | {"source_id": "205"})
    found = await held.writer.find(ResolvedCommand(record, command, held.ids))
    assert (found.documents, found.refusal_reason) == ((), "refund_exceeds")
    assert "Credit Memo/000001 has 0" in found.refusal


async def test_a_document_of_a_closed_period_is_posted_to_the_next_open_one_with_both_days(held: Books) -> None:
    await held.tenant.ask("periods", {"period": "032026", "status": "Closed"})
    for entity, record, kind in (
        ("invoice", ground.invoice(), "Invoice"),
        ("bill", ground.bill(), "Bill"),
        ("payment", ground.payment("10.00", []), "Payment"),
    ):
        name, command = made(entity, record)
        resolved = ResolvedCommand(name, command, held.ids, post_on=date(2026, 4, 1))
        document = None
        for step in ("create", "unhold", "release"):
            await held.writer.reserve(20)
            answer = await held.writer.perform(step, resolved, document)
            assert answer.verdict == "yes", (step, answer)
            document = answer.document
        (kept,) = await held.tenant.kept(kind)
        assert (kept["period"], kept["date"]) == ("042026", "2026-04-01" if kind == "Payment" else "2026-03-10")
        assert "(of 2026-03-10, posted 2026-04-01)" in kept["description"]
