"""Checks every exchange of client and simulator against an OpenAPI document: the one that the table of facts of the vendor's document
stands for.

A `Validator` compiles the schemas of an operation when they are first needed (fastjsonschema: the schema becomes Python code) and keeps
them, so that it is fast enough for every test. It is stricter than the documents: a member that a schema does not name is a problem, unless
it is one of `Reading.extras`. An exchange that a document does not describe is counted in `uncovered`, never silently passed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fastjsonschema
import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

_REF = "#/components/schemas/"
_METHODS = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
Check = Callable[[Any], Any]


@dataclass(frozen=True)
class Reading:
    """How a document is to be read.

    `base` is a prefix of the exchanges' paths that the document's paths lack. `spanning` names path parameters that may contain slashes.
    `extras` are member names that the vendor sends although the document does not name them. `is_closed` refuses all other unnamed members.
    """

    base: str = ""
    spanning: frozenset[str] = frozenset()
    extras: frozenset[str] = frozenset()
    is_closed: bool = True


@dataclass(frozen=True)
class Exchange:
    """One request and its answer: `path` without query, bodies as they went over the wire, empty if there was none."""

    method: str
    path: str
    query: Mapping[str, str]
    request_body: bytes
    status: int
    response_body: bytes


@dataclass(frozen=True)
class _Operation:
    name: str
    definition: dict[str, Any]
    parameters: list[dict[str, Any]]


class Validator:
    """Finds the problems of an exchange according to one OpenAPI 3.0 document."""

    def __init__(self, spec: dict[str, Any], reading: Reading | None = None) -> None:
        self.reading = reading or Reading()
        self.uncovered: Counter[str] = Counter()
        self._spec = spec
        self._routes = self._compiled_routes()
        self._checks: dict[str, Check | None] = {}
        self._operation_of: dict[tuple[str, str], _Operation | None] = {}

    def problems(self, exchange: Exchange) -> list[str]:
        """What contradicts the document, in words; empty if nothing does or if the document does not describe the path."""
        operation = self._operation(exchange.method.lower(), exchange.path)
        if operation is None:
            self.uncovered[f"{exchange.method} {exchange.path}"] += 1
            return []
        found: list[str] = []
        if exchange.status < 400:  # the body of a refused request may be wrong in any way
            found += self._query_problems(operation, exchange.query)
            found += self._body_problems(operation, "request", operation.definition.get("requestBody", {}), exchange.request_body)
        answer = self._response(operation, exchange.status)
        if answer is None:
            self.uncovered[f"{operation.name} -> {exchange.status}"] += 1
            return found
        return found + self._body_problems(operation, f"response {exchange.status}", answer, exchange.response_body)

    def _operation(self, method: str, path: str) -> _Operation | None:
        key = (method, path)
        if key not in self._operation_of:
            if len(self._operation_of) > 20_000:
                self._operation_of.clear()
            self._operation_of[key] = self._found(method, path)
        return self._operation_of[key]

    def _found(self, method: str, path: str) -> _Operation | None:
        if not path.startswith(self.reading.base):
            return None
        rest = path[len(self.reading.base) :]
        for pattern, template, item in self._routes:
            if method in item and pattern.fullmatch(rest):
                parameters = [self._resolved(p) for p in item.get("parameters", []) + item[method].get("parameters", [])]
                return _Operation(f"{method.upper()} {template}", item[method], parameters)
        return None

    def _compiled_routes(self) -> list[tuple[re.Pattern[str], str, dict[str, Any]]]:
        templates = sorted(self._spec["paths"], key=lambda template: (template.count("{"), -len(template)))
        return [(re.compile(self._pattern(template)), template, self._spec["paths"][template]) for template in templates]

    def _pattern(self, template: str) -> str:
        parts = re.split(r"\{(\w+)\}", template)
        named = [".+" if name in self.reading.spanning else "[^/]+" for name in parts[1::2]]
        literal = [re.escape(part) for part in parts[::2]]
        return literal[0] + "".join(pattern + text for pattern, text in zip(named, literal[1:], strict=True))

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = self._spec
            for step in node["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            node = found
        return node

    def _query_problems(self, operation: _Operation, query: Mapping[str, str]) -> Iterable[str]:
        known = {parameter["name"]: parameter for parameter in operation.parameters if parameter["in"] == "query"}
        for name, value in query.items():
            if name not in known:
                yield f"{operation.name}: the query option {name!r} is not in the document"
            elif known[name].get("schema", {}).get("type") == "integer" and not re.fullmatch(r"-?\d+", value):
                yield f"{operation.name}: the query option {name!r} is not an integer: {value!r}"
        for name, parameter in known.items():
            if parameter.get("required") and name not in query:
                yield f"{operation.name}: the query option {name!r} is missing"

    def _response(self, operation: _Operation, status: int) -> dict[str, Any] | None:
        responses = operation.definition.get("responses", {})
        named = next((name for name in (str(status), f"{status // 100}XX", "default") if name in responses), None)
        return None if named is None else self._resolved(responses[named])

    def _body_problems(self, operation: _Operation, side: str, holder: dict[str, Any], body: bytes) -> list[str]:
        content = self._resolved(holder).get("content", {})
        media: dict[str, Any] = next((content[kind] for kind in content if "json" in kind), {})
        where = f"{operation.name} {side}"
        if "schema" not in media:
            return [f"{where}: a body where the document has none"] if body and not content and side != "request" else []
        if not body:
            return [f"{where}: no body"] if side != "request" or self._resolved(holder).get("required") else []
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return [f"{where}: not JSON: {error}"]
        return self._schema_problems(where, media["schema"], value)

    def _schema_problems(self, where: str, schema: dict[str, Any], value: Any) -> list[str]:
        if where not in self._checks:
            self._checks[where] = self._compiled(schema)
        check = self._checks[where]
        try:
            if check is not None:
                check(value)
        except fastjsonschema.JsonSchemaValueException as error:
            return [f"{where}: {error.message}"]
        return []

    def _compiled(self, schema: dict[str, Any]) -> Check:
        converted = _converted(schema, self.reading, self._spec["components"]["schemas"])
        whole = converted | {"definitions": self._definitions}
        check: Check = fastjsonschema.compile(whole, use_default=False, formats=_FORMATS)
        return check

    @cached_property
    def _definitions(self) -> dict[str, Any]:
        schemas = self._spec["components"]["schemas"]
        return {name: _converted(schema, self.reading, schemas) for name, schema in schemas.items()}


def watch(app: web.Application, validator: Validator) -> list[str]:
    """Check every exchange of a simulator that is not served yet against its document. Returns a list that fills with the problems.

    The check sits inside the faults, so that it sees the simulator's own answers and not what a planned fault makes of them.
    """
    found: list[str] = []

    @web.middleware
    async def watched(request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        answer = await handler(request)
        if not request.path.startswith("/__sim__/"):
            sent = bytes(getattr(answer, "body", None) or b"")
            found.extend(validator.problems(Exchange(request.method, request.path, request.query, body, answer.status, sent)))
        return answer

    app.middlewares.append(watched)
    return found


def _converted(schema: Any, reading: Reading, schemas: dict[str, Any]) -> Any:
    """JSON Schema draft 7 of an OpenAPI 3.0 schema: `nullable`, `$ref`, and an `allOf` of objects as one closed object."""
    if isinstance(schema, list):
        return [_converted(item, reading, schemas) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace(_REF, "#/definitions/")}
    merged = _merged(schema, schemas)
    found = {key: _converted(value, reading, schemas) for key, value in merged.items() if key in _KEPT}
    if "properties" in merged:
        members = {name: _converted(value, reading, schemas) for name, value in merged["properties"].items()}
        found["properties"] = {name: {} for name in reading.extras} | members
        if reading.is_closed:
            found.setdefault("additionalProperties", False)
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") else found


def _merged(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """An `allOf` of objects as one object, so that it can be closed; any other schema as it is."""
    if "allOf" not in schema:
        return schema
    merged: dict[str, Any] = {"type": "object", "properties": dict(schema.get("properties", {})), "required": []}
    for part in schema["allOf"]:
        resolved = _merged(schemas[part["$ref"].removeprefix(_REF)] if "$ref" in part else part, schemas)
        merged["properties"] |= resolved.get("properties", {})
        merged["required"] += resolved.get("required", [])
    if not merged["required"]:
        del merged["required"]
    return merged


_LIMITS = frozenset({"minimum", "maximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems"})
_KEPT = frozenset({"type", "enum", "format", "items", "required", "additionalProperties", "oneOf", "anyOf", "pattern"}) | _LIMITS
_FORMATS: dict[str, str | Callable[[str], bool]] = {
    "uuid": r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z",
    "date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\Z",
    "uri": r"^\S+\Z",  # vendors send addresses relative to their host, too
    "date": r"^\d{4}-\d\d-\d\d\Z",
}
