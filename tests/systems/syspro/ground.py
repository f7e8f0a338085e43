"""A simulated company in process with our own sessions on it, and the transport that counts and twists what passes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from runtime.exchange import Request, Response
from runtime.json import parse
from runtime.limits import Limiter, Share
from runtime.simulator.serve import Options, Simulator
from schemas.records import Raw
from systems.contract import Access, Element, Feed, Page, Role
from systems.mapped import Canonical, Normalised, Reading
from systems.raw import How, Where, raw_record
from systems.syspro.mapping import to_canonical
from systems.syspro.poller import open_reader
from systems.syspro.resources import FEEDS
from systems.syspro.settings import Credentials, Settings
from systems.syspro.simulator.app import build
from tests.contract.seam import Deliver as Deliver  # noqa: PLC0414 - a part of this ground
from tests.contract.seam import InProcess, VirtualClock
from tests.systems.syspro import mapping_ground

URL = "http://127.0.0.1:1"
SHARE = Share(1_000_000, timedelta(seconds=1), 100)


@dataclass
class Wire:
    """A transport with a record of what was sent; `twist` may replace any answer."""

    inner: InProcess
    sent: list[Request] = field(default_factory=list)
    twist: Any = None

    async def send(self, request: Request, timeout_s: float) -> Response:
        """One exchange."""
        self.sent.append(request)

        async def deliver(asked: Request) -> Response:
            return await self.inner.send(asked, timeout_s)

        return await (self.twist(request, deliver) if self.twist is not None else deliver(request))

    async def close(self) -> None:
        """Nothing is open."""

    def of(self, part: str) -> list[Request]:
        """The requests whose path has this part."""
        return [one for one in self.sent if part in one.url.partition("?")[0]]


@dataclass
class Site:
    """A company, and what a test does with it."""

    simulator: Simulator
    clock: VirtualClock
    opened: list[Any] = field(default_factory=list)

    def settings(self, **changes: Any) -> Settings:
        """Settings that fit this company, those of the examples below them."""
        return mapping_ground.settings(**changes)

    def credentials(self, role: Role = Role.SINK, **changes: str) -> Credentials:
        """The operator of a role."""
        ready: Any = self.simulator.credentials
        own = {**ready["roles"][role.value], "company_password": ready["company_password"]}
        return Credentials.model_validate(own | changes)

    def access(self, role: Role = Role.POLLER, **settings: Any) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        wire = Wire(InProcess(self.simulator.app))
        limiter = Limiter(SHARE, self.clock)
        return Access("acme", role, self.settings(**settings), self.credentials(role), wire, limiter, self.clock), wire

    async def tell(self, path: str, **body: Any) -> Any:
        """Something that somebody does at the company (`/__sim__/`)."""
        request = Request("POST", f"{URL}/__sim__/{path}", {}, json.dumps(body).encode())
        answer = await InProcess(self.simulator.app).send(request, 10)
        assert answer.status == 200, answer.body
        return parse(answer.body)

    async def ask(self, path: str) -> Any:
        """What the simulator shows under `/__sim__/`."""
        answer = await InProcess(self.simulator.app).send(Request("GET", f"{URL}/__sim__/{path}"), 10)
        assert answer.status == 200, answer.body
        return parse(answer.body)

    async def sessions(self) -> list[str]:
        """Who has a session now."""
        return [str(one["owner"]) for one in (await self.ask("sessions"))["sessions"]]


@asynccontextmanager
async def company(folder: Path, **switches: Any) -> AsyncIterator[Site]:
    """A company with these switches."""
    clock = VirtualClock()
    simulator = build(Options(7, folder, clock, {name: str(value) for name, value in switches.items()}))
    runner = web.AppRunner(simulator.app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        yield Site(simulator, clock)
    finally:
        await runner.cleanup()
        simulator.store.close()


def feed(name: str) -> Feed:
    """A feed by its name."""
    return next(one for one in FEEDS if one.name == name)


async def walked(access: Access, name: str, position: str = "") -> tuple[list[Element], Page]:
    """Every element of a feed from a position on, and its last page."""
    reader = open_reader(access)
    found: list[Element] = []
    while True:
        page = await reader.page(feed(name), position)
        found += page.elements
        position = page.position
        if not page.more:
            return found, page


def raw_of(entity: str, one: Element, at: datetime = datetime(2026, 3, 16, tzinfo=UTC)) -> Raw:
    """The raw record of an element."""
    return raw_record(Where("acme", "syspro"), How(entity, "object", "poll"), one, at)


def records(entity: str, found: list[Element], reading: Reading) -> list[Mapping[str, Any]]:
    """The canonical records of elements; anything else is a failure."""
    made: list[Normalised] = [one for element in found for one in to_canonical(raw_of(entity, element), reading)]
    assert all(isinstance(one, Canonical) for one in made), made
    return [one.record for one in made if isinstance(one, Canonical)]
