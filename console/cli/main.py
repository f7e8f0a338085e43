"""The command `ml-connector`: its verbs, and how an error is shown on a terminal.

A verb is registered by a module of this folder, with `register(app)`, and has a line in `_VERBS`.
"""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from typer.core import TyperGroup

from console.cli import exit_codes
from console.output import printable
from runtime.errors import Broken, ConnectorError
from runtime.log import configure
from schemas.errors import NotRegistered, RegistryAway

_WrongCommandLine = typer.BadParameter.__bases__[0]
"""Every error of the command line itself."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk that takes no more."""
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
    commands = typer.main.get_group(own).commands
    for command in commands.values():
        _refuse_empty(command)
    return commands


def _refuse_empty(command: Any) -> None:
    """Refuse an empty path, which would be this folder, and an empty id of a connection, which elsewhere means every connection."""
    for inner in getattr(command, "commands", {}).values():
        _refuse_empty(inner)
    for param in command.params:
        is_id = param.name == "connection" and param.required
        annotation = param.type_descriptor.annotation
        if is_id or Path in (annotation, *get_args(annotation)):
            param.process_value = partial(_filled, param, param.process_value)


def _filled(param: Any, process: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    """The value of a parameter. Raises an error of the command line if a blank was given."""
    if isinstance(value, str) and not value.strip():
        raise typer.BadParameter("it is empty.", ctx=context, param=param)
    return process(context, value)


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
        sys.exit(_ended())
    except BrokenPipeError:  # whoever read the output has enough, such as `head`
        sys.stdout = None  # nothing is flushed when the interpreter ends
        sys.exit(exit_codes.NOT_OK)
    except Exception as error:
        message = _message_of(error)
        if message is None:
            raise
        if message[0]:
            print("\n".join(printable(line) for line in f"ml-connector: {message[0]}".split("\n")), file=sys.stderr)
        sys.exit(message[1])


def _ended() -> Any:
    """Run the verb, and write out what it printed. Returns its exit code."""
    try:
        code = app(standalone_mode=False) or exit_codes.OK
    except SystemExit as ended:
        code = ended.code
    if sys.stdout is not None:  # None if stdout was closed from the start
        sys.stdout.flush()
    return code


def _message_of(error: Exception) -> tuple[str, int] | None:
    """The message for an error and the exit code; None for a defect. The message is empty if the help was shown instead."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"the output cannot be written ({error.strerror}). Make room, or write it elsewhere.", exit_codes.SETTINGS
    if isinstance(error, _WrongCommandLine):
        return _usage(error), exit_codes.USAGE
    if isinstance(error, Broken | NotRegistered):
        return str(error), exit_codes.SETTINGS
    if isinstance(error, ConnectorError | RegistryAway):
        return str(error), exit_codes.UNREACHABLE
    kafka = sys.modules.get("runtime.kafka")  # a verb that needs no cluster does not import the Kafka client
    if kafka is not None and isinstance(error, kafka.KafkaException):
        from runtime.settings import settings_from_environment

        return _message_of(kafka.explained(settings_from_environment().kafka, error.args[0]))
    return None


def _usage(error: Any) -> str:
    """What is wrong with the command line, in one line; "" for a command that was called with nothing, whose help is shown already."""
    if not str(error.format_message()).strip():
        return ""
    path = error.ctx.command_path if error.ctx is not None else "ml-connector"
    words = " ".join(str(error.format_message()).replace("Value error, ", "").split())
    return f"{words.rstrip('.')}. `{path} --help` shows what it takes."


if __name__ == "__main__":
    main()
