"""The files of a connection: one YAML, read strictly, and the folder of its crosswalk tables (`console/tables/`).

Reading them needs no secret and no network, so `plan` and the checks of editors work anywhere. Unknown keys, wrong types and duplicate rows
are errors that name the file and the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.connections.fitting import Misfit, Unfit, fitted
from console.connections.written import Written, read_yaml
from console.tables.folder import TableFiles, read_tables, why_not
from console.tables.rows import TableRow
from runtime.errors import Broken
from systems import registry
from systems.connection import ConnectionSettings

__all__ = ("ConnectionFiles", "TableRow", "read_connection")

_CROSSWALK = "crosswalk"


@dataclass(frozen=True)
class ConnectionFiles:
    """A connection as written: settings, secret references by purpose, crosswalk rows. `unread` names files that are not tables."""

    path: Path
    settings: ConnectionSettings
    rows: tuple[TableRow, ...]
    written: Written | None = None
    unread: tuple[str, ...] = ()


def read_connection(path: Path) -> ConnectionFiles:
    """Read and validate a connection's files. Raises `Unfit` with everything that is wrong in YAML and tables, `Broken` if the YAML cannot
    be read at all."""
    written = read_yaml(path)
    misfits: list[Misfit] = []
    tables, wrong = TableFiles(), tuple[str, ...]()
    try:
        tables = _tables(written)
    except Unfit as error:
        misfits += error.misfits
    except Broken as error:
        wrong = tuple(str(error).splitlines())
    try:
        settings = fitted(written)
    except Unfit as error:
        raise Unfit(written, [*error.misfits, *misfits], wrong) from None
    if misfits or wrong:
        raise Unfit(written, misfits, wrong)
    return ConnectionFiles(path, settings, tables.rows, written, tables.unread)


def _tables(written: Written) -> TableFiles:
    """The tables of the folder that the file names; none if it names no folder and there is none. They are read once it is known which ERP
    they are for. Raises `Unfit` if the folder is not a folder, `Broken` if its files cannot be read."""
    values: dict[str, Any] = written.values if isinstance(written.values, dict) else {}
    named, erp = values.get(_CROSSWALK), values.get("erp")
    home = written.path.parent
    folder = home / (named if isinstance(named, str) else _CROSSWALK)
    if named in (None, _CROSSWALK) and not folder.exists():
        return TableFiles()
    if reason := why_not(folder, home):
        raise Unfit(written, [Misfit((_CROSSWALK,), reason)])
    system = erp.get("system") if isinstance(erp, dict) else None
    if system not in {one.name for one in registry.erps()}:
        return TableFiles()
    return read_tables(folder, home, registry.crosswalk_tables(system))
