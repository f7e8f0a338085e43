"""`ml-connector try invoice|payment|customer`: creates one in the simulated field-service system, and shows what becomes of it."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from console.cli import exit_codes
from console.output import paragraph

commands = typer.Typer(
    help="Create something in the simulated field-service system, and see it arrive in the ERP.", no_args_is_help=True
)
Connection = Annotated[str, typer.Option(help="Id of the connection; empty = the only one.")]
Amount = Annotated[str, typer.Option(help="Amount, without tax; empty = as usual. Example: 120.00")]
Wait = Annotated[float, typer.Option("--wait-seconds", help="Longest wait for the ERP; 0 = none.")]
_MOST = Decimal(1_000_000_000)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(commands, name="try")


@commands.command()
def invoice(
    amount: Amount = "",
    customer: Annotated[str, typer.Option(help="Part of the customer's name; empty = any.")] = "",
    connection: Connection = "",
    wait_s: Wait = 60,
) -> None:
    """A job that was booked, done and posted, with its invoice."""
    _make({"kind": "invoice", "amount": _amount(amount), "name": customer}, connection, wait_s)


@commands.command()
def payment(
    of: Annotated[str, typer.Option(help="Number of the invoice; empty = the newest one that is not paid.")] = "",
    amount: Amount = "",
    connection: Connection = "",
    wait_s: Wait = 60,
) -> None:
    """A payment by check for an invoice: all of it, or --amount."""
    _make({"kind": "payment", "amount": _amount(amount), "of": of}, connection, wait_s)


@commands.command()
def customer(
    name: Annotated[str, typer.Option(help="Name; empty = one made up.")] = "",
    connection: Connection = "",
    wait_s: Wait = 60,
) -> None:
    """A new customer."""
    _make({"kind": "customer", "name": name}, connection, wait_s)


def _amount(text: str) -> Decimal | None:
    from runtime.errors import Broken

    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount < _MOST or amount.as_tuple().exponent < -2:  # type: ignore[operator]  # of a finite number
        raise Broken(f"--amount {text!r} is not an amount above zero with at most two places.", "Example: --amount 120.00")
    return amount


def _make(trial: dict[str, Any], connection: str, wait_s: float) -> None:
    from console.connections.applying import in_force
    from console.reading import Cluster

    cluster = Cluster()
    settings = _chosen(in_force(cluster).connections, connection)
    entity, source_id, words = asyncio.run(_made(settings, trial))
    print(f"made: {words}")
    if wait_s <= 0:
        return
    outcome, is_there = _awaited(cluster, settings, (entity, source_id), wait_s)
    for line in paragraph(outcome):
        print(line)
    raise SystemExit(exit_codes.OK if is_there else exit_codes.NOT_OK)


def _chosen(connections: Any, connection: str) -> Any:
    """The connection's settings. Raises `Broken` if it is unknown, or if no connection is named and there is not exactly one."""
    from runtime.errors import Broken

    if not connection and len(connections) != 1:
        raise Broken(
            f"there are {len(connections)} connections: {', '.join(connections) or 'none'}.", "Name one with --connection."
        )
    name = connection or next(iter(connections))
    if name not in connections:
        raise Broken(f"{name!r} is not an applied connection; there are: {', '.join(connections) or 'none'}.")
    return connections[name].settings


def simulated(settings: Any) -> str:
    """The address of the connection's simulated field-service system. Raises `Broken` for a real system: nothing may be invented there."""
    from runtime.errors import Broken
    from systems.network import addresses_of

    side = settings.field_service
    for address in addresses_of(side.own()):
        parts = urlsplit(address)
        if parts.hostname in _LOOPBACK:
            return f"{parts.scheme}://{parts.netloc}"
    raise Broken(
        f"{side.system} of {settings.connection} is not a simulator on this machine.",
        "`try` works only with a simulator: see docs/try-it.md.",
    )


async def _made(settings: Any, trial: dict[str, Any]) -> tuple[str, str, str]:
    """Entity, source id and words of what was created."""
    from pathlib import Path
    from typing import cast

    from console.demo.facts import demo_of
    from console.demo.processes import Processes, Simulators
    from runtime.errors import Broken
    from systems.demo import Trial, Trying

    field, it = settings.field_service.system, "field"
    simulators = Simulators(Processes(Path(), {}, {it: {"url": simulated(settings)}}))
    try:
        paths = ("holdings?entity=customers", "holdings?entity=locations", "holdings?entity=invoices", "holdings?entity=payments")
        held = {path: await simulators.ask(it, path) for path in paths}
        made = cast("Trying", demo_of(field)).events_of(Trial(**trial), held.__getitem__)
        answer = (await simulators.tell(it, "events", {"events": list(made.events)}))["results"][made.answer]
    except ValueError as error:
        raise Broken(f"{error}.") from error
    finally:
        await simulators.close()
    source_id = str(answer[made.id_member])
    return made.entity, source_id, made.words.format(number=answer.get("number", source_id))


def _awaited(cluster: Any, settings: Any, source: tuple[str, str], wait_s: float) -> tuple[str, bool]:
    """What became of it, and whether it is in the ERP. Waits while it is still on its way."""
    from console.books.ledgers import newest_entries
    from console.books.words import outcome, title_of
    from services.sinks import entry as e

    erp, deadline = title_of(settings.erp.system), time.monotonic() + wait_s
    while True:
        known = list(newest_entries(cluster, lambda entry: _is_of(entry, source), settings.connection, quiet=True))
        is_ended = bool(known) and known[0]["state"] in (*e.TERMINAL, e.HELD)
        if is_ended or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    if not known:
        return f"not in {erp} after {wait_s:g} s: `ml-connector status` shows whether it was read", False
    return f"{erp}: {outcome(known[0], settings.zone)}", known[0]["state"] in e.IN_PLACE


def _is_of(entry: Any, source: tuple[str, str]) -> bool:
    return (entry["source_entity"], entry["source_id"]) == source and entry["action"] in ("create", "upsert")
