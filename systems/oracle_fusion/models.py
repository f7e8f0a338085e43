"""Shapes of Fusion's answers: collections, the child lists of a row, and links.

Facts (REST framework): a collection is `{"items": [..], "count": 2, "hasMore": false, "limit": 25, "offset": 0, "links": [..]}`. With `expand` a
child is a plain array below framework version 3 and such a collection from version 3 on; only its first page comes with the row. The address of a
row is in its `links`, and is never made from its id, which may be hashed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from runtime.errors import Garbled, Malformed, Transient
from runtime.exchange import Response
from systems.http import bodies
from systems.http.bodies import Listed as Listed  # noqa: PLC0414 - a page of any collection
from systems.http.bodies import has_more, object_of
from systems.values.members import Row as Row  # noqa: PLC0414 - the form of every row here

SYSTEM = "oracle_fusion"


def listed(answer: Response, what: str) -> Listed:
    """A page of a collection. Raises `Transient` or `Garbled`."""
    return bodies.listed(answer, SYSTEM, what)


def record(answer: Response, what: str) -> dict[str, Any]:
    """The JSON object of an answer. A row that is wrapped in `items`, as after some updates, is unwrapped. Raises `Transient`."""
    found = object_of(answer, f"{SYSTEM} {what}")
    items = found.get("items")
    if isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict):
        return items[0]
    return found


@dataclass(frozen=True)
class Children:
    """A child list as its row shows it. `is_whole` says that it is complete; otherwise it has to be read at `href`."""

    rows: list[Row]
    is_whole: bool
    href: str


def children(row: Row, name: str) -> Children:
    """A child list of a row, in either form. A plain array does not say whether it is complete, so it counts as incomplete. Raises `Malformed` if the
    list was asked for and is missing."""
    found, href = row.get(name), link(row, "child", name)
    if isinstance(found, list):
        return Children(_rows(found, name), False, href)
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise Malformed(f"{name}: the list is not there")
    rows = _rows(found["items"], name)
    try:
        more = has_more(found, len(rows), f"{SYSTEM} {name}")
    except Garbled as error:
        raise Malformed(str(error)) from error
    return Children(rows, not more, href or link(found, "self", name))


def _rows(found: list[Any], name: str) -> list[Row]:
    if not all(isinstance(one, dict) for one in found):
        raise Malformed(f"{name}: not a list of objects")
    return found


def link(row: Row, rel: str, name: str = "") -> str:
    """The address in a row's links with this relation (and name); "" if there is none."""
    links = row.get("links")
    for one in links if isinstance(links, list) else ():
        if isinstance(one, dict) and one.get("rel") == rel and name in ("", one.get("name")) and isinstance(one.get("href"), str):
            return str(one["href"])
    return ""


def own_address(href: str, root: str, what: str) -> str:
    """An address from a link, which has to be below the pod's resources, because nothing of ours is sent elsewhere. Raises `Transient`."""
    there, here = urlsplit(href), urlsplit(root)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc) or not there.path.startswith("/fscmRestApi/resources/"):
        raise Transient(f"{SYSTEM} {what}: the link {href[:120]!r} does not lead to the pod")
    return href


def quoted(value: str) -> str:
    """A text for `q`: in single quotes, with the quotes inside doubled, so that a value never becomes a condition."""
    return "'" + value.replace("'", "''") + "'"
