"""`ml-connector open`: everything that is not in the ERP (held, waiting, not yet due), each amount once, by its root cause."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.output import Output, fitted, money, paragraph, print_json, side_by_side

if TYPE_CHECKING:
    from console.books.opened import Cause, Item


class By(StrEnum):
    """How the documents are grouped."""

    cause = "cause"
    customer = "customer"
    flow = "flow"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("open")(open_)


def open_(
    by: Annotated[By, typer.Option(help="Group by root cause, customer or flow.")] = By.cause,
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="With every document, not only the sums.")] = False,
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """List everything that is not in the ERP, each amount once, charged to what keeps it, and what to do about it."""
    from console.books.causes import causes
    from console.books.gathered import gather
    from console.books.opened import grouped, total
    from console.connections.applying import applied_once, in_force
    from console.reading import Cluster

    cluster = Cluster()
    snapshot = in_force(cluster)
    applied_once(snapshot, connection)
    found = causes(gather(cluster, snapshot, connection))
    items = [item for cause in found for item in cause.items]
    if by is By.cause:
        shown = {"total": total_as_json(total(items)), "causes": [cause.as_json() for cause in found]}
        lines = lines_of(found, verbose)
    else:
        groups = grouped(items, by.value)
        shown = {
            "total": total(items),
            f"{by.value}s": [{by.value: name, **total(own), "documents": [item.as_json() for item in own]} for name, own in groups],
        }
        lines = list(_by_group(groups, verbose))
    if output is Output.json:
        print_json(shown)
        return
    for line in lines:
        print(line)
    print(total_words(total(items), "everything is in the ERP"))


def total_as_json(total: dict[str, Any]) -> dict[str, Any]:
    """A total in the form that programs read. Each document names its own currency."""
    return {name: value for name, value in total.items() if name != "currency"}


def total_words(total: dict[str, Any], nothing: str) -> str:
    """The last line of the list."""
    if not total["count"]:
        return nothing
    others = "".join(f", {amount} {currency}" for currency, amount in total.get("other_currencies", {}).items())
    return f"total: {total['count']} documents, {money(Decimal(total['amount']), ',')} {total['currency']}{others}"


def lines_of(found: Sequence[Cause], verbose: bool) -> list[str]:
    """The causes for a person, with what to do about each; with `verbose`, every document as well."""
    return list(_by_cause(found, verbose))


def _by_cause(found: Sequence[Cause], verbose: bool) -> Iterator[str]:
    from console.books.words import counted

    several = len({cause.connection for cause in found}) > 1
    for cause in found:
        place = f"{cause.connection}: " if several else ""
        yield from _head(f"{place}{cause.words}", cause.amount, counted(item.kind for item in cause.items))
        yield from paragraph(f"-> {cause.remedy}", 4)
        yield from _documents(cause.items) if verbose else ()


def _by_group(groups: Sequence[tuple[str, list[Item]]], verbose: bool) -> Iterator[str]:
    from console.books.words import counted

    for name, items in groups:
        amount = sum((item.amount for item in items), Decimal(0))
        yield from _head(name, amount, counted(item.kind for item in items))
        yield from _documents(items) if verbose else ()


def _head(words: str, amount: Decimal, kinds: str) -> Iterator[str]:
    yield from paragraph(f"{words}: {kinds}, {money(amount, ',')}", 0)


def _documents(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        shown, customer = fitted(f"{item.kind} {item.number}", 22), fitted(item.customer, 22)
        yield from side_by_side(f"    {shown} {customer} {money(item.amount, ','):>14} {item.state:<9} ", item.ref)
