"""A simulator on a free port, its clock and a session of HTTP: what the tests of every simulator begin with."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from runtime.simulator.serve import Options, Served, Simulator, start
from tests.moved import MovedClock


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers, the body as bytes and, where it is JSON, parsed with Decimals."""

    status: int
    headers: Any
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw, parse_float=Decimal)


@dataclass
class ServedWorld:
    """A served simulator, its clock, and what it answers about itself."""

    served: Served
    clock: MovedClock
    http: aiohttp.ClientSession

    @property
    def credentials(self) -> dict[str, Any]:
        return self.served.credentials

    async def sim(self, what: str, body: Any = None) -> Any:
        """Ask the simulator itself, or tell it something; must succeed."""
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body).encode())
        headers = {"Content-Type": "application/json"} if data is not None else {}
        async with self.http.request(method, f"{self.served.url}/__sim__/{what}", data=data, headers=headers) as reply:
            answer = Answer(reply.status, reply.headers, await reply.read())
        assert answer.status == 200, answer.raw
        return answer.body

    async def journal(self, kind: str = "") -> list[dict[str, Any]]:
        """The journal of commits, of one kind where it is given."""
        return [commit for commit in (await self.sim("journal"))["commits"] if kind in ("", commit["kind"])]

    async def fault(self, **fault: Any) -> None:
        """Plan one fault."""
        await self.sim("faults", {"faults": [fault]})


W = TypeVar("W", bound=ServedWorld)


def _as_it_is(_: web.Application) -> None:
    """Nobody watches what is exchanged."""


@asynccontextmanager
async def starting(
    folder: Path,
    build: Callable[[Options], Simulator],
    world: Callable[[Served, MovedClock, aiohttp.ClientSession], W],
    defaults: dict[str, str] | None = None,
    watched: Callable[[web.Application], None] = _as_it_is,
) -> AsyncIterator[Callable[..., Awaitable[W]]]:
    """Starts simulators with settings of the test's choice, beside `defaults`, and stops them at the end. `watched` may listen to what each of
    them is asked and answers."""
    made: list[W] = []

    async def start_one(directory: str = "state", clock: MovedClock | None = None, seed: int = 7, **settings: Any) -> W:
        held = clock or MovedClock()
        texts = {name: str(value) for name, value in ({**(defaults or {})} | settings).items()}
        simulator = build(Options(seed, folder / directory, held, texts))
        watched(simulator.app)
        http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        http._retry_connection = False  # aiohttp sends again when its connection breaks; see runtime/http.py
        made.append(world(await start(simulator), held, http))
        return made[-1]

    yield start_one
    for one in made:
        await one.http.close()
        await one.served.stop()


@contextmanager
def simulated(system: str, *options: str) -> Iterator[dict[str, Any]]:
    """The ready line of `ml-connector simulate` as a process; it has to end well."""
    command = [sys.executable, "-m", "console.cli.main", "simulate", system, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout is not None
            yield json.loads(running.stdout.readline())
        finally:
            running.send_signal(signal.SIGTERM)
    assert running.returncode == 0
