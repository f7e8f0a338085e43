"""/livez, /readyz and /metrics of one process, on its own port, on loopback unless a setting says otherwise.

/livez (also /healthz): the process runs its loop. /readyz: it can do its work now; otherwise 503 with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import platform
from collections.abc import Callable
from importlib.metadata import version

from aiohttp import web

from runtime import metrics
from runtime.errors import EXIT_SOFTWARE
from runtime.log import log
from runtime.settings import Settings

LOOK_S = 0.5
"""How often a service checks whether a part of it has failed for good."""

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """The small HTTP server. `trouble` returns the reason why the service is not ready, "" if it is."""

    def __init__(self, settings: Settings, trouble: Callable[[], str]) -> None:
        self._wanted_port = settings.metrics_port
        self._host = settings.metrics_host
        self._trouble = trouble
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen; `port` then says on which port. Raises OSError if the port is in use."""
        app = web.Application()
        for path in ("/livez", "/healthz"):
            app.router.add_get(path, _alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        metrics.BUILD.info({"version": version("ml-connector"), "python": platform.python_version()})
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._wanted_port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _ready(self, _: web.Request) -> web.Response:
        trouble = self._trouble()
        return web.Response(status=503 if trouble else 200, text=trouble or "ready")

    async def _metrics(self, _: web.Request) -> web.Response:
        metrics.READY.set(0 if self._trouble() else 1)
        return web.Response(body=metrics.exposition(), headers={"Content-Type": _TEXT})


async def _alive(_: web.Request) -> web.Response:
    return web.Response(text="alive")


async def until_stopped(stopping: asyncio.Event, failed: Callable[[], str]) -> int:
    """Wait until the service is to stop (0) or a part of it has failed for good (70). Returns the exit code of its process."""
    while not stopping.is_set():
        words = failed()
        if words:
            log.error("service_failed", error=words)
            return EXIT_SOFTWARE
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), LOOK_S)
    return 0
