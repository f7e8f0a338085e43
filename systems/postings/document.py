"""One document in the making: notes of values that are unmapped or defaulted, why it is held, and the draft that it becomes. Pure.

A value without a row is noted as `unresolved` ("business_unit=Plumbing - East") or, if a default replaces it, as `defaulted`. Nothing here raises for
an unmapped value. Each system decides where an amount is booked (`systems/<name>/allocation.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

from schemas.records import Parent
from systems.mapped import Draft, Plan
from systems.values.codes import code

Row = Mapping[str, str]
"""The cells of a crosswalk row by column."""
EMPTY: Row = {}

UNITS = "business_unit"
Own = TypeVar("Own")


class Target(NamedTuple):
    """Where documents go: the flow that brings them, their purpose, and the ERP's name as people know it."""

    flow: str
    purpose: str
    product: str


class Hold(NamedTuple):
    """The rule that holds a document for a person, and the reason in words."""

    name: str
    words: str


@dataclass(frozen=True)
class Posting:
    """What a draft contains besides its body: its target, its posting date, why it is held (None = it is not), and what it waits for."""

    target: Target
    day: date | None
    hold: Hold | None = None
    parents: tuple[Parent, ...] = ()


@dataclass
class Mapped(Generic[Own]):
    """One document in the making: the connection's plan, the system's own settings, the day as of which the crosswalk counts, and the notes."""

    plan: Plan
    settings: Own
    on: date | None
    unresolved: list[str] = field(default_factory=list)
    defaulted: list[str] = field(default_factory=list)
    currencies: list[str] = field(default_factory=list)
    """Currencies of the business units of its header and lines, if their rows give one (column `currency`)."""

    def row(self, table: str, keys: Iterable[str]) -> Row | None:
        """The row of the first key that has one. If an earlier key has no row but looks like another row's key, that is noted and the document is
        held, because neither another row nor a default may replace what was probably meant."""
        for key in filter(code, keys):
            found = self.plan.crosswalk.row(table, key, self.on)
            if found is not None:
                if table == UNITS:
                    self.of_unit(found)
                return found
            self.note_alike(table, key)
        return None

    def unit(self, name: str, source_id: str) -> Row:
        """The row of a business unit, by name or id. If it has no row, that is noted and the result is empty."""
        found = self.row(UNITS, (name, source_id))
        if found is None:
            self.missing(UNITS, name or source_id or "none")
            return EMPTY
        return found

    def of_unit(self, unit: Row) -> None:
        """Note the currency of a business unit that the document or one of its lines belongs to."""
        if unit.get("currency"):
            self._note(self.currencies, code(unit["currency"]).upper())

    def note_alike(self, table: str, key: str) -> None:
        """Note a key without a row that looks like another row's."""
        other = self.plan.crosswalk.alike(table, key)
        if other:
            self.missing(table, f"{key} (looks like {other}, which is another code)")

    def missing(self, what: str, value: str) -> str:
        """Note a value without a row. Returns "", to use in its place."""
        self._note(self.unresolved, f"{what}={value}")
        return ""

    def default(self, what: str, value: str, chosen: str) -> str:
        """Note a value that a default replaces. Without a default the value is missing."""
        if not chosen:
            return self.missing(what, value)
        self._note(self.defaulted, f"{what}={value}")
        return chosen

    def needed(self, setting: str, chosen: str) -> str:
        """An account that only the settings can name."""
        return chosen or self.missing("setting", f"accounts.{setting}")

    def dated(self, name: str, day: date | None) -> None:
        """Note a posting date that the source does not give."""
        if day is None:
            self.missing(name, "none")

    def draft(self, record: str, body: Mapping[str, Any], source: Mapping[str, Any], posting: Posting) -> Draft:
        """The draft of a document whose amount is its source's total, with everything that was noted so far."""
        hold, words = posting.hold or self.foreign(source) or ("", "")
        return Draft(
            record=record,
            body=body,
            flow=posting.target.flow,
            purpose=posting.target.purpose,
            amount=source["total"],
            currency=self.currency_of(source),
            posting_date=posting.day,
            parents=posting.parents,
            unresolved=tuple(self.unresolved),
            defaulted=tuple(self.defaulted),
            hold=hold,
            hold_detail=words,
        )

    def currency_of(self, source: Mapping[str, Any]) -> str:
        """The currency of a document: that of the first of its business units whose currency is not the ledger's, else that of its source."""
        return next((one for one in self.currencies if one != self.plan.currency), str(source["currency"]))

    def foreign(self, source: Mapping[str, Any]) -> Hold | None:
        """The hold of a document in a currency other than the ledger's, by its source or by one of its business units."""
        return other_currency({"currency": self.currency_of(source)}, self.plan, "document")

    @staticmethod
    def _note(notes: list[str], text: str) -> None:
        if text not in notes:
            notes.append(text)


def wanted(keys: Iterable[str]) -> str:
    """The key that a note names if none of these keys has a row: the first one that is not empty."""
    return next(filter(code, keys), "none")


def own_unit(line: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name and id of a line's business unit, if it differs from that of the document."""
    name, source_id = line["business_unit_name"], line["business_unit_id"]
    own = name or source_id
    return (name, source_id) if own and own not in (record["business_unit_name"], record["business_unit_id"]) else None


def other_currency(record: Mapping[str, Any], plan: Plan, what: str) -> Hold | None:
    """The hold of a document in a currency other than the ledger's; `what` is the word for the document."""
    if record["currency"] == plan.currency:
        return None
    return Hold("currency", f"the {what} is in {record['currency']}, the ledger in {plan.currency}")
