"""Vouchers of style Adjustment and Reversal, payments of people, and what is open by supplier and by account."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.peoplesoft.simulator.world import Make, World, build_message, journal, journal_line, voucher

VOUCHERS = "ML_VOUCHER_CI"
FIRST = "AP001/K0000001"


def correction(style: str, amount: str, number: str = "K0000002", **changes: Any) -> dict[str, Any]:
    """A voucher that corrects the first one."""
    held = {"VOUCHER_ID": number, "VOUCHER_STYLE": style, "VOUCHER_ID_RELATED": "K0000001", "INVOICE_ID": f"INV-84512-{number}"}
    return voucher(amount=amount, DESCR254_MIXED=f"ST-{number} correction", **(held | changes))


async def posted(world: World) -> None:
    await world.create(voucher(), VOUCHERS)
    await world.batch()


async def balance(world: World, vendor: str = "SHARE/0000000001") -> str:
    return str(next((one["balance"] for one in (await world.sim("balances"))["vendors"] if one["id"] == vendor), "0.00"))


async def refused(world: World, row: dict[str, Any]) -> tuple[str, str]:
    """Code and words of a Create that must be refused."""
    before = len(await world.kept("Voucher"))
    answer = await world.soap(VOUCHERS, "Create", row)
    assert len(await world.kept("Voucher")) == before
    return answer.codes[0], answer.raw.decode()


async def test_a_reversal_takes_the_whole_voucher_off_on_its_own_date(world: World) -> None:
    await posted(world)
    assert await balance(world) == "125.50"
    await world.create(correction("RVRS", "-125.50", ACCOUNTING_DT="2026-03-20"), VOUCHERS)
    assert await balance(world) == "125.50", "until it is posted"
    await world.batch()
    assert await balance(world) == "0.00"
    kept = (await world.kept("Voucher"))[1]
    assert (kept["style"], kept["related"], kept["amount"], kept["posted"]) == ("RVRS", "K0000001", "-125.50", True)


async def test_a_reversal_of_another_amount_or_a_second_one_is_refused(world: World) -> None:
    await posted(world)
    assert (await refused(world, correction("RVRS", "-125.49")))[0] == "7030,432"
    await world.create(correction("RVRS", "-125.50"), VOUCHERS)
    code, words = await refused(world, correction("RVRS", "-125.50", "K0000003"))
    assert (code, "0.000 is left" in words or "0 is left" in words) == ("7030,433", True), words


async def test_adjustments_take_off_at_most_the_voucher(world: World) -> None:
    await posted(world)
    await world.create(correction("ADJ", "-100.00"), VOUCHERS)
    await world.create(correction("ADJ", "10.00", "K0000003"), VOUCHERS)
    assert (await refused(world, correction("ADJ", "-35.51", "K0000004")))[0] == "7030,433"
    await world.create(correction("ADJ", "-35.50", "K0000004"), VOUCHERS)
    await world.batch()
    assert await balance(world) == "0.00"


async def test_a_voucher_that_is_not_posted_is_not_corrected(world: World) -> None:
    await world.create(voucher(), VOUCHERS)
    assert (await refused(world, correction("RVRS", "-125.50")))[0] == "7030,430"


async def test_a_paid_voucher_is_not_corrected(world: World) -> None:
    await posted(world)
    assert await world.sim("payments", {"id": FIRST, "amount": "25.50"}) == {"id": FIRST, "paid": "25.500", "closed": False}
    assert await balance(world) == "100.00"
    code, words = await refused(world, correction("ADJ", "-5.00"))
    assert (code, "is paid" in words) == ("7030,431", True)
    over = await world.call("POST", "/__sim__/payments", {"id": FIRST, "amount": "100.01"})
    assert (over.status, b"100.000 open" in over.raw) == (400, True)
    assert (await world.sim("payments", {"id": FIRST, "amount": "100.00"}))["closed"] is True
    assert await balance(world) == "0.00"


@pytest.mark.parametrize("changes", [{"VENDOR_ID": "0000000002"}, {"VOUCHER_ID_RELATED": "K0000009"}, {"BUSINESS_UNIT": "AP002"}])
async def test_the_related_voucher_is_of_the_same_supplier_and_unit(world: World, changes: dict[str, str]) -> None:
    await posted(world)
    code, words = await refused(world, correction("ADJ", "-5.00", **changes))
    assert (code, "VOUCHER_ID_RELATED" in words) == ("15,11", True)


async def test_a_correction_is_not_corrected(world: World) -> None:
    await posted(world)
    await world.create(correction("ADJ", "-5.00"), VOUCHERS)
    await world.batch()
    assert (await refused(world, correction("RVRS", "5.00", "K0000003", VOUCHER_ID_RELATED="K0000002")))[0] == "15,11"


async def test_a_reversal_in_a_closed_payables_period_is_refused(world: World) -> None:
    await posted(world)
    await world.sim("periods", {"business_unit": "AP001", "period": "2026-03", "ap": "N"})
    assert (await refused(world, correction("RVRS", "-125.50")))[0] == "7030,54"
    await world.create(correction("RVRS", "-125.50", ACCOUNTING_DT="2026-04-01"), VOUCHERS)


async def test_a_staged_reversal_is_built_with_its_relation(make: Make) -> None:
    world = await make()
    await posted(world)
    row = {name: value for name, value in correction("RVRS", "-125.50").items() if name != "VOUCHER_ID"}
    body = build_message(row | {"VCHR_BLD_KEY_C1": "ST-K0000002"})
    answer = await world.envelope(body, "VOUCHER_BUILD.v1", world.signed)
    assert answer.status == 200, answer.raw
    await world.batch(2)
    (kept,) = [one for one in await world.kept("Voucher") if one["style"] == "RVRS"]
    assert (kept["related"], kept["posted"]) == ("K0000001", True)
    assert await balance(world) == "0.00"


async def test_a_second_journal_of_opposite_signs_closes_the_accounts(world: World) -> None:
    await world.create(journal())
    lines = [journal_line("-108.25", ACCOUNT="120000"), journal_line("100"), journal_line("8.25", ACCOUNT="220000")]
    await world.batch(2)

    async def accounts() -> dict[str, str]:
        return {one["account"]: one["balance"] for one in (await world.sim("balances"))["accounts"]}

    assert await accounts() == {"120000": "108.25", "220000": "-8.25", "401000": "-100.00"}
    void = {"JOURNAL_ID": "K000000002", "JOURNAL_DATE": "2026-03-25", "DESCR254": "ST-K2 void of ST-K1", "JRNL_LN": lines}
    await world.create(journal(**void))
    await world.batch(2)
    assert set((await accounts()).values()) == {"0.00"}


async def test_only_unposting_makes_another_sequence(world: World) -> None:
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(UNPOST_SEQ=1))
    assert (answer.codes[0], answer.texts("ExplainText")[0]) == ("15,11", "UNPOST_SEQ 1")
