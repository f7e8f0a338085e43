"""Departments, classes and locations that a mapping table names but NetSuite does not have or no longer uses. The default of the settings replaces
them (product page); without a default the document has none. The memo says so. A document is never refused or held for this reason.

One SuiteQL query checks them before a document is written. If one is made inactive after that check, NetSuite refuses the document and it is held; it
is accepted when it is released.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from systems.netsuite.client import Client
from systems.netsuite.documents import MEMO, default_of
from systems.values.members import required_id, text
from systems.writing.frame import Attempt

TABLES = {"department": "department", "class": "classification", "location": "location"}
MOST_CALLS = 1
_SUBLISTS = ("item", "expense", "line")


async def existing(client: Client, attempt: Attempt, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with only those segments that exist."""
    used = {name: {holder[name]["id"] for holder in _holders(body) if name in holder} for name in TABLES}
    if not any(used.values()):
        return dict(body)
    attempt.calls += 1
    rows = (await client.look(_query(used), "departments, classes and locations")).whole("departments, classes and locations")
    there = {(text(row, "segment"), required_id(row)) for row in rows}
    made, notes = dict(body), []
    for name, missing in sorted((name, key) for name, keys in used.items() for key in keys if (name, key) not in there):
        default = default_of(client.settings.defaults, name)
        default = "" if default == missing else default
        made = _instead(made, name, missing, default)
        notes.append(f"[{name} {missing} does not exist: {default or 'none'}]")
    if notes:
        told = " ".join(notes)
        made["memo"] = f"{str(made.get('memo', ''))[: max(0, MEMO - len(told) - 1)]} {told}".strip()
    return made


def _query(used: Mapping[str, set[str]]) -> str:
    """The query for those of these ids that exist and are active. The ids were checked when the references were made."""
    asked = [
        f"SELECT '{name}' AS segment, id FROM {TABLES[name]} WHERE isinactive = 'F' AND id IN ({', '.join(sorted(keys))})"  # noqa: S608
        for name, keys in used.items()
        if keys
    ]
    return f"{' UNION ALL '.join(asked)} ORDER BY segment ASC, id ASC"


def _holders(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The header and every line."""
    yield body
    for name in _SUBLISTS:
        if isinstance(body.get(name), dict):
            yield from body[name].get("items", [])


def _instead(body: Mapping[str, Any], name: str, missing: str, default: str) -> dict[str, Any]:
    """The body with the default department (class, location) in place of one that does not exist."""
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
