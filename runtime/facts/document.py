"""Reads a table of facts as the OpenAPI document that it stands for: complete and valid, without prose."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

from runtime.facts.table import PARAMETERS, Fact, read
from runtime.facts.words import LIMITS, schema_of

Node = dict[str, Any]


def openapi_of(path: Path) -> Node:
    """The document of a table. Raises ValueError naming the file and the line, or the fact that has no parent."""
    try:
        facts = list(read(path.read_text(encoding="utf-8")))
        return document_of(path.stem, facts)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def document_of(title: str, facts: list[Fact]) -> Node:
    """The document of these facts with a title; shapes, operations and fields in their order."""
    about = {fact.part: fact.name for fact in facts if fact.of == "document"}
    if about.keys() != {"openapi", "version"}:
        raise ValueError("the facts of the document itself are openapi and version")
    version = about["openapi"]
    document: Node = {"openapi": version, "info": {"title": title, "version": about["version"]}, "paths": {}}
    schemas: Node = {}
    document["components"] = {"schemas": schemas}
    for of, group in groupby((fact for fact in facts if fact.of != "document"), key=lambda fact: fact.of):
        method, _, path = of.partition(" ")
        if path:
            document["paths"].setdefault(path, {})[method.lower()] = _operation(list(group), version)
        else:
            schemas[of] = _shape(list(group), version)
    return document


def _shape(facts: list[Fact], version: str) -> Node:
    top, *fields = facts
    schema = _schema(top, version)
    own = _own(schema)
    for fact in fields:
        if fact.part != "field":
            raise ValueError(f"{fact.of}: {fact.part} is not part of a shape")
        _add_field(own, fact.name.split("/"), fact, version)
    return schema


def _add_field(schema: Node, path: list[str], fact: Fact, version: str) -> None:
    while "items" in schema:
        schema = schema["items"]
    name, *rest = path
    if rest:
        _add_field(_found(schema.get("properties", {}), name, fact), rest, fact, version)
        return
    schema.setdefault("properties", {})[name] = _schema(fact, version)
    if fact.required:
        schema.setdefault("required", []).append(name)


def _found(holders: Node, name: str, fact: Fact) -> Node:
    found: Node | None = holders.get(name)
    if found is None:
        raise ValueError(f"{fact.of}: {fact.part} {fact.name} stands before what holds it")
    return found


def _operation(facts: list[Fact], version: str) -> Node:
    top, *others = facts
    found: Node = {
        "tags": [value for key, value in top.more if key == "tag"],
        "operationId": top.name,
        "parameters": [],
        "responses": {},
    }
    scopes = [value for key, value in top.more if key == "scope"]
    if scopes:
        found["security"] = [{"oauth": scopes}]
    bodies: Node = {}
    for fact in others:
        match fact.part:
            case "request":
                bodies["request"] = _schema(fact, version)
                found["requestBody"] = {"content": _content(fact, bodies["request"]), "required": fact.required}
            case "answer":
                bodies[fact.name] = _schema(fact, version)
                found["responses"][fact.name] = {"description": "", "content": _content(fact, bodies[fact.name])}
            case "header" if "/" in fact.name:
                status, _, name = fact.name.partition("/")
                _found(found["responses"], status, fact).setdefault("headers", {})[name] = {"schema": _schema(fact, version)}
            case "field":
                holder, *path = fact.name.split("/")
                _add_field(_found(bodies, holder, fact), path, fact, version)
            case place if place in PARAMETERS:
                found["parameters"].append(
                    {"name": fact.name, "in": place, "required": fact.required, "schema": _schema(fact, version)}
                )
            case _:
                raise ValueError(f"{fact.of}: {fact.part} is not part of an operation")
    return found


def _content(fact: Fact, schema: Node) -> Node:
    return {dict(fact.more).get("media", "application/json"): {"schema": schema}} if fact.type else {}


def _schema(fact: Fact, version: str) -> Node:
    schema = schema_of(fact.type, version) if fact.type else {}
    own, more = _own(schema), dict(fact.more)
    if fact.enum:
        own["enum"] = [int(value) for value in fact.enum] if own.get("type") == "integer" else list(fact.enum)
    if "discriminator" in more:
        own["discriminator"] = {"propertyName": more["discriminator"]}
    own.update((key, value if key == "pattern" else _number(value)) for key, value in more.items() if key in LIMITS)
    return schema


def _own(schema: Node) -> Node:
    """The part of a schema that contains its own fields and limits: the last of several."""
    own: Node = schema["allOf"][-1] if len(schema.get("allOf", ())) > 1 else schema
    return own


def _number(text: str) -> int | float:
    return float(text) if "." in text or "e" in text else int(text)
