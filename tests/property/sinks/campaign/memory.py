"""A codec that costs little: its bytes carry their record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from schemas.codec import MAX_WRITTEN_BYTES
from schemas.errors import Malformed
from schemas.shapes import fields_of, record_sources

OWN_BYTES = 600
"""What a record has beside the bytes of a command in it."""


class Value(bytes):
    """Value bytes, and the record that they stand for."""

    name: str
    record: dict[str, Any]


def value_of(name: str, record: Mapping[str, Any], size: int = 1) -> Value:
    """The value bytes of a record."""
    made = Value(bytes(size)) if size > 1 else Value(b"v")
    made.name, made.record = name, record  # type: ignore[assignment]  # nobody changes it
    return made


@cache
def _fields_before(name: str, until: str) -> tuple[str, ...]:
    fields = list(fields_of(record_sources()[name]))
    return tuple(fields[: fields.index(until)])


class Codec:
    """See `schemas.codec.Codec`. A record is as large as the command bytes in it, and a little more: so a command may fit where the
    record that holds it does not."""

    def encode(self, topic: str, name: str, record: Mapping[str, Any]) -> bytes:
        inner = record.get("command") or record.get("value")
        if inner is not None and len(inner) > 1:
            size = len(inner) + OWN_BYTES
            if size > MAX_WRITTEN_BYTES:
                raise Malformed(f"{name} of {size} bytes is over the cap of {MAX_WRITTEN_BYTES}")
            return value_of(name, record, size)
        return value_of(name, record)

    def head(self, name: str, record: Mapping[str, Any], until: str) -> bytes:
        return value_of(name, {field: record[field] for field in _fields_before(name, until)})

    def encode_after(self, topic: str, name: str, record: Mapping[str, Any], head: tuple[str, bytes]) -> bytes:
        """What the head has is taken from it: one that is not of this record shows."""
        return self.encode(topic, name, {**record, **cast("Value", head[1]).record})

    def decode(self, value: bytes | None) -> tuple[str, dict[str, Any]]:
        if not isinstance(value, Value):
            raise Malformed("not in wire format")
        return value.name, dict(value.record)


CODEC = Codec()
