"""A bare client of the tenant, a clock that the test moves, and the few requests that most tests begin with."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.systems import served
from tests.systems.served import ServedWorld

BASE = "/entity/Default/24.200.001"


@dataclass(frozen=True)
class Answer(served.Answer):
    """What came back."""

    @property
    def message(self) -> str:
        return str(self.body["exceptionMessage"])


@dataclass
class Client:
    """A client without any knowledge: it sends what it is told, follows nothing and keeps no cookies of its own accord."""

    url: str
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        """One request below the endpoint, or at an absolute path; query names come without their `$`."""
        where = path if path.startswith(("/entity", "/identity", "/__sim__", "/Frames", "/t/")) else BASE + path
        params = {f"${name}": value for name, value in query.items()}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self.headers | ({"Content-Type": "application/json"} if data is not None else {})
        async with self.http.request(
            method, self.url + where, params=params, data=data, headers=headers, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    def with_headers(self, **headers: str) -> Client:
        """The same client with further headers; `_` in a name becomes `-`."""
        return Client(self.url, self.http, self.headers | {name.replace("_", "-"): value for name, value in headers.items()})


@dataclass
class World(ServedWorld):
    """A served tenant, its clock and clients to it."""

    def bare(self) -> Client:
        """A client that has not signed in."""
        return Client(self.served.url, self.http)

    async def form(self, path: str, **fields: str) -> Answer:
        """A form POST of the OAuth application, with its id and secret unless given."""
        held = {name: self.credentials[name] for name in ("client_id", "client_secret")}
        async with self.http.post(self.served.url + path, data=held | fields) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def token(self, scope: str = "api offline_access", **fields: str) -> Answer:
        """The answer of a password sign-in."""
        held = {name: self.credentials[name] for name in ("username", "password")}
        return await self.form("/identity/connect/token", **({"grant_type": "password", "scope": scope} | held | fields))

    async def client(self, scope: str = "api") -> Client:
        """A client with a token of its own."""
        token = (await self.token(scope)).body["access_token"]
        return Client(self.served.url, self.http, {"Authorization": f"Bearer {token}"})


Make = Callable[..., Awaitable[World]]


def wrapped(**values: Any) -> dict[str, Any]:
    """Scalars as value objects; lists and objects as they are."""
    return {name: value if isinstance(value, list | dict) else {"value": value} for name, value in values.items()}


def line(amount: float | int, **values: Any) -> dict[str, Any]:
    """A line that the tenant takes."""
    return wrapped(**({"Account": "40100", "Subaccount": "PLB-000", "ExtendedPrice": amount} | values))


def bill_line(amount: float | int, **values: Any) -> dict[str, Any]:
    """A bill line that the tenant takes."""
    return wrapped(**({"Account": "12100", "Subaccount": "PLB-000", "ExtendedCost": amount} | values))


async def put(client: Client, entity: str, expand: Any = "", **values: Any) -> dict[str, Any]:
    """PUT that must succeed; the scalars unwrapped, details as they came."""
    answer = await client.call("PUT", f"/{entity}", wrapped(**values), **({"expand": expand} if expand else {}))
    assert answer.status == 200, answer.raw
    return unwrapped(answer.body)


def unwrapped(body: dict[str, Any]) -> dict[str, Any]:
    """Value objects as values; `{}` as None."""
    shown = {
        name: value.get("value") if isinstance(value, dict) and not value.keys() - {"value"} else value
        for name, value in body.items()
    }
    return {name: [unwrapped(row) for row in value] if isinstance(value, list) else value for name, value in shown.items()}


async def customer(client: Client, name: str = "Ana Lopez", **values: Any) -> str:
    """The id of a new customer."""
    return str((await put(client, "Customer", CustomerName=name, CustomerClass="DEFAULT", **values))["CustomerID"])


async def invoice(client: Client, who: str, amount: float | int, **values: Any) -> str:
    """The number of a new released invoice."""
    details = values.pop("Details", [line(amount)])
    made = await put(client, "Invoice", Customer=who, Date="2026-03-10T00:00:00+00:00", Hold=False, Details=details, **values)
    await release(client, "Invoice", made["ReferenceNbr"], made["Type"])
    return str(made["ReferenceNbr"])


async def release(client: Client, entity: str, number: str, kind: str = "") -> None:
    """Release a document; must succeed."""
    answer = await act(client, entity, f"Release{entity}", number, kind)
    assert answer.status == 204, answer.raw


async def act(client: Client, entity: str, action: str, number: str, kind: str = "") -> Answer:
    """POST an action of a document."""
    return await client.call("POST", f"/{entity}/{action}", {"entity": wrapped(Type=kind or entity, ReferenceNbr=number)})


async def read(client: Client, path: str, **query: str) -> dict[str, Any]:
    """One record, unwrapped; must exist."""
    answer = await client.call("GET", path, **query)
    assert answer.status == 200, answer.raw
    return unwrapped(answer.body)
