"""The demo's accounts: every document that a source object makes is in exactly one bucket, by count and to the cent. Pure.

`source` = not_due + before_cutover + excluded + held + waiting + erp + unaccounted. `source` is what the source's simulator has, `erp` what the
target's simulator has (found by the ref in the document), never our ledger. A row is a flow and a purpose. A source object may make several documents
for one purpose, distinguished by their part. Each is placed separately, and together they have to equal the object's amount. A missing document, and
a document of the ERP that no source object explains, are unaccounted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from console.books.document_keys import DocumentKey
from console.books.ledgers import DONE, Bucket
from systems.demo import BookedDocument, Expected, Issued

BUCKETS = ("not_due", "before_cutover", "excluded", "held", "waiting", "erp", "unaccounted")
_ENDED = ("SUPERSEDED", "REJECTED")
_OF_THE_OBJECT = {"not_due": "not_due", "before_cutover": "before_cutover", "own_origin": "excluded", "filtered": "excluded"}
"""Decisions about a source object as a whole, whatever documents it makes, and their buckets."""
_OF_AN_AMOUNT = ("excluded", "observed")
"""Decisions about an amount of a source object: each one covers this amount once."""


class Decided(NamedTuple):
    """A decision about a source object, with its amount."""

    decision: str
    amount: Decimal
    detail: str = ""


@dataclass(frozen=True)
class FlowFacts:
    """What the topics say about the objects of one flow: canonical amounts and decisions by source id, ledger entries by document."""

    canonical: Mapping[str, Decimal]
    entries: Mapping[DocumentKey, Mapping[str, Any]]
    decisions: Mapping[str, Sequence[Decided]]
    changed: frozenset[DocumentKey] = frozenset()
    """Documents whose source changed after they were written; the change is held by name."""
    later: Mapping[DocumentKey, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Ledger entries that follow a document: its void, its corrections."""


@dataclass
class Row:
    """The row of a flow and a purpose; `notes` name each unaccounted document. The purpose is shown if the flow has several of them. A row without a
    flow is about an `entity` that no flow of the connection brings."""

    flow: str
    connection: str
    purpose: str = ""
    is_one_of_several: bool = False
    entity: str = ""
    buckets: dict[str, Bucket] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def bucket(self, name: str) -> Bucket:
        """The bucket of that name, created if it is not there."""
        return self.buckets.setdefault(name, Bucket())

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        shown = {name: self.bucket(name).as_json() for name in ("source", *BUCKETS[:3], "topics", "ledger", *BUCKETS[3:])}
        told = {"purpose": self.purpose} if self.is_one_of_several else {"entity": self.entity} if self.entity else {}
        return {"flow": self.flow, "connection": self.connection, **told, **shown}


@dataclass(frozen=True)
class _Line:
    """One amount of a source object that has to be in a bucket: a document, or with `is_excluded` an amount that makes none."""

    issued: Issued
    key: DocumentKey
    amount: Decimal
    is_excluded: bool = False

    def __str__(self) -> str:
        of = f" ({self.key})" if str(self.key) else ""
        return f"{self.issued.number or self.issued.source_id}{of} {self.amount}"


def document_row(
    row: Row,
    made: Iterable[tuple[Issued, Expected]],
    booked: Mapping[DocumentKey, Sequence[BookedDocument]],
    known: FlowFacts,
) -> Row:
    """Fill the row of a flow that writes documents, from the source objects and what each has to make for the row's purpose. `booked` are the
    target's documents, found by their ref, with their reversals and replacements. Together they have to equal what the source wants now, which is
    nothing if it is void. A second document with one ref is unaccounted."""
    for amount in known.canonical.values():
        row.bucket("topics").add(amount)
    for issued, expected in made:
        undecided = list(known.decisions.get(issued.source_id, ()))
        for line in _lines(row, issued, expected):
            _count(row, line, booked.get(line.key, ()), known, undecided)
    return row


def _lines(row: Row, issued: Issued, expected: Expected) -> list[_Line]:
    """The amounts that have to be in buckets. If the parts do not add up to the object's amount, the difference is noted at once."""
    keys = {part: DocumentKey(issued.source_id, expected.purpose, part) for part in ("", *expected.parts)}
    lines = [_Line(issued, keys[part], amount) for part, amount in expected.parts.items()]
    lines += [_Line(issued, keys[""], amount, is_excluded=True) for amount in expected.excluded]
    total = sum((line.amount for line in lines), Decimal(0))
    if total != expected.worth:
        difference = _Line(issued, keys[""], expected.worth - total)
        row.bucket("source").add(difference.amount)
        _unaccounted(row, difference, f"its documents come to {total}, it is worth {expected.worth}")
    return lines


def _count(row: Row, line: _Line, documents: Sequence[BookedDocument], known: FlowFacts, undecided: list[Decided]) -> None:
    row.bucket("source").add(line.amount)
    if line.is_excluded:
        _by_decision(row, line, undecided)
        return
    for entry in (known.entries.get(line.key), *known.later.get(line.key, ())):
        if entry is not None and entry["state"] in DONE:
            row.bucket("ledger").amount += entry["amount"]
    row.bucket("ledger").count += known.entries.get(line.key, _NONE)["state"] in DONE
    twice = _twice(documents)
    _place(row, line, [one for one in documents if one not in twice], known, undecided)
    for one in twice:
        count_stray(row, one, f"a second document of {line}")


_NONE: Mapping[str, Any] = {"state": ""}


def _twice(documents: Sequence[BookedDocument]) -> list[BookedDocument]:
    """Documents beyond the first with their ref. A reversal may carry the ref of what it reverses, with the opposite sign."""
    seen: set[tuple[str, bool]] = set()
    found = []
    for one in documents:
        place = (one.ref, one.amount < 0)
        if place in seen:
            found.append(one)
        seen.add(place)
    return found


def count_stray(row: Row, document: BookedDocument, why: str) -> None:
    """Count a document of the ERP that no source object explains."""
    row.bucket("unaccounted").add(document.amount)
    row.notes.append(f"{row.flow} {document.ref} {document.amount}: {document.kind} {document.id}: {why}")


def _place(row: Row, line: _Line, documents: Sequence[BookedDocument], known: FlowFacts, undecided: list[Decided]) -> None:
    entry = known.entries.get(line.key)
    if any(one["state"] not in (*DONE, *_ENDED, "HELD") for one in known.later.get(line.key, ())):
        row.bucket("waiting").add(line.amount)
    elif documents and all(one.done for one in documents):
        differences = _differences(line, documents, known)
        if not differences:
            row.bucket("excluded" if line.issued.is_void else "erp").add(line.amount)
        elif line.key in known.changed or (entry is not None and entry["state"] == "HELD"):  # a later change of the source is held
            row.bucket("held").add(line.amount)
        else:
            named = ", ".join(f"{one.kind} {one.id}" for one in documents)
            _unaccounted(row, line, f"{named} differs: {', '.join(differences)}")
    elif entry is not None and _is_held(entry):
        row.bucket("held").add(line.amount)
    elif entry is not None and entry["state"] in _ENDED:
        row.bucket("excluded").add(line.amount)
    elif entry is not None and entry["state"] not in DONE:
        row.bucket("waiting").add(line.amount)
    else:
        _by_decision(row, line, undecided)


def _is_held(entry: Mapping[str, Any]) -> bool:
    """Whether a person has to act before the document can proceed: it is held, or it waits without limit for something that is held."""
    waits = entry["state"] == "WAITING" and entry.get("reason") == "parent" and entry.get("due_at") is None
    return entry["state"] == "HELD" or (waits and all(": held (" in one for one in str(entry["detail"]).split("; ")))


def _by_decision(row: Row, line: _Line, undecided: list[Decided]) -> None:
    """Place an amount without document and entry by the newest decision that covers it. An exclusion does not explain a missing document: it covers
    only an amount that was expected to be excluded, or zero."""
    for one in reversed(undecided):
        if one.decision in _OF_THE_OBJECT:
            row.bucket(_OF_THE_OBJECT[one.decision]).add(line.amount)
            return
        covers = line.is_excluded or one.decision != "excluded" or not one.amount
        if one.decision in _OF_AN_AMOUNT and one.amount == line.amount and covers:
            undecided.remove(one)
            row.bucket("excluded").add(line.amount)
            return
    last = undecided[-1].decision if undecided else "none"
    _unaccounted(row, line, f"no document, no ledger entry, last decision {last}")


def _differences(line: _Line, documents: Sequence[BookedDocument], known: FlowFacts) -> list[str]:
    """How the documents of a source differ from it: amount, what they settle, facts that are kept up to date. A void source wants no document."""
    one, wanted = line.issued, Decimal(0) if line.issued.is_void else line.amount
    amount = sum((document.amount for document in documents), Decimal(0))
    found = [] if amount == wanted else [f"amount {amount}, not {wanted}"]
    settled = [document.applied for document in documents]
    applied = sum((each for each in settled if each is not None), Decimal(0))
    wanted_applied = (_applications(line, known), _applications(line, known, without=one.of_void))
    if None not in settled and not one.is_void and applied not in wanted_applied:
        found.append(f"applied {applied}, not {dict(one.applications)}")
    facts = documents[-1].facts
    both = one.facts.keys() & facts.keys()
    return found + [f"{fact} {facts[fact]!r}, not {one.facts[fact]!r}" for fact in sorted(both) if one.facts[fact] != facts[fact]]


def _applications(line: _Line, known: FlowFacts, without: frozenset[str] = frozenset()) -> Decimal:
    """The amount that the ERP must have applied: what the source applies, less the applications that are held or wait by name, plus those that the
    source took back and whose reversal is held by name."""
    applied = Decimal(0)
    of = {key: amount for key, amount in line.issued.applications.items() if key not in without}
    for application, amount in of.items():
        entry = known.entries.get(line.key._replace(part=application))
        if entry is None or entry["state"] in DONE:
            applied += amount
    for key in known.changed:
        if key._replace(part="") == line.key and key.part and key.part not in of and key in known.entries:
            applied += known.entries[key]["amount"]
    return applied


def _unaccounted(row: Row, line: _Line, why: str) -> None:
    row.bucket("unaccounted").add(line.amount)
    row.notes.append(f"{row.flow} {line}: {why}")


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
