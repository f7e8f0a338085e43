"""Commands, ledger entries and links in any number: made once by the hops and by the sink's own functions, then copied with ids of their own.

A copy differs in the source id (nine digits everywhere), so in op-key and key; hashes and ref stay, which nothing here compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.entry import Incoming
from services.sinks.ledger import MARK, mark_of
from tests.bench import invoices
from tests.bench.ground import ERP, FIELD_SERVICE, Corner
from tests.toy import blank
from topology.batch import Output
from topology.configuration import Follower
from topology.headers import headers
from topology.topics import link_key, partition_of

_MARK = str(invoices.FIRST_ID).encode()


@dataclass(frozen=True)
class Copied:
    """A record to copy: value, key and headers with the first id in them."""

    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]

    def put(self, corner: Corner, topic: str, partition: int, number: int) -> None:
        """Put the n-th copy."""
        own = str(invoices.FIRST_ID + number).encode()
        about = [(name, content.replace(_MARK, own)) for name, content in self.headers]
        corner.put(topic, self.key.replace(_MARK, own).decode(), self.value.replace(_MARK, own), partition, about)


@dataclass(frozen=True)
class Templates:
    """One command, its entry as posted and as waiting for its parent, and a link that nothing waits for, of one connection."""

    connection: str
    partition: int
    command: Copied
    posted: Copied
    waiting: Copied
    link: Copied

    @property
    def command_topic(self) -> str:
        """Where commands go."""
        return f"command.{ERP}"

    @property
    def ledger_topic(self) -> str:
        """Where entries go."""
        return f"ledger.{ERP}"


def templates(corner: Corner, connections: Sequence[str]) -> list[Templates]:
    """Templates for these connections, which must be applied."""
    follower = Follower(corner.settings, corner.codec).start()
    follower.stop()
    kafka = corner.settings.kafka
    hops = invoices.Hops(follower.snapshot, corner.codec, kafka.topic_prefix, kafka.partitions)
    return [_of(corner, connection, hops.commands([0], connection)[0]) for connection in connections]


def _of(corner: Corner, connection: str, made: Output) -> Templates:
    partition, now = partition_of(connection, corner.settings.kafka.partitions), datetime.now(UTC)
    name, command = corner.codec.decode(made.value)
    record = name.removeprefix("command.")
    fresh = e.fresh(Incoming(record, cast("CommandEnvelope", command), made.value, partition, 0, now))
    done: dict[str, Any] = {"steps_done": ["create", "unhold", "release"], "step": "release", "attempt_count": 3}
    posted = e.change(fresh, now, state=e.POSTED, erp_id="Invoice/AR000123", erp_number="AR000123", **done)
    parent = [f"{one['entity']}/{one['source_id']}" for one in command["parents"]]
    waits = e.waits(fresh, now, reasons.PARENT, "missing: " + ", ".join(parent), waits_for=parent, due_at=now + timedelta(days=1))
    copied = Copied(connection.encode(), made.value, made.headers)
    return Templates(connection, partition, copied, _entry(corner, posted), _entry(corner, waits), _link(corner, connection))


def _link(corner: Corner, connection: str) -> Copied:
    """Of a customer with an id that only invoices have otherwise, so that no entry comes to its parent by it."""
    about = {"connection": connection, "entity": "customer", "source_system": FIELD_SERVICE, "source_id": _MARK.decode()}
    about |= {"target_system": ERP, "target_id": f"C{_MARK.decode()}", "origin": "posted", "actor": "bench"}
    link = blank("connection.link") | about | {"at": datetime.now(UTC)}
    key = link_key(link)
    return Copied(
        key.encode(), corner.codec.encode(corner.topic("links"), "connection.link", link), headers("connection.link", key, "bench")
    )


def _entry(corner: Corner, entry: Ledger) -> Copied:
    op_key = entry["op_key"]
    value = corner.codec.encode(corner.topic(f"ledger.{ERP}"), "result.ledger", entry)
    made = [*headers("result.ledger", op_key, "bench", op_key=op_key), (MARK, mark_of(entry).header())]
    return Copied(op_key.encode(), value, made)
