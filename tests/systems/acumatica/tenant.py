"""A simulated tenant on a free port with our own sessions on it, and a transport that counts and cuts what passes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import aiohttp

from runtime.clock import Clock
from runtime.exchange import NotSent, Request, Response, Transport, Unanswered, response
from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter, Share
from runtime.simulator.serve import Served
from schemas.records import CommandEnvelope
from systems.acumatica.check import open_checker
from systems.acumatica.poller import open_reader
from systems.acumatica.settings import Credentials, Settings
from systems.acumatica.sink import open_writer
from systems.contract import Access, Answer, Checker, Document, Reader, ResolvedCommand, Role, Writer
from tests.moved import MovedClock
from tests.systems.acumatica import ground


@dataclass
class Wire:
    """The real transport with a record of the requests; `cut` shortens the body of answers to a method: as a connection that dies,
    or (`is_quiet`) as an answer that claims to be whole. `swap` changes bytes of the answers to that method, `torn`
    of every answer that has them; `answer` may replace any answer."""

    inner: Transport
    sent: list[Request] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    cut: int | None = None
    cut_method: str = "PUT"
    is_quiet: bool = False
    refuse: bool = False
    swap: tuple[bytes, bytes] | None = None
    torn: tuple[bytes, bytes] | None = None
    answer: Callable[[Request, Response], Response] | None = None

    async def send(self, request: Request, timeout_s: float) -> Response:
        """One exchange."""
        if self.refuse:
            raise NotSent("connection refused")
        self.sent.append(request)
        answer = await self.inner.send(request, timeout_s)
        answer = self.answer(request, answer) if self.answer is not None else answer
        self.answers.append(answer)
        if self.torn is not None:
            return response(answer.status, answer.body.replace(*self.torn), dict(answer.headers))
        if self.swap is not None and request.method == self.cut_method:
            assert self.swap[0] in answer.body, answer.body
            return response(answer.status, answer.body.replace(*self.swap), dict(answer.headers))
        if self.cut is None or request.method != self.cut_method or len(answer.body) <= self.cut:
            return answer
        if not self.is_quiet:
            raise Unanswered("the connection died")
        return response(answer.status, answer.body[: self.cut], dict(answer.headers))

    async def close(self) -> None:
        """Drop the connections."""
        await self.inner.close()

    def of(self, method: str, part: str = "") -> list[Request]:
        """The requests of a method whose address has this part."""
        return [one for one in self.sent if one.method == method and part in one.url]


@dataclass
class Tenant:
    """A served tenant and what a test does with it."""

    served: Served
    clock: Clock
    http: aiohttp.ClientSession
    opened: list[Any] = field(default_factory=list)

    def settings(self, **changes: Any) -> Settings:
        """Settings that fit this tenant."""
        return ground.settings(base_url=self.served.url, poll_first_s=0.02, **changes)

    def credentials(self, **changes: str) -> Credentials:
        """The tenant's credentials."""
        names = ("username", "password", "client_id", "client_secret")
        return Credentials.model_validate({name: self.served.simulator.credentials[name] for name in names} | changes)

    def access(self, role: Role, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        wire = Wire(HttpTransport(Reach(loopback=True)))
        limiter = Limiter(Share(100_000, timedelta(seconds=60), 8), self.clock)
        held = credentials or self.credentials()
        return Access("acme", role, own or self.settings(), held, wire, limiter, self.clock), wire

    def writer(self, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Writer, Wire]:
        """A sink's session."""
        access, wire = self.access(Role.SINK, own, credentials)
        writer = open_writer(access)
        self.opened.append(writer)
        return writer, wire

    def reader(self, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Reader, Wire]:
        """A poller's session."""
        access, wire = self.access(Role.POLLER, own, credentials)
        reader = open_reader(access)
        self.opened.append(reader)
        return reader, wire

    def checker(self, own: Settings | None = None, credentials: Credentials | None = None) -> tuple[Checker, Wire]:
        """A check's session."""
        access, wire = self.access(Role.CHECK, own, credentials)
        checker = open_checker(access)
        self.opened.append(checker)
        return checker, wire

    async def ask(self, path: str, body: Any = None, method: str = "") -> Any:
        """A control route of the simulator."""
        data = None if body is None else json.dumps(body)
        url = f"{self.served.url}/__sim__/{path}"
        async with self.http.request(method or ("GET" if body is None else "POST"), url, data=data) as answer:
            assert answer.status == 200, await answer.text()
            return json.loads(await answer.read(), parse_float=Decimal)

    async def fault(self, **fault: Any) -> None:
        """Plan one fault."""
        await self.ask("faults", {"faults": [fault]})

    async def kept(self, kind: str) -> list[dict[str, Any]]:
        """What the tenant keeps."""
        found: list[dict[str, Any]] = (await self.ask(f"documents?kind={kind}"))["documents"]
        return found


@dataclass
class Books:
    """A writer with a customer and a vendor already made, and the ids of what was posted."""

    tenant: Tenant
    writer: Writer
    wire: Wire
    ids: dict[str, str]

    async def step(self, step: str, record: str, command: CommandEnvelope, document: Document | None = None) -> Answer:
        """One step, reserved as the sink does it."""
        await self.writer.reserve(3)
        return await self.writer.perform(step, ResolvedCommand(record, command, self.ids), document)

    async def post(self, steps: tuple[str, ...], record: str, command: CommandEnvelope) -> Document:
        """Every step that is not done yet; each must be a YES."""
        document: Document | None = None
        for step in steps:
            if document is not None and step in document.steps_done:
                continue
            answer = await self.step(step, record, command, document)
            assert answer.verdict == "yes", (step, answer)
            document = answer.document
        assert document is not None
        return document


def made(entity: str, record: Mapping[str, Any], number: int = 0) -> tuple[str, CommandEnvelope]:
    """Record name and command of one of a record's drafts."""
    draft = ground.drafts(entity, record)[number]
    assert not draft.hold, draft
    assert not draft.unresolved, draft
    return draft.record, ground.command(draft, record)


Start = Callable[..., Awaitable[Tenant]]
RELEASED = ("create", "unhold", "release")


async def books(tenant: Tenant, own: Settings | None = None) -> Books:
    """A signed-in writer with the customer and the vendor of the examples."""
    writer, wire = tenant.writer(own)
    held = Books(tenant, writer, wire, {})
    customer = await held.post(("upsert",), *made("customer", ground.customer()))
    vendor = await held.post(("upsert",), *made("vendor", ground.vendor()))
    held.ids |= {"customer/500": customer.erp_id, "vendor/800": vendor.erp_id}
    return held


__all__ = ["RELEASED", "Books", "MovedClock", "Start", "Tenant", "Wire", "books", "made"]
