"""Answers read from their bytes, messages built from a WSDL: what is no plain answer is refused, what is sent stays what it was."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from runtime.errors import Malformed, Refused
from runtime.exchange import response
from systems.peoplesoft import documents, soap
from systems.peoplesoft.markup import MAX_ANSWER_BYTES, parsed
from systems.peoplesoft.soap import CREATE, ENVELOPE, Service, User
from systems.peoplesoft.wsdl import pinned
from tests.systems.peoplesoft.writing.ground import Site, document, journal, line

XML = {"Content-Type": "text/xml; charset=utf-8"}
BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))


def envelope(body: str, head: str = "") -> bytes:
    return f'{head}<s:Envelope xmlns:s="{ENVELOPE}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def opened(body: bytes, headers: Any = XML) -> Any:
    return soap.opened(response(200, body, headers))


REFUSED: dict[str, bytes] = {
    "50 billion laughs": f'<!DOCTYPE r [<!ENTITY a0 "x">{BOMB}]><r>&a8;</r>'.encode(),
    "51 quadratic": f'<!DOCTYPE r [<!ENTITY a "{"x" * 100_000}">]><r>{"&a;" * 1000}</r>'.encode(),
    "52 a file": b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>',
    "53 an address": b'<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><r>&x;</r>',
    "54 a parameter entity": b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><r/>',
    "55 an external DTD": b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>',
    "56 a bare doctype": b"<!DOCTYPE r><r/>",
    "56 in lower case": b"<!doctype r><r/>",
    "57 truncated": envelope("<VoucherId>1234</VoucherId>")[:-30],
    "58 deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "59 a long text": b"<a>" + b"x" * 20_000_000 + b"</a>",
    "60 many attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(1_000_000)) + b"/>",
    "64 UTF-7": b'<?xml version="1.0" encoding="UTF-7"?><r>+ADw-x/+AD4-</r>',
    "64 UTF-16": '<?xml version="1.0" encoding="UTF-16"?><r/>'.encode("utf-16"),
    "64 UTF-16 said of UTF-8": b'<?xml version="1.0" encoding="UTF-16"?><r/>',
    "64 no UTF-8": b"<r>\xff</r>",
    "64 a NUL": b"<r>\x00</r>",
    "a comment in an amount": b"<r>12<!-- -->3</r>",
    "an instruction": b"<r>12<?x ?>3</r>",
    "an undeclared entity": b"<r>&x;</r>",
    "two roots": b"<r/><r/>",
    "bytes after the end": b"<r/>x",
    "nothing": b"",
    "a declaration alone": b'<?xml version="1.0"?>',
}


@pytest.mark.parametrize("name", REFUSED)
def test_xml_that_is_not_plain_is_refused_quickly(name: str) -> None:
    started = time.process_time()
    with pytest.raises(Malformed):
        parsed(REFUSED[name])
    assert time.process_time() - started < 1.0


def test_the_cap_is_looked_at_before_anything_is_parsed() -> None:
    with pytest.raises(Malformed, match="cap"):
        parsed(b"<a>" + b" " * MAX_ANSWER_BYTES + b"</a>")


def test_an_amount_in_pieces_is_its_whole_value_or_refused() -> None:
    root = parsed(b'<r xmlns="urn:m"><A>12<![CDATA[3.4]]>5</A></r>')
    assert soap.tree(root) == {"A": "123.45"}


NOT_ONE_BODY: dict[str, bytes] = {
    "no body": f'<s:Envelope xmlns:s="{ENVELOPE}"></s:Envelope>'.encode(),
    "an empty body": envelope(""),
    "two elements": envelope("<a/><b/>"),
    "text beside": envelope("<a/>queued"),
    "two bodies": f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body><a/></s:Body><s:Body><a/></s:Body></s:Envelope>'.encode(),
    "something after the body": f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Body><a/></s:Body><x/></s:Envelope>'.encode(),
    "SOAP 1.2": envelope("<a/>").replace(ENVELOPE.encode(), b"http://www.w3.org/2003/05/soap-envelope"),
    "no namespace": b"<Envelope><Body><a/></Body></Envelope>",
}


@pytest.mark.parametrize("name", NOT_ONE_BODY)
def test_an_envelope_without_exactly_one_body_of_one_element_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        opened(NOT_ONE_BODY[name])


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/json", ""])
def test_what_is_not_sent_as_xml_is_not_read_as_xml(kind: str) -> None:
    with pytest.raises(Malformed):
        opened(envelope("<a/>"), {"Content-Type": kind})


def test_properties_of_another_namespace_or_twice_are_refused() -> None:
    for inner in ('<A xmlns="urn:other">1</A>', "<A>1</A><A>2</A>", "<A>1</A><A><B>2</B></A>", "<A><B>2</B></A><A>1</A>"):
        with pytest.raises(Malformed):
            soap.tree(parsed(f'<r xmlns="urn:m">{inner}</r>'.encode()))


def test_prefixes_of_properties_are_left_out_and_nil_is_empty() -> None:
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    found = parsed(f'<r xmlns="urn:m"><KEYPROP_A> x </KEYPROP_A><PROP_B {nil}/><COLL_C><PROP_D>1</PROP_D></COLL_C></r>'.encode())
    assert soap.tree(found) == {"A": "x", "B": "", "C": [{"D": "1"}]}


# --- messages ---------------------------------------------------------------------------------------------------------


async def service(on: Site, user: User | None = None) -> Service:
    return Service(pinned("ML_JOURNAL_CI", await document(on.inner, "ML_JOURNAL_CI")), user)


SPITEFUL = ("</m:DESCR><m:AMOUNT>1</m:AMOUNT>", "]]>", "&x;", "<!-- -->", "\"'&<>", "Zoë — 水道", "a\tb\nc")


@pytest.mark.parametrize("text", SPITEFUL)
async def test_a_text_that_looks_like_xml_is_sent_as_text_and_read_back_equal(on: Site, text: str) -> None:
    command = journal(description=text)
    sent = (await service(on)).message(CREATE, documents.journal(command, on.settings)).body
    body = parsed(sent)[-1]
    wanted = " ".join(text.split())
    assert soap.tree(body[0])["DESCR254"] == f"{command['ref']} {wanted}"
    assert len(body) == 1
    await on.made("journal", command)
    (kept,) = await on.kept("Journal")
    assert kept["description"] == f"{command['ref']} {wanted}"


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1f", "\x7f", "\x85", "\ud800", "\ufffe"])
async def test_control_characters_are_blanks_in_a_text_and_refused_in_a_code(on: Site, character: str) -> None:
    tree = documents.journal(journal(description=f"a{character}b"), on.settings)
    assert tree["DESCR254"].endswith(" a b")
    (await service(on)).message(CREATE, tree)
    answer = await on.step("create", "journal", journal(human_number=f"7{character}8"))
    assert (answer.verdict.value, answer.code) == ("reject", "unsendable")
    assert on.creates == []


async def test_a_message_carries_a_username_token_where_the_site_asks_for_one(on: Site) -> None:
    tree = documents.journal(journal(), on.settings)
    signed = (await service(on, User("MLCONNECT", "p&<w"))).message(CREATE, tree).body
    assert b"<wsse:Username>MLCONNECT</wsse:Username>" in signed
    assert b"p&amp;&lt;w</wsse:Password>" in signed
    assert b"wsse" not in (await service(on)).message(CREATE, tree).body


async def test_names_of_messages_come_from_the_binding(on: Site, tmp_path: Path) -> None:
    found = (await service(on)).message(CREATE, documents.journal(journal(), on.settings))
    assert found.action == "CI_ML_JOURNAL_CI_C.V1"
    root = etree.QName(etree.fromstring(found.body)[-1][0])
    assert str(root.namespace).startswith("http://xmlns.oracle.com/Enterprise/Tools/schemas/M")
    assert etree.QName(found.answered).localname == "Create__CompIntfc__ML_JOURNAL_CIResponse"
    assert etree.QName(found.answered).namespace != root.namespace


async def test_a_property_that_the_sites_interface_does_not_have_is_refused_by_name(on: Site) -> None:
    with pytest.raises(Refused, match="BUDGET_REF"):
        (await service(on)).message(CREATE, {"BUSINESS_UNIT": "US001", "BUDGET_REF": "2026"})


async def test_properties_with_prefixes_are_written_as_the_site_spells_them(on: Site) -> None:
    body = await document(on.inner, "ML_JOURNAL_CI")
    for plain, theirs in ((b"JOURNAL_ID", b"KEYPROP_JOURNAL_ID"), (b"DESCR254", b"PROP_DESCR254"), (b"JRNL_LN", b"COLL_JRNL_LN")):
        body = body.replace(b'<xsd:element name="' + plain + b'"', b'<xsd:element name="' + theirs + b'"')
    sent = Service(pinned("ML_JOURNAL_CI", body)).message(CREATE, documents.journal(journal(), on.settings)).body
    assert b"KEYPROP_JOURNAL_ID>" in sent
    assert b":COLL_JRNL_LN>" in sent
    assert soap.tree(parsed(sent)[-1][0])["JRNL_LN"][0]["MONETARY_AMOUNT"] == "108.25"


async def test_amounts_are_plain_decimals_however_large_or_small(on: Site) -> None:
    for amount in ("0.01", "10000000000000000.00", "-0.01", "1E+3"):
        lines = [line("120000", amount, "receivable"), line("401000", str(-Decimal(amount)))]
        sent = (await service(on)).message(CREATE, documents.journal(journal(lines=lines), on.settings)).body
        rows = soap.tree(parsed(sent)[-1][0])["JRNL_LN"]
        assert [one["MONETARY_AMOUNT"] for one in rows] == [f"{Decimal(amount):.2f}", f"{-Decimal(amount):.2f}"]


def test_an_answer_with_a_header_is_read_by_its_body() -> None:
    told = f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Header><x/></s:Header><s:Body><a><B>1</B></a></s:Body></s:Envelope>'.encode()
    element = opened(told)
    assert (element.tag, soap.is_enveloped(element), soap.tree(element)) == ("a", True, {"B": "1"})
    assert not soap.is_enveloped(opened(b'<IBResponse type="success"/>'))
