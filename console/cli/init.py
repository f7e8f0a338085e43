"""`ml-connector init FOLDER --erp NAME`: the files of a new connection, with a comment at every setting, and JSON Schemas for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; must not hold a connection yet.")],
    erp: Annotated[str, typer.Option(help="Which ERP, as named in the registry.")],
    connection: Annotated[str, typer.Option(help="Immutable id of the connection; default: the folder's name.")] = "",
) -> None:
    """Write a connection's YAML, empty crosswalk tables with their columns, and the JSON Schema that editors check them with."""
    from console.connections.template import write_template

    for path in write_template(folder, connection or folder.resolve().name, erp):
        print(path)
    print(
        f"Next: fill in {folder / 'connection.yaml'} and the tables, then `ml-connector plan {folder / 'connection.yaml'} --offline`."
    )
