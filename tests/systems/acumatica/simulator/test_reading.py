"""Reading: discovery, lists, single records, and how much of them is shown."""

from __future__ import annotations

import json
import re

from aiohttp import encode_basic_auth
from lxml import etree
from openapi_spec_validator import validate

from systems.acumatica.simulator.shapes import KEYS
from tests.systems.acumatica.simulator.world import BASE, Client, Make, World, customer, invoice, line, put, read


async def test_the_endpoints_are_listed(client: Client) -> None:
    answer = await client.call("GET", "/entity")
    assert {"name": "Default", "version": "24.200.001"} in answer.body["endpoints"]
    assert answer.body["version"]["acumaticaBuildVersion"].startswith("24.2")


async def test_the_document_is_served_at_the_endpoint(client: Client) -> None:
    answer = await client.call("GET", f"{BASE}/swagger.json")
    document = answer.body
    validate(document)
    assert document["info"] == {"title": "Default/24.200.001", "version": "4"}
    assert document["servers"] == [{"url": client.url + BASE}]


async def test_the_document_of_an_extended_endpoint_has_its_action_and_that_of_default_has_not(make: Make) -> None:
    client = await (await make(extended_endpoint="MLConnector/24.200.001")).client()
    extended = (await client.call("GET", "/entity/MLConnector/24.200.001/swagger.json")).body
    validate(extended)
    assert extended["info"]["title"] == "MLConnector/24.200.001"
    operation = extended["paths"]["/Payment/ReverseApplication"]["post"]
    assert (operation["tags"], operation["operationId"]) == (["Payment"], "Payment_InvokeAction_ReverseApplication")
    parameters = extended["components"]["schemas"]["ReverseApplication"]["properties"]["parameters"]["properties"]
    assert set(parameters) == {"DocType", "ReferenceNbr", "AdjustmentNbr"}
    assert "/Payment/ReverseApplication" not in (await client.call("GET", f"{BASE}/swagger.json")).body["paths"]


async def test_each_operation_of_the_served_document_has_the_tag_of_its_entity(client: Client) -> None:
    document = (await client.call("GET", f"{BASE}/swagger.json")).body
    services: dict[str, set[str]] = {}
    for path, item in document["paths"].items():
        for operation in item.values():
            (tag,) = operation["tags"]
            entity, _, name = operation["operationId"].partition("_")
            assert (tag, entity) == (path.split("/")[1],) * 2
            services.setdefault(tag, set()).add(name)
            for parameter in operation["parameters"]:
                shared = document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
                assert shared["in"] == "query" or f"{{{shared['name']}}}" in path
    assert set(KEYS) <= set(services) <= set(document["components"]["schemas"])
    assert services["Bill"] >= {"GetList", "GetById", "PutEntity", "InvokeAction_ReleaseBill", "DeleteById", "PutFile"}
    told = re.findall(r'"(?:summary|example|title|description)": ?"([^"]*)"', json.dumps(document))
    assert set(told) == {"Default/24.200.001", ""}


async def test_the_inquiries_are_described_over_odata(world: World) -> None:
    signed_in, account = await world.client(), world.served.simulator.credentials
    basic = encode_basic_auth(account["username"], account["password"])
    path = "/t/Company/api/odata/gi/$metadata"
    for caller in (signed_in, world.bare().with_headers(Authorization=basic)):
        answer = await caller.call("GET", path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml; charset=utf-8")
    space = {"edm": "http://docs.oasis-open.org/odata/ns/edm"}
    document = etree.fromstring(answer.raw)
    (container,) = document.findall(".//edm:EntityContainer[@Name='Default']", space)
    sets = {one.get("Name"): str(one.get("EntityType")) for one in container.findall("edm:EntitySet", space)}
    assert set(sets) == {f"ML-{entity}" for entity in KEYS}
    (shown,) = document.findall(f".//edm:EntityType[@Name='{sets['ML-Invoice'].removeprefix('Default.')}']", space)
    assert {one.get("Name"): one.get("Type") for one in shown.findall("edm:Property", space)} == {
        "RecordID": "Edm.Guid",
        "Type": "Edm.String",
        "ReferenceNbr": "Edm.String",
        "Status": "Edm.String",
        "LastModifiedDateTime": "Edm.DateTimeOffset",
    }
    assert (await signed_in.call("GET", "/t/Company/api/odata/gi/ML-Invoice")).status == 403
    assert (await signed_in.call("GET", "/t/Company/api/odata/gi/ML-Nothing")).status == 404
    assert (await signed_in.call("GET", "/t/Other/api/odata/gi/$metadata")).status == 404


async def test_odata_lets_nobody_in_without_a_good_name_and_password(make: Make) -> None:
    world = await make(max_sessions="1")
    account = world.served.simulator.credentials
    path = "/t/Company/api/odata/gi/$metadata"
    for header in ("", "Basic ?", encode_basic_auth(account["username"], "wrong"), encode_basic_auth("who", account["password"])):
        assert (await world.bare().with_headers(Authorization=header).call("GET", path)).status == 401
    good = world.bare().with_headers(Authorization=encode_basic_auth(account["username"], account["password"]))
    assert [(await good.call("GET", path)).status for _ in range(3)] == [200, 200, 200], "each call gives its session back"
    assert (await good.call("GET", "/entity")).status == 401, "the endpoint itself takes no name and password"


async def test_an_unknown_version_or_endpoint_is_not_found(client: Client) -> None:
    assert (await client.call("GET", "/entity/Default/22.200.001/Invoice")).status == 404
    assert (await client.call("GET", "/entity/Special/24.200.001/Invoice")).status == 404
    assert (await client.call("GET", "/entity/Default/23.200.001/Account", top="1")).status == 200


async def test_a_list_is_a_bare_array_of_value_objects(client: Client) -> None:
    answer = await client.call("GET", "/Account", filter="AccountCD eq '11000'")
    row = answer.body[0]
    assert row["Description"] == {"value": "Accounts Receivable"}
    assert row["ConsolidationAccount"] == {}
    assert row["rowNumber"] == 1
    assert row["custom"] == {}
    assert row["_links"]["self"].endswith(row["id"])


async def test_paging_by_top_and_skip_reads_every_row_once(client: Client) -> None:
    seen: list[str] = []
    while True:
        page = (await client.call("GET", "/Account", top="10", skip=str(len(seen)))).body
        seen += [row["AccountCD"]["value"] for row in page]
        if len(page) < 10:
            break
    assert len(seen) == len(set(seen)) == 30
    assert len((await client.call("GET", "/Account")).body) == 30


async def test_details_are_absent_until_they_are_expanded(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 10)
    assert "Details" not in await read(client, f"/Invoice/Invoice/{number}")
    shown = await read(client, f"/Invoice/Invoice/{number}", expand="Details")
    assert [row["Account"] for row in shown["Details"]] == ["40100"]


async def test_select_shows_the_named_fields_alone(client: Client) -> None:
    await customer(client)
    row = (await client.call("GET", "/Customer", select="CustomerID,MainContact/Email", expand="MainContact")).body[0]
    assert set(row) == {"id", "rowNumber", "note", "custom", "_links", "CustomerID", "MainContact"}
    assert set(row["MainContact"]) == {"id", "rowNumber", "note", "custom", "Email"}


async def test_a_name_that_the_endpoint_does_not_have_is_a_key_not_found(client: Client) -> None:
    queries = ({"select": "Customr"}, {"expand": "Detail"}, {"filter": "Customr eq 'X'"}, {"custom": "Document.UsrNope"})
    for query in queries:
        answer = await client.call("GET", "/Invoice", **query)
        assert answer.status == 500
        assert answer.body["exceptionType"] == "System.Collections.Generic.KeyNotFoundException"


async def test_an_undocumented_query_option_is_refused(client: Client) -> None:
    assert (await client.call("GET", "/Invoice", orderby="Date")).status == 500
    assert (await client.call("GET", "/Invoice", top="ten")).status == 500


async def test_a_record_is_read_by_its_keys_and_by_its_id(client: Client) -> None:
    who = await customer(client)
    number = await invoice(client, who, 10)
    by_keys = await read(client, f"/Invoice/Invoice/{number}")
    by_id = await read(client, f"/Invoice/{by_keys['id']}")
    assert by_id["ReferenceNbr"] == number


async def test_a_missing_record_answers_500_or_404_by_build(client: Client, make: Make) -> None:
    answer = await client.call("GET", "/Customer/NOBODY")
    assert answer.status == 500
    assert answer.body["exceptionType"].endswith("NoEntitySatisfiesTheConditionException")
    other = await make("other", missing_by_key="404")
    assert (await (await other.client()).call("GET", "/Customer/NOBODY")).status == 404


async def test_post_on_an_entity_is_not_acceptable(client: Client) -> None:
    assert (await client.call("POST", "/Invoice", {})).status == 406


async def test_amounts_keep_their_digits_on_the_wire(client: Client) -> None:
    who = await customer(client)
    raw = json.dumps({"Customer": {"value": who}, "Details": [line(0)]}).replace(
        '"ExtendedPrice": {"value": 0}', '"ExtendedPrice": {"value": 10.10}'
    )
    answer = await client.call("PUT", "/Invoice", raw.encode())
    assert b'"Amount":{"value":10.10}' in answer.raw


async def test_dates_come_as_midnight_and_change_times_with_the_tenants_offset(client: Client) -> None:
    who = await customer(client)
    made = await put(client, "Invoice", Customer=who, Date="2026-03-10T23:30:00-06:00", Details=[line(1)])
    assert made["Date"] == "2026-03-10T00:00:00+00:00"
    assert made["LastModifiedDateTime"].startswith("2026-03-16T10:00:00.")
    assert made["LastModifiedDateTime"].endswith("-05:00")
    assert made["PostPeriod"] == "032026"


async def test_the_companies_structure_is_an_inquiry_by_put(client: Client) -> None:
    answer = await client.call("PUT", "/CompaniesStructure", {}, expand="Results")
    assert [row["BranchID"]["value"] for row in answer.body["Results"]] == ["MAIN", "EAST", "WEST"]
    assert "Results" not in (await client.call("PUT", "/CompaniesStructure", {})).body


async def test_the_periods_of_a_year_are_rows_of_its_record(client: Client) -> None:
    year = await read(client, "/FinancialPeriod/2025", expand="Details")
    assert [row["FinancialPeriodID"] for row in year["Details"]][:2] == ["012025", "022025"]
    assert {row["Status"] for row in year["Details"]} == {"Closed"}


async def test_user_fields_come_only_when_asked_for(make: Make) -> None:
    world = await make(user_fields="Document.UsrMLCRef")
    client = await world.client()
    who = await customer(client)
    custom = {"Document": {"UsrMLCRef": {"type": "CustomStringField", "value": "ST-9"}}}
    made = await put(client, "Invoice", Customer=who, Details=[line(1)], custom=custom)
    assert not made["custom"]
    path = f"/Invoice/Invoice/{made['ReferenceNbr']}"
    assert (await read(client, path, custom="Document.UsrMLCRef"))["custom"] == custom
    assert (await client.call("GET", "/Invoice/$adHocSchema")).body["custom"]["Document"]["UsrMLCRef"][
        "type"
    ] == "CustomStringField"
    assert (await world.journal("Invoice"))[0]["ref"] == "ST-9"


async def test_a_file_is_attached_and_listed(client: Client) -> None:
    who = await customer(client)
    assert (await client.call("PUT", f"/Customer/{who}/files/scan.pdf", b"%PDF")).status == 204
    files = (await read(client, f"/Customer/{who}", expand="files"))["files"]
    assert [file["filename"] for file in files] == ["scan.pdf"]


async def test_an_entity_that_is_not_simulated_says_so(world: World, client: Client) -> None:
    answer = await client.call("GET", "/StockItem")
    assert answer.status == 404
    assert "StockItem" in answer.message
