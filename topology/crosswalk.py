"""The crosswalk of a connection as hop 2 and the checks look it up: by the normal form of a key and by a posting date. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from systems.values.codes import PART, code, key_of, shape


@dataclass(frozen=True)
class Row:
    """One crosswalk row and the day on which it comes into force (None = always)."""

    values: Mapping[str, str]
    effective_from: date | None


@dataclass
class _Table:
    """One table by normal forms: key -> part -> rows, newest first ("" = the key's own row).

    In an older configuration two names may have the same normal form. Their rows contradict each other, so none of them counts, and a
    document with such a key is held.
    """

    rows: dict[str, dict[str, tuple[Row, ...]]] = field(default_factory=dict)
    contradicting: set[str] = field(default_factory=set)

    @cached_property
    def shapes(self) -> Mapping[str, str]:
        """One key for each shape. Computed when a key without a row is first looked up."""
        return {look: key for key in self.rows if (look := shape(key))}


@dataclass(frozen=True)
class Tables:
    """The crosswalk of one connection: table -> name of the row (`codes.row_name`) -> its states, newest first."""

    tables: Mapping[str, Mapping[str, tuple[Row, ...]]] = field(default_factory=dict)

    def row(self, table: str, key: str, on: date | None = None) -> Mapping[str, str] | None:
        """See `systems.mapped.Crosswalk`."""
        rows = self._parts_of(table, key).get("")
        return _in_force(rows, on) if rows is not None else None

    def rows(self, table: str, on: date | None = None) -> Mapping[str, Mapping[str, str]]:
        """See `systems.mapped.Crosswalk`."""
        found = {key: _in_force(rows, on) for key, rows in self.tables.get(table, {}).items()}
        return {key: row for key, row in found.items() if row is not None}

    def parts(self, table: str, key: str, on: date | None = None) -> Sequence[Mapping[str, str]]:
        """See `systems.mapped.Crosswalk`."""
        found = (_in_force(rows, on) for part, rows in sorted(self._parts_of(table, key).items()) if part)
        return [row for row in found if row is not None]

    def alike(self, table: str, key: str) -> str:
        """See `systems.mapped.Crosswalk`."""
        content, normal_form = self._by_code.get(table), code(key)
        if content is None or not normal_form:
            return ""
        if normal_form in content.contradicting:
            return normal_form
        return "" if normal_form in content.rows else content.shapes.get(shape(normal_form), "")

    def _parts_of(self, table: str, key: str) -> Mapping[str, tuple[Row, ...]]:
        content, normal_form = self._by_code.get(table), code(key)
        if content is None or normal_form in content.contradicting:
            return {}
        return content.rows.get(normal_form, {})

    @cached_property
    def _by_code(self) -> Mapping[str, _Table]:
        """Computed once: it is used several times for each document."""
        return {name: _by_code(content) for name, content in self.tables.items()}


def _by_code(content: Mapping[str, tuple[Row, ...]]) -> _Table:
    made = _Table()
    for name, rows in content.items():
        values = rows[0].values
        key = code(key_of(name, values))
        parts = made.rows.setdefault(key, {})
        if parts.setdefault(code(values.get(PART, "")), rows) is not rows:
            made.contradicting.add(key)
    return made


def _in_force(rows: tuple[Row, ...], on: date | None) -> Mapping[str, str] | None:
    for row in rows:
        if row.effective_from is None or on is None or row.effective_from <= on:
            return row.values
    return None


def tables_of(rows: Iterable[Mapping[str, Any]]) -> Tables:
    """The tables that these crosswalk records form."""
    found: dict[str, dict[str, list[Row]]] = {}
    for record in rows:
        row = Row(record["values"], record["effective_from"])
        found.setdefault(record["table"], {}).setdefault(record["row"], []).append(row)
    for table in found.values():
        for versions in table.values():
            versions.sort(key=lambda row: row.effective_from or date.min, reverse=True)
    return Tables({name: {key: tuple(versions) for key, versions in table.items()} for name, table in found.items()})
