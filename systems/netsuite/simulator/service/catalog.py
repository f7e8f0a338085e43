"""The metadata catalog: the record types that the role can see, and the fields of each as OpenAPI or JSON Schema; and the limits of the account.

Source: `GET /record/v1/metadata-catalog[/{type}]` with `Accept: application/swagger+json` or `application/schema+json`, `select`;
`governanceLimits` is for administrators (assumed form). Left out: paths of the OpenAPI document.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from runtime.simulator.answers import json_answer
from systems.netsuite.simulator.answers import bad_header, missing, resource
from systems.netsuite.simulator.door.entrance import Door
from systems.netsuite.simulator.kinds import KINDS
from systems.netsuite.simulator.service.records import host_of
from systems.netsuite.simulator.service.view import RECORDS
from systems.netsuite.spec import Field, Shape, shapes

_CATALOG = f"{RECORDS}/metadata-catalog"
_SWAGGER, _SCHEMA = "application/swagger+json", "application/schema+json"
_TYPES = {"number": ("number", "double"), "integer": ("integer", "int64"), "boolean": ("boolean", "")}
_FORMATS = {"date": "date", "date-time": "date-time"}


def add_catalog(app: web.Application, door: Door) -> None:
    """Add the routes, before those of records, whose addresses they share."""

    def names() -> list[str]:
        return [name for name in KINDS if name in shapes() and not door.is_denied(name)]

    async def whole(request: web.Request) -> web.Response:
        chosen = [name for name in request.query.get("select", "").split(",") if name] or names()
        for name in chosen:
            if name not in names():
                raise missing("metadata-catalog", name)
        if _SWAGGER in request.headers.get("Accept", ""):
            return _swagger(chosen)
        items = [{"name": name, "links": [{"rel": "canonical", "href": f"{host_of(request)}{_CATALOG}/{name}"}]} for name in chosen]
        return resource({"items": items, "links": []}, "collection")

    async def one(request: web.Request) -> web.Response:
        name = request.match_info["type"]
        if name not in names():
            raise missing("metadata-catalog", name)
        accept = request.headers.get("Accept", "")
        if _SWAGGER in accept:
            return _swagger([name])
        if _SCHEMA in accept or accept in ("", "*/*"):
            return json_answer(_schema(shapes()[name]))
        raise bad_header(f"The header Accept {accept} is not supported here.", "Accept")

    async def limits(_: web.Request) -> web.Response:
        settings = door.account.settings
        told = {"accountConcurrencyLimit": settings.concurrent_requests, "limitType": "accountSpecific"}
        return json_answer(told | {"accountUnallocatedConcurrencyLimit": settings.concurrent_requests})

    app.router.add_get(_CATALOG, door.guarded("GET /metadata-catalog", whole))
    app.router.add_get(_CATALOG + "/{type}", door.guarded("GET /metadata-catalog/{type}", one))
    app.router.add_get("/services/rest/system/v1/governanceLimits", door.guarded("GET /governanceLimits", limits))


def _swagger(names: list[str]) -> web.Response:
    schemas = {name: _schema(shapes()[name]) for name in names}
    info = {"title": "NetSuite REST Record API", "version": "v1"}
    return json_answer({"openapi": "3.0.1", "info": info, "paths": {}, "components": {"schemas": schemas}})


def _schema(shape: Shape) -> dict[str, Any]:
    properties = {name: _property(known) for name, known in shape.fields.items()}
    for name, part in shape.parts.items():
        inner = _schema(part)
        whole = {"type": "object", "properties": {"items": {"type": "array", "items": inner}}}
        properties[name] = inner if name == "addressBookAddress" else whole
    return {"type": "object", "properties": properties}


def _property(known: Field) -> dict[str, Any]:
    if known.kind in ("ref", "refs", "enum"):
        told: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}, "refName": {"type": "string"}}}
        if known.values:
            told["properties"]["id"]["enum"] = list(known.values)
    else:
        kind, form = _TYPES.get(known.kind, ("string", _FORMATS.get(known.kind, "")))
        told = {"type": kind} | ({"format": form} if form else {})
    return told | {"title": known.name, "nullable": True} | ({"readOnly": True} if known.is_read_only else {})
