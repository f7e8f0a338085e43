"""VOUCHER_BUILD: queued is not processed; the build makes vouchers, or errors in two stores."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.peoplesoft.simulator.world import HTTP, Answer, Make, World, build_message, enveloped, voucher, voucher_line

_QUERY = HTTP + "?Operation=VOUCHER_BUILD.v1&From=ACME&To=PSFT_EP"


def _staged(key: str = "ST-S1", **changes: Any) -> dict[str, Any]:
    row = voucher(VOUCHER_ID="NEXT", DESCR254_MIXED=f"{key} material", **changes)
    return {"VCHR_BLD_KEY_C1": key} | row


async def _send(world: World, *rows: dict[str, Any], message: str = "") -> Answer:
    return await world.call("POST", _QUERY, (message or build_message(*rows)).encode(), world.signed)


async def _stage(world: World, *rows: dict[str, Any]) -> None:
    answer = await _send(world, *rows)
    assert (answer.status, answer.xml.tag, answer.xml.get("type")) == (200, "IBResponse", "success"), answer.raw
    assert (await world.sim("messages"))["messages"][-1]["STATUS"] == "DONE", (await world.sim("messages"))["messages"]


async def _error_of(world: World, ref: str = "ST-S1") -> tuple[str, str, str]:
    (row,) = await world.query("ML_STAGED", BUSINESS_UNIT="AP001", REF=ref)
    return row["BUILD_STATUS"], row["ERROR_SET"], row["ERROR_NBR"]


async def test_the_acknowledgement_says_queued_with_a_transaction_id(world: World) -> None:
    answer = await _send(world, _staged())
    assert answer.texts("StatusCode") == ["0"]
    assert answer.texts("TransactionID") == ["PSFT_EP.VOUCHER_BUILD.92"]
    assert (await _send(world, _staged("ST-S2"))).texts("TransactionID") == ["PSFT_EP.VOUCHER_BUILD.93"]
    assert await world.kept("Voucher") == []
    (row,) = await world.query("ML_STAGED", BUSINESS_UNIT="AP001", REF="ST-S1")
    assert (row["BUILD_STATUS"], row["GROSS_AMT"], row["VOUCHER_ID"]) == ("N", "125.500", "NEXT")


async def test_the_build_makes_a_voucher_that_keeps_the_ref_and_frees_the_key(world: World) -> None:
    await _stage(world, _staged())
    await world.batch()
    assert await world.query("ML_STAGED", BUSINESS_UNIT="AP001", REF="ST-S1") == []
    (row,) = await world.query("ML_VOUCHERS", BUSINESS_UNIT="AP001", REF="ST-S1")
    assert (row["VOUCHER_ID"], row["ENTRY_STATUS"], row["POST_STATUS_AP"]) == ("00000001", "P", "U")
    await world.batch()
    assert (await world.kept("Voucher"))[0]["posted"]
    assert [(one["kind"], one["operation"], one["ref"]) for one in await world.journal()] == [
        ("Staged", "stage", "ST-S1"),
        ("Staged", "build", "ST-S1"),
        ("Voucher", "create", "ST-S1"),
        ("Voucher", "post", "ST-S1"),
    ]


async def test_the_message_may_come_in_an_ibrequest_or_in_soap(world: World) -> None:
    envelope = (
        "<IBRequest><ExternalOperationName>VOUCHER_BUILD.v1</ExternalOperationName><OperationType>async</OperationType>"
        "<From><RequestingNode>ACME</RequestingNode></From><To><DestinationNode>PSFT_EP</DestinationNode></To>"
        f"<ContentSections><ContentSection><Data><![CDATA[{build_message(_staged())}]]></Data></ContentSection></ContentSections></IBRequest>"
    )
    answer = await world.call("POST", HTTP, envelope.encode(), world.signed)
    assert answer.xml.get("type") == "success"
    answer = await world.envelope(build_message(_staged("ST-S2")), "VOUCHER_BUILD.v1", world.signed)
    assert answer.payload.get("type") == "success"
    assert [one["ref"] for one in await world.kept("Staged")] == ["ST-S1", "ST-S2"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"VENDOR_ID": "12"}, ("E", "7030", "22")),
        ({"INVOICE_ID": ""}, ("E", "15", "30")),
        ({"VNDR_LOC": "NOWHERE"}, ("E", "7030", "24")),
        ({"ORIGIN": "ZZZ"}, ("E", "15", "11")),
        ({"VCHR_LINE": [{"MERCHANDISE_AMT": "125.50"}]}, ("E", "7030", "30")),
    ],
)
async def test_pre_edit_errors_stay_in_staging_with_their_words(
    world: World, changes: dict[str, Any], code: tuple[str, str, str]
) -> None:
    await _stage(world, _staged(**changes))
    await world.batch()
    assert await _error_of(world) == code
    assert await world.kept("Voucher") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"GROSS_AMT": "125.51"}, ("R", "7030", "200")),
        ({"VCHR_LINE": [voucher_line("125.50", {"ACCOUNT": "987654", "MERCHANDISE_AMT": "125.50"})]}, ("R", "15", "11")),
        ({"ACCOUNTING_DT": "2025-01-05"}, ("R", "7030", "54")),
    ],
)
async def test_failed_edits_make_a_recycled_voucher(world: World, changes: dict[str, Any], code: tuple[str, str, str]) -> None:
    await _stage(world, _staged(**changes))
    await world.batch(3)
    assert await _error_of(world) == code
    (row,) = await world.query("ML_VOUCHERS", BUSINESS_UNIT="AP001", REF="ST-S1")
    assert (row["ENTRY_STATUS"], row["POST_STATUS_AP"]) == ("R", "U")


async def test_two_duplicates_of_one_run_are_both_recycled(world: World) -> None:
    await _stage(world, _staged())
    await _stage(world, _staged("ST-S2"))
    await world.batch(3)
    assert [await _error_of(world, ref) for ref in ("ST-S1", "ST-S2")] == [("R", "7030", "420")] * 2
    assert [(one["status"], one["posted"]) for one in await world.kept("Voucher")] == [("R", False)] * 2


async def test_a_duplicate_of_an_earlier_run_is_recycled_alone(world: World) -> None:
    await _stage(world, _staged())
    await world.batch()
    await _stage(world, _staged("ST-S2"))
    await world.batch()
    assert [one["status"] for one in await world.kept("Voucher")] == ["P", "R"]


@pytest.mark.parametrize(("action", "vouchers", "staged"), [("REJECT", 0, 2), ("WARN", 2, 0), ("NONE", 2, 0)])
async def test_duplicates_are_treated_as_the_site_decided(make: Make, action: str, vouchers: int, staged: int) -> None:
    world = await make(dup_invoice_action=action)
    await _stage(world, _staged(), _staged("ST-S2"))
    await world.batch()
    assert (len(await world.kept("Voucher")), len(await world.kept("Staged"))) == (vouchers, staged)


async def test_a_repeated_message_is_acknowledged_and_told_to_nobody_while_its_key_is_staged(world: World) -> None:
    await _stage(world, _staged())
    answer = await _send(world, _staged())
    assert answer.xml.get("type") == "success"
    assert (await world.sim("messages"))["messages"][-1]["STATUS"].startswith("ERROR duplicate key")
    assert len(await world.kept("Staged")) == 1


async def test_a_repeated_message_after_the_build_makes_a_second_voucher_where_duplicates_are_let_through(make: Make) -> None:
    world = await make(dup_invoice_action="WARN")
    for _ in range(2):
        await _stage(world, _staged())
        await world.batch()
    assert [one["ref"] for one in await world.kept("Voucher")] == ["ST-S1", "ST-S1"]


@pytest.mark.parametrize(
    "message",
    [
        build_message(_staged()).replace("VOUCHER_BUILD", "VOUCHER_OTHER"),
        build_message(_staged(), actions="C"),
        build_message(_staged()).replace("<INVOICE_ID>", "<invoice_id>").replace("</INVOICE_ID>", "</invoice_id>"),
        build_message(_staged(VENDOR_SETID="TOOLONG")),
        build_message(_staged(GROSS_AMT="1,25")),
        build_message(_staged()).replace("FieldTypes", "Fields"),
        build_message(_staged()).replace(' class="R"><VOUCHER_ID', "><VOUCHER_ID"),
    ],
    ids=["other message", "change", "lower case", "too long", "no number", "no types", "no class"],
)
async def test_a_message_that_the_handler_cannot_use_is_acknowledged_all_the_same(world: World, message: str) -> None:
    answer = await _send(world, message=message)
    assert answer.xml.get("type") == "success"
    assert (await world.sim("messages"))["messages"][0]["STATUS"].startswith("ERROR")
    await world.batch()
    assert (await world.kept("Staged"), await world.kept("Voucher"), await world.journal()) == ([], [], [])


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (_QUERY, b"<VOUCHER_BUILD>", "159,5"),
        (_QUERY.replace("VOUCHER_BUILD", "OTHER"), b"<VOUCHER_BUILD/>", "158,69"),
        (_QUERY.replace("PSFT_EP", "PSFT_HR"), b"<VOUCHER_BUILD/>", "158,3"),
        (HTTP, b"<IBRequest><OperationType>sync</OperationType></IBRequest>", "158,4"),
        (_QUERY, enveloped("<a/>").replace(b"<s:Env", b"<!DOCTYPE x><s:Env"), "159,5"),
    ],
)
async def test_what_the_gateway_refuses_is_an_error_within_http_200(world: World, path: str, body: bytes, code: str) -> None:
    answer = await world.call("POST", path, body, world.signed)
    assert (answer.status, answer.xml.get("type"), answer.codes) == (200, "error", [code])


async def test_an_inactive_operation_queues_nothing_and_nobody_gets_in_without_a_password(world: World) -> None:
    await world.sim("operations", {"name": "VOUCHER_BUILD", "handler": "I"})
    assert (await _send(world, _staged())).codes == ["158,68"]
    assert (await world.call("POST", _QUERY, b"<VOUCHER_BUILD/>")).status == 401
    assert (await world.sim("messages"))["messages"] == []


async def test_a_message_can_be_lost_and_a_build_can_stay_away_by_plan(world: World) -> None:
    await world.fault(kind="lost_message")
    assert (await _send(world, _staged())).xml.get("type") == "success"
    assert await world.kept("Staged") == []
    await _stage(world, _staged())
    await world.fault(kind="build_stuck", count=2)
    await world.batch(2)
    assert (await world.kept("Staged"))[0]["status"] == "N"
    await world.batch()
    assert (await world.kept("Voucher"))[0]["ref"] == "ST-S1"
