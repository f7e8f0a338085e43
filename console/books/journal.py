"""What happened to documents, in order: posted, adopted, held, released, retried, skipped; by whom and when. Pure.

`result.<system>` shows what was posted, adopted, held and skipped. `control` shows who released, retried or skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from console.books import words
from console.books.opened import text_of
from services.sinks import entry as e
from systems.connection import ConnectionSettings

CONNECTOR = "ml-connector"
"""The actor of what happened without a person."""
_BY_OUTCOME = {e.POSTED: "posted", e.ADOPTED: "adopted", e.HELD: "held", e.REJECTED: "skipped"}
_BY_ACTION = {"release": "released", "accept": "released", "retry": "retried"}


@dataclass(frozen=True)
class Days:
    """From the first day to the last, both included, in each tenant's own zone. None means today, which differs between zones."""

    first: date | None
    last: date | None
    now: datetime

    def holds(self, at: datetime, settings: ConnectionSettings | None) -> bool:
        """Whether an instant is on one of these days in the tenant's zone."""
        today = self._today(settings)
        return (self.first or today) <= at.astimezone(words.zone_of(settings)).date() <= (self.last or today)

    def shown(self, settings: ConnectionSettings | None) -> str:
        """`2026-03-02`, or `2026-03-01 to 2026-03-02`."""
        first, last = (f"{day or self._today(settings)}" for day in (self.first, self.last))
        return first if first == last else f"{first} to {last}"

    def _today(self, settings: ConnectionSettings | None) -> date:
        return self.now.astimezone(words.zone_of(settings)).date()


@dataclass(frozen=True)
class Event:
    """One thing that happened to one document. `about` is the result record that it concerns."""

    at: datetime
    event: str
    about: Mapping[str, Any]
    actor: str
    detail: str

    @property
    def source(self) -> tuple[str, str, str]:
        """Key of its source object: connection, entity, source id. For a part of a payment it is the payment."""
        return self.about["connection"], self.about["source_entity"], self.about["source_id"].partition("/")[0]

    def as_json(self, settings: ConnectionSettings | None, customer: str) -> dict[str, Any]:
        """The form that programs rely on: one object a line."""
        r = self.about
        is_there = self.event in ("posted", "adopted")
        return {
            "at": self.at.astimezone(words.zone_of(settings)).isoformat(),
            "event": self.event,
            "connection": r["connection"],
            "flow": words.flow_id(r, settings),
            "ref": r["ref"],
            "number": words.document_number(r),
            "erp_number": words.there_as(r) if is_there else "",
            "amount": text_of(r["amount"]),
            "currency": r["currency"],
            "customer": customer,
            "actor": self.actor,
        }


@dataclass
class Journal:
    """The fold of decisions and results into events. It keeps in memory the events of the requested days, and the documents that are held."""

    days: Days
    connections: Mapping[str, ConnectionSettings]
    _decisions: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    _held: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def learn_decision(self, control: Mapping[str, Any]) -> None:
        """A person's decision about a document. All of them come before the results."""
        if control["op_key"]:
            self._decisions.setdefault(control["op_key"], []).append(control)

    def learn(self, result: Mapping[str, Any]) -> Iterator[Event]:
        """The event of one result; None if nothing happened, or if it was on another day."""
        event = _BY_OUTCOME.get(result["outcome"], "")
        before = self._held.pop(result["op_key"], None)
        if result["outcome"] == e.HELD:
            self._held[result["op_key"]] = result
            is_told = before is not None and _is_same(before, result)
            if is_told and not self._is_decided_between(before or {}, result):
                return
        if event and self._is_selected(result):
            yield Event(result["at"], event, result, self._actor(result), result["detail"])

    def decided(self, results: Mapping[str, Mapping[str, Any]]) -> Iterator[Event]:
        """Releases and retries; `results` are the newest known results of their documents, by op-key."""
        for op_key, controls in self._decisions.items():
            for control in controls:
                about, event = results.get(op_key), _BY_ACTION.get(control["action"])
                if event and about is not None and self._is_on(control["at"], about["connection"]):
                    yield Event(control["at"], event, about, control["actor"], control["reason"])

    def asked_for(self) -> frozenset[str]:
        """The op-keys of documents about which a person decided."""
        return frozenset(self._decisions)

    def _is_selected(self, result: Mapping[str, Any]) -> bool:
        return self._is_on(result["at"], result["connection"])

    def _is_on(self, at: datetime, connection: str) -> bool:
        return self.days.holds(at, self.connections.get(connection))

    def _is_decided_between(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        decided = (control["at"] for control in self._decisions.get(after["op_key"], ()))
        return any(before["at"] <= at <= after["at"] for at in decided)

    def _actor(self, result: Mapping[str, Any]) -> str:
        """Who skipped it. No other act of a person is a result."""
        if result["outcome"] != e.REJECTED:
            return CONNECTOR
        skips = [control["actor"] for control in self._decisions.get(result["op_key"], ()) if control["action"] == "skip"]
        return str(skips[-1]) if skips else CONNECTOR


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    about = ("reason", "detail", "amount")
    return all(before[name] == after[name] for name in about)


def events(journal: Journal, results: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Every event of the requested days, in the order of time. Decisions must have been learned before."""
    asked = journal.asked_for()
    known: dict[str, Mapping[str, Any]] = {}
    found: list[Event] = []
    for result in results:
        found += journal.learn(result)
        if result["op_key"] in asked:
            known[result["op_key"]] = result
    return sorted([*found, *journal.decided(known)], key=lambda event: event.at)
