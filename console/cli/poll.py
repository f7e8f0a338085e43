"""`ml-connector poll CONNECTION --now`: have the pollers read every feed at once, not at its next turn."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(poll)


def poll(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    now: Annotated[bool, typer.Option("--now", help="Read every feed at once, also those that wait for a person.")] = False,
    system: Annotated[str, typer.Option(help="Only this side of the connection.")] = "",
) -> None:
    """Have the pollers read a connection now; without --now, show how often each feed is read."""
    from console.connections.applying import connected, in_force
    from console.output import Output, paragraph, print_rows
    from console.reading import Cluster
    from runtime.errors import Broken
    from services.ingress.pollers import feeds_of

    cluster = Cluster()
    settings = connected(in_force(cluster), connection)
    sides = [side for side in (settings.field_service, settings.erp) if system in ("", side.system)]
    if not sides:
        names = ", ".join((settings.field_service.system, settings.erp.system))
        raise Broken(f"{system!r} is not a side of {connection}; there are: {names}.")
    if now:
        request(cluster, connection, [side.system for side in sides])
        named = ", ".join(side.declared.title for side in sides)
        for line in paragraph(f"requested: {named} of {connection}; `ml-connector status` shows when it was read"):
            print(line)
        return
    rows = [
        {"system": side.system, "feed": feed.name, "of": feed.entity, "read every": str(feed.cadence)}
        for side in sides
        for feed in feeds_of(side)
    ]
    print_rows(rows, Output.table, f"feeds of {connection}; --now reads them at once")


def request(cluster: object, connection: str, systems: list[str]) -> None:
    """Write a `fetch` record for each side and wait until it is acked."""
    from console.connections.publish import Publisher
    from runtime.clock import clock_from_environment
    from services.ingress.fetches import EVERYTHING

    publisher = Publisher(cluster)  # type: ignore[arg-type]  # a Cluster; not imported here so that --help is quick
    for system in systems:
        about = {"connection": connection, "system": system, "entity": EVERYTHING, "source_id": ""}
        record = {**about, "reason": "poll --now", "at": clock_from_environment().now()}
        publisher.put("fetch", connection, connection, "raw.fetch", record)
    publisher.acked()
