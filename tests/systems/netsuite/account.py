"""A simulated account in process with our own sessions on it, and the transport that counts and twists what passes."""

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
from systems.netsuite.mapping_sightings import sightings
from systems.netsuite.poller import open_reader
from systems.netsuite.resources import FEEDS
from systems.netsuite.settings import Credentials, Settings
from systems.netsuite.simulator.app import build
from systems.raw import How, Where, raw_record
from tests.contract.seam import Deliver as Deliver  # noqa: PLC0414 - a part of this ground
from tests.contract.seam import InProcess, VirtualClock

URL = "http://127.0.0.1:1"
SHARE = Share(1_000_000, timedelta(seconds=1), 100)
SECRETS = (
    "client_id",
    "certificate_id",
    "private_key",
    "certificate",
    "consumer_key",
    "consumer_secret",
    "token_id",
    "token_secret",
)


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
        """The requests whose address has this part."""
        return [one for one in self.sent if part in one.url]

    def queries(self) -> list[str]:
        """Every query that was sent."""
        return [str(parse(one.body)["q"]) for one in self.of("/suiteql")]


@dataclass
class Site:
    """An account, and what a test does with it."""

    simulator: Simulator
    clock: VirtualClock

    def settings(self, **changes: Any) -> Settings:
        """Settings that fit this account."""
        ready = self.simulator.credentials
        own: dict[str, Any] = {
            "base_url": URL,
            "account": ready["account"],
            "instance_id": ready["instance_id"],
            "company_id": "ACME",
            "subsidiary": "2",
            "time_zone": ready["timezone"],
        }
        return Settings.model_validate(own | changes)

    def credentials(self, **changes: str) -> Credentials:
        """The account's credentials."""
        ready = self.simulator.credentials
        return Credentials.model_validate({name: ready[name] for name in SECRETS} | changes)

    def access(self, role: Role = Role.POLLER, secrets: Mapping[str, str] | None = None, **settings: Any) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        wire = Wire(InProcess(self.simulator.app))
        limiter, credentials = Limiter(SHARE, self.clock), self.credentials(**(secrets or {}))
        return Access("acme", role, self.settings(**settings), credentials, wire, limiter, self.clock), wire

    async def tell(self, path: str, body: Mapping[str, Any]) -> Any:
        """Something that somebody does at the account (`/__sim__/`)."""
        request = Request("POST", f"{URL}/__sim__/{path}", {}, json.dumps(body).encode())
        answer = await InProcess(self.simulator.app).send(request, 10)
        assert answer.status == 200, answer.body
        return parse(answer.body)

    async def ask(self, path: str) -> Any:
        """What the simulator shows under `/__sim__/`."""
        answer = await InProcess(self.simulator.app).send(Request("GET", f"{URL}/__sim__/{path}"), 10)
        assert answer.status == 200, answer.body
        return parse(answer.body)

    async def fault(self, **fault: Any) -> None:
        """Plan one fault."""
        await self.tell("faults", {"faults": [fault]})

    async def enter(self, kind: str, key: str = "", **values: Any) -> str:
        """A person saves a record. Returns its id."""
        made = await self.tell("enter", {"type": kind, "values": values} | ({"id": key} if key else {}))
        return str(made["id"])

    def reading(self, **settings: Any) -> Reading:
        """What the normaliser knows."""
        return Reading("acme", "America/Chicago", "USD", self.settings(**settings))


@asynccontextmanager
async def account(folder: Path, **switches: Any) -> AsyncIterator[Site]:
    """An account with these switches; without masters unless they are asked for."""
    clock = VirtualClock()
    chosen = {"customers": 0, "vendors": 0} | switches
    simulator = build(Options(7, folder, clock, {name: str(value) for name, value in chosen.items()}))
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


def raw_of(entity: str, one: Element, at: datetime = datetime(2026, 12, 31, tzinfo=UTC)) -> Raw:
    """The raw record of an element."""
    return raw_record(Where("acme", "netsuite"), How(entity, "object", "poll"), one, at)


def records(entity: str, found: list[Element], reading: Reading) -> list[Mapping[str, Any]]:
    """The canonical records of elements; anything else is a failure."""
    made: list[Normalised] = [one for element in found for one in sightings(raw_of(entity, element), reading)]
    assert all(isinstance(one, Canonical) for one in made), made
    return [one.record for one in made if isinstance(one, Canonical)]
