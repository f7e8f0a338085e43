"""Types in one word, both ways: the word of a JSON Schema, and the schema of a word.

| word | what it stands for |
|---|---|
| `string`, `integer:int64`, `number:decimal`, `boolean` | a scalar, with the vendor's format |
| `Customer` | the shape of that name |
| `object`, `closed` | an object; `closed`: with the named fields only |
| `[T]`, `{T}` | a list of T; an object whose unnamed fields are T |
| `T?` | T or null |
| `T+object` | the fields of T and those named here |
| `any` | anything |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REF = "#/components/schemas/"
LIMITS = (
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "pattern",
)
PROSE = frozenset({"title", "description", "summary", "example", "examples", "default", "deprecated", "externalDocs", "xml"})
_SCALARS = frozenset({"string", "integer", "number", "boolean", "object"})
_CLOSED = {"type": "object", "additionalProperties": False}
Schema = Mapping[str, Any]


def without_prose(schema: Schema) -> dict[str, Any]:
    """A schema without its descriptions for people. Its parts still have theirs."""
    return {key: value for key, value in schema.items() if key not in PROSE and not key.startswith("x-")}


def word_of(schema: Schema) -> str:
    """The word of a schema that has neither limits, values nor fields of its own. Raises ValueError for one that no word expresses."""
    plain = without_prose(schema)
    kinds = plain.pop("type", None)
    is_nullable = bool(plain.pop("nullable", False)) or (isinstance(kinds, list) and "null" in kinds)
    kinds = [kind for kind in kinds if kind != "null"] if isinstance(kinds, list) else [kinds] if kinds else []
    word, can_be_null = _choice(plain) if {"oneOf", "anyOf"} & plain.keys() else (_single(kinds, plain), False)
    is_nullable |= can_be_null
    return f"{word}?" if is_nullable and word != "any" and not word.endswith("?") else word


def _choice(plain: dict[str, Any]) -> tuple[str, bool]:
    """The one alternative besides null that an `oneOf` or `anyOf` leaves. A type in addition to it says nothing more."""
    ((key, options), *others) = plain.items()
    alternatives = [option for option in options if option != {"type": "null"}]
    if others or len(alternatives) != 1:
        raise ValueError(
            f"no word for {key} of {len(alternatives)} types" if not others else f"no word for {key} with {others[0][0]}"
        )
    return word_of(alternatives[0]), len(alternatives) < len(options)


def _single(kinds: list[str], plain: dict[str, Any]) -> str:
    match kinds, plain:
        case [], {"$ref": str(ref)}:
            return _name(ref)
        case (([] | ["object"]), {"allOf": list(parts), **others}) if not others:
            return "+".join(word_of(part) for part in parts)
        case ["array"], {"items": dict(items), **others} if not others:
            return f"[{word_of(items)}]"
        case ["object"], {"additionalProperties": False, **others} if not others:
            return "closed"
        case ["object"], {"additionalProperties": dict(members), **others} if not others:
            return f"{{{word_of(members)}}}"
        case [], _ if not plain:
            return "any"
        case [kind], _ if kind in _SCALARS and plain.keys() <= {"format"}:
            return ":".join([kind, *plain.values()])
    raise ValueError(f"no word for {' or '.join(kinds) or 'a type'} with {', '.join(plain) or 'nothing'}")


def _name(ref: str) -> str:
    name = ref.removeprefix(REF)
    if name == ref or name in _SCALARS or name in ("any", "closed") or set(name) & set("[]{}?+:/ "):
        raise ValueError(f"no word for a reference to {ref}")
    return name


def schema_of(word: str, version: str) -> dict[str, Any]:
    """The schema of a word in a document of an OpenAPI version, because versions write null differently."""
    if word.endswith("?"):
        return _or_null(schema_of(word[:-1], version), version)
    if "+" in word:
        return {"allOf": [schema_of(part, version) for part in word.split("+")]}
    if word.startswith("["):
        return {"type": "array", "items": schema_of(word[1:-1], version)}
    if word.startswith("{"):
        return {"type": "object", "additionalProperties": schema_of(word[1:-1], version)}
    if word in ("any", "closed"):
        return dict(_CLOSED) if word == "closed" else {}
    kind, _, form = word.partition(":")
    if kind in _SCALARS:
        return {"type": kind, "format": form} if form else {"type": kind}
    return {"$ref": REF + word}


def _or_null(schema: dict[str, Any], version: str) -> dict[str, Any]:
    if version.startswith("3.0"):
        return ({"allOf": [schema]} if "$ref" in schema else schema) | {"nullable": True}
    return schema | {"type": [schema["type"], "null"]} if "type" in schema else {"oneOf": [schema, {"type": "null"}]}
