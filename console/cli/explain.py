"""`ml-connector explain REF|INVOICE|ERP-ID`: the chain from an ERP's document to the raw bytes, and back."""

from __future__ import annotations

from typing import Annotated

import typer

from console.cli import exit_codes
from console.output import Output, plain, print_json


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(explain)


def explain(
    what: Annotated[str, typer.Argument(help="A ref (ST-...), an invoice, payment or bill number, or the ERP's id or number.")],
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    full: Annotated[bool, typer.Option("--full", help="With the content of every record, raw bytes included.")] = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Print every record behind a document, with coordinates. Scans the topics, with progress."""
    from console.books.chain import chain
    from console.books.ledgers import find_entry, ledger_entries
    from console.reading import Cluster

    cluster = Cluster()
    found = find_entry(ledger_entries(cluster, connection), what)
    chains = [{"ref": entry["ref"], "op_key": entry["op_key"], "links": list(chain(cluster, entry))} for entry in found]
    if output is Output.json:
        print_json(chains)
    elif not chains:
        print(f"{what}: no document of that ref, number or id is known; `ml-connector status` shows what is on its way.")
    else:
        for one in chains:
            print(f"{one['ref']}  {one['op_key']}")
            for link in one["links"]:
                print(f"  {link['link']:<10}{link['coordinates']:<42}{link['says']}")
                if full:
                    for field, value in link["content"].items():
                        print(f"             {field}: {plain(value)}")
    raise SystemExit(exit_codes.OK if chains else exit_codes.NOT_OK)
