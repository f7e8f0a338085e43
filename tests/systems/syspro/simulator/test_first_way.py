"""A client that knows the fact sheet alone: by e.net it logs on, finds a supplier, posts an invoice and is refused the second time; by OData it
pages through invoices."""

from __future__ import annotations

import re

from tests.systems.syspro.simulator.world import BARTON, Client, Make, World, invoice, parsed


async def test_an_invoice_is_posted_once_and_refused_the_second_time(make: Make) -> None:
    world = await make(suppliers=12)
    client = await world.client()
    found = await client.find(
        "ApSupplier", "Supplier", "SupplierName", "GrnMatchReqd", where="OnHold EQ N", order="Supplier", rows=3
    )
    supplier = found.rows()[0]["Supplier"]
    assert len(found.rows()) == 3
    assert (await client.find("ApInvoice", "Invoice", where=f"Supplier EQ {supplier} And Invoice EQ S-1001")).rows() == []

    made = await client.invoice(invoice("S-1001", "118.40", "31.50", supplier=supplier))
    assert made.is_well
    assert (made.root.tag, made.counts) == ("postapinvoice", {"ItemsProcessed": 1, "ItemsInvalid": 0})
    assert (made.all("Supplier"), made.all("Invoice"), made.all("ItemNumber")) == ([supplier], ["S-1001"], ["000001"])
    again = await client.invoice(invoice("S-1001", "118.40", "31.50", supplier=supplier))
    assert again.errors == [("Invoice", "110002")]
    assert again.counts == {"ItemsProcessed": 0, "ItemsInvalid": 1}
    held = (await client.find("ApInvoice", "Invoice", "OrigInvValue", "Reference", where=f"Supplier EQ {supplier}")).rows()
    assert held == [{"Invoice": "S-1001", "OrigInvValue": "149.90", "Reference": "ref of S-1001"}]
    assert (await client.call("Logoff")).text == "0"
    [commit] = await world.journal("ApInvoice")
    assert (commit["operation"], commit["amount"], commit["ref"]) == ("create", "149.90", "ref of S-1001")


async def test_a_supplier_is_added_once_and_updated(world: World, client: Client) -> None:
    twice = await client.supplier(
        "Add", {"Key": {"Supplier": BARTON}, "SupplierName": "Again", "Branch": "10", "TermsCode": "30", "Bank": "1"}
    )
    assert twice.errors == [("supplier", "110020")]
    assert twice.counts == {"RecordsRead": 1, "RecordsInvalid": 1}
    renamed = await client.supplier("Update", {"Key": {"Supplier": BARTON}, "SupplierName": "Barton Creek Pipe & Sons"})
    assert renamed.is_well
    assert renamed.root.find("item/key/supplier") is not None
    [row] = (await client.find("ApSupplier", "SupplierName", "UserField1", "TermsCode", where=f"Supplier EQ {BARTON}")).rows()
    assert row == {"SupplierName": "Barton Creek Pipe & Sons", "UserField1": "4711", "TermsCode": "30"}
    missing = await client.supplier("Update", {"Key": {"Supplier": "0000920"}, "SupplierName": "Nobody"})
    assert missing.errors == [("supplier", "110001")]


async def test_odata_pages_through_invoices(make: Make) -> None:
    world = await make(odata_rows=4)
    client = await (await world.client()).with_supplier()
    for number in range(10):
        assert (await client.invoice(invoice(f"S-{number}", "10.00", InvoiceDate=f"2026-03-{number + 1:02d}"))).is_well
    answer = await world.odata(
        "ApInvoice", filter="InvoiceDate ge 2026-03-03T00:00:00Z", orderby="InvoiceDate,Invoice", count="true"
    )
    assert answer.status == 200, answer.raw
    seen, page = [], parsed(answer.raw)
    assert page["@odata.count"] == 8
    while True:
        seen += [row["Invoice"] for row in page["value"]]
        assert len(page["value"]) <= 4
        if "@odata.nextLink" not in page:
            break
        page = parsed((await world.odata(page["@odata.nextLink"])).raw)
    assert seen == [f"S-{number}" for number in range(2, 10)]
    [row] = parsed((await world.odata("ApInvoice", filter="Invoice eq 'S-4'")).raw)["value"]
    assert (row["InvoiceDate"], str(row["OrigInvValue"]), row["ManualChqDate"]) == ("2026-03-05T00:00:00Z", "10.00", None)


async def test_the_ready_line_has_what_signs_in(world: World) -> None:
    known = world.credentials
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/SYSPRO8Odata/SYSPROOData", known["odata_url"])
    assert {"operator", "operator_password", "company", "company_password"} <= known.keys()
