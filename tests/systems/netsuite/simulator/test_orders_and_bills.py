"""Purchase orders, bills by transform of them, bills by themselves, credits, and what people do to them."""

from __future__ import annotations

from typing import Any

from tests.systems.netsuite.simulator.world import MATERIALS, VENDOR, Client, Make, World, bill, order


async def status(client: Client, path: str) -> str:
    return str((await client.read(path))["status"]["refName"])


async def test_a_bill_is_made_of_an_order_and_closes_it(world: World, client: Client, vendor: str) -> None:
    key = await client.made("purchaseOrder", order(vendor, externalId="ST-1|order".replace("|", "_"), department={"id": "2"}))
    made = await client.made(
        f"purchaseOrder/{key}/!transform/vendorBill", {"externalId": "ST-1", "tranId": "V-77", "tranDate": "2026-03-10"}
    )
    row = await client.read(f"vendorBill/{made}")
    assert (row["total"], row["tranId"], row["tranDate"], row["externalId"], row["createdFrom"]["id"]) == (
        231.5,
        "V-77",
        "2026-03-10",
        "ST-1",
        key,
    )
    assert (row["postingPeriod"]["refName"], row["dueDate"], row["department"]["id"]) == ("Mar 2026", "2026-03-10", "2")
    assert [(line["orderDoc"]["id"], line["orderLine"], line["quantity"]) for line in row["item"]["items"]] == [
        (key, 1, 3),
        (key, 2, 2.5),
    ]
    held = await client.read(f"purchaseOrder/{key}")
    assert (held["status"], [line["quantityBilled"] for line in held["item"]["items"]]) == (
        {"id": "G", "refName": "Fully Billed"},
        [3, 2.5],
    )
    again = await client.call("POST", f"purchaseOrder/{key}/!transform/vendorBill", {"externalId": "ST-2"})
    assert again.problem[:2] == (400, "USER_ERROR")
    assert "fully billed" in again.words
    assert [row["operation"] for row in await world.journal("vendorBill")] == ["create"]
    books = await world.sim("balances")
    assert books["vendors"] == [{"id": vendor, "open": "231.50", "balance": "231.50"}]
    assert {row["account"]: row["balance"] for row in books["accounts"]} == {"2000": "-231.50", "5000": "31.50", "5100": "200.00"}
    links = "SELECT previousdoc, previoustype, nextdoc, foreignamount FROM nexttransactionlinelink WHERE linktype = 'OrdBill' ORDER BY foreignamount"
    assert [row["foreignamount"] for row in await client.rows(links)] == ["31.5", "200"]


async def test_a_bill_of_a_part_leaves_the_rest_to_bill(client: Client, vendor: str) -> None:
    key = await client.made("purchaseOrder", order(vendor))
    part = {"item": {"items": [{"orderLine": 1, "quantity": 2}]}}
    made = await client.made(f"purchaseOrder/{key}/!transform/vendorBill", part, replace="item")
    assert (await client.read(f"vendorBill/{made}"))["total"] == 21
    held = await client.read(f"purchaseOrder/{key}")
    assert [line["quantityBilled"] for line in held["item"]["items"]] == [2, 0]
    more = {"item": {"items": [{"orderLine": 1, "quantity": 2}]}}
    answer = await client.call("POST", f"purchaseOrder/{key}/!transform/vendorBill", more, replace="item")
    assert answer.problem == (400, "USER_ERROR", "item.items[0].quantity")
    none = {"item": {"items": [{"orderLine": 9, "quantity": 1}]}}
    assert (await client.call("POST", f"purchaseOrder/{key}/!transform/vendorBill", none)).problem == (
        400,
        "INVALID_CONTENT",
        "item.items[0].orderLine",
    )
    rest = await client.made(f"purchaseOrder/{key}/!transform/vendorBill", {"item": {"items": [{"orderLine": 2, "amount": 210}]}})
    assert (await client.read(f"vendorBill/{rest}"))["total"] == 220.5
    assert await status(client, f"purchaseOrder/{key}") == "Fully Billed"
    assert (await client.call("DELETE", f"vendorBill/{rest}")).status == 204
    held = await client.read(f"purchaseOrder/{key}")
    assert [line["quantityBilled"] for line in held["item"]["items"]] == [2, 0]
    assert (await client.call("DELETE", f"purchaseOrder/{key}")).problem[:2] == (400, "USER_ERROR")


async def test_an_account_may_bill_only_what_was_received(make: Make) -> None:
    world = await make(bill_before_receipt=False)
    client = await world.client()
    vendor = await client.made("vendor", VENDOR)
    goods = {"items": [{"item": {"id": "1"}, "quantity": 3, "rate": 10.5}]}
    key = await client.made("purchaseOrder", order(vendor, item=goods))
    assert "nothing that can be billed" in (await client.call("POST", f"purchaseOrder/{key}/!transform/vendorBill", {})).words
    await world.sim("receive", {"id": key, "lines": {"1": "1"}})
    assert await status(client, f"purchaseOrder/{key}") == "Pending Billing/Partially Received"
    made = await client.made(f"purchaseOrder/{key}/!transform/vendorBill", {})
    assert (await client.read(f"vendorBill/{made}"))["total"] == 10.5
    assert await status(client, f"purchaseOrder/{key}") == "Partially Received"
    await world.sim("receive", {"id": key})
    assert await status(client, f"purchaseOrder/{key}") == "Pending Bill"
    rows = await client.rows(
        "SELECT quantityshiprecv, quantitybilled FROM transactionline WHERE mainline = 'F' AND transaction = " + key
    )
    assert rows == [{"quantityshiprecv": "3", "quantitybilled": "1"}]


async def test_an_order_that_waits_for_approval_is_not_billed(make: Make) -> None:
    world = await make(order_approval=True, bill_approval=True)
    client = await world.client()
    vendor = await client.made("vendor", VENDOR)
    key = await client.made("purchaseOrder", order(vendor))
    assert "pending approval" in (await client.call("POST", f"purchaseOrder/{key}/!transform/vendorBill", {})).words
    await world.sim("approve", {"type": "purchaseOrder", "id": key})
    made = await client.made(f"purchaseOrder/{key}/!transform/vendorBill", {})
    assert await status(client, f"vendorBill/{made}") == "Pending Approval"
    assert (await world.sim("balances"))["vendors"] == []
    assert await client.rows(f"SELECT posting, approvalstatus FROM transaction WHERE id = {made}") == [
        {"posting": "F", "approvalstatus": "1"}
    ]
    assert (await client.call("PATCH", f"vendorBill/{made}", {"approvalStatus": "2"})).problem == (
        400,
        "USER_ERROR",
        "approvalStatus",
    )
    await world.sim("approve", {"type": "vendorBill", "id": made})
    assert (await world.sim("balances"))["vendors"][0]["balance"] == "231.50"


async def test_a_closed_order_takes_no_change(world: World, client: Client, vendor: str) -> None:
    key = await client.made("purchaseOrder", order(vendor))
    await client.made(f"purchaseOrder/{key}", {"item": {"items": [{"line": 1, "quantity": 4}]}}, "PATCH")
    assert (await client.read(f"purchaseOrder/{key}"))["total"] == 242
    await world.sim("close", {"id": key})
    assert await status(client, f"purchaseOrder/{key}") == "Closed"
    assert (await client.call("PATCH", f"purchaseOrder/{key}", {"memo": "more"})).problem[:2] == (400, "USER_ERROR")


async def test_a_bill_that_a_person_paid_keeps_its_total(world: World, client: Client, vendor: str) -> None:
    key = await client.made("vendorBill", bill(vendor, 100, externalId="ST-1"))
    paid = await world.sim("pay", {"bill": key, "amount": "60.00"})
    row = await client.read(f"vendorBill/{key}")
    assert (row["balance"], row["status"]["refName"]) == (40, "Open")
    payment = await client.read(f"vendorPayment/{paid['id']}")
    assert (payment["total"], payment["apply"]["items"][0]["doc"]["id"], payment["apply"]["items"][0]["amount"]) == (60, key, 60)
    assert (await client.call("POST", "vendorPayment", {"entity": vendor})).problem[:2] == (403, "INSUFFICIENT_PERMISSION")
    less = {"expense": {"items": [{"line": 1, "amount": 50}]}}
    assert (await client.call("PATCH", f"vendorBill/{key}", less)).problem[:2] == (400, "USER_ERROR")
    assert (await client.call("DELETE", f"vendorBill/{key}")).problem[:2] == (400, "USER_ERROR")
    await world.sim("pay", {"bill": key})
    assert await status(client, f"vendorBill/{key}") == "Paid In Full"
    await world.sim("remove", {"type": "vendorPayment", "id": paid["id"]})
    assert (await client.read(f"vendorBill/{key}"))["balance"] == 60


async def test_a_vendor_credit_is_applied_to_bills(world: World, client: Client, vendor: str) -> None:
    key = await client.made("vendorBill", bill(vendor, 100))
    credit: dict[str, Any] = bill(vendor, 130) | {"apply": {"items": [{"doc": {"id": key}}]}}
    made = await client.made("vendorCredit", credit)
    row = await client.read(f"vendorCredit/{made}")
    assert (row["total"], row["applied"], row["unApplied"], row["status"]["refName"]) == (130, 100, 30, "Open")
    assert await status(client, f"vendorBill/{key}") == "Paid In Full"
    await client.made(f"vendorCredit/{made}", {"apply": {"items": [{"doc": {"id": key}, "amount": 70}]}}, "PATCH")
    assert (await client.read(f"vendorBill/{key}"))["balance"] == 30
    await client.made(f"vendorCredit/{made}", {"apply": {"items": [{"doc": {"id": key}, "apply": False}]}}, "PATCH")
    assert (await client.read(f"vendorBill/{key}"))["balance"] == 100
    assert (await world.sim("balances"))["vendors"] == [{"id": vendor, "open": "-30.00", "balance": "-30.00"}]


async def test_a_document_and_its_lines_share_the_subsidiary(client: Client, vendor: str) -> None:
    for changed, path in (
        ({"subsidiary": {"id": "3"}}, "subsidiary"),
        ({"department": {"id": "6"}}, "department"),
        ({"department": {"id": "7"}}, "department"),
        ({"currency": {"id": "2"}}, "currency"),
        ({"account": {"id": MATERIALS}}, "account"),
    ):
        answer = await client.call("POST", "vendorBill", bill(vendor, 5, **changed))
        assert (answer.status, answer.problem[2]) == (400, path), changed
    for account in ("6", "27", "29", "9999"):  # a summary, inactive, statistical, none
        answer = await client.call(
            "POST", "vendorBill", {"entity": vendor, "expense": {"items": [{"account": account, "amount": 5}]}}
        )
        assert answer.problem == (400, "INVALID_CONTENT", "expense.items[0].account"), account


async def test_a_department_may_be_required_on_each_line(make: Make) -> None:
    client = await (await make(department_required=True)).client()
    vendor = await client.made("vendor", VENDOR)
    answer = await client.call("POST", "vendorBill", bill(vendor, 5, department={"id": "2"}))
    assert answer.problem == (400, "INVALID_CONTENT", "expense.items[0].department")
    line = {"account": {"id": MATERIALS}, "amount": 5, "department": {"id": "2"}}
    await client.made("vendorBill", {"entity": vendor, "expense": {"items": [line]}})


async def test_the_same_bill_number_twice_is_a_setting(make: Make) -> None:
    world = await make()
    client = await world.client()
    vendor = await client.made("vendor", VENDOR)
    for _ in range(2):
        await client.made("vendorBill", bill(vendor, 5, tranId="V-1"))
    await world.sim("settings", {"duplicate_bill_number": "refuse"})
    assert (await client.call("POST", "vendorBill", bill(vendor, 5, tranId="V-1"))).problem == (400, "USER_ERROR", "tranId")


async def test_what_a_bill_cannot_be_without(client: Client, vendor: str) -> None:
    assert (await client.call("POST", "vendorBill", {"entity": vendor})).problem == (400, "INVALID_CONTENT", "expense")
    assert (await client.call("POST", "vendorBill", bill(vendor, -5))).problem[:2] == (400, "INVALID_CONTENT")
    assert (await client.call("POST", "vendorBill", {"expense": {"items": []}})).problem == (400, "INVALID_CONTENT", "entity")
    missing = {"entity": vendor, "item": {"items": [{"item": "1", "quantity": 1}]}}
    assert (await client.call("POST", "vendorBill", missing)).problem == (400, "INVALID_CONTENT", "item.items[0].rate")
    assert (await client.read(f"vendorBill/{await client.made('vendorBill', bill(vendor, 12.5, -2.5))}"))["total"] == 10
