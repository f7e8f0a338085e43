"""Rows as the wire shows them: chosen fields, expanded children, links, and children as arrays or as pages by framework version.

Sources: PRC op-purchaseorders-get (fields, expand, envelope), FWK (children are collections from version 3 on, and only their first page is
expanded). Assumed: below version 3 an expanded array is silently truncated at the same length, which is the stricter reading; and `expand=all`
expands only the children of the resource itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from runtime.simulator.records import Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import Pod
from systems.oracle_fusion.simulator.shapes import Shape
from systems.oracle_fusion.spec import Attribute


@dataclass(frozen=True)
class View:
    """What a request wants to see of a row: `fields` None = all; only children that `parts` names are shown."""

    fields: frozenset[str] | None = None
    parts: Mapping[str, View] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """How rows of one answer are written: the framework version, the address of the resources, and whether and which links are shown."""

    pod: Pod
    version: int
    base: str
    links: bool = True
    relations: frozenset[str] = frozenset()

    def row(self, shape: Shape, row: Row, view: View, collection: str) -> dict[str, Any]:
        """A row of the collection at this address."""
        address = f"{collection}/{key_of(self.pod, shape, row)}"
        names = [name for name in shape.attributes if view.fields is None or name in view.fields]
        shown = {name: written(shape.attributes[name], row.get(name)) for name in names}
        for name, part in view.parts.items():
            shown[name] = self._children(shape.children[name], row.get(name) or [], part, f"{address}/child/{name}")
        if self.links:
            shown["links"] = self._links(shape, row, address, collection)
        return shown

    def _children(self, shape: Shape, rows: list[Row], view: View, address: str) -> Any:
        page = self.pod.settings.child_page
        items = [self.row(shape, row, view, address) for row in rows[:page]]
        if self.version < 3:
            return items
        return envelope(items, Place(address, shape.name, page, 0, len(rows) > page))

    def _links(self, shape: Shape, row: Row, address: str, collection: str) -> list[dict[str, Any]]:
        own = {"href": address, "name": shape.name, "kind": "item"}
        links: list[dict[str, Any]] = [
            {"rel": "self", **own, "properties": {"changeIndicator": change_indicator(row)}},
            {"rel": "canonical", **own},
        ]
        if "/child/" in collection:
            parent = collection.rpartition("/child/")[0]
            links.append({"rel": "parent", "href": parent, "name": shape.path.split(".")[-2], "kind": "item"})
        links += [
            {"rel": "child", "href": f"{address}/child/{name}", "name": name, "kind": "collection"} for name in shape.children
        ]
        return [link for link in links if not self.relations or link["rel"] in self.relations]


@dataclass(frozen=True)
class Place:
    """The place of a page of rows: the address and name of its collection, and the limit and offset that the server applied."""

    address: str
    name: str
    limit: int
    offset: int
    has_more: bool
    total: int | None = None


def envelope(items: list[dict[str, Any]], place: Place) -> dict[str, Any]:
    """A page of a collection; `totalResults` only if it was asked for."""
    total = {} if place.total is None else {"totalResults": place.total}
    links = [{"rel": "self", "href": place.address, "name": place.name, "kind": "collection"}]
    page = {"items": items, **total, "count": len(items), "hasMore": place.has_more, "limit": place.limit, "offset": place.offset}
    return page | {"links": links}


def key_of(pod: Pod, shape: Shape, row: Row) -> str:
    """The path key of a row."""
    key = row.get("_key", row[shape.key])
    return pod.path_key(shape.path, key) if shape.is_hashed and pod.settings.path_keys == "hash" else str(key)


def change_indicator(row: Row) -> str:
    """The ETag of a row, which changes with every change of the row."""
    return hashlib.blake2b(json.dumps(row, sort_keys=True, default=str).encode(), digest_size=16).hexdigest().upper()


def written(attribute: Attribute, value: Any) -> Any:
    """A value of a row in JSON form."""
    if value is None:
        return None
    return Decimal(str(value)) if attribute.type == "number" else value


def view_of(shape: Shape, fields: str | None, expand: str | None) -> View:
    """The view that `fields` and `expand` ask for; with both, `expand` is ignored (documented). Raises 400 for an unknown name."""
    if fields is not None:
        return _fields(shape, fields)
    return _expanded(shape, [name.strip() for name in (expand or "").split(",") if name.strip()])


def _expanded(shape: Shape, names: list[str]) -> View:
    if names == ["all"]:
        return View(parts={name: View() for name in shape.children})
    first: dict[str, list[str]] = {}
    for name in names:
        head, _, rest = name.partition(".")
        if head not in shape.children:
            raise bad(f"The child {name!r} of the parameter expand is not known for {shape.name}.", "JBO-25058", head)
        first.setdefault(head, []).extend([rest] if rest else [])
    return View(parts={head: _expanded(shape.children[head], rest) for head, rest in first.items()})


def _fields(shape: Shape, text: str) -> View:
    """`A,B;lines:LineNumber;lines.schedules:Quantity`; a part without a name belongs to the resource itself."""
    chosen: dict[str, frozenset[str]] = {"": frozenset()}
    for part in text.split(";"):
        path, colon, names = part.rpartition(":")
        of = shape if not colon else shape.descend(path.strip())
        wanted = frozenset(name.strip() for name in names.split(",") if name.strip())
        unknown = None if of is None else next((name for name in wanted if name not in of.attributes), None)
        if of is None or unknown:
            raise bad(f"The value {part!r} of the parameter fields is not valid.", "JBO-25058", unknown or "")
        chosen[path.strip()] = wanted
    return _chosen(shape, "", chosen)


def _chosen(shape: Shape, path: str, chosen: Mapping[str, frozenset[str]]) -> View:
    inner = {}
    for name, child in shape.children.items():
        below = f"{path}.{name}".lstrip(".")
        if any(other == below or other.startswith(f"{below}.") for other in chosen):
            inner[name] = _chosen(child, below, chosen)
    return View(chosen.get(path, frozenset()), inner)
