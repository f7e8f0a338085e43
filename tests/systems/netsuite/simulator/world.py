"""A bare client of the account, both ways of signing in written out from the fact sheet, and the requests that most tests begin with."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.moved import MovedClock
from tests.systems import served
from tests.systems.served import ServedWorld

REST = "/services/rest"
RECORDS = f"{REST}/record/v1"
SUITEQL = f"{REST}/query/v1/suiteql"
TOKEN = f"{REST}/auth/oauth2/v1/token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Answer(served.Answer):
    """What came back."""

    @property
    def id(self) -> str:
        """The last part of Location."""
        return str(self.headers["Location"]).rpartition("/")[2]

    @property
    def problem(self) -> tuple[int, str, str]:
        """Status, code and path of the first detail."""
        first = self.body["o:errorDetails"][0]
        return self.status, first["o:errorCode"], first.get("o:errorPath", "")

    @property
    def words(self) -> str:
        return str(self.body["o:errorDetails"][0]["detail"])


@dataclass
class Client:
    """A client without any knowledge: it sends what it is told, with the header that its `sign` makes of method, address and query."""

    url: str
    http: aiohttp.ClientSession
    sign: Callable[[str, str, dict[str, str]], str] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """One request below the record service, or at an absolute path."""
        where = path if path.startswith(("/services", "/__sim__")) else f"{RECORDS}/{path}"
        texts = {name: str(value) for name, value in query.items()}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        if self.sign is not None:
            headers["Authorization"] = self.sign(method, self.url + where, texts)
        async with self.http.request(
            method, self.url + where, params=texts, data=data, headers=headers | self.headers, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    def with_headers(self, **headers: str) -> Client:
        """The same client with further headers; `_` in a name becomes `-`."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(self.url, self.http, self.sign, self.headers | told)

    async def made(self, path: str, body: Any, method: str = "POST", **query: Any) -> str:
        """The id of what a write made; must succeed."""
        answer = await self.call(method, path, body, **query)
        assert answer.status == 204, answer.raw
        return answer.id

    async def read(self, path: str, **query: Any) -> dict[str, Any]:
        """A record with its sublists; must exist."""
        answer = await self.call("GET", path, **({"expandSubResources": "true"} | query))
        assert answer.status == 200, answer.raw
        return dict(answer.body)

    async def query(self, text: str, **page: Any) -> Answer:
        """SuiteQL."""
        return await self.with_headers(Prefer="transient").call("POST", SUITEQL, {"q": text}, **page)

    async def rows(self, text: str, **page: Any) -> list[dict[str, str]]:
        """The rows of a page of SuiteQL, without links; must succeed."""
        answer = await self.query(text, **page)
        assert answer.status == 200, answer.raw
        return [{name: value for name, value in row.items() if name != "links"} for row in answer.body["items"]]


@dataclass
class World(ServedWorld):
    """A served account, its clock and clients to it."""

    def bare(self) -> Client:
        """A client that has not signed in."""
        return Client(self.served.url, self.http)

    async def client(self) -> Client:
        """A client with a bearer token."""
        answer = await self.token()
        assert answer.status == 200, answer.raw
        return Client(self.served.url, self.http, lambda *_: f"Bearer {answer.body['access_token']}")

    def signing(self, **changed: str) -> Client:
        """A client of token-based authentication; `changed` credentials or parameters are wrong on purpose."""
        known = self.credentials | changed
        return Client(self.served.url, self.http, lambda *asked: oauth1(known, self.clock, *asked))

    async def token(self, **changed: Any) -> Answer:
        """Exchange an assertion for a token; `changed` are claims, headers (`alg`, `kid`, `typ`) or form fields that are wrong on purpose."""
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
        form["client_assertion"] = assertion(self.credentials, self.clock, changed)
        form |= {name: value for name, value in changed.items() if name in form}
        async with self.http.post(self.served.url + TOKEN, data=form) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


Make = Callable[..., Awaitable[World]]


def assertion(known: dict[str, Any], clock: MovedClock, changed: dict[str, Any]) -> str:
    """A client assertion (RFC 7523), signed with the key of the credentials."""
    now = int(clock.now().timestamp())
    key = serialization.load_pem_private_key(known["private_key"].encode(), None)
    algorithm = "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "PS256"
    header = {"typ": "JWT", "alg": algorithm, "kid": known["certificate_id"]}
    claims = {"iss": known["client_id"], "scope": "rest_webservices", "aud": known["token_url"], "iat": now, "exp": now + 300}
    header |= {name: value for name, value in changed.items() if name in header}
    claims |= {name: value for name, value in changed.items() if name in claims}
    signed = ".".join(url_base64(json.dumps(part).encode()) for part in (header, claims))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        halves = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = b"".join(half.to_bytes(32, "big") for half in halves)
    else:
        signature = key.sign(signed.encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]  # it is RSA
    return f"{signed}.{url_base64(signature)}"


def url_base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def oauth1(known: dict[str, Any], clock: MovedClock, method: str, url: str, query: dict[str, str]) -> str:
    """The Authorization header of OAuth 1.0a (RFC 5849) with HMAC-SHA256."""
    sent = {
        "oauth_consumer_key": known["consumer_key"],
        "oauth_token": known["token_id"],
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": known.get("timestamp") or str(int(clock.now().timestamp())),
        "oauth_nonce": known.get("nonce") or hashlib.sha256(str(time.perf_counter_ns()).encode()).hexdigest()[:20],
        "oauth_version": "1.0",
    }
    sent |= {name: known[name] for name in ("oauth_body_hash",) if name in known}
    pairs = sorted((escaped(name), escaped(value)) for name, value in (sent | query).items())
    base = "&".join(escaped(part) for part in (method, url, "&".join(f"{name}={value}" for name, value in pairs)))
    key = f"{escaped(known['consumer_secret'])}&{escaped(known['token_secret'])}"
    sent["oauth_signature"] = base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha256")).decode()
    return f'OAuth realm="{known["account"]}", ' + ", ".join(f'{name}="{escaped(value)}"' for name, value in sent.items())


def escaped(text: str) -> str:
    return quote(text, safe="-._~")


def service_lines(*amounts: float, **values: Any) -> dict[str, Any]:
    """An item sublist of one service line for each amount."""
    return {"items": [{"item": {"id": "2"}, "quantity": 1, "rate": amount} | values for amount in amounts]}


def bill(vendor: str, *amounts: float, **values: Any) -> dict[str, Any]:
    """A bill with an expense line for each amount, on job materials."""
    return {
        "entity": {"id": vendor},
        "expense": {"items": [{"account": {"id": MATERIALS}, "amount": amount} for amount in amounts]},
    } | values


def order(vendor: str, **values: Any) -> dict[str, Any]:
    """An order of three pieces at 10.50 and two and a half hours at 80."""
    lines = [{"item": {"id": "1"}, "quantity": 3, "rate": 10.5}, {"item": {"id": "2"}, "quantity": 2.5, "rate": 80}]
    return {"entity": {"id": vendor}, "item": {"items": lines}} | values


MATERIALS, LABOR, APPLIED, RECEIVABLE = "20", "21", "24", "4"
"""Ids of general ledger accounts of the seed: 5000, 5100, 5900, 1100."""
VENDOR = {"companyName": "Barton Creek Pipe", "subsidiary": {"id": "2"}}
CUSTOMER = {"companyName": "Zilker Bakery LLC", "subsidiary": {"id": "2"}}
