"""A WSDL is fetched by our own client, accepted by its hash, and reaches nothing but the connection's own gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from runtime.errors import Broken, Malformed
from runtime.exchange import Response, response
from systems.contract import Verdict
from systems.peoplesoft import wsdl
from systems.peoplesoft.soap import Service
from systems.peoplesoft.wsdl import fetched, pinned
from tests.systems.peoplesoft.writing.ground import URL, Site, document, journal, site

NAME = "ML_JOURNAL_CI"
WSDL = f"{URL}{wsdl.LISTENER}/PSFT_EP/CI_{NAME}.1.wsdl"


class Pages:
    """As much of the client as fetching needs: pages by address, and what was asked for."""

    def __init__(self, settings: Any, pages: dict[str, bytes]) -> None:
        self.settings = settings
        self.pages = pages
        self.asked: list[str] = []

    async def get(self, url: str, what: str) -> Response:
        self.asked.append(url)
        return response(200, self.pages[url], {"Content-Type": "text/xml"})


async def fetch(on: Site, pages: dict[str, bytes]) -> tuple[wsdl.Wsdl, list[str]]:
    client: Any = Pages(on.settings, pages)
    return await fetched(client, NAME), client.asked


async def test_the_hash_is_the_same_however_the_document_is_printed_and_wherever_the_site_is(on: Site) -> None:
    body = await document(on.inner, NAME)
    known = pinned(NAME, body).digest
    printed = body.replace(b"><", b">\n  <").replace(b"<wsdl:portType", b"<!-- generated --><wsdl:portType")
    moved = body.replace(b"http://127.0.0.1:1/PSIGW", b"https://elsewhere.example/PSIGW")
    assert moved != body
    assert {pinned(NAME, one).digest for one in (printed, moved)} == {known}
    assert known == on.settings.wsdl_hashes[NAME]


async def test_the_hash_is_another_one_when_a_property_a_message_or_an_action_changes(on: Site) -> None:
    body = await document(on.inner, NAME)
    known = pinned(NAME, body).digest
    for old, new in (
        (b'name="DESCR254"', b'name="DESCR255"'),
        (b"CI_ML_JOURNAL_CI_C.V1", b"Create.V1"),
        (b'value="10"', b'value="11"'),
    ):
        assert old in body
        assert pinned(NAME, body.replace(old, new, 1)).digest != known


async def test_without_an_accepted_hash_nothing_is_written_and_the_line_to_add_is_told(tmp_path: Path) -> None:
    async with site(tmp_path, {"wsdl_hashes": {}}) as on:
        digest = pinned(NAME, await document(on.inner, NAME)).digest
        with pytest.raises(Broken, match=f"wsdl_hashes: {{{NAME}: {digest}}}"):
            await on.find("journal", journal())
        answer = await on.step("create", "journal", journal())
        assert (answer.verdict, answer.broken) == (Verdict.DEFINITE_NO, True)
        assert digest in answer.words
        assert on.creates == []
        assert await on.kept("Journal") == []


async def test_a_refused_wsdl_is_not_asked_for_again_by_every_document(tmp_path: Path) -> None:
    async with site(tmp_path, {"wsdl_hashes": {NAME: "0" * 64}}) as on:
        for number in range(5):
            with pytest.raises(Broken, match="the site changed it"):
                await on.find("journal", journal(str(number)))
        assert len([one for one in on.seam.requests if one.url.endswith(".wsdl")]) <= 1


async def test_a_wsdl_that_changes_while_we_write_is_refused_until_it_is_accepted(on: Site) -> None:
    await on.made("journal", journal("1"))
    await on.do("settings", wsdl_revision=1)
    before = await on.step("create", "journal", journal("2"))
    assert before.verdict is Verdict.AMBIGUOUS, "the site's handler refuses the old message in words that say nothing certain"
    after = await on.step("create", "journal", journal("2"))
    assert (after.verdict, after.broken) == (Verdict.DEFINITE_NO, True)
    assert "the site changed it" in after.words
    assert len(await on.kept("Journal")) == 1


async def test_a_changed_wsdl_is_noticed_in_time_though_nothing_fails(on: Site) -> None:
    await on.made("journal", journal("1"))
    await on.do("settings", wsdl_revision=1)
    on.clock.move(3600)
    answer = await on.step("create", "journal", journal("2"))
    assert (answer.verdict, answer.broken) == (Verdict.DEFINITE_NO, True)
    assert on.creates == []


async def test_calls_go_where_the_settings_say_whatever_the_document_says(tmp_path: Path) -> None:
    async with site(tmp_path, wsdl_host="http://attacker.example") as on:
        assert b"http://attacker.example" in await document(on.inner, NAME)
        await on.made("journal", journal())
        assert {one.url.partition("/PSIGW")[0] for one in on.seam.requests} == {URL}


def importing(body: bytes, where: str) -> bytes:
    """The document with its first schema moved to another address."""
    return body.replace(
        b"<wsdl:types>",
        f'<wsdl:types><xsd:schema><xsd:import namespace="urn:moved" schemaLocation="{where}"/></xsd:schema>'.encode(),
        1,
    )


SCHEMA = b"""<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:moved">
<xsd:element name="X" type="xsd:string"/></xsd:schema>"""


@pytest.mark.parametrize("where", [f"{URL}{wsdl.LISTENER}?Operation=GetSchema&amp;xsd=M1.V1", "M1.V1.xsd"])
async def test_schemas_of_the_same_gateway_are_fetched_pinned_and_used(on: Site, where: str) -> None:
    body = importing(await document(on.inner, NAME), where)
    address = urljoin(WSDL, where.replace("&amp;", "&"))
    found, asked = await fetch(on, {WSDL: body, address: SCHEMA})
    assert asked == [WSDL, address]
    assert len(found.documents) == 2
    Service(found)
    other, _ = await fetch(on, {WSDL: body, address: SCHEMA.replace(b'"X"', b'"Y"')})
    assert other.digest != found.digest


@pytest.mark.parametrize(
    "where",
    [
        "http://attacker.example/PSIGW/PeopleSoftServiceListeningConnector/x.xsd",
        "http://127.0.0.1:2/PSIGW/PeopleSoftServiceListeningConnector/x.xsd",
        "https://127.0.0.1:1/PSIGW/PeopleSoftServiceListeningConnector/x.xsd",
        "file:///etc/hostname",
        "/latest/meta-data",
        "../../../x.xsd",
        "//attacker.example/PSIGW/PeopleSoftServiceListeningConnector/x.xsd",
        "http://127.0.0.1:1@attacker.example/PSIGW/PeopleSoftServiceListeningConnector/x.xsd",
    ],
)
async def test_a_wsdl_that_imports_from_elsewhere_is_refused_and_nothing_is_asked_there(on: Site, where: str) -> None:
    client: Any = Pages(on.settings, {WSDL: importing(await document(on.inner, NAME), where)})
    with pytest.raises(Broken, match="another place"):
        await fetched(client, NAME)
    assert client.asked == [WSDL]


async def test_zeep_itself_reaches_nothing_even_for_a_document_with_imports(on: Site) -> None:
    body = importing(await document(on.inner, NAME), "http://127.0.0.1:9/x.xsd")
    with pytest.raises(Broken, match="External"):
        Service(wsdl.Wsdl(NAME, "", {f"{wsdl.PINNED}0": body}))
    with pytest.raises(Broken, match="External"):
        Service(wsdl.Wsdl(NAME, "", {f"{wsdl.PINNED}0": importing(await document(on.inner, NAME), "pinned:///7")}))


async def test_entities_and_inclusions_in_a_wsdl_are_refused(on: Site) -> None:
    body = await document(on.inner, NAME)
    declared = body.replace(b"?>", b'?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>', 1)
    included = body.replace(
        b"<wsdl:types>", b'<wsdl:types><x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>', 1
    )
    for one in (declared, included):
        with pytest.raises((Malformed, Broken)):
            pinned(NAME, one)
        with pytest.raises(Broken):
            await fetch(on, {WSDL: one})


async def test_a_site_without_the_service_is_told_by_its_name(tmp_path: Path) -> None:
    async with site(tmp_path) as on:
        await on.do("settings", missing_services=NAME)
        with pytest.raises(Broken, match="Provide the service CI_ML_JOURNAL_CI"):
            await on.find("journal", journal())


async def test_a_service_without_create_is_told(on: Site) -> None:
    body = (await document(on.inner, NAME)).replace(b"Create__CompIntfc", b"Update__CompIntfc")
    with pytest.raises(Broken, match="no operation Create"):
        Service(pinned(NAME, body))


async def test_a_wsdl_is_got_signed_in(tmp_path: Path) -> None:
    async with site(tmp_path) as on:
        await on.do("settings", wsdl_security="basic")
        await on.find("journal", journal())
        (asked,) = [one for one in on.seam.requests if one.url == WSDL]
        assert asked.headers["Authorization"].startswith("Basic ")
