"""How money settles documents: payments of several forms, deliveries in parts, balances; and that a refusal leaves nothing behind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.systems.servicetitan.simulator.world import START, World

Row = dict[str, Any]


async def customer(tenant: World) -> int:
    made = await tenant.do({"do": "create_customer", "name": "Ana O'Brien", "phone": "(512) 555-0101", "tax_zone": "Round Rock TX"})
    return int(made[0]["customer"])


async def job(tenant: World, *items: Row, posted: bool = True, **members: Any) -> int:
    """The invoice of a job with these items."""
    who = members.pop("customer", None) or await customer(tenant)
    events: list[Row] = [{"do": "book_job", "customer": who, "business_unit": 901, "as": "j"} | members]
    if items:
        events.append({"do": "add_items", "invoice": "@j.invoice", "items": list(items)})
    events.append({"do": "complete_job", "job": "@j.job"})
    events += [{"do": "post", "invoices": ["@j.invoice"]}] if posted else []
    return int((await tenant.do(*events))[0]["invoice"])


async def invoice(tenant: World, source_id: int) -> Row:
    found: Row = (await tenant.get(f"accounting/invoices?ids={source_id}&activeState=All"))["data"][0]
    return found


async def payment(tenant: World, source_id: int) -> Row:
    found: Row = (await tenant.get(f"accounting/payments?ids={source_id}&activeState=All"))["data"][0]
    return found


async def test_money_is_text_in_invoices_and_a_number_elsewhere(tenant: World) -> None:
    who = await customer(tenant)
    source_id = await job(tenant, {"sku": "SVC-HOUR", "quantity": "1.5"}, customer=who)
    text = (await tenant.api("GET", f"accounting/invoices?ids={source_id}")).text
    assert '"total":"217.50"' in text
    assert '"quantity":"1.5"' in text
    text = (await tenant.api("GET", f"crm/customers?ids={who}")).text
    assert '"balance":217.50' in text


async def test_one_payment_settles_two_invoices(tenant: World) -> None:
    who = await customer(tenant)
    first, second = [await job(tenant, {"sku": "SVC-DIAG"}, customer=who) for _ in range(2)]
    split = [{"invoice": first}, {"invoice": second, "amount": "40.00"}]
    made = await tenant.do({"do": "pay", "type": "Check", "invoices": split})
    row = await payment(tenant, made[0]["payment"])
    assert (row["total"], row["unappliedAmount"], row["type"], row["typeId"]) == ("129.00", "0.00", "Check", "202")
    assert [(split["appliedTo"], split["appliedAmount"]) for split in row["appliedTo"]] == [(first, "89.00"), (second, "40.00")]
    assert [(await invoice(tenant, one))["balance"] for one in (first, second)] == ["0.00", "49.00"]
    assert (await invoice(tenant, first))["paidOn"] is not None


async def test_money_on_account_is_applied_later_and_the_rest_given_back(tenant: World) -> None:
    who = await customer(tenant)
    source_id = await job(tenant, {"sku": "SVC-DIAG"}, customer=who)
    made = await tenant.do(
        {"do": "pay", "type": "Cash", "customer": who, "amount": "100.00", "business_unit": 901, "as": "p"},
        {"do": "apply", "payment": "@p", "invoice": source_id},
        {"do": "refund", "payment": "@p"},
    )
    row, refund = await payment(tenant, made[0]["payment"]), await payment(tenant, made[2]["payment"])
    assert (row["total"], row["unappliedAmount"]) == ("100.00", "0.00")
    assert (refund["total"], refund["refundedPaymentId"]) == ("-11.00", row["id"])
    held = (await tenant.get(f"crm/customers/{who}"))["balance"]
    assert held == Decimal("0.00")


async def test_a_voided_payment_opens_its_invoice_again(tenant: World) -> None:
    source_id = await job(tenant, {"sku": "SVC-DIAG"})
    await tenant.do(
        {"do": "pay", "type": "ACH", "invoices": [{"invoice": source_id}], "as": "p"}, {"do": "void_payment", "payment": "@p"}
    )
    assert (await invoice(tenant, source_id))["balance"] == "89.00"


async def test_an_order_received_in_parts_makes_two_bills(tenant: World) -> None:
    vendor = (await tenant.get("inventory/vendors"))["data"][0]["id"]
    made = await tenant.do(
        {
            "do": "order",
            "vendor": vendor,
            "business_unit": 903,
            "items": [{"sku": "MAT-CAP", "quantity": 3}],
            "tax": "1.00",
            "as": "o",
        },
        {"do": "receive", "purchase_order": "@o", "shares": [1]},
        {"do": "receive", "purchase_order": "@o"},
    )
    bills = [await tenant.get(f"accounting/ap-bills/{part['bill']}") for part in made[1:]]
    assert [bill["billAmount"] for bill in bills] == ["22.35", "42.70"]
    assert len({bill["vendorNumber"] for bill in bills}) == 2


async def test_a_change_of_balance_is_no_change_of_master_data(tenant: World) -> None:
    who = await customer(tenant)
    await tenant.clock.turn(seconds=10)
    await tenant.do({"do": "change_balance", "customer": who, "balance": "9.00"})
    since = f"crm/customers?ids={who}&modifiedOnOrAfter={START.isoformat()[:-6].replace(':00:00', ':00:05')}Z"
    assert len((await tenant.get(since))["data"]) == 1
    assert (await tenant.get(f"{since}&excludeAccountingChangesFromModifiedDateRange=true"))["data"] == []


async def test_a_refused_event_leaves_nothing_behind(tenant: World) -> None:
    source_id = await job(tenant, {"sku": "SVC-DIAG"})
    before = await invoice(tenant, source_id)
    bad = {"do": "pay", "type": "Barter", "invoices": [{"invoice": source_id}]}
    reply = await tenant.call("POST", "/__sim__/events", json={"events": [bad]})
    assert reply.status == 400
    assert await invoice(tenant, source_id) == before
