"""Compares exchanges with the facts of the record service; for tests.

The vendor's metadata catalog is made per account and is not published. The document is therefore made from `records.tsv`: it describes a record, a
list and a refusal, with no further members allowed. The account checks the names in a request (X-NetSuite-PropertyNameValidation). SuiteQL and the
token endpoint lie outside the record service, and no document describes them.
"""

from __future__ import annotations

from typing import Any

from runtime.simulator.openapi import Reading, Validator
from systems.netsuite.spec import Field, Shape, shapes

READING = Reading(base="/services/rest/record/v1", extras=frozenset({"links"}))
_ITEMS = ("serviceResaleItem", "nonInventoryResaleItem", "inventoryItem", "otherChargeResaleItem", "discountItem")
_TEXT: dict[str, Any] = {"type": "string"}
_NAMED = {"id": _TEXT, "refName": _TEXT, "externalId": _TEXT}
_FORMATS = {"date": {"type": "string", "format": "date"}, "date-time": {"type": "string", "format": "date-time"}}
_COUNTED = {
    "count": {"type": "integer"},
    "hasMore": {"type": "boolean"},
    "offset": {"type": "integer"},
    "totalResults": {"type": "integer"},
}


def validators() -> list[Validator]:
    """The validator of the record service, as a list of one. Make it once per test session, because it compiles each operation once."""
    paths: dict[str, Any] = {}
    for name, shape in shapes().items():
        for service in _ITEMS if name == "item" else (name,):
            paths |= _paths(service, shape)
    document = {"openapi": "3.0.1", "paths": paths, "components": {"schemas": {}}}
    return [Validator(document, READING)]


def _paths(service: str, shape: Shape) -> dict[str, Any]:
    one, part = _object({name: _value(known) for name, known in shape.fields.items()} | _parts(shape)), {"type": "object"}
    listed = _object(_COUNTED | {"items": {"type": "array", "items": _object({"id": _TEXT})}})
    return {
        f"/{service}": {"get": _answered(listed, "q", "limit", "offset"), "post": _written()},
        f"/{service}/{{key}}": {
            "get": _answered(one, "fields", "expandSubResources", "simpleEnumFormat"),
            "patch": _written("replace"),
            "put": _written("replace"),
            "delete": _written(),
        },
        f"/{service}/{{key}}/!transform/{{target}}": {"post": _written("replace")},
        f"/{service}/{{key}}/{{sublist}}": {"get": _answered(part)},
        f"/{service}/{{key}}/{{sublist}}/{{line}}": {"get": _answered(part)},
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _parts(shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in shape.parts.items():
        line = _object({field: _value(known) for field, known in part.fields.items()} | _parts(part))
        found[name] = line if name.endswith("Address") else _object(_COUNTED | {"items": {"type": "array", "items": line}})
    return found


def _value(known: Field) -> dict[str, Any]:
    if known.kind == "enum":
        named = _object({"id": {"type": "string", "enum": list(known.values)}, "refName": _TEXT})
        return {"anyOf": [named, {"type": "string", "enum": list(known.values)}]}
    if known.kind == "ref":
        return _object(_NAMED)
    if known.kind == "refs":
        return _object(_COUNTED | {"items": {"type": "array", "items": _object(_NAMED)}})
    return _FORMATS.get(known.kind, {"type": known.kind})


def _answered(schema: dict[str, Any], *options: str) -> dict[str, Any]:
    parameters = [{"name": name, "in": "query", "schema": _TEXT} for name in options]
    told = {"200": {"content": {"application/json": {"schema": schema}}}}
    return {"parameters": parameters, "responses": told | _refusals()}


def _written(*options: str) -> dict[str, Any]:
    parameters = [{"name": name, "in": "query", "schema": _TEXT} for name in options]
    body = {"content": {"application/json": {"schema": {"type": "object"}}}}
    told: dict[str, Any] = {"204": {}, "202": {}}
    return {"parameters": parameters, "requestBody": body, "responses": told | _refusals()}


def _refusals() -> dict[str, Any]:
    where = {f"o:error{name}": _TEXT for name in ("Code", "Path", "QueryParam", "Header", "Url")}
    detail = _object({"detail": _TEXT} | where) | {"required": ["detail", "o:errorCode"]}
    members = {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "o:errorDetails": {"type": "array", "items": detail}}
    schema = _object(members) | {"required": list(members)}
    answer = {"content": {"application/json": {"schema": schema}}}
    return {"4XX": answer, "5XX": answer}
