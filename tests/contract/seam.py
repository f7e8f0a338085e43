"""The transport seam of the suite: a simulator answered in process, requests counted, and one answer twisted on request.

Nothing here waits for real time and no byte crosses a socket, so that a write can be cut at every byte of its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.http_writer import HttpVersion11
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from runtime.exchange import NotSent, Request, Response, Transport, Unanswered

START = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)
Deliver = Callable[[Request], Awaitable[Response]]
Twist = Callable[[Request, Deliver], Awaitable[Response]]
"""What becomes of one write: it may be delivered or not, and its answer may be another one, or none."""


@dataclass
class VirtualClock:
    """Time that moves when somebody sleeps, or when the test moves it; client and simulator share it."""

    moment: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.moment)

    def monotonic(self) -> float:
        return self.moment

    async def sleep(self, duration: timedelta) -> None:
        self.moment += max(0.0, duration.total_seconds())
        await asyncio.sleep(0.0002)  # a tick in which the simulator's own work may go on

    def move(self, seconds: float) -> None:
        self.moment += max(0.0, seconds)


class _Protocol:
    """As much of aiohttp's server protocol as a request asks for."""

    transport = ssl_context = peername = sockname = None
    max_field_size = 8190
    _reading_paused = False

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Nothing is paused."""

    def pause_reading(self) -> None:
        """Nothing is read."""


class InProcess:
    """A transport whose other end is an application in this process; its handlers and middlewares run as they do when served."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._protocol: Any = _Protocol()

    async def send(self, request: Request, timeout_s: float) -> Response:
        """See `runtime.exchange.Transport`."""
        made = self._request(request)
        try:
            answer: web.StreamResponse = await self._app._handle(made)
        except web.HTTPException as error:
            answer = error
        headers = CIMultiDict(answer.headers)
        for cookie in answer.cookies.values():
            headers.add("Set-Cookie", cookie.output(header="")[1:])
        return Response(answer.status, CIMultiDictProxy(headers), bytes(cast("bytes", getattr(answer, "body", None) or b"")))

    def _request(self, request: Request) -> web.Request:
        parts = urlsplit(request.url)
        headers = CIMultiDict({**request.headers, "Host": parts.netloc})
        payload = EMPTY_PAYLOAD
        loop = asyncio.get_running_loop()
        if request.body:
            headers["Content-Length"] = str(len(request.body))
            payload = StreamReader(self._protocol, 2**26, loop=loop)
            payload.feed_data(request.body)
            payload.feed_eof()
        url = URL(f"{parts.path}?{parts.query}" if parts.query else parts.path, encoded=True)
        raw = tuple((name.encode(), value.encode()) for name, value in headers.items())
        message = RawRequestMessage(
            request.method, str(url), HttpVersion11, CIMultiDictProxy(headers), raw, False, None, False, False, url
        )
        task = cast("asyncio.Task[None]", asyncio.current_task())
        return web.Request(message, payload, self._protocol, cast("Any", None), task, loop, client_max_size=2**26)

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class Cut:
    """Cuts the `body`-th answer that has a body after `kept` bytes, and by one byte at least that says something: the answers of two documents
    differ in length. `noticed`: the transport saw that it is not whole."""

    body: int
    kept: int
    noticed: bool


@dataclass
class Seam:
    """A transport around another one: remembers what was asked and answered, and hands the next write to `twist`, once."""

    inner: Transport
    requests: list[Request] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    twist: Twist | None = None
    change: Callable[[Response], Response] | None = None
    """What becomes of every answer, readings included."""
    cut: Cut | None = None
    met: int = 0
    """How often a twist was met."""
    is_write: Callable[[Request], bool] = lambda request: request.method != "GET"
    """The system's own word for requests that change something."""

    async def send(self, request: Request, timeout_s: float) -> Response:
        """See `runtime.exchange.Transport`."""
        self.requests.append(request)
        answer = await self._answer(request, timeout_s)
        if self.change is not None:
            answer = self.change(answer)
        self.answers.append(answer)
        return self._cut(answer)

    def _cut(self, answer: Response) -> Response:
        cut = self.cut
        if cut is None or not answer.body or len([one for one in self.answers if one.body]) != cut.body + 1:
            return answer
        self.met += 1
        if cut.noticed:
            raise Unanswered(f"the connection ended after {cut.kept} bytes")
        return replace(answer, body=answer.body[: min(cut.kept, len(answer.body.rstrip()) - 1)])

    async def _answer(self, request: Request, timeout_s: float) -> Response:
        async def deliver(one: Request) -> Response:
            return await self.inner.send(one, timeout_s)

        twist = self.twist
        if twist is None or not self.is_write(request):
            return await deliver(request)
        self.twist = None
        self.met += 1
        return await twist(request, deliver)

    @property
    def writes(self) -> list[Request]:
        """The requests that were sent to change something."""
        return [one for one in self.requests if self.is_write(one)]

    def forget(self) -> None:
        """Count anew."""
        self.requests.clear()
        self.answers.clear()
        self.met = 0

    async def close(self) -> None:
        """Close the inner one."""
        await self.inner.close()


@dataclass
class Replay:
    """A transport that gives recorded answers in their order, whatever is asked; with none left nothing can be sent."""

    script: list[Response]
    requests: list[Request] = field(default_factory=list)

    async def send(self, request: Request, timeout_s: float) -> Response:
        """See `runtime.exchange.Transport`."""
        self.requests.append(request)
        if len(self.requests) > len(self.script):
            raise NotSent("nothing more was recorded")
        return self.script[len(self.requests) - 1]

    async def close(self) -> None:
        """Nothing is open."""
