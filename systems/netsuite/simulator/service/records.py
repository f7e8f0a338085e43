"""The routes of the record service: `/services/rest/record/v1/<type>`.

Vendor operations (REST API Browser, help pages): list with `q`, `limit` (1 to 1000), `offset` (a multiple of it); read by id or `eid:`;
create (204 with Location), update by PATCH, upsert by `PUT eid:`, delete, `!transform`, sublists. Assumed and stricter: a query parameter
that is not known is refused; an upsert whose body names another external id is refused; a list is in the order of ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from runtime.simulator.answers import read_json
from systems.netsuite.simulator.account import Account, Row
from systems.netsuite.simulator.answers import MEDIA, bad_header, bad_parameter, invalid, made, missing, refuse, resource
from systems.netsuite.simulator.door.entrance import Door, lacking
from systems.netsuite.simulator.kinds import ITEM_TYPES, KINDS
from systems.netsuite.simulator.rules import entry
from systems.netsuite.simulator.rules.work import Work
from systems.netsuite.simulator.service.body import Reading
from systems.netsuite.simulator.service.search import condition
from systems.netsuite.simulator.service.transforms import TARGETS, transformed
from systems.netsuite.simulator.service.view import RECORDS, View, address, shown, sublist
from systems.netsuite.spec import shapes

_EXTERNAL = re.compile(r"[A-Za-z0-9_-]{1,255}")
_PAGE = 1000


@dataclass(frozen=True)
class Asked:
    """The records that a request is about: the type in the address, the type that holds it, and for items the sort."""

    name: str
    kind: str
    item_type: str = ""


class RecordRoutes:
    """The handlers, as functions of a request; `Records.add` puts them behind the door."""

    def __init__(self, account: Account, door: Door) -> None:
        self._account, self._door = account, door

    async def list(self, request: web.Request) -> web.Response:
        """`GET /{type}`: only ids and links."""
        asked = self._asked(request, "")
        _refuse_unknown(request, "q", "limit", "offset")
        limit, offset = page_of(request)
        rows = [row for row in self._account.rows(asked.kind) if not asked.item_type or row["itemType"] == asked.item_type]
        if request.query.get("q"):
            matches = condition(request.query["q"], shapes()[asked.kind], self._account.settings)
            rows = [row for row in rows if matches(row)]
        host = host_of(request)
        items = [{"links": [_self(address(host, row))], "id": row["id"]} for row in rows[offset : offset + limit]]
        return resource(envelope(request, items, offset, len(rows)), "collection")

    async def read(self, request: web.Request) -> web.Response:
        """`GET /{type}/{id}`."""
        asked = self._asked(request, "")
        _refuse_unknown(request, "expandSubResources", "simpleEnumFormat", "fields")
        row = self._named(request, asked)
        return resource(shown(self._account, row, _view(request), self._account.open_of))

    async def part(self, request: web.Request) -> web.Response:
        """`GET /{type}/{id}/{sublist}` and one line of it."""
        asked = self._asked(request, "")
        _refuse_unknown(request)
        row, name = self._named(request, asked), request.match_info["sublist"]
        if name not in shapes()[asked.kind].parts:
            raise missing(asked.kind, name)
        lines = sublist(self._account, row, name, View(host_of(request)))
        if "line" not in request.match_info:
            return resource(envelope(request, lines, 0, len(lines)), "collection")
        wanted = f"/{request.match_info['line']}"
        found = next((line for line in lines if line["links"][0]["href"].endswith(wanted)), None)
        if found is None:
            raise missing(f"{asked.kind}/{name}", request.match_info["line"])
        return resource(found)

    async def create(self, request: web.Request) -> web.Response:
        """`POST /{type}`."""
        asked = self._asked(request, "edit")
        _refuse_unknown(request)
        _refuse_preview(request)
        return self._saved(request, await body_of(request), ({"_kind": asked.kind}, None))

    async def update(self, request: web.Request) -> web.Response:
        """`PATCH /{type}/{id}`."""
        asked = self._asked(request, "edit")
        _refuse_unknown(request, "replace")
        _refuse_preview(request)
        body = await body_of(request)  # read first, so that nobody changes the record between reading and saving it
        row = self._named(request, asked)
        return self._saved(request, body, (row, row))

    async def upsert(self, request: web.Request) -> web.Response:
        """`PUT /{type}/eid:{externalId}`; by an internal id it is refused."""
        asked = self._asked(request, "edit")
        _refuse_unknown(request, "replace")
        external = _external(request.match_info["key"])
        if external is None:
            raise refuse(405, "INVALID_METHOD", "PUT takes an external id: eid:{externalId}.")
        body = await body_of(request)
        held = self._account.by_external(asked.kind, external)
        return self._saved(request, body, (held or {"_kind": asked.kind, "externalId": external}, held))

    async def delete(self, request: web.Request) -> web.Response:
        """`DELETE /{type}/{id}`."""
        asked = self._asked(request, "edit")
        entry.delete(self._account, self._named(request, asked), request_id=_request_id(request))
        return web.Response(status=204)

    async def transform(self, request: web.Request) -> web.Response:
        """`POST /{type}/{id}/!transform/{target}`."""
        asked, target = self._asked(request, ""), request.match_info["target"]
        if target not in TARGETS.get(asked.kind, ()):
            raise refuse(400, "INVALID_CONTENT", f"The record {asked.kind} cannot be transformed into {target}.")
        self._permit(target, "edit")
        _refuse_unknown(request, "replace")
        body = await body_of(request)
        source, reading = self._named(request, asked), self._reading(request)
        row = transformed(reading, source, target, body)
        saved = entry.save(Work(self._account, row, None), _request_id(request))
        return made(address(host_of(request), saved), _warned(reading))

    def _saved(self, request: web.Request, body: Any, rows: tuple[Row, Row | None]) -> web.Response:
        """Save the first row with the body; the second is the existing record, None if it is new."""
        reading, (begun, before) = self._reading(request), rows
        row = reading.row(shapes()[begun["_kind"]], body, begun)
        if before is None and begun.get("externalId") and row.get("externalId") != begun["externalId"]:
            raise invalid("The external id of the body is not that of the address.", "externalId")
        saved = entry.save(Work(self._account, row, before), _request_id(request))
        return made(address(host_of(request), saved), _warned(reading))

    def _reading(self, request: web.Request) -> Reading:
        names = request.headers.get("X-NetSuite-PropertyNameValidation", "Warning").capitalize()
        if names not in ("Error", "Warning", "Ignore"):
            raise bad_header(f"The value {names} is none of Error, Warning, Ignore.", "X-NetSuite-PropertyNameValidation")
        replaced = frozenset(filter(None, request.query.get("replace", "").split(",")))
        return Reading(self._account, names, replaced)

    def _asked(self, request: web.Request, level: str) -> Asked:
        name = request.match_info["type"]
        if name in ITEM_TYPES:
            asked = Asked(name, "item", ITEM_TYPES[name])
        elif name in KINDS and name != "item":
            asked = Asked(name, name)
        else:
            raise refuse(404, "NONEXISTENT_ID", f"Record type '{name}' does not exist.")
        self._permit(asked.kind, level)
        return asked

    def _permit(self, kind: str, level: str) -> None:
        if self._door.is_denied(kind, level) or (level and not KINDS[kind].is_written):
            raise lacking(f"{kind} ({level or 'view'})")

    def _named(self, request: web.Request, asked: Asked) -> Row:
        key = request.match_info["key"]
        external = _external(key)
        row = self._account.get(asked.kind, key) if external is None else self._account.by_external(asked.kind, external)
        if row is None or (asked.item_type and row["itemType"] != asked.item_type):
            raise missing(asked.name, key)
        return row


def _external(key: str) -> str | None:
    """The external id of `eid:X`, None for an internal id; refused if it has characters other than letters, digits, `_` and `-`."""
    if not key.startswith("eid:"):
        return None
    if not _EXTERNAL.fullmatch(key[4:]):
        raise bad_parameter(f"The external id {key[4:]!r} has characters that are not allowed in an address.")
    return key[4:]


def page_of(request: web.Request) -> tuple[int, int]:
    """`limit` and `offset` of a list."""
    limit, offset = (_count(request, name, default) for name, default in (("limit", _PAGE), ("offset", 0)))
    if not 1 <= limit <= _PAGE:
        raise bad_parameter(f"The limit {limit} is not between 1 and {_PAGE}.", "limit")
    if offset % limit:
        raise bad_parameter(f"The offset {offset} is not divisible by the limit {limit}.", "offset")
    return limit, offset


def _count(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise bad_parameter(f"The value '{text}' is not valid for the parameter {name}.", name)
    return int(text)


def envelope(request: web.Request, items: list[Any], offset: int, total: int) -> dict[str, Any]:
    """A collection with the links to the pages around it."""
    limit = int(request.query.get("limit", _PAGE))
    more = offset + len(items) < total and bool(items)
    links = [_self(_page(request, offset)) if "offset" in request.query else _self(f"{host_of(request)}{request.path}")]
    if offset:
        links += [{"rel": "first", "href": _page(request, 0)}, {"rel": "prev", "href": _page(request, max(offset - limit, 0))}]
    if more:
        last = (total - 1) // limit * limit
        links += [{"rel": "next", "href": _page(request, offset + limit)}, {"rel": "last", "href": _page(request, last)}]
    return {"links": links, "count": len(items), "hasMore": more, "items": items, "offset": offset, "totalResults": total}


def _page(request: web.Request, offset: int) -> str:
    query = dict(request.query) | {"limit": request.query.get("limit", str(_PAGE)), "offset": str(offset)}
    return str(request.url.origin().with_path(request.path).with_query(query))


def _self(href: str) -> dict[str, str]:
    return {"rel": "self", "href": href}


def host_of(request: web.Request) -> str:
    """The address of the account, as the client wrote it."""
    return f"{request.scheme}://{request.host}"


def _refuse_preview(request: web.Request) -> None:
    """Refuse Accept headers that ask for a form or for field options, which save nothing."""
    asked = request.headers.get("Accept", "").replace(" ", "")
    if any(f"type={kind}" in asked for kind in ("select-options", "create-form", "edit-form")):
        raise bad_header("Forms and the options of their fields are not shown by this simulator.", "Accept")


async def body_of(request: web.Request) -> Any:
    """The body of a write; an empty one is an empty object."""
    raw = await request.read()
    if raw and request.content_type not in ("application/json", MEDIA):
        raise refuse(415, "INVALID_HEADER", f"The content type {request.content_type} is not supported.", header="Content-Type")
    try:
        return read_json(raw) if raw.strip() else {}
    except (ValueError, UnicodeDecodeError) as error:
        raise invalid(f"The request body is no valid JSON: {error}") from error


def _view(request: web.Request) -> View:
    fields = tuple(filter(None, request.query.get("fields", "").split(",")))
    return View(host_of(request), _flag(request, "expandSubResources"), _flag(request, "simpleEnumFormat"), fields)


def _flag(request: web.Request, name: str) -> bool:
    text = request.query.get(name, "false")
    if text not in ("true", "false"):
        raise bad_parameter(f"The value '{text}' is not valid for the parameter {name}.", name)
    return text == "true"


def _refuse_unknown(request: web.Request, *known: str) -> None:
    for name in request.query:
        if name not in known or len(request.query.getall(name)) > 1:
            raise bad_parameter(f"The query parameter '{name}' is not supported here.", name)


def _warned(reading: Reading) -> dict[str, str]:
    unknown = ", ".join(reading.warnings)
    return {"X-NetSuite-Warnings": f"Unknown properties: {unknown}"[:900]} if unknown and reading.names == "Warning" else {}


def _request_id(request: web.Request) -> str:
    return request.headers.get("X-Request-Id", "")


def add_records(app: web.Application, door: Door, wrap: Any) -> None:
    """Add the routes. `wrap` lets a handler answer later if the client prefers that."""
    routes = RecordRoutes(door.account, door)
    one, transform = "{type}/{key}", "{type}/{key}/!transform/{target}"
    table = [
        ("GET", "{type}", routes.list),
        ("POST", "{type}", routes.create),
        ("GET", one, routes.read),
        ("PATCH", one, routes.update),
        ("PUT", one, routes.upsert),
        ("DELETE", one, routes.delete),
        ("POST", transform, routes.transform),
        ("GET", one + "/{sublist}", routes.part),
        ("GET", one + "/{sublist}/{line}", routes.part),
    ]
    for method, path, inner in table:
        template = f"{RECORDS}/{path}"
        handler = inner if method == "GET" else wrap(inner)
        app.router.add_route(method, template, door.guarded(f"{method} /{path}", handler))
