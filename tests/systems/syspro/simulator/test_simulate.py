"""`ml-connector simulate syspro` as a process, and a client that knows nothing of ours: the standard library's HTTP, XML and JSON, and the fact
sheet."""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from xml.etree import ElementTree

import pytest

from tests.systems.served import simulated

XML = '<?xml version="1.0" encoding="Windows-1252"?>'
FIND = (
    XML + "<Query><TableName>{table}</TableName><ReturnRows>2</ReturnRows><Columns>{columns}</Columns><Where><Expression>"
    "<OpenBracket>(</OpenBracket><Column>{column}</Column><Condition>EQ</Condition><Value>{value}</Value><CloseBracket>)</CloseBracket>"
    "</Expression></Where><OrderBy><Column>{column}</Column></OrderBy></Query>"
)
ROOT = '<PostApInvoice xmlns:xsd="http://www.w3.org/2001/XMLSchema-instance" xsd:noNamespaceSchemaLocation='
PARAMETERS = (
    XML + ROOT + '"APSTIN.XSD"><Parameters><PostingPeriod>C</PostingPeriod><IgnoreWarnings>N</IgnoreWarnings>'
    "<ApplyIfEntireDocumentValid>Y</ApplyIfEntireDocumentValid><ValidateOnly>N</ValidateOnly></Parameters></PostApInvoice>"
)
INVOICE = (
    XML + ROOT + '"APSTINDOC.XSD"><Item><Supplier>{supplier}</Supplier><TransactionCode>I</TransactionCode><Branch>10</Branch>'
    "<Invoice>{number}</Invoice><TransactionValue>149.90</TransactionValue><LedgerDistribution><LedgerCode>5000-10</LedgerCode>"
    "<LedgerValue>149.90</LedgerValue></LedgerDistribution></Item></PostApInvoice>"
)


def called(ready: dict[str, Any], operation: str, **texts: str) -> str:
    """One call of e.net's REST service, as the sheet says: a GET, everything in the query."""
    query = urlencode(texts, quote_via=quote, safe="")
    with urlopen(f"{ready['url']}/SYSPROWCFService/Rest/{operation}?{query}", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        body: bytes = answer.read()
    return body.decode("cp1252")


def logged_on(ready: dict[str, Any]) -> str:
    """A session id, with its trailing blanks."""
    held = ready["credentials"]
    words = {"Operator": held["operator"], "OperatorPassword": held["operator_password"]}
    found = called(ready, "Logon", **words, CompanyId=held["company"], CompanyPassword=held["company_password"])
    assert re.fullmatch("[0-9A-F]{34}  ", found), found
    return found


def found_rows(ready: dict[str, Any], session: str, table: str, columns: str, where: tuple[str, str]) -> list[dict[str, str]]:
    """What COMFND finds."""
    asked = "".join(f"<Column>{name}</Column>" for name in columns.split())
    xml = FIND.format(table=table, columns=asked, column=where[0], value=where[1])
    answer = ElementTree.fromstring(called(ready, "Query/Query", UserId=session, BusinessObject="COMFND", XmlIn=xml))
    assert answer.tag == table
    return [{one.tag: (one.text or "").strip() for one in row} for row in answer.findall("Row")]


def posted(ready: dict[str, Any], session: str, supplier: str, number: str) -> ElementTree.Element:
    xml = INVOICE.format(supplier=supplier, number=number)
    texts = {"UserId": session, "BusinessObject": "APSTIN", "XmlParameters": PARAMETERS, "XmlIn": xml}
    return ElementTree.fromstring(called(ready, "Transaction/Post", **texts))


def test_a_client_of_somebody_else_posts_an_invoice_and_is_refused_the_second_time() -> None:
    with simulated("syspro", "--set", "suppliers=12", "--seed", "5") as ready:
        assert {"operator", "operator_password", "company", "company_password"} <= set(ready["credentials"])
        session = logged_on(ready)
        [supplier] = found_rows(ready, session, "ApSupplier", "Supplier SupplierName OnHold", ("Supplier", "0000001"))
        assert supplier["SupplierName"]
        first, second = (posted(ready, session, supplier["Supplier"], "S-1001") for _ in range(2))
        assert first.tag == "postapinvoice"
        assert (first.findtext(".//ItemsProcessed"), first.findtext(".//ItemsInvalid")) == ("000001", "000000")
        assert first.find(".//ErrorDescription") is None
        assert second.findtext(".//ItemsInvalid") == "000001"
        assert second.find(".//Invoice/ErrorDescription") is not None
        held = found_rows(ready, session, "ApInvoice", "Supplier OrigInvValue", ("Invoice", "S-1001"))
        assert [(one["Supplier"], Decimal(one["OrigInvValue"])) for one in held] == [(supplier["Supplier"], Decimal("149.90"))]
        assert called(ready, "Logoff", UserId=session) == "0"
        assert called(ready, "Query/Query", UserId=session, BusinessObject="COMFND", XmlIn="<Query/>").startswith("ERROR")


def page_of(ready: dict[str, Any], password: str, **options: str) -> dict[str, Any]:
    """A page of AP invoices by OData, with HTTP Basic."""
    held = ready["credentials"]
    query = "&".join(f"%24{name}={quote(value, safe='')}" for name, value in options.items())
    secret = base64.b64encode(f"{held['operator']}:{password}".encode()).decode()
    asked = Request(f"{ready['odata_url']}/{held['company']}/ApInvoice?{query}", headers={"Authorization": f"Basic {secret}"})
    with urlopen(asked, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_a_plain_odata_client_pages_through_ap_invoices() -> None:
    with simulated("syspro", "--set", "suppliers=12", "--set", "history=23", "--seed", "5") as ready:
        password = ready["credentials"]["operator_password"]
        whole = page_of(ready, password, count="true", orderby="Supplier,Invoice")
        seen: list[tuple[str, str]] = []
        while page := page_of(ready, password, top="5", skip=str(len(seen)), orderby="Supplier,Invoice")["value"]:
            assert len(page) <= 5
            seen += [(row["Supplier"], row["Invoice"]) for row in page]
        assert seen == [(row["Supplier"], row["Invoice"]) for row in whole["value"]]
        assert len(seen) == len(set(seen)) == whole["@odata.count"] >= 23
        newest = max(row["InvoiceDate"] for row in whole["value"])
        late = page_of(ready, password, filter=f"InvoiceDate ge {newest}")["value"]
        assert late
        assert {row["InvoiceDate"] for row in late} == {newest}
        with pytest.raises(HTTPError, match="401"):
            page_of(ready, "wrong")


def test_a_site_that_was_started_by_itself_has_suppliers_and_invoices_to_look_at() -> None:
    with simulated("syspro") as ready:
        session = logged_on(ready)
        assert found_rows(ready, session, "ApSupplier", "Supplier SupplierName", ("Supplier", "0000010"))
        assert page_of(ready, ready["credentials"]["operator_password"], count="true")["@odata.count"] >= 30
