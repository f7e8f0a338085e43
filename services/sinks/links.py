"""The links that the sinks of a process need, stored on disk, and how far the topic `links` was read into them.

The store is a copy. It is deleted and read again if it belongs to another topic of that name, or was made for other systems.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from services.sinks.folders import MIB, opened

LinkKey = tuple[str, str, str, str]
"""(system, connection, entity, source id): identifies a source object's partner in `system`."""

_SOURCE, _OFFSETS = b"msource", b"moffsets"


class LinkStore(Protocol):
    """Where links are stored. One thread writes, any thread may read."""

    def get(self, key: LinkKey) -> str | None:
        """The partner; "" = explicitly none, None = no link."""

    def put(self, key: LinkKey, target: str) -> None:
        """Store a link; it is found from now on."""

    def begin(self, source: str) -> dict[int, int]:
        """The offset from which to read on in each partition. Deletes everything first if it was not made from this `source`."""

    def has_read(self, offsets: Mapping[int, int]) -> None:
        """Everything below these offsets was put."""


class MemoryLinks:
    """Links in memory only, for simulations."""

    def __init__(self) -> None:
        self._links: dict[LinkKey, str] = {}
        self._source = ""
        self._offsets: dict[int, int] = {}

    def get(self, key: LinkKey) -> str | None:
        """See `LinkStore.get`."""
        return self._links.get(key)

    def put(self, key: LinkKey, target: str) -> None:
        """See `LinkStore.put`."""
        self._links[key] = target

    def begin(self, source: str) -> dict[int, int]:
        """See `LinkStore.begin`."""
        if source != self._source:
            self._links.clear()
            self._source, self._offsets = source, {}
        return dict(self._offsets)

    def has_read(self, offsets: Mapping[int, int]) -> None:
        """See `LinkStore.has_read`."""
        self._offsets |= offsets


class Links:
    """Links in a RocksDB folder. An offset is written after the links below it, so a crash repeats some links and loses none."""

    def __init__(self, folder: Path) -> None:
        self._db = opened(folder, cache_bytes=8 * MIB, memtable_bytes=4 * MIB)

    def get(self, key: LinkKey) -> str | None:
        """See `LinkStore.get`."""
        value = self._db.get(_key(key))
        return None if value is None else value.decode()

    def put(self, key: LinkKey, target: str) -> None:
        """See `LinkStore.put`."""
        self._db[_key(key)] = target.encode()

    def begin(self, source: str) -> dict[int, int]:
        """See `LinkStore.begin`."""
        known = self._db.get(_SOURCE)
        if known is None or known.decode() != source:
            for first in (b"l", b"m"):
                self._db.delete_range(first, bytes([first[0] + 1]))
            self._db[_SOURCE] = source.encode()
        return self._offsets()

    def has_read(self, offsets: Mapping[int, int]) -> None:
        """See `LinkStore.has_read`."""
        self._db[_OFFSETS] = json.dumps(self._offsets() | dict(offsets)).encode()

    def close(self) -> None:
        """Close the folder."""
        self._db.close()

    def _offsets(self) -> dict[int, int]:
        value = self._db.get(_OFFSETS)
        return {} if value is None else {int(partition): offset for partition, offset in json.loads(value).items()}


def _key(key: LinkKey) -> bytes:
    return b"l" + "\x00".join(key).encode()
