"""Both sides' facts for the demo's accounts: what the simulators hold, what the topics say, joined by identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from typing import Any

from console.books.ledgers import ledger_entries
from console.demo.accounts import Known, Row, document_row, read_row, stray
from console.reading import Cluster
from systems import registry
from systems.contract import Flow
from systems.demo import Ask, Demo, Issued, Kept
from topology.configuration import Connected
from topology.rules.identity import op_key, ref_of

_MASTER = "master"
_LATER = ("void", "correct", "adjust")
"""Actions that follow a document: what stands in a bucket is the document itself."""


def demo_of(system: str) -> Demo:
    """What the demo knows of a system."""
    found: Demo = import_module(registry.system(system).demo).DEMO
    return found


@dataclass
class Topics:
    """What the topics say of one connection: canonical amounts, ledger entries and decisions by (system or flow, entity, id)."""

    canonical: dict[tuple[str, str], dict[str, Decimal]] = field(default_factory=dict)
    entries: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    changed: dict[str, set[str]] = field(default_factory=dict)
    decisions: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)


def read_topics(cluster: Cluster, connection: str) -> Topics:
    """Read everything once."""
    found = Topics()
    for seen in cluster.newest(cluster.canonical_topics(), quiet=True).values():
        r = seen.record
        if r.get("connection") == connection:
            amounts = found.canonical.setdefault((r["system"], r["entity"]), {})
            amounts[r["source_id"]] = r.get("total") or Decimal(0)
    for entry in ledger_entries(cluster, connection, quiet=True):
        if entry["action"] in _LATER and entry["state"] == "HELD":
            found.changed.setdefault(entry["source_entity"], set()).add(entry["source_id"])
        known = found.entries.setdefault(entry["source_entity"], {})
        if entry["source_id"] not in known or entry["action"] not in _LATER:
            known[entry["source_id"]] = entry
    for seen in cluster.scan(["audit"], quiet=True):
        r = seen.record
        if r.get("connection") == connection and r["source_id"]:
            flow = r["detail"].partition(":")[0] if ":" in r["detail"] else ""
            found.decisions.setdefault((flow, r["entity"]), {})[r["source_id"]] = r["decision"]
            if r["decision"] == "match":
                found.matched.add(f"{r['entity']}/{r['source_id']}")
    for seen in cluster.newest(["links"], quiet=True).values():
        if seen.record.get("connection") == connection:
            found.links.setdefault(seen.record["entity"], {})[seen.record["source_id"]] = seen.record["target_id"]
    return found


@dataclass(frozen=True)
class Books:
    """Everything needed to fill the rows of one connection."""

    connected: Connected
    topics: Topics
    source: Demo
    target: Demo
    ask_source: Ask
    ask_target: Ask

    def rows(self) -> list[Row]:
        """A row per flow of the ERP, and M0."""
        kept = self.target.kept(self.ask_target)
        made: list[Row] = []
        explained: set[str] = set()
        for flow in self.connected.settings.erp.declared.flows:
            own = self.connected.settings.flows.get(flow.id)
            if own is None or not own.enabled:
                continue
            row = Row(flow.id, self.connected.settings.connection)
            made.append(self._filled(row, flow, kept, explained))
        self._strays(made, kept, explained)
        return made

    def _strays(self, rows: list[Row], kept: list[Kept], explained: set[str]) -> None:
        """Documents that carry a ref of ours which no source object gives: counted in the first row that writes documents."""
        masters = set(self.topics.links)
        for document in kept:
            if document.ref and document.ref not in explained and document.kind not in masters:
                stray(rows[0], document, "its ref belongs to no source object")

    def _filled(self, row: Row, flow: Flow, kept: list[Kept], explained: set[str]) -> Row:
        if flow.id == "M0":
            return self._matches(row, kept)
        if not flow.records:
            return self._read(row, flow)
        issued = self.source.issued(flow.entity, self.ask_source)
        if flow.purpose == _MASTER:
            return document_row(row, issued, self._masters(flow, issued, kept), self._known(flow))
        return document_row(row, issued, self._by_ref(flow, issued, kept, explained), self._known(flow))

    def _known(self, flow: Flow) -> Known:
        canonical = self.topics.canonical.get((flow.source, flow.entity), {})
        entries = {key: one for key, one in self.topics.entries.get(flow.entity, {}).items() if one["record"] in flow.records}
        decisions = self.topics.decisions.get((flow.id, flow.entity), {})
        return Known(canonical, entries, decisions, frozenset(self.topics.changed.get(flow.entity, ())))

    def _by_ref(self, flow: Flow, issued: list[Issued], kept: list[Kept], explained: set[str]) -> dict[str, list[Kept]]:
        """Documents by source id: the ref that the document carries is the one that the source's identity gives."""
        refs = {}
        for one in issued:
            key = op_key(self.connected.books, flow.purpose, (flow.entity, one.source_id), "", "create")
            refs[ref_of(key)] = one.source_id
        explained.update(refs)
        found: dict[str, list[Kept]] = {}
        for document in kept:
            if document.ref in refs:
                found.setdefault(refs[document.ref], []).append(document)
        return found

    def _masters(self, flow: Flow, issued: list[Issued], kept: list[Kept]) -> dict[str, list[Kept]]:
        """Masters that the ERP keeps: those a link names, and those created with our ref."""
        by_id = {document.id: document for document in kept if document.kind == flow.entity}
        links = self.topics.links.get(flow.entity, {})
        return {one.source_id: [by_id[links[one.source_id]]] for one in issued if links.get(one.source_id) in by_id}

    def _read(self, row: Row, flow: Flow) -> Row:
        wanted = self.target.read(flow.id, self.ask_target)
        seen = {
            f"{entity}/{source_id}"
            for (system, entity), amounts in self.topics.canonical.items()
            if system == flow.source
            for source_id in amounts
        }
        return read_row(row, wanted, seen)

    def _matches(self, row: Row, kept: list[Kept]) -> Row:
        """Pairs decided by `match`: accepted ones whose partner the ERP keeps, and the ones explicitly without partner."""
        known = {(document.kind, document.id) for document in kept}
        for key in sorted(self.topics.matched):
            entity, _, source_id = key.partition("/")
            target = self.topics.links.get(entity, {}).get(source_id, "")
            row.bucket("source").add(Decimal(0))
            row.bucket("topics").add(Decimal(0))
            row.bucket("ledger").add(Decimal(0))
            row.bucket("erp" if (entity, target) in known else "excluded" if not target else "unaccounted").add(Decimal(0))
        return row
