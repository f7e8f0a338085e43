"""The simulators as processes of a bench, and what they count of themselves."""

from __future__ import annotations

import json
import sys
import urllib.request
from dataclasses import dataclass
from typing import Any

from console.demo.facts import demo_of
from tests.bench.ground import Corner, Process, until


def cli(*arguments: str) -> int:
    """`ml-connector` in a process of the bench."""
    from console.cli.main import main

    sys.argv = ["ml-connector", *arguments]
    main()
    return 0


@dataclass(frozen=True)
class Simulated:
    """One running simulator; `ready` is the line it printed."""

    process: Process
    ready: dict[str, Any]

    def ask(self, path: str, body: Any = None, method: str = "") -> Any:
        """GET, or POST with a body, below `/__sim__/`."""
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.ready['url']}/__sim__/{path}", content, {"Content-Type": "application/json"})
        request.method = method or ("GET" if body is None else "POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def forget_calls(self) -> None:
        """Count from zero."""
        self.ask("calls", method="DELETE")

    def stop(self) -> None:
        """End it."""
        self.process.stop()


def simulated(corner: Corner, system: str, **more: str) -> Simulated:
    """Start one with the demo's switches and these besides; it answers when this returns."""
    switches = {**demo_of(system).simulator_settings(1), **more}
    options = [text for name, value in switches.items() for text in ("--set", f"{name}={value}")]
    process = corner.process(
        f"simulator-{system}", "tests.bench.simulators:cli", "simulate", system, "--port", "0", *options
    ).start()

    def ready() -> dict[str, Any] | None:
        lines = process.log.read_text().splitlines() if process.log.exists() else []
        return next((json.loads(line) for line in lines if line.startswith('{"system"')), None)

    return Simulated(process, until(ready, lambda line: line is not None, 60, lambda: str(process.log)))
