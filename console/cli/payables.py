"""`ml-connector payables CONNECTION`: whether the bills of what was received came, and where payments to vendors differ; it writes nothing."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli import exit_codes
from console.cli.days import day_of, refuse_backwards
from console.output import Output, print_json

_LISTED = 20


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(payables)


def payables(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    allowed: Annotated[int, typer.Option("--allowed", min=0, help="Days within which the bill of a receipt has to be there.")] = 2,
    first: Annotated[str, typer.Option("--from", help="First day of the payments, YYYY-MM-DD; default: from the beginning.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day of the payments, YYYY-MM-DD; default: to the end.")] = "",
    documents: Annotated[bool, typer.Option("--documents", "-d", help="Every receipt and every payment that differs.")] = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """List bills of received orders that are late or missing, and payments to vendors that one side has and the other has not.

    Ends with 0 only if no bill is missing and every payment is on both sides with one amount.
    """
    from console.compare import pairs, received, told
    from console.compare.reading import bills_of_receipts, compared
    from console.connections.applying import connected, in_force
    from console.reading import Cluster

    days = day_of("--from", first) if first else None, day_of("--to", last) if last else None
    refuse_backwards(*days)
    cluster = Cluster()
    settings = connected(in_force(cluster), connection)
    bills = bills_of_receipts(cluster, settings, allowed)
    payments = compared(cluster, settings, ("ap_payment",), days)
    rows, by_state = list(received.rows(bills)), told.counts(bills)
    if output is Output.json:
        paid = {"payments": told.sums(payments.pairs), "documents": told.documents(payments.pairs)}
        print_json({"bills": by_state, "receipts": rows, **paid})
    else:
        for line in told.lines_of_bills(rows, by_state, is_whole=documents):
            print(line)
        print("payments to vendors")
        for line in told.lines_of_pairs(payments.pairs, payments.ours, len(payments.pairs) if documents else _LISTED):
            print(line)
    is_ok = all(one.state != received.MISSING for one in bills) and all(one.found == pairs.BOTH for one in payments.pairs)
    raise SystemExit(exit_codes.OK if is_ok else exit_codes.NOT_OK)
