"""`ml-connector check [CONNECTION]`: test the settings by using them, read-only; one line per finding with what to do."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from console.cli import exit_codes
from console.output import Output, print_json, side_by_side


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(check)


def check(
    connection: Annotated[str, typer.Argument(help="Id of the connection; empty = all.")] = "",
    coverage: Annotated[
        str, typer.Option(help="Also map what was read of so many days, and list every value without a row. Example: 90d")
    ] = "",
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Ping the real systems of a connection: reachability, credentials, scopes, versions, dimensions, webhook keys. Writes nothing."""
    rows = [*_coverage(connection, coverage), *_owed(connection), *asyncio.run(_rows(connection))]
    _show(rows, output)
    raise SystemExit(exit_codes.NOT_OK if any(row["level"] == "error" for row in rows) else exit_codes.OK)


def _coverage(connection: str, days: str) -> list[dict[str, Any]]:
    """What the tables lack for the documents of these days."""
    if not days:
        return []
    from console.connections.applying import in_force
    from console.connections.observed import coverage_rows, days_of, observed
    from console.reading import Cluster

    count, cluster = days_of(days), Cluster()
    found = in_force(cluster, connection).connections
    chosen = [one for name, one in found.items() if connection in ("", name)]
    return [row for one in chosen for row in coverage_rows(one.settings.connection, observed(cluster, one, count))]


def _owed(connection: str) -> list[dict[str, Any]]:
    """What job invoices do to Accounts Payable where they become payables, in last month's figures."""
    from console.connections import owed
    from console.connections.applying import in_force
    from console.reading import Cluster

    cluster = Cluster()
    found = in_force(cluster, connection).connections
    return [row for name, one in found.items() if connection in ("", name) for row in owed.rows(cluster, one)]


def _show(rows: list[dict[str, Any]], output: Output) -> None:
    """A line for each finding; a long one continues on the next lines."""
    if output is Output.json:
        print_json(rows)
        return
    for row in rows:
        place = " ".join(filter(None, (row["connection"], row["system"])))
        for line in side_by_side(f"{row['level']:<8}", f"{place}  {row['subject']}: {row['says']} {row['do']}"):
            print(line)


async def _rows(connection: str) -> list[dict[str, Any]]:
    from console.access import access_provider
    from console.checking import findings
    from console.connections.applying import in_force
    from console.reading import Cluster

    cluster = Cluster()
    snapshot = in_force(cluster, connection)
    rows = []
    with access_provider(cluster) as provider:
        for name, one in snapshot.connections.items():
            if connection in ("", name):
                for system, finding in await findings(provider, one):
                    rows.append(
                        {
                            "connection": name,
                            "system": system,
                            "level": finding.level,
                            "subject": finding.subject,
                            "says": finding.words,
                            "do": finding.remedy,
                        }
                    )
    return rows
