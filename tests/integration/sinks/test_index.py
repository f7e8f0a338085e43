"""The index of a ledger partition on disk: what a look-up reads does not grow with the ledger, nor with a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.codec import offline_codec
from services.sinks import entry as e
from services.sinks.ledger import Index, Mark, head_of

LOOK_UPS, MOST_BYTES = 200, 64 * 1024


def test_a_look_up_in_a_large_ledger_reads_a_few_blocks_and_not_the_whole_index_of_its_file(tmp_path: Path) -> None:
    """Replay of 100,000 known commands fell to 700 a second: each look-up read an index block of 600 KB that no shard of the cache held."""
    folder, codec, count, value = tmp_path / "0", offline_codec({}), 15_000, b"v" * 4096
    index = Index(folder, codec)
    for first in range(0, count, 500):
        index.apply([(_mark(number), value) for number in range(first, first + 500)], {})
    vars(index)["_db"].compact_range(None, None)  # what RocksDB does by itself, in its own time
    index.close()
    index = Index(folder, codec)
    before = _bytes_read()
    for number in range(0, count, count // LOOK_UPS):
        assert index.ended_with(_mark(number).op_key, head_of("s" * 64, "p" * 64))
    read = _bytes_read() - before
    index.close()
    assert read / LOOK_UPS < MOST_BYTES


def test_a_folder_that_is_opened_again_has_the_cache_that_it_was_made_with(tmp_path: Path) -> None:
    """The library takes the options of a new folder only, unless its column family is named: a restarted sink had a third of its cache."""
    seen = []
    for _ in ("made", "opened again"):
        index = Index(tmp_path / "0", offline_codec({}))
        seen.append(vars(index)["_db"].property_value("rocksdb.block-cache-capacity"))
        index.close()
    assert seen[0] == seen[1]


@pytest.mark.parametrize(("state", "known"), [(e.POSTED, True), (e.REJECTED, True), (e.SUPERSEDED, False), (e.HELD, False)])
def test_a_command_is_known_by_its_hashes_alone_where_it_ended_for_good(tmp_path: Path, state: str, known: bool) -> None:
    """What was superseded by a version that makes nothing is written when its content comes back."""
    index = Index(tmp_path / "0", offline_codec({}))
    index.apply([(_mark(7)._replace(state=state), b"v")], {})
    assert index.ended_with(_mark(7).op_key, head_of("s" * 64, "p" * 64)) is known
    assert bool(list(index.resting())) == (state == e.HELD)
    index.close()


def _mark(number: int) -> Mark:
    op_key = f"test:t1|erp:i1:c1|sale|invoice:{200_000_000 + number}||create"
    return Mark(op_key, "acme", "invoice", str(number), e.POSTED, "", "s" * 64, "p" * 64)


def _bytes_read() -> int:
    """What this process asked its files for so far, whether a disk or the page cache answered."""
    return int(Path("/proc/self/io").read_text().split("rchar:")[1].split()[0])
