"""`ml-connector explain REF|INVOICE|ERP-ID`: the chain of a document, from the ERP back to the raw bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import exit_codes
from console.output import Output, money, paragraph, plain, print_json, printable

if TYPE_CHECKING:
    from console.books.chain import Link


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
    from console.books.chain import chains, of_objects
    from console.books.ledgers import is_named, newest_entries
    from console.books.words import zone_of
    from console.connections.applying import applied_once, in_force, settings_of_all
    from console.reading import Cluster
    from runtime.clock import clock_from_environment
    from runtime.errors import Broken

    what = what.strip()
    if not what:
        raise Broken("no document is named.", "Give a ref, a number or an id, for example ml-connector explain INV-1042.")
    cluster, clock = Cluster(), clock_from_environment()
    snapshot = in_force(cluster)
    applied_once(snapshot, connection)
    found = list(newest_entries(cluster, lambda entry: is_named(entry, what), connection))
    if output is Output.table and len(documents_of(found)) > 1:
        for line in which_one(what, found):
            print(line)
        raise SystemExit(exit_codes.NOT_OK)
    chained = list(chains(cluster, found, clock) if found else of_objects(cluster, what, connection, clock))
    if output is Output.json:
        print_json(
            [{"ref": entry["ref"], "op_key": entry["op_key"], "links": [vars(link) for link in links]} for entry, links in chained]
        )
    elif not chained:
        for line in paragraph(
            f"{what}: no document with that ref, number or id is known; `ml-connector open` shows what is on its way."
        ):
            print(line)
    else:
        known = settings_of_all(snapshot)
        for entry, links in chained:
            for line in lines(entry, links, zone_of(known.get(entry["connection"])), full):
                print(line)
    raise SystemExit(exit_codes.OK if chained else exit_codes.NOT_OK)


def documents_of(found: Sequence[Mapping[str, Any]]) -> dict[tuple[str, ...], list[Mapping[str, Any]]]:
    """The entries by their source document. Its create, its changes, its void and the parts of a payment count as one."""
    made: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for entry in found:
        key = (entry["connection"], entry["source_system"], entry["source_entity"], entry["source_id"].partition("/")[0])
        made.setdefault(key, []).append(entry)
    return made


def which_one(what: str, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The documents that a number could mean, each with the ref that identifies it."""
    from console.books.words import document_number, kind_of, outcome

    documents = documents_of(found)
    yield f"{what}: {len(documents)} documents have that number. Which one? Ask again with its ref:"
    for entries in documents.values():
        first = min(entries, key=lambda entry: (entry["action"] not in ("create", "upsert"), entry["source_id"]))
        shown = (
            f"{kind_of(first)} {document_number(first)} of {first['connection']}, {money(first['amount'], ',')} {first['currency']}"
        )
        yield from paragraph(f"{first['ref']}  {shown}: {outcome(first)}", 2)


def lines(entry: Mapping[str, Any], links: Sequence[Link], zone: tzinfo, full: bool) -> Iterator[str]:
    """One document's chain, for a person."""
    from console.books.words import local, outcome

    head = (
        f"{entry['ref']}  {entry['op_key']}"
        if entry["ref"]
        else f"{entry['source_entity']} {entry['source_number'] or entry['source_id']}"
    )
    yield from paragraph(head)
    if "state" in entry:
        yield from paragraph(outcome(entry, zone), 2)
    for link in links:
        about = ", ".join(filter(None, (link.document, link.customer, f"by {link.actor}")))
        yield from paragraph(f"{link.link:<10}{local(link.at, zone):<20}{about}: {link.says} [{link.coordinates}]", 2)
        if full:
            for field, value in link.content.items():
                yield printable(f"             {field}: {plain(value)}")
