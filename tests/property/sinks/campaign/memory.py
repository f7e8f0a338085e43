"""What costs little in place of what costs much: a codec whose bytes carry their record, and the index of a ledger partition in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, cast

from schemas.codec import MAX_WRITTEN_BYTES
from schemas.errors import Malformed
from schemas.records import Ledger
from schemas.shapes import fields_of, record_sources
from services.sinks import entry as e
from services.sinks.ledger import Mark, Rest, head_of

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


class Index:
    """See `services.sinks.ledger.Index`."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[Mark, Value]] = {}
        self.open: dict[str, Rest] = {}
        self.sources: dict[tuple[str, str, str], list[str]] = {}
        self.told: dict[str, Any] = {}
        self.notes: dict[bytes, bytes] = {}

    def get(self, op_key: str) -> Ledger | None:
        found = self.entries.get(op_key)
        return None if found is None else dict(found[1].record)  # type: ignore[return-value]  # the record of an entry

    def has(self, op_key: str) -> bool:
        return op_key in self.entries

    def ended_with(self, op_key: str, head: bytes) -> bool:
        found = self.entries.get(op_key)
        if found is None or found[0].state not in e.ENDED_FOR_GOOD or e.correction_key(op_key, 1) in self.entries:
            return False
        return head == head_of(found[0].source_hash, found[0].payload_hash)

    def of_source(self, connection: str, entity: str, source_id: str) -> list[str]:
        return list(self.sources.get((connection, entity, source_id), ()))

    def resting(self) -> Iterator[tuple[str, Rest]]:
        yield from list(self.open.items())

    def apply(self, entries: Iterable[tuple[Mark, bytes]], meta: dict[str, Any]) -> None:
        for mark, value in entries:
            if mark.op_key not in self.entries:
                self.sources.setdefault((mark.connection, mark.entity, mark.source_id), []).append(mark.op_key)
            self.entries[mark.op_key] = (mark, cast("Value", value))
            if mark.state in e.TERMINAL:
                self.open.pop(mark.op_key, None)
            else:
                self.open[mark.op_key] = mark.rest
        self.told.update(meta)

    def meta(self, name: str) -> Any:
        return self.told.get(name)

    def note(self, name: bytes, value: bytes) -> None:
        self.notes[name] = value

    def noted(self, name: bytes) -> bytes | None:
        return self.notes.get(name)

    def forget_notes(self) -> None:
        self.notes.clear()

    def clear(self) -> None:
        self.notes.clear()
        self.entries.clear()
        self.open.clear()
        self.sources.clear()
        self.told.clear()

    def close(self) -> None:
        """Nothing is open."""
