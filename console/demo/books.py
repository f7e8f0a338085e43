"""The books of one connection in the demo: a row per flow and purpose, from what both simulators have and what the topics say about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from console.books.document_keys import DocumentKey, by_key, key_of, later_refs, refs_by
from console.demo.accounts import FlowFacts, Row, count_stray, document_row, read_row
from console.demo.facts import Holdings, Topics, demo_of
from console.reconcile.sides import CREDITS
from systems.contract import Flow
from systems.demo import BookedDocument, Expected, Issued, whole
from systems.flow import CARRIES_MONEY, MASTER
from systems.mapped import MANUAL, REVERSAL
from topology.configuration import Connected
from topology.rules.without_flow import NOTHING_TO_BOOK

MATCH = "M0"
_Made = list[tuple[Issued, Expected]]


@dataclass(frozen=True)
class Books:
    """Everything needed to fill the rows of one connection."""

    connected: Connected
    topics: Topics
    holdings: Holdings

    def rows(self) -> list[Row]:
        """A row for each enabled flow of the ERP and each purpose. A document with our ref that no source object makes is counted in the row of its
        purpose, else in the first row of a flow that writes to its system."""
        made: list[tuple[Flow, Row]] = []
        explained: set[str] = set()
        own = self.connected.settings.flows
        flows = [flow for flow in self.connected.settings.erp.declared.flows if flow.id in own and own[flow.id].enabled]
        for flow in flows:
            made += [(flow, row) for row in self._rows(flow, explained)]
        made += [(flow, row) for flow in self._without(flows) for row in self._rows(flow, explained)]
        for target, documents in self._booked.items():
            rows = [row for flow, row in made if flow.target == target and flow.records]
            for document in documents:
                if rows and document.ref and document.ref not in explained:
                    self._stray(rows, document)
        return [row for _, row in made]

    def _without(self, flows: Sequence[Flow]) -> Iterator[Flow]:
        """What replaces a flow if no flow of the connection brings an entity that carries money: a person enters each of its documents, which are
        held by name."""
        erp, source = self.connected.settings.erp.system, self.connected.settings.field_service.system
        taken = {flow.entity for flow in flows if flow.source == source and flow.records}
        for entity in CARRIES_MONEY:
            if entity not in taken and demo_of(source).issued(entity, self.holdings[source].__getitem__):
                yield Flow("", entity, source, erp, entity, (MANUAL, REVERSAL), CARRIES_MONEY[entity])

    @staticmethod
    def without_flow(entity: str, purpose: str, one: Issued) -> Sequence[Expected]:
        """What is expected of an object that no flow brings: a document that a person enters, or an amount that is not booked at all
        (`topology.rules.without_flow`)."""
        if entity in NOTHING_TO_BOOK:
            return (Expected(purpose, one.amount, {}, (one.amount,)),)
        return whole(purpose, one)

    def _stray(self, rows: Sequence[Row], document: BookedDocument) -> None:
        """Count a document that no source object makes. It is explained if the ledger holds its reversal by name."""
        entry = self.topics.by_ref.get(document.ref)
        if entry is None:
            count_stray(rows[0], document, "its ref belongs to no source object")
            return
        key = key_of(entry)
        if key in self.topics.changed.get((entry["source_system"], entry["source_entity"]), ()):
            return
        row = next((row for row in rows if row.purpose == key.purpose), rows[0])
        of = f"{entry['source_entity']} {entry['source_number'] or key.source_id}"
        count_stray(row, document, f"{of} makes no such document ({key.purpose}, part {key.part or 'none'})")

    @cached_property
    def _booked(self) -> Mapping[str, list[BookedDocument]]:
        """What each side's simulator has."""
        return {system: demo_of(system).booked(held.__getitem__) for system, held in self.holdings.items()}

    def _rows(self, flow: Flow, explained: set[str]) -> list[Row]:
        row = Row(flow.id, self.connected.settings.connection, flow.purpose, entity="" if flow.id else flow.entity)
        if flow.id == MATCH:
            return [self._matches(row, self.topics.matched)]
        if flow.entity in self.connected.settings.erp.declared.asked_for and not flow.records:
            return [self._matches(row, {one for one in self.topics.matched if one[0] == flow.entity})]
        if not flow.records:
            return [self._read(row, flow)]
        erp = self.connected.settings.erp.system
        settings = self.connected.readings[erp].settings
        by_purpose: dict[str, _Made] = {}
        for one in demo_of(flow.source).issued(flow.entity, self.holdings[flow.source].__getitem__):
            for expected in (
                demo_of(erp).expected(flow, one, settings) if flow.id else self.without_flow(flow.entity, flow.purpose, one)
            ):
                by_purpose.setdefault(expected.purpose, []).append((one, expected))
        by_purpose = by_purpose or {flow.purpose: []}
        several = len(by_purpose) > 1
        rows = {name: replace(row, purpose=name, is_one_of_several=several, buckets={}, notes=[]) for name in by_purpose}
        return [self._filled(rows[name], flow, made, explained) for name, made in by_purpose.items()]

    def _filled(self, row: Row, flow: Flow, made: _Made, explained: set[str]) -> Row:
        books = self.connected.books_to(flow.target)
        refs: dict[str, DocumentKey] = {}
        for one, expected in made:
            for part in expected.parts:
                key = DocumentKey(one.source_id, expected.purpose, part)
                refs |= dict.fromkeys(refs_by(books, flow.entity, key, expected.action), key)
                if flow.moves_money:
                    refs |= dict.fromkeys(later_refs(books, flow.entity, key, expected.action), key)
        explained.update(refs)
        booked = by_key([_signed(flow, one) for one in self._booked[flow.target]], refs)
        if row.purpose == MASTER:
            booked = self._masters(flow, made, booked)
        return document_row(row, made, booked, self._facts(flow))

    def _facts(self, flow: Flow) -> FlowFacts:
        origin = (flow.source, flow.entity)
        entries = {key: one for key, one in self.topics.entries.get(origin, {}).items() if one["record"] in flow.records}
        decisions = self.topics.decisions.get((flow.id, flow.entity), {})
        changed = frozenset(self.topics.changed.get(origin, ()))
        later = {key: list(found.values()) for key, found in self.topics.later.get(origin, {}).items()}
        return FlowFacts(self.topics.canonical.get(origin, {}), entries, decisions, changed, later)

    def _masters(
        self, flow: Flow, made: _Made, created: Mapping[DocumentKey, list[BookedDocument]]
    ) -> dict[DocumentKey, list[BookedDocument]]:
        """The target's masters: the one that a link names, and any others that were created with our ref."""
        by_id = {document.id: document for document in self._booked[flow.target] if document.kind == flow.entity}
        links = self.topics.links.get((flow.source, flow.entity), {})
        linked = {
            DocumentKey(one.source_id, MASTER): [by_id[links[one.source_id]]]
            for one, _ in made
            if links.get(one.source_id) in by_id
        }
        for key, documents in created.items():
            known = linked.setdefault(key, [])
            known += [document for document in documents if document not in known]
        return linked

    def _read(self, row: Row, flow: Flow) -> Row:
        wanted = demo_of(flow.source).read(flow.id, self.holdings[flow.source].__getitem__)
        seen = {
            f"{entity}/{source_id}"
            for (system, entity), amounts in self.topics.canonical.items()
            if system == flow.source
            for source_id in amounts
        }
        return read_row(row, wanted, seen)

    def _matches(self, row: Row, decided: AbstractSet[tuple[str, str]]) -> Row:
        """Pairs decided by `match`: accepted ones whose partner the ERP keeps, and the ones explicitly without partner."""
        side = self.connected.settings
        known = {(document.kind, document.id) for document in self._booked[side.erp.system]}
        for entity, source_id in sorted(decided):
            target = self.topics.links.get((side.field_service.system, entity), {}).get(source_id, "")
            row.bucket("source").add(Decimal(0))
            row.bucket("topics").add(Decimal(0))
            row.bucket("ledger").add(Decimal(0))
            row.bucket("erp" if (entity, target) in known else "excluded" if not target else "unaccounted").add(Decimal(0))
        return row


def _signed(flow: Flow, document: BookedDocument) -> BookedDocument:
    """The document with the sign of its source's amount. A credit that comes from an invoice reduces it, and the invoice does not say what that
    credit settles."""
    if CREDITS.get((flow.entity, document.kind)) is None:
        return document
    return replace(document, amount=-document.amount, applied=None if document.applied is None else Decimal(0))
