"""Shapes of NetSuite's answers: pages of SuiteQL, records, the address of a record that was written.

Facts (SuiteTalk REST help pages; public clients): a page is `{"links": [..], "count": 2, "hasMore": false, "items": [..], "offset": 0,
"totalResults": 2}`, in which every row has `links` of its own; a write answers 204 with the address of the record in `Location`, whose last
segment is its internal id. In a row every value is a text, a boolean is T or F, and a column without a value is absent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from runtime.errors import Malformed
from runtime.exchange import Response
from systems.http import bodies
from systems.http.bodies import Listed as Listed  # noqa: PLC0414 - a page of any query
from systems.http.bodies import object_of
from systems.values.members import Row as Row  # noqa: PLC0414 - the form of every row here
from systems.values.members import nested, text

SYSTEM = "netsuite"
_EXTERNAL = re.compile(r"eid:[A-Za-z0-9_-]{1,255}")
_ID = re.compile(r"-?[0-9]{1,18}")


def listed(answer: Response, what: str) -> Listed:
    """A page of a query or collection. Raises `Transient` or `Garbled`."""
    return bodies.listed(answer, SYSTEM, what)


def record(answer: Response, what: str) -> Row:
    """The record of an answer. Raises `Transient`."""
    return object_of(answer, f"{SYSTEM} {what}")


def made_id(answer: Response) -> str:
    """The internal id of the written record, from `Location`; "" if the answer does not give it, so that the outcome stays open."""
    location = answer.headers.get("Location", "")
    last = location.partition("?")[0].rstrip("/").rpartition("/")[2]
    return last if _ID.fullmatch(last) else ""


def reference(row: Row, name: str) -> str:
    """The internal id that a reference of a record names (`{"id": "5", "refName": ..}`); "" for none. Raises `Malformed`."""
    value = row.get(name)
    if value is None or not isinstance(value, dict):
        return text(row, name)
    return text(nested(row, name), "id")


def sublist(row: Row, name: str) -> list[Row]:
    """The lines of a sublist of a record that was read with its sublists. Raises `Malformed` if it was truncated or is not a list."""
    found = row.get(name)
    if found is None:
        return []
    items = found.get("items") if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise Malformed(f"{name}: the list is not there")
    counts = [found[one] for one in ("count", "totalResults") if found.get(one) is not None]
    if found.get("hasMore") not in (None, False) or any(one != len(items) for one in counts):
        raise Malformed(f"{name}: the list is cut short")
    return items


def quoted(value: str) -> str:
    """A text for SuiteQL: in single quotes, with the quotes inside doubled, so that a value never becomes a condition. The REST service takes no
    bind parameters (assumed)."""
    return "'" + value.replace("'", "''") + "'"


def is_id(value: str) -> bool:
    """Whether this is an internal id, which can be put into a query or an address as it is."""
    return bool(_ID.fullmatch(value))


def external(value: str) -> str:
    """An external id as part of an address: `eid:ST-...`. Only letters, digits, `_` and `-` are allowed unencoded (help page on external ids).
    Anything else is encoded, so that a value never becomes a path or a condition."""
    return f"eid:{quote(value, safe='')}"


def can_stand(key: str) -> bool:
    """Whether a record can have this key in an address: an internal id, or an external id of the permitted characters. Ours always have this form."""
    return is_id(key) or bool(_EXTERNAL.fullmatch(key))


def truth(row: Row, name: str, *, absent: bool = False) -> bool:
    """A boolean of a row of SuiteQL (T, F) or of a record (true, false). Raises `Malformed`."""
    value: Any = row.get(name)
    if value is None:
        return absent
    if value in ("T", True):
        return True
    if value in ("F", False):
        return False
    raise Malformed(f"{name}: {str(value)[:20]!r} is neither T nor F")
