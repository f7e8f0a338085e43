"""Input that nobody means: it is answered by an error, never by a crash, and nothing is written."""

from __future__ import annotations

import random

import pytest
from yarl import URL

from tests.systems.syspro.simulator.orders import ORDER, ordered, post_order, received
from tests.systems.syspro.simulator.world import BARTON, Client, Make, World, envelope, invoice, parsed, tags

ODD = (
    "²",
    "-0",
    "+1",
    ".5",
    "1.",
    "1_000",
    "٣",
    "0x10",
    "Infinity",
    "9" * 40,
    "1" + "0" * 11,
    " ",
    "'",
    "<",
    "&amp;",
    "%",
    "{}",
    "\\",
    "a\tb",
)
DATES = (
    "2026-W11-1",
    "9999-12-31",
    "0001-01-01",
    "2026-3-1",
    "2026-03-16T00:00:00",
    "16-03-2026",
    "0000-00-00",
    "2026-02-29",
    "²026-03-01",
)


@pytest.mark.parametrize("text", ODD)
async def test_a_number_of_any_kind_is_taken_or_refused(client: Client, text: str) -> None:
    for item in (
        invoice("A-1", "1.00", TransactionValue=text),
        invoice("A-1", "1.00", TaxValue=text),
        invoice("A-1", "1.00", FreightCharge=text),
    ):
        answer = await client.invoice(item)
        assert answer.status == 200
        assert "ERROR" in answer.text or answer.errors or answer.is_well
    find = tags({"TableName": "ApSupplier", "ReturnRows": text.replace("<", ""), "Columns": {"Column": "Supplier"}})
    assert (await client.query("COMFND", find)).status == 200
    number = await ordered(client, ORDER)
    assert (await received(client, number, "R410A", "1", line=text)).status == 200
    assert (await received(client, number, "R410A", text)).status == 200
    change = {"OrderActionType": "C", "PurchaseOrder": number}
    assert (
        await post_order(client, change, {"StockLine": [{"PurchaseOrderLine": text, "LineActionType": "C", "OrderQty": text}]})
    ).status == 200
    for option in ("top", "skip", "filter", "orderby", "select", "count"):
        assert (await client.world.odata("ApInvoice", **{option: text})).status in (200, 400)


@pytest.mark.parametrize("text", DATES)
async def test_a_date_of_any_kind_is_taken_or_refused(client: Client, text: str) -> None:
    for name in ("InvoiceDate", "DueDate", "DiscountDate"):
        assert (await client.invoice(invoice("A-1", "1.00", **{name: text}))).errors == [(name, "100028")]
    assert (await client.find("ApInvoice", "Invoice", where=f"InvoiceDate GE {text}")).status == 200
    literal = f"{text}T00:00:00Z"
    assert (await client.world.odata("ApInvoice", filter=f"InvoiceDate ge {literal}")).status in (200, 400)


async def test_dates_at_the_ends_of_time_are_compared(client: Client) -> None:
    assert (await client.invoice(invoice("A-1", "1.00"))).is_well
    for literal, count in (("0001-01-01T00:00:00%2B23:59", 1), ("9999-12-31T23:59:59-23:59", 0)):
        answer = await client.world.odata("ApInvoice", filter=f"InvoiceDate ge {literal.replace('%2B', '+')}")
        assert (answer.status, len(parsed(answer.raw)["value"])) == (200, count)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/SYSPROWCFService",
        "/SYSPROWCFService/Rest/",
        "/SYSPROWCFService/Rest/../Logon",
        "/SYSPROWCFService/Rest/Query/Query/Query",
        "/%00",
        "/x%ff?%ff",
    ],
)
async def test_an_address_of_any_kind_is_not_found(world: World, path: str) -> None:
    async with world.http.get(URL(world.served.url + path, encoded=True)) as reply:
        assert reply.status == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<a/>", b"\xff\xfe", b"<!DOCTYPE a><a/>", b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>"],
)
async def test_a_soap_message_of_any_kind_is_a_fault(world: World, body: bytes) -> None:
    async with world.http.post(f"{world.credentials['soap_url']}/Transaction.asmx", data=body) as reply:
        assert (reply.status, b"<soap:Fault>" in await reply.read()) == (500, True)


async def test_comments_and_cdata_are_no_elements(client: Client) -> None:
    inner = tags({"Item": invoice("A-1", "1.00")}).replace("A-1", "<![CDATA[A&1]]><!-- note -->")
    answer = await client.write("Transaction/Post", "APSTIN", "PostApInvoice", {}, f"<!-- first -->{inner}")
    assert answer.all("Invoice") == ["A&1"]


async def test_a_document_that_is_nested_without_end_is_refused(client: Client) -> None:
    inner = "<Item>" * 400 + "</Item>" * 400
    answer = await client.write("Transaction/Post", "APSTIN", "PostApInvoice", {}, inner)
    assert answer.text.startswith("ERROR: ")


async def test_whatever_is_done_to_a_document_is_answered(make: Make) -> None:
    """A seeded search: cut, double and swap parts of a good document; whatever comes, the answer has status 200 and a known form."""
    world = await make()
    client = await (await world.client()).with_supplier()
    good = envelope("PostApInvoice", "APSTINDOC", tags({"Item": invoice("A-1", "10.00", "5.00", InvoiceDate="2026-03-02")}))
    draw = random.Random(7)
    told = envelope("PostApInvoice", "APSTIN", "<Parameters><ValidateOnly>Y</ValidateOnly></Parameters>")
    for _ in range(400):
        start, end = sorted(draw.choices(range(len(good)), k=2))
        piece = good[start:end]
        twisted = draw.choice(
            (good[:start] + good[end:], good[:end] + piece + good[end:], good[:start] + draw.choice(ODD) + good[start:])
        )
        answer = await client.call("Transaction/Post", BusinessObject="APSTIN", XmlParameters=told, XmlIn=twisted)
        assert answer.status == 200
        assert answer.text.startswith(("ERROR: ", "<?xml")), twisted
    assert await world.journal("ApInvoice") == []
    assert (await client.find("ApInvoice", "Invoice", where=f"Supplier EQ {BARTON}")).rows() == []
