"""Makes a table of facts from an OpenAPI 3 document: its shapes and calls, without its descriptions for people.

What a table cannot express is refused by name, never left out silently: a table must catch what the document would have caught. Of an
exchange's media types the JSON one counts, otherwise the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from runtime.facts.table import PARAMETERS, Fact
from runtime.facts.words import LIMITS, without_prose, word_of

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_FIELDS = frozenset({"properties", "required"})
_SAID_BY_FACTS = _FIELDS | {"enum", "discriminator", *LIMITS}
Node = dict[str, Any]


def condensed(document: Node) -> list[Fact]:
    """The facts of a document, sorted by what they are about. Raises ValueError naming what is not OpenAPI 3 or cannot be expressed."""
    version = str(document.get("openapi", ""))
    if not version.startswith("3."):
        raise ValueError(f"not an OpenAPI 3 document: openapi is {version or 'missing'}")
    facts = [Fact("document", "openapi", version), Fact("document", "version", str(document["info"]["version"]))]
    for path, item in sorted(document["paths"].items()):
        for method in sorted(set(METHODS) & item.keys()):
            facts += _operation(f"{method.upper()} {path}", item, item[method], document)
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        facts += _typed(Fact(name, "shape"), schema)
    return facts


def _operation(of: str, item: Node, definition: Node, document: Node) -> Iterator[Fact]:
    tag = (definition.get("tags") or [of.split("/")[1]])[0]
    scopes = sorted({scope for entry in definition.get("security", []) for one in entry.values() for scope in one})
    more = (("tag", tag), *(("scope", scope) for scope in scopes))
    yield Fact(of, "operation", definition.get("operationId", ""), more=more)
    parameters = [_resolved(one, document) for one in (*item.get("parameters", []), *definition.get("parameters", []))]
    for one in sorted(parameters, key=lambda one: (PARAMETERS.index(one["in"]), one["name"])):
        yield from _typed(Fact(of, one["in"], one["name"], required=bool(one.get("required"))), one["schema"])
    if "requestBody" in definition:
        body = _resolved(definition["requestBody"], document)
        yield from _content(Fact(of, "request", required=bool(body.get("required"))), body)
    for status, answer in sorted(definition["responses"].items()):
        found = _resolved(answer, document)
        yield from _content(Fact(of, "answer", str(status)), found)
        for name, header in sorted(found.get("headers", {}).items()):
            yield from _typed(Fact(of, "header", f"{status}/{name}"), header["schema"])


def _content(fact: Fact, holder: Node) -> Iterator[Fact]:
    content: Node = holder.get("content", {})
    if not content:
        yield fact
        return
    media = next((kind for kind in content if "json" in kind), next(iter(content)))
    more = () if media == "application/json" else (("media", media),)
    yield from _typed(replace(fact, more=more), content[media]["schema"])


def _typed(fact: Fact, schema: Node) -> Iterator[Fact]:
    """The fact with its type, then one fact for each field that its schema names."""
    schema, own = without_prose(schema), {}
    if "allOf" in schema and "properties" not in schema and len(schema["allOf"]) > 1:  # its own fields are in the last part
        *others, own = schema["allOf"]
        schema = schema | {"allOf": [*others, _plain(own)]}
    own = without_prose(own) or schema
    try:
        word = word_of(_plain(schema))
    except ValueError as error:
        raise ValueError(f"{fact.of}, {fact.part} {fact.name}: {error}") from error
    yield replace(fact, type=word, enum=_values(fact, own), more=(*fact.more, *_limits(own)))
    yield from _fields(fact, own)


def _plain(schema: Node, left_out: frozenset[str] = _SAID_BY_FACTS) -> Node:
    """A schema without what facts express besides its type; for the rows of a list, that is only their fields."""
    plain = {key: value for key, value in schema.items() if key not in left_out}
    return plain | {"items": _plain(plain["items"], _FIELDS)} if "items" in plain else plain


def _limits(schema: Node) -> Iterator[tuple[str, str]]:
    if "discriminator" in schema:
        yield "discriminator", schema["discriminator"]["propertyName"]
    for key in LIMITS:
        if key in schema:
            yield key, schema[key] if key == "pattern" else f"{schema[key]:g}" if schema[key] < 1e6 else f"{schema[key]:.0f}"


def _values(fact: Fact, schema: Node) -> tuple[str, ...]:
    kind = int if schema.get("type") == "integer" else str
    values = [value for value in schema.get("enum", []) if value is not None]
    if not all(type(value) is kind and value != "" for value in values):
        raise ValueError(f"{fact.of}, {fact.part} {fact.name}: an enumeration of neither texts nor integers has no place here")
    return tuple(str(value) for value in values)


def _fields(fact: Fact, schema: Node) -> Iterator[Fact]:
    """The fields of an object that is written where it is used, or of the rows of such a list."""
    while "items" in schema:
        schema = schema["items"]
    path = {"shape": "", "request": "request/"}.get(fact.part, f"{fact.name}/")
    for name, field in schema.get("properties", {}).items():
        if "/" in name:
            raise ValueError(f"{fact.of}, {fact.part} {fact.name}: the name {name!r} has no place here")
        yield from _typed(Fact(fact.of, "field", path + name, required=name in schema.get("required", [])), field)


def _resolved(node: Node, document: Node) -> Node:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node
