"""The RocksDB folders of a sink: copies of what the log holds, which may be thrown away and are read again."""

from __future__ import annotations

from pathlib import Path

from rocksdict import BlockBasedIndexType, BlockBasedOptions, Cache, Options, Rdict

from runtime import folders
from runtime.errors import Broken
from runtime.log import log

MIB = 1024 * 1024
_TRIES = 8


def opened(path: Path, cache_bytes: int, memtable_bytes: int) -> Rdict:
    """The folder, or the next one beside it while another (stopped, frozen) process holds it. Raises `Broken` when none can be opened."""
    words = ""
    for number in range(_TRIES):
        folder = path if number == 0 else path.with_name(f"{path.name}.{number}")
        try:
            options = _options(cache_bytes, memtable_bytes)
            # named as a column family too: without that rocksdict opens a folder that is there with RocksDB's own small cache
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
    # The index of a large file as one block is larger than a shard of the cache: each look-up read it again, 1.2 ms at 600,000 entries,
    # measured; in parts 0.02 ms. The index of a file that was written as one block is kept in memory, 7 MB for a million entries.
    blocks.set_index_type(BlockBasedIndexType.two_level_index_search())
    blocks.set_partition_filters(True)
    blocks.set_cache_index_and_filter_blocks(False)
    options.set_block_based_table_factory(blocks)
    return options
