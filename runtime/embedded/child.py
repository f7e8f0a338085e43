"""A server process of ours: started behind its guard, awaited, stopped by its own process group."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from runtime.errors import Broken, Transient

_GUARD = Path(__file__).with_name("guard.py")
_JAVA_SWITCHES = ("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH")
_GONE_S = 10.0
_PORT_TAKEN = re.compile(rb"Address already in use|already in use by another process|Port \d+ (seems to be )?in use|BindException")


class PortTaken(Transient):
    """Another process took the port after we had chosen it and before the server bound it; choose another."""


@dataclass(frozen=True)
class Command:
    """What to run. The guard removes `scratch` if we die first; None keeps everything."""

    name: str
    arguments: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    scratch: Path | None = None


@dataclass(frozen=True)
class Child:
    """A started server behind its guard. The two share a process group of their own, whose id is `guard.pid`."""

    command: Command
    guard: subprocess.Popen[bytes]

    def is_alive(self) -> bool:
        """Whether the server is still running."""
        return self.guard.poll() is None

    def stop(self, patience_s: float = 20.0) -> int:
        """Ask the server to end, then kill it if necessary; returns its exit code. It may be called twice."""
        self._signal(signal.SIGTERM)
        try:
            self.guard.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
        self._close()
        return self.guard.returncode

    def kill(self) -> None:
        """End server and guard at once, as a power cut would; returns when both are gone."""
        servers = _handles(self.server_pids())
        self._signal(signal.SIGKILL)
        self.guard.wait()
        for server in servers:
            select.select([server], [], [], _GONE_S)
            os.close(server)
        self._close()

    def await_ready(self, is_ready: Callable[[], bool], patience_s: float = 90.0) -> None:
        """Return when `is_ready` is true.

        Raises `PortTaken` if the server died because of its port, `Broken` with the end of its log if it died for another reason or the
        time is up.
        """
        deadline = time.monotonic() + patience_s
        while not is_ready():
            if not self.is_alive():
                raise self._death()
            if time.monotonic() > deadline:
                self.kill()
                raise Broken(
                    f"{self.command.name} was not ready after {patience_s:.0f} s.", f"The end of its log:\n{self._log_end()}"
                )
            time.sleep(0.05)

    def server_pids(self) -> list[int]:
        """The server's own process ids, without the guard (Linux)."""
        listed = Path(f"/proc/{self.guard.pid}/task/{self.guard.pid}/children")
        return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []

    def _death(self) -> Exception:
        self._close()
        end = self._log_end()
        if _PORT_TAKEN.search(end.encode()):
            return PortTaken(f"{self.command.name}: its port was taken by another process.")
        return Broken(f"{self.command.name} ended with code {self.guard.returncode} while starting.", f"The end of its log:\n{end}")

    def _log_end(self) -> str:
        return self.command.log.read_text(errors="replace")[-4000:] if self.command.log.exists() else "(no log)"

    def _signal(self, number: signal.Signals) -> None:
        if self.guard.poll() is None:
            os.killpg(self.guard.pid, number)

    def _close(self) -> None:
        if self.guard.stdin is not None:
            self.guard.stdin.close()


def _handles(pids: list[int]) -> list[int]:
    """A descriptor for each process that is still running. It becomes readable when the process ends, whoever its parent is."""
    found = []
    for pid in pids:
        with suppress(ProcessLookupError):
            found.append(os.pidfd_open(pid))
    return found


def spawn(command: Command) -> Child:
    """Start the command behind its guard, in a session of its own, so that a Ctrl-C at our terminal does not reach it."""
    environment = {key: value for key, value in os.environ.items() if key not in _JAVA_SWITCHES and not key.startswith("QUARKUS_")}
    remove = ["--remove", str(command.scratch)] if command.scratch else []
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), *remove, "--", *command.arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment | command.environment,
            start_new_session=True,
        )
    return Child(command, guard)


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1, all different, on which nothing listened a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def answers(port: int) -> bool:
    """Whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
