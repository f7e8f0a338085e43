"""What the API lets an app write."""

from __future__ import annotations

from typing import Any

from systems.servicetitan.simulator.requested import documented
from systems.servicetitan.simulator.vendors import CREATE
from tests.systems.servicetitan.simulator.test_books import ITEMS, booked, invoice
from tests.systems.servicetitan.simulator.world import World

VENDOR = {
    "name": "Ferris Supply",
    "active": True,
    "isTruckReplenishment": False,
    "taxRate": 0,
    "restrictedMobileCreation": False,
    "address": {"street": "1 Dock", "unit": "", "city": "Austin", "state": "TX", "zip": "78701", "country": "USA"},
}


def _external(tenant: World, values: dict[str, str | None], **more: str) -> dict[str, Any]:
    entries = [{"key": key, "value": value} for key, value in values.items()]
    return {"applicationGuid": tenant.credentials["external_data_application_guid"], "externalData": entries, **more}


async def _held(tenant: World, vendor: int) -> dict[str, str]:
    guid = tenant.credentials["external_data_application_guid"]
    row = (await tenant.get(f"inventory/vendors?ids={vendor}&externalDataApplicationGuid={guid}"))["data"][0]
    return {one["key"]: one["value"] for one in row["externalData"]}


async def test_a_vendor_is_created_and_found_by_its_external_data(tenant: World) -> None:
    body = VENDOR | {"externalData": _external(tenant, {"erpCode": "V77", "ref": "r1"})}
    made = await tenant.send("POST", "inventory/vendors", body)
    row = await tenant.get(f"inventory/vendors/{made['id']}")
    assert (row["name"], row["externalData"]) == ("Ferris Supply", []), "shown to the app that asks with its GUID alone"
    guid = tenant.credentials["external_data_application_guid"]
    query = f"externalDataApplicationGuid={guid}&externalDataKey=erpCode&externalDataValues=V77"
    assert [found["id"] for found in (await tenant.get(f"inventory/vendors?{query}"))["data"]] == [made["id"]]


async def test_external_data_is_replaced_unless_it_is_merged(tenant: World) -> None:
    made = await tenant.send("POST", "inventory/vendors", VENDOR | {"externalData": _external(tenant, {"a": "1", "b": "2"})})
    path = f"inventory/vendors/{made['id']}"
    await tenant.send("PATCH", path, {"externalData": _external(tenant, {"b": "3"}, patchMode="Merge")})
    assert await _held(tenant, made["id"]) == {"a": "1", "b": "3"}
    await tenant.send("PATCH", path, {"externalData": _external(tenant, {"b": None, "c": "4"}, patchMode="Merge")})
    assert await _held(tenant, made["id"]) == {"a": "1", "c": "4"}
    await tenant.send("PATCH", path, {"externalData": _external(tenant, {"d": "5"})})
    assert await _held(tenant, made["id"]) == {"d": "5"}


async def test_a_vendor_without_what_is_required_is_400_naming_it(tenant: World) -> None:
    reply = await tenant.api("POST", "inventory/vendors", json={key: VENDOR[key] for key in VENDOR if key != "name"})
    assert (reply.status, list(reply.data["errors"])) == (400, ["Name"])
    assert (await tenant.api("PATCH", "inventory/vendors/1", json={})).status == 404


async def test_marking_as_exported_answers_per_row_and_locks(tenant: World) -> None:
    made, other = await booked(tenant), await booked(tenant)
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]})
    body = [{"invoiceId": source_id, "externalId": "AR-1"} for source_id in (made["invoice"], other["invoice"], 7)]
    verdicts = await tenant.send("POST", "accounting/invoices/markasexported", body)
    assert [(one["invoiceId"], one["success"]) for one in verdicts] == [
        (made["invoice"], True),
        (other["invoice"], False),
        (7, False),
    ]
    row = await invoice(tenant, made["invoice"])
    assert (row["syncStatus"], row["exportId"]) == ("Exported", "AR-1")
    await tenant.do({"do": "unpost", "invoices": [made["invoice"]]})
    assert (await invoice(tenant, made["invoice"]))["syncStatus"] == "Exported"
    assert (await tenant.api("PATCH", f"accounting/invoices/{made['invoice']}", json={"summary": "late"})).status == 400


async def test_bills_are_marked_by_a_list_of_ids(tenant: World) -> None:
    vendor = (await tenant.get("inventory/vendors"))["data"][0]["id"]
    made = await tenant.do(
        {"do": "enter_bill", "vendor": vendor, "business_unit": 903, "expenses": [{"amount": "60.00"}], "as": "b"},
        {"do": "post_bills", "bills": ["@b"]},
    )
    verdicts = await tenant.send("POST", "accounting/ap-bills/markasexported", {"billIds": [made[0]["bill"]]})
    assert verdicts == [{"billId": made[0]["bill"], "success": True, "errorMessage": None}]


async def test_statuses_of_payments_are_set_in_a_batch(tenant: World) -> None:
    customer = (await tenant.get("crm/customers"))["data"][0]["id"]
    made = (await tenant.do({"do": "pay", "customer": customer, "type": "ACH", "amount": "80.00", "business_unit": 901}))[0]
    await tenant.send("POST", "accounting/payments/status", {"paymentIds": [made["payment"]], "status": "Posted"})
    row = (await tenant.get("accounting/payments?statuses=Posted"))["data"][0]
    assert (row["id"], row["syncStatus"]) == (made["payment"], "Posted")


async def test_an_adjustment_over_the_api_is_a_bare_id_and_takes_unit_price(tenant: World) -> None:
    made = await booked(tenant)
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]})
    line = {"skuName": "SVC-HOUR", "description": "Too much", "quantity": 1, "unitPrice": -40}
    created = await tenant.send("POST", "accounting/invoices", {"adjustmentToId": made["invoice"], "items": [line]})
    assert (await invoice(tenant, created))["total"] == "-40.00"


async def test_another_applications_guid_is_400(tenant: World) -> None:
    foreign = {"applicationGuid": "00000000-0000-4000-8000-000000000000", "externalData": [{"key": "a", "value": "1"}]}
    assert (await tenant.api("POST", "inventory/vendors", json=VENDOR | {"externalData": foreign})).status == 400


async def test_a_member_that_the_api_does_not_document_is_refused(tenant: World) -> None:
    reply = await tenant.api("POST", "inventory/vendors", json=VENDOR | {"taxId": "12-345"})
    assert (reply.status, list(reply.data["errors"])) == (400, ["taxId"])
    assert (await tenant.api("POST", "inventory/vendors", json=VENDOR | {"active": "yes"})).status == 400


def test_or_dropped_silently_as_was_seen_in_production() -> None:
    assert documented(VENDOR | {"taxId": "12-345"}, CREATE, "drop") == VENDOR


async def test_reads_show_a_written_vendor_after_the_lag_and_a_persons_edit_at_once(tenant: World) -> None:
    await tenant.control("settings", {"lookup_lag_s": "60"})
    made = (await tenant.send("POST", "inventory/vendors", VENDOR))["id"]
    assert (await tenant.api("GET", f"inventory/vendors/{made}")).status == 404
    await tenant.control("settings", {"lookup_lag_s": "0"})
    assert (await tenant.get(f"inventory/vendors/{made}"))["name"] == "Ferris Supply"
    await tenant.control("settings", {"lookup_lag_s": "60"})
    await tenant.send("PATCH", f"inventory/vendors/{made}", {"name": "Ferris"})
    assert (await tenant.get(f"inventory/vendors/{made}"))["name"] == "Ferris Supply"
    await tenant.control("settings", {"lookup_lag_s": "0"})
    await tenant.do({"do": "change_vendor", "vendor": made, "address": {"street": "2 Dock"}, "contact": {"phone": "512"}})
    row = await tenant.get(f"inventory/vendors/{made}")
    assert (row["name"], row["address"]["street"], row["contactInfo"]["phone"]) == ("Ferris", "2 Dock", "512")
