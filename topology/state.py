"""What a hop remembers: one RocksDB snapshot per slot and partition, with the offsets up to which the log is contained in it.

The log is the truth. Deleting the directory loses nothing, because the state is folded again from the hop's own outputs. Changes are put
only after their transaction was committed. `checkpoint` then notes how much of the log is contained, so that a restart folds little.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from rocksdict import Options, Rdict, WriteBatch

from runtime.errors import Broken, Transient
from runtime.folders import opened
from runtime.log import log

_OFFSETS = b"\x00offsets"
_IDS = b"\x00ids"
_SCHEMA = b"\x00shape"
_SHAPE = b"2"


def _options() -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_size(16 * 1024 * 1024)
    options.set_keep_log_file_num(2)
    return options


class PartitionState:
    """The state of one partition. One thread owns it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = _open(path)

    def get(self, key: str) -> bytes | None:
        """The value in force, or None."""
        name = key.encode()
        try:
            found = self._db.get(name)
        except Exception as error:  # RocksDB raises bare exceptions
            raise Transient(f"the state at {self.path} cannot be read: {error}") from error
        return bytes(found) if found is not None else None

    def put(self, changes: Iterable[tuple[str, bytes]]) -> None:
        """Put the changes of a committed transaction, or of a folded piece of the log."""
        batch = WriteBatch(raw_mode=True)
        for key, value in changes:
            batch.put(key.encode(), value)
        if not batch.is_empty():
            self._db.write(batch)

    @property
    def offsets(self) -> dict[str, int]:
        """For each topic, the offset up to which its records of this partition are contained."""
        found = self._db.get(_OFFSETS)
        return {str(topic): int(offset) for topic, offset in json.loads(found).items()} if found else {}

    @property
    def ids(self) -> dict[str, str]:
        """For each topic, its id when it was folded. A topic that was deleted and created again has another id."""
        found = self._db.get(_IDS)
        return {str(topic): str(identity) for topic, identity in json.loads(found).items()} if found else {}

    def note_ids(self, ids: Mapping[str, str]) -> None:
        """Note the ids of the topics that `offsets` belong to."""
        self._db[_IDS] = json.dumps(dict(ids)).encode()

    def checkpoint(self, offsets: Mapping[str, int]) -> None:
        """Note how much of the log is contained. It is written after the changes it covers, in the same write-ahead log."""
        self._db[_OFFSETS] = json.dumps({**self.offsets, **offsets}).encode()

    def wipe(self) -> None:
        """Forget everything, because the log is not the one that was folded."""
        log.warning("state_wiped", path=str(self.path))
        self._db.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self._db = _open(self.path)

    def close(self) -> None:
        """Flush and close."""
        self._db.close()


def _open(path: Path) -> Rdict:
    try:
        db = opened(path, lambda: Rdict(str(path), _options()))
        if (db.get(_SCHEMA) or _SHAPE) == _SHAPE:
            db[_SCHEMA] = _SHAPE
            return db
        db.close()
    except Broken:
        raise
    except Exception as error:  # noqa: BLE001 - RocksDB raises bare exceptions; a broken snapshot is rebuilt from the log
        log.warning("state_unreadable", path=str(path), error=str(error)[:300])
    shutil.rmtree(path, ignore_errors=True)
    db = Rdict(str(path), _options())
    db[_SCHEMA] = _SHAPE
    return db


class HopState:
    """The states of all partitions that this instance owns at present."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.partitions: dict[int, PartitionState] = {}

    def get(self, partition: int, key: str) -> bytes | None:
        """See `topology.batch.State`."""
        return self.partitions[partition].get(key)

    def open(self, partition: int) -> PartitionState:
        """Open the state of a partition when it is assigned."""
        if partition not in self.partitions:
            self.partitions[partition] = PartitionState(self._folder / str(partition))
        return self.partitions[partition]

    def put(self, changes: Mapping[tuple[int, str], bytes]) -> None:
        """Put the changes of a committed batch."""
        split: dict[int, list[tuple[str, bytes]]] = {}
        for (partition, key), value in changes.items():
            split.setdefault(partition, []).append((key, value))
        for partition, of_partition in split.items():
            self.partitions[partition].put(of_partition)

    def close(self, partition: int) -> None:
        """Leave a partition."""
        found = self.partitions.pop(partition, None)
        if found is not None:
            found.close()
