"""`ml-connector run SERVICE`: one service, or all of them as one process each."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import signal
import subprocess
import sys
import time
from enum import StrEnum
from types import FrameType
from typing import Annotated

import typer

from console.cli import exit_codes

# Where each service's `run(settings)` lives.
_SERVICES = {
    "ingress": "services.ingress.webhooks",
    "pollers": "services.ingress.pollers",
    "topology": "services.topology",
    "sinks": "services.sinks.worker",
}
_RESTART_S = (0.5, 1, 2, 5, 10)


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
    """Run one service until SIGTERM, or all of them, each in its own process and started again when it ends by itself."""
    if service is Service.all:
        raise SystemExit(_supervise(log_level))
    raise SystemExit(run_one(service.value, log_level))


def run_one(service: str, log_level: str) -> int:
    """Run a service in this process; returns its exit code."""
    from runtime import log
    from runtime.embedded.cluster import BOOTSTRAP_KEY, REGISTRY_KEY
    from runtime.errors import Broken
    from runtime.settings import settings_from_environment

    log.configure(log_level, service)
    settings = settings_from_environment()
    for key, value in ((REGISTRY_KEY, settings.registry.url), (BOOTSTRAP_KEY, settings.kafka.bootstrap_servers)):
        if not value:
            raise Broken(f"{key} is not set.", "Set it, or start a local cluster with `ml-connector up`.")
    outcome = importlib.import_module(_SERVICES[service]).run(settings)
    if inspect.iscoroutine(outcome):
        outcome = asyncio.run(outcome)
    return int(outcome or 0)


def _supervise(log_level: str) -> int:
    running = {name: _start(name, log_level) for name in _SERVICES}
    restarts = dict.fromkeys(_SERVICES, 0)
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        time.sleep(0.2)
        for name, process in running.items():
            code = process.poll()
            if code is None or stopping:
                continue
            if code in (exit_codes.SETTINGS, exit_codes.USAGE):
                print(f"ml-connector: {name} ended with {code}: its settings are wrong, see above", file=sys.stderr)
                return _stop_all(running, code)
            wait = _RESTART_S[min(restarts[name], len(_RESTART_S) - 1)]
            print(f"ml-connector: {name} ended with {code}; starting it again in {wait} s", file=sys.stderr, flush=True)
            time.sleep(wait)
            restarts[name] += 1
            running[name] = _start(name, log_level)
    return _stop_all(running, exit_codes.OK)


def _start(name: str, log_level: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "console.cli.main", "run", name, "--log-level", log_level]
    return subprocess.Popen(command, env={**os.environ}, start_new_session=True)


def _stop_all(running: dict[str, subprocess.Popen[bytes]], code: int) -> int:
    for process in running.values():
        if process.poll() is None:
            process.terminate()
    for process in running.values():
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return code
