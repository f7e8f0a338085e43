"""The demo's processes: a cluster, the simulators and the services. Each is a child that dies with us and logs to a file."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp

from console.cli import exit_codes
from runtime.embedded.child import Child, Command, spawn
from runtime.errors import Broken, Transient
from runtime.json import parse
from runtime.settings import Settings, settings_from_environment

Say = Callable[[str], None]
SERVICES = ("ingress", "pollers", "topology", "sinks")
_READY_S = 60.0
_RESTARTS = 5


@dataclass(frozen=True)
class Pace:
    """The demo's clock: `scale` scaled seconds per real second, from `start`."""

    scale: float
    start: datetime


@dataclass
class Processes:
    """What is running, and how to reach it. `simulators` are the ready lines by name of their process."""

    folder: Path
    environment: dict[str, str]
    simulators: dict[str, dict[str, Any]] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    ingress_port: int = 0
    restarts: dict[str, int] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings of the demo's own processes, as read from their environment."""
        return settings_of(self.environment)

    def start_service(self, name: str) -> None:
        """Start one service; its log is `<name>.log` in the folder."""
        self._spawn(name, ["run", name], {})

    def start_simulator(self, name: str, system: str, seed: int, switches: Mapping[str, str]) -> None:
        """Start one simulator of a system under a name of its own; `await_simulator` returns when it answers."""
        options = [text for key, value in switches.items() for text in ("--set", f"{key}={value}")]
        state = self.folder / f"simulator-{name}"
        arguments = ["simulate", system, "--seed", str(seed), "--state-dir", str(state), *options]
        self._spawn(name, arguments, {})

    def await_simulator(self, name: str) -> None:
        """Wait for the ready line of a simulator that was started."""
        self.simulators[name] = _ready_line(self.children[name], self.folder / f"{name}.log")

    def kill(self, name: str) -> None:
        """`kill -9` a child."""
        self.children[name].kill()

    def restart_killed(self, name: str) -> None:
        """`kill -9` a service and start it again, as a supervisor would."""
        self.kill(name)
        self.start_service(name)

    def _spawn(self, name: str, arguments: list[str], more: dict[str, str]) -> Path:
        log = self.folder / f"{name}.log"
        command = [sys.executable, "-m", "console.cli.main", *arguments]
        self.children[name] = spawn(Command(name, command, log, {**os.environ, **self.environment, **more}))
        return log

    def supervise(self, say: Say) -> None:
        """Start a service again that ended with the code that asks for it, and report it, as `run all` does.

        Raises `Broken` for anything else that ended by itself, and for a service that ends again and again.
        """
        for name in [name for name, child in self.children.items() if not child.is_alive()]:
            code = self.children[name].stop()
            self.restarts[name] = self.restarts.get(name, 0) + 1
            if name not in SERVICES or code != exit_codes.DEFECT or self.restarts[name] > _RESTARTS:
                raise Broken(f"{name} ended by itself with code {code}.", f"See {self.folder}/{name}.log")
            say(f"{name} ended by itself with code {code}; started again")
            self.start_service(name)

    def stop(self) -> None:
        """Stop every child, services first, so that running writes reach their outcome."""
        for _, child in sorted(self.children.items(), key=lambda known: known[0] not in SERVICES):
            if child.is_alive():
                child.stop(patience_s=20)


def settings_of(environment: Mapping[str, str]) -> Settings:
    """Settings read from this environment instead of the process's own."""
    with _environment(environment):
        return settings_from_environment()


@contextmanager
def _environment(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def environment(folder: Path, addresses: Mapping[str, str], pace: Pace, ingress_port: int) -> dict[str, str]:
    """The environment of every process of the demo."""
    return {
        **addresses,
        "ML_CONNECTOR_PROFILE": "demo",
        "ML_CONNECTOR_STATE_DIR": str(folder / "state"),
        "ML_CONNECTOR_KEY_RING": str(folder / "keys.json"),
        "ML_CONNECTOR_INGRESS__PORT": str(ingress_port),
        "ML_CONNECTOR_INGRESS__PER_ADDRESS_PER_S": "100000",
        "ML_CONNECTOR_INGRESS__CONNECTIONS_PER_ADDRESS_PER_S": "100000",
        "ML_CONNECTOR_CLOCK__SCALE": f"{pace.scale:g}",
        "ML_CONNECTOR_CLOCK__START": pace.start.isoformat(),
        "ML_CONNECTOR_CLOCK__ANCHOR": f"{time.time():.3f}",
        "ML_CONNECTOR_LANES": "16",
    }


def _ready_line(child: Child, log: Path) -> dict[str, Any]:
    def ready() -> dict[str, Any] | None:
        for line in log.read_text().splitlines() if log.exists() else ():
            if line.startswith("{") and '"credentials"' in line:
                return dict(json.loads(line))
        return None

    child.await_ready(lambda: ready() is not None, _READY_S)
    found = ready()
    if found is None:
        raise Broken(f"{log}: no ready line.", "Look into the file.")
    return found


class Simulators:
    """Calls the routes of simulators under `/__sim__/`, by name of their process."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._session: aiohttp.ClientSession | None = None

    async def ask(self, name: str, path: str) -> Any:
        """GET, parsed with decimals."""
        return await self._call("GET", name, path, None)

    async def tell(self, name: str, path: str, body: Any) -> Any:
        """POST, parsed."""
        return await self._call("POST", name, path, body)

    async def forget(self, name: str, path: str) -> Any:
        """DELETE, parsed."""
        return await self._call("DELETE", name, path, None)

    async def _call(self, method: str, name: str, path: str, body: Any) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        url = f"{self._processes.simulators[name]['url']}/__sim__/{path}"
        try:
            async with self._session.request(method, url, json=body) as answer:
                content = await answer.read()
        except aiohttp.ClientError as error:
            raise Transient(f"the simulator {name} does not answer: {error}") from error
        if answer.status != 200:
            raise Broken(f"{method} {path} of the simulator {name}: {answer.status} {content[:300]!r}")
        return parse(content)

    async def close(self) -> None:
        """Close the connections. The next call opens new ones, in the event loop in which it is made."""
        if self._session is not None:
            await self._session.close()
            self._session = None
