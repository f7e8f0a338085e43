"""`ml-connector status`: how each connection runs, every document by state and amount, lag, and what is on `dead`; `pause` and `resume`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.plan import person
from console.output import Output, cents, fitted, money, paragraph, print_json, print_rows, side_by_side
from runtime.errors import Broken

if TYPE_CHECKING:
    from console.books.controls import Pause
    from console.books.ledgers import Bucket
    from console.books.states import Feeds, Head
    from console.reading import Cluster, StoredRecord


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(status)
    app.command()(pause)
    app.command()(resume)


def status(
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="With the cursor of every feed.")] = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
    stock: Annotated[
        Path | None, typer.Option(help="Write the stock that people have to adjust at the source to this CSV file; - is stdout.")
    ] = None,
) -> None:
    """Show how each connection runs, the state of every document by amount, what is not read yet, and what is on `dead`."""
    from console.books.controls import pauses
    from console.books.defaulted import defaulted, totals
    from console.books.ledgers import LEDGERS
    from console.books.states import Feeds, States, heads
    from console.books.stock import work_list
    from console.connections.applying import applied_once, in_force
    from console.reading import Cluster
    from systems import registry

    cluster = Cluster()
    snapshot = in_force(cluster)
    applied_once(snapshot, connection)
    places, states, feeds = cluster.partitions_of(connection), States(), Feeds()
    for seen in _of(cluster.scan(LEDGERS, places), connection):
        states.learn(seen.record)
    cursors = _cursors(cluster, connection)
    _learnt(feeds, cluster, places, connection, cursors)
    paused = pauses(seen.record for seen in cluster.decisions(connection))
    known = [one.settings for name, one in snapshot.connections.items() if connection in ("", name)]
    found = list(heads(known, paused, feeds, states))
    groups = _groups(sorted({side.system for head in found for side in head.sides}) or registry.NAMES)
    to_adjust = work_list(cluster, snapshot, connection)
    if stock is not None and stock_written(to_adjust, stock):
        return
    rows, lag, dead, members = states.rows(), _lags(cluster, groups), _dead(cluster, connection), cluster.members(list(groups))
    to_default = totals(defaulted(cluster, connection))
    if output is Output.json:
        parts = {"connections": [head.as_json() for head in found], "documents": rows, "lag": lag, "cursors": _shown(cursors)}
        told = [{"connection": name, "currency": currency, **one.as_json()} for (name, currency), one in to_default.items()]
        print_json({**parts, "dead": dead, "processes": members, "defaulted": told, "stock": to_adjust})
        return
    for line in (*lines(found, rows, lag, dead), *_to_a_default(to_default), *stock_lines(to_adjust)):
        print(line)
    idle = [group for group, count in members.items() if not count]
    for line in paragraph(f"not running: {', '.join(idle)}: see `ml-connector run all`") if idle else ():
        print(line)
    if verbose:
        print_rows(_shown(cursors), output, "cursors")


def _learnt(feeds: Feeds, cluster: Cluster, places: Sequence[int], connection: str, cursors: Sequence[Mapping[str, Any]]) -> None:
    for cursor in cursors:
        feeds.learn_cursor(cursor)
    about_feeds = (message for message in cluster.messages(["audit"], places) if (message.key() or b"").endswith(b"/"))
    for seen in _of(map(cluster.seen, about_feeds), connection):
        feeds.learn_decision(seen.record)


def _to_a_default(of: Mapping[tuple[str, str], Bucket]) -> Iterator[str]:
    for (name, currency), one in sorted(of.items()):
        words = f"{name}: {one.count} documents, {money(one.amount, ',')} {currency}, were posted to a default"
        yield from paragraph(f"{words}: `ml-connector held list --defaulted` names them")


def lines(
    found: Sequence[Head], rows: Sequence[Mapping[str, Any]], lag: Sequence[Mapping[str, Any]], dead: Sequence[Any]
) -> Iterator[str]:
    """What a person sees, within a hundred columns."""
    for head in found:
        yield from _head(head)
        own = [row for row in rows if row["connection"] == head.settings.connection]
        for row in own:
            yield from _document(row)
        if not own:
            yield "  no document yet"
    known = {head.settings.connection for head in found}
    for name in sorted({row["connection"] for row in rows} - known):
        yield f"{name}: no longer in force"
        for row in rows:
            yield from _document(row) if row["connection"] == name else ()
    if not found:
        yield "no connection is applied: `ml-connector init FOLDER --erp NAME`, then `ml-connector apply FILE`"
    for row in lag:
        yield from paragraph(f"{row['topic']}: {row['lag']} records that {row['group']} has still to read")
    if not lag:
        yield "every record has been read by every service"
    for row in dead:
        amount = "" if row["amount"] is None else f", {money(row['amount'], ',')}"
        yield from paragraph(f"cannot be read: {row['from']}{amount} ({row['stage']}): {row['reason']}")


def _head(head: Head) -> Iterator[str]:
    from console.books.words import local, title_of

    own = head.settings
    yield from paragraph(f"{own.connection} ({own.label}): {own.mode}")
    if others := ", ".join(f"{name} {mode}" for name, mode in head.otherwise().items()):
        yield from paragraph(f"except: {others}; its file says so", 2)
    for pause in head.pauses:
        of = f" for {title_of(pause.system)}" if pause.system else ""
        yield from paragraph(f"PAUSED{of} since {local(pause.at, own.zone)[:16]} {pause.words()}", 2)
    if head.pauses:
        lifts = f"`ml-connector resume {own.connection} --reason WHY` lifts {'it' if len(head.pauses) == 1 else 'all of them'}"
        yield from paragraph(lifts, 4)
    for side in head.sides:
        since = f" since {local(side.since, own.zone)[:16]}" if side.since is not None else ""
        read, written = (local(at, own.zone)[:16] or "never" for at in (side.last_read, side.last_write))
        stands = f"STOPPED{since}" if side.why else {"not read": "not read yet"}.get(side.state, side.state)
        yield f"  {fitted(title_of(side.system), 13)} {stands:<25}last read {read:<17} last write {written}"
        yield from paragraph(side.why, 4) if side.why else ()
        if side.off.feeds:
            yield from paragraph(f"not read, as its feeds_off says: {', '.join(side.off.feeds)}", 4)


def _document(row: Mapping[str, Any]) -> Iterator[str]:
    from console.books.words import record_name

    kind, amount = fitted(record_name(row["document"]), 14), money(row["amount"], ",")
    head = f"  {row['state'].lower():<11}{kind} {row['count']:>6} {amount:>15} {row['currency']:<4}"
    yield from side_by_side(head, row["words"])


def stock_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """For each connection, how many stock levels people have to adjust at the source, and what these are worth."""
    for connection in dict.fromkeys(row["connection"] for row in rows):
        own = [row for row in rows if row["connection"] == connection]
        worth = money(sum((row["value"] for row in own), Decimal(0)), ",")
        words = f"stock levels that changed in the ERP by themselves: {len(own)}, worth {worth}; adjust them at the source"
        yield from paragraph(f"{connection}: {words} (`ml-connector status --stock FILE` lists them)")


def stock_written(rows: Sequence[Mapping[str, Any]], path: Path) -> bool:
    """Write the list as CSV. Returns whether it went to stdout, in place of everything else."""
    from console.books.stock import COLUMNS
    from console.tables.write import csv_text

    text = csv_text(
        list(COLUMNS),
        [[f"{row[name].normalize():f}" if isinstance(row[name], Decimal) else row[name] for name in COLUMNS] for row in rows],
    )
    if str(path) == "-":
        print(text, end="")
        return True
    try:
        path.write_text(text)
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}.", "Name a file that can be written.") from error
    return False


def _of(scanned: Iterable[StoredRecord], connection: str) -> Iterator[StoredRecord]:
    """The records that could be read, of one connection or of all."""
    return (seen for seen in scanned if seen.record and connection in ("", seen.record["connection"]))


def pause(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
) -> None:
    """Stop writing for a connection. Reading goes on, and nothing is lost."""
    _decide("pause", connection, reason, actor)


def resume(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
) -> None:
    """Write again after a pause, a ceiling or too many refusals."""
    _decide("resume", connection, reason, actor)


def _decide(action: str, connection: str, reason: str, actor: str) -> None:
    from console.books.controls import pauses
    from console.cli.held import send_control
    from console.connections.applying import in_force
    from console.connections.publish import require_reason
    from console.reading import Cluster

    require_reason(reason)
    cluster = Cluster()
    in_force(cluster, connection)
    before = pauses(seen.record for seen in cluster.decisions(connection)).get(connection, [])
    send_control(cluster, action, {"connection": connection}, reason, actor or person())
    for line in paragraph(f"{action}: {connection} ({was_paused(before)})"):
        print(line)


def was_paused(before: Sequence[Pause]) -> str:
    """Which pauses a pause or resume found, in words. One resume ends every pause, including those of other people."""
    return f"it was paused {'; and '.join(pause.words() for pause in before)}" if before else "it was not paused"


def _groups(systems: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The consumer groups of our services and what each reads, including a sink for each of these systems that is written to."""
    from systems import registry
    from topology.way import way

    groups: dict[str, tuple[str, ...]] = {name: hop.inputs for name, hop in way().items()}
    groups["pollers.fetch"] = ("fetch",)
    return groups | {f"sinks.{name}": (f"command.{name}",) for name in systems if registry.system(name).writes}


def _lags(cluster: Cluster, groups: Mapping[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    return [
        {"group": group, "topic": topic, "lag": lag}
        for group, topics in groups.items()
        for topic, lag in cluster.lag(group, topics).items()
        if lag
    ]


def _cursors(cluster: Cluster, connection: str) -> list[dict[str, Any]]:
    rows = [seen.record for seen in cluster.newest(["cursors"], quiet=True).values() if seen.record]
    return sorted((r for r in rows if connection in ("", r["connection"])), key=lambda r: (r["connection"], r["feed"]))


def _shown(cursors: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = ("connection", "feed", "records")
    return [{**{name: r[name] for name in names}, "moved": r["at"], "position": r["position"][:60]} for r in cursors]


def _dead(cluster: Cluster, connection: str) -> list[dict[str, Any]]:
    rows = [seen.record for seen in cluster.scan(["dead"]) if seen.record]
    return [
        {
            "connection": r["connection"],
            "from": f"{r['topic']}/{r['partition']}/{r['offset']}",
            "stage": r["stage"],
            "reason": r["reason"][:160],
            "amount": None if r["amount"] is None else cents(r["amount"]),
        }
        for r in rows
        if connection in ("", r["connection"])
    ]
