"""The RocksDB folders of a sink. They are copies of what the log holds: they may be deleted, and are then read again."""

from __future__ import annotations

from pathlib import Path

from rocksdict import BlockBasedIndexType, BlockBasedOptions, Cache, Options, Rdict

from runtime import folders
from runtime.errors import Broken
from runtime.log import log

MIB = 1024 * 1024
_TRIES = 8


def opened(path: Path, cache_bytes: int, memtable_bytes: int) -> Rdict:
    """Open the folder, or the next one beside it if another process (stopped, frozen) still holds it. Raises `Broken` if none can be opened."""
    words = ""
    for number in range(_TRIES):
        folder = path if number == 0 else path.with_name(f"{path.name}.{number}")
        try:
            options = _options(cache_bytes, memtable_bytes)
            # named as a column family, too: otherwise rocksdict opens an existing folder with RocksDB's own small cache
            return folders.opened(folder, lambda: Rdict(str(folder), options, column_families={"default": options}))  # noqa: B023 - called at once
        except Broken:
            raise
        except Exception as error:  # noqa: BLE001 - rocksdict raises plain Exception for a held lock
            words = str(error)
            log.warning("snapshot_held", folder=str(folder), error=words[:200])
    raise Broken(
        f"No snapshot folder could be opened beside {path}: {words}", "Look which processes hold them, or move the folder away."
    )


def _options(cache_bytes: int, memtable_bytes: int) -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(memtable_bytes)
    options.set_max_write_buffer_number(2)
    options.set_max_open_files(64)
    options.set_keep_log_file_num(2)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(cache_bytes))
    blocks.set_bloom_filter(10, block_based=False)
    # An index in one block is larger than a shard of the cache, so each look-up read it again: 1.2 ms at 600,000 entries, measured; in
    # partitions 0.02 ms. Indexes written as one block stay in memory, 7 MB for a million entries.
    blocks.set_index_type(BlockBasedIndexType.two_level_index_search())
    blocks.set_partition_filters(True)
    blocks.set_cache_index_and_filter_blocks(False)
    options.set_block_based_table_factory(blocks)
    return options
