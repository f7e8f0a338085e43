"""A simulated site on a free port with our own reading sessions on it, and a wire that counts, changes and refuses what passes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from runtime.exchange import NotSent, Request, Response, Transport, response
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter, Share
from runtime.simulator.serve import Served
from systems.contract import Access, Checker, Element, Feed, Page, Reader, Role
from systems.peoplesoft.check import open_checker
from systems.peoplesoft.client import Client
from systems.peoplesoft.poller import open_reader
from systems.peoplesoft.resources import FEEDS
from systems.peoplesoft.settings import Credentials, Settings
from tests.moved import MovedClock

FEED = {feed.name: feed for feed in FEEDS}
START = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)


@dataclass
class Wire:
    """A transport that keeps what passed. `answer` may change or replace an answer; `refuse` lets nothing through."""

    inner: Transport
    sent: list[Request] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    answer: Callable[[Request, Response], Response] | None = None
    refuse: bool = False

    async def send(self, request: Request, timeout_s: float) -> Response:
        if self.refuse:
            raise NotSent("connection refused")
        self.sent.append(request)
        got = await self.inner.send(request, timeout_s)
        # the machine's own clock is not the test's
        got = response(got.status, got.body, {name: value for name, value in got.headers.items() if name != "Date"})
        if self.answer is not None:
            got = self.answer(request, got)
        self.answers.append(got)
        return got

    async def close(self) -> None:
        await self.inner.close()

    def of(self, part: str) -> list[Request]:
        """The requests whose path ends with, or has, this part."""
        return [one for one in self.sent if part in urlsplit(one.url).path]


@dataclass
class Site:
    """A served site and what a test does with it."""

    served: Served
    clock: MovedClock
    http: aiohttp.ClientSession
    opened: list[Any] = field(default_factory=list)

    def settings(self, **changes: Any) -> Settings:
        """Settings that fit this site."""
        own = {"base_url": self.served.url, "instance_id": "acme-fin", "company_id": "ACME", "accounts": {"deposits": "240000"}}
        return Settings.model_validate(own | changes)

    def oauth(self, **changes: Any) -> Settings:
        """The same, signed in by the site's external token server."""
        return self.settings(sign_in="oauth", token_url=f"{self.served.url}/oauth/token", **changes)

    def credentials(self, **changes: str) -> Credentials:
        """The site's credentials."""
        names = ("username", "password", "client_id", "client_secret")
        return Credentials.model_validate({name: self.served.simulator.credentials[name] for name in names} | changes)

    def access(self, role: Role, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        wire = Wire(HttpTransport(Reach(loopback=True)))
        limiter = Limiter(Share(100_000, timedelta(seconds=60), 8), self.clock)
        held = credentials or self.credentials()
        return Access("acme", role, own or self.settings(), held, wire, limiter, self.clock), wire

    def client(self, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Client, Wire]:
        """A bare client."""
        access, wire = self.access(Role.POLLER, own, credentials)
        self.opened.append(client := Client(access))
        return client, wire

    def reader(self, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Reader, Wire]:
        """A poller's session."""
        access, wire = self.access(Role.POLLER, own, credentials)
        self.opened.append(reader := open_reader(access))
        return reader, wire

    def checker(self, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Checker, Wire]:
        """A check's session."""
        access, wire = self.access(Role.CHECK, own, credentials)
        self.opened.append(checker := open_checker(access))
        return checker, wire

    async def ask(self, path: str, body: Any = None) -> Any:
        """A control route of the simulator."""
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
        async with self.http.request(method, f"{self.served.url}/__sim__/{path}", data=data) as answer:
            assert answer.status == 200, await answer.text()
            return json.loads(await answer.read(), parse_float=Decimal)

    async def fault(self, **fault: Any) -> None:
        """Plan one fault."""
        await self.ask("faults", {"faults": [fault]})


Start = Callable[..., Awaitable[Site]]


async def pages(reader: Reader, feed: Feed, position: str = "") -> list[Page]:
    """Every page of a walk, to its end."""
    found = [await reader.page(feed, position)]
    while found[-1].more:
        found.append(await reader.page(feed, found[-1].position))
    return found


async def walk(reader: Reader, feed: Feed, position: str = "") -> tuple[list[Element], str]:
    """Every element of a walk, and where the next one begins."""
    found = await pages(reader, feed, position)
    return [element for page in found for element in page.elements], found[-1].position
