"""`ml-connector simulate SYSTEM`: a system's simulator on 127.0.0.1 until stopped; with --join, a whole connection to try."""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.errors import Broken

if TYPE_CHECKING:  # loaded only when needed: other verbs need no web server
    from runtime.simulator.serve import Options, Simulator

_SESSIONS = "max_sessions"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(simulate)


def simulate(
    system: Annotated[str, typer.Argument(help="Which system: a name of systems/registry.py.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed and requests give the same state.")] = 0,
    state_dir: Annotated[
        Path | None, typer.Option(help="Keep the state in this folder; without it, the state is lost at the end.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of the system's SYSTEM.md; may be repeated.")
    ] = None,
    join: Annotated[
        Path | None,
        typer.Option(
            help="For an ERP: also simulate the field-service system, and write to this folder a connection that joins the two."
        ),
    ] = None,
) -> None:
    """Serve a simulator of SYSTEM. When ready, it prints one JSON line with its address and credentials on stdout; it runs until SIGTERM.

    Its own routes under /__sim__/ are listed on stderr.
    """
    from console.demo.tried import switches
    from systems import registry

    with tempfile.TemporaryDirectory(prefix="ml-connector-") as scratch:
        place, chosen = state_dir or Path(scratch), _pairs(settings or [])
        if join is None:
            filled = {} if _is_kept(place) else _alone(system)
            chosen = _enough_sessions(system) | filled | chosen
            asyncio.run(_serve([_built(system, _options(seed, place, chosen))], port, None))
            return
        if system not in {erp.name for erp in registry.erps()}:
            names = ", ".join(erp.name for erp in registry.erps())
            raise Broken(f"--join: {system!r} is not an ERP.", f"Give one of: {names}; {registry.FIELD_SERVICE} is its other side.")
        _made(join)
        built = [
            _built(name, _options(seed, place / name, switches(name) | (chosen if name == system else {})))
            for name in (registry.FIELD_SERVICE, system)
        ]
        asyncio.run(_serve(built, port, join))


async def _serve(simulators: list[Simulator], port: int, folder: Path | None) -> None:
    from runtime.simulator.serve import control_routes, serve_until_stopped

    async def ready(lines: list[dict[str, Any]]) -> None:
        from console.demo.tried import SETTINGS, join

        for simulator, line in zip(simulators, lines, strict=True):
            print(f"{simulator.system} answers at {line['url']}; of the simulator itself:", file=sys.stderr)
            print("".join(f"  {route}\n" for route in control_routes(simulator)), end="", file=sys.stderr)
        if folder is not None:
            file = await join(folder, lines)
            print(
                f"ready: `. {folder / SETTINGS}`, then `ml-connector apply {file} --reason ... --yes 0`",
                file=sys.stderr,
                flush=True,
            )

    await serve_until_stopped(simulators[0], port, *simulators[1:], ready=ready)


def _options(seed: int, place: Path, chosen: dict[str, str]) -> Options:
    from runtime.clock import clock_from_environment
    from runtime.simulator.serve import Options

    _made(place)
    return Options(seed, place, clock_from_environment(), chosen)


def _made(folder: Path) -> None:
    """Make a folder that the user named."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Broken(f"{folder} cannot be made: {error.strerror}.", "Give a folder that can be written to.") from error


def _is_kept(folder: Path) -> bool:
    """Whether a folder already has a state, so that the simulator is not seeded again."""
    return folder.is_dir() and any(folder.iterdir())


def _alone(system: str) -> dict[str, str]:
    """The switches for a simulator that runs alone and that no demo fills: `ALONE` in the module of its `build`."""
    from systems import registry

    if system not in registry.NAMES:
        return {}
    return dict(getattr(importlib.import_module(registry.system(system).simulator), "ALONE", {}))


def _enough_sessions(system: str) -> dict[str, str]:
    """A licence with a session for each role, if the system counts sessions. A smaller one can be set with --set."""
    from systems import registry

    if system not in registry.NAMES or not registry.system(system).demo:
        return {}
    from console.demo.facts import demo_of

    return {key: value for key, value in demo_of(system).simulator_settings(1).items() if key == _SESSIONS}


def _built(system: str, options: Options) -> Simulator:
    from systems import registry

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
