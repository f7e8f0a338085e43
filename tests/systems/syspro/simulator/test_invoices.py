"""APSTIN: what it takes, what it refuses, warnings, dry runs, several items, credit notes and adjustments, closed months."""

from __future__ import annotations

from typing import Any

import pytest

from tests.systems.syspro.simulator.world import BARTON, MATERIALS, Client, Make, World, invoice, tags


async def row_of(client: Client, number: str) -> dict[str, str]:
    [row] = (await client.find("ApInvoice", where=f"Supplier EQ {BARTON} And Invoice EQ {number}")).rows()
    return row


async def test_an_invoice_has_the_dates_terms_and_month_of_the_company(client: Client) -> None:
    assert (await client.invoice(invoice("A-1", "100.00", InvoiceDate="2026-03-02"))).is_well
    row = await row_of(client, "A-1")
    assert (row["InvoiceDate"], row["DueDate"], row["JournalDate"]) == ("2026-03-02", "2026-04-01", "2026-03-16")
    assert (row["InvoiceYear"], row["InvoiceMonth"], row["Branch"], row["MthInvBal1"], row["MthInvBal2"]) == (
        "2026",
        "3",
        "10",
        "100.00",
        "0.00",
    )
    assert (await client.find("ApSupplier", "CurrentBalance", where=f"Supplier EQ {BARTON}")).rows() == [
        {"CurrentBalance": "100.00"}
    ]


async def test_tax_freight_and_charges_are_beside_the_distribution(client: Client) -> None:
    item = invoice(
        "A-1", "100.00", TransactionValue="118.25", FreightCharge="8.00", MiscellaneousCharge="2.00", TaxCode="A", TaxValue="8.25"
    )
    assert (await client.invoice(item)).is_well
    held = await client.world.sim("balances")
    assert held["vendors"] == [{"id": BARTON, "open": "118.25"}]
    assert {row["account"]: row["balance"] for row in held["accounts"]} == {
        "2000-00": "-118.25",
        "2300-00": "8.25",
        "5000-10": "100.00",
        "5400-00": "8.00",
        "5900-00": "2.00",
    }


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"Supplier": "910"}, [("Supplier", "110001")]),
        ({"Supplier": ""}, [("Supplier", "100030")]),
        ({"Invoice": ""}, [("Invoice", "100030")]),
        ({"Invoice": "x" * 21}, [("Invoice", "100031")]),
        ({"TransactionReference": "x" * 31}, [("TransactionReference", "100031")]),
        ({"Branch": "99"}, [("Branch", "110004")]),
        ({"TransactionValue": "100.01"}, [("LedgerDistribution", "110007")]),
        ({"TransactionValue": "0.00"}, [("TransactionValue", "110005")]),
        ({"TransactionValue": "-100.00"}, [("TransactionValue", "110005")]),
        ({"TransactionValue": "100.001"}, [("TransactionValue", "100027")]),
        ({"TransactionValue": "1,00"}, [("TransactionValue", "100027")]),
        ({"TransactionValue": "1e2"}, [("TransactionValue", "100027")]),
        ({"TransactionValue": "NaN"}, [("TransactionValue", "100027")]),
        ({"TransactionCode": "X"}, [("TransactionCode", "100029"), ("TransactionCode", "110011")]),
        ({"TransactionCode": "P"}, [("TransactionCode", "110011")]),
        ({"InvoiceDate": "20260302"}, [("InvoiceDate", "100028")]),
        ({"InvoiceDate": "2026-02-30"}, [("InvoiceDate", "100028")]),
        ({"LedgerDistribution": []}, [("LedgerDistribution", "110006")]),
        ({"LedgerDistribution": [{"LedgerCode": "5000-99", "LedgerValue": "100.00"}]}, [("LedgerCode", "140001")]),
        ({"LedgerDistribution": [{"LedgerCode": "5999-00", "LedgerValue": "100.00"}]}, [("LedgerCode", "140002")]),
        ({"LedgerDistribution": [{"LedgerCode": "2000-00", "LedgerValue": "100.00"}]}, [("LedgerCode", "140003")]),
        ({"LedgerDistribution": [{"LedgerCode": "", "LedgerValue": "100.00"}]}, [("LedgerCode", "100030")]),
        ({"GrnDetails": [{"GrnDetailKey": "G1"}]}, [("GrnDetails", "110010")]),
    ],
)
async def test_a_wrong_invoice_is_refused_by_element(client: Client, changed: dict[str, Any], wrong: list[tuple[str, str]]) -> None:
    answer = await client.invoice(invoice("A-1", "100.00", **changed))
    assert answer.errors == wrong
    assert answer.counts == {"ItemsProcessed": 0, "ItemsInvalid": 1}
    assert await client.world.journal("ApInvoice") == []


async def test_the_same_number_of_another_supplier_is_another_invoice(client: Client) -> None:
    other = {
        "Key": {"Supplier": "V00077"},
        "SupplierName": "Other",
        "Branch": "10",
        "TermsCode": "30",
        "Bank": "1",
        "GrnMatchReqd": "N",
    }
    assert (await client.supplier("Add", other)).is_well
    assert (await client.invoice(invoice("A-1", "1.00"))).is_well
    assert (await client.invoice(invoice("A-1", "1.00", supplier="V00077"))).is_well


async def test_one_wrong_item_refuses_all_or_itself_alone(client: Client) -> None:
    items = invoice("A-1", "1.00"), invoice("A-2", "1.00", Branch="99"), invoice("A-3", "1.00")
    answer = await client.invoice(*items)
    assert answer.counts == {"ItemsProcessed": 0, "ItemsInvalid": 1}
    assert answer.all("Key") == []
    assert await client.world.journal("ApInvoice") == []
    answer = await client.invoice(*items, ApplyIfEntireDocumentValid="N")
    assert answer.counts == {"ItemsProcessed": 2, "ItemsInvalid": 1}
    assert [commit["number"] for commit in await client.world.journal("ApInvoice")] == ["A-1", "A-3"]
    keys = [one.findtext("ItemNumber") for one in answer.root.findall("Item") if one.find("Key") is not None]
    assert keys == ["000001", "000003"]


async def test_an_item_that_a_warning_rejects_leaves_nothing_while_another_is_posted(client: Client) -> None:
    assert (await client.invoice(invoice("A-1", "10.00"))).is_well
    over = invoice("A-1", "12.00", TransactionCode="C")
    answer = await client.invoice(over, invoice("A-2", "1.00"), ApplyIfEntireDocumentValid="N")
    assert (answer.counts["ItemsProcessed"], answer.counts["ItemsRejectedWithWarnings"]) == (1, 1)
    assert (await row_of(client, "A-1"))["MthInvBal1"] == "10.00"
    assert await client.world.journal("ApInvoicePay") == []
    assert (await client.world.sim("balances"))["vendors"] == [{"id": BARTON, "open": "11.00"}]


async def test_a_number_that_is_twice_in_a_document_is_refused(client: Client) -> None:
    answer = await client.invoice(invoice("A-1", "1.00"), invoice("A-1", "1.00"), ApplyIfEntireDocumentValid="N")
    assert answer.errors == [("Invoice", "110002")]
    assert len(await client.world.journal("ApInvoice")) == 1


async def test_a_dry_run_has_the_same_shape_and_writes_nothing(client: Client) -> None:
    answer = await client.invoice(invoice("A-1", "1.00"), ValidateOnly="Y")
    assert (answer.is_well, answer.all("Invoice")) == (True, ["A-1"])
    assert (await client.invoice(invoice("A-1", "1.00", Branch="99"), ValidateOnly="Y")).errors == [("Branch", "110004")]
    assert await client.world.journal("ApInvoice") == []
    made = await client.invoice(invoice("A-1", "1.00"))
    assert made.all("Journal") == ["101"]


async def test_a_warning_rejects_without_an_error_unless_it_is_ignored(client: Client) -> None:
    """The trap: no ErrorDescription and nothing invalid, and yet nothing was written."""
    assert (await client.supplier("Update", {"Key": {"Supplier": BARTON}, "OnHold": "Y"})).is_well
    answer = await client.invoice(invoice("A-1", "1.00"))
    assert (answer.errors, answer.all("WarningDescription")) == ([], [f"Supplier '{BARTON}' is on hold"])
    assert answer.counts == {
        "ItemsProcessed": 0,
        "ItemsInvalid": 0,
        "ItemsRejectedWithWarnings": 1,
        "ItemsProcessedWithWarnings": 0,
    }
    assert await client.world.journal("ApInvoice") == []
    answer = await client.invoice(invoice("A-1", "1.00"), IgnoreWarnings="W")
    assert (answer.counts["ItemsProcessedWithWarnings"], len(answer.all("WarningDescription"))) == (1, 1)
    answer = await client.invoice(invoice("A-2", "1.00"), IgnoreWarnings="Y")
    assert (answer.counts, answer.all("WarningDescription")) == ({"ItemsProcessed": 1, "ItemsInvalid": 0}, [])
    assert len(await client.world.journal("ApInvoice")) == 2


async def test_credit_notes_debit_notes_and_adjustments_need_the_invoice(client: Client) -> None:
    assert (await client.invoice(invoice("A-1", "10.00", TransactionCode="C"))).errors == [("Invoice", "110003")]
    assert (await client.invoice(invoice("A-1", "100.00"))).is_well
    for code, value in (("C", "30.00"), ("D", "5.00"), ("A", "-15.00")):
        answer = await client.invoice(invoice("A-1", value, TransactionCode=code, TransactionReference=f"ref {code}"))
        assert answer.is_well, answer.text
    row = await row_of(client, "A-1")
    assert (row["OrigInvValue"], row["MthInvBal1"], row["TotalAdjustments"]) == ("100.00", "60.00", "-40.00")
    columns = ("EntryNumber", "TrnType", "TrnValue", "PaymentReference")
    found = (
        await client.find("ApInvoicePay", *columns, where=f"Invoice EQ A-1 And Supplier EQ {BARTON}", order="EntryNumber")
    ).rows()
    assert [tuple(one.values()) for one in found] == [
        ("1", "C", "-30.00", "ref C"),
        ("2", "D", "5.00", "ref D"),
        ("3", "A", "-15.00", "ref A"),
    ]
    held = await client.world.sim("balances")
    assert held["vendors"] == [{"id": BARTON, "open": "60.00"}]
    assert {row["account"]: row["balance"] for row in held["accounts"]} == {"2000-00": "-60.00", MATERIALS: "60.00"}


async def test_a_credit_note_is_no_key_that_is_refused_twice(client: Client) -> None:
    """Only code I has a natural key: a repeated credit note posts again."""
    assert (await client.invoice(invoice("A-1", "100.00"))).is_well
    for _ in range(2):
        assert (await client.invoice(invoice("A-1", "30.00", TransactionCode="C"))).is_well
    assert (await row_of(client, "A-1"))["MthInvBal1"] == "40.00"


@pytest.mark.parametrize(("form", "result"), [("warn", "rejected"), ("refuse", "invalid"), ("accept", "taken")])
async def test_a_credit_over_the_balance_is_as_the_site_has_it(make: Make, form: str, result: str) -> None:
    world = await make(credit_over_balance=form)
    client = await (await world.client()).with_supplier()
    assert (await client.invoice(invoice("A-1", "10.00"))).is_well
    answer = await client.invoice(invoice("A-1", "10.01", TransactionCode="C"))
    told = {"rejected": answer.counts.get("ItemsRejectedWithWarnings"), "invalid": answer.counts["ItemsInvalid"]}
    assert (told | {"taken": answer.counts["ItemsProcessed"]})[result] == 1
    assert len(await world.journal("ApInvoicePay")) == (result == "taken")


async def test_postings_reach_the_current_month_and_two_before_it(client: Client, world: World) -> None:
    for code, month in (("C", "3"), ("P", "2"), ("B", "1")):
        assert (await client.invoice(invoice(f"A-{code}", "10.00"), PostingPeriod=code)).is_well
        assert (await row_of(client, f"A-{code}"))["InvoiceMonth"] == month
    row = await row_of(client, "A-P")
    assert (row["MthInvBal1"], row["MthInvBal2"], row["MthInvBal3"]) == ("10.00", "10.00", "0.00")
    assert (await client.invoice(invoice("A-X", "1.00"), PostingPeriod="X")).text.startswith(
        "ERROR: XmlParameters of APSTIN: Value 'X'"
    )


async def test_a_closed_month_is_refused_and_a_dry_run_tells(client: Client, world: World) -> None:
    assert await world.sim("months", {"open": 2}) == {"current": "2026-03", "open": ["2026-03", "2026-02"]}
    assert (await client.invoice(invoice("A-1", "1.00"), PostingPeriod="P", ValidateOnly="Y")).is_well
    refused = await client.invoice(invoice("A-1", "1.00"), PostingPeriod="B")
    assert refused.errors == [("PostingPeriod", "100061")]
    await world.sim("months", {"current": "2026-04", "open": 1})
    assert (await client.invoice(invoice("A-1", "1.00"), PostingPeriod="P")).errors == [("PostingPeriod", "100061")]
    assert (await client.invoice(invoice("A-1", "1.00"))).is_well
    assert (await row_of(client, "A-1"))["InvoiceMonth"] == "4"


async def test_what_the_supplier_demands_is_kept(client: Client) -> None:
    """A supplier that was added without GrnMatchReqd wants goods received notes: the default of the class."""
    bare = {"Key": {"Supplier": "V00078"}, "SupplierName": "Bare", "Branch": "10", "TermsCode": "30", "Bank": "1"}
    assert (await client.supplier("Add", bare)).is_well
    assert (await client.invoice(invoice("A-1", "1.00", supplier="V00078"))).errors == [("GrnDetails", "110009")]


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        ("", "Unable to load the XML"),
        ("<PostApInvoice>", "Unable to load the XML"),
        ("<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><PostApInvoice><Item/></PostApInvoice>", "Unable to load the XML"),
        ("<postapinvoice><Item/></postapinvoice>", "XML root element of APSTIN must be PostApInvoice and is postapinvoice"),
        ("<PostApInvoice/>", "XmlIn of APSTIN has no Item"),
        ("<PostApInvoice><Item><Vendor>1</Vendor></Item></PostApInvoice>", "XML element {Item}{Vendor} is not known"),
        ("<PostApInvoice><Item><supplier>1</supplier></Item></PostApInvoice>", "XML element {Item}{supplier} is not known"),
        (tags({"PostApInvoice": {"Item": {"Invoice": "1", "Supplier": "1"}}}), "XML element {Item}{Supplier} is out of order"),
        (tags({"PostApInvoice": {"Item": {"Invoice": ["1", "2"]}}}), "XML element {Item}{Invoice} appears twice"),
        (tags({"PostApInvoice": {"Item": {"Invoice": {"Number": "1"}}}}), "XML element {Invoice} must hold text"),
    ],
)
async def test_what_is_no_document_fails_as_a_whole(client: Client, xml: str, words: str) -> None:
    told = "<PostApInvoice><Parameters/></PostApInvoice>"
    answer = await client.call("Transaction/Post", BusinessObject="APSTIN", XmlParameters=told, XmlIn=xml)
    assert answer.text.startswith(f"ERROR: {words}"), answer.text
    assert await client.world.journal("ApInvoice") == []


async def test_an_object_is_used_by_its_own_operation_and_with_a_licence(make: Make) -> None:
    world = await make(unlicensed="INVTMA")
    client = await (await world.client()).with_supplier()
    call = {"XmlParameters": "<a/>", "XmlIn": "<a/>"}
    for path, name, words in (
        ("Transaction/Post", "APSSSP", "Business object 'APSSSP' cannot be used for post"),
        ("Setup/Add", "APSTIN", "Business object 'APSTIN' cannot be used for add"),
        ("Transaction/Post", "APSTXX", "Business object 'APSTXX' not found"),
        ("Transaction/Post", "INVTMA", "You are not licensed to use business object 'INVTMA'"),
    ):
        assert (await client.call(path, BusinessObject=name, **call)).text == f"ERROR: {words}"
