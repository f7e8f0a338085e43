"""A simulator in this process, what somebody does at it, and the wire between it and a session of ours."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from runtime.exchange import Request, Response
from runtime.json import parse
from runtime.limits import Limiter, Share
from runtime.simulator.serve import Options, Simulator
from schemas.records import Raw
from systems.contract import Access, Element, Feed, Page, Role, System
from systems.mapped import Canonical, Normalised, Reading
from systems.raw import How, Where, raw_record
from tests.contract.seam import InProcess, Twist, VirtualClock

URL = "http://127.0.0.1:1"
SHARE = Share(1_000_000, timedelta(seconds=1), 100)


@dataclass
class Wire:
    """A transport with a record of what was sent; `twist` may replace any answer."""

    inner: InProcess
    sent: list[Request] = field(default_factory=list)
    twist: Twist | None = None

    async def send(self, request: Request, timeout_s: float) -> Response:
        """One exchange."""
        self.sent.append(request)

        async def deliver(asked: Request) -> Response:
            return await self.inner.send(asked, timeout_s)

        return await (self.twist(request, deliver) if self.twist is not None else deliver(request))

    async def close(self) -> None:
        """Nothing is open."""

    def of(self, part: str = "", method: str = "") -> list[Request]:
        """The requests (of a method) whose path has this part."""
        return [one for one in self.sent if part in one.url.partition("?")[0] and method in ("", one.method)]


@dataclass
class Site:
    """A simulator, and what a test does with it. `opened` are the sessions that the test opened."""

    simulator: Simulator
    clock: VirtualClock
    opened: list[Any] = field(default_factory=list)

    def wired(self, role: Role, settings: Any, credentials: Any) -> tuple[Access, Wire]:
        """An access of a role, and its wire."""
        wire = Wire(InProcess(self.simulator.app))
        return Access("acme", role, settings, credentials, wire, Limiter(SHARE, self.clock), self.clock), wire

    async def tell(self, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Something that somebody does at the simulator (`/__sim__/`)."""
        return await self._asked("POST", path, json.dumps({**(body or {}), **more}).encode())

    async def ask(self, path: str) -> Any:
        """What the simulator shows under `/__sim__/`."""
        return await self._asked("GET", path, b"")

    async def fault(self, **fault: Any) -> None:
        """Plan one fault."""
        await self.tell("faults", {"faults": [fault]})

    async def _asked(self, method: str, path: str, body: bytes) -> Any:
        answer = await InProcess(self.simulator.app).send(Request(method, f"{URL}/__sim__/{path}", {}, body), 10)
        assert answer.status == 200, answer.body
        return parse(answer.body)


AnySite = TypeVar("AnySite", bound=Site)


@asynccontextmanager
async def opened(
    made: type[AnySite], build: Callable[[Options], Simulator], folder: Path, switches: Mapping[str, Any]
) -> AsyncIterator[AnySite]:
    """A site of this kind with these switches."""
    clock = VirtualClock()
    simulator = build(Options(7, folder, clock, {name: str(value) for name, value in switches.items()}))
    runner = web.AppRunner(simulator.app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        yield made(simulator, clock)
    finally:
        await runner.cleanup()
        simulator.store.close()


@dataclass(frozen=True)
class Polled:
    """What polling a system brings; `at` is when its elements were read."""

    system: System
    at: datetime

    def feed(self, name: str) -> Feed:
        """A feed by its name."""
        return next(one for one in self.system.feeds if one.name == name)

    async def walked(self, access: Access, name: str, position: str = "") -> tuple[list[Element], Page]:
        """Every element of a feed from a position on, and its last page."""
        reader, feed = self.system.open_reader(access), self.feed(name)
        found: list[Element] = []
        while True:
            page = await reader.page(feed, position)
            found += page.elements
            position = page.position
            if not page.more:
                return found, page

    def raw_of(self, entity: str, one: Element, at: datetime | None = None) -> Raw:
        """The raw record of an element."""
        return raw_record(Where("acme", self.system.name), How(entity, "object", "poll"), one, at or self.at)

    def records(self, entity: str, found: list[Element], reading: Reading) -> list[Mapping[str, Any]]:
        """The canonical records of elements; anything else is a failure."""
        made: list[Normalised] = [
            one for element in found for one in self.system.to_canonical(self.raw_of(entity, element), reading)
        ]
        assert all(isinstance(one, Canonical) for one in made), made
        return [one.record for one in made if isinstance(one, Canonical)]
