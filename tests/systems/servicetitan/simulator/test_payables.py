"""What becomes of bills and returns: changed, canceled, paid, credited at once or later, taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.systems.servicetitan.simulator.test_corrections import refused
from tests.systems.servicetitan.simulator.world import World


async def vendors(tenant: World) -> list[int]:
    return [row["id"] for row in (await tenant.get("inventory/vendors"))["data"]]


async def bill(tenant: World, vendor: int, amount: str = "150.00", posted: bool = True) -> int:
    events: list[dict[str, Any]] = [
        {"do": "enter_bill", "vendor": vendor, "business_unit": 901, "expenses": [{"amount": amount}], "as": "b"}
    ]
    events += [{"do": "post_bills", "bills": ["@b.bill"]}] if posted else []
    return int((await tenant.do(*events))[0]["bill"])


async def vendor_balance(tenant: World, vendor: int) -> str:
    found = [row["balance"] for row in (await tenant.control("balances"))["vendors"] if row["id"] == vendor]
    return str(found[0]) if found else "0.00"


async def test_a_payment_settles_posted_bills_and_opens_them_when_it_is_stopped(tenant: World) -> None:
    vendor = (await vendors(tenant))[0]
    first, second = await bill(tenant, vendor), await bill(tenant, vendor, "40.00")
    event = {
        "do": "pay_bills",
        "vendor": vendor,
        "business_unit": 901,
        "bills": [{"bill": first}, {"bill": second, "amount": "15.00"}],
    }
    made = (await tenant.do(event | {"date": "2026-03-01"}))[0]["ap_payment"]
    row = (await tenant.get(f"accounting/ap-payments?ids={made}"))["data"][0]
    assert (row["amount"], row["status"], row["syncStatus"], row["date"]) == (165, "Paid", "Posted", "2026-03-01T00:00:00Z")
    assert [(one["inventoryBillId"], one["amount"], one["active"]) for one in row["splits"]] == [
        (first, 150, True),
        (second, 15, True),
    ]
    assert await vendor_balance(tenant, vendor) == "25.00"
    assert "open" in await refused(tenant, event | {"bills": [{"bill": second, "amount": "25.01"}]})
    assert "settled" in await refused(tenant, {"do": "cancel_bill", "bill": second})
    await tenant.do({"do": "void_bill_payment", "ap_payment": made})
    row = (await tenant.get(f"accounting/ap-payments?ids={made}"))["data"][0]
    assert (row["status"], row["active"], [one["active"] for one in row["splits"]]) == ("Cancelled", False, [False, False])
    assert await vendor_balance(tenant, vendor) == "190.00"
    assert "Cancelled" in await refused(tenant, {"do": "void_bill_payment", "ap_payment": made})


async def test_bills_that_are_pending_foreign_or_not_to_be_paid_are_not_paid(tenant: World) -> None:
    mine, other = (await vendors(tenant))[:2]
    held = await bill(tenant, mine)
    await tenant.do({"do": "change_bill", "bill": held, "do_not_pay": True})
    assert (await tenant.get(f"accounting/ap-bills/{held}"))["doNotPay"] is True
    for wrong in (await bill(tenant, mine, posted=False), await bill(tenant, other), held):
        event = {"do": "pay_bills", "vendor": mine, "business_unit": 901, "bills": [{"bill": wrong}]}
        assert "not to be paid" in await refused(tenant, event)


async def test_a_posted_bill_is_taken_back_before_it_is_changed(tenant: World) -> None:
    vendor = (await vendors(tenant))[0]
    source_id = await bill(tenant, vendor)
    change = {
        "do": "change_bill",
        "bill": source_id,
        "expenses": [{"amount": "77.10"}, {"amount": "2.00"}],
        "vendor_number": "INV-9",
    }
    assert "locked" in await refused(tenant, change)
    await tenant.do({"do": "unpost_bills", "bills": [source_id]}, change, {"do": "post_bills", "bills": [source_id]})
    row = await tenant.get(f"accounting/ap-bills/{source_id}")
    assert (row["billAmount"], row["vendorInvoiceTotal"], row["vendorNumber"], row["syncStatus"]) == (
        "79.10",
        "79.10",
        "INV-9",
        "Posted",
    )
    assert await vendor_balance(tenant, vendor) == "79.10"


async def test_an_exported_bill_is_locked(tenant: World) -> None:
    source_id = await bill(tenant, (await vendors(tenant))[0])
    await tenant.send("POST", "accounting/ap-bills/markasexported", {"billIds": [source_id]})
    await tenant.do({"do": "unpost_bills", "bills": [source_id]})
    assert (await tenant.get(f"accounting/ap-bills/{source_id}"))["syncStatus"] == "Exported"
    assert "exported" in await refused(tenant, {"do": "cancel_bill", "bill": source_id})


async def test_a_canceled_bill_is_owed_no_more_and_canceled_once(tenant: World) -> None:
    vendor = (await vendors(tenant))[0]
    source_id = await bill(tenant, vendor)
    await tenant.do({"do": "cancel_bill", "bill": source_id})
    assert (await tenant.get(f"accounting/ap-bills/{source_id}"))["status"] == "Canceled"
    assert await vendor_balance(tenant, vendor) == "0.00"
    assert "Canceled" in await refused(tenant, {"do": "cancel_bill", "bill": source_id})


async def test_returned_parts_become_a_credit_that_is_split_later(tenant: World) -> None:
    vendor = (await vendors(tenant))[0]
    source_id = await bill(tenant, vendor)
    parts = {"vendor": vendor, "business_unit": 901, "items": [{"sku": "MAT-CAP", "quantity": "2"}], "tax": "3.52"}
    made = await tenant.do({"do": "return_parts", "as": "r", **parts}, {"do": "vendor_credit", "return": "@r"})
    returned, credit = made[0]["return"], made[1]["credit"]
    row = (await tenant.get(f"inventory/returns?ids={returned}"))["data"][0]
    assert (row["returnAmount"], row["taxAmount"], row["status"]) == (Decimal("46.22"), Decimal("3.52"), "CreditReceived")
    assert [(one["code"], one["quantity"], one["cost"]) for one in row["items"]] == [("MAT-CAP", 2, Decimal("21.35"))]
    assert "CreditReceived" in await refused(tenant, {"do": "vendor_credit", "return": returned})
    assert await vendor_balance(tenant, vendor) == "103.78"
    await tenant.do({"do": "apply_vendor_credit", "credit": credit, "bill": source_id, "amount": "20.00"})
    await tenant.do({"do": "apply_vendor_credit", "credit": credit, "bill": source_id})
    shown = (await tenant.get(f"accounting/ap-credits?ids={credit}"))["data"][0]
    assert (shown["inventoryReturnId"], shown["appliedAmount"]) == (returned, Decimal("46.22"))
    assert [one["amount"] for one in shown["splits"]] == [20, Decimal("26.22")]
    assert await vendor_balance(tenant, vendor) == "103.78", "a split moves nothing between vendor and books"


async def test_a_split_is_taken_back_as_an_inactive_one(tenant: World) -> None:
    vendor, other = (await vendors(tenant))[:2]
    source_id = await bill(tenant, vendor)
    credit = {"do": "vendor_credit", "vendor": vendor, "business_unit": 901, "amount": "31.75"}
    made = (await tenant.do(credit | {"bill": source_id}))[0]["credit"]
    await tenant.do({"do": "unapply_vendor_credit", "credit": made, "bill": source_id})
    shown = (await tenant.get(f"accounting/ap-credits?ids={made}"))["data"][0]
    assert (shown["appliedAmount"], [one["active"] for one in shown["splits"]]) == (0, [False])
    assert "settles nothing" in await refused(tenant, {"do": "unapply_vendor_credit", "credit": made, "bill": source_id})
    foreign = await bill(tenant, other)
    assert "left" in await refused(tenant, {"do": "apply_vendor_credit", "credit": made, "bill": foreign})
    assert "left" in await refused(tenant, {"do": "apply_vendor_credit", "credit": made, "bill": source_id, "amount": "31.76"})


async def test_a_canceled_credit_opens_its_bill_and_its_return(tenant: World) -> None:
    vendor = (await vendors(tenant))[0]
    source_id = await bill(tenant, vendor)
    credit = {"do": "vendor_credit", "vendor": vendor, "business_unit": 901, "amount": "31.75", "bill": source_id}
    made = (await tenant.do(credit))[0]["credit"]
    await tenant.do({"do": "cancel_vendor_credit", "credit": made})
    shown = (await tenant.get(f"accounting/ap-credits?ids={made}"))["data"]
    assert await vendor_balance(tenant, vendor) == "150.00"
    returns = (await tenant.get("inventory/returns"))["data"]
    assert [row["status"] for row in returns] == ["Returned"]
    assert shown[0]["canceledOn"] is not None
    assert "canceled" in await refused(tenant, {"do": "apply_vendor_credit", "credit": made, "bill": source_id})
    await tenant.do({"do": "cancel_return", "return": returns[0]["id"], "reason": "Accidental"})
    row = (await tenant.get("inventory/export/returns?includeRecentChanges=true"))["data"][0]
    assert (row["status"], row["canceledReason"]) == ("Canceled", "Accidental")
