"""A simulator that is called without a network: each request goes through its whole application in the same event loop, at once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from aiohttp import StreamReader, web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from runtime.exchange import Request, Response
from runtime.simulator.serve import Options, Simulator
from tests.property.sinks.stand_ins import Clock

URL_OF = "http://{}.example"


class Passing:
    """A clock whose time is another's; to wait on it takes none of it, because nothing here is ever late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """See `runtime.clock.Clock`."""
        return self._clock.now()

    def monotonic(self) -> float:
        """See `runtime.clock.Clock`."""
        return self._clock.monotonic()

    async def sleep(self, duration: timedelta) -> None:
        """Let others go on."""
        await asyncio.sleep(0)


class Inside:
    """See `runtime.exchange.Transport`; how many requests were made is counted by method."""

    def __init__(self, simulator: Simulator) -> None:
        self.app, self.sent = simulator.app, 0

    async def send(self, request: Request, timeout_s: float) -> Response:
        """One exchange."""
        self.sent += 1
        url = URL(request.url, encoded=True)
        payload = StreamReader(mock.Mock(_reading_paused=False), 2**20, loop=asyncio.get_running_loop())
        payload.feed_data(request.body)
        payload.feed_eof()
        headers = CIMultiDict({"Host": url.host or "", "Content-Length": str(len(request.body)), **request.headers})
        made = make_mocked_request(request.method, str(url.raw_path_qs), headers, payload=payload, app=self.app)
        try:
            answer = await self.app._handle(made)
        except web.HTTPException as refused:
            answer = refused
        assert isinstance(answer, web.Response), answer
        body = answer.body
        return Response(answer.status, CIMultiDictProxy(CIMultiDict(answer.headers)), body if isinstance(body, bytes) else b"")

    async def close(self) -> None:
        """No connection."""


def installed(build: Any, folder: Path, clock: Clock, **switches: str) -> Simulator:
    """A simulator whose application answers."""
    made: Simulator = build(Options(1, folder, Passing(clock), switches))
    made.app.freeze()
    return made
