"""Reads from the topics what `open` needs, each topic once. Only what has not ended is kept in memory, and eight bytes of every document.

The mark of a ledger record shows its state, so only documents that have not ended are decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import Message

from console.books.controls import pauses
from console.books.ledgers import LEDGERS, mark_read
from console.books.opened import NOT_DUE, OBSERVED, About, Facts, Source
from console.books.roots import named_values, parents_of
from console.connections.applying import settings_of_all
from console.reading import Cluster, headers_of
from schemas.errors import Malformed
from schemas.records import Parent
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.ledger import Mark
from systems import registry
from topology.canonical_to_command import STAGE
from topology.configuration import Snapshot
from topology.headers import OP_KEY, header
from topology.topics import object_key, topics

Decode = Callable[[Message], tuple[str, dict[str, Any]]]
_CREATE = "|create"


def gather(cluster: Cluster, snapshot: Snapshot, connection: str = "") -> Facts:
    """Everything about documents that are not in the ERP, of one connection or of all."""
    read = _Gathering(cluster, snapshot, connection)
    ledger = read.ledger()
    undecided, unread = read.undecided(ledger), read.unread(ledger)
    entries = {op_key: record for op_key, record in read.decoded(ledger) if record["op_key"]}
    dead = read.dead()
    about, newer = read.about([*entries.values(), *unread], undecided, dead)
    return Facts(
        entries=entries,
        ended=ledger.ended,
        undecided=undecided,
        unread=unread,
        dead=[record for key, record in dead if key not in newer],
        about=about,
        connections=settings_of_all(snapshot),
        removed=frozenset(snapshot.removed),
        pauses=pauses(seen.record for seen in cluster.decisions(connection)),
    )


@dataclass
class OpenLedger:
    """The fold of a ledger: records that have not ended, by op-key, and which objects and op-keys it knows at all."""

    resting: dict[str, Message] = field(default_factory=dict)
    ended: dict[Source, str] = field(default_factory=dict)
    objects: set[int] = field(default_factory=set)
    op_keys: set[int] = field(default_factory=set)

    def learn(self, mark: Mark, message: Message) -> None:
        """Take in one more record of the ledger, in order."""
        source = Source(mark.connection, mark.entity, mark.source_id)
        self.objects.add(hash(source))
        self.op_keys.add(hash(mark.op_key))
        if mark.op_key.endswith(_CREATE):
            self.ended.pop(source, None)
        if mark.state not in e.TERMINAL:
            self.resting[mark.op_key] = message
            return
        self.resting.pop(mark.op_key, None)
        if mark.state in (e.SUPERSEDED, e.REJECTED) and mark.op_key.endswith(_CREATE):
            self.ended[source] = reasons.ENDED.get(mark.reason, mark.reason)


@dataclass(frozen=True)
class _Gathering:
    """One reading of the topics."""

    cluster: Cluster
    snapshot: Snapshot
    connection: str

    @property
    def partitions(self) -> list[int]:
        """The partitions with the connection's records, for topics that are partitioned by connection."""
        return self.cluster.partitions_of(self.connection)

    def _is_selected(self, connection: str) -> bool:
        return self.connection in ("", connection)

    def ledger(self) -> OpenLedger:
        """The ledgers, folded."""
        made = OpenLedger()
        for message in self.cluster.messages(LEDGERS, self.partitions):
            mark = mark_read(self.cluster, message)
            if mark is not None and self._is_selected(mark.connection):
                made.learn(mark, message)
        return made

    def decoded(self, ledger: OpenLedger) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entries that have not ended, by op-key; those that wait for other documents with their links (`parents`)."""
        for op_key, message in ledger.resting.items():
            record = self.cluster.seen(message).record
            if record:
                yield op_key, {**record, "parents": self._links(record)}

    def _links(self, entry: Mapping[str, Any]) -> list[Parent]:
        """The links of an entry that waits for others, as its command names them with purpose and part; empty if the command cannot be read."""
        if not parents_of(entry) or not entry["command"]:
            return []
        try:
            found: list[Parent] = self.cluster.codec.decode(entry["command"])[1]["parents"]
        except Malformed:
            return []
        return found

    def undecided(self, ledger: OpenLedger) -> list[dict[str, Any]]:
        """The newest decision about each object for which no document was ever commanded, if that decision says that the document may still
        come."""
        found: dict[tuple[Source, str], dict[str, Any]] = {}
        for message in self.cluster.messages(["audit"], self.partitions):
            if not _has_no_document((message.key() or b"").decode(errors="replace"), ledger):
                continue
            r = self.cluster.seen(message).record
            if not r or r["stage"] != STAGE or not r["source_id"] or not self._is_selected(r["connection"]):
                continue
            place = Source(r["connection"], r["entity"], r["source_id"]), r["detail"].partition(":")[0]
            found.pop(place, None)
            if r["decision"] in (NOT_DUE, OBSERVED):
                found[place] = r
        return list(found.values())

    def unread(self, ledger: OpenLedger) -> list[dict[str, Any]]:
        """Commands of documents that the ledger does not know, because their sink has not read them yet."""
        found: dict[str, dict[str, Any]] = {}
        for system in registry.systems():
            unread = self.cluster.unread(f"sinks.{system.name}", f"command.{system.name}", self.partitions) if system.writes else {}
            start = {partition: begin for partition, (begin, _) in unread.items()}
            for message in self.cluster.messages([f"command.{system.name}"], list(start), start=start):
                if hash(header(headers_of(message), OP_KEY)) in ledger.op_keys:
                    continue
                seen = self.cluster.seen(message)
                if seen.record and self._is_selected(seen.record["connection"]):
                    found[seen.record["op_key"]] = {**seen.record, "record": seen.name.removeprefix("command.")}
        return [one for one in found.values() if one["record"] not in ("completion", "reversal")]

    def dead(self) -> list[tuple[tuple[str, int], dict[str, Any]]]:
        """Records that cannot be read, each with its object's key and the millisecond at which it was put on `dead`."""
        found = []
        for message in self.cluster.messages(["dead"], self.partitions):
            record = self.cluster.seen(message).record
            if record and self._is_selected(record["connection"]):
                key = (record["key"] or b"").decode(errors="replace")
                found.append(((key, message.timestamp()[1]), record))
        return found

    def about(
        self,
        documents: Iterable[Mapping[str, Any]],
        undecided: Iterable[Mapping[str, Any]],
        dead: Iterable[tuple[tuple[str, int], Any]],
    ) -> tuple[dict[Source, About], set[tuple[str, int]]]:
        """What the newest canonical records say about all these and about what they wait for, and which of the unreadable ones were read since."""
        needed = dict(_needed(documents, undecided))
        put_aside: dict[str, list[int]] = {}
        for (key, at_ms), _ in dead:
            put_aside.setdefault(key, []).append(at_ms)
        names = {f"canonical.{key.split('/')[2]}" for key in [*needed, *put_aside] if key.count("/") >= 3}
        found: dict[Source, About] = {}
        newer: set[tuple[str, int]] = set()
        for message in self.cluster.messages([name for name in sorted(names) if name in topics()]):
            key = (message.key() or b"").decode(errors="replace")
            newer |= {(key, at_ms) for at_ms in put_aside.get(key, ()) if at_ms < message.timestamp()[1]}
            if key in needed:
                record = self.cluster.seen(message).record
                if record:
                    found[needed[key]] = about_of(record)
        return found, newer


def _has_no_document(natural_key: str, ledger: OpenLedger) -> bool:
    """Whether an audit record is about one object of which the ledger knows nothing. Only these are decoded."""
    parts = natural_key.split("/", 3)
    return len(parts) == 4 and hash(Source(parts[0], parts[2], parts[3])) not in ledger.objects


def about_of(record: Mapping[str, Any]) -> About:
    """What a canonical record says about its object."""
    name = record.get("customer_name") or record.get("vendor_name") or record.get("name") or ""
    return About(str(name), str(record["number"]), bool(record["active"]))


def _needed(documents: Iterable[Mapping[str, Any]], undecided: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Source]]:
    """The keys of the canonical records that are needed, each with its object."""
    for entry in documents:
        connection, system = entry["connection"], entry["source_system"]
        whole = entry["source_id"].partition("/")[0]
        others = [one.partition("/")[::2] for one in parents_of(entry)]
        for entity, source_id in {(entry["source_entity"], whole), *others, *named_values(entry)}:
            yield object_key(connection, system, entity, source_id), Source(connection, entity, source_id)
    for record in undecided:
        place = Source(record["connection"], record["entity"], record["source_id"])
        yield object_key(place.connection, record["system"], place.entity, place.source_id), place
