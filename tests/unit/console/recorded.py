"""Topics in memory, encoded by the real codec, that the reports read in place of a cluster."""

from __future__ import annotations

import atexit
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from confluent_kafka import Message

from console.reading import Cluster, StoredRecord
from runtime.settings import Settings
from schemas.codec import offline_codec
from services.sinks.ledger import MARK, mark_of
from tests.signed import about as signature
from tests.signed import ring_in
from topology.headers import OP_KEY
from topology.topics import object_key, records_of_topic

_FOLDER = TemporaryDirectory()
atexit.register(_FOLDER.cleanup)
CODEC = offline_codec(records_of_topic())
_KEYS = {"connection.control": "connection", "result.ledger": "op_key", "result.result": "op_key", "audit.audit": "natural_key"}


@dataclass(frozen=True)
class _Message:
    topic_: str
    offset_: int
    key_: bytes
    value_: bytes
    headers_: list[tuple[str, bytes]]

    def topic(self) -> str:
        return self.topic_

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.offset_

    def key(self) -> bytes:
        return self.key_

    def value(self) -> bytes:
        return self.value_

    def headers(self) -> list[tuple[str, bytes]]:
        return self.headers_

    def timestamp(self) -> tuple[int, int]:
        return 1, self.offset_ * 1000


class Recorded(Cluster):
    """A cluster of one partition that holds what a test put there, in its order; the offset counts over all topics, as time does."""

    def __init__(self) -> None:
        self.settings = Settings.model_validate({"kafka": {"partitions": 1}, "key_ring": ring_in(Path(_FOLDER.name))})
        self.codec = CODEC
        self.log: dict[str, list[_Message]] = defaultdict(list)
        self.committed: dict[str, int] = {}
        self._written = 0

    def put(self, topic: str, name: str, record: Mapping[str, Any], marked: bool = True, signed: bool = True) -> str:
        """Write a record; its coordinates."""
        about: list[Any] = []
        if name == "result.ledger" and marked:
            about = [(MARK, mark_of(cast("Any", record)).header())]
        elif name.startswith("command."):
            about = [(OP_KEY, record["op_key"].encode())]
        key = str(record[_KEYS[name]]) if name in _KEYS else _object(name, record)
        value = CODEC.encode(topic, name, record)
        about += signature(self.settings, topic, key, value) if signed else []
        self._written += 1
        self.log[topic].append(_Message(topic, self._written, key.encode(), value, about))
        return f"{topic}/0/{self._written}"

    def messages(
        self,
        names: Sequence[str],
        partitions: Sequence[int] | None = None,
        quiet: bool = False,
        start: Mapping[int, int] | None = None,
    ) -> Iterator[Message]:
        """See `Cluster.messages`."""
        for name in names:
            if partitions is None or 0 in partitions:
                begin = (start or {}).get(0, 0)
                yield from (cast("Message", one) for one in self.log[name] if one.offset_ >= begin)

    def one(self, topic: str, partition: int, offset: int) -> StoredRecord | None:
        """See `Cluster.one`."""
        return next((self.seen(one) for one in self.log[topic] if one.offset_ == offset), None)

    def unread(self, group: str, name: str, partitions: Sequence[int] | None = None) -> dict[int, tuple[int, int]]:
        """See `Cluster.unread`; `committed` holds where a group of a topic is."""
        begin = self.committed.get(name, 0)
        left = [one for one in self.log[name] if one.offset_ >= begin]
        return {0: (begin, len(left))} if left else {}


def _object(name: str, record: Mapping[str, Any]) -> str:
    if name.startswith("command."):
        return str(record["connection"])
    if name == "raw.cursor":
        return f"{record['connection']}/{record['feed']}"
    if name == "audit.dead":
        return str((record["key"] or b"").decode())
    return object_key(record["connection"], record["system"], record.get("entity", ""), record.get("source_id", ""))
