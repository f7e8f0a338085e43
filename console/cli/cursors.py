"""`ml-connector cursors list|reset`: shows where each feed continues, and has one read again from a day or from its start."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer

from console.cli.days import day_of
from console.output import Output, print_rows

commands = typer.Typer(help="Where each feed of a connection continues.", no_args_is_help=True)
Connection = Annotated[str, typer.Argument(help="Id of the connection.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(commands, name="cursors")


@commands.command("list")
def list_(
    connection: Connection,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """List the feeds of a connection with their cursors."""
    from console.reading import Cluster

    cluster = Cluster()
    found = cursors_of(cluster, connection)
    rows = [
        {"feed": name, "position": found.get(name, {}).get("position", ""), "records": found.get(name, {}).get("records", 0)}
        for name in _feeds(cluster, connection)
    ]
    print_rows(rows, output, f"cursors of {connection}")


@commands.command()
def reset(
    connection: Connection,
    feed: Annotated[str, typer.Argument(help="Feed as `cursors list` names it. Example: invoices")],
    to: Annotated[str, typer.Option(help="Day to read from again; empty = the start of what is read. Example: 2026-03-01")] = "",
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")] = "",
    actor: Annotated[str, typer.Option(help="Who decides; default: the user of this machine.")] = "",
) -> None:
    """Read a feed again from a day, or from its start. Nothing is posted twice; running pollers follow within seconds."""
    from console.cli.plan import person
    from console.connections.publish import Author
    from console.reading import Cluster

    cluster = Cluster()
    name, position = _chosen(_feeds(cluster, connection), connection, feed, to)
    author = Author(actor or person(), reason or "no reason given", datetime.now(UTC))
    before = cursors_of(cluster, connection).get(name, {})
    set_back(cluster, {**before, "connection": connection, "feed": name, "position": position}, author)
    print(f"{name} of {connection} is read again from {to or 'the start of what is read'}.")


def _feeds(cluster: Any, connection: str) -> dict[str, tuple[Any, Any]]:
    """System and feed by the name of its cursor, for the feeds that the settings of the connection leave on."""
    from console.connections.applying import connected, in_force
    from services.ingress.pollers import feeds_of

    settings = connected(in_force(cluster), connection)
    sides = (settings.field_service, settings.erp)
    return {f"{side.system}.{feed.name}": (side.declared, feed) for side in sides for feed in feeds_of(side)}


def cursors_of(cluster: Any, connection: str) -> dict[str, dict[str, Any]]:
    """The cursors of a connection, by the names of their feeds."""
    rows = [seen.record for seen in cluster.newest(["cursors"], quiet=True).values() if seen.record]
    return {row["feed"]: row for row in rows if row["connection"] == connection}


def _chosen(feeds: dict[str, tuple[Any, Any]], connection: str, text: str, to: str) -> tuple[str, str]:
    """The cursor's name and its new position. Raises `Broken` for an unknown feed, for text that is not a day, or for a feed without days."""
    from runtime.errors import Broken

    names = [name for name in feeds if text in (name, name.partition(".")[2])]
    if len(names) != 1:
        which = f"{connection} has {len(names)} feeds {text!r}" if names else f"{connection} has no feed {text!r}"
        raise Broken(f"{which}.", f"Its feeds are: {', '.join(names or feeds)}.")
    system, feed = feeds[names[0]]
    if not to:
        return names[0], ""
    day = day_of("--to", to)
    past("--to", day)
    position = system.position_from(feed, day) if system.position_from is not None else None
    if position is None:
        raise Broken(f"{names[0]} is read as a whole each time, not from a day.", "Leave --to out.")
    return names[0], position


def past(option: str, day: date) -> None:
    """Raise `Broken` for a day from which nothing can be read again."""
    from runtime.errors import Broken

    if not date(1990, 1, 1) <= day <= datetime.now(UTC).date():
        raise Broken(f"{option} {day} is in the future, or before 1990.", "Name the day to read from again.")


def set_back(cluster: Any, cursor: dict[str, Any], author: Any) -> None:
    """Write the decision, then the cursor, so that no cursor is ever reset without a record of it."""
    from console.connections.publish import Publisher
    from services.ingress.writing import RESET
    from topology.audit import RECORD, Covered, audit_record
    from topology.batch import Decision
    from topology.topics import object_key

    connection, (system, _, feed) = cursor["connection"], cursor["feed"].partition(".")
    detail = f"cursor of {feed} set to {cursor['position'] or 'the start'} by {author.actor}: {author.reason}"
    decided = Decision("replayed", connection, system, detail=detail)
    decision = audit_record(decided, "cursors", author.at, Covered(object_key(connection, system, feed, "")))
    publisher = Publisher(cluster)
    publisher.put("audit", decision["natural_key"], connection, RECORD, decision)
    publisher.acked()
    moved = {**cursor, "page_digest": RESET, "records": cursor.get("records", 0), "at": author.at}
    publisher.put("cursors", f"{connection}/{cursor['feed']}", connection, "raw.cursor", moved)
    publisher.acked()
