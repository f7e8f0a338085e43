"""`ml-connector run SERVICE`: run one service, or all of them as one process each."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import FrameType
from typing import Annotated

import typer

from console.cli import exit_codes
from runtime.settings import Settings
from runtime.shutdown import supervisor_s

# The module of each service's `run(settings)`.
_SERVICES = {
    "ingress": "services.ingress.webhooks",
    "pollers": "services.ingress.pollers",
    "topology": "services.topology",
    "sinks": "services.sinks.worker",
}
_RESTART_S = (0.5, 1, 2, 5, 10)
_LOOK_S = 0.1


class Service(StrEnum):
    """What can be run."""

    ingress = "ingress"
    pollers = "pollers"
    topology = "topology"
    sinks = "sinks"
    all = "all"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(run)


def run(
    service: Annotated[Service, typer.Argument(help="Which service.")],
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run one service until SIGTERM, or all of them, each in its own process and started again if it ends by itself."""
    if service is Service.all:
        raise SystemExit(_supervise(log_level))
    raise SystemExit(run_one(service.value, log_level))


def run_one(service: str, log_level: str) -> int:
    """Run a service in this process; returns its exit code."""
    from runtime import log

    log.configure(log_level, service)
    outcome = importlib.import_module(_SERVICES[service]).run(_settings())
    if inspect.iscoroutine(outcome):
        outcome = asyncio.run(outcome)
    return int(outcome or 0)


def _settings() -> Settings:
    """The settings of this process. They have to name a cluster."""
    from runtime.embedded.cluster import BOOTSTRAP_KEY, REGISTRY_KEY
    from runtime.errors import Broken
    from runtime.settings import settings_from_environment

    settings = settings_from_environment()
    for key, value in ((REGISTRY_KEY, settings.registry.url), (BOOTSTRAP_KEY, settings.kafka.bootstrap_servers)):
        if not value:
            raise Broken(f"{key} is not set.", "Set it, or start a local cluster with `ml-connector up`.")
    return settings


@dataclass
class _Child:
    """One service as a process. `again_at` is when it is started again, 0 while it is running."""

    name: str
    process: subprocess.Popen[bytes]
    restarts: int = 0
    again_at: float = 0


def _supervise(log_level: str) -> int:
    settings = _require_settings()
    children = [_Child(name, _start(name, log_level)) for name in _SERVICES]
    signals = 0

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code: int | None = None
    while not signals and code is None:
        time.sleep(_LOOK_S)
        code = next((found for child in children if (found := _restart_if_ended(child, log_level)) is not None), None)
    began = signals
    _stop_all([child.process for child in children], supervisor_s(settings.timing), lambda: signals > max(began, 1))
    return exit_codes.OK if code is None else code


def _require_settings() -> Settings:
    """Report once, before any service is started, what would end every service. Raises the errors that they would raise."""
    from runtime.errors import Broken
    from services.start import prepared
    from topology.topics import records_of_topic

    settings = _settings()
    if settings.key_ring is None:
        raise Broken("ML_CONNECTOR_KEY_RING is not set.", "Set it to the key ring's file; `ml-connector keys new FILE` makes one.")
    prepared(settings, "run", records_of_topic(settings.kafka.topic_prefix))
    return settings


def _restart_if_ended(child: _Child, log_level: str) -> int | None:
    """Start a service again when it has ended and its pause is over. If its settings are wrong, returns the code to end with."""
    if child.again_at:
        if time.monotonic() >= child.again_at:
            child.again_at, child.restarts = 0, child.restarts + 1
            child.process = _start(child.name, log_level)
        return None
    code = child.process.poll()
    if code is None:
        return None
    if code in (exit_codes.SETTINGS, exit_codes.USAGE):
        print(f"ml-connector: {child.name} ended with {code}: its settings are wrong, see above", file=sys.stderr)
        return code
    wait_s = _RESTART_S[min(child.restarts, len(_RESTART_S) - 1)]
    print(f"ml-connector: {child.name} ended with {code}; starting it again in {wait_s} s", file=sys.stderr, flush=True)
    child.again_at = time.monotonic() + wait_s
    return None


def _start(name: str, log_level: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "console.cli.main", "run", name, "--log-level", log_level]
    return subprocess.Popen(command, env={**os.environ}, start_new_session=True)


def _stop_all(processes: Sequence[subprocess.Popen[bytes]], within_s: float, at_once: Callable[[], bool]) -> None:
    """Ask all processes to end, and kill those that have not ended in time, or at once when a second signal comes."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    until = time.monotonic() + within_s
    while any(process.poll() is None for process in processes) and time.monotonic() < until and not at_once():
        time.sleep(_LOOK_S)
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait()
