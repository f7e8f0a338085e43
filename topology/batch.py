"""What a hop takes and returns: records in; outputs, decisions and changes of state out. These are values, without any I/O.

A hop is `apply(batch, state, context) -> Outcome`. The loop (`topology/loop.py`) collects the batch and writes outputs, decisions and
offsets in one transaction. Changes of state are applied only after the transaction was committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from schemas.codec import MAX_DATUM_BYTES, MAX_WRITTEN_BYTES, Codec
from schemas.errors import Malformed
from topology.configuration import Snapshot
from topology.headers import Headers, coordinates

MAX_KEY_AND_HEADERS_BYTES = MAX_DATUM_BYTES - MAX_WRITTEN_BYTES - 4 * 1024
"""Limit for the key and headers of a record. With the largest value and Kafka's own overhead they still fit into a message."""


class ConsumerRecord(NamedTuple):
    """One record as it was consumed from its topic."""

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
        """The first part of its key, which is the connection; "" if the key has none."""
        return (self.key or b"").decode(errors="replace").partition("/")[0]


class Output(NamedTuple):
    """One record to produce. The partition is always explicit."""

    topic: str
    partition: int
    key: bytes | str | None
    value: bytes
    headers: Headers


def fitting(output: Output) -> Output:
    """The output, after checking that its key and headers fit into a message (`Codec.encode` has checked the value). Raises `Malformed`."""
    key = output.key.encode() if isinstance(output.key, str) else output.key or b""
    size = len(key) + sum(len(name.encode()) + len(value) for name, value in output.headers)
    if size > MAX_KEY_AND_HEADERS_BYTES:
        raise Malformed(f"{output.topic}: key and headers have {size} bytes, the limit is {MAX_KEY_AND_HEADERS_BYTES}")
    return output


@dataclass(frozen=True)
class Decision:
    """A decision that no other record shows; it becomes an `audit` record. Equal `countable` decisions of a batch become one record with a
    count."""

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
    """The result of a batch. Each decision comes with the record that it was taken on. `changes` maps (partition, key) to the new state."""

    outputs: list[Output] = field(default_factory=list)
    decisions: list[tuple[ConsumerRecord, Decision]] = field(default_factory=list)
    changes: dict[tuple[int, str], bytes] = field(default_factory=dict)


class State(Protocol):
    """What a hop remembers, by partition and key."""

    def get(self, partition: int, key: str) -> bytes | None:
        """The value after the last committed batch, or None."""


@dataclass(frozen=True)
class Context:
    """What a hop may know besides batch and state: one snapshot of the configuration, the codec, and the instant of the batch."""

    snapshot: Snapshot
    codec: Codec
    topic: Callable[[str], str]
    partitions: int
    now: datetime


Apply = Callable[[Sequence[ConsumerRecord], State, Context], Outcome]


class NoState:
    """The state of a hop that remembers nothing."""

    def get(self, partition: int, key: str) -> bytes | None:  # noqa: ARG002 - the arguments of the protocol
        """Always None."""
        return None
