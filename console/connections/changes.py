"""What applying a connection's files would change: settings, crosswalk rows, credentials. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from console.connections.files import ConnectionFiles, TableRow
from systems.connection import ConnectionSettings
from topology.configuration import Connected, crosswalk_version

_USER = re.compile(r"//[^/?#@\s]*@")
"""A user in an address, perhaps with a password. It is refused and not shown."""
_SIGNS = {"+": "to set", "~": "to change", "-": "to remove"}


@dataclass(frozen=True)
class Change:
    """The difference between a connection in force and its files. `lines` describe it in words and never contain a secret."""

    before: ConnectionSettings | None
    after: ConnectionFiles
    rows_put: tuple[TableRow, ...]
    rows_removed: tuple[TableRow, ...]
    crosswalk_version: str
    version: str
    lines: tuple[str, ...]

    @property
    def totals(self) -> str:
        """How many lines of each kind, in words."""
        counts = {words: sum(line.startswith(sign) for line in self.lines) for sign, words in _SIGNS.items()}
        return ", ".join(f"{count} {words}" for words, count in counts.items() if count or words == "to set")

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


def over_log(change: Change, logged: Mapping[tuple[str, str, str], TableRow]) -> Change:
    """The same change, in relation to the rows in the topic's log. After an `apply` or a removal that stopped half-way, these differ from the rows in
    force, and a leftover row would keep the tables from ever having the right hash."""
    new = {row.identity: row for row in change.after.rows}
    put = tuple(row for key, row in new.items() if key not in logged or logged[key].values != row.values)
    return replace(change, rows_put=put, rows_removed=tuple(row for key, row in logged.items() if key not in new))


def rows_in_force(connected: Connected) -> Iterator[TableRow]:
    """The crosswalk rows of a connection, in the form that a file has."""
    for table, keys in connected.crosswalk.tables.items():
        for key, versions in keys.items():
            for row in versions:
                yield TableRow(table, key, dict(row.values), row.effective_from)


def _settings_lines(before: ConnectionSettings | None, after: ConnectionSettings) -> Iterator[str]:
    """What differs; for a new connection, what differs from the defaults, and every flow."""
    old = _every_setting(before) if before else {}
    new = _every_setting(after)
    shown_keys = (
        new.keys()
        if before
        else _every_setting(after, exclude_defaults=True).keys() | {f"flows.{name}.enabled" for name in after.flows}
    )
    for key in sorted(old.keys() | shown_keys):
        if old.get(key) == new.get(key):
            continue
        if key not in old:
            yield f"+ {key}: {new[key]}"
        elif key not in new:
            yield f"- {key}: {old[key]}"
        else:
            yield f"~ {key}: {old[key]} -> {new[key]}"


def _every_setting(settings: ConnectionSettings, exclude_defaults: bool = False) -> dict[str, Any]:
    """Every setting by its place; the systems' settings include their own defaults."""
    content = settings.model_dump(mode="json", exclude_defaults=exclude_defaults)
    for key, side in (("field_service", settings.field_service), ("erp", settings.erp)):
        content[key]["settings"] = side.own().model_dump(mode="json", exclude_defaults=exclude_defaults)
    return dict(_flat(content))


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for number, item in enumerate(value):
            yield from _flat(item, f"{at}[{number}]")
    elif isinstance(value, str):
        yield at, _USER.sub("//...@", value)
    else:
        yield at, sorted(value) if isinstance(value, list) and all(isinstance(v, str) for v in value) else value


def _row_lines(now: Mapping[tuple[str, str, str], TableRow], put: Iterable[TableRow], removed: Iterable[TableRow]) -> Iterator[str]:
    for row in put:
        before = now.get(row.identity)
        emptied = {name: value for name, value in before.values.items() if name not in row.values} if before is not None else {}
        parts = filter(None, (_shown(row.values), f"no longer {_shown(emptied)}" if emptied else ""))
        yield f"{'~' if before is not None else '+'} crosswalk {'/'.join(filter(None, row.identity))}: {'; '.join(parts)}"
    for row in removed:
        yield f"- crosswalk {'/'.join(filter(None, row.identity))}"


def _shown(values: Mapping[str, str]) -> str:
    return ", ".join(f"{column}={value}" for column, value in values.items() if value)
