"""Departments, classes and locations that a mapping table names and NetSuite does not have, or no longer uses: the default of the settings stands in
(product page), without one the document has none. The memo tells it. A document is never refused or held for that.

The lists are asked by SuiteQL and kept for a while; what they do not have is asked once more before a default stands in. One that was made inactive
meanwhile is refused by NetSuite and held, and taken when it is released.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from systems.netsuite.client import Client
from systems.netsuite.documents import MEMO, default_of
from systems.values.members import required_id
from systems.writing.frame import Attempt

TABLES = {"department": "department", "class": "classification", "location": "location"}
MOST_CALLS = len(TABLES)
_KEPT = timedelta(minutes=10)
_SUBLISTS = ("item", "expense", "line")


class Segments:
    """The lists of one session."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, tuple[frozenset[str], datetime]] = {}

    async def existing(self, attempt: Attempt, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body with what exists. Costs no call while every id is known."""
        made, notes = dict(body), []
        for name, table in TABLES.items():
            used = {holder[name]["id"] for holder in _holders(body) if name in holder}
            for missing in sorted(used - await self._ids(attempt, table, used)):
                default = self._default(name)
                made = _instead(made, name, missing, "" if default == missing else default)
                notes.append(f"[{name} {missing} does not exist: {default or 'none'}]")
        if notes:
            told = " ".join(notes)
            made["memo"] = f"{str(made.get('memo', ''))[: MEMO - len(told) - 1]} {told}".strip()
        return made

    def _default(self, name: str) -> str:
        return default_of(self._client.settings.defaults, name)

    async def _ids(self, attempt: Attempt, table: str, used: set[str]) -> frozenset[str]:
        known, until = self._known.get(table, (frozenset[str](), self._client.clock.now()))
        if (used <= known and self._client.clock.now() < until) or not used:
            return known
        attempt.calls += 1
        query = f"SELECT id FROM {table} WHERE isinactive = 'F' ORDER BY id ASC"  # noqa: S608 - one of three names of ours
        rows = (await self._client.look(query, table)).whole(table)
        found = frozenset(map(required_id, rows))
        self._known[table] = found, self._client.clock.now() + _KEPT
        return found


def _holders(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The header and every line."""
    yield body
    for name in _SUBLISTS:
        if isinstance(body.get(name), dict):
            yield from body[name].get("items", [])


def _instead(body: Mapping[str, Any], name: str, missing: str, default: str) -> dict[str, Any]:
    """The body with another department (class, location) in the place of one that does not exist."""
    made = _held(body, name, missing, default)
    for sublist in _SUBLISTS:
        if isinstance(made.get(sublist), dict) and "items" in made[sublist]:
            made[sublist] = {"items": [_held(line, name, missing, default) for line in made[sublist]["items"]]}
    return made


def _held(holder: Mapping[str, Any], name: str, missing: str, default: str) -> dict[str, Any]:
    if holder.get(name, {}) != {"id": missing}:
        return dict(holder)
    rest = {key: value for key, value in holder.items() if key != name}
    return rest | ({name: {"id": default}} if default else {})
