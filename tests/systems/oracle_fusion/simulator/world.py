"""A bare client of the pod, a clock that the test moves, and the few requests that most tests begin with."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.systems import served
from tests.systems.served import ServedWorld

BASE = "/fscmRestApi/resources/11.13.18.05"
ERRORS = "application/json, application/vnd.oracle.adf.error+json"


@dataclass(frozen=True)
class Answer(served.Answer):
    """What came back."""

    @property
    def text(self) -> str:
        return self.raw.decode()

    @property
    def items(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.raw
        found: list[dict[str, Any]] = self.body["items"]
        return found


@dataclass
class Client:
    """A client without any knowledge: it sends what it is told and follows nothing."""

    url: str
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """One request below the version, or at an absolute path or address."""
        where = path if path.startswith("http") else self.url + (path if path.startswith(("/fscm", "/__sim__")) else BASE + path)
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = ({"Content-Type": "application/json"} if data is not None else {}) | self.headers
        params = {name: str(value) for name, value in query.items()}
        async with self.http.request(method, where, params=params, data=data, headers=headers, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **query: Any) -> Answer:
        return await self.call("GET", path, **query)

    async def post(self, path: str, body: Any) -> Answer:
        return await self.call("POST", path, body)

    def having(self, **headers: str) -> Client:
        """The same client with further headers; `_` in a name becomes `-`."""
        return Client(self.url, self.http, self.headers | {name.replace("_", "-"): value for name, value in headers.items()})

    def version(self, number: int) -> Client:
        """The same client with a framework version, and errors in their structured form."""
        return self.having(REST_Framework_Version=str(number), Accept=ERRORS)


def basic(name: str, password: str) -> str:
    """The Authorization header of HTTP Basic."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@dataclass
class World(ServedWorld):
    """A served pod, its clock and clients to it."""

    def bare(self) -> Client:
        """A client that has not signed in."""
        return Client(self.served.url, self.http)

    async def token(self, secret: str = "", **fields: str) -> Answer:
        """The answer of the token endpoint."""
        known = self.credentials
        form = {"grant_type": "client_credentials", "scope": known["scope"]} | fields
        headers = {"Authorization": basic(known["client_id"], secret or known["client_secret"])}
        async with self.http.post(known["token_url"], data=form, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def client(self) -> Client:
        """A client with a token of its own."""
        token = (await self.token()).body["access_token"]
        return self.bare().having(Authorization=f"Bearer {token}")

    async def settings(self, **settings: Any) -> None:
        """Change settings."""
        await self.sim("settings", {name: str(value) for name, value in settings.items()})


Make = Callable[..., Awaitable[World]]


def self_of(row: dict[str, Any]) -> str:
    """The address of a row, as its links tell it."""
    return str(next(link["href"] for link in row["links"] if link["rel"] == "self"))


def child_of(row: dict[str, Any], name: str) -> str:
    """The address of a collection of children."""
    return str(next(link["href"] for link in row["links"] if link["rel"] == "child" and link["name"] == name))
