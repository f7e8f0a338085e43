"""The index of one ledger partition: a RocksDB snapshot of every entry, and the ledger offset up to which it is complete.

Keys, by their first byte: e<op-key> = head and entry; s<connection, entity, source id> = op-keys of that source object; n<op-key> = not
ended (connection, state, reason, amount, currency); m<name> = about the snapshot itself; w<name> = notes of a rebuild under way. The head
is `T` or `N` (ended for good or not) and the two hashes, so that a replayed command is recognised without decoding. A batch of entries is
written atomically with its offset.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, cast

from rocksdict import WriteBatch

from schemas.codec import Codec
from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks.folders import MIB, opened

_END = b"\x00"


@dataclass(frozen=True, slots=True)
class Rest:
    """The state of a command that has not ended."""

    connection: str
    state: str
    reason: str
    amount: Decimal = Decimal(0)
    currency: str = ""


def rest_of(entry: Ledger) -> Rest:
    """The state of an entry."""
    return Rest(entry["connection"], entry["state"], entry["reason"], entry["amount"], entry["currency"])


FORMAT = 2
"""The format of the snapshot. A snapshot in another format is deleted, and the ledger is read again."""
MARK = "mark"
"""The header of a ledger record with what the index needs, so that a whole ledger is read without decoding it."""


class Mark(NamedTuple):
    """What the index needs of an entry, besides its bytes."""

    op_key: str
    connection: str
    entity: str
    source_id: str
    state: str
    reason: str
    source_hash: str
    payload_hash: str
    amount: str = "0"
    currency: str = ""

    @property
    def rest(self) -> Rest:
        """The state of the entry."""
        return Rest(self.connection, self.state, self.reason, Decimal(self.amount), self.currency)

    def header(self) -> bytes:
        """The mark as a header of the ledger record."""
        return "\x00".join(self).encode()


def mark_of(entry: Ledger) -> Mark:
    """The mark of an entry."""
    return Mark(
        entry["op_key"],
        entry["connection"],
        entry["source_entity"],
        entry["source_id"],
        entry["state"],
        entry["reason"],
        entry["source_hash"],
        entry["payload_hash"],
        str(entry["amount"]),
        entry["currency"],
    )


def mark_in(header: bytes) -> Mark | None:
    """The mark in a header; None if it is not one of ours."""
    fields = header.decode(errors="replace").split("\x00")
    return Mark(*fields) if len(fields) == len(Mark._fields) else None


def head_of(source_hash: str, payload_hash: str) -> bytes:
    """The first bytes of an entry whose command ended for good with these hashes."""
    return b"T" + source_hash.encode() + _END + payload_hash.encode() + _END


class Index:
    """The committed entries of one partition. The owner's loop reads it and its committer writes it; RocksDB allows both at once."""

    def __init__(self, path: Path, codec: Codec) -> None:
        self._codec = codec
        self._db = opened(path, cache_bytes=24 * MIB, memtable_bytes=8 * MIB)

    def get(self, op_key: str) -> Ledger | None:
        """The entry of an op-key."""
        value = self._db.get(b"e" + op_key.encode())
        return None if value is None else self._decode(value)

    def has(self, op_key: str) -> bool:
        """Whether there is an entry."""
        return self._db.get(b"e" + op_key.encode()) is not None

    def ended_with(self, op_key: str, head: bytes) -> bool:
        """Whether the op-key ended for good with these hashes, and no change or void of it is known: such a command changes nothing."""
        value = self._db.get(b"e" + op_key.encode())
        if value is None or not value.startswith(head):
            return False
        return not any(map(self.has, e.beside(op_key)))

    def of_source(self, connection: str, entity: str, source_id: str) -> list[str]:
        """The op-keys of a source object."""
        value = self._db.get(_source_key(connection, entity, source_id))
        return [] if value is None else value.decode().split("\n")

    def resting(self) -> Iterator[tuple[str, Rest]]:
        """Every command that has not ended."""
        for item in self._db.items(from_key=b"n"):
            key, value = cast("tuple[bytes, bytes]", item)
            if key[:1] != b"n":
                return
            connection, state, reason, amount, currency = value.decode().split("\x00")
            yield key[1:].decode(), Rest(connection, state, reason, Decimal(amount), currency)

    def apply(self, entries: Iterable[tuple[Mark, bytes]], meta: dict[str, Any]) -> None:
        """Write entries (their marks and value bytes) and the snapshot's own values atomically."""
        batch = WriteBatch(raw_mode=True)
        sources: dict[bytes, list[str]] = {}
        for mark, value in entries:
            self._put(batch, mark, value, sources)
        for name, content in meta.items():
            batch.put(b"m" + name.encode(), json.dumps(content).encode())
        self._db.write(batch)

    def _put(self, batch: WriteBatch, mark: Mark, value: bytes, sources: dict[bytes, list[str]]) -> None:
        op_key = mark.op_key.encode()
        head = head_of(mark.source_hash, mark.payload_hash)
        batch.put(b"e" + op_key, (head if mark.state in e.ENDED_FOR_GOOD else b"N" + head[1:]) + value)
        if mark.state in e.TERMINAL:
            batch.delete(b"n" + op_key)
        else:
            batch.put(b"n" + op_key, "\x00".join((mark.connection, mark.state, mark.reason, mark.amount, mark.currency)).encode())
        source = _source_key(mark.connection, mark.entity, mark.source_id)
        known = sources.get(source)
        if known is None:
            value_known = self._db.get(source)
            known = sources[source] = [] if value_known is None else value_known.decode().split("\n")
        if mark.op_key not in known:
            known.append(mark.op_key)
            batch.put(source, "\n".join(known).encode())

    def meta(self, name: str) -> Any:
        """A value that the snapshot holds about itself; None if it has none."""
        value = self._db.get(b"m" + name.encode())
        return None if value is None else json.loads(value)

    def note(self, name: bytes, value: bytes) -> None:
        """See `rebuild.Scratch`."""
        self._db.put(b"w" + name, value)

    def noted(self, name: bytes) -> bytes | None:
        """See `rebuild.Scratch`."""
        return self._db.get(b"w" + name)

    def forget_notes(self) -> None:
        """Delete the notes, when a rebuild begins or is over."""
        self._db.delete_range(b"w", b"x")

    def clear(self) -> None:
        """Delete everything: the snapshot was made from another log."""
        for first in (b"e", b"s", b"n", b"m", b"w"):
            self._db.delete_range(first, bytes([first[0] + 1]))

    def close(self) -> None:
        """Close the folder."""
        self._db.close()

    def _decode(self, value: bytes) -> Ledger:
        second = value.index(_END, value.index(_END) + 1)
        return cast("Ledger", self._codec.decode(value[second + 1 :])[1])


def _source_key(connection: str, entity: str, source_id: str) -> bytes:
    return b"s" + "\x00".join((connection, entity, source_id)).encode()
