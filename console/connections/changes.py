"""What applying a connection's files would change: settings, crosswalk rows, credentials. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from console.connections.files import ConnectionFiles, TableRow
from systems.connection import ConnectionSettings
from topology.configuration import Connected, crosswalk_version


@dataclass(frozen=True)
class Change:
    """The difference between a connection in force and its files; `lines` tells it in words, secrets never among them."""

    before: ConnectionSettings | None
    after: ConnectionFiles
    rows_put: tuple[TableRow, ...]
    rows_removed: tuple[TableRow, ...]
    crosswalk_version: str
    version: str
    lines: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not self.lines


def change(files: ConnectionFiles, connected: Connected | None) -> Change:
    """Compare files with what is in force (None = nothing yet)."""
    now = {row.identity: row for row in (rows_in_force(connected) if connected else ())}
    new = {row.identity: row for row in files.rows}
    put = tuple(row for key, row in new.items() if key not in now or now[key].values != row.values)
    removed = tuple(row for key, row in now.items() if key not in new)
    crosswalk = crosswalk_version(row.as_record() for row in files.rows)
    before = connected.settings if connected else None
    lines = (*_settings_lines(before, files.settings), *_row_lines(now, put, removed))
    version = hashlib.sha256((files.settings.model_dump_json() + crosswalk).encode()).hexdigest()[:16]
    return Change(before, files, put, removed, crosswalk, version, lines)


def rows_in_force(connected: Connected) -> Iterator[TableRow]:
    """The crosswalk rows of a connection, as a file would have them."""
    for table, keys in connected.crosswalk.tables.items():
        for key, versions in keys.items():
            for row in versions:
                yield TableRow(table, key, dict(row.values), row.effective_from)


def _settings_lines(before: ConnectionSettings | None, after: ConnectionSettings) -> Iterator[str]:
    old = dict(_flat(before.model_dump(mode="json"))) if before else {}
    new = dict(_flat(after.model_dump(mode="json")))
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key):
            continue
        if key not in old:
            yield f"+ {key}: {new[key]}"
        elif key not in new:
            yield f"- {key}: {old[key]}"
        else:
            yield f"~ {key}: {old[key]} -> {new[key]}"


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, item in enumerate(value):
            yield from _flat(item, f"{at}[{number}]")
    else:
        yield at, sorted(value) if isinstance(value, list) and all(isinstance(v, str) for v in value) else value


def _row_lines(now: Mapping[tuple[str, str, str], TableRow], put: Iterable[TableRow], removed: Iterable[TableRow]) -> Iterator[str]:
    for row in put:
        sign = "~" if row.identity in now else "+"
        yield f"{sign} crosswalk {'/'.join(filter(None, row.identity))}: {_shown(row.values)}"
    for row in removed:
        yield f"- crosswalk {'/'.join(filter(None, row.identity))}"


def _shown(values: Mapping[str, str]) -> str:
    return ", ".join(f"{column}={value}" for column, value in values.items() if value)
