"""The links that the sinks of a process need, kept outside its memory, and how far the topic `links` was read into them.

What is kept is a copy: it is forgotten and read anew when it belongs to another topic of that name, or was made for other systems.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from rocksdict import BlockBasedIndexType, BlockBasedOptions, Cache, Options, Rdict

from runtime.errors import Broken
from runtime.folders import opened
from runtime.log import log

LinkKey = tuple[str, str, str, str]
"""(system, connection, entity, source id): the partner in `system` of a source object."""

_TRIES = 8
_CACHE_BYTES = 8 * 1024 * 1024
_MEMTABLE_BYTES = 4 * 1024 * 1024
_SOURCE, _OFFSETS = b"msource", b"moffsets"


class LinkStore(Protocol):
    """Where links are kept. One thread writes, any may read."""

    def get(self, key: LinkKey) -> str | None:
        """The partner; "" = explicitly none, None = no link."""

    def put(self, key: LinkKey, target: str) -> None:
        """Keep a link; it is found from now on."""

    def begin(self, source: str) -> dict[int, int]:
        """The offset to read on from in each partition, having forgotten everything where it was not made from this `source`."""

    def has_read(self, offsets: Mapping[int, int]) -> None:
        """Everything below these offsets was put."""


class MemoryLinks:
    """Links in memory, gone with the process: for simulations."""

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
    """Links in a RocksDB folder. An offset is written after the links below it, so a crash repeats some and loses none."""

    def __init__(self, folder: Path) -> None:
        self._db = _open(folder)

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
        """Give the folder back."""
        self._db.close()

    def _offsets(self) -> dict[int, int]:
        value = self._db.get(_OFFSETS)
        return {} if value is None else {int(partition): offset for partition, offset in json.loads(value).items()}


def _key(key: LinkKey) -> bytes:
    return b"l" + "\x00".join(key).encode()


def _open(path: Path) -> Rdict:
    """The folder, or the next one beside it while another (frozen) process holds it: links are read again from their topic."""
    words = ""
    for number in range(_TRIES):
        folder = path if number == 0 else path.with_name(f"{path.name}.{number}")
        try:
            options = _options()
            # named as a column family too, see services/sinks/ledger.py
            return opened(folder, lambda: Rdict(str(folder), options, column_families={"default": options}))  # noqa: B023 - called at once
        except Broken:
            raise
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain Exception for a held lock
            words = str(error)
            log.warning("links_held", folder=str(folder), error=words[:200])
    raise Broken(f"No folder for links could be opened beside {path}: {words}", "Look which processes hold them, or remove them.")


def _options() -> Options:
    """As for the ledger's index, smaller: see the measurements there."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(_MEMTABLE_BYTES)
    options.set_max_write_buffer_number(2)
    options.set_max_open_files(64)
    options.set_keep_log_file_num(2)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(_CACHE_BYTES))
    blocks.set_bloom_filter(10, block_based=False)
    blocks.set_index_type(BlockBasedIndexType.two_level_index_search())
    blocks.set_partition_filters(True)
    blocks.set_cache_index_and_filter_blocks(False)
    options.set_block_based_table_factory(blocks)
    return options
