"""The demo's accounts: every source object is in exactly one bucket, by count and to the cent. Pure.

`source` = not_due + before_cutover + excluded + held + waiting + erp + unaccounted. `source` is what the source's simulator has, `erp` what
the target's simulator has (found by the ref in the document), never our ledger. An object in no bucket, and a document of the ERP that no
source object explains, is unaccounted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from console.books.ledgers import DONE, Bucket
from systems.demo import Issued, Kept

BUCKETS = ("not_due", "before_cutover", "excluded", "held", "waiting", "erp", "unaccounted")
_EXCLUDED = ("excluded", "own_origin", "filtered", "observed")
_ENDED = ("SUPERSEDED", "REJECTED")


@dataclass(frozen=True)
class Known:
    """What the topics say of the objects of one flow, by source id."""

    canonical: Mapping[str, Decimal]
    entries: Mapping[str, Mapping[str, Any]]
    decisions: Mapping[str, str]
    changed: frozenset[str] = frozenset()
    """Objects that changed after their document was written; the change is held by name."""


@dataclass
class Row:
    """One flow's row; `notes` name each unaccounted object."""

    flow: str
    connection: str
    buckets: dict[str, Bucket] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name, created if it is not there."""
        return self.buckets.setdefault(name, Bucket())

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        shown = {name: self.bucket(name).as_json() for name in ("source", *BUCKETS[:3], "topics", "ledger", *BUCKETS[3:])}
        return {"flow": self.flow, "connection": self.connection, **shown}


def document_row(row: Row, issued: Sequence[Issued], kept: Mapping[str, Sequence[Kept]], known: Known) -> Row:
    """Fill the row of a flow that writes documents. `kept` is by source id (found by ref); a second document for a source is unaccounted."""
    for amount in known.canonical.values():
        row.bucket("topics").add(amount)
    for one in issued:
        row.bucket("source").add(one.amount)
        entry = known.entries.get(one.source_id)
        if entry is not None and entry["state"] in DONE:
            row.bucket("ledger").add(entry["amount"])
        documents = kept.get(one.source_id, ())
        _place(row, one, documents[0] if documents else None, known)
        for twice in documents[1:]:
            count_stray(row, twice, "a second document with one ref")
    return row


def count_stray(row: Row, document: Kept, why: str) -> None:
    """Count a document of the ERP that no source object explains."""
    _unaccounted(row, Issued(document.ref, document.id, document.amount), f"{document.kind} {document.id}: {why}")


def _place(row: Row, one: Issued, document: Kept | None, known: Known) -> None:
    entry = known.entries.get(one.source_id)
    if document is not None and document.done:
        differences = _differences(one, document, known)
        if not differences:
            row.bucket("erp").add(document.amount)
        elif one.source_id in known.changed:
            row.bucket("held").add(one.amount)
        else:
            _unaccounted(row, one, f"{document.kind} {document.id} differs: {', '.join(differences)}")
    elif entry is not None and entry["state"] == "HELD":
        row.bucket("held").add(one.amount)
    elif entry is not None and entry["state"] in _ENDED:
        row.bucket("excluded").add(one.amount)
    elif entry is not None and entry["state"] not in DONE:
        row.bucket("waiting").add(one.amount)
    else:
        _by_decision(row, one, known.decisions.get(one.source_id, ""))


def _by_decision(row: Row, one: Issued, decision: str) -> None:
    if decision in ("not_due", "before_cutover"):
        row.bucket(decision).add(one.amount)
    elif decision in _EXCLUDED:
        row.bucket("excluded").add(one.amount)
    else:
        _unaccounted(row, one, f"no document, no ledger entry, last decision {decision or 'none'}")


def _differences(one: Issued, document: Kept, known: Known) -> list[str]:
    """How a document differs from its source: amount, what it settles, facts that are kept up to date."""
    found = [] if document.amount == one.amount else [f"amount {document.amount}, not {one.amount}"]
    if document.applied is not None and not _parts_agree(one, document, known):
        found.append(f"applied {document.applied}, not {dict(one.parts)}")
    both = one.facts.keys() & document.facts.keys()
    return found + [
        f"{fact} {document.facts[fact]!r}, not {one.facts[fact]!r}"
        for fact in sorted(both)
        if one.facts[fact] != document.facts[fact]
    ]


def _parts_agree(one: Issued, document: Kept, known: Known) -> bool:
    """Whether what the ERP has applied is what the source applied, less what is held or waiting by name."""
    applied = Decimal(0)
    for part, amount in one.parts.items():
        entry = known.entries.get(f"{one.source_id}/{part}")
        if entry is None or entry["state"] in DONE:
            applied += amount
    return document.applied == applied


def _unaccounted(row: Row, one: Issued, why: str) -> None:
    row.bucket("unaccounted").add(one.amount)
    row.notes.append(f"{row.flow} {one.number or one.source_id} {one.amount}: {why}")


def read_row(row: Row, at_source: Iterable[str], on_topics: Iterable[str]) -> Row:
    """Fill the row of a flow that only reads: records at the source and on the topics; `erp` equals `topics`."""
    source, topics = set(at_source), set(on_topics)
    row.bucket("source").count = len(source)
    row.bucket("topics").count = row.bucket("ledger").count = row.bucket("erp").count = len(topics & source)
    for missing in sorted(source - topics):
        row.bucket("unaccounted").add(Decimal(0))
        row.notes.append(f"{row.flow} {missing}: not on the topics")
    return row


def balanced(row: Row) -> bool:
    """Whether the buckets add up to the source."""
    count = sum(row.bucket(name).count for name in BUCKETS)
    amount = sum((row.bucket(name).amount for name in BUCKETS), Decimal(0))
    source = row.bucket("source")
    return count == source.count and amount == source.amount


def is_ok(rows: Sequence[Row]) -> bool:
    """Whether every row is balanced, with nothing unaccounted and nothing waiting."""
    empty = all(row.bucket("unaccounted").count == 0 and row.bucket("waiting").count == 0 for row in rows)
    return bool(rows) and empty and all(balanced(row) for row in rows)
