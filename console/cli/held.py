"""`ml-connector held`: the list of what is not posted, with its reason and amount; release, retry or skip by a person."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from console.cli import exit_codes
from console.cli.plan import person
from console.output import Output, print_rows
from services.sinks.reasons import SUSPECT

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
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """List held documents, largest amount first."""
    from console.books.ledgers import held_rows, ledger_entries
    from console.reading import Cluster

    print_rows(held_rows(ledger_entries(Cluster(), connection)), output, "held")


@commands.command()
def release(ref: Ref, reason: Why, actor: Who = "") -> None:
    """Let a held document go on: it is looked up before anything is written. Accepts a suspect as another document."""
    _decide("release", ref, reason, actor)


@commands.command()
def retry(ref: Ref, reason: Why, actor: Who = "") -> None:
    """Try a waiting or held document now."""
    _decide("retry", ref, reason, actor)


@commands.command()
def skip(ref: Ref, reason: Why, actor: Who = "") -> None:
    """End a held document without posting it; it stays on record as rejected, with actor and reason."""
    _decide("skip", ref, reason, actor)


def _decide(action: str, text: str, reason: str, actor: str) -> None:
    from console.books.ledgers import find_entry, ledger_entries
    from console.reading import Cluster
    from runtime.errors import Broken

    if not reason.strip():
        raise Broken("--reason is empty.", "Say why: it is kept with the decision.")
    cluster = Cluster()
    found = [e for e in find_entry(ledger_entries(cluster, quiet=True), text) if e["state"] in ("HELD", "WAITING", "INTENT")]
    if len(found) != 1:
        print(f"{text}: {len(found)} held or waiting documents have that ref or number; name one by its ref.")
        for entry in found:
            print(
                f"  {entry['ref']}  {entry['record']} {entry['source_number']} {entry['amount']} {entry['currency']} {entry['reason']}"
            )
        raise SystemExit(exit_codes.NOT_OK)
    send_control(cluster, _meant(action, found[0]["reason"]), found[0], reason, actor or person())
    print(
        f"{action}: {found[0]['ref']} {found[0]['record']} {found[0]['source_number']} {found[0]['amount']} {found[0]['currency']}"
    )


def _meant(action: str, held_for: str) -> str:
    """Only a suspect that the person has seen is accepted: releasing another hold leaves the look for suspects on."""
    return "accept" if action == "release" and held_for == SUSPECT else action


def send_control(cluster: Any, action: str, entry: dict[str, Any], reason: str, actor: str) -> None:
    """Sign one decision, write it to `control` and wait until the brokers have it; `entry` names connection, system and op-key."""
    from console.connections.publish import Publisher
    from console.reading import newest_decision

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
        "at": datetime.now(UTC),
    }
    publisher.put("control", entry["connection"], entry["connection"], "connection.control", record)
    publisher.acked()
