"""`ml-connector plan` and `apply`: what a connection's files would change, and putting them in force."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from console.cli import exit_codes
from console.output import Output, print_json


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(plan)
    app.command()(apply)


def plan(
    file: Annotated[Path, typer.Argument(help="The connection's YAML file.")],
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
    offline: Annotated[bool, typer.Option(help="Check the files alone, without a cluster; needs no secret.")] = False,
) -> None:
    """Check a connection's files and show what `apply` would change. Writes nothing; never needs a secret."""
    from console.connections.applying import planned

    change, refused = planned(file, offline)
    _show(change.lines, refused, output)
    raise SystemExit(exit_codes.NOT_OK if refused else exit_codes.OK)


def apply(
    file: Annotated[Path, typer.Argument(help="The connection's YAML file.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the change.")] = "",
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
    accept_earlier_cutover: Annotated[bool, typer.Option(help="Command documents from an earlier cut-over date.")] = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Put a connection's files in force: rows, encrypted credentials, then the connection. Applying again changes nothing."""
    from console.connections.applying import applied

    lines, refused = applied(file, actor or person(), reason, accept_earlier_cutover)
    _show(lines, refused, output)
    raise SystemExit(exit_codes.NOT_OK if refused else exit_codes.OK)


def person() -> str:
    """The user of this machine, as the author of a decision."""
    return os.environ.get("ML_CONNECTOR_ACTOR") or getpass.getuser()


def _show(lines: tuple[str, ...], refused: list[str], output: Output) -> None:
    if output is Output.json:
        print_json({"changes": list(lines), "refused": refused})
        return
    for line in lines:
        print(line)
    for line in refused:
        print(f"refused: {line}")
    if not lines and not refused:
        print("no changes")
