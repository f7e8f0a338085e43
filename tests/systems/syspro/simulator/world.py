"""A bare client of the site that follows the fact sheet and nothing else, and the documents that most tests begin with."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from yarl import URL

from tests.systems.served import Answer, ServedWorld

REST = "/SYSPROWCFService/Rest"
XSD = "http://www.w3.org/2001/XMLSchema-instance"
BARTON = "0000910"
"""A supplier that tests add."""


@dataclass(frozen=True)
class Reply(Answer):
    """What e.net answered."""

    @property
    def text(self) -> str:
        assert self.status == 200, self.raw
        return self.raw.decode("cp1252")

    @property
    def root(self) -> ElementTree.Element:
        assert self.text.startswith("<?xml"), self.text
        return ElementTree.fromstring(self.raw)

    def all(self, name: str) -> list[str]:
        """The texts of every element of this name, whatever its case."""
        return [one.text or "" for one in self.root.iter() if one.tag.lower() == name.lower()]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """The elements that are wrong, and the numbers of their messages."""
        return [(one.tag, one.findtext("ErrorNumber", "")) for one in self.root.iter() if one.find("ErrorNumber") is not None]

    @property
    def counts(self) -> dict[str, int]:
        status = self.root.find("StatusOfItems")
        return {} if status is None else {one.tag: int(one.text or "") for one in status}

    def rows(self) -> list[dict[str, str]]:
        """The rows of COMFND, without the blanks that fill numbers."""
        return [{one.tag: (one.text or "").strip() for one in row} for row in self.root.findall("Row")]

    @property
    def is_well(self) -> bool:
        """The rule of the fact sheet."""
        lowered = self.text.lower()
        bad = "errordescription" in lowered or any(name.endswith("Invalid") and count for name, count in self.counts.items())
        return not bad


@dataclass
class World(ServedWorld):
    """A served site, its clock and calls of it."""

    async def get(self, path: str, texts: dict[str, str] | None = None, method: str = "GET") -> Reply:
        """One call of the REST service, every text percent-encoded."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in (texts or {}).items())
        url = URL(f"{self.served.url}{REST}/{path}?{query}".rstrip("?"), encoded=True)
        async with self.http.request(method, url) as reply:
            return Reply(reply.status, reply.headers, await reply.read())

    async def logon(self, role: str = "sink", **changed: str) -> Reply:
        """Log on as the operator of a role; `changed` is wrong on purpose."""
        known = self.credentials["roles"][role]
        texts = {
            "Operator": known["operator"],
            "OperatorPassword": known["operator_password"],
            "CompanyId": self.credentials["company"],
            "CompanyPassword": self.credentials["company_password"],
        }
        return await self.get("Logon", texts | changed)

    async def client(self, role: str = "sink") -> Client:
        """A client with a session."""
        answer = await self.logon(role)
        assert re.fullmatch("[0-9A-F]{34}  ", answer.text), answer.text
        return Client(self, answer.text)

    async def odata(self, path: str, *, password: str | None = None, method: str = "GET", **options: str) -> Answer:
        """One call of the OData service; the names of options are without their dollar."""
        query = "&".join(f"%24{name}={quote(value, safe='')}" for name, value in options.items())
        where = path if path.startswith("http") else f"{self.credentials['odata_url']}/{self.credentials['company']}/{path}?{query}"
        secret = f"{self.credentials['operator']}:{password or self.credentials['operator_password']}"
        headers = {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
        async with self.http.request(method, URL(where.rstrip("?"), encoded=True), headers=headers) as reply:
            return Answer(reply.status, reply.headers, await reply.read())


@dataclass
class Client:
    """A caller with a session."""

    world: World
    user: str

    async def call(self, path: str, **texts: str) -> Reply:
        return await self.world.get(path, {"UserId": self.user} | texts)

    async def write(self, path: str, name: str, root: str, parameters: dict[str, str], *items: str) -> Reply:
        """A transaction or setup; `items` are the elements inside the root."""
        return await self.call(
            path,
            BusinessObject=name,
            XmlParameters=envelope(root, name, tags({"Parameters": parameters})),
            XmlIn=envelope(root, f"{name}DOC", *items),
        )

    async def invoice(self, *items: dict[str, Any], **parameters: str) -> Reply:
        """Post items by APSTIN."""
        return await self.write("Transaction/Post", "APSTIN", "PostApInvoice", parameters, *(tags({"Item": one}) for one in items))

    async def supplier(self, action: str, item: dict[str, Any], **parameters: str) -> Reply:
        """Add or update a supplier by APSSSP."""
        return await self.write(f"Setup/{action}", "APSSSP", "SetupApSupplier", parameters, tags({"Item": item}))

    async def find(self, table: str, *columns: str, where: str = "", order: str = "", rows: int = 100) -> Reply:
        """COMFND; `where` is `Column EQ value` or several, joined by `And`."""
        told = tags({"TableName": table, "ReturnRows": str(rows), "Columns": {"Column": list(columns)}})
        parts = [one.split(" ", 2) for one in where.split(" And ")] if where else []
        for column, condition, value in parts:
            told += tags({"Where": {"Expression": {"AndOr": "And", "Column": column, "Condition": condition, "Value": value}}})
        told = told.replace("</Where><Where>", "")
        told += tags({"OrderBy": {"Column": order}}) if order else ""
        return await self.query("COMFND", told)

    async def query(self, name: str, inner: str, root: str = "Query") -> Reply:
        """A query object."""
        return await self.call("Query/Query", BusinessObject=name, XmlIn=envelope(root, name, inner))

    async def with_supplier(self) -> Client:
        """The same client, once the supplier of the tests is there."""
        answer = await self.supplier("Add", SUPPLIER)
        assert answer.is_well, answer.text
        return self


Make = Callable[..., Awaitable[World]]


def tags(told: dict[str, Any]) -> str:
    """Elements of names and texts, parts, or lists of them."""
    made = ""
    for name, value in told.items():
        for one in value if isinstance(value, list) else [value]:
            inner = tags(one) if isinstance(one, dict) else str(one).replace("&", "&amp;").replace("<", "&lt;")
            made += f"<{name}>{inner}</{name}>"
    return made


def envelope(root: str, schema: str, *inner: str) -> str:
    """A document with its declaration and schema."""
    head = f'<?xml version="1.0" encoding="Windows-1252"?>\n<{root} xmlns:xsd="{XSD}" xsd:noNamespaceSchemaLocation="{schema}.XSD">'
    return f"{head}{''.join(inner)}</{root}>"


def invoice(number: str, *values: str, supplier: str = BARTON, **told: Any) -> dict[str, Any]:
    """An item of APSTIN with a line for each value, on job materials of branch 10, in the order of the elements."""
    whole = sum(map(Decimal, values), Decimal(0))
    item = {"Supplier": supplier, "Invoice": number, "TransactionValue": str(whole), "TransactionReference": f"ref of {number}"}
    item |= told | {"LedgerDistribution": [{"LedgerCode": MATERIALS, "LedgerValue": value} for value in values]} | told
    return {name: item[name] for name in _ORDER if name in item}


_BEFORE = (
    "Supplier",
    "TransactionCode",
    "Branch",
    "Invoice",
    "TransactionValue",
    "FreightCharge",
    "MiscellaneousCharge",
    "Notation",
)
_BETWEEN = ("TransactionReference", "JournalNotation", "InvoiceDate", "DueDate", "DiscountDate", "TaxCode", "TaxValue")
_ORDER = (*_BEFORE, *_BETWEEN, "GrnDetails", "LedgerDistribution")
MATERIALS = "5000-10"
SUPPLIER = {
    "Key": {"Supplier": BARTON},
    "SupplierName": "Barton Creek Pipe",
    "Branch": "10",
    "TermsCode": "30",
    "Bank": "1",
    "SupAddr1": "100 Mill Lane",
    "UserField1": "4711",
    "GrnMatchReqd": "N",
}


def parsed(raw: bytes) -> Any:
    return json.loads(raw, parse_float=Decimal)
