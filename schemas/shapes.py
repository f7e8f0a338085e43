"""From the record files to Avro: one YAML file per record, with field types in a short notation of our own.

    record: ArInvoice            the Avro name; its namespace comes from the folder (3_command -> ml_connector.command)
    doc: what it is
    include: [command_envelope]  field lists of `parts/` that come first
    fields:
      amount: {type: money, doc: ..., default: ...}

Types: string, boolean, int, long, bytes; money = decimal(19,4); quantity = decimal(19,6); instant = timestamp-micros; date; `X?` =
optional, null by default; `list:X` and `map:X` (empty by default), where X may be a record of `parts/`. A field that `may_be_left_out` gets
its default if a writer leaves it out. A new kind of posting is one new file; nothing else has to change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

# The C reader of the same safe subset is eight times as fast, which saves a second at the start of every process.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

NAMESPACE = "ml_connector"
_SIMPLE: dict[str, Any] = {
    "string": "string",
    "boolean": "boolean",
    "int": "int",
    "long": "long",
    "bytes": "bytes",
    "money": {"type": "bytes", "logicalType": "decimal", "precision": 19, "scale": 4},
    "quantity": {"type": "bytes", "logicalType": "decimal", "precision": 19, "scale": 6},
    "instant": {"type": "long", "logicalType": "timestamp-micros"},
    "date": {"type": "int", "logicalType": "date"},
}
_STEP = re.compile(r"^(\d)_([a-z]+)$")


class UnknownType(ValueError):
    """A record file uses a type that is not in the list above."""


@cache
def record_sources() -> dict[str, dict[str, Any]]:
    """Every record as written: `step.file` (`command.ar_invoice`) -> the parsed file, with its `step` added."""
    return dict(_sources(files(__package__)))


def _sources(root: Traversable) -> Iterator[tuple[str, dict[str, Any]]]:
    for folder in sorted(root.iterdir(), key=lambda entry: entry.name):
        found = _STEP.match(folder.name)
        if not found or not folder.is_dir():
            continue
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".yaml"):
                source = yaml.load(entry.read_text(), _LOADER)  # noqa: S506 - a safe loader
                yield f"{found[2]}.{entry.name.removesuffix('.yaml')}", {**source, "step": found[2]}


@cache
def part(name: str) -> dict[str, Any]:
    """A file of `parts/`: a field list to include, or a nested record."""
    source = yaml.load((files(__package__) / "parts" / f"{name}.yaml").read_text(), _LOADER)  # noqa: S506 - a safe loader
    if not isinstance(source, dict):
        raise UnknownType(f"parts/{name}.yaml is not a mapping")
    return source


def fields_of(source: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All fields of a record in order, those of its includes first."""
    fields: dict[str, dict[str, Any]] = {}
    for include in source.get("include", ()):
        fields.update(part(include)["fields"])
    fields.update(source["fields"])
    return fields


def avro(source: dict[str, Any]) -> dict[str, Any]:
    """The Avro schema of a record as written."""
    seen: set[str] = set()
    return _record(source, f"{NAMESPACE}.{source['step']}", seen)


@cache
def schemas() -> dict[str, dict[str, Any]]:
    """Every record's Avro schema by `step.file`."""
    return {name: avro(source) for name, source in record_sources().items()}


def _record(source: dict[str, Any], namespace: str, seen: set[str]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": source["record"],
        "namespace": namespace,
        "doc": source["doc"],
        "fields": [_field(name, spec, namespace, seen) for name, spec in fields_of(source).items()],
    }


def _field(name: str, spec: dict[str, Any], namespace: str, seen: set[str]) -> dict[str, Any]:
    written = spec["type"]
    field: dict[str, Any] = {"name": name, "type": _type(written, namespace, seen), "doc": spec["doc"]}
    if written.endswith("?"):
        field["default"] = None
    elif written.startswith("list:"):
        field["default"] = []
    elif written.startswith("map:"):
        field["default"] = {}
    elif "default" in spec:
        field["default"] = spec["default"]
    return field


def _type(written: str, namespace: str, seen: set[str]) -> Any:
    if written.endswith("?"):
        return ["null", _type(written[:-1], namespace, seen)]
    kind, _, item = written.partition(":")
    if kind == "list" and item:
        return {"type": "array", "items": _type(item, namespace, seen)}
    if kind == "map" and item:
        return {"type": "map", "values": _type(item, namespace, seen)}
    if written in _SIMPLE:
        return _SIMPLE[written]
    if not written[:1].isupper():
        raise UnknownType(f"{written!r} is not a type of schemas/shapes.py")
    if written in seen:
        return f"{namespace}.{written}"
    seen.add(written)
    return _record(part(written), namespace, seen)
