"""Vouchers by Component Interface: edits, totals, duplicate invoices, approval and posting."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.peoplesoft.simulator.world import Make, World, voucher, voucher_line


def _split(*amounts: str) -> dict[str, Any]:
    return voucher_line("125.50", *({"ACCOUNT": "501000", "MERCHANDISE_AMT": amount} for amount in amounts))


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"BUSINESS_UNIT": "US001"}, "15,11", "BUSINESS_UNIT US001"),
        ({"VOUCHER_ID": "K1"}, "15,11", "VOUCHER_ID K1"),
        ({"VENDOR_ID": "1"}, "7030,22", "VENDOR_ID 1"),
        ({"VENDOR_ID": "0000000008"}, "7030,22", "VENDOR_ID 0000000008"),
        ({"VENDOR_SETID": "OTHER"}, "7030,22", "VENDOR_ID 0000000001"),
        ({"VNDR_LOC": "NOWHERE"}, "7030,24", "VNDR_LOC NOWHERE"),
        ({"INVOICE_ID": ""}, "15,30", "INVOICE_ID"),
        ({"ORIGIN": "ZZZ"}, "15,11", "ORIGIN ZZZ"),
        ({"PYMNT_TERMS_CD": "N99"}, "15,11", "PYMNT_TERMS_CD N99"),
        ({"VOUCHER_STYLE": "TMPL"}, "15,11", "VOUCHER_STYLE TMPL"),
        ({"VOUCHER_STYLE": "ADJ"}, "15,30", "VOUCHER_ID_RELATED"),
        ({"VOUCHER_STYLE": "RVRS", "VOUCHER_ID_RELATED": "00000009"}, "15,11", "VOUCHER_ID_RELATED 00000009"),
        ({"VOUCHER_ID_RELATED": "00000009"}, "15,11", "VOUCHER_ID_RELATED 00000009"),
        ({"VCHR_LINE": []}, "7030,30", "VCHR_LINE"),
        ({"ACCOUNTING_DT": "2025-11-30"}, "7030,54", "ACCOUNTING_DT"),
        ({"TXN_CURRENCY_CD": "CAD"}, "7030,60", "TXN_CURRENCY_CD"),
        ({"GROSS_AMT": "125.51"}, "7030,200", "GROSS_AMT"),
        ({"SALETX_AMT": "1.00"}, "7030,200", "GROSS_AMT"),
        ({"VCHR_LINE": [_split("125.00", "0.49")]}, "7030,201", "VCHR_LINE(1)"),
        (
            {"VCHR_LINE": [voucher_line("125.50", {"ACCOUNT": "499000", "MERCHANDISE_AMT": "125.50"})]},
            "15,11",
            "VCHR_LINE(1).VCHR_DIST(1).ACCOUNT 499000",
        ),
        (
            {
                "VCHR_LINE": [
                    voucher_line("125.50", {"BUSINESS_UNIT_GL": "AP001", "ACCOUNT": "501000", "MERCHANDISE_AMT": "125.50"})
                ]
            },
            "15,11",
            "VCHR_LINE(1).VCHR_DIST(1).BUSINESS_UNIT_GL AP001",
        ),
    ],
)
async def test_each_edit_names_its_message_and_its_field(world: World, changes: dict[str, Any], code: str, where: str) -> None:
    answer = await world.soap("ML_VOUCHER_CI", "Create", voucher(**changes))
    assert (answer.status, answer.codes[0]) == (200, code)
    assert answer.texts("ExplainText")[0] == where
    assert await world.kept("Voucher") == []


async def test_charges_and_split_distributions_make_up_the_gross_amount(world: World) -> None:
    lines = [_split("125.00", "0.50")]
    row = voucher(GROSS_AMT="137.75", SALETX_AMT="10.25", FREIGHT_AMT="2", VCHR_LINE=lines)
    await world.create(row, "ML_VOUCHER_CI")
    (kept,) = await world.kept("Voucher")
    assert (kept["amount"], kept["party"], kept["human_number"]) == ("137.75", "SHARE/0000000001", "INV-84512")
    assert [line["amount"] for line in kept["lines"]] == ["125.00", "0.50"]


async def test_a_postable_voucher_is_posted_by_the_batch(world: World) -> None:
    await world.create(voucher(), "ML_VOUCHER_CI")
    (row,) = await world.query("ML_VOUCHERS", BUSINESS_UNIT="AP001", REF="ST-V1")
    assert (row["ENTRY_STATUS"], row["POST_STATUS_AP"], row["APPR_STATUS"]) == ("P", "U", "A")
    await world.batch()
    (row,) = await world.query("ML_VOUCHERS", BUSINESS_UNIT="AP001", REF="ST-V1")
    assert row["POST_STATUS_AP"] == "P"
    assert [one["operation"] for one in await world.journal("Voucher")] == ["create", "post"]


async def test_a_voucher_that_waits_for_approval_is_not_posted(make: Make) -> None:
    world = await make(voucher_approval=True)
    await world.create(voucher(), "ML_VOUCHER_CI")
    await world.batch(2)
    (kept,) = await world.kept("Voucher")
    assert (kept["approval"], kept["posted"]) == ("P", False)
    await world.sim("documents", {"kind": "Voucher", "id": kept["id"], "set": {"APPR_STATUS": "A"}})
    await world.batch()
    assert (await world.kept("Voucher"))[0]["posted"]


@pytest.mark.parametrize(
    ("action", "statuses", "codes"),
    [
        ("RECYCLE", ["P", "R"], []),
        ("REJECT", ["P"], ["7030,420", "91,37"]),
        ("WARN", ["P", "P"], []),
        ("NONE", ["P", "P"], []),
    ],
)
async def test_a_duplicate_invoice_is_treated_as_the_site_decided(
    make: Make, action: str, statuses: list[str], codes: list[str]
) -> None:
    world = await make(dup_invoice_action=action)
    await world.create(voucher(), "ML_VOUCHER_CI")
    answer = await world.soap("ML_VOUCHER_CI", "Create", voucher(VOUCHER_ID="K0000002"))
    assert answer.codes == codes
    assert [one["status"] for one in await world.kept("Voucher")] == statuses
    await world.batch(2)
    assert [one["posted"] for one in await world.kept("Voucher")] == [status == "P" for status in statuses]


@pytest.mark.parametrize("changes", [{"INVOICE_ID": "INV-2"}, {"INVOICE_DT": "2026-03-11"}, {"amount": "125.51"}])
async def test_another_invoice_number_date_or_amount_is_no_duplicate(world: World, changes: dict[str, str]) -> None:
    await world.create(voucher(), "ML_VOUCHER_CI")
    await world.create(voucher(VOUCHER_ID="K0000002", **changes), "ML_VOUCHER_CI")
    assert [one["status"] for one in await world.kept("Voucher")] == ["P", "P"]


async def test_a_person_types_a_voucher_that_suspects_finds(world: World) -> None:
    typed = {
        "BUSINESS_UNIT": "AP001",
        "VENDOR_ID": "0000000001",
        "INVOICE_ID": "PAPER-1",
        "INVOICE_DT": "2026-03-10",
        "amount": "125.5",
    }
    row = await world.sim("vouchers", typed)
    assert row["VOUCHER_ID"] == "00000001"
    found = await world.query(
        "ML_SUSPECTS",
        BUSINESS_UNIT="AP001",
        VENDOR_SETID="SHARE",
        VENDOR_ID="0000000001",
        INVOICE_DT="2026-03-10",
        GROSS_AMT="125.50",
    )
    assert [(one["INVOICE_ID"], one["GROSS_AMT"], one["DESCR254_MIXED"]) for one in found] == [("PAPER-1", "125.500", " ")]
    (commit,) = await world.journal("Voucher")
    assert (commit["ref"], commit["detail"]) == ("", "typed by hand")
    assert (await world.call("POST", "/__sim__/vouchers", typed | {"VENDOR_ID": "1"})).status == 400


async def test_a_ref_in_the_user_field_is_found_too(world: World) -> None:
    await world.create(voucher(DESCR254_MIXED="material", USER_VCHR_CHAR1="ST-V9"), "ML_VOUCHER_CI")
    (row,) = await world.query("ML_VOUCHERS", BUSINESS_UNIT="AP001", REF="ST-V9")
    assert row["USER_VCHR_CHAR1"] == "ST-V9"
    assert (await world.kept("Voucher"))[0]["ref"] == "ST-V9"
