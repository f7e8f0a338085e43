"""The index of a ledger partition in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks.ledger import Mark, Rest, head_of

Decode = Callable[[bytes], tuple[str, dict[str, Any]]]


class Index:
    """See `services.sinks.ledger.Index`. `fails` are the errors of the next readings of an op-key (None: it is read)."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self.fails: dict[str, list[Exception | None]] = {}
        self.entries: dict[str, tuple[Mark, bytes]] = {}
        self._open: dict[str, Rest] = {}
        self._sources: dict[tuple[str, str, str], list[str]] = {}
        self._about: dict[str, Any] = {}
        self._notes: dict[bytes, bytes] = {}

    def get(self, op_key: str) -> Ledger | None:
        error = self.fails[op_key].pop(0) if self.fails.get(op_key) else None
        if error is not None:
            raise error
        found = self.entries.get(op_key)
        return None if found is None else cast("Ledger", self._decode(found[1])[1])

    def has(self, op_key: str) -> bool:
        return op_key in self.entries

    def ended_with(self, op_key: str, head: bytes) -> bool:
        found = self.entries.get(op_key)
        if found is None or found[0].state not in e.ENDED_FOR_GOOD or any(one in self.entries for one in e.beside(op_key)):
            return False
        return head == head_of(found[0].source_hash, found[0].payload_hash)

    def of_source(self, connection: str, entity: str, source_id: str) -> list[str]:
        return list(self._sources.get((connection, entity, source_id), ()))

    def resting(self) -> Iterator[tuple[str, Rest]]:
        yield from list(self._open.items())

    def apply(self, entries: Iterable[tuple[Mark, bytes]], meta: Mapping[str, Any]) -> None:
        for mark, value in entries:
            if mark.op_key not in self.entries:
                self._sources.setdefault((mark.connection, mark.entity, mark.source_id), []).append(mark.op_key)
            self.entries[mark.op_key] = (mark, value)
            if mark.state in e.TERMINAL:
                self._open.pop(mark.op_key, None)
            else:
                self._open[mark.op_key] = mark.rest
        self._about.update(meta)

    def meta(self, name: str) -> Any:
        return self._about.get(name)

    def note(self, name: bytes, value: bytes) -> None:
        self._notes[name] = value

    def noted(self, name: bytes) -> bytes | None:
        return self._notes.get(name)

    def forget_notes(self) -> None:
        self._notes.clear()

    def all(self) -> list[Ledger]:
        return [entry for op_key in self.entries if (entry := self.get(op_key)) is not None]

    def clear(self) -> None:
        for kept in (self._notes, self.entries, self._open, self._sources, self._about):
            kept.clear()

    def close(self) -> None:
        """Nothing is open."""
