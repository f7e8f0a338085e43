"""Orders over the API, against the vendor's documents: an id alone, a whole list of items, refusals by member, types that receive by themselves."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.world import World, world

PATH = "inventory/purchase-orders"
ITEM = {"skuId": 10002, "description": "Ball valve", "vendorPartNumber": "V1", "quantity": 3, "cost": 14.22}
ADDRESS = {"street": "1 A", "unit": "", "city": "Austin", "state": "TX", "zip": "78701", "country": "USA"}
BODY: dict[str, Any] = {
    "vendorId": 70001,
    "typeId": 2001,
    "businessUnitId": 901,
    "inventoryLocationId": 802,
    "shipTo": {"description": "North", "address": ADDRESS},
    "impactsTechnicianPayroll": False,
    "date": "2026-03-02T00:00:00Z",
    "requiredOn": "2026-03-05T00:00:00Z",
    "tax": 1.5,
    "shipping": 0,
    "memo": "Leave at the door",
    "items": [ITEM],
}


async def made(there: World, **changes: Any) -> dict[str, Any]:
    """A new order as it is read."""
    answer = await there.send("POST", PATH, BODY | changes)
    assert set(answer) == {"id"}
    row: dict[str, Any] = await there.get(f"{PATH}/{answer['id']}")
    return row


async def refused(there: World, method: str, path: str, body: Any) -> str:
    reply = await there.api(method, path, json=body)
    assert reply.status == 400, reply.text
    return reply.text


async def test_a_new_order_is_pending_and_every_reference_of_it_has_to_be_there(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents) as there:
        row = await made(there)
        assert (row["status"], str(row["total"]), row["summary"]) == ("Pending", "44.16", "Leave at the door")
        for change, word in (
            ({"typeId": 9}, "TypeId"),
            ({"vendorId": 9}, "VendorId"),
            ({"inventoryLocationId": None}, "InventoryLocationId"),
            ({"inventoryLocationId": 9}, "InventoryLocationId"),
            ({"shipTo": {"description": "x"}}, "ShipTo"),
            ({"items": []}, "Items"),
            ({"items": [ITEM | {"skuId": 20001}]}, "Items"),
            ({"items": [ITEM | {"quantity": 0}]}, "Items"),
            ({"status": "Received"}, "status"),
        ):
            assert word in await refused(there, "POST", PATH, BODY | change)
        assert len((await there.get(PATH))["data"]) == 1


async def test_a_change_drops_what_is_not_on_the_list_but_never_what_was_received(
    tmp_path: Path, documents: list[Validator]
) -> None:
    async with world(tmp_path, documents) as there:
        row = await made(there, items=[ITEM, ITEM | {"skuId": 10001, "cost": 9}])
        first, second = row["items"]
        keep = {"id": first["id"], **ITEM, "quantity": 5}
        await there.send("PATCH", f"{PATH}/{row['id']}", {"items": [keep, {"id": 0, **ITEM, "skuId": 15001}]})
        after = await there.get(f"{PATH}/{row['id']}")
        assert [(one["id"], one["quantity"], one["skuCode"]) for one in after["items"]] == [
            (first["id"], 5, "MAT-VALVE"),
            (second["id"] + 1, 3, "EQP-WH50"),
        ]
        await there.do({"do": "receive", "purchase_order": row["id"], "shares": ["2", "0"]})
        gone = {"items": [{"id": second["id"] + 1, **ITEM, "skuId": 15001}]}
        assert "received and cannot be removed" in await refused(there, "PATCH", f"{PATH}/{row['id']}", gone)
        assert "are received" in await refused(there, "PATCH", f"{PATH}/{row['id']}", {"items": [{**keep, "quantity": 1}]})


async def test_a_received_order_changes_in_its_memo_alone_and_an_exported_or_canceled_one_not_at_all(
    tmp_path: Path, documents: list[Validator]
) -> None:
    async with world(tmp_path, documents) as there:
        row, other = await made(there), await made(there)
        path = f"{PATH}/{row['id']}"
        await there.do({"do": "receive", "purchase_order": row["id"]})
        await there.send("PATCH", path, {"memo": "done"})
        assert "is received" in await refused(there, "PATCH", path, {"tax": 2})
        assert "cannot be canceled" in await refused(there, "PATCH", f"{path}/cancellation", {"canceledReason": "Other"})
        await there.do({"do": "export_orders", "purchase_orders": [row["id"]]})
        assert "exported and cannot be edited" in await refused(there, "PATCH", path, {"memo": "x"})
        await there.send("PATCH", f"{PATH}/{other['id']}/cancellation", {"canceledReason": "Duplicate"})
        assert "canceled and cannot be edited" in await refused(there, "PATCH", f"{PATH}/{other['id']}", {"memo": "x"})


async def test_some_types_receive_by_themselves_and_make_the_bill(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents) as there:
        row = await made(there, typeId=2002, vendorInvoiceNumber="VI-1")
        assert row["status"] == "Received"
        (receipt,) = (await there.get("inventory/receipts"))["data"]
        (bill,) = (await there.get("accounting/ap-bills"))["data"]
        assert (receipt["purchaseOrderId"], receipt["billId"], bill["vendorNumber"]) == (row["id"], bill["id"], "VI-1")


@pytest.mark.parametrize("posted", [False, True])
async def test_a_canceled_receipt_opens_its_order_again_unless_its_bill_is_posted(
    tmp_path: Path, documents: list[Validator], posted: bool
) -> None:
    async with world(tmp_path, documents) as there:
        row = await made(there)
        (received,) = await there.do({"do": "receive", "purchase_order": row["id"]})
        if posted:
            await there.do({"do": "post_bills", "bills": [received["bill"]]})
        reply = await there.call(
            "POST", "/__sim__/events", json={"events": [{"do": "cancel_receipt", "receipt": received["receipt"]}]}
        )
        after = await there.get(f"{PATH}/{row['id']}")
        assert (reply.status, after["status"], str(after["items"][0]["quantityReceived"])) == (
            (400, "Received", "3") if posted else (200, "Pending", "0")
        )


async def test_half_of_the_first_two_lines_of_a_receipt_goes_back_once(tmp_path: Path) -> None:
    async with world(tmp_path, []) as there:
        await made(there, items=[ITEM | {"quantity": 4}, ITEM | {"quantity": 3}, ITEM | {"quantity": 2}])
        await there.do({"do": "receive_ordered", "most": 1}, {"do": "receive_ordered", "most": 1})
        receipts = (await there.control("holdings?entity=receipts"))["holdings"]
        await there.do(*[{"do": "return_received", "most": 3} for _ in range(2)])
        back = (await there.control("holdings?entity=returns"))["holdings"]
        assert [len(row["lines"]) for row in back] == [2] * len(receipts)
        assert Decimal(0) < sum(Decimal(line["quantity"]) for row in back for line in row["lines"]) < 9


async def test_people_receive_what_an_app_ordered_send_some_back_and_post_its_bills(tmp_path: Path) -> None:
    """Orders that people made themselves are left to the day that made them."""
    async with world(tmp_path, []) as there:
        ordered = [await made(there, items=[ITEM | {"quantity": 4}]) for _ in range(3)]
        own = {"do": "order", "vendor": 70001, "business_unit": 901, "items": [{"sku": "MAT-CAP", "quantity": 1}]}
        await there.do(own, *[{"do": "receive_ordered", "most": 2} for _ in range(3)])
        statuses = [(await there.get(f"{PATH}/{row['id']}"))["status"] for row in ordered]
        receipts = (await there.control("holdings?entity=receipts"))["holdings"]
        assert statuses == ["Received"] * 3
        assert {row["purchase_order_id"] for row in receipts} == {row["id"] for row in ordered}
        assert len(receipts) == 4, "one of them came in two deliveries"
        assert sum(float(line["quantity"]) for row in receipts for line in row["lines"]) == 12
        await there.do(*[{"do": "return_received", "most": 2} for _ in range(3)], {"do": "post_bills", "ordered": True})
        back = (await there.control("holdings?entity=returns"))["holdings"]
        bills = (await there.control("holdings?entity=bills"))["holdings"]
        assert sorted(line["quantity"] for row in back for line in row["lines"]) == ["1", "1", "2", "2"], (
            "half of each receipt, once"
        )
        assert {row["status"] for row in bills} == {"Posted"}
