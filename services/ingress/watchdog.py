"""Connections with an end: each request is whole and answered within an absolute time, and there are never too many at once.

aiohttp has no deadline for a head or a body: a client that sends one byte a second stays for ever (measured on 3.14.5). Here every
connection has a deadline that its bytes do not move; a sweep closes what is past it. Beyond `most` connections nothing is accepted:
the kernel's queue holds the next ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from runtime import metrics
from runtime.log import log

_BACKLOG = 4096
_IDLE_S = 30.0


@dataclass(frozen=True)
class Bounds:
    """`request_s` for a whole request, from its first byte (a connection's first: from the accept) to its answer."""

    request_s: float
    most: int
    idle_s: float = _IDLE_S


class Watched(web.RequestHandler):
    """aiohttp's connection with a deadline. `answered` starts the quiet time between two requests."""

    __slots__ = ("_bounds", "_free", "_quiet", "deadline")

    def __init__(self, manager: web.Server, bounds: Bounds, free: Callable[[], None], **more: Any) -> None:
        super().__init__(manager, loop=asyncio.get_running_loop(), **more)
        self._bounds = bounds
        self._free: Callable[[], None] | None = free
        self._quiet = False
        self.deadline = self._loop.time() + bounds.request_s

    def data_received(self, data: bytes) -> None:
        """The first byte after a quiet time starts the clock of the next request; later bytes do not move it."""
        if self._quiet:
            self._quiet = False
            self.deadline = self._loop.time() + self._bounds.request_s
        super().data_received(data)

    def answered(self) -> None:
        """The request is done; the next one may take its time to begin."""
        self._quiet = True
        self.deadline = self._loop.time() + self._bounds.idle_s

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what was sent
    ) -> web.StreamResponse:
        """A short answer to what is no HTTP, or to a defect of ours; aiohttp's own echoes the request and logs its headers."""
        metrics.INGRESS_ANSWERS.labels(str(status), "http" if status < 500 else "defect").inc()
        if status >= 500:
            log.error("ingress_defect", error=type(exc).__name__, at=traceback.format_tb(exc.__traceback__) if exc else [])
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, no other one can follow")
        answer = web.Response(status=status, body=b"", content_type="text/plain")
        answer.force_close()
        return answer

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for another connection."""
        super().connection_lost(exc)
        if self._free is not None:
            self._free()
            self._free = None


class Listener:
    """Accepts connections up to the bound, watches them, and ends them all at the end."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], bounds: Bounds, **more: Any) -> None:
        self._server: web.Server = web.Server(handler)
        self._bounds = bounds
        self._more = {"access_log": None, "keepalive_timeout": bounds.idle_s + 1, "lingering_time": 2.0, **more}
        self._room = asyncio.Semaphore(bounds.most)
        self._open: set[Watched] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: socket.socket | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; `port` tells which one afterwards. Raises OSError when the address is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=False)
        listening.setblocking(False)
        self._socket = listening
        self.port = listening.getsockname()[1]
        self._tasks = [asyncio.create_task(self._accept(listening)), asyncio.create_task(self._sweep())]

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._room.acquire()
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError as error:
                self._room.release()
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED):
                    raise
                log.warning("accept_failed", error=error.strerror)
                await asyncio.sleep(0.1)
                continue
            try:
                await loop.connect_accepted_socket(self._connection, accepted)
            except OSError:  # gone before it began
                accepted.close()
                self._room.release()

    def _connection(self) -> Watched:
        made: Watched

        def free() -> None:
            self._room.release()
            self._open.discard(made)
            metrics.INGRESS_CONNECTIONS.set(len(self._open))

        made = Watched(self._server, self._bounds, free, **self._more)
        self._open.add(made)
        metrics.INGRESS_CONNECTIONS.set(len(self._open))
        return made

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(0.5, self._bounds.request_s / 10))
            now = loop.time()
            for connection in [c for c in self._open if c.deadline < now]:
                metrics.INGRESS_CLOSED.inc()
                transport = connection.transport
                if transport is not None:
                    transport.abort()

    async def stop(self, within_s: float) -> None:
        """Accept nothing more, let requests reach their answer, end the rest."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._socket is not None:
            self._socket.close()
        self._server.pre_shutdown()
        await self._server.shutdown(within_s)
