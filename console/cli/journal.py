"""`ml-connector journal`: what was posted, adopted, held, released and skipped on a day, by whom, with the ERP's numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.days import day_of, refuse_backwards
from console.output import Output, fitted, money, paragraph, print_json, side_by_side

if TYPE_CHECKING:
    from console.books.journal import Days, Event
    from console.reading import Cluster
    from systems.connection import ConnectionSettings
    from topology.configuration import Snapshot

_EAST = timedelta(hours=14)
"""How far the easternmost zone is ahead of UTC. A day that has not begun there has begun nowhere."""


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
    from console.connections.applying import applied_once, in_force, settings_of_all
    from console.reading import Cluster
    from runtime.clock import clock_from_environment

    days = wanted_days(day, (first, last), clock_from_environment().now())
    cluster = Cluster()
    snapshot = in_force(cluster)
    applied_once(snapshot, connection)
    rows = list(rows_of(cluster, snapshot, days, connection))
    if output is Output.json:
        for _, row in rows:
            print_json(row)
        return
    named = [connection] if connection else list(snapshot.connections)
    for line in lines(rows, settings_of_all(snapshot), days, named):
        print(line)


def wanted_days(day: str, between: tuple[str, str], now: datetime) -> Days:
    """The days that the options name. Raises `Broken` for text that is not a day, for a day in the future, and for both forms at once."""
    from console.books.journal import Days
    from runtime.errors import Broken

    first, last = between
    if day and (first or last):
        raise Broken("--day and --from/--to are given.", "Give one of the two.")
    if day:
        only = _begun("--day", day, now)
        return Days(only, only, now)
    begin = _begun("--from", first, now) if first else date.min if last else None
    end = day_of("--to", last) if last else None
    refuse_backwards(begin, end)
    return Days(begin, end, now)


def _begun(option: str, text: str, now: datetime) -> date:
    from runtime.errors import Broken

    found = day_of(option, text)
    if found > (now + _EAST).date():
        raise Broken(f"{option} {found} is still to come.", f"Name a day up to today, {now.date()} (UTC).")
    return found


def rows_of(cluster: Cluster, snapshot: Snapshot, days: Days, connection: str) -> Iterator[tuple[Event, dict[str, Any]]]:
    """The events of these days with their rows, read from the topics."""
    from console.books.journal import Journal, events
    from console.connections.applying import settings_of_all
    from systems import registry

    settings = settings_of_all(snapshot)
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
    """Whose each document is, by source object, from the canonical records of only these objects."""
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


def lines(
    rows: Iterable[tuple[Event, Mapping[str, Any]]], known: Mapping[str, ConnectionSettings], days: Days, named: Sequence[str] = ()
) -> Iterator[str]:
    """Events with their rows for a person, connection by connection, with sums by event and kind of document. The connections in `named`
    are named even if nothing happened."""
    by_connection: dict[str, list[tuple[Event, Mapping[str, Any]]]] = defaultdict(list)
    for event, row in rows:
        by_connection[row["connection"]].append((event, row))
    for connection in dict.fromkeys((*named, *by_connection)):
        own, settings = by_connection.get(connection, []), known.get(connection)
        zone = settings.time_zone if settings is not None else "UTC"
        yield from paragraph(f"{connection}, {days.shown(settings)}, local time ({zone}){'' if own else ': nothing happened'}")
        for event, row in own:
            yield from _lines_of(event, row)
        yield from _sums(own)
    if not named and not by_connection:
        yield f"{days.shown(None)}: nothing happened"


def _lines_of(event: Event, row: Mapping[str, Any]) -> Iterator[str]:
    """One event: what it was about, and below it the reason, if there is one."""
    from console.books.journal import CONNECTOR
    from console.books.words import kind_of

    at = datetime.fromisoformat(row["at"]).strftime("%m-%d %H:%M")
    document, customer = fitted(f"{kind_of(event.about)} {row['number']}", 20), fitted(row["customer"], 20)
    head = f"  {at} {row['event']:<8} {document} {customer} {money(Decimal(row['amount']), ','):>13} {row['currency']:<3} "
    yield from side_by_side(head, row["erp_number"])
    by = "" if row["actor"] == CONNECTOR else f"by {row['actor']}: "
    if not row["erp_number"] and (by or event.detail):
        yield from paragraph(f"{by}{event.detail}", 14)


def _sums(rows: Sequence[tuple[Event, Mapping[str, Any]]]) -> Iterator[str]:
    """Count and amount by event and kind. A payment and its application are not summed together, nor an invoice and its payment."""
    from console.books.words import counted, kind_of

    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(list)
    for event, row in rows:
        sums[(row["event"], kind_of(event.about), row["currency"])].append(Decimal(row["amount"]))
    for (happened, kind, currency), amounts in sorted(sums.items()):
        yield f"  {happened}: {counted([kind] * len(amounts))}, {money(sum(amounts, Decimal(0)), ',')} {currency}".rstrip()
