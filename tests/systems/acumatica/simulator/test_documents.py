"""Release, periods, tax, and the closed life of a released document."""

from __future__ import annotations

from tests.moved import until
from tests.systems.acumatica.simulator.world import (
    BASE,
    Client,
    Make,
    World,
    act,
    bill_line,
    customer,
    invoice,
    line,
    put,
    read,
    release,
    wrapped,
)


async def _invoice(client: Client, **values: object) -> str:
    who = await customer(client)
    held = {"Customer": who, "Date": "2026-03-10T00:00:00+00:00", "Description": "ST-k1 job", "Details": [line(10)], "Hold": False}
    return str((await put(client, "Invoice", **(held | values)))["ReferenceNbr"])


async def test_a_release_answers_202_and_its_location_tells_when_it_is_done(make: Make) -> None:
    world = await make(release_seconds=0.1)
    client = await world.client()
    number = await _invoice(client)
    started = await act(client, "Invoice", "ReleaseInvoice", number)
    assert started.status == 202
    location = started.headers["Location"]
    assert location.startswith(f"{BASE}/Invoice/ReleaseInvoice/status/")
    assert (await client.call("GET", location)).status == 202
    assert (await read(client, f"/Invoice/Invoice/{number}"))["Status"] == "Balanced"

    async def done() -> bool:
        return (await client.call("GET", location)).status == 204

    await until(done)
    shown = await read(client, f"/Invoice/Invoice/{number}")
    assert (shown["Status"], shown["Balance"]) == ("Open", 10)
    finished = await client.call("GET", location)
    assert finished.headers["Location"].endswith(shown["id"])


async def test_an_operation_is_told_to_its_own_session_only(make: Make) -> None:
    world = await make(release_seconds=0.01)
    client, other = await world.client(), await world.client()
    started = await act(client, "Invoice", "ReleaseInvoice", await _invoice(client))
    assert (await other.call("GET", started.headers["Location"])).status == 404


async def test_a_release_on_hold_fails_when_it_is_polled(make: Make) -> None:
    world = await make(release_seconds=0.01)
    client = await world.client()
    started = await act(client, "Invoice", "ReleaseInvoice", await _invoice(client, Hold=True))
    assert started.status == 202

    async def failed() -> str:
        answer = await client.call("GET", started.headers["Location"])
        return answer.message if answer.status == 500 else ""

    assert await until(failed) == "Document Status is invalid for processing."


async def test_a_second_release_fails(client: Client) -> None:
    number = await _invoice(client)
    await release(client, "Invoice", number)
    answer = await act(client, "Invoice", "ReleaseInvoice", number)
    assert (answer.status, answer.message) == (500, "Document Status is invalid for processing.")


async def test_documents_start_on_hold_unless_the_preference_or_the_body_says_otherwise(make: Make) -> None:
    for preference, sent, status in ((True, {}, "On Hold"), (False, {}, "Balanced"), (True, {"Hold": False}, "Balanced")):
        client = await (await make(f"{preference}{len(sent)}", hold_on_entry=preference)).client()
        who = await customer(client)
        assert (await put(client, "Invoice", Customer=who, Details=[line(1)], **sent))["Status"] == status


async def test_an_action_needs_an_entity_that_exists(client: Client) -> None:
    assert (await act(client, "Invoice", "ReleaseInvoice", "000077")).status == 500
    assert (await client.call("POST", "/Invoice/ReleaseInvoice", {})).status == 400
    assert (await client.call("POST", "/Invoice/Explode", {"entity": {}})).status == 404


async def test_a_released_document_keeps_its_money(client: Client) -> None:
    number = await _invoice(client)
    await release(client, "Invoice", number)
    key = {"Type": "Invoice", "ReferenceNbr": number}
    for change in ({"Details": [line(1)]}, {"Date": "2026-03-11T00:00:00+00:00"}, {"Terms": "DUE"}):
        answer = await client.call("PUT", "/Invoice", wrapped(**key, **change))
        assert answer.status == 500, change
        assert "is released and cannot be changed" in answer.message
    assert (await put(client, "Invoice", **key, Description="ST-k1 other words"))["Description"] == "ST-k1 other words"
    assert (await client.call("DELETE", f"/Invoice/Invoice/{number}")).status == 500


async def test_a_zero_document_is_closed_by_its_release(client: Client) -> None:
    number = await _invoice(client, Details=[line(5), line(-5)])
    await release(client, "Invoice", number)
    assert (await read(client, f"/Invoice/Invoice/{number}"))["Status"] == "Closed"


async def test_a_negative_total_is_refused(client: Client) -> None:
    who = await customer(client)
    answer = await client.call("PUT", "/Invoice", wrapped(Customer=who, Details=[line(-5)]))
    assert "must not be negative" in answer.body["Amount"]["error"]


async def test_a_closed_period_refuses_entry_and_release(world: World, client: Client) -> None:
    who = await customer(client)
    body = wrapped(Customer=who, Date="2025-12-31T00:00:00+00:00", Details=[line(5)])
    answer = await client.call("PUT", "/Invoice", body)
    assert answer.status == 500
    assert answer.message.startswith("The financial period '12-2025' is closed")
    number = await _invoice(client)
    await client.call("POST", "/__sim__/periods", {"period": "032026", "status": "Closed"})
    answer = await act(client, "Invoice", "ReleaseInvoice", number)
    assert "'03-2026' is closed" in answer.message
    await client.call("POST", "/__sim__/periods", {"period": "032026", "status": "Open"})
    await release(client, "Invoice", number)
    assert (await client.call("POST", "/__sim__/periods", {"period": "132026", "status": "Open"})).status == 400


async def test_a_period_can_be_chosen_beside_the_date(client: Client) -> None:
    number = await _invoice(client, Date="2025-12-31T00:00:00+00:00", PostPeriod="012026")
    shown = await read(client, f"/Invoice/Invoice/{number}")
    assert (shown["Date"], shown["PostPeriod"]) == ("2025-12-31T00:00:00+00:00", "012026")


async def test_the_due_date_follows_the_terms(client: Client) -> None:
    number = await _invoice(client, Terms="10D")
    assert (await read(client, f"/Invoice/Invoice/{number}"))["DueDate"] == "2026-03-20T00:00:00+00:00"


async def test_tax_is_computed_for_a_customer_with_a_tax_zone(client: Client) -> None:
    who = await customer(client, TaxZone="TXDALLAS")
    made = await put(client, "Invoice", "TaxDetails", Customer=who, Details=[line(100), line(50, TaxCategory="EXEMPT")])
    assert (str(made["TaxTotal"]), str(made["Amount"])) == ("8.25", "158.25")
    assert [(row["TaxID"], row["TaxableAmount"]) for row in made["TaxDetails"]] == [("TXSALES", 100)]


async def test_tax_that_is_sent_replaces_the_computed_one(client: Client) -> None:
    who = await customer(client, TaxZone="TXDALLAS")
    tax = wrapped(TaxID="TXSALES", TaxableAmount=100, TaxAmount=7.5)
    made = await put(client, "Invoice", Customer=who, Details=[line(100)], TaxDetails=[tax])
    assert str(made["Amount"]) == "107.5"
    again = await put(client, "Invoice", Type="Invoice", ReferenceNbr=made["ReferenceNbr"], Description="later")
    assert str(again["Amount"]) == "107.5"


async def test_the_sources_tax_travels_as_a_line_of_its_own_with_the_erps_tax_off(make: Make) -> None:
    for name, settings, zone in (("a", {}, {}), ("b", {"tax_calculation": "manual"}, {"TaxZone": "TXDALLAS"})):
        client = await (await make(name, **settings)).client()
        who = await customer(client, **zone)
        rows = [line(100), line(8.25, Account="22000")]
        made = await put(client, "Invoice", Customer=who, Details=rows)
        assert (made["TaxTotal"], str(made["Amount"])) == (0, "108.25")


async def test_tax_without_a_tax_zone_is_refused(client: Client) -> None:
    who = await customer(client)
    tax = wrapped(TaxID="TXSALES", TaxAmount=7.5)
    answer = await client.call("PUT", "/Invoice", wrapped(Customer=who, Details=[line(100)], TaxDetails=[tax]))
    assert answer.body["TaxDetails"][0]["TaxID"]["error"] == "TaxID: The document has no tax zone."


async def test_an_inactive_customer_is_refused(client: Client) -> None:
    who = await customer(client, Status="Inactive")
    answer = await client.call("PUT", "/Invoice", wrapped(Customer=who, Details=[line(5)]))
    assert answer.body["Customer"]["error"] == "Customer: The customer status is 'Inactive'."


async def test_the_journal_tells_every_committed_write_with_its_reference(world: World, client: Client) -> None:
    number = await invoice(client, await customer(client, AccountRef="ST-c9"), 10.1, Description="ST-k7 job 5")
    told = [
        (commit["kind"], commit["operation"], commit["number"], commit["ref"], commit["amount"]) for commit in await world.journal()
    ]
    assert told == [
        ("Customer", "create", "C000001", "ST-c9", "0.00"),
        ("Invoice", "create", number, "ST-k7", "10.10"),
        ("Invoice", "release", number, "ST-k7", "10.10"),
    ]
    last = (await world.journal())[-1]
    assert (last["currency"], last["date"]) == ("USD", "2026-03-10")


async def test_a_bill_is_released_and_reversed(world: World, client: Client) -> None:
    await put(client, "Vendor", VendorID="FERG", VendorName="Ferguson", VendorClass="SUPPLIER")
    made = await put(client, "Bill", Vendor="FERG", VendorRef="F-1", Description="ST-b1 order", Hold=False, Details=[bill_line(40)])
    assert (await act(client, "Bill", "ReverseBill", made["ReferenceNbr"])).status == 500
    await release(client, "Bill", made["ReferenceNbr"])
    assert (await act(client, "Bill", "ReverseBill", made["ReferenceNbr"])).status == 204
    (reversal,) = (await client.call("GET", "/Bill", filter="Type eq 'Debit Adj.'", expand="Details")).body
    assert (reversal["Amount"]["value"], reversal["Status"]["value"], len(reversal["Details"])) == (40, "On Hold", 1)
    assert (await world.journal("Bill"))[-1]["operation"] == "reverse"


async def test_a_debit_adjustment_is_applied_to_a_bill_by_its_release(client: Client) -> None:
    await put(client, "Vendor", VendorID="FERG", VendorName="Ferguson", VendorClass="SUPPLIER")
    bill = await put(client, "Bill", Vendor="FERG", VendorRef="F-1", Hold=False, Details=[bill_line(40)])
    await release(client, "Bill", bill["ReferenceNbr"])
    credit = {"Type": "Debit Adj.", "Vendor": "FERG", "Hold": False, "Details": [bill_line(15)]}
    over = wrapped(**credit, Applications=[wrapped(DocType="Bill", ReferenceNbr=bill["ReferenceNbr"], AmountPaid=16)])
    assert (await client.call("PUT", "/Bill", over)).status == 422
    rows = [wrapped(DocType="Bill", ReferenceNbr=bill["ReferenceNbr"], AmountPaid=10)]
    made = await put(client, "Bill", **credit, Applications=rows)
    await release(client, "Bill", made["ReferenceNbr"], "Debit Adj.")
    assert (await read(client, f"/Bill/Bill/{bill['ReferenceNbr']}"))["Balance"] == 30
    assert (await read(client, f"/Bill/Debit Adj./{made['ReferenceNbr']}"))["Balance"] == 5
    await put(client, "Bill", Type="Debit Adj.", ReferenceNbr=made["ReferenceNbr"], Applications=[rows[0] | wrapped(AmountPaid=5)])
    await release(client, "Bill", made["ReferenceNbr"], "Debit Adj.")
    assert (await read(client, f"/Bill/Debit Adj./{made['ReferenceNbr']}"))["Status"] == "Closed"
    assert (await read(client, f"/Bill/Bill/{bill['ReferenceNbr']}"))["Balance"] == 25
