"""`ml-connector crosswalk export|import|show`: mapping tables as CSV or XLSX."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.output import Output, print_rows

if TYPE_CHECKING:  # imported only for type checks, so that --help is quick
    from topology.configuration import Connected

_ALL_DAYS = 3650
"""Days of documents whose values are exported: everything that was read, including documents from before the cut-over."""
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
    found = _in_force(connection)
    if table:
        _known(table, found)
    rows = [
        {"table": name, "key": key, "effective from": row.effective_from or "always", "values": _text(row.values)}
        for name, keys in sorted(found.crosswalk.tables.items())
        if table in ("", name)
        for key, versions in sorted(keys.items())
        for row in versions
    ]
    print_rows(rows, output, f"crosswalk of {connection}")


@commands.command()
def export(
    connection: Annotated[str, typer.Argument(help="Id of the connection.")],
    file: Annotated[Path, typer.Argument(help="An .xlsx file (one sheet a table), or a folder for one .csv a table.")],
    rows_only: Annotated[bool, typer.Option("--rows-only", help="Only the rows in force, without values that were seen.")] = False,
) -> None:
    """Write the rows in force, and a line to fill in for every value that documents needed so far, to a file that `import` and `apply` read.

    The columns documents_seen and amount_seen say what depends on each row; they may stay in the file.
    """
    from console.connections.observed import keys_by_table, observed
    from console.reading import Cluster
    from console.tables.rows import TableRow, sheet_of
    from console.tables.write import write_csv, write_xlsx
    from runtime.errors import Broken
    from systems.registry import crosswalk_tables

    _form(file)
    found = _in_force(connection)
    seen = keys_by_table(observed(Cluster(), found, _ALL_DAYS)) if not rows_only else {}
    if not found.crosswalk.tables and not seen:
        raise Broken(f"{connection} has no rows in force, and nothing of its source was read yet.", "Nothing was written.")
    rows = [
        TableRow(name, key, dict(row.values), row.effective_from)
        for name, keys in found.crosswalk.tables.items()
        for key, versions in keys.items()
        for row in versions
    ]
    declared = crosswalk_tables(found.settings.erp.system)
    sheets = {
        name: sheet_of(name, declared[name], rows, None if rows_only else seen.get(name, {}))
        for name in sorted(found.crosswalk.tables.keys() | seen.keys())
        if name in declared
    }
    if file.suffix.casefold() == ".xlsx":
        write_xlsx(file, sheets)
    else:
        _folder(file)
        for name, sheet in sheets.items():
            write_csv(file / f"{name}.csv", sheet)
    todo = sum(len(lines) for _, lines in sheets.values()) - len(rows)
    print(
        f"{len(rows)} rows of {len(sheets)} tables written to {file}"
        + (f", and {todo} lines for other values that were seen" if todo else "")
    )


def _form(path: Path) -> None:
    """Raise `Broken` for a name that looks like a single file of a form that is not written, because it would become a folder of that name. A folder
    with a dot in its name has to exist already."""
    from runtime.errors import Broken

    if path.suffix.casefold() not in ("", ".xlsx") and not path.is_dir():
        raise Broken(f"{path}: the tables are not written in this form.", "Name an .xlsx file, or a folder for one .csv a table.")


def _folder(path: Path) -> None:
    from runtime.errors import Broken

    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Broken(f"{path}: {error.strerror or error}.", "Name an .xlsx file, or a folder that can be created.") from error


@commands.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The connection's YAML file; its crosswalk folder is read.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the change.")] = "",
    actor: Annotated[str, typer.Option(help="Who; default: the user of this machine.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would change.")] = False,
    remove_rows: Annotated[bool, typer.Option(help="Remove rows in force that are no longer in any table.")] = False,
) -> None:
    """Put a crosswalk folder in force: the same as `apply`, or `plan` with --preview."""
    from console.cli.plan import apply, plan

    if preview:
        plan(file, remove_rows=remove_rows)
    else:
        apply(file, reason=reason, actor=actor, remove_rows=remove_rows)


def _in_force(connection: str) -> Connected:
    from console.connections.applying import in_force
    from console.reading import Cluster

    return in_force(Cluster(), connection).connections[connection]


def _known(table: str, found: Connected) -> None:
    from runtime.errors import Broken
    from systems.registry import crosswalk_tables

    known = sorted(crosswalk_tables(found.settings.erp.system))
    if table not in known:
        raise Broken(f"{table!r} is not a table of {found.settings.erp.system}; tables: {', '.join(known)}.")


def _text(values: Any) -> str:
    return ", ".join(f"{column}={value}" for column, value in values.items() if value)
