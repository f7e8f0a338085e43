"""How a simulator is built and served: the `Simulator` that it returns, and the line that it prints when it is ready.

A system's `simulator/app.py` offers `build(options: Options) -> Simulator`. Everything under `/__sim__/` is ours, everything else the
vendor's.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from runtime.clock import Clock
from runtime.errors import Broken
from runtime.simulator.faults import Faults
from runtime.simulator.store import Store

CONTROL = "/__sim__/"
Ready = Callable[[list[dict[str, Any]]], Awaitable[None]]
"""Called with the ready lines, in the order of the simulators."""


@dataclass(frozen=True)
class Options:
    """What a simulator is started with. The same seed and the same requests give the same state.

    `settings` are the simulator's own switches as text (for example `calls_per_minute`), each documented in its `SYSTEM.md`.
    """

    seed: int
    state_dir: Path
    clock: Clock
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Simulator:
    """A simulator ready to be served: the vendor's routes, its state, and what a client needs to sign in.

    `addresses` are paths that become complete addresses among the credentials as soon as the simulator's own address is known.
    """

    system: str
    app: web.Application
    store: Store
    faults: Faults
    credentials: dict[str, Any]
    addresses: dict[str, str | list[str]] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    """Names of `addresses` that the ready line shows besides `url`."""
    line_bytes: int = 8190
    """The longest request line or header that reaches the routes."""


@dataclass
class Served:
    """A simulator that answers on `url` until `stop` is called."""

    url: str
    runner: web.AppRunner
    simulator: Simulator

    @property
    def credentials(self) -> dict[str, Any]:
        """The simulator's credentials, with its addresses."""
        whole = {
            name: [f"{self.url}{path}" for path in paths] if isinstance(paths, list) else f"{self.url}{paths}"
            for name, paths in self.simulator.addresses.items()
        }
        return self.simulator.credentials | whole

    async def stop(self) -> None:
        """Stop answering and close the state file."""
        await self.runner.cleanup()
        self.simulator.store.close()


async def start(simulator: Simulator, port: int = 0) -> Served:
    """Serve on 127.0.0.1; port 0 takes a free one. Raises `Broken` for a port that is in use."""
    runner = web.AppRunner(
        simulator.app, handle_signals=False, access_log=None, shutdown_timeout=1.0, max_line_size=simulator.line_bytes
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        simulator.store.close()
        raise Broken(
            f"127.0.0.1:{port} cannot be taken: {os.strerror(error.errno or 0)}.", "Give another port, or 0 for a free one."
        ) from error
    bound = runner.addresses[0][1]
    return Served(f"http://127.0.0.1:{bound}", runner, simulator)


async def serve_until_stopped(simulator: Simulator, port: int, *others: Simulator, ready: Ready | None = None) -> None:
    """Serve, print one ready line `{"system", "url", "credentials"}` for each on stdout, and stop on SIGTERM or SIGINT.

    `others` take free ports. `ready` is awaited once all of them answer, before the lines are printed.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    served = [await start(simulator, port), *[await start(other) for other in others]]
    lines = [ready_line(one) for one in served]
    try:
        if ready is not None:
            await ready(lines)
        for line in lines:
            print(json.dumps(line), flush=True)  # noqa: T201 - the line is the contract of `ml-connector simulate`
        await stopped.wait()
    finally:
        for one in served:
            await one.stop()


def ready_line(served: Served) -> dict[str, Any]:
    """Where a simulator answers, and the credentials for it."""
    known = served.credentials
    addresses = {name: known[name] for name in served.simulator.beside}
    return {"system": served.simulator.system, "url": served.url, **addresses, "credentials": known}


def control_routes(simulator: Simulator) -> list[str]:
    """The routes `GET /__sim__/journal` and the like, which ask and change the simulator itself."""
    routes = {(route.resource.canonical, route.method) for route in simulator.app.router.routes() if route.resource is not None}
    return [f"{method} {path}" for path, method in sorted(routes) if path.startswith(CONTROL) and method != "HEAD"]
