"""What going live would write: the newest state of everything read so far, mapped as hop 2 will map it, without what is done already.

It is not an estimate: the hop's own function is called, with the settings and tables that would be in force. Not included are refusals by the ERP
itself, and records on later pages of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from console.books.ledgers import DONE, Bucket, ledger_entries
from console.books.words import flow_id
from console.connections.changes import Change
from console.connections.coverage import held_name
from console.connections.history import once_live
from console.connections.remapping import Source, newest_of, sources_of, without_flow_of
from console.mapping import context_of, mapped
from console.matching.masters import ENTITIES, Masters, never_read, read_links, read_masters
from console.reading import Cluster
from systems.connection import ConnectionSettings
from systems.contract import Flow
from systems.flow import MASTER
from systems.parents import is_meant
from topology.batch import ConsumerRecord, Context, Decision
from topology.configuration import Connected, Snapshot, tables_of
from topology.rules.due import BEFORE_CUTOVER

Object = tuple[str, str]
"""(entity, id at the source)"""


@dataclass
class Load:
    """Documents that would be written at once: all of them, and without signs those of each posting day."""

    written: Bucket = field(default_factory=Bucket)
    days: dict[str, Bucket] = field(default_factory=dict)

    def add(self, amount: Decimal, day: object) -> None:
        """One more document."""
        self.written.add(amount)
        self.days.setdefault(str(day), Bucket()).add(abs(amount))

    @property
    def busiest(self) -> tuple[int, Decimal]:
        """The most documents, and the largest amount, of one posting day."""
        count = max((one.count for one in self.days.values()), default=0)
        return count, max((one.amount for one in self.days.values()), default=Decimal(0))


@dataclass
class Preview:
    """Documents and amounts that going live would find. `causes`: why documents are held -> what is missing, each counted once. `names`: the value,
    rule or master for which they are held, by which a person may accept it. `again`: what flows would write that were live before;
    `joining`: what the others would write. `unmatched`: masters of both sides that nobody has matched. `unread`: masters that may
    be created although those of the ERP were never read. `off`: entities that a flow brings which goes live, and that no feed reads any more."""

    currency: str
    joining: Load = field(default_factory=Load)
    again: Load = field(default_factory=Load)
    masters: int = 0
    early: Bucket = field(default_factory=Bucket)
    held: Bucket = field(default_factory=Bucket)
    causes: dict[str, set[str]] = field(default_factory=dict)
    is_read: bool = True
    names: dict[str, Bucket] = field(default_factory=dict)
    unmatched: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    @property
    def written(self) -> Bucket:
        """What would be written."""
        again, joining = self.again.written, self.joining.written
        return Bucket(again.count + joining.count, again.amount + joining.amount)

    @property
    def amount(self) -> Decimal:
        """What would be written. A person names this amount to go live."""
        return self.written.amount

    def words(self) -> str:
        """In one line. Example: would write 46 documents, 55,825.68 USD; 8 before cut-over; 5 held (2 unmapped business units)"""
        parts = [f"would write {_counted(self.written.count, 'document')}, {self._money(self.written)}"]
        if self.masters:
            parts.append(f"{self.masters} customers or vendors")
        if self.early.count:
            parts.append(f"{self.early.count} before cut-over")
        if self.held.count:
            causes = ", ".join(_counted(len(values), cause) for cause, values in sorted(self.causes.items()))
            parts.append(f"{self.held.count} held ({causes}), {self._money(self.held)}")
        if self.off:
            what = " and ".join(entity.replace("_", " ") for entity in self.off)
            parts.append(f"no feed reads any {what} (feeds_off): only what webhooks bring is known and will be written")
        elif not self.is_read:
            parts.append("nothing is read yet: what is read from now on is written at once")
        return "; ".join(parts)

    def _money(self, bucket: Bucket) -> str:
        return f"{bucket.amount:,.2f} {self.currency}"


def _counted(count: int, cause: str) -> str:
    return f"{count} {cause}{'' if count == 1 else 's'}"


def going_live(change: Change) -> list[Flow]:
    """Flows that would write and did not before."""
    before, after = change.before, change.after.settings
    new = after.live_flows - (before.live_flows if before is not None else frozenset())
    return [flow for flow in after.erp.declared.flows if flow.id in new and flow.records]


def previewed(cluster: Cluster, change: Change) -> Preview | None:
    """What the flows that go live would write, from the topics; None if none goes live."""
    flows = going_live(change)
    if not flows:
        return None
    settings = change.after.settings
    records = [
        ConsumerRecord(seen.topic, seen.partition, seen.offset, seen.key, seen.value, seen.headers)
        for seen in newest_of(cluster, settings.connection, sources_of(flows) | besides(change))
    ]
    done = {one["op_key"] for one in ledger_entries(cluster, settings.connection) if one["state"] in DONE}
    links = read_links(cluster, settings)
    linked = {(entity, one) for entity, pairs in links.items() for pair in pairs.items() if all(pair) for one in pair}
    context = context_of(cluster, Snapshot({settings.connection: planned_connection(change, flows)}))
    made = preview(records, context, Known(done, linked, once_live(cluster, settings.connection)))
    masters, needed = read_masters(cluster, settings), needed_masters(flows)
    made.unmatched = unmatched(masters, needed)
    unread = never_read(cluster, settings, masters) & needed & set(settings.create_missing)
    made.unread = tuple(sorted(name for name in unread if masters[name].ours))
    made.off = entities_off(settings, flows)
    return made


def entities_off(settings: ConnectionSettings, flows: Iterable[Flow]) -> tuple[str, ...]:
    """Entities that these flows bring and that no feed of their system reads, because its settings switch all of them off."""
    off = {side.system: side.entities_off for side in (settings.field_service, settings.erp)}
    return tuple(sorted({flow.entity for flow in flows if flow.entity in off.get(flow.source, ())}))


def besides(change: Change) -> set[Source]:
    """Sources that carry money and that no flow brings, if nothing of the connection was live before: they are held from the first minute. Later they
    are already on the lists."""
    was_live = change.before is not None and bool(change.before.live_flows)
    return set() if was_live else without_flow_of(change.after.settings)


def needed_masters(flows: Iterable[Flow]) -> frozenset[str]:
    """Masters that these flows bring to the other side, and that would exist twice if nobody matched them."""
    return frozenset(flow.entity for flow in flows if flow.purpose == MASTER and flow.entity in ENTITIES)


def unmatched(masters: Mapping[str, Masters], needed: Iterable[str]) -> tuple[str, ...]:
    """Masters of which both sides have some and no pair was ever decided."""
    return tuple(name for name in sorted(needed) if masters[name].ours and masters[name].theirs and not masters[name].linked)


def planned_connection(change: Change, flows: Iterable[Flow]) -> Connected:
    """The connection as it would be in force, with only these flows live."""
    settings, live = change.after.settings, {flow.id for flow in flows}
    own = {name: flow if name in live else flow.model_copy(update={"mode": "observe"}) for name, flow in settings.flows.items()}
    rows = tables_of(row.as_record() for row in change.after.rows)
    return Connected(settings.model_copy(update={"flows": own}), change.version, change.crosswalk_version, rows)


@dataclass(frozen=True)
class Known:
    """Op-keys that are already in the ERP, masters of both sides that have a partner, and flows that were live before."""

    done: Set[str]
    linked: set[Object]
    flows: frozenset[str] = frozenset()


def preview(records: Sequence[ConsumerRecord], context: Context, known: Known) -> Preview:
    """Map the records of the one connection of `context`, and find what would become of their commands."""
    (connected,) = context.snapshot.connections.values()
    found = mapped(records, context)
    made = Preview(connected.settings.currency, is_read=bool(records))
    _count_early(made, found.decisions)
    _unreadable(made, found.dead)
    commands = [(kind, one) for kind, one in found.commands if one["op_key"] not in known.done]
    may_be_made = connected.settings.create_missing
    masters_told = [one for kind, one in commands if kind in ENTITIES and (kind in may_be_made or one.get("create_missing"))]
    new = {(one["source_entity"], one["source_id"]) for one in masters_told}
    masters = known.linked | new
    documents = [one for kind, one in commands if kind not in ENTITIES]
    made.masters = sum(kind in ENTITIES and (one["source_entity"], one["source_id"]) in masters for kind, one in commands)
    brought = ((one["op_key"], flow_id({**one, "record": kind}, connected.settings)) for kind, one in commands if known.flows)
    weigh(made, documents, masters, {op_key for op_key, flow in brought if flow in known.flows})
    return made


def _unreadable(made: Preview, dead: Iterable[Mapping[str, Any]]) -> None:
    """Records that cannot become a command, with their amount if their bytes show it."""
    for one in dead:
        made.held.add(one["amount"])
        made.causes.setdefault("unreadable record", set()).add(f"{one['topic']}/{one['partition']}/{one['offset']}")


def _count_early(made: Preview, decisions: Iterable[Decision]) -> None:
    for decision in decisions:
        if decision.decision == BEFORE_CUTOVER:
            made.early.add(decision.amount)


def weigh(made: Preview, documents: Sequence[Mapping[str, Any]], masters: set[Object], again: Set[str] = frozenset()) -> None:
    """Decide what is held and what would be written. What settles or needs a held document waits with it. `again`: the op-keys of documents of flows
    that were live before."""
    stuck: dict[Object, list[Mapping[str, Any]]] = {}
    remaining = list(documents)
    while remaining:
        kept = [(one, tuple(_missing_for(one, masters, stuck))) for one in remaining]
        held = [(one, missing) for one, missing in kept if missing]
        if not held:
            break
        for one, missing in held:
            made.held.add(one["amount"])
            stuck.setdefault((one["source_entity"], one["source_id"]), []).append(one)
            for cause, value in missing:
                made.causes.setdefault(cause, set()).add(value)
            for name in _names(one, missing):
                made.names.setdefault(name, Bucket()).add(one["amount"])
        remaining = [one for one, missing in kept if not missing]
    for one in remaining:
        (made.again if one["op_key"] in again else made.joining).add(one["amount"], one["posting_date"])


def _names(one: Mapping[str, Any], missing: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What a document is held for, as a person accepts it: `business_unit=west`, the name of a rule, `unmatched customer`. A document that only waits
    for a held document has no such name."""
    yield from one["unresolved"]
    yield from filter(None, [held_name(one)])
    yield from dict.fromkeys(cause for cause, _ in missing if cause.startswith("unmatched "))


def _missing_for(
    one: Mapping[str, Any], masters: set[Object], stuck: Mapping[Object, list[Mapping[str, Any]]]
) -> Iterator[tuple[str, str]]:
    for text in one["unresolved"]:
        table, _, value = text.partition("=")
        yield f"unmapped {table.replace('_', ' ')}", value
    if one["hold"]:
        yield f"document {one['hold']}".replace("_", " "), one["op_key"]
    for parent in one["parents"]:
        found = (parent["entity"], parent["source_id"])
        if parent["entity"] in ENTITIES and found not in masters:
            yield f"unmatched {parent['entity']}", parent["source_id"]
        elif any(is_meant(other, parent) for other in stuck.get(found, ()) if other is not one):
            yield f"document that waits for a held {parent['entity']}".replace("_", " "), one["op_key"]
