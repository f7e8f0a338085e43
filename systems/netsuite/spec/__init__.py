"""The facts of the record service: which fields a record type and its sublists have, the kind of each, and which are read-only.

Source: the property tables of the REST API Browser 2026.1 (`verified` in the table). Fields that were not read there, and which fields are read-only,
are `assumed`. Fields that refer to records that no flow touches (forms, nexuses, sales teams) are left out.

A kind is `string`, `number`, `integer`, `boolean`, `date`, `date-time`, `enum:A,B`, `ref:vendor` (one record) or `refs:subsidiary`
(several).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Field:
    """One field. `kind` excludes its argument; `target` is the record type of a reference, `values` are the ids of an enumeration."""

    name: str
    kind: str
    target: str = ""
    values: tuple[str, ...] = ()
    is_read_only: bool = False
    is_verified: bool = False


@dataclass
class Shape:
    """The fields of a record type, of a sublist or of a subrecord by their names; `parts` are its sublists or subrecords."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    parts: dict[str, Shape] = field(default_factory=dict)


@cache
def shapes() -> dict[str, Shape]:
    """Every record type with its sublists; callers must not change them."""
    found: dict[str, Shape] = {}
    lines = Path(__file__).with_name("records.tsv").read_text().splitlines()
    for line in lines[1:]:
        record, sublist, name, kind, access, mark = line.split("\t")
        shape = found.setdefault(record, Shape(record))
        for part in filter(None, sublist.split("/")):
            shape = shape.parts.setdefault(part, Shape(part))
        shape.fields[name] = _field(name, kind, access == "read", mark == "verified")
    return found


def _field(name: str, kind: str, is_read_only: bool, is_verified: bool) -> Field:
    plain, _, argument = kind.partition(":")
    target = argument if plain in ("ref", "refs") else ""
    values = tuple(argument.split(",")) if plain == "enum" else ()
    return Field(name, plain, target, values, is_read_only, is_verified)
