"""`ml-connector reconcile CONNECTION`: both sides counted and compared, every difference by name; for a day, a month, or all of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli import exit_codes
from console.cli.days import day_of, refuse_backwards
from console.output import fitted, money, paragraph, print_json
from console.reconcile.rows import By

if TYPE_CHECKING:
    from console.reconcile.reading import Compared
    from console.reconcile.rows import Row

_LISTED = 20


class Form(StrEnum):
    """Form of the result on stdout."""

    table = "table"
    json = "json"
    csv = "csv"


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(reconcile)


def reconcile(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    first: Annotated[str, typer.Option("--from", help="First posting day, YYYY-MM-DD; default: from the beginning.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last posting day, YYYY-MM-DD; default: to the end.")] = "",
    by: Annotated[By, typer.Option(help="What the rows of a flow are grouped by.")] = By.flow,
    documents: Annotated[bool, typer.Option("--documents", "-d", help="Every difference by document, explained ones too.")] = False,
    output: Annotated[Form, typer.Option(help="Form of the result.")] = Form.table,
) -> None:
    """Compare what the source wants with what the ERP has, from newly read records of both sides, and name every difference.

    Ends with 0 only if every difference is explained; 1 if one is not.
    """
    from console.connections.applying import applied_once, in_force
    from console.reading import Cluster
    from console.reconcile.reading import compared
    from console.reconcile.rows import Range, as_json, rows_of, unexplained, within

    days = Range(day_of("--from", first) if first else None, day_of("--to", last) if last else None)
    refuse_backwards(days.first, days.last)
    cluster = Cluster()
    snapshot = in_force(cluster, connection)
    applied_once(snapshot, connection)
    found = compared(cluster, snapshot, connection)
    kept = list(within(found.judged, days))
    rows = rows_of(kept, by)
    details = [one.told(x) for one in kept for x in one.findings if documents or not x.is_explained]
    if output is Form.json:
        print_json(as_json(rows, found.others, found.gaps, details))
    elif output is Form.csv:
        print(csv_of(rows), end="")
    else:
        for line in (*table_of(rows), *_further(found, details if documents else details[:_LISTED], len(details))):
            print(line)
    raise SystemExit(exit_codes.NOT_OK if unexplained(rows)[0] else exit_codes.OK)


def table_of(rows: Sequence[Row]) -> Iterator[str]:
    """The rows for a person, 100 columns wide, each followed by its classes."""
    from console.reconcile.findings import CLASSES

    if not rows:
        yield "nothing to compare in these days"
        return
    yield f"{'flow':<6} {'group':<28} {'source':>7} {'amount':>15} {'ERP':>7} {'amount':>15} {'difference':>15}"
    for row in rows:
        sides = f"{row.source.count:>7} {money(row.source.amount, ','):>15} {row.erp.count:>7} {money(row.erp.amount, ','):>15}"
        yield f"{fitted(row.flow or '-', 6)} {fitted(row.group or '-', 28)} {sides} {money(row.difference, ','):>15}"
        for name, one in sorted(row.classes.items()):
            text = f"{name} {one.count}, {money(one.amount, ',')} {row.currency}: {CLASSES.get(name, '')}"
            yield from paragraph(text, 7)
    count = sum(row.unexplained.count for row in rows)
    amount = sum((row.unexplained.amount for row in rows), Decimal(0))
    yield f"unexplained: {count} differences, {money(amount, ',')}" if count else "every difference is explained"


def _further(found: Compared, details: Sequence[dict[str, Any]], count: int) -> Iterator[str]:
    """The differences by document, and what is not part of the comparison."""
    for one in details:
        head = f"{one['class']}: {one['flow']} {one['number']}, {one['date'] or 'no date'}, {one['party']}, {one['amount']}"
        yield from paragraph(f"{head} {one['currency']} ({one['document'] or 'not in the ERP'}): {one['words']}", 2)
    if count > len(details):
        yield f"  and {count - len(details)} more: --documents, or --output json"
    for entity, bucket in sorted(found.others.items()):
        words = f"{bucket.count} documents of the ERP's own ({entity.replace('_', ' ')}, {money(bucket.amount, ',')})"
        yield f"not compared: {words}: they carry no ref of ours"
    for entity, gap in sorted(found.gaps.items()):
        yield f"{gap} changes ({entity.replace('_', ' ')}) that no webhook reported were read by polling"


def csv_of(rows: Sequence[Row]) -> str:
    """The rows for a spreadsheet, with a column for each class that occurs. Texts are escaped for spreadsheets, amounts are numbers."""
    from console.tables.escaping import escaped

    classes = sorted({name for row in rows for name in row.classes})
    told = io.StringIO()
    told.write("\ufeff")
    lines = csv.writer(told)
    head = ["flow", "group", "currency", "source_count", "source_amount", "erp_count", "erp_amount", "difference"]
    of_classes = [f"{name}_{what}" for name in classes for what in ("count", "amount")]
    lines.writerow([*head, "unexplained_count", "unexplained_amount", *of_classes])
    none = {"count": 0, "amount": "0.00"}
    for row in rows:
        shown = row.as_json()
        sums = [shown["unexplained"], *(shown["classes"].get(name, none) for name in classes)]
        cells = [escaped(row.flow), escaped(row.group), row.currency]
        cells += [shown[side][what] for side in ("source", "erp") for what in ("count", "amount")]
        lines.writerow([*cells, shown["difference"], *(one[what] for one in sums for what in ("count", "amount"))])
    return told.getvalue()
