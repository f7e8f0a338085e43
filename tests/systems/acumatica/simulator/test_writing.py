"""PUT: how the record is found, preconditions, rows, and what a refused write answers."""

from __future__ import annotations

import pytest

from tests.systems.acumatica.simulator.world import Client, Make, World, bill_line, customer, line, put, read, wrapped


async def test_documents_are_numbered_and_each_put_makes_another(client: Client) -> None:
    who = await customer(client)
    body = {"Customer": who, "Description": "ST-1 job", "Details": [line(5)]}
    assert [(await put(client, "Invoice", **body))["ReferenceNbr"] for _ in range(2)] == ["000001", "000002"]


async def test_a_record_is_found_by_id_by_keys_and_by_filter(client: Client) -> None:
    who = await customer(client, AccountRef="ST-1")
    record = await read(client, f"/Customer/{who}")
    await put(client, "Customer", CustomerID=who.lower(), CustomerName="By keys")
    assert (await read(client, f"/Customer/{who}"))["CustomerName"] == "By keys"
    answer = await client.call("PUT", "/Customer", {"id": record["id"]} | wrapped(CustomerName="By id"))
    assert answer.body["CustomerID"]["value"] == who
    answer = await client.call("PUT", "/Customer", wrapped(CustomerName="By filter"), filter="AccountRef eq 'ST-1'")
    assert answer.body["CustomerID"]["value"] == who
    assert len((await client.call("GET", "/Customer")).body) == 1


async def test_an_id_that_does_not_exist_is_not_inserted(client: Client) -> None:
    answer = await client.call("PUT", "/Customer", {"id": "9252aa94-178a-456b-9267-4d3818452a19"} | wrapped(CustomerName="X"))
    assert answer.status == 500
    assert answer.message == "No entity satisfies the condition."


async def test_preconditions_answer_412(client: Client) -> None:
    body = wrapped(CustomerID="AB1", CustomerName="A", CustomerClass="DEFAULT")
    assert (await client.with_headers(If_Match="*").call("PUT", "/Customer", body)).status == 412
    assert (await client.with_headers(If_None_Match="*").call("PUT", "/Customer", body)).status == 200
    assert (await client.with_headers(If_None_Match="*").call("PUT", "/Customer", body)).status == 412
    assert (await client.with_headers(If_Match="*").call("PUT", "/Customer", body)).status == 200


async def test_rows_without_id_are_appended_with_id_updated_with_delete_removed(client: Client) -> None:
    who = await customer(client)
    made = await put(client, "Invoice", "Details", Customer=who, Details=[line(5), line(7)])
    key = {"Type": "Invoice", "ReferenceNbr": made["ReferenceNbr"]}
    twice = await put(client, "Invoice", "Details", **key, Details=[line(5), line(7)])
    assert (len(twice["Details"]), twice["Amount"]) == (4, 24)
    first, second, third, fourth = (row["id"] for row in twice["Details"])
    changes = [{"id": first, "ExtendedPrice": {"value": 6}}, {"id": third, "delete": True}, {"id": fourth, "delete": True}]
    last = await put(client, "Invoice", "Details", **key, Details=changes)
    assert [(row["id"], row["Amount"]) for row in last["Details"]] == [(first, 6), (second, 7)]
    assert last["Amount"] == 13
    unknown = await client.call("PUT", "/Invoice", wrapped(**key, Details=[{"id": made["id"], "delete": True}]))
    assert unknown.status == 500


async def test_a_refused_insert_answers_422_with_each_error_at_its_value(world: World, client: Client) -> None:
    body = wrapped(
        Customer="NOBODY", Terms="99D", Details=[line(5), line(6, Account="99999", Subaccount="OLD-000", Branch="NORTH")]
    )
    answer = await client.call("PUT", "/Invoice", body)
    assert answer.status == 422
    assert answer.body["Customer"] == {"value": "NOBODY", "error": "Customer: 'NOBODY' cannot be found in the system."}
    assert answer.body["Terms"]["error"] == "Terms: '99D' cannot be found in the system."
    good, bad = answer.body["Details"]
    assert "error" not in str(good)
    assert bad["Account"]["error"] == "Account: '99999' cannot be found in the system."
    assert bad["Subaccount"]["error"] == "Subaccount: Subaccount 'OLD-000' is inactive."
    assert bad["Branch"]["error"] == "Branch: 'NORTH' cannot be found in the system."
    assert await world.journal() == []


async def test_what_is_needed_and_missing_is_named(client: Client) -> None:
    answer = await client.call("PUT", "/Bill", {"Details": [wrapped(ExtendedCost=5)]})
    assert answer.body["Vendor"] == {"error": "Vendor: 'Vendor' cannot be empty."}
    assert answer.body["VendorRef"]["error"] == "VendorRef: 'VendorRef' cannot be empty."
    assert answer.body["Details"][0]["Account"]["error"] == "Account: 'Account' cannot be empty."
    answer = await client.call("PUT", "/Payment", {})
    assert set(answer.body) >= {"CustomerID", "PaymentMethod", "CashAccount", "PaymentRef"}
    answer = await client.call("PUT", "/Customer", wrapped(CustomerClass="NOPE"))
    assert "CustomerName" in answer.body
    assert answer.body["CustomerClass"]["error"] == "CustomerClass: 'NOPE' cannot be found in the system."


async def test_a_customer_or_vendor_without_a_class_gets_the_one_of_the_preferences(make: Make) -> None:
    client = await (await make(default_customer_class="TAXED", default_vendor_class="SUPPLIER")).client()
    held = await put(client, "Customer", CustomerName="A")
    assert (held["CustomerClass"], held["TaxZone"], held["Terms"]) == ("TAXED", "TXDALLAS", "30D")
    assert (await put(client, "Customer", CustomerName="B", CustomerClass="RESID"))["CustomerClass"] == "RESID"
    kept = await put(client, "Customer", CustomerID=held["CustomerID"], CustomerClass="COMM")
    assert (kept["CustomerClass"], kept["CustomerName"]) == ("COMM", "A")
    assert (await put(client, "Customer", CustomerID=held["CustomerID"], CustomerName="C"))["CustomerClass"] == "COMM"
    assert (await put(client, "Vendor", VendorID="FERG", VendorName="Ferguson"))["VendorClass"] == "SUPPLIER"


async def test_the_preferences_name_the_class_default_unless_they_name_none(client: Client, make: Make) -> None:
    assert (await put(client, "Customer", CustomerName="A"))["CustomerClass"] == "DEFAULT"
    assert (await put(client, "Vendor", VendorID="FERG", VendorName="Ferguson"))["VendorClass"] == "DEFAULT"
    strict = await (await make("strict", default_customer_class="", default_vendor_class="NOPE")).client()
    answer = await strict.call("PUT", "/Customer", wrapped(CustomerName="A"))
    assert (answer.status, answer.body["CustomerClass"]["error"]) == (422, "CustomerClass: 'CustomerClass' cannot be empty.")
    answer = await strict.call("PUT", "/Vendor", wrapped(VendorID="FERG", VendorName="Ferguson"))
    assert (answer.status, answer.body["VendorClass"]["error"]) == (422, "VendorClass: 'NOPE' cannot be found in the system.")


async def test_a_refused_insert_uses_no_number(client: Client) -> None:
    who = await customer(client)
    assert (await client.call("PUT", "/Invoice", wrapped(Customer="NOBODY", Details=[line(5)]))).status == 422
    assert (await put(client, "Invoice", Customer=who, Details=[line(5)]))["ReferenceNbr"] == "000001"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b'{"Customer": "X"}',
        b'{"Customer": {"Value": "X"}}',
        b'{"Nope": {"value": "X"}}',
        b'{"Customer": {"value": 5}}',
        b'{"Details": {"value": 5}}',
        b'{"Details": [5]}',
        b'{"Details": [{"ExtendedPrice": {"value": NaN}}]}',
        b'{"Details": [{"ExtendedPrice": {"value": "5.00"}}]}',
        b'{"Customer": {"value": "X"}, "Customer": {"value": "Y"}}',
        b'{"Date": {"value": "yesterday"}}',
        b'{"id": "5"}',
        b'{"custom": {"Document": {"UsrNope": {"type": "CustomStringField", "value": "1"}}}}',
    ],
)
async def test_a_body_that_cannot_be_read_answers_400(client: Client, raw: bytes) -> None:
    answer = await client.call("PUT", "/Invoice", raw)
    assert answer.status == 400
    assert answer.body["exceptionMessage"].startswith("The request is invalid.")


async def test_line_amounts_follow_what_was_entered(client: Client) -> None:
    who = await customer(client)
    rows = [
        wrapped(Account="40100", Subaccount="PLB-000", Qty=3, UnitPrice=3.335),
        wrapped(Account="40100", Subaccount="PLB-000", ExtendedPrice=20, DiscountAmount=5),
        wrapped(Account="40100", Subaccount="PLB-000", Amount=7),
    ]
    made = await put(client, "Invoice", "Details", Customer=who, Details=rows)
    assert [str(row["Amount"]) for row in made["Details"]] == ["10.01", "15", "7"]
    assert str(made["Amount"]) == "32.01"
    wrong = wrapped(Account="40100", Subaccount="PLB-000", ExtendedPrice=20, Amount=19)
    answer = await client.call("PUT", "/Invoice", wrapped(Customer=who, Details=[wrong]))
    assert "does not agree" in answer.body["Details"][0]["Amount"]["error"]
    answer = await client.call("PUT", "/Invoice", wrapped(Customer=who, Details=[line(1.005)]))
    assert "more decimals" in answer.body["Details"][0]["Amount"]["error"]


async def test_a_total_that_is_not_the_sum_is_out_of_balance(client: Client) -> None:
    who = await customer(client)
    answer = await client.call("PUT", "/Invoice", wrapped(Customer=who, Amount=11, Details=[line(5), line(5)]))
    assert "out of balance" in answer.body["Amount"]["error"]


async def test_what_the_screen_computes_cannot_be_written(client: Client) -> None:
    who = await customer(client)
    made = await put(client, "Invoice", Customer=who, Status="Closed", Balance=1, Details=[line(5)])
    assert (made["Status"], made["Balance"]) == ("On Hold", 5)


async def test_customers_are_numbered_or_take_the_number_given(client: Client) -> None:
    assert await customer(client) == "C000001"
    assert await customer(client, CustomerID="abc-1") == "ABC-1"
    assert await customer(client) == "C000002"


async def test_a_customer_keeps_contact_and_address(client: Client) -> None:
    contact = wrapped(Phone1="(512) 555-0100", Address=wrapped(AddressLine1="1 Oak Street", City="Austin"))
    who = await customer(client, MainContact=contact)
    await put(client, "Customer", CustomerID=who, MainContact=wrapped(Address=wrapped(City="Round Rock")))
    answer = await client.call("GET", f"/Customer/{who}", expand="MainContact/Address")
    address = answer.body["MainContact"]["Address"]
    assert (address["AddressLine1"]["value"], address["City"]["value"]) == ("1 Oak Street", "Round Rock")
    assert answer.body["MainContact"]["Phone1"]["value"] == "(512) 555-0100"


async def test_a_duplicate_vendor_reference_is_refused_when_the_preference_says_so(make: Make) -> None:
    for preference, status in (("error", 422), ("off", 200)):
        client = await (await make(preference, duplicate_vendor_ref=preference)).client()
        await put(client, "Vendor", VendorID="FERG", VendorName="Ferguson", VendorClass="SUPPLIER")
        body = {"Vendor": "FERG", "VendorRef": "INV-9", "Details": [bill_line(5)]}
        await put(client, "Bill", **body)
        answer = await client.call("PUT", "/Bill", wrapped(**body))
        assert answer.status == status
        if status == 422:
            assert "000001" in answer.body["VendorRef"]["error"]


async def test_branch_and_business_date_come_from_the_headers(client: Client) -> None:
    who = await customer(client)
    sender = client.with_headers(PX_CbApiBranch="EAST", PX_CbApiBusinessDate="2026-02-11")
    made = await put(sender, "Invoice", "Details", Customer=who, Details=[line(5)])
    assert (made["LinkBranch"], made["Date"]) == ("EAST", "2026-02-11T00:00:00+00:00")
    assert made["Details"][0]["Branch"] == "EAST"


async def test_a_record_can_be_deleted_unless_it_is_used(client: Client) -> None:
    who, other = await customer(client), await customer(client)
    made = await put(client, "Invoice", Customer=who, Details=[line(5)])
    assert (await client.call("DELETE", f"/Customer/{who}")).status == 500
    assert (await client.call("DELETE", f"/Customer/{other}")).status == 204
    assert (await client.call("DELETE", f"/Invoice/{made['id']}")).status == 204
    assert (await client.call("GET", "/Invoice")).body == []


async def test_every_write_moves_the_change_time(world: World, client: Client) -> None:
    who = await customer(client)
    times = [(await put(client, "Customer", CustomerID=who, CustomerName=f"Name {n}"))["LastModifiedDateTime"] for n in range(5)]
    assert sorted(set(times)) == times


async def test_a_vendor_reference_that_was_changed_is_free_again(client: Client) -> None:
    await put(client, "Vendor", VendorID="FERG", VendorName="Ferguson", VendorClass="SUPPLIER")
    body = {"Vendor": "FERG", "Details": [bill_line(5)]}
    made = await put(client, "Bill", **body, VendorRef="F-1")
    await put(client, "Bill", Type="Bill", ReferenceNbr=made["ReferenceNbr"], VendorRef="F-2")
    assert (await put(client, "Bill", **body, VendorRef="F-1"))["ReferenceNbr"] == "000002"
    assert (await client.call("PUT", "/Bill", wrapped(**body, VendorRef="F-2"))).status == 422
    found = (await client.call("GET", "/Bill", filter="VendorRef eq 'F-1'")).body
    assert [row["ReferenceNbr"]["value"] for row in found] == ["000002"]
