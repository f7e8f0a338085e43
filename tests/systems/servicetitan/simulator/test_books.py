"""What happens to documents: the life of an invoice, money received, purchases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.systems.servicetitan.simulator.world import World

ITEMS = [{"sku": "SVC-HOUR", "quantity": "1.5"}, {"sku": "MAT-VALVE", "quantity": 2}, {"sku": "DISC-10", "price": "-20.00"}]


async def booked(tenant: World, **members: Any) -> dict[str, Any]:
    """A job booked for the first customer."""
    customer = (await tenant.get("crm/customers?sort=%2BId"))["data"][0]
    made = await tenant.do({"do": "book_job", "customer": customer["id"], "business_unit": 901, **members})
    return made[0]


async def invoice(tenant: World, source_id: int) -> dict[str, Any]:
    found: list[dict[str, Any]] = (await tenant.get(f"accounting/invoices?ids={source_id}&activeState=All"))["data"]
    return found[0]


async def test_a_booked_job_has_an_invoice_at_zero_without_items(tenant: World) -> None:
    made = await booked(tenant)
    row = await invoice(tenant, made["invoice"])
    assert row["items"] is None
    assert (row["total"], row["balance"], row["syncStatus"]) == ("0.00", "0.00", "Pending")
    assert row["job"] == {"id": made["job"], "number": made["number"], "type": "Service Call"}
    assert (await tenant.get(f"jpm/jobs/{made['job']}"))["invoiceId"] == made["invoice"]
    assert row["invoiceDate"] == "2026-03-02T00:00:00Z"


async def test_items_tax_and_discount_add_up_to_the_cent(tenant: World) -> None:
    made = await booked(tenant)
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS})
    row = await invoice(tenant, made["invoice"])
    assert [item["total"] for item in row["items"]] == ["217.50", "77.00", "-20.00"]
    assert (row["subTotal"], row["discountTotal"]) == ("274.50", "20.00")
    assert row["salesTax"] == "6.35", "8.25 % of the taxable valve alone, rounded half up"
    assert row["total"] == row["balance"] == "280.85"


async def test_an_exempt_customer_owes_no_tax(tenant: World) -> None:
    await tenant.do(
        {"do": "create_customer", "name": "Parish", "tax_exempt": True, "as": "c"},
        {"do": "book_job", "location": "@c.location", "business_unit": 902, "as": "j"},
        {"do": "add_items", "invoice": "@j.invoice", "items": ITEMS},
    )
    row = (await tenant.get("accounting/invoices"))["data"][-1]
    assert (row["salesTax"], row["salesTaxCode"], row["total"]) == ("0.00", None, "274.50")


async def test_a_posted_invoice_is_locked_until_it_is_unposted(tenant: World) -> None:
    made = await booked(tenant)
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]})
    row = await invoice(tenant, made["invoice"])
    assert row["syncStatus"] == "Posted"
    assert row["batch"]["id"]
    edit = {"do": "add_items", "invoice": made["invoice"], "items": ITEMS}
    refused = await tenant.call("POST", "/__sim__/events", json={"events": [edit]})
    assert (refused.status, "locked" in refused.text) == (400, True)
    await tenant.do({"do": "unpost", "invoices": [made["invoice"]]}, edit)
    assert (await invoice(tenant, made["invoice"]))["syncStatus"] == "Pending"


async def test_sent_and_review_edits_move_the_change_time_and_no_amount(tenant: World) -> None:
    made = await booked(tenant)
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]})
    before = await invoice(tenant, made["invoice"])
    await tenant.do({"do": "touch_invoice", "invoice": made["invoice"], "sent": "Opened", "review": "Invoiced"})
    after = await invoice(tenant, made["invoice"])
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"sentStatus", "reviewStatus", "modifiedOn"}
    assert after["modifiedOn"] > before["modifiedOn"]


async def test_an_adjustment_has_its_parents_number_and_leaves_it_alone(tenant: World) -> None:
    made = await booked(tenant)
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]})
    line = {"sku": "SVC-HOUR", "price": "-40.00", "taxable": False}
    adjusted = (await tenant.do({"do": "adjust", "invoice": made["invoice"], "items": [line]}))[0]
    row = await invoice(tenant, adjusted["invoice"])
    assert (row["referenceNumber"], row["adjustmentToId"], row["total"]) == (f"{made['number']}-1", made["invoice"], "-40.00")
    assert (await invoice(tenant, made["invoice"]))["total"] == "280.85"


async def test_a_payment_settles_what_it_is_applied_to(tenant: World) -> None:
    made = await booked(tenant)
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]})
    split = {"invoice": made["invoice"], "amount": "100.00"}
    paid = (await tenant.do({"do": "pay", "type": "Check", "invoices": [split], "amount": "150.00"}))[0]
    row = (await tenant.get(f"accounting/payments?ids={paid['payment']}"))["data"][0]
    assert (row["total"], row["unappliedAmount"], row["typeId"]) == ("150.00", "50.00", "202")
    assert [(one["appliedTo"], one["appliedAmount"]) for one in row["appliedTo"]] == [(made["invoice"], "100.00")]
    assert (await invoice(tenant, made["invoice"]))["balance"] == "180.85"
    await tenant.do({"do": "apply", "payment": paid["payment"], "invoice": made["invoice"]})
    row = (await tenant.get(f"accounting/payments?ids={paid['payment']}"))["data"][0]
    assert ([one["appliedAmount"] for one in row["appliedTo"]], row["unappliedAmount"]) == (["100.00", "50.00"], "0.00")


async def test_a_refund_is_a_negative_payment_that_names_what_it_gives_back(tenant: World) -> None:
    made = await booked(tenant)
    customer = (await invoice(tenant, made["invoice"]))["customer"]["id"]
    paid = (await tenant.do({"do": "pay", "customer": customer, "type": "Cash", "amount": "80.00", "business_unit": 901}))[0]
    back = (await tenant.do({"do": "refund", "payment": paid["payment"], "amount": "30.00"}))[0]
    row = (await tenant.get(f"accounting/payments?ids={back['payment']}"))["data"][0]
    assert (row["total"], row["refundedPaymentId"]) == ("-30.00", paid["payment"])
    refused = await tenant.call(
        "POST", "/__sim__/events", json={"events": [{"do": "refund", "payment": paid["payment"], "amount": "60"}]}
    )
    assert refused.status == 400


async def test_a_received_order_makes_one_bill_per_receipt(tenant: World) -> None:
    vendor = (await tenant.get("inventory/vendors"))["data"][0]["id"]
    items = [{"sku": "MAT-VALVE", "quantity": 4, "cost": "10.00"}]
    order = {"do": "order", "vendor": vendor, "business_unit": 901, "items": items, "tax": "3.30", "shipping": "7.00", "as": "o"}
    first = {"do": "receive", "purchase_order": "@o", "shares": [1], "vendor_number": "V-1"}
    made = await tenant.do(order, first, {"do": "receive", "purchase_order": "@o"})
    bills = [await tenant.get(f"accounting/ap-bills/{one['bill']}") for one in made[1:]]
    assert [bill["billAmount"] for bill in bills] == ["20.30", "30.00"]
    assert {bill["purchaseOrderId"] for bill in bills} == {made[0]["purchase_order"]}
    assert bills[0]["vendorNumber"] == "V-1"
    order_row = await tenant.get(f"inventory/purchase-orders/{made[0]['purchase_order']}")
    assert (order_row["status"], order_row["total"]) == ("Received", Decimal("50.30"))
    listed = await tenant.get("accounting/inventory-bills")
    assert [row["id"] for row in listed] == [bill["id"] for bill in bills], "the older list is a bare array"


async def test_money_of_bills_is_text_and_of_orders_a_number(tenant: World) -> None:
    vendor = (await tenant.get("inventory/vendors"))["data"][0]["id"]
    items = [{"sku": "MAT-VALVE", "quantity": 4, "cost": "10.10"}]
    await tenant.do(
        {"do": "order", "vendor": vendor, "business_unit": 901, "items": items, "as": "o"},
        {"do": "receive", "purchase_order": "@o"},
    )
    assert '"billAmount":"40.40"' in (await tenant.api("GET", "accounting/ap-bills")).text
    assert '"total":40.40' in (await tenant.api("GET", "inventory/purchase-orders")).text


async def test_a_canceled_bill_sets_its_order_back(tenant: World) -> None:
    vendor = (await tenant.get("inventory/vendors"))["data"][0]["id"]
    items = [{"sku": "MAT-VALVE", "quantity": 4}]
    made = await tenant.do(
        {"do": "order", "vendor": vendor, "business_unit": 901, "items": items, "as": "o"},
        {"do": "receive", "purchase_order": "@o", "as": "r"},
        {"do": "post_bills", "bills": ["@r.bill"]},
        {"do": "cancel_bill", "bill": "@r.bill"},
    )
    bill = await tenant.get(f"accounting/ap-bills/{made[1]['bill']}")
    assert (bill["status"], bill["dateCanceled"] is not None) == ("Canceled", True)
    assert (await tenant.get(f"inventory/purchase-orders/{made[0]['purchase_order']}"))["status"] == "Pending"
    exported = (await tenant.get("accounting/export/inventory-bills?includeRecentChanges=true"))["data"]
    assert [row["active"] for row in exported] == [False]


async def test_a_vendor_credit_is_applied_to_its_bill(tenant: World) -> None:
    vendor = (await tenant.get("inventory/vendors"))["data"][0]["id"]
    made = await tenant.do(
        {"do": "enter_bill", "vendor": vendor, "business_unit": 903, "expenses": [{"amount": "60.00"}], "as": "b"},
        {"do": "post_bills", "bills": ["@b"]},
        {"do": "vendor_credit", "vendor": vendor, "business_unit": 903, "amount": "12.50", "bill": "@b"},
    )
    row = (await tenant.get("accounting/ap-credits"))["data"][0]
    assert (row["amount"], row["syncStatus"]) == (Decimal("12.50"), "Posted")
    assert [(one["inventoryBillId"], one["amount"]) for one in row["splits"]] == [(made[0]["bill"], Decimal("12.50"))]
    assert (await tenant.get("accounting/ap-bills"))["data"] == [], "the list shows bills of procurement alone"
    assert len((await tenant.get("accounting/ap-bills?billType=ApBill"))["data"]) == 1


async def test_a_merged_customer_names_its_survivor_and_gives_its_documents_away(tenant: World) -> None:
    lost, kept = (row["id"] for row in (await tenant.get("crm/customers?sort=%2BId"))["data"][:2])
    made = await booked(tenant)
    await tenant.do({"do": "merge_customers", "customer": lost, "into": kept})
    row = (await tenant.get(f"crm/customers?ids={lost}&active=Any"))["data"][0]
    assert (row["mergedToId"], row["active"]) == (kept, False)
    assert (await invoice(tenant, made["invoice"]))["customer"]["id"] == kept


async def test_an_imported_balance_says_so(tenant: World) -> None:
    location = (await tenant.get("crm/locations"))["data"][0]["id"]
    event = {"do": "import_balance", "location": location, "business_unit": 904, "amount": "310.00", "date": "2025-12-15"}
    made = (await tenant.do(event))[0]
    row = await invoice(tenant, made["invoice"])
    assert (row["invoiceConfiguration"], row["total"], row["job"]) == ("ARImportInvoice", "310.00", None)
    assert row["invoiceDate"] == "2025-12-15T00:00:00Z"


async def test_a_renamed_business_unit_keeps_its_id_and_documents_their_name(tenant: World) -> None:
    made = await booked(tenant)
    await tenant.do({"do": "rename_business_unit", "business_unit": 901, "name": "Plumbing - North"})
    assert (await tenant.get("settings/business-units/901"))["name"] == "Plumbing - North"
    assert (await invoice(tenant, made["invoice"]))["businessUnit"]["name"] == "Plumbing - Service"


@pytest.mark.parametrize(
    "event",
    [
        {"do": "fly"},
        {"do": "book_job", "customer": 1, "business_unit": 901},
        {"do": "post", "invoices": ["@nobody"]},
        {"do": "pay", "customer": 3_010_000_001, "type": "Shells", "amount": "1.00"},
    ],
)
async def test_an_event_that_makes_no_sense_is_refused_and_changes_nothing(tenant: World, event: dict[str, Any]) -> None:
    before = (await tenant.control("journal"))["commits"]
    reply = await tenant.call("POST", "/__sim__/events", json={"events": [event]})
    assert (reply.status, bool(reply.data["error"])) == (400, True)
    assert (await tenant.control("journal"))["commits"] == before
