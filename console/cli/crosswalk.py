"""`ml-connector crosswalk export|import|show`: mapping tables as CSV or XLSX."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from console.cli.match import connected
from console.output import Output, print_rows

commands = typer.Typer(help="Mapping tables of a connection.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.add_typer(commands, name="crosswalk")


@commands.command()
def show(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    table: Annotated[str, typer.Option(help="Only this table.")] = "",
    output: Annotated[Output, typer.Option(help="Form of the result.")] = Output.table,
) -> None:
    """Show the rows in force."""
    rows = [
        {"table": name, "key": key, "effective from": row.effective_from or "always", "values": _text(row.values)}
        for name, keys in sorted(_tables(connection).items())
        if table in ("", name)
        for key, versions in sorted(keys.items())
        for row in versions
    ]
    print_rows(rows, output, f"crosswalk of {connection}")


@commands.command()
def export(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    file: Annotated[Path, typer.Argument(help="An .xlsx file (one sheet a table), or a folder for one .csv a table.")],
) -> None:
    """Write the rows in force to a file that `import` and `apply` read."""
    from console.connections.files import EFFECTIVE, csv_text, write_xlsx

    sheets: dict[str, tuple[list[str], list[list[str]]]] = {}
    for name, keys in sorted(_tables(connection).items()):
        columns = sorted({column for versions in keys.values() for row in versions for column in row.values})
        lines = [
            [key, *(row.values.get(column, "") for column in columns), row.effective_from.isoformat() if row.effective_from else ""]
            for key, versions in sorted(keys.items())
            for row in versions
        ]
        sheets[name] = ([name, *columns, EFFECTIVE], lines)
    if file.suffix == ".xlsx":
        write_xlsx(file, sheets)
    else:
        file.mkdir(parents=True, exist_ok=True)
        for name, (head, lines) in sheets.items():
            (file / f"{name}.csv").write_text(csv_text(head, lines), encoding="utf-8")
    print(f"{sum(len(lines) for _, lines in sheets.values())} rows of {len(sheets)} tables written to {file}")


@commands.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The connection's YAML file; its crosswalk folder is read.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the change.")] = "",
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would change.")] = False,
    remove_rows: Annotated[bool, typer.Option(help="Remove rows in force that no table has any more.")] = False,
) -> None:
    """Put a crosswalk folder in force: the same as `apply`, or `plan` with --preview."""
    from console.cli.plan import apply, plan

    if preview:
        plan(file, remove_rows=remove_rows)
    else:
        apply(file, reason=reason, actor=actor, remove_rows=remove_rows)


def _tables(connection: str) -> dict[str, Any]:
    from console.connections.applying import in_force
    from console.reading import Cluster

    snapshot = in_force(Cluster())
    connected(snapshot, connection)
    return dict(snapshot.connections[connection].crosswalk.tables)


def _text(values: Any) -> str:
    return ", ".join(f"{column}={value}" for column, value in values.items() if value)
