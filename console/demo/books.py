"""The books of one connection in the demo: a row per flow, from what both simulators have and what the topics say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from console.demo.accounts import Known, Row, count_stray, document_row, read_row
from console.demo.facts import Holdings, Topics, demo_of
from systems.contract import Flow
from systems.demo import Issued, Kept
from topology.configuration import Connected
from topology.rules.identity import op_key, ref_of

MATCH = "M0"
_MASTER = "master"


@dataclass(frozen=True)
class Books:
    """Everything needed to fill the rows of one connection."""

    connected: Connected
    topics: Topics
    holdings: Holdings

    def rows(self) -> list[Row]:
        """A row per enabled flow of the ERP. A document with a ref of ours but no source is counted in the first flow that writes to its
        system."""
        made: dict[str, Row] = {}
        explained: set[str] = set()
        own = self.connected.settings.flows
        flows = [flow for flow in self.connected.settings.erp.declared.flows if flow.id in own and own[flow.id].enabled]
        for flow in flows:
            made[flow.id] = self._filled(Row(flow.id, self.connected.settings.connection), flow, explained)
        for target, documents in self._kept.items():
            row = next((made[flow.id] for flow in flows if flow.target == target and flow.records), None)
            for document in documents:
                if row is not None and document.ref and document.ref not in explained:
                    count_stray(row, document, "its ref belongs to no source object")
        return list(made.values())

    @cached_property
    def _kept(self) -> Mapping[str, list[Kept]]:
        """What each side's simulator has."""
        return {system: demo_of(system).kept(held.__getitem__) for system, held in self.holdings.items()}

    def _filled(self, row: Row, flow: Flow, explained: set[str]) -> Row:
        if flow.id == MATCH:
            return self._matches(row)
        if not flow.records:
            return self._read(row, flow)
        issued = demo_of(flow.source).issued(flow.entity, self.holdings[flow.source].__getitem__)
        refs = self._refs(flow, issued)
        explained.update(refs)
        kept = self._masters(flow, issued, refs) if flow.purpose == _MASTER else self._by_ref(flow, refs)
        return document_row(row, issued, kept, self._known(flow))

    def _known(self, flow: Flow) -> Known:
        origin = (flow.source, flow.entity)
        entries = {key: one for key, one in self.topics.entries.get(origin, {}).items() if one["record"] in flow.records}
        decisions = self.topics.decisions.get((flow.id, flow.entity), {})
        changed = frozenset(self.topics.changed.get(flow.entity, ()))
        return Known(self.topics.canonical.get(origin, {}), entries, decisions, changed)

    def _refs(self, flow: Flow, issued: list[Issued]) -> dict[str, str]:
        """The refs that the source's identity gives each document, itself or as a correction of another -> source id."""
        books, actions = self.connected.books_to(flow.target), ("upsert",) if flow.purpose == _MASTER else ("create", "adjust")
        return {
            ref_of(op_key(books, flow.purpose, (flow.entity, one.source_id), "", action)): one.source_id
            for one in issued
            for action in actions
        }

    def _by_ref(self, flow: Flow, refs: Mapping[str, str]) -> dict[str, list[Kept]]:
        """Documents of the target by source id, found by the ref that they carry."""
        found: dict[str, list[Kept]] = {}
        for document in self._kept[flow.target]:
            if document.ref in refs:
                found.setdefault(refs[document.ref], []).append(document)
        return found

    def _masters(self, flow: Flow, issued: list[Issued], refs: Mapping[str, str]) -> dict[str, list[Kept]]:
        """The target's masters: the one that a link names, and any others that were created with our ref."""
        by_id = {document.id: document for document in self._kept[flow.target] if document.kind == flow.entity}
        links = self.topics.links.get((flow.source, flow.entity), {})
        linked = {one.source_id: [by_id[links[one.source_id]]] for one in issued if links.get(one.source_id) in by_id}
        for source_id, created in self._by_ref(flow, refs).items():
            known = linked.setdefault(source_id, [])
            known += [document for document in created if document not in known]
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

    def _matches(self, row: Row) -> Row:
        """Pairs decided by `match`: accepted ones whose partner the ERP keeps, and the ones explicitly without partner."""
        side = self.connected.settings
        known = {(document.kind, document.id) for document in self._kept[side.erp.system]}
        for entity, source_id in sorted(self.topics.matched):
            target = self.topics.links.get((side.field_service.system, entity), {}).get(source_id, "")
            row.bucket("source").add(Decimal(0))
            row.bucket("topics").add(Decimal(0))
            row.bucket("ledger").add(Decimal(0))
            row.bucket("erp" if (entity, target) in known else "excluded" if not target else "unaccounted").add(Decimal(0))
        return row
