"""Connections with a deadline: each request is complete and answered within an absolute time, and there are never too many at once.

aiohttp has no deadline for a head or a body: a client that sends one byte a second stays forever (measured on 3.14.5). Here every
connection has a deadline that its bytes do not move, and a sweep closes those past it. Every connection is accepted. If there are too many
of one address or in total, another one is closed for it (`crowd.py`), so that holding connections without using them locks nobody out.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from runtime import metrics
from runtime.log import log
from services.ingress.crowd import Crowd, Phase
from services.ingress.rate import Networks, Rates, is_trusted, sender

_BACKLOG = 4096
_IDLE_S = 30.0
_AT_ONCE = 256
_PAUSE_S = 0.1
_RECEIVE_BYTES = 32 * 1024
_BUFFER_BYTES = 16 * 1024
"""How much of each connection is read ahead; twice that at most. A larger request is a body, which has a budget."""


@dataclass(frozen=True)
class Bounds:
    """`request_s` is the time for a whole request, from its first byte (for a connection's first request, from the accept) to its answer.

    At most `most` connections, `of_one` of each address, and `opened_per_s` new ones of it. Those in `uncounted` (proxies) do not count by
    address.
    """

    request_s: float
    most: int
    of_one: int = 1_000_000
    opened_per_s: float = 1_000_000
    uncounted: Networks = ()
    idle_s: float = _IDLE_S


class Watched(web.RequestHandler):
    """aiohttp's connection with a deadline. `answered` starts the quiet time between two requests."""

    __slots__ = ("_bounds", "_crowd", "_is_proven", "_is_silent", "_quiet", "deadline")

    def __init__(self, manager: web.Server, bounds: Bounds, crowd: Crowd[Watched], **more: Any) -> None:
        super().__init__(manager, loop=asyncio.get_running_loop(), **more)
        self._bounds = bounds
        self._crowd = crowd
        self._quiet = False
        self._is_silent = True
        self._is_proven = False
        self.deadline = self._loop.time() + bounds.request_s

    def data_received(self, data: bytes) -> None:
        """The first byte after a quiet time starts the clock of the next request. Later bytes do not move it."""
        if self._quiet:
            self._quiet = False
            self.deadline = self._loop.time() + self._bounds.request_s
        if self._is_silent:
            self._is_silent = False
            self._crowd.move(self, Phase.PROVEN_RECEIVING if self._is_proven else Phase.RECEIVING)
        super().data_received(data)

    def proven(self) -> None:
        """Its request is complete and signed. It is being stored, and is not closed in favour of another connection."""
        self._is_proven = True
        self._crowd.move(self, Phase.WHOLE)

    def answered(self) -> None:
        """The request is done. The next one may take its time to begin."""
        self._quiet = self._is_silent = True
        self.deadline = self._loop.time() + self._bounds.idle_s
        self._crowd.move(self, Phase.PROVEN_IDLE if self._is_proven else Phase.IDLE)

    def give_up(self) -> None:
        """Close it without an answer."""
        self._crowd.leave(self)
        if self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what was sent
    ) -> web.StreamResponse:
        """A short answer to what is not HTTP, or to a defect of ours. aiohttp's own answer echoes the request and logs its headers."""
        metrics.INGRESS_ANSWERS.labels(str(status), "http" if status < 500 else "defect").inc()
        if status >= 500:
            log.error("ingress_defect", error=type(exc).__name__, at=traceback.format_tb(exc.__traceback__) if exc else [])
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, so no other one can follow")
        answer = web.Response(status=status, body=b"", content_type="text/plain")
        answer.force_close()
        return answer

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room for another connection."""
        super().connection_lost(exc)
        self._crowd.leave(self)
        metrics.INGRESS_CONNECTIONS.set(len(self._crowd))


class Listener:
    """Accepts connections, watches them, and closes them all at the end."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], bounds: Bounds, **more: Any) -> None:
        self._server: web.Server = web.Server(handler)
        self._bounds = bounds
        self._more = {
            "access_log": None,
            "keepalive_timeout": bounds.idle_s + 1,
            "lingering_time": 2.0,
            "read_bufsize": _BUFFER_BYTES,
            **more,
        }
        self.crowd: Crowd[Watched] = Crowd(bounds.most, bounds.of_one)
        self._opened = Rates(bounds.opened_per_s, time.monotonic)
        self._beginning: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None
        self._descriptor = -1
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; `port` then says on which port. Raises OSError if the address is in use."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=False)
        listening.setblocking(False)
        # inherited by each connection: how much of its body one read gives, and how much the kernel keeps of it
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        self._socket, self._descriptor = listening, listening.fileno()
        self.port = listening.getsockname()[1]
        self._sweeping = asyncio.create_task(self._sweep())
        self._listen()

    def _accept(self) -> None:
        """Accept all clients that are waiting. If only one were accepted between the reads of the others, an honest sender would wait for seconds."""
        assert self._socket is not None
        for _ in range(_AT_ONCE):
            try:
                accepted, peer = self._socket.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:  # the client has gone before it was accepted, or no file descriptor is left
                if error.errno != errno.ECONNABORTED:
                    log.warning("accept_failed", error=error.strerror)
                    self._pause()
                    return
                continue
            accepted.setblocking(False)
            self._let_in(accepted, str(peer[0]) if peer else "")

    def _pause(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._descriptor)
        loop.call_later(_PAUSE_S, self._listen)

    def _listen(self) -> None:
        if self._socket is not None and self._socket.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._descriptor, self._accept)

    def _let_in(self, accepted: socket.socket, peer: str) -> None:
        address = "" if is_trusted(peer, self._bounds.uncounted) else sender(peer)
        if address and not self._opened.allows(address):
            metrics.INGRESS_EVICTED.labels("rate").inc()
            accepted.close()
            return
        made = Watched(self._server, self._bounds, self.crowd, **self._more)
        full = len(self.crowd) >= self._bounds.most
        leaver = self.crowd.enter(made, address)
        if leaver is not None:
            metrics.INGRESS_EVICTED.labels("connections" if full else "address").inc()
            leaver.give_up()
        if leaver is made:
            accepted.close()
        else:
            beginning = asyncio.create_task(self._begin(made, accepted))
            self._beginning.add(beginning)
            beginning.add_done_callback(self._beginning.discard)
        metrics.INGRESS_CONNECTIONS.set(len(self.crowd))

    async def _begin(self, made: Watched, accepted: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: made, accepted)
        except OSError:  # the client has gone before it began
            accepted.close()
            self.crowd.leave(made)
        if made not in self.crowd and made.transport is not None:
            made.transport.abort()  # it was closed for another one meanwhile

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(0.5, self._bounds.request_s / 10))
            now = loop.time()
            for connection in [c for c in self.crowd.all() if c.deadline < now]:
                metrics.INGRESS_CLOSED.inc()
                connection.give_up()
            metrics.INGRESS_CONNECTIONS.set(len(self.crowd))

    async def stop(self, within_s: float) -> None:
        """Accept no more connections, let requests reach their answer, close the rest."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._socket.close()
        await asyncio.gather(*self._beginning)
        self._server.pre_shutdown()
        await self._server.shutdown(within_s)
