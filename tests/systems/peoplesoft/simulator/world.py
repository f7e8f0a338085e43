"""A bare client of the site written from the vendor's documentation, a clock that the test moves, and the few calls most tests begin with."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from yarl import URL

from tests.systems.served import ServedWorld

LISTENER = "/PSIGW/PeopleSoftServiceListeningConnector/PSFT_EP"
HTTP = "/PSIGW/HttpListeningConnector"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_TEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText"
Rows = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def xml(self) -> Any:
        return etree.fromstring(self.raw)

    @property
    def payload(self) -> Any:
        """The one element of the SOAP body."""
        (found,) = self.xml.find(f"{SOAP}Body")
        return found

    def texts(self, name: str) -> list[str]:
        """The texts of every element of that local name."""
        return [element.text or "" for element in self.xml.iter() if etree.QName(element).localname == name]

    @property
    def codes(self) -> list[str]:
        """Set and number of each message of a CI error or an IBResponse."""
        numbers = self.texts("MessageNumber") or self.texts("MessageID")
        sets = self.texts("MessageSetNumber") or self.texts("MessageSet")
        return [f"{one},{other}" for one, other in zip(sets, numbers, strict=True)]


def basic(username: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


@dataclass
class World(ServedWorld):
    """A served site, its clock, and calls to it."""

    headers: dict[str, str] = field(default_factory=dict)

    @property
    def signed(self) -> dict[str, str]:
        """The header of the integration user."""
        return basic(self.credentials["username"], self.credentials["password"])

    async def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """One request; the path goes over the wire as it is written, a body of bytes too."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        url = URL(path if path.startswith("http") else self.served.url + path, encoded=True)
        async with self.http.request(method, url, data=data, headers=headers or {}, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def kept(self, kind: str) -> list[Rows]:
        """What the site keeps."""
        found: list[Rows] = (await self.sim(f"documents?kind={kind}"))["documents"]
        return found

    async def batch(self, runs: int = 1, **how: bool) -> Any:
        """Run PeopleSoft's own batch."""
        return [await self.sim("batch", how) for _ in range(runs)][-1]

    async def query(self, name: str, most: int = 500, /, **prompts: str) -> list[Rows]:
        """The rows of a public query without their alias; must succeed."""
        answer = await self.asked(name, most, **prompts)
        assert answer.status == 200, answer.raw
        rows = answer.json["data"]["query"]["rows"]
        return [{column.removeprefix("A."): value for column, value in row.items()} for row in rows]

    async def asked(self, name: str, most: int = 500, /, **prompts: str) -> Answer:
        """The answer to a public query."""
        names, values = ",".join(prompts), ",".join(prompts.values())
        options = f"isconnectedquery=N&maxrows={most}&prompt_uniquepromptname={names}&prompt_fieldvalue={values}&json_resp=true"
        return await self.call("GET", f"{query_path(name)}?{options}", headers=self.signed)

    async def namespace(self, interface: str, method: str) -> str:
        """The namespace of a method's request, read in the WSDL."""
        answer = await self.call("GET", f"{LISTENER}/CI_{interface}.1.wsdl")
        element = f"{method}__CompIntfc__{interface}"
        for schema in answer.xml.iter("{http://www.w3.org/2001/XMLSchema}schema"):
            if any(one.get("name") == element for one in schema.findall("{http://www.w3.org/2001/XMLSchema}element")):
                return str(schema.get("targetNamespace"))
        raise AssertionError(f"the WSDL has no {element}")

    async def soap(self, interface: str, method: str, row: Rows, **how: Any) -> Answer:
        """One call of a Component Interface with HTTP Basic; `how`: headers, header (SOAP), namespace, action."""
        space = how.get("namespace") or await self.namespace(interface, method)
        root = f"{method}__CompIntfc__{interface}"
        body = f'<m:{root} xmlns:m="{space}">{written(row)}</m:{root}>'
        action = how.get("action", f"CI_{interface}_{method[0]}.V1")
        return await self.envelope(body, action, how.get("headers", self.signed), how.get("header", ""))

    async def envelope(self, body: str, action: str, headers: dict[str, str], header: str = "") -> Answer:
        """One SOAP 1.1 request."""
        named = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        return await self.call("POST", LISTENER, enveloped(body, header), named | headers)

    async def create(self, row: Rows, interface: str = "ML_JOURNAL_CI") -> Answer:
        """Create that must succeed."""
        answer = await self.soap(interface, "Create", row)
        assert answer.status == 200, answer.raw
        assert etree.QName(answer.payload).localname == f"Create__CompIntfc__{interface}Response", answer.raw
        return answer


Make = Callable[..., Awaitable[World]]


def query_path(name: str) -> str:
    """The address of a public query."""
    return f"/PSIGW/RESTListeningConnector/PSFT_EP/ExecuteQuery.v1/public/{name}/WEBROWSET/NONFILE"


def enveloped(body: str, header: str = "") -> bytes:
    """A SOAP 1.1 envelope."""
    space = "http://schemas.xmlsoap.org/soap/envelope/"
    text = f'<s:Envelope xmlns:s="{space}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def username_token(username: str, password: str) -> str:
    """The WS-Security header."""
    return (
        f'<wsse:Security xmlns:wsse="{_WSSE}"><wsse:UsernameToken><wsse:Username>{username}</wsse:Username>'
        f'<wsse:Password Type="{_TEXT}">{password}</wsse:Password></wsse:UsernameToken></wsse:Security>'
    )


def written(row: Rows, prefix: str = "m:") -> str:
    """A row as elements; a list of rows is a collection."""
    parts = []
    for name, value in row.items():
        for one in value if isinstance(value, list) else [value]:
            inner = written(one, prefix) if isinstance(one, dict) else escape(str(one))
            parts.append(f"<{prefix}{name}>{inner}</{prefix}{name}>")
    return "".join(parts)


def journal(**changes: Any) -> Rows:
    """A journal that the site takes."""
    row: Rows = {
        "BUSINESS_UNIT": "US001",
        "JOURNAL_ID": "K000000001",
        "JOURNAL_DATE": "2026-03-10",
        "UNPOST_SEQ": 0,
        "LEDGER_GROUP": "RECORDING",
        "SOURCE": "ONL",
        "DESCR254": "ST-K1 job invoice 1042",
        "CURRENCY_CD": "USD",
        "JRNL_LN": [journal_line("108.25", ACCOUNT="120000"), journal_line("-100"), journal_line("-8.25", ACCOUNT="220000")],
    }
    return row | changes


def journal_line(amount: str, **changes: Any) -> Rows:
    """A line that the site takes."""
    return {"LEDGER": "LOCAL", "ACCOUNT": "401000", "MONETARY_AMOUNT": amount} | changes


def voucher(**changes: Any) -> Rows:
    """A voucher that the site takes; `amount` is its one line's."""
    amount = changes.pop("amount", "125.50")
    row: Rows = {
        "BUSINESS_UNIT": "AP001",
        "VOUCHER_ID": "K0000001",
        "INVOICE_ID": "INV-84512",
        "INVOICE_DT": "2026-03-10",
        "VENDOR_SETID": "SHARE",
        "VENDOR_ID": "0000000001",
        "GROSS_AMT": amount,
        "DESCR254_MIXED": "ST-V1 material",
        "VCHR_LINE": [voucher_line(amount)],
    }
    return row | changes


def voucher_line(amount: str, *rows: Rows) -> Rows:
    """A line with one distribution, or those given."""
    return {
        "MERCHANDISE_AMT": amount,
        "VCHR_DIST": list(rows) or [{"ACCOUNT": "501000", "DEPTID": "21000", "MERCHANDISE_AMT": amount}],
    }


def build_message(*rows: Rows, actions: str = "A") -> str:
    """A VOUCHER_BUILD rowset of vouchers with their build key in VCHR_BLD_KEY_C1."""
    types = '<FieldTypes><VCHR_HDR_STG class="R"><BUSINESS_UNIT type="CHAR"/></VCHR_HDR_STG></FieldTypes>'
    cama = f'<PSCAMA class="R"><LANGUAGE_CD>ENG</LANGUAGE_CD><AUDIT_ACTN>{actions}</AUDIT_ACTN></PSCAMA>'
    parts = "".join(f"<Transaction>{_staged(row)}{cama}</Transaction>" for row in rows)
    return f"<VOUCHER_BUILD>{types}<MsgData>{parts}</MsgData></VOUCHER_BUILD>"


def _staged(row: Rows) -> str:
    text = f'<VCHR_HDR_STG class="R">{written({"VOUCHER_ID": "NEXT"} | row, "")}</VCHR_HDR_STG>'
    for name in ("VCHR_LINE", "VCHR_DIST"):
        text = re.sub(f"<{name}>", f'<{name}_STG class="R">', text).replace(f"</{name}>", f"</{name}_STG>")
    return text
