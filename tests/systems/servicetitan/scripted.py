"""A server that answers what a test wrote down, over real HTTP on 127.0.0.1, and remembers every request: for answers that no
sane simulator gives."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from runtime.http import HttpTransport, Reach
from runtime.limits import Limiter, Share
from systems.contract import Access, Role
from systems.servicetitan.settings import Credentials, Settings

TENANT = "1234567890"
LIST = {"Content-Type": "application/json; charset=utf-8"}


class Clock:
    """Time that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self.slept: list[timedelta] = []

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, duration: timedelta) -> None:
        self.slept.append(duration)
        self.moment += duration
        await asyncio.sleep(0)


@dataclass
class Answer:
    """What to answer: a value is written as JSON, bytes go as they are. `cut` ends the connection after that many body bytes."""

    body: Any = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(LIST))
    cut: int | None = None
    slow_s: float = 0.0

    @property
    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Answers = Callable[[web.Request], Answer]


@dataclass
class Server:
    """The server's side of a test."""

    url: str = ""
    clock: Clock = field(default_factory=Clock)
    answer: Answers = lambda _: Answer({"page": 1, "pageSize": 50, "hasMore": False, "totalCount": 0, "data": []})
    token: Answers = lambda _: Answer({"access_token": "t1", "expires_in": 900, "token_type": "Bearer"})
    before: Callable[[web.Request], Awaitable[None]] | None = None
    calls: list[web.Request] = field(default_factory=list)
    tokens: int = 0
    token_requests: list[tuple[str, str]] = field(default_factory=list)
    date: datetime | None = None

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.path == "/connect/token":
            self.tokens += 1
            self.token_requests.append((request.content_type, body.decode()))
            await asyncio.sleep(0.02)
            found = self.token(request)
        else:
            self.calls.append(request)
            if self.before is not None:
                await self.before(request)
            found = self.answer(request)
        return await self._write(request, found)

    async def _write(self, request: web.Request, found: Answer) -> web.StreamResponse:
        headers = {"Date": format_datetime(self.date or self.clock.now(), usegmt=True), **found.headers}
        if found.cut is None and not found.slow_s:
            return web.Response(body=found.bytes, status=found.status, headers=headers)
        response = web.StreamResponse(status=found.status, headers={**headers, "Content-Length": str(len(found.bytes))})
        await response.prepare(request)
        await response.write(found.bytes[: found.cut])
        if found.slow_s:
            await asyncio.sleep(found.slow_s)
        if request.transport is not None:
            request.transport.close()
        return response


@asynccontextmanager
async def scripted() -> AsyncIterator[Server]:
    """A server for one test."""
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", server.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def access(server: Server, **settings: Any) -> Access:
    """An access to it; the limit is far away unless a test brings its own."""
    return Access(
        connection="acme",
        role=Role.POLLER,
        settings=Settings.model_validate(
            {"environment": "test", "tenant_id": TENANT, "api_url": server.url, "auth_url": server.url, **settings}
        ),
        credentials=Credentials(client_id=SecretStr("cid.1"), client_secret=SecretStr("cs1.1"), app_key=SecretStr("ak1.1")),
        transport=HttpTransport(Reach(loopback=True)),
        limiter=Limiter(Share(1000, timedelta(seconds=1), 100), server.clock),
        clock=server.clock,
    )


def rows(*found: dict[str, Any], more: bool = False, total: int | None = None) -> dict[str, Any]:
    """A page of a list."""
    return {"page": 1, "pageSize": 50, "hasMore": more, "totalCount": len(found) if total is None else total, "data": list(found)}


def row(source_id: int, modified_on: str = "2026-03-01T00:00:00Z") -> dict[str, Any]:
    """A row with what every row has."""
    return {"id": source_id, "modifiedOn": modified_on}
