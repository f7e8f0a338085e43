"""Compares exchanges with the attributes; for tests.

The vendor's OpenAPI documents are not stored, so a document is made from `attributes.tsv`: each resource with its collection, its rows and its
children, with no further members allowed, and the framework's query options. Answers of 400 and above are not described, because their form depends
on version and Accept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from runtime.simulator.openapi import Exchange, Reading, Validator
from systems.oracle_fusion.spec import Attribute, attributes

READING = Reading(base="/fscmRestApi/resources/11.13.18.05", extras=frozenset({"links"}))
_OPTIONS = ("q", "finder", "fields", "expand", "onlyData", "orderBy", "totalResults", "effectiveDate", "dependency", "links")
_TYPES = {"date": {"type": "string", "format": "date"}, "date-time": {"type": "string", "format": "date-time"}}
_RESULT = {"type": "object", "properties": {"result": {"type": "string"}}, "required": ["result"]}
"""The answer of an action."""


@dataclass(frozen=True)
class Described:
    """A validator that judges only answers that are neither refusals nor sign-in pages."""

    inner: Validator

    @property
    def uncovered(self) -> Counter[str]:
        """What the document does not describe."""
        return self.inner.uncovered

    @property
    def reading(self) -> Reading:
        """How the document has to be read."""
        return self.inner.reading

    def problems(self, exchange: Exchange) -> list[str]:
        """See `Validator.problems`."""
        is_a_page = exchange.response_body.startswith(b"<")  # the sign-in page
        return [] if exchange.status >= 300 or is_a_page else self.inner.problems(exchange)


def validator() -> Any:
    """A validator of every resource. Make one per test session, because it compiles each operation once."""
    return Described(Validator(openapi(), READING))


def openapi() -> dict[str, Any]:
    """The OpenAPI document that is made from the attributes."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for path in attributes():
        schemas[_row(path)] = _schema(path)
        schemas[_page(path)] = _collection(path)
        if "." not in path:
            paths[f"/{path}"] = {"get": _read(_page(path), _OPTIONS), "post": _write(path, "201")}
            paths[f"/{path}/{{key}}"] = {"get": _read(_row(path), _OPTIONS), "patch": _write(path, "200"), "delete": _deleted()}
            paths[f"/{path}/{{key}}/action/{{name}}"] = {"post": {"responses": {"200": _content(_RESULT)}}}
            paths[f"/{path}/describe"] = {"get": {"responses": {"200": _content({})}}}
        else:
            first, *rest = path.split(".")
            address = f"/{first}/{{key}}" + "".join(f"/child/{name}/{{key{place}}}" for place, name in enumerate(rest))
            listed = address.rpartition("/")[0]
            paths[listed] = {"get": _read(_page(path), _OPTIONS), "post": _write(path, "201")}
            paths[address] = {"get": _read(_row(path), _OPTIONS)}
    return {"openapi": "3.0.1", "paths": paths, "components": {"schemas": schemas}}


def _row(path: str) -> str:
    return f"Row_{path.replace('.', '_in_')}"


def _page(path: str) -> str:
    return f"Page_{path.replace('.', '_in_')}"


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(path: str) -> dict[str, Any]:
    known = attributes()
    depth = path.count(".") + 1
    inner = [other for other in known if other.startswith(path + ".") and other.count(".") == depth]
    members = {name: _typed(attribute) for name, attribute in known[path].items()}
    for other in inner:
        array = {"type": "array", "items": _ref(_row(other))}
        members[other.rpartition(".")[2]] = {"anyOf": [array, _ref(_page(other))]}
    return {"type": "object", "properties": members}


def _typed(attribute: Attribute) -> dict[str, Any]:
    return {"nullable": True} | _TYPES.get(attribute.type, {"type": attribute.type})


def _collection(path: str) -> dict[str, Any]:
    members: dict[str, Any] = {"items": {"type": "array", "items": _ref(_row(path))}}
    members |= {name: {"type": "integer"} for name in ("count", "limit", "offset", "totalResults")}
    required = ["items", "count", "hasMore", "limit", "offset"]
    return {"type": "object", "properties": members | {"hasMore": {"type": "boolean"}}, "required": required}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _read(schema: str, options: tuple[str, ...]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in options]
    parameters += [{"name": name, "in": "query", "schema": {"type": "integer"}} for name in ("limit", "offset")]
    return {"parameters": parameters, "responses": {"200": _content(_ref(schema))}}


def _write(path: str, status: str) -> dict[str, Any]:
    row = _ref(_row(path))
    wrapped = {"type": "object", "properties": {"items": {"type": "array", "items": row}}, "required": ["items"]}
    answered = {"anyOf": [row, wrapped]}
    return {"requestBody": _content({}), "responses": {status: _content(answered)}}


def _deleted() -> dict[str, Any]:
    return {"responses": {"204": {}}}
