"""`ml-connector plan`, `apply` and `remove`: show what a connection's files would change, put them in force, end a connection."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from console.cli import exit_codes
from console.output import Output, print_json, printable

if TYPE_CHECKING:  # imported only for type checks, so that --help is quick
    from console.connections.fitting import Unfit

_AMOUNT = re.compile(r"-?[0-9][0-9,]{0,20}(\.[0-9]{1,6})?")
Amount = Annotated[str, typer.Option("--yes", help="The amount to confirm when going live or ending. Example: --yes 55825.68")]
AcceptHeld = Annotated[
    list[str] | None,
    typer.Option("--accept-held", help="Go live although documents would be held for this, as `plan` names it; several times."),
]
Unmatched = Annotated[bool, typer.Option("--unmatched", help="Go live although customers or vendors are not matched.")]
RemoveRows = Annotated[bool, typer.Option(help="Remove rows in force that are no longer in any table.")]
EarlierCutover = Annotated[bool, typer.Option(help="Accept that documents from an earlier cut-over date are commanded.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(plan)
    app.command()(apply)
    app.command()(remove)


def plan(
    file: Annotated[Path, typer.Argument(help="The connection's YAML file.")],
    accept_earlier_cutover: EarlierCutover = False,
    remove_rows: RemoveRows = False,
    yes: Amount = "",
    accept_held: AcceptHeld = None,
    unmatched: Unmatched = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
    offline: Annotated[bool, typer.Option(help="Check the files alone, without a cluster; needs no secret.")] = False,
) -> None:
    """Check a connection's files and show what `apply` would change. Writes nothing and needs no secret.

    Ends with 0 only if `apply` with the same options would be accepted, and with 1 if something is
    refused or still to be confirmed. Going live has to be confirmed: the amount with --yes, other lines
    with the option that each names.
    """
    from console.connections.applying import plan_of
    from console.connections.consent import Consent
    from console.connections.fitting import Unfit

    amount, held = amount_of(yes), frozenset(accept_held or ())
    consent = Consent(accept_earlier_cutover, remove_rows, amount, held=held, unmatched=unmatched)
    try:
        found = plan_of(file, consent, offline)
    except Unfit as unfit:
        _show_unfit(unfit, output)
    notes = [f"note: {note}" for note in found.notes]
    _show(found.change.lines, found.refused, (*notes, found.totals), output, found.to_confirm)
    raise SystemExit(exit_codes.NOT_OK if found.refused or found.to_confirm else exit_codes.OK)


def apply(
    file: Annotated[Path, typer.Argument(help="The connection's YAML file.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the change.")] = "",
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
    accept_earlier_cutover: EarlierCutover = False,
    remove_rows: RemoveRows = False,
    yes: Amount = "",
    accept_held: AcceptHeld = None,
    unmatched: Unmatched = False,
    another_key_ring: Annotated[
        bool, typer.Option(help="The key ring of the credentials in force is lost; encrypt with this one.")
    ] = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Put a connection's files in force: rows, encrypted credentials, then the connection. Applying again changes nothing."""
    from console.connections.applying import applied
    from console.connections.consent import Consent
    from console.connections.fitting import Unfit

    held = frozenset(accept_held or ())
    consent = Consent(accept_earlier_cutover, remove_rows, amount_of(yes), another_key_ring, held, unmatched)
    try:
        lines, refused = applied(file, actor or person(), reason, consent)
    except Unfit as unfit:
        _show_unfit(unfit, output)
    _show(lines, refused, () if lines or refused else ("no changes",), output)
    raise SystemExit(exit_codes.NOT_OK if refused else exit_codes.OK)


def remove(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the change.")],
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
    yes: Amount = "",
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """End a connection: nothing is read or written for it any more, and its credentials are removed. `explain` still finds what was posted."""
    from console.connections.removing import removed

    lines, refused = removed(connection, actor or person(), reason, amount_of(yes))
    _show(lines, refused, (), output)
    raise SystemExit(exit_codes.NOT_OK if refused else exit_codes.OK)


def amount_of(text: str) -> Decimal | None:
    """The amount that a person typed, thousands with or without commas; None if none was typed."""
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is not an amount. Example: --yes 55825.68", param_hint="--yes")
    return Decimal(text.replace(",", ""))


def person() -> str:
    """The user of this machine, as the author of a decision."""
    return os.environ.get("ML_CONNECTOR_ACTOR") or getpass.getuser()


def _show_unfit(unfit: Unfit, output: Output) -> NoReturn:
    """Print what is wrong with the settings of a file, and end."""
    _show((), list(unfit.lines), ("0 to set",), output)
    raise SystemExit(exit_codes.SETTINGS) from None


def _show(
    lines: tuple[str, ...], refused: list[str], last: tuple[str, ...], output: Output, to_confirm: Sequence[str] = ()
) -> None:
    """Print changes, refusals, what has to be confirmed, and last the totals. On a terminal, what would be removed or is refused is red."""
    if output is Output.json:
        told = [*to_confirm, *last]
        print_json({"changes": list(lines), "refused": refused, "to_confirm": list(to_confirm), "told": told})
        return
    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        _print(console, line, "red" if line.startswith("-") else "")
    for line in refused:
        _print(console, f"refused: {line}", "red")
    for line in to_confirm:
        _print(console, f"to confirm: {line}", "")
    for line in last[:-1]:
        _print(console, line, "")
    if last:
        _print(console, f"{last[-1]}, {len(refused)} refused" if refused else last[-1], "red" if "to remove" in last[-1] else "")


def _print(console: Console, line: str, style: str) -> None:
    console.print(printable(line), style=style or None, markup=False)
