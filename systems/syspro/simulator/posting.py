"""How a business object takes a document: item by item, with warnings, ValidateOnly and ApplyIfEntireDocumentValid, and how it answers.

Sources: the parameters of the element trees; recorded answers of a receipt and of a setup object; the form of errors, the counters and their place in
the samples (`ItemsProcessed`, `ItemsInvalid`, `ItemsRejectedWithWarnings`, `ItemsProcessedWithWarnings`; setup: `RecordsRead`, `RecordsInvalid`).
Assumed: `WarningMessages/WarningDescription`; an item that is rejected because of a warning counts only as rejected with warnings, not as invalid; a
valid item that is not applied shows no key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from runtime.simulator.records import Change, Row
from systems.syspro.simulator.answers import FieldError, Tag, document, lowered
from systems.syspro.simulator.company import Company, change, key_of, key_text
from systems.syspro.simulator.reading import Part


@dataclass
class Work:
    """One document that is being taken. Later items see what earlier items changed; nobody else does."""

    company: Company
    parameters: Part
    action: str = ""
    journal: str = ""
    changes: dict[tuple[str, str], Change] = field(default_factory=dict)

    def row(self, table: str, *key: str) -> Row | None:
        """The row with this key, after the changes by earlier items."""
        held = self.changes.get((table, key_text(key)))
        return held.body if held is not None else self.company.row(table, *key)

    def put(self, table: str, row: Row, operation: str, detail: str = "") -> None:
        """Write a row. A row that this document created stays a created one."""
        place = (table, key_of(table, row))
        before = self.changes.get(place)
        made = operation if before is None or before.operation != "create" else "create"
        self.changes[place] = change(table, row, made, detail)


@dataclass
class Outcome:
    """The outcome of an item: its key if it was accepted, its errors, and its warnings."""

    key: list[Tag] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def wrong(self, element: str, value: str, number: int, text: str) -> None:
        """Note what is wrong with an element."""
        self.errors.append(FieldError(element, value, number, text))

    def says_nothing_of(self, element: str) -> bool:
        """Whether no error has been found in an element so far."""
        return all(error.element != element for error in self.errors)

    def blank(self, element: str) -> None:
        """Note that a required element is empty."""
        self.wrong(element, "", 100030, f"XML element '{{Item}}{{{element}}}' cannot be spaces")

    def no_date(self, element: str, text: str) -> None:
        """Note that an element is not a date."""
        self.wrong(element, text, 100028, f"Date '{text}' is invalid for XML element '{element}' it must be CCYY-MM-DD format")

    def no_number(self, element: str, text: str) -> None:
        """Note that an element is not a number, or has too many places."""
        self.wrong(element, text, 100027, f"Value '{text}' is not numeric or has too many decimals for XML element '{element}'")


Take = Callable[[Work, Part], Outcome]


@dataclass(frozen=True)
class Object:
    """A business object: its name and version, the element that repeats, how an item is taken, and whether it belongs to setup. `counts` says whether
    counters follow a document without errors, `shown_as` is the name of the element in the answer if it differs."""

    name: str
    version: str
    item: str
    take: Take
    is_setup: bool = False
    counts: bool = True
    shown_as: str = ""
    applies: str = "Y"
    """The value of ApplyIfEntireDocumentValid for an object without such a parameter."""


@dataclass
class _Counts:
    processed: int = 0
    invalid: int = 0
    rejected: int = 0
    warned: int = 0


def post(work: Work, one: Object, sent: Part, root: str) -> str:
    """Take a document and return the answer. What is accepted is committed before this returns."""
    told = work.parameters.texts
    counts, items = _Counts(), []
    for number, item in enumerate(sent.some(one.item), 1):
        before = dict(work.changes)
        outcome = one.take(work, item)
        is_taken = _judge(outcome, told.get("IgnoreWarnings") or "N", counts)
        if not is_taken:
            work.changes = before
        items.append((number, outcome, is_taken))
    is_whole = not counts.invalid and not counts.rejected
    is_applied = is_whole or (told.get("ApplyIfEntireDocumentValid") or one.applies) == "N"
    if told.get("ValidateOnly") != "Y" and is_applied:
        work.company.commit(work.changes.values())
    tags = [_shown(one, number, outcome, is_taken and is_applied) for number, outcome, is_taken in items]
    if one.counts or not is_whole:
        tags.append(_status(one, counts, len(items), is_applied))
    return document(root.lower(), one.version, tags)


def _judge(outcome: Outcome, ignore: str, counts: _Counts) -> bool:
    if outcome.errors:
        counts.invalid += 1
        return False
    if outcome.warnings and ignore == "N":
        counts.rejected += 1
        return False
    counts.processed += 1
    counts.warned += bool(outcome.warnings) and ignore == "W"
    if ignore == "Y":
        outcome.warnings = []
    return True


def _shown(one: Object, number: int, outcome: Outcome, is_taken: bool) -> Tag:
    inner: list[Tag] = []
    if outcome.key and (is_taken or one.is_setup):
        inner.append(("Key", outcome.key))
    inner += [error.shown() for error in outcome.errors]
    inner += [("WarningMessages", [("WarningDescription", text)]) for text in outcome.warnings]
    if one.is_setup:
        return "item", [_with_lower_name(tag) if tag[0] != "Key" else lowered(tag) for tag in inner]
    return one.shown_as or one.item, [*inner, ("ItemNumber", f"{number:06d}")]


def _with_lower_name(tag: Tag) -> Tag:
    return tag[0].lower(), tag[1]


def _status(one: Object, counts: _Counts, read: int, is_applied: bool) -> Tag:
    if one.is_setup:
        return "StatusOfItems", [("RecordsRead", str(read)), ("RecordsInvalid", str(counts.invalid + counts.rejected))]
    told: list[Tag] = [
        ("ItemsProcessed", f"{counts.processed if is_applied else 0:06d}"),
        ("ItemsInvalid", f"{counts.invalid:06d}"),
    ]
    if counts.rejected or counts.warned:
        told += [
            ("ItemsRejectedWithWarnings", f"{counts.rejected:06d}"),
            ("ItemsProcessedWithWarnings", f"{counts.warned if is_applied else 0:06d}"),
        ]
    return "StatusOfItems", told
