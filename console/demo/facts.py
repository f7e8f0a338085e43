"""Facts for the demo's accounts: which demo a system provides, and what the topics say about each connection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from typing import Any

from console.books.document_keys import DocumentKey, key_of
from console.books.ledgers import ledger_entries
from console.demo.accounts import Decided
from console.reading import Cluster
from systems import registry
from systems.demo import Demo
from systems.mapped import UNAPPLIED

Holdings = Mapping[str, Mapping[str, Any]]
"""The answers of both simulators of a connection: system -> path -> answer."""
_LATER = ("void", "correct", "unapply")
"""Actions that follow a document. Buckets count only the document itself."""


_FLOW = re.compile(r"[A-Z]{1,3}\d+[A-Z]?")
"""The form of a flow's id, with which the detail of a decision begins. The detail of a decision about no flow begins otherwise."""


def demo_of(system: str) -> Demo:
    """What the demo knows of a system."""
    found: Demo = import_module(registry.system(system).demo).DEMO
    return found


Origin = tuple[str, str]
"""System and entity of source objects."""


@dataclass
class Topics:
    """What the topics say about one connection: canonical amounts, ledger entries and links by origin, decisions by flow and entity.

    `later` are the entries that follow a document, by op-key: its void and corrections. `changed` are the documents of which such an entry is held.
    `merged` maps masters that their source merged to their survivors.
    """

    canonical: dict[Origin, dict[str, Decimal]] = field(default_factory=dict)
    entries: dict[Origin, dict[DocumentKey, Mapping[str, Any]]] = field(default_factory=dict)
    changed: dict[Origin, set[DocumentKey]] = field(default_factory=dict)
    by_ref: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: dict[tuple[str, str], dict[str, list[Decided]]] = field(default_factory=dict)
    links: dict[Origin, dict[str, str]] = field(default_factory=dict)
    matched: set[tuple[str, str]] = field(default_factory=set)
    merged: dict[Origin, dict[str, str]] = field(default_factory=dict)
    later: dict[Origin, dict[DocumentKey, dict[str, Mapping[str, Any]]]] = field(default_factory=dict)
    _versions: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def learn_entry(self, entry: Mapping[str, Any]) -> None:
        """Take in the newest ledger record of an op-key. If a document has several op-keys (it was written, and later nothing was made of it), the
        newest version of the source counts, in whatever order the records come, because a rebuilt ledger has another order. The milestone of a
        payment that settles nothing concerns only its applications, and does not hide a payment that is held."""
        if entry["action"] == UNAPPLIED:
            return
        origin, key = (entry["source_system"], entry["source_entity"]), key_of(entry)
        if entry["action"] in _LATER:
            self.later.setdefault(origin, {}).setdefault(key, {})[entry["op_key"]] = entry
        if entry["action"] in _LATER and entry["state"] == "HELD":
            self.changed.setdefault(origin, set()).add(key)
        known = self.entries.setdefault(origin, {})
        if entry["action"] in _LATER:
            if key not in known:
                known[key] = self.by_ref[entry["ref"]] = entry
            return
        other = known.get(key)
        if other is None or other["action"] in _LATER or _place(other) <= _place(entry):
            known[key] = entry
        self.by_ref[entry["ref"]] = entry

    def learn_decision(self, r: Mapping[str, Any]) -> None:
        """Take in an audit record about one object. Records about its newest version count, each once even if it was repeated."""
        named = r["detail"].partition(":")[0]
        flow = named if _FLOW.fullmatch(named) else ""
        decisions = self.decisions.setdefault((flow, r["entity"]), {}).setdefault(r["source_id"], [])
        place = (flow, r["entity"], r["source_id"])
        if self._versions.get(place) != r["source_version"]:
            decisions.clear()
        self._versions[place] = r["source_version"]
        made = Decided(r["decision"], r["amount"] or Decimal(0), r["detail"])
        if made in decisions:
            decisions.remove(made)
        decisions.append(made)
        if r["decision"] == "match" and r["system"] == registry.FIELD_SERVICE:
            self.matched.add((r["entity"], r["source_id"]))


def _place(entry: Mapping[str, Any]) -> tuple[str, int]:
    return entry["source_version"], entry["command_offset"]


def read_topics(cluster: Cluster, connections: Iterable[str]) -> dict[str, Topics]:
    """Read everything once, for all these connections."""
    found = {connection: Topics() for connection in connections}
    for seen in cluster.newest(cluster.canonical_topics(), quiet=True).values():
        r = seen.record
        if r.get("connection") in found:
            amounts = found[r["connection"]].canonical.setdefault((r["system"], r["entity"]), {})
            amounts[r["source_id"]] = r.get("total") or Decimal(0)
            if r.get("merged_to_id"):
                found[r["connection"]].merged.setdefault((r["system"], r["entity"]), {})[r["source_id"]] = r["merged_to_id"]
    for entry in ledger_entries(cluster, quiet=True):
        if entry["connection"] in found:
            found[entry["connection"]].learn_entry(entry)
    for seen in cluster.scan(["audit"], quiet=True):
        if seen.record.get("connection") in found and seen.record["source_id"]:
            found[seen.record["connection"]].learn_decision(seen.record)
    for seen in cluster.newest(["links"], quiet=True).values():
        r = seen.record
        if r.get("connection") in found:
            found[r["connection"]].links.setdefault((r["source_system"], r["entity"]), {})[r["source_id"]] = r["target_id"]
    return found
