"""`ml-connector match CONNECTION`: propose pairs of masters, accept the exact ones in bulk, take a person's decisions."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from console.cli.plan import person
from console.output import Output, print_rows

Again = Annotated[
    bool,
    typer.Option(
        help="With --import: decide otherwise about what is linked or rejected already; a linked `create` is passed over."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(match)


def match(
    connection: Annotated[
        str, typer.Argument(help="Id of the connection; its masters must have been polled (mode observe is enough).")
    ],
    accept_exact: Annotated[bool, typer.Option("--accept-exact", help="Accept every exact pair in bulk.")] = False,
    export: Annotated[Path | None, typer.Option(help="Write the open proposals to this .csv or .xlsx file.")] = None,
    decisions: Annotated[Path | None, typer.Option("--import", help="Take decisions from such a file.")] = None,
    again: Again = False,
    actor: Annotated[str, typer.Option(help="Who decides; default: the user of this machine.")] = "",
    reason: Annotated[str, typer.Option(help="Why; kept with every decision.")] = "",
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Match customers and vendors of both sides before a connection is live. Without options it only shows the counts."""
    from console.connections.applying import connected, in_force
    from console.connections.publish import Author, Publisher
    from console.matching.asking import answers_of
    from console.matching.decide import decided_links, exact_links, publish_links
    from console.matching.masters import never_read, read_masters
    from console.matching.sheet import read_decisions, write_proposals
    from console.matching.summary import counted, hindrances, open_proposals
    from console.reading import Cluster

    if again and decisions is None:
        raise typer.BadParameter("it repeats the decisions of a sheet: name that with --import", param_hint="--again")
    cluster = Cluster()
    snapshot = in_force(cluster)
    settings = connected(snapshot, connection)
    author = Author(actor or person(), reason, datetime.now(UTC))
    masters = read_masters(cluster, settings)
    answers = asyncio.run(answers_of(cluster, snapshot.connections[connection], masters))
    masters = answers.added(masters)
    empty = {entity for entity, known in masters.items() if not known.theirs_read} - never_read(cluster, settings, masters)
    hindered = hindrances(settings, masters, empty)
    written = 0
    decided = read_decisions(decisions) if decisions is not None else []
    if decided:
        written += publish_links(Publisher(cluster), decided_links(settings, masters, decided, author, again), author)
        masters = answers.added(read_masters(cluster, settings))
    made = open_proposals(masters, hindered)
    if accept_exact and any(p.verdict == "exact" for p in made):
        written += publish_links(Publisher(cluster), exact_links(settings, made, author, decided), author)
        masters = answers.added(read_masters(cluster, settings))
        made = open_proposals(masters, hindered)
    exported = write_proposals(export, made) if export is not None else 0
    print_rows(counted(masters, made, hindered, written), output, f"match of {connection}")
    if export is not None and output is Output.table:
        _tell_exported(exported, export)


def _tell_exported(count: int, path: Path) -> None:
    from console.matching.sheet import LEGEND

    print(f"{count} open proposals written to {path}. Fill in its column `decision` and take them with --import:")
    for word, meaning in LEGEND:
        print(f"  {word:<12}{meaning}")
