"""The command `ml-connector`: its verbs, and what an error becomes on a terminal.

A verb is a module of this folder with `register(app)`; its name stands in `_VERBS`, in the order of `--help`.
"""

from __future__ import annotations

import importlib
import sys

import typer

from console.cli import exit_codes
from console.output import printable
from runtime.errors import Broken, ConnectorError
from schemas.errors import NotRegistered

_VERBS = (
    "demo",
    "up",
    "simulate",
    "init",
    "plan",
    "match",
    "crosswalk",
    "keys",
    "check",
    "run",
    "topics",
    "status",
    "explain",
    "held",
    "cursors",
)

app = typer.Typer(
    name="ml-connector",
    help="Keeps a contractor's field service and its ERP in agreement over Apache Kafka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keeps a contractor's field service and its ERP in agreement over Apache Kafka."""


for _verb in _VERBS:
    importlib.import_module(f"console.cli.{_verb}").register(app)


def main() -> None:
    """Run one verb; an error of ours becomes one message and an exit code (`exit_codes.py`), anything else its traceback."""
    try:
        app()
    except (Broken, NotRegistered) as error:
        print(printable(f"ml-connector: {error}"), file=sys.stderr)
        sys.exit(exit_codes.SETTINGS)
    except ConnectorError as error:
        print(printable(f"ml-connector: {error}"), file=sys.stderr)
        sys.exit(exit_codes.UNREACHABLE)


if __name__ == "__main__":
    main()
