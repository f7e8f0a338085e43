"""Reads from the topics what `reconcile` compares: canonical records of both sides, and what explains their differences.

If only the newest state of each key counts, a topic is read twice: first to find where that state is, then to decode it. So a hundred thousand
documents need little memory beyond what is kept of each.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from confluent_kafka import Message

from console.books.ledgers import Bucket, mark_read
from console.mapping import context_of
from console.reading import Cluster, headers_of
from console.reconcile import findings as f
from console.reconcile.findings import Finding, Judged
from console.reconcile.mapped import Mapper
from console.reconcile.refunds import with_refunds
from console.reconcile.rules import Facts, Limits, Period, judge, signature
from console.reconcile.sides import (
    CREDITS,
    MONEY,
    ZERO,
    Booked,
    Issued,
    Known,
    Lines,
    Object,
    booked_of,
    known_of,
    posted,
    wanted_of,
)
from topology import canonical_to_command
from topology.batch import ConsumerRecord
from topology.configuration import Connected, Snapshot
from topology.headers import CAUSE, OP_KEY, header
from topology.rules.identity import ref_of

_GROUP = 500
_TOPICS = tuple(f"canonical.{entity}" for entity in MONEY)
KeyOf = Callable[[Message], str]


@dataclass
class Compared:
    """Everything that was compared. `others` are documents of the ERP without a ref of ours; `gaps` are changes that no webhook reported."""

    judged: list[Judged] = field(default_factory=list)
    others: dict[str, Bucket] = field(default_factory=dict)
    gaps: dict[str, int] = field(default_factory=dict)


def compared(cluster: Cluster, snapshot: Snapshot, connection: str) -> Compared:
    """Both sides of a connection, compared."""
    reading = _Reading(cluster, snapshot.connections[connection], connection)
    entries, foreign = reading.ledger()
    booked = reading.booked()
    facts = reading.facts(entries, booked)
    made = Compared(gaps=reading.gaps())
    explained: set[str] = set()
    for issued in reading.issued():
        explained |= {w.ref for w in issued.wanted} | {k.ref for k in entries.get(issued.place, ())}
        made.judged.append(judge(issued, facts))
    made.judged = list(with_refunds(made.judged))
    made.judged += reading.never_read({(one.entity, one.source_id) for one in made.judged}, facts)
    made.judged += reading.unreadable()
    strays = [one for ref, found in facts.by_ref.items() if ref not in explained | foreign for one in found if one.is_there]
    made.judged += [reading.stray(one) for one in strays]
    for one in itertools.chain.from_iterable(facts.typed.values()):
        made.others.setdefault(one.entity, Bucket()).add(one.amount)
    return made


@dataclass(frozen=True)
class _Reading:
    """One reading of the topics for one connection."""

    cluster: Cluster
    connected: Connected
    connection: str

    @property
    def _sides(self) -> tuple[str, str]:
        return self.connected.settings.field_service.system, self.connected.settings.erp.system

    # --- the newest state of each key -----------------------------------------------------------------------------------

    def _newest(self, names: Sequence[str], key_of: KeyOf, partitions: Sequence[int] | None = None) -> Iterator[Message]:
        """The newest message of each key; `key_of` returns "" for a message to leave out. Messages that are written during the read are included, so
        the last one of a key counts."""
        last: dict[str, int] = {}
        for message in self.cluster.messages(names, partitions):
            if key := key_of(message):
                last[key] = message.offset() or 0
        for message in self.cluster.messages(names, partitions):
            key = key_of(message)
            if key and (message.offset() or 0) >= last.get(key, 0):
                yield message

    def _of_side(self, system: str) -> KeyOf:
        prefixes = tuple(f"{self.connection}/{system}/{entity}/" for entity in MONEY)

        def key(message: Message) -> str:
            found = (message.key() or b"").decode(errors="replace")
            return found if found.startswith(prefixes) else ""

        return key

    def ledger(self) -> tuple[dict[Object, list[Known]], set[str]]:
        """What the ledger knows of each source object of this connection, and the refs of other connections' documents: they may share the
        ERP's books."""
        name, foreign = f"ledger.{self._sides[1]}", set()

        def key(message: Message) -> str:
            mark = mark_read(self.cluster, message)
            if mark is not None and mark.connection != self.connection:
                foreign.add(ref_of(mark.op_key))
            return mark.op_key if mark is not None and mark.connection == self.connection else ""

        newest: dict[str, Known] = {}
        places: dict[str, Object] = {}
        for message in self._newest([name], key):
            record = self.cluster.seen(message).record
            if record and record["record"] != "completion":
                newest[record["op_key"]] = known_of(record)
                places[record["op_key"]] = record["source_entity"], record["source_id"].partition("/")[0]
        found: dict[Object, list[Known]] = defaultdict(list)
        for op_key, known in newest.items():
            found[places[op_key]].append(known)
        return found, foreign - {known.ref for known in newest.values()}

    # --- both sides -------------------------------------------------------------------------------------------------------

    def booked(self) -> Iterable[Booked]:
        """The documents of the ERP, as its canonical records show them."""
        newest: dict[tuple[str, str], Booked] = {}
        for message in self._newest(_TOPICS, self._of_side(self._sides[1])):
            if record := self.cluster.seen(message).record:
                one = booked_of(record, self.connected.settings.zone)
                newest[(one.entity, one.erp_id)] = one
        return newest.values()

    def issued(self) -> Iterator[Issued]:
        """The objects of the source with what they want, in groups, so that only one group is decoded at a time."""
        mapper = Mapper(self.connected, context_of(self.cluster, Snapshot({self.connection: self.connected})))
        seen: set[bytes] = set()
        group: list[ConsumerRecord] = []
        for message in self._newest(_TOPICS, self._of_side(self._sides[0])):
            if message.key() in seen:
                continue  # written after the first read
            seen.add(message.key() or b"")
            group.append(_consumed(message))
            if len(group) == _GROUP:
                yield from map(mapper.named, mapper.issued(group))
                group = []
        yield from map(mapper.named, mapper.issued(group))

    # --- what explains differences --------------------------------------------------------------------------------------

    def facts(self, entries: dict[Object, list[Known]], booked: Iterable[Booked]) -> Facts:
        """See `Facts`."""
        by_ref: dict[str, list[Booked]] = defaultdict(list)
        typed: dict[tuple[object, ...], list[Booked]] = defaultdict(list)
        by_id = posted(known for found in entries.values() for known in found)
        for one in booked:
            if one.ref:
                by_ref[one.ref].append(one)
            elif (ours := by_id.get(one.erp_id)) is not None and abs(one.amount) in (ZERO, abs(ours.amount)):
                by_ref[ours.ref].append(replace(one, ref=ours.ref, is_marked=False))
            elif one.is_there:
                typed[signature(one)].append(one)
        tax = getattr(self.connected.settings.erp.own(), "tax", None)
        return Facts(
            by_ref=dict(by_ref),
            entries=entries,
            typed=dict(typed),
            unread=frozenset(self._unread_commands()),
            asked=self._asked(),
            unmapped=frozenset(self._unmapped()),
            read_at=self._read_at(),
            periods=self._periods(),
            limits=Limits(getattr(tax, "difference_limit", ZERO)),
            posted_lines=self._posted_lines,
        )

    def _unread_commands(self) -> Iterator[str]:
        erp = self._sides[1]
        places = self.cluster.partitions_of(self.connection)
        for message in self.cluster.unread_messages(f"sinks.{erp}", f"command.{erp}", places):
            yield header(headers_of(message), OP_KEY)

    def _unmapped(self) -> Iterator[Object]:
        """Objects whose newest record hop 2 has not yet processed."""
        key_of = self._of_side(self._sides[0])
        for name in _TOPICS:
            for message in self.cluster.unread_messages(canonical_to_command.STAGE, name):
                if key := key_of(message):
                    yield _object_of(key)

    def _asked(self) -> dict[Object, bool]:
        """Objects that were requested and not yet answered, and whether a webhook reported the change. The pollers commit every request that they
        have handled, so an object that the source does not know (a forged webhook) does not stay here for ever."""
        asked: dict[str, tuple[int, str]] = {}
        key_of = self._of_side(self._sides[0])
        for message in self.cluster.unread_messages("pollers.fetch", "fetch", self.cluster.partitions_of(self.connection)):
            record = self.cluster.seen(message).record
            if (
                record
                and record["connection"] == self.connection
                and record["entity"] in MONEY
                and record["system"] == self._sides[0]
            ):
                key = "/".join((self.connection, record["system"], record["entity"], record["source_id"]))
                asked[key] = message.timestamp()[1], header(headers_of(message), CAUSE)
        if not asked:
            return {}
        for message in self.cluster.messages([f"raw.{self._sides[0]}"]):
            key = key_of(message)
            if key in asked and message.timestamp()[1] >= asked[key][0]:
                record = self.cluster.seen(message).record
                if record and record["how"] == "fetch":
                    del asked[key]
        return {_object_of(key): self._is_webhook(cause) for key, (_, cause) in asked.items()}

    def _is_webhook(self, cause: str) -> bool:
        topic, _, place = cause.rpartition("/")[0].partition("/")
        offset = cause.rpartition("/")[2]
        if not (place.isdigit() and offset.isdigit()):
            return False
        seen = self.cluster.one(topic.removeprefix(self.cluster.settings.kafka.topic_prefix), int(place), int(offset))
        return seen is not None and seen.record.get("how") in ("webhook", "push")

    def _read_at(self) -> datetime | None:
        """When the documents of the ERP were last read: the time of the feed that was read longest ago."""
        erp = self.connected.settings.erp.declared
        names = {f"{erp.name}.{feed.name}" for feed in erp.feeds if feed.entity in MONEY}
        read = [seen.record for seen in self.cluster.newest(["cursors"], of=f"{self.connection}/").values() if seen.record]
        at: dict[str, datetime] = {one["feed"]: one["at"] for one in read if one["feed"] in names}
        return min(at.values()) if at and at.keys() == names else None

    def _periods(self) -> list[Period]:
        found: dict[str, Period] = {}
        prefix = f"{self.connection}/{self._sides[1]}/period/".encode()
        for message in self.cluster.messages(["canonical.period"]):
            if (message.key() or b"").startswith(prefix):
                record = self.cluster.seen(message).record
                if record and record["starts_on"] and record["ends_on"]:
                    found[record["source_id"]] = Period(record["code"], record["starts_on"], record["ends_on"])
        return list(found.values())

    def _posted_lines(self, known: Known) -> Lines | None:
        """The lines of the command by which an entry was posted, None if it is no longer kept."""
        partition, offset = known.command
        seen = self.cluster.one(f"command.{self._sides[1]}", partition, offset) if offset >= 0 else None
        if seen is None or seen.record.get("op_key") != known.op_key:
            return None
        return wanted_of(seen.name.removeprefix("command."), seen.record).lines

    def gaps(self) -> dict[str, int]:
        """Changes of money that polling found and no webhook reported, by entity. They have been read and are only counted."""
        found: dict[str, int] = {}
        for message in self.cluster.messages(["audit"], self.cluster.partitions_of(self.connection)):
            if not (message.key() or b"").endswith(b"/"):
                continue
            record = self.cluster.seen(message).record
            is_own = record and record["connection"] == self.connection and record["decision"] == "gap"
            if is_own and record["entity"] in MONEY and record["system"] == self._sides[0]:
                found[record["entity"]] = found.get(record["entity"], 0) + record["count"]
        return found

    # --- what has no canonical record -------------------------------------------------------------------------------------

    def never_read(self, seen: set[Object], facts: Facts) -> Iterator[Judged]:
        """Objects that were reported but never read, so that their amount is not known."""
        for place, by_webhook in facts.asked.items():
            if place not in seen:
                kind = f.NOT_READ if by_webhook else f.DROPPED_WEBHOOK
                yield self._alone(place, ZERO, Finding(kind, ZERO, words=f.CLASSES[kind]))

    def unreadable(self) -> Iterator[Judged]:
        """Objects whose newest record cannot be read; `open` lists them too."""
        own, newest = self._of_side(self._sides[0]), {}
        for message in self.cluster.messages(["dead"], self.cluster.partitions):
            if key := own(message):
                newest[key] = message
        if not newest:
            return
        for message in self.cluster.messages(_TOPICS):
            key = own(message)
            if key in newest and newest[key].timestamp()[1] < message.timestamp()[1]:
                del newest[key]
        for key, message in newest.items():
            amount: Decimal = self.cluster.seen(message).record.get("amount") or ZERO
            yield self._alone(_object_of(key), amount, Finding(f.UNREADABLE, amount, amount, f.CLASSES[f.UNREADABLE]))

    def stray(self, one: Booked) -> Judged:
        """A document with a ref of ours that no source object explains."""
        flow = self._flow_of(one.entity)
        amount = CREDITS.get((flow[1], one.entity), 1) * one.amount
        if one.entity == "journal":
            amount = sum((moved for _, moved in one.lines if moved > 0), ZERO)
        finding = Finding(f.UNKNOWN_SOURCE, amount, -amount, f.CLASSES[f.UNKNOWN_SOURCE], document=one.erp_id)
        place = (flow[1], one.number, one.day, one.party, "", "", one.currency)
        return Judged(flow[0], *place, None, ((one.day, amount),), (finding,), one.erp_id)

    def _alone(self, place: Object, amount: Decimal, finding: Finding) -> Judged:
        flow, currency = self._flow_of(place[0])[0], self.connected.settings.currency
        return Judged(flow, place[0], "", None, "", "", "", currency, amount, (), (finding,), place[1])

    def _flow_of(self, entity: str) -> tuple[str, str]:
        """The enabled flow that such documents belong to, and the entity that it starts from."""
        enabled = [flow for entity in MONEY for flow in self.connected.flows_from(self._sides[0], entity) if flow.moves_money]
        alike = [flow for flow in enabled if flow.entity == entity]
        credits_ = [flow for flow in enabled if (flow.entity, entity) in CREDITS]
        found = next(iter((*alike, *credits_, *enabled)), None)
        return (found.id, found.entity) if found is not None else ("", entity)


def _consumed(message: Message) -> ConsumerRecord:
    place = (message.topic() or "", message.partition() or 0, message.offset() or 0)
    return ConsumerRecord(*place, message.key() or b"", message.value(), [])


def _object_of(key: str) -> Object:
    entity, _, source_id = key.split("/", 2)[2].partition("/")
    return entity, source_id
