"""`ml-connector status`: lag, cursors, what waits and what is held, by amount; `pause` and `resume` of a connection."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from console.cli.plan import person
from console.output import Output, print_json, print_rows


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(status)
    app.command()(pause)
    app.command()(resume)


def status(
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Show each group's lag, each feed's cursor, the state of every document by amount, and what is dead."""
    from console.books.ledgers import by_state, ledger_entries
    from console.reading import Cluster

    cluster = Cluster()
    parts = {
        "documents": by_state(ledger_entries(cluster, connection)),
        "lag": _lags(cluster),
        "cursors": _cursors(cluster, connection),
        "dead": _dead(cluster, connection),
    }
    if output is Output.json:
        print_json(parts)
        return
    for title, rows in parts.items():
        print_rows(rows, output, title)


def pause(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
) -> None:
    """Stop writing for a connection; reading goes on, and nothing is lost."""
    _decide("pause", connection, reason, actor)


def resume(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
) -> None:
    """Write again after a pause, a ceiling or too many refusals."""
    _decide("resume", connection, reason, actor)


def _decide(action: str, connection: str, reason: str, actor: str) -> None:
    from console.cli.held import send_control
    from console.cli.match import connected
    from console.connections.applying import in_force
    from console.reading import Cluster

    cluster = Cluster()
    connected(in_force(cluster), connection)
    send_control(cluster, action, {"connection": connection}, reason, actor or person())
    print(f"{action}: {connection}")


def _lags(cluster: Any) -> list[dict[str, Any]]:
    from systems import registry
    from topology.way import way

    groups: dict[str, tuple[str, ...]] = {name: hop.inputs for name, hop in way().items()}
    groups |= {"pollers.fetch": ("fetch",)}
    groups |= {f"sinks.{system.name}": (f"command.{system.name}",) for system in registry.systems() if system.writes}
    return [
        {"group": group, "topic": topic, "lag": lag}
        for group, topics in groups.items()
        for topic, lag in cluster.lag(group, topics).items()
        if lag
    ]


def _cursors(cluster: Any, connection: str) -> list[dict[str, Any]]:
    rows = [seen.record for seen in cluster.newest(["cursors"], quiet=True).values() if seen.record]
    return [
        {
            "connection": r["connection"],
            "feed": r["feed"],
            "records": r["records"],
            "moved": r["at"],
            "position": r["position"][:60],
        }
        for r in sorted(rows, key=lambda r: (r["connection"], r["feed"]))
        if connection in ("", r["connection"])
    ]


def _dead(cluster: Any, connection: str) -> list[dict[str, Any]]:
    rows = [seen.record for seen in cluster.scan(["dead"], quiet=True) if seen.record]
    return [
        {
            "connection": r["connection"],
            "from": f"{r['topic']}/{r['partition']}/{r['offset']}",
            "stage": r["stage"],
            "reason": r["reason"][:160],
            "amount": r["amount"],
        }
        for r in rows
        if connection in ("", r["connection"])
    ]
