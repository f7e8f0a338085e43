"""What a hop takes and gives: records in, outputs, decisions and state changes out; values without any I/O.

A hop is `apply(batch, state, context) -> Outcome`. The loop (`topology/loop.py`) brings the batch and makes outputs, decisions and
offsets one transaction; state changes apply only after its commit returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from schemas.codec import MAX_DATUM_BYTES, MAX_WRITTEN_BYTES, Codec
from schemas.errors import Malformed
from topology.configuration import Snapshot
from topology.headers import Headers, coordinates

MOST_BESIDE_BYTES = MAX_DATUM_BYTES - MAX_WRITTEN_BYTES - 4 * 1024
"""Key and headers of a record: with the largest value and the broker's own overhead they still fit into a message."""


class ConsumerRecord(NamedTuple):
    """One record as it came from its topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers | None

    @property
    def coordinates(self) -> str:
        """topic/partition/offset."""
        return coordinates(self.topic, self.partition, self.offset)

    @property
    def connection(self) -> str:
        """First part of its key; "" where the key tells none."""
        return (self.key or b"").decode(errors="replace").partition("/")[0]


class Output(NamedTuple):
    """One record to write; the partition is always explicit."""

    topic: str
    partition: int
    key: bytes | str | None
    value: bytes
    headers: Headers


def fitting(output: Output) -> Output:
    """The output, where Kafka takes it: the value is within its cap already (see `Codec.encode`). Raises `Malformed`."""
    key = output.key.encode() if isinstance(output.key, str) else output.key or b""
    size = len(key) + sum(len(name.encode()) + len(value) for name, value in output.headers)
    if size > MOST_BESIDE_BYTES:
        raise Malformed(f"{output.topic}: key and headers of {size} bytes, {MOST_BESIDE_BYTES} are the most")
    return output


@dataclass(frozen=True)
class Decision:
    """Something was decided that makes no other record; becomes one `audit` record. `countable`: equal ones of a batch become one."""

    decision: str
    connection: str
    system: str = ""
    entity: str = ""
    source_id: str = ""
    source_version: str = ""
    detail: str = ""
    amount: Decimal | None = None
    currency: str = ""
    countable: bool = False


@dataclass
class Outcome:
    """What a batch comes to. `decisions` keep the record they were taken on; `changes` are (partition, key) -> new state."""

    outputs: list[Output] = field(default_factory=list)
    decisions: list[tuple[ConsumerRecord, Decision]] = field(default_factory=list)
    changes: dict[tuple[int, str], bytes] = field(default_factory=dict)


class State(Protocol):
    """What a hop remembers, by partition and key."""

    def get(self, partition: int, key: str) -> bytes | None:
        """The value in force after the last committed batch, or None."""


@dataclass(frozen=True)
class Context:
    """What a hop may know beside batch and state: one configuration snapshot, the codec, and the instant of the batch."""

    snapshot: Snapshot
    codec: Codec
    topic: Callable[[str], str]
    partitions: int
    now: datetime


Apply = Callable[[Sequence[ConsumerRecord], State, Context], Outcome]


class NoState:
    """The state of a hop that remembers nothing."""

    def get(self, partition: int, key: str) -> bytes | None:  # noqa: ARG002 - the contract's arguments
        """Always None."""
        return None


def posting_day(value: date | None) -> str:
    """A posting date for words: ISO, or "no date"."""
    return value.isoformat() if value is not None else "no date"
