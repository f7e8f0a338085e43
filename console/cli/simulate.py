"""`ml-connector simulate SYSTEM`: a system's simulator on 127.0.0.1, until stopped."""

from __future__ import annotations

import asyncio
import importlib
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from runtime.clock import clock_from_environment
from runtime.errors import Broken
from runtime.simulator.serve import Options, Simulator, serve_until_stopped
from systems import registry


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(simulate)


def simulate(
    system: Annotated[str, typer.Argument(help="Which system: a name of systems/registry.py.")],
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed and requests give the same state.")] = 0,
    state_dir: Annotated[Path | None, typer.Option(help="Keep the state in this folder; without it, it is gone after.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the system's SYSTEM.md; may be repeated.")
    ] = None,
) -> None:
    """Serve a stand-in of SYSTEM; one JSON line with its address and credentials on stdout when ready; runs until SIGTERM."""
    with tempfile.TemporaryDirectory(prefix="ml-connector-") as scratch:
        options = Options(seed, state_dir or Path(scratch), clock_from_environment(), _pairs(settings or []))
        asyncio.run(serve_until_stopped(_built(system, options), port))


def _built(system: str, options: Options) -> Simulator:
    if system not in registry.NAMES:
        raise Broken(f"{system!r} is not a system.", f"Give one of: {', '.join(registry.NAMES)}.")
    try:
        simulator: Simulator = importlib.import_module(registry.system(system).simulator).build(options)
    except ValueError as error:
        raise Broken(f"The simulator of {system} cannot start: {error}.", "Correct the --set option.") from error
    return simulator


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise Broken(f"--set {text!r} is not key=value.", "Example: --set calls_per_minute=600")
        pairs[key.strip()] = value.strip()
    return pairs
