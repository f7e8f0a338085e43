"""The record service on vendors and customers: addresses, names, values, references, sublists, external ids, lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.netsuite.simulator.world import CUSTOMER, SUITEQL, VENDOR, Client, Make, World, bill


def address(street: str, **values: Any) -> dict[str, Any]:
    return {"addressBookAddress": {"addr1": street, "city": "Austin", "state": "TX", "zip": "78704", "country": "US"}} | values


async def test_a_create_answers_with_the_address_of_the_record_and_nothing_else(world: World, client: Client) -> None:
    answer = await client.call("POST", "vendor", VENDOR | {"externalId": "ST-V-1", "phone": "(512) 555-0134"})
    assert (answer.status, answer.raw) == (204, b"")
    assert answer.headers["Location"] == f"{world.served.url}/services/rest/record/v1/vendor/{answer.id}"
    for key in (answer.id, "eid:ST-V-1"):
        row = await client.read(f"vendor/{key}")
        assert (row["id"], row["companyName"], row["entityId"], row["isInactive"]) == (
            answer.id,
            *[VENDOR["companyName"]] * 2,
            False,
        )
        assert (row["subsidiary"]["id"], row["subsidiary"]["refName"]) == ("2", "Sundial Heating and Air")
        assert row["lastModifiedDate"] == "2026-03-16T15:00:00Z"
    [commit] = await world.journal("vendor")
    assert (commit["operation"], commit["id"], commit["ref"]) == ("create", answer.id, "ST-V-1")


async def test_a_record_that_is_not_there_is_404(client: Client) -> None:
    for path in ("vendor/999999", "vendor/eid:NONE", "customer/eid:NONE"):
        assert (await client.call("GET", path)).problem == (404, "NONEXISTENT_ID", "")
    assert (await client.call("GET", "nothing")).problem == (404, "NONEXISTENT_ID", "")
    assert (await client.call("GET", "item/1")).problem == (404, "NONEXISTENT_ID", "")
    assert (await client.read("serviceResaleItem/2"))["itemId"] == "LABOR"
    assert (await client.call("GET", "serviceResaleItem/1")).problem == (404, "NONEXISTENT_ID", "")


async def test_an_external_id_is_there_once_in_a_type(client: Client) -> None:
    await client.made("vendor", VENDOR | {"externalId": "ST-1"})
    await client.made("customer", CUSTOMER | {"externalId": "ST-1"})
    answer = await client.call("POST", "vendor", VENDOR | {"companyName": "Other", "externalId": "ST-1"})
    assert answer.problem == (400, "USER_ERROR", "externalId")
    assert (await client.call("GET", "vendor")).body["totalResults"] == 1


async def test_an_account_without_that_rule_takes_it_twice(make: Make) -> None:
    client = await (await make(duplicate_external_id="accept")).client()
    for name in ("One", "Two"):
        await client.made("vendor", VENDOR | {"companyName": name, "externalId": "ST-1"})
    assert (await client.call("GET", "vendor")).body["totalResults"] == 2


async def test_vendors_have_names_of_their_own_and_customers_get_numbers(client: Client) -> None:
    await client.made("vendor", VENDOR)
    assert (await client.call("POST", "vendor", VENDOR | {"companyName": "BARTON creek pipe"})).problem == (
        400,
        "USER_ERROR",
        "entityId",
    )
    numbers = [(await client.read(f"customer/{await client.made('customer', CUSTOMER)}"))["entityId"] for _ in range(2)]
    assert numbers == ["CUST00001", "CUST00002"]


async def test_an_upsert_creates_and_then_changes_the_same_record(world: World, client: Client) -> None:
    first = await client.made("vendor/eid:ST-V_2", VENDOR, "PUT")
    again = await client.made("vendor/eid:ST-V_2", VENDOR | {"phone": "(512) 555-0101"}, "PUT")
    assert first == again
    assert (await client.read(f"vendor/{first}"))["phone"] == "(512) 555-0101"
    assert [row["operation"] for row in await world.journal("vendor")] == ["create", "update"]
    assert (await client.call("PUT", f"vendor/{first}", VENDOR)).status == 405
    assert (await client.call("PUT", "vendor/eid:ST|V", VENDOR)).problem[:2] == (400, "INVALID_PARAMETER")
    assert (await client.call("PUT", "vendor/eid:ST-3", VENDOR | {"externalId": "ST-4"})).problem == (
        400,
        "INVALID_CONTENT",
        "externalId",
    )


async def test_lines_of_a_sublist_are_added_unless_it_is_replaced(client: Client, vendor: str) -> None:
    """A PUT that is repeated without `replace` doubles the lines, and with them the amount that is owed."""
    for replace, total in (({}, 100), ({}, 200), ({"replace": "expense"}, 100), ({"replace": "item,expense"}, 100)):
        await client.made("vendorBill/eid:ST-B-1", bill(vendor, 60, 40), "PUT", **replace)
        row = await client.read("vendorBill/eid:ST-B-1")
        assert (row["total"], len(row["expense"]["items"])) == (total, total // 50)
    changed = {"expense": {"items": [{"line": 2, "amount": 41}]}}
    await client.made("vendorBill/eid:ST-B-1", changed, "PATCH")
    assert (await client.read("vendorBill/eid:ST-B-1"))["total"] == 101


async def test_an_address_is_changed_by_its_id_and_kept_otherwise(client: Client) -> None:
    book = {"items": [address("1 Oak Street", defaultBilling=True), address("2 Elm Road", label="Yard")]}
    key = await client.made("customer", CUSTOMER | {"addressBook": book})
    await client.made(f"customer/{key}", {"addressBook": {"items": [address("3 Mill Lane", id=2, defaultBilling=True)]}}, "PATCH")
    lines = (await client.read(f"customer/{key}"))["addressBook"]["items"]
    assert [(line["addressBookAddress"]["addr1"], line["defaultBilling"]) for line in lines] == [
        ("1 Oak Street", False),
        ("3 Mill Lane", True),
    ]
    assert lines[1]["label"] == "Yard"
    listed = (await client.call("GET", f"customer/{key}/addressBook")).body
    assert listed["count"] == 2
    assert (await client.call("GET", f"customer/{key}/addressBook/2")).body["label"] == "Yard"
    assert (await client.call("GET", f"customer/{key}/addressBook/3")).status == 404


@pytest.mark.parametrize(("validation", "status"), [("Error", 400), ("Warning", 204), ("Ignore", 204)])
async def test_a_name_that_is_not_known_is_refused_only_where_it_is_asked_for(client: Client, validation: str, status: int) -> None:
    picky = client.with_headers(X_NetSuite_PropertyNameValidation=validation)
    answer = await picky.call("POST", "vendor", VENDOR | {"phoneNumber": "1"})
    assert answer.status == status
    assert ("X-NetSuite-Warnings" in answer.headers) is (validation == "Warning")
    if status == 400:
        assert answer.problem == (400, "INVALID_CONTENT", "phoneNumber")


async def test_everything_that_is_wrong_is_told_at_once(world: World, client: Client, vendor: str) -> None:
    body = bill(vendor, 1) | {"tranDate": "3/16/2026", "memo": 5, "total": 1, "department": {"id": "9999"}}
    body["expense"] = {"items": [{"account": {"id": "20"}, "amount": "12.50"}, {"account": {"refName": "5000"}, "amount": 1.005}]}
    answer = await client.call("POST", "vendorBill", body)
    assert answer.status == 400
    paths = {detail["o:errorPath"] for detail in answer.body["o:errorDetails"]}
    lines = {"expense.items[0].amount", "expense.items[1].account", "expense.items[1].amount"}
    assert paths == {"tranDate", "memo", "total", "department"} | lines
    assert "Invalid Field Value 9999 for the following field: department" in answer.raw.decode()
    assert await world.journal("vendorBill") == []


@pytest.mark.parametrize("raw", [b"{", b'{"companyName": NaN}', b'{"a": 1, "a": 2}', b"[]", b"5", b'"x"'])
async def test_a_body_that_is_no_object_is_refused(client: Client, raw: bytes) -> None:
    assert (await client.call("POST", "vendor", raw)).problem[:2] == (400, "INVALID_CONTENT")
    assert (await client.with_headers(Content_Type="text/plain").call("POST", "vendor", b"{}")).status == 415


@pytest.mark.parametrize(("gone", "path"), [("companyName", "companyName"), ("subsidiary", "subsidiary")])
async def test_a_vendor_needs_a_name_and_a_subsidiary(client: Client, gone: str, path: str) -> None:
    body = {name: value for name, value in VENDOR.items() if name != gone}
    assert (await client.call("POST", "vendor", body)).problem == (400, "INVALID_CONTENT", path)


async def test_a_reference_is_an_id_or_an_external_id_and_its_record_is_active(client: Client) -> None:
    parent = await client.made("customer", CUSTOMER | {"externalId": "ST-C-1"})
    for told in ({"id": parent}, {"externalId": "ST-C-1"}, parent, int(parent)):
        assert (await client.read(f"customer/{await client.made('customer', CUSTOMER | {'parent': told})}"))["parent"][
            "id"
        ] == parent
    await client.made(f"customer/{parent}", {"isInactive": True}, "PATCH")
    assert (await client.call("POST", "customer", CUSTOMER | {"parent": parent})).problem == (400, "INVALID_CONTENT", "parent")


async def test_a_list_tells_ids_by_pages(make: Make) -> None:
    client = await (await make(vendors=5)).client()
    first = (await client.call("GET", "vendor", limit=2)).body
    assert (first["count"], first["hasMore"], first["totalResults"]) == (2, True, 5)
    assert set(first["items"][0]) == {"links", "id"}
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = (await client.call("GET", following.removeprefix(client.url))).body
    assert [row["id"] for row in first["items"] + second["items"]] == ["1001", "1002", "1003", "1004"]
    for page in ({"limit": 0}, {"limit": 1001}, {"limit": 2, "offset": 3}, {"limit": "x"}, {"page": 1}):
        assert (await client.call("GET", "vendor", **page)).problem[:2] == (400, "INVALID_PARAMETER")


async def test_a_list_is_filtered_by_q_with_dates_in_the_users_format(world: World) -> None:
    client = world.signing()
    one = await client.made("vendor", VENDOR | {"email": "info@barton.example", "externalId": "X1"})
    world.clock.move(days=2)
    two = await client.made("vendor", VENDOR | {"companyName": "Onion Creek and Pipe"})

    async def found(text: str) -> list[str]:
        answer = await client.call("GET", "vendor", q=text)
        return [row["id"] for row in answer.body["items"]] if answer.status == 200 else [answer.words]

    assert await found('lastModifiedDate ON_OR_AFTER "3/17/2026"') == [two]
    assert await found('companyName CONTAIN "creek" AND email EMPTY_NOT') == [one]
    assert await found('companyName IS "Onion Creek and Pipe" OR externalId ANY_OF ["X1", "X2"]') == [one, two]
    assert await found("isInactive IS true") == []
    assert (
        'Parse of date/time "2026-03-17" failed with date format "M/D/YYYY"'
        in (await found('lastModifiedDate AFTER "2026-03-17"'))[0]
    )
    assert "was not found" in (await found('phoneNumber IS "1"'))[0]
    await world.sim("settings", {"date_format": "D/M/YYYY"})
    assert "failed" in (await found('lastModifiedDate ON_OR_AFTER "3/17/2026"'))[0]
    assert await found('lastModifiedDate ON_OR_AFTER "17/3/2026"') == [two]


async def test_an_idempotency_key_counts_for_asynchronous_requests_alone(world: World, client: Client) -> None:
    keyed = client.with_headers(X_NetSuite_Idempotency_Key="9f1c2b52-0d0f-4b52-9c11-6f6a3c1a7a01")
    for name in ("One", "Two"):
        await keyed.made("vendor", VENDOR | {"companyName": name})
    later = keyed.with_headers(Prefer="respond-async")
    answer = await later.call("POST", "vendor", VENDOR | {"companyName": "Three"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (202, "respond-async")
    job = answer.headers["Location"].removeprefix(client.url)
    again = await later.call("POST", "vendor", VENDOR | {"companyName": "Four"})
    assert (*again.problem[:2], again.body["title"]) == (400, "IDEMPOTENCY_ERROR", "Conflict")
    assert again.headers["Location"].endswith(job)
    assert (await client.call("GET", job)).body["progress"] == "succeeded"
    tasks = (await client.call("GET", job)).body["task"]["links"][0]["href"].removeprefix(client.url)
    task = (await client.call("GET", tasks)).body["items"][0]["links"][0]["href"].removeprefix(client.url)
    assert task == f"{job}/task/1"
    assert (await client.call("GET", task)).body["progress"] == "succeeded"
    result = await client.call("GET", f"{job}/task/1/result")
    assert result.status == 204
    assert (await client.read(f"vendor/{result.id}"))["companyName"] == "Three"
    assert len(await world.journal("vendor")) == 3


async def test_the_catalog_tells_the_fields_that_the_service_takes(client: Client) -> None:
    swagger = client.with_headers(Accept="application/swagger+json")
    schema = (await swagger.call("GET", "metadata-catalog/vendorBill")).body["components"]["schemas"]["vendorBill"]
    assert schema["properties"]["tranDate"]["format"] == "date"
    assert schema["properties"]["total"]["readOnly"]
    assert schema["properties"]["expense"]["properties"]["items"]["items"]["properties"]["amount"]["type"] == "number"
    names = [row["name"] for row in (await client.call("GET", "metadata-catalog")).body["items"]]
    assert {"vendor", "purchaseOrder", "journalEntry", "depositApplication", "accountingPeriod"} <= set(names)
    assert (await client.call("GET", "metadata-catalog/nothing")).status == 404


async def test_a_record_with_transactions_is_not_deleted(client: Client, vendor: str, customer: str) -> None:
    key = await client.made("vendorBill", bill(vendor, 5))
    assert (await client.call("DELETE", f"vendor/{vendor}")).problem[:2] == (400, "USER_ERROR")
    assert (await client.call("DELETE", f"vendorBill/{key}")).status == 204
    for path in (f"vendor/{vendor}", f"customer/{customer}"):
        assert (await client.call("DELETE", path)).status == 204
        assert (await client.call("GET", path)).status == 404
    assert (await client.call("GET", SUITEQL)).status == 405


@pytest.mark.parametrize("kind", ["select-options", "create-form", "edit-form"])
async def test_a_form_that_is_asked_for_saves_nothing(world: World, client: Client, vendor: str, kind: str) -> None:
    asked = client.with_headers(Accept=f"application/vnd.oracle.resource+json; type={kind}")
    held = len(await world.journal("vendor"))
    for method, path in (("POST", "vendor"), ("PATCH", f"vendor/{vendor}")):
        assert (await asked.call(method, path, {"companyName": "Form Supply", "subsidiary": {"id": "2"}})).problem[:2] == (
            400,
            "INVALID_HEADER",
        )
    assert len(await world.journal("vendor")) == held
