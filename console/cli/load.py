"""`ml-connector load CONNECTION`: reads the ERP's documents of the past, shows how far it is, and compares them with the source's; posts nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import exit_codes
from console.cli.days import day_of, refuse_backwards
from console.cli.plan import person
from console.output import Output, paragraph, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from console.compare.loading import Begun, Standing
    from console.compare.reading import Compared
    from console.reading import Cluster
    from systems.connection import ConnectionSettings

_LISTED, _EVERY_S, _TOLD_S = 20, 1.0, 10.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(load)


def load(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    first: Annotated[
        str,
        typer.Option("--from", help="Begin a load: the day to read from, YYYY-MM-DD. Without it the load that was begun goes on."),
    ] = "",
    last: Annotated[str, typer.Option("--to", help="Last day that is compared, YYYY-MM-DD; default: to the end.")] = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for the pollers; without it, say where they are.")] = True,
    documents: Annotated[bool, typer.Option("--documents", "-d", help="Every document that is not on both sides alike.")] = False,
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
    actor: Annotated[str, typer.Option(help="Who decides; default: the user of this machine.")] = "",
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Load the ERP's documents from a day on, and report what is on both sides, on one only, and different by amount. Posts nothing.

    It may be interrupted at any time: the pollers go on where they were, and the same command without --from shows the rest.
    """
    from console.compare import told
    from console.compare.loading import begun
    from console.compare.reading import HISTORY, compared
    from console.connections.applying import connected, in_force
    from console.reading import Cluster
    from runtime.errors import Broken

    cluster = Cluster()
    settings = connected(in_force(cluster), connection)
    until = day_of("--to", last) if last else None
    if first:
        day = day_of("--from", first)
        refuse_backwards(day, until)
        _begin(cluster, settings, day, (actor or person(), reason or "no reason given"))
    loads = begun(cluster, settings)
    if not loads:
        raise Broken(f"no load of {connection} was begun.", "Name the day to read from: --from 2025-01-01")
    found, is_over = _followed(cluster, settings, loads, wait=wait)
    days = min(one.since for one in found), until
    made = compared(cluster, settings, HISTORY, days)
    if output is Output.json:
        print_json({"is_over": is_over, "from": days[0], **_as_json(made, found)})
    else:
        for line in told.lines_of_pairs(made.pairs, made.ours, len(made.pairs) if documents else _LISTED):
            print(line)
        if not is_over:
            print(f"the load is not over: `ml-connector load {connection}` goes on")
    raise SystemExit(exit_codes.OK if is_over else exit_codes.NOT_OK)


def _as_json(made: Compared, found: Sequence[Standing]) -> dict[str, Any]:
    from console.compare import told

    return {
        "feeds": [{"feed": one.feed, "records": one.records, "is_over": one.is_over} for one in found],
        "history": told.sums(made.pairs),
        "documents": told.documents(made.pairs),
        "ours": {kind: bucket.as_json() for kind, bucket in made.ours.items()},
    }


def _begin(cluster: Cluster, settings: ConnectionSettings, day: date, author: tuple[str, str]) -> None:
    """Set the cursors of the ERP's documents back to a day, each with a record of who did so."""
    from console.cli.cursors import cursors_of, past, set_back
    from console.compare.loading import feeds, note, position
    from console.connections.publish import Author
    from runtime.clock import clock_from_environment
    from runtime.errors import Broken

    past("--from", day)
    chosen = feeds(settings)
    if not chosen:
        raise Broken(f"{settings.erp.declared.title} has no documents that can be read from a day on.")
    known = cursors_of(cluster, settings.connection)
    for name, feed in chosen:
        before = known.get(name, {})
        written = Author(author[0], f"{note(day, before)}; {author[1]}", clock_from_environment().now())
        moved = {"connection": settings.connection, "feed": name, "position": position(settings, feed, day)}
        set_back(cluster, {**before, **moved}, written)
    names = ", ".join(feed.name for _, feed in chosen)
    for line in paragraph(f"{names} of {settings.connection} are read from {day}; nothing is posted by it"):
        print(line, flush=True)


def _followed(
    cluster: Cluster, settings: ConnectionSettings, loads: Mapping[str, Begun], *, wait: bool
) -> tuple[list[Standing], bool]:
    """Show how far the load is until it ends. Returns the last standings and whether the load has ended."""
    from console.cli.progress import progress_lines
    from console.compare.loading import progress, standings, unread

    say, told_s = progress_lines(), time.monotonic() - _TOLD_S
    while True:
        found, left = standings(cluster, settings, loads), unread(cluster, settings)
        is_over = all(one.is_over for one in found) and not left
        if is_over or not wait or time.monotonic() - told_s >= _TOLD_S:
            for line in progress(cluster, found, left):
                say(line)
            told_s = time.monotonic()
        if is_over or not wait:
            return found, is_over
        time.sleep(_EVERY_S)
