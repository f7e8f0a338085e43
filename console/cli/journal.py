"""`ml-connector journal`: what was posted, adopted, held, released and skipped on a day, by whom, with the ERP's numbers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.output import WIDTH, Output, money, printable

if TYPE_CHECKING:
    from console.books.journal import Days, Event
    from console.reading import Cluster
    from topology.configuration import Snapshot


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(journal)


def journal(
    day: Annotated[str, typer.Option(help="One day in the tenant's zone, YYYY-MM-DD; default: today.")] = "",
    first: Annotated[str, typer.Option("--from", help="First day of several, YYYY-MM-DD.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day of several, YYYY-MM-DD; default: today.")] = "",
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    output: Annotated[Output, typer.Option(help="Form of the result; json: one object a line.")] = Output.table,
) -> None:
    """Show what happened to documents, in the tenant's own time: posted, adopted, held, released, retried, skipped."""
    from console.books.words import zone_of
    from console.connections.applying import connected, in_force
    from console.reading import Cluster
    from runtime.clock import clock_from_environment

    cluster = Cluster()
    snapshot = in_force(cluster)
    settings = connected(snapshot, connection) if connection else None
    zones = {one.settings.zone for one in snapshot.connections.values()}
    zone = zone_of(settings) if settings or len(zones) != 1 else next(iter(zones))
    days = wanted_days(day, (first, last), clock_from_environment().now().astimezone(zone).date())
    rows = list(told(cluster, snapshot, days, connection))
    if output is Output.json:
        for _, row in rows:
            print(json.dumps(row, ensure_ascii=False))
        return
    for line in lines(rows, f"{days.first}" if days.first == days.last else f"{days.first} to {days.last}"):
        print(line)


def wanted_days(day: str, between: tuple[str, str], today: date) -> Days:
    """The days that the options ask for. Raises `Broken` for a day that is none, and for both forms at once."""
    from console.books.journal import Days
    from runtime.errors import Broken

    first, last = between
    if day and (first or last):
        raise Broken("--day and --from/--to are given.", "Give one of the two.")
    if day:
        return Days(_day("--day", day), _day("--day", day))
    if not first and not last:
        return Days(today, today)
    found = Days(_day("--from", first) if first else date.min, _day("--to", last) if last else today)
    if found.first > found.last:
        raise Broken(f"--from {found.first} is after --to {found.last}.", "Give the earlier day first.")
    return found


def _day(option: str, text: str) -> date:
    from runtime.errors import Broken

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Broken(f"{option} {text!r} is not a day.", "Write it as YYYY-MM-DD, for example 2026-03-02.") from error


def told(cluster: Cluster, snapshot: Snapshot, days: Days, connection: str) -> Iterator[tuple[Event, dict[str, Any]]]:
    """The events of these days with their rows, as the topics tell them."""
    from console.books.journal import Journal, events
    from systems import registry

    settings = {name: one.settings for name, one in snapshot.connections.items()}
    made = Journal(days, settings)
    places = cluster.partitions_of(connection)
    for seen in cluster.decisions(connection):
        made.learn_decision(seen.record)
    results = cluster.scan([f"result.{name}" for name in registry.NAMES], places)
    wanted = (seen.record for seen in results if seen.record and connection in ("", seen.record["connection"]))
    found = events(made, wanted)
    names = _customers(cluster, found)
    for event in found:
        yield event, event.as_json(settings.get(event.about["connection"]), names.get(event.source, ""))


def _customers(cluster: Cluster, found: Sequence[Event]) -> dict[tuple[str, str, str], str]:
    """Whose each document is, by source object; read from the canonical records of these objects alone."""
    from console.books.gathered import about_of
    from topology.topics import object_key, topics

    wanted = {object_key(event.source[0], event.about["source_system"], *event.source[1:]): event.source for event in found}
    names = sorted({f"canonical.{source[1]}" for source in wanted.values()} & topics().keys())
    made: dict[tuple[str, str, str], str] = {}
    for message in cluster.messages(names):
        key = (message.key() or b"").decode(errors="replace")
        if key in wanted and (record := cluster.seen(message).record):
            made[wanted[key]] = about_of(record).name
    return made


def lines(rows: Iterable[tuple[Event, Mapping[str, Any]]], days: str) -> Iterator[str]:
    """Events with their rows for a person, a connection's after the other, with sums by event."""
    by_connection: dict[str, list[tuple[Event, Mapping[str, Any]]]] = defaultdict(list)
    for event, row in rows:
        by_connection[row["connection"]].append((event, row))
    if not by_connection:
        yield f"{days}: nothing happened"
    for connection, own in by_connection.items():
        yield f"{connection}, {days}, local time"
        yield from (printable(_line(event, row)).rstrip() for event, row in own)
        yield from _sums([row for _, row in own])


def _line(event: Event, row: Mapping[str, Any]) -> str:
    from console.books.journal import CONNECTOR
    from console.books.words import kind_of

    at = datetime.fromisoformat(row["at"]).strftime("%m-%d %H:%M")
    document = f"{kind_of(event.about)} {row['number']}"
    by = "" if row["actor"] == CONNECTOR else f"by {row['actor']}: "
    tail = row["erp_number"] or f"{by}{event.detail}"
    amount = money(Decimal(row["amount"]), ",")
    return f"  {at} {row['event']:<9}{document[:24]:<25}{row['customer'][:18]:<19}{amount:>11} {row['currency']} {tail}"[:WIDTH]


def _sums(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for row in rows:
        sums[(row["event"], row["currency"])].append(Decimal(row["amount"]))
    for (event, currency), amounts in sorted(sums.items()):
        yield f"  {event}: {len(amounts)}, {money(sum(amounts, Decimal(0)), ',')} {currency}".rstrip()
