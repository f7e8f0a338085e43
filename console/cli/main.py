"""The command `ml-connector`: its verbs, and how an error is shown on a terminal.

A verb is registered by a module of this folder, with `register(app)`, and has a line in `_VERBS`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from console.cli import exit_codes
from console.output import printable
from runtime.errors import Broken, ConnectorError
from runtime.log import configure
from schemas.errors import NotRegistered, RegistryAway

_VERBS = {
    "demo": "demo",
    "up": "up",
    "simulate": "simulate",
    "init": "init",
    "plan": "plan",
    "apply": "plan",
    "remove": "plan",
    "match": "match",
    "crosswalk": "crosswalk",
    "keys": "keys",
    "check": "check",
    "run": "run",
    "topics": "topics",
    "status": "status",
    "pause": "status",
    "resume": "status",
    "open": "open",
    "held": "held",
    "cursors": "cursors",
    "journal": "journal",
    "reconcile": "reconcile",
    "payables": "payables",
    "load": "load",
    "explain": "explain",
    "poll": "poll",
    "try": "try_",
}
"""Each verb's module, in the order of `--help`."""


class _Verbs(TyperGroup):
    """Imports only the module of the verb that is called, and all modules only for `--help`. Most of the time of a short command goes into importing
    what other verbs need."""

    def list_commands(self, _: typer.Context) -> list[str]:  # type: ignore[override]  # typer's context type is narrower than the base class's
        """The verbs, in the order of `--help`."""
        return list(_VERBS)

    def get_command(self, _: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        """The command of a verb; None if there is none of that name."""
        module = _VERBS.get(cmd_name)
        if module is None:
            return None
        return _commands_of(module)[cmd_name]


@cache
def _commands_of(module: str) -> Mapping[str, Any]:
    """The commands that a module registers, by name."""
    own = typer.Typer()
    importlib.import_module(f"console.cli.{module}").register(own)
    return typer.main.get_group(own).commands


app = typer.Typer(
    name="ml-connector",
    cls=_Verbs,
    help="Keeps a contractor's field service and its ERP in agreement over Apache Kafka.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib import metadata

        print(f"ml-connector {metadata.version('ml-connector')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Keeps a contractor's field service and its ERP in agreement over Apache Kafka."""


def main() -> None:
    """Run one verb. An error of ours becomes one message and an exit code (`exit_codes.py`), anything else its traceback."""
    configure("warning")
    try:
        app()
    except Exception as error:
        message = _message_of(error)
        if message is None:
            raise
        print("\n".join(printable(line) for line in f"ml-connector: {message[0]}".split("\n")), file=sys.stderr)
        sys.exit(message[1])


def _message_of(error: Exception) -> tuple[str, int] | None:
    """The message for an error and the exit code; None for a defect."""
    if isinstance(error, Broken | NotRegistered):
        return str(error), exit_codes.SETTINGS
    if isinstance(error, ConnectorError | RegistryAway):
        return str(error), exit_codes.UNREACHABLE
    kafka = sys.modules.get("runtime.kafka")  # a verb that needs no cluster does not import the Kafka client
    if kafka is not None and isinstance(error, kafka.KafkaException):
        from runtime.settings import settings_from_environment

        return _message_of(kafka.explained(settings_from_environment().kafka, error.args[0]))
    return None


if __name__ == "__main__":
    main()
