"""Real invoices of the field-service system in any number: the vendor folder's own examples with ids of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from schemas.codec import Codec
from tests.bench.ground import CONNECTION, FIELD_SERVICE
from tests.toy import blank
from topology import canonical_to_command, raw_to_canonical
from topology.batch import ConsumerRecord, Context, Output
from topology.configuration import Snapshot
from topology.topics import object_key, partition_of

FOLDER = Path(__file__).parents[2] / "systems" / FIELD_SERVICE / "examples"
KINDS = ("posted_job_with_tax", "discount_line_and_exempt_line", "counter_sale_without_job")
NOW = datetime(2026, 3, 9, tzinfo=UTC)
FIRST_ID = 200_000_000


DAYS, CUSTOMERS = 90, 199
"""Invoices are spread over so many days and customers, no number of days dividing that of the customers: a look-up names suspects of same
customer, date and amount, and reads what the customer has; of real ones there are few."""
_CUSTOMER = 700_000_000


def customer(number: int) -> str:
    """Source id of the n-th invoice's customer."""
    return str(_CUSTOMER + number % CUSTOMERS)


def _rest(kind: str, day: int) -> tuple[bytes, bytes, str]:
    """A body from behind its id up to its customer's id, and from there on, without the spaces that only people need; its version."""
    value = json.loads((FOLDER / f"invoice.{kind}.raw.json").read_text())
    value["invoiceDate"] = (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%dT00:00:00Z")
    value["customer"]["id"] = _CUSTOMER
    head, _, tail = json.dumps(value, separators=(",", ":")).encode().partition(str(_CUSTOMER).encode())
    return head[head.index(b",") :], tail, value["modifiedOn"]


_RESTS = tuple(_rest(kind, day) for day in range(DAYS) for kind in KINDS)


def raw(number: int, connection: str = CONNECTION) -> tuple[str, dict[str, Any]]:
    """Key and raw record of the n-th invoice, as the poller writes it after a fetch."""
    head, tail, version = _RESTS[number % len(_RESTS)]
    source_id = str(FIRST_ID + number)
    made = {
        "connection": connection,
        "system": FIELD_SERVICE,
        "entity": "invoice",
        "source_id": source_id,
        "source_version": version,
        "shape": "object",
        "how": "fetch",
        "body": b'{"id":' + source_id.encode() + head + customer(number).encode() + tail,
        "content_type": "application/json",
        "received_at": NOW,
    }
    return object_key(connection, FIELD_SERVICE, "invoice", source_id), blank("raw.raw") | made


@dataclass(frozen=True)
class Hops:
    """Both hops as the pure functions that they are, for records that a bench needs in front of a sink."""

    snapshot: Snapshot
    codec: Codec
    prefix: str
    partitions: int

    def canonical(self, numbers: Iterable[int], connection: str = CONNECTION) -> Sequence[Output]:
        """Canonical records of these invoices."""
        name = self._topic(f"raw.{FIELD_SERVICE}")
        batch = []
        for offset, (key, record) in enumerate(raw(number, connection) for number in numbers):
            value = self.codec.encode(name, "raw.raw", record)
            batch.append(ConsumerRecord(name, partition_of(key, self.partitions), offset, key.encode(), value, []))
        return raw_to_canonical.apply(batch, _Nothing(), self._ground()).outputs

    def commands(self, numbers: Iterable[int], connection: str = CONNECTION) -> Sequence[Output]:
        """Commands of these invoices."""
        batch = [
            ConsumerRecord(one.topic, one.partition, offset, _bytes(one.key), one.value, one.headers)
            for offset, one in enumerate(self.canonical(numbers, connection))
        ]
        return canonical_to_command.apply(batch, _Nothing(), self._ground()).outputs

    def _ground(self) -> Context:
        return Context(self.snapshot, self.codec, self._topic, self.partitions, NOW)

    def _topic(self, name: str) -> str:
        return self.prefix + name


class _Nothing:
    def get(self, partition: int, key: str) -> bytes | None:
        return None


def _bytes(key: bytes | str | None) -> bytes:
    return key if isinstance(key, bytes) else (key or "").encode()
