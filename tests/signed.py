"""Keys and signatures for tests that write, by hand, what `apply` and `held` write."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from runtime.rolekeys import OPERATOR, keys_for
from runtime.secrets import KeyRing, RingKey, write_ring
from runtime.settings import Settings
from runtime.signing import Place, now_version, sign
from topology.topics import partition_of
from topology.trust import MAY_SIGN, Signatures

RING = KeyRing((RingKey("k1", datetime(2026, 1, 1, tzinfo=UTC), b"k" * 32, None),))


def ring_in(folder: Path) -> Path:
    """A file with the key ring `RING`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "keys.json"
    if not path.exists():
        write_ring(path, RING)
    return path


def about(settings: Settings, topic: str, key: str, value: bytes) -> list[tuple[str, str | bytes | None]]:
    """The headers of a record of a topic (without prefix): a signature where its readers ask for one. The connection comes first in the key."""
    if topic not in MAY_SIGN:
        return []
    return [Signatures(settings).header(topic, key.encode(), key.partition("/")[0], value)]


def signature(
    place: Place, value: bytes, version: int | None = None, signer: str = OPERATOR, ring: KeyRing = RING
) -> tuple[str, bytes]:
    """One signature by hand."""
    return sign(keys_for(ring, signer), (signer,), place, value, now_version() if version is None else version)


def partition(settings: Settings, key: str) -> int:
    """Of a record that is partitioned by its connection."""
    return partition_of(key.partition("/")[0], settings.kafka.partitions)
