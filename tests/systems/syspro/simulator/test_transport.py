"""GET alone, the length of an address, how texts are wrapped and encoded, and the SOAP services for what is too long."""

from __future__ import annotations

from html import escape
from xml.etree import ElementTree

import pytest
from yarl import URL

from tests.systems.syspro.simulator.world import BARTON, Client, Make, World, envelope, invoice, tags

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


async def soap(world: World, service: str, name: str, texts: dict[str, str], **changed: str) -> tuple[int, str]:
    """One SOAP call: the status, and the result or the faultstring."""
    space = changed.get("namespace", f"http://www.syspro.com/ns/{service}/")
    inner = "".join(f"<{key}>{escape(value, quote=False)}</{key}>" for key, value in texts.items())
    body = f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{name} xmlns="{space}">{inner}</{name}></s:Body></s:Envelope>'
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": changed.get("action", f"{space}{name}")}
    url = f"{world.credentials['soap_url']}/{service.capitalize()}.asmx"
    async with world.http.post(url, data=body.encode(), headers=headers) as reply:
        root = ElementTree.fromstring(await reply.read())
        found = [one.text or "" for one in root.iter() if one.tag.endswith(f"}}{name}Result") or one.tag == "faultstring"]
        assert len(found) == 1
        return reply.status, found[0]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_but_get_is_taken(client: Client, method: str) -> None:
    answer = await client.world.get("Transaction/Post", {"UserId": client.user}, method)
    assert answer.status == 405
    assert await client.world.journal("ApInvoice") == []


async def test_an_address_over_the_limit_is_refused_before_anything_is_read(client: Client) -> None:
    """16,384 bytes with path and query; the percent-encoding makes three bytes of each blank."""
    items = [invoice(f"LONG-{number}", *["1.00"] * 20) for number in range(6)]
    answer = await client.invoice(*items)
    assert (answer.status, b"HTTP Error 414" in answer.raw) == (414, True)
    assert await client.world.journal("ApInvoice") == []


async def test_an_address_just_under_the_limit_is_taken(client: Client) -> None:
    notation = "x" * 30
    answer = await client.invoice(invoice("L-1", *["1.00"] * 45, Notation=notation))
    assert answer.is_well


async def test_what_is_too_long_for_an_address_goes_by_soap(client: Client) -> None:
    world = client.world
    items = "".join(tags({"Item": invoice(f"LONG-{number}", *["1.00"] * 20)}) for number in range(6))
    status, text = await soap(
        world,
        "transaction",
        "Post",
        {
            "UserId": client.user,
            "BusinessObject": "APSTIN",
            "XMLParameters": envelope("PostApInvoice", "APSTIN", "<Parameters/>"),
            "XMLIn": envelope("PostApInvoice", "APSTINDOC", items),
        },
    )
    assert (status, "<ItemsProcessed>000006<" in text) == (200, True)
    assert len(await world.journal("ApInvoice")) == 6


async def test_soap_logs_on_and_off_and_a_failure_is_a_fault(world: World) -> None:
    known = world.credentials
    texts = {"Operator": known["operator"], "OperatorPassword": known["operator_password"], "CompanyId": known["company"]}
    texts |= {"CompanyPassword": known["company_password"], "LanguageCode": "ENGLISH_US", "LogLevel": "ldNoDebug"}
    texts |= {"EncoreInstance": "EncoreInstance_0", "XmlIn": ""}
    status, user = await soap(world, "utilities", "Logon", texts)
    assert (status, len(user)) == (200, 36)
    assert await soap(world, "utilities", "Logoff", {"UserId": user}) == (200, "0")
    status, words = await soap(world, "utilities", "Logon", texts | {"OperatorPassword": "no"})
    assert (status, words.endswith("---> Invalid operator password")) == (500, True)
    status, words = await soap(world, "transaction", "Post", {"UserId": user})
    assert (status, words.endswith("BaseDir8")) == (500, True)


async def test_soap_holds_a_caller_to_namespace_and_action(world: World) -> None:
    for wrong in ({"namespace": "http://example.com/"}, {"action": "http://example.com/Post"}):
        status, _ = await soap(world, "transaction", "Post", {"UserId": "x"}, **wrong)
        assert status == 500


async def test_soap_may_be_switched_off(make: Make) -> None:
    world = await make(soap="false")
    async with world.http.post(f"{world.credentials['soap_url']}/Transaction.asmx", data=b"<a/>") as reply:
        assert reply.status == 404


async def test_a_site_without_enet_shows_odata_alone(make: Make) -> None:
    world = await make(enet="false")
    assert (await world.get("GetVersion")).status == 404
    assert (await world.odata("ApBranch")).status == 200


@pytest.mark.parametrize(("form", "start"), [("quoted", '"<?xml version=\\"1.0\\"'), ("string", "<string xmlns=")])
async def test_a_site_may_wrap_its_texts(make: Make, form: str, start: str) -> None:
    world = await make(answer_form=form)
    answer = await world.get("GetVersion")
    assert "7.0.0.6" in answer.text
    assert len(answer.text) > len("7.0.0.6")
    user = (await world.logon()).text
    client = Client(world, user[1:-1] if form == "quoted" else ElementTree.fromstring(user).text or "")
    assert (await client.find("ApBranch", rows=1)).text.startswith(start)


async def test_text_goes_out_in_windows_1252(client: Client) -> None:
    answer = await client.supplier("Update", {"Key": {"Supplier": BARTON}, "SupplierName": "Señal – Pipe €"})
    assert answer.is_well
    found = await client.find("ApSupplier", "SupplierName", where=f"Supplier EQ {BARTON}")
    assert "Señal – Pipe €".encode("cp1252") in found.raw


async def test_a_character_that_windows_1252_does_not_have_is_no_document(client: Client) -> None:
    answer = await client.supplier("Update", {"Key": {"Supplier": BARTON}, "SupplierName": "Pipe ☃"})
    assert answer.text.startswith("ERROR: Invalid character '\\u2603'")
    assert (await client.find("ApSupplier", "SupplierName", where=f"Supplier EQ {BARTON}")).rows()[0][
        "SupplierName"
    ] == "Barton Creek Pipe"


async def test_a_query_that_is_not_utf_8_is_no_document(client: Client) -> None:
    """A caller that percent-encodes Windows-1252 instead of UTF-8."""
    xml = envelope("Query", "COMFND", tags({"TableName": "ApSupplier", "ReturnRows": "1", "Columns": {"Column": "SUP"}}))
    raw = xml.encode().hex(" ").upper().split()
    query = "".join(f"%{byte}" for byte in raw).replace("%53%55%50", "%F1")
    user = client.user.replace(" ", "%20")
    url = URL(
        f"{client.world.served.url}/SYSPROWCFService/Rest/Query/Query?UserId={user}&BusinessObject=COMFND&XmlIn={query}",
        encoded=True,
    )
    async with client.world.http.get(url) as reply:
        assert (await reply.text("cp1252")).startswith("ERROR: Invalid character")


async def test_a_parameter_that_is_not_known_or_comes_twice_is_no_endpoint(world: World) -> None:
    assert (await world.get("GetVersion", {"Format": "json"})).status == 404
    assert (await world.get("Logoff?UserId=a&UserId=b")).status == 404
