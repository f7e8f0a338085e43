"""Simulators in processes of their own, each with its exchanges held against its vendor's documents.

`python -m tests.watched ...` is `ml-connector ...`: `simulate` ends with a traceback and code 1 where an exchange contradicted a document or
what the documents leave out is not listed; `demo` starts its simulators so, and ends in the same way where one of them did.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from console.cli.main import main
from console.demo import processes
from runtime.embedded.child import Child, Command, spawn
from tests.exchanges import all_exchanges_held

_MODULE, _WATCHED = "console.cli.main", "tests.watched"


@contextmanager
def simulators_watched() -> Iterator[None]:
    """While it lasts, simulators that a `Processes` starts are watched; each has to have ended by then, and well."""
    started: list[Child] = []

    def spawn_watched(command: Command) -> Child:
        if "simulate" not in command.arguments:
            return spawn(command)
        arguments = [_WATCHED if argument == _MODULE else argument for argument in command.arguments]
        assert arguments != command.arguments, f"{command.name} is started in a way that is not watched: {arguments}"
        started.append(spawn(replace(command, arguments=arguments)))
        return started[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "spawn", spawn_watched)
        yield
    for child in started:
        end = child.command.log.read_text(errors="replace")[-8000:]
        assert child.guard.returncode == 0, f"{child.command.name} ended with {child.guard.returncode}:\n{end}"


def _main() -> None:
    code: str | int | None = 0
    with all_exchanges_held(is_listed=True) if "simulate" in sys.argv[1:2] else simulators_watched():
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    sys.exit(code)


if __name__ == "__main__":
    _main()
