"""`ml-connector held`: the list of what is not posted, with reason and amount; a person releases, retries or skips."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import exit_codes
from console.cli.plan import person
from console.output import Output, fitted, money, paragraph, print_json, side_by_side
from services.sinks.reasons import SUSPECT

if TYPE_CHECKING:
    from console.books.defaulted import Defaulted

commands = typer.Typer(help="What is not posted and waits for a person.", no_args_is_help=True)
Ref = Annotated[str, typer.Argument(help="Ref (ST-...) or number of the held document.")]
Why = Annotated[str, typer.Option(help="Why; kept with the decision.")]
Who = Annotated[str, typer.Option(help="Who decides; default: the user of this machine.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(commands, name="held")


@commands.command("list")
def list_(
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    is_defaulted: Annotated[
        bool, typer.Option("--defaulted", help="List instead what was posted to a default, because a value had no row.")
    ] = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """List held documents, largest amount first, and those that are tried again but are not in the ERP yet."""
    from console.books.defaulted import defaulted
    from console.books.ledgers import held_and_tried, held_rows
    from console.connections.applying import applied_once, in_force
    from console.reading import Cluster

    cluster = Cluster()
    if connection:
        applied_once(in_force(cluster), connection)
    if is_defaulted:
        posted = defaulted(cluster, connection)
        shown, rows = lines_of_defaulted(posted), [one.as_row() for one in posted]
    else:
        rows = held_rows(held_and_tried(cluster, connection), lambda entry: total_of(entry, cluster.codec.decode))
        shown = lines(rows)
    if output is Output.json:
        print_json(rows)
        return
    for line in shown:
        print(line)


def total_of(entry: Mapping[str, Any], decode: Callable[[bytes], tuple[str, Mapping[str, Any]]]) -> Decimal | None:
    """The present total, at the source, of the document of a held change. The entry of a change has only the difference, which is zero if only the
    day or the accounts change."""
    if "|correct|" not in entry["op_key"] or not entry["command"]:
        return None
    amount: Decimal = decode(entry["command"])[1]["amount"]
    return amount


def lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The list for a person: a line with the money and the ref of each document, followed by why it is held."""
    from console.books.words import record_name

    for row in rows:
        document = fitted(f"{record_name(row['document'])} {row['number']}", 40)
        amount = f"{money(row['amount'], ',')} {row['currency']}"
        yield from side_by_side(f"{amount:>18}  {document} {row['date'] or ''!s:<12}", row["ref"])
        why = f"{row['reason']}: {row['words']}" if row["words"] else row["reason"]
        if row["document_amount"] != row["amount"]:
            why = f"{why}; the document is {money(row['document_amount'], ',')} at the source now"
        if row["counted"] != row["amount"]:
            why = f"{why}; counted with its payment or with its other half"
        if row["state"] != "held":
            why = f"is tried again: {row['waits']}; it was held for {why}"
        yield from paragraph(f"{row['connection']}: {why}", 4)
    again = [row for row in rows if row["state"] != "held"]
    yield _summed([row for row in rows if row["state"] == "held"], "held")
    if again:
        yield _summed(again, "tried again and not in the ERP yet")


def _summed(rows: Sequence[Mapping[str, Any]], words: str) -> str:
    """How many documents, and how much money of each currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["currency"]] += row["counted"]
    return f"{len(rows)} {words}" + "".join(
        f", {money(amount, ',')} {currency}" for currency, amount in sorted(sums.items()) if amount
    )


def lines_of_defaulted(found: Sequence[Defaulted]) -> Iterator[str]:
    """The list for a person: each document with the values that had no row, then the sums by value."""
    from console.books.defaulted import sums, totals
    from console.books.words import record_name

    for row in (one.as_row() for one in found):
        document = fitted(f"{record_name(row['document'])} {row['number']}", 40)
        amount = f"{money(row['amount'], ',')} {row['currency']}"
        yield from side_by_side(f"{amount:>18}  {document} {row['date'] or ''!s:<12}", row["ref"])
        yield from paragraph(f"{row['connection']}: no row for {', '.join(row['defaulted'])}; it is {row['erp_number']}", 4)
    for (connection, value, currency), one in sorted(sums(found).items()):
        yield from paragraph(f"{connection}: {value}: {one.count}, {money(one.amount, ',')} {currency}")
    amounts = "".join(f", {money(one.amount, ',')} {currency}" for (_, currency), one in sorted(totals(found).items()))
    yield f"{len(found)} posted to a default{amounts}"


@commands.command()
def release(ref: Ref, reason: Why, actor: Who = "") -> None:
    """Let a held document go on. It is looked up before anything is written. A suspect is accepted as another document."""
    _decide("release", ref, reason, actor)


@commands.command()
def retry(ref: Ref, reason: Why, actor: Who = "") -> None:
    """Try a waiting or held document now."""
    _decide("retry", ref, reason, actor)


@commands.command()
def skip(ref: Ref, reason: Why, actor: Who = "") -> None:
    """End a held document without posting it. It stays on record as rejected, with actor and reason."""
    _decide("skip", ref, reason, actor)


def _decide(action: str, text: str, reason: str, actor: str) -> None:
    from console.books.ledgers import is_named, newest_entries
    from console.books.words import kind_of
    from console.connections.publish import require_reason
    from console.reading import Cluster
    from runtime.errors import Broken
    from services.sinks import entry as e

    require_reason(reason)
    text = text.strip()
    if not text:
        raise Broken("no document is named.", "Give its ref or number, as `ml-connector held list` shows it.")
    cluster = Cluster()
    named = list(newest_entries(cluster, lambda entry: is_named(entry, text)))
    found = [entry for entry in named if not e.is_terminal(entry)]  # type: ignore[arg-type]  # a ledger record
    if len(found) != 1:
        for line in none_or_many(text, found, named):
            print(line)
        raise SystemExit(exit_codes.NOT_OK)
    send_control(cluster, _recorded_action(action, found[0]["reason"]), found[0], reason, actor or person())
    shown = f"{kind_of(found[0])} {found[0]['source_number']} {money(found[0]['amount'], ',')} {found[0]['currency']}"
    print(f"{action}: {found[0]['ref']} {shown}")


def none_or_many(text: str, found: Sequence[Mapping[str, Any]], named: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Why there is not exactly one document to decide about. `found` can be decided about; `named` are all with that ref or number."""
    from console.books.words import kind_of, outcome

    if not named:
        yield f"{text}: no document with that ref or number is known; `ml-connector held list` shows what is held."
    elif found:
        yield f"{text}: {len(found)} documents have that number; name one by its ref."
    for entry in found or named:
        shown = f"{entry['ref']} {kind_of(entry)} {entry['source_number']} {money(entry['amount'], ',')} {entry['currency']}"
        ended = "" if found else "already "
        yield from paragraph(f"{shown}: {ended}{outcome(entry)}", 2 if found else 0)


def _recorded_action(action: str, held_for: str) -> str:
    """The action to record. Only a suspect that the person has seen is accepted as another document. After any other release, suspects are still
    searched."""
    return "accept" if action == "release" and held_for == SUSPECT else action


def send_control(cluster: Any, action: str, entry: dict[str, Any], reason: str, actor: str) -> None:
    """Sign one decision, write it to `control` and wait until it is acked. `entry` names connection, system and op-key."""
    from console.connections.publish import Publisher
    from console.reading import newest_decision
    from runtime.clock import clock_from_environment

    publisher = Publisher(cluster)
    publisher.signatures.after(newest_decision(cluster, entry["connection"]))
    record = {
        "connection": entry["connection"],
        "control_id": str(uuid.uuid4()),
        "action": action,
        "system": entry.get("system", ""),
        "op_key": entry.get("op_key", ""),
        "payload": "",
        "actor": actor,
        "reason": reason,
        "at": clock_from_environment().now(),
    }
    publisher.put("control", entry["connection"], entry["connection"], "connection.control", record)
    publisher.acked()
