"""A simulator on a clock that a test turns, and a plain client that knows nothing of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from runtime.simulator.openapi import Validator, watch
from runtime.simulator.serve import Options, Served, start
from systems.servicetitan.simulator.app import build

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is turned; who sleeps on it wakes when it has been turned far enough."""

    def __init__(self) -> None:
        self.moment = START
        self._turned = asyncio.Condition()

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, duration: timedelta) -> None:
        until = self.moment + duration
        async with self._turned:
            await self._turned.wait_for(lambda: self.moment >= until)

    async def turn(self, **delta: float) -> None:
        async with self._turned:
            self.moment += timedelta(**delta)
            self._turned.notify_all()


@dataclass
class Reply:
    """An answer as it came: `text` is the exact body, `data` the same parsed with decimals."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def data(self) -> Any:
        return json.loads(self.text, parse_float=Decimal)


@dataclass
class World:
    """A served simulator, a session, and the problems that the vendor's documents find in what crossed the wire."""

    served: Served
    clock: Clock
    session: aiohttp.ClientSession
    problems: list[list[str]] = field(default_factory=list)
    token: str = ""

    @property
    def credentials(self) -> dict[str, Any]:
        return self.served.simulator.credentials

    async def call(self, method: str, path: str, **options: Any) -> Reply:
        async with self.session.request(method, f"{self.served.url}{path}", **options) as answer:
            return Reply(answer.status, dict(answer.headers), await answer.text())

    async def sign_in(self, **changes: str) -> Reply:
        form = {"grant_type": "client_credentials"} | {key: self.credentials[key] for key in ("client_id", "client_secret")}
        reply = await self.call("POST", "/connect/token", data=form | changes)
        if reply.status == 200:
            self.token = reply.data["access_token"]
        return reply

    async def api(self, method: str, path: str, **options: Any) -> Reply:
        """A call of the API; `path` as in `accounting/invoices?page=1`, the tenant is put in."""
        if not self.token:
            await self.sign_in()
        module, _, rest = path.partition("/")
        headers = {"Authorization": f"Bearer {self.token}", "ST-App-Key": self.credentials["app_key"]}
        headers |= options.pop("headers", {})
        return await self.call(method, f"/{module}/v2/tenant/{self.credentials['tenant_id']}/{rest}", headers=headers, **options)

    async def get(self, path: str) -> Any:
        """The body of a read that has to succeed."""
        reply = await self.api("GET", path)
        assert reply.status == 200, f"GET {path}: {reply.status} {reply.text[:500]}"
        return reply.data

    async def send(self, method: str, path: str, body: Any) -> Any:
        """The body of a write that has to succeed."""
        reply = await self.api(method, path, json=body)
        assert reply.status == 200, f"{method} {path}: {reply.status} {reply.text[:500]}"
        return reply.data if reply.text else None

    async def control(self, path: str, body: Any = None) -> Any:
        """A route of the simulator itself: GET, or POST where there is a body."""
        method = "GET" if body is None else "POST"
        reply = await self.call(method, f"/__sim__/{path}", **({} if body is None else {"json": body}))
        assert reply.status == 200, f"{path}: {reply.status} {reply.text[:500]}"
        return reply.data

    async def do(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Play events; what each made."""
        made: list[dict[str, Any]] = (await self.control("events", {"events": list(events)}))["results"]
        return made

    async def faults(self, *faults: dict[str, Any]) -> None:
        await self.control("faults", {"faults": list(faults)})


@asynccontextmanager
async def world(
    state: Path, validators: list[Validator], *, seed: int = 1, clock: Clock | None = None, **settings: str
) -> AsyncIterator[World]:
    """A world for one test; what contradicts the vendor's documents fails it at the end."""
    clock = clock or Clock()
    small = {"customers": "6", "vendors": "3", "export_repeat_s": "0"}
    simulator = build(Options(seed, state, clock, small | settings))
    problems = [watch(simulator.app, validator) for validator in validators]
    served = await start(simulator)
    async with aiohttp.ClientSession() as session:
        try:
            yield World(served, clock, session, problems)
        finally:
            await served.stop()
    assert [problem for found in problems for problem in found] == []


async def eventually(look: Callable[[], Any], wanted: Callable[[Any], bool], deadline_s: float = 5.0) -> Any:
    """What `look` gives once it is as wanted; fails with what it saw last."""
    last: Any = None
    try:
        async with asyncio.timeout(deadline_s):
            while True:
                last = look()
                last = await last if asyncio.iscoroutine(last) else last
                if wanted(last):
                    return last
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"not in {deadline_s} s; last seen: {last}") from None
