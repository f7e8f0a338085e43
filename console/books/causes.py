"""Everything that is not in the ERP, each amount once, charged to its root cause. Pure; `console/books/gathered.py` reads the topics.

A document that waits for another one is charged to the cause that keeps the other one: an unmatched customer carries its invoices, and these carry
the applications of their payments. An application moves no money by itself. While its payment or its document is on the list, the application is
listed with 0.00.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from console.books import words
from console.books.opened import NOT_DUE, ZERO, Cause, Facts, Item, Source, has_nothing_to_apply, source_of, whole_of
from console.books.roots import Roots
from services.sinks import entry as e
from services.sinks import reasons
from systems.mapped import COMPLETION

_NUMBERS = re.compile(r"\d+")
_LONELY = f"{reasons.CREATE_MISSING}:"
_Place = tuple[str, str, str]
"""Connection, cause, currency ("" = nothing is charged)."""
_UNREAD = Cause("unread", "commands that the sink has not taken yet", "see that `ml-connector run sinks` runs")


def causes(facts: Facts) -> list[Cause]:
    """Every cause with its documents, largest amount first; one for each connection and currency."""
    found: dict[_Place, tuple[Cause, list[Item]]] = {}
    for cause, item in charged(facts):
        key = (item.connection, cause.key, item.currency if item.amount else "")
        found.setdefault(key, (cause, []))[1].append(item)
    made = [replace(cause, connection=key[0], items=tuple(items)) for key, (cause, items) in _joined(found).items()]
    return sorted(made, key=lambda one: (-abs(one.amount), -len(one.items), one.connection, one.key))


def _joined(found: Mapping[_Place, tuple[Cause, list[Item]]]) -> dict[_Place, tuple[Cause, list[Item]]]:
    """A document without an amount joins the documents of the same cause that have one. Unmatched masters for which nothing waits become
    one cause."""
    made: dict[_Place, tuple[Cause, list[Item]]] = {}
    first: dict[tuple[str, str], _Place] = {}
    for key, (cause, items) in sorted(found.items(), key=lambda one: not one[0][2]):
        place, shown = key if key[2] else first.get(key[:2], key), cause
        if place == key and not key[2] and cause.key.startswith(_LONELY) and len(items) == 1:
            entity = cause.key.removeprefix(_LONELY).partition("/")[0]
            shown = replace(cause, key=f"{_LONELY}{entity}", words=f"{entity}s without a partner for which nothing waits")
            place = (key[0], shown.key, "")
        first.setdefault(key[:2], place)
        made.setdefault(place, (shown, []))[1].extend(items)
    return made


def charged(facts: Facts) -> Iterator[tuple[Cause, Item]]:
    """Each document once, with its root cause. For a removed connection the removal is the only cause."""
    for cause, item in _by_root(facts):
        yield _removed(item.connection) if item.connection in facts.removed else cause, item


def _removed(connection: str) -> Cause:
    return Cause("removed", f"connection {connection} was removed", "apply it again, or enter them in the ERP by hand")


def _by_root(facts: Facts) -> Iterator[tuple[Cause, Item]]:
    roots = Roots(facts)
    items = _Items(facts, roots)
    for entry in facts.entries.values():
        if entry["record"] != COMPLETION and not has_nothing_to_apply(entry, facts.ended):
            yield roots.of(entry), items.of(entry)
    for record in roots.undecided.values():
        yield roots.of_decision(record), items.of_decision(record)
    for command in facts.unread:
        yield _UNREAD, items.of(command)
    for record in facts.dead:
        yield _unreadable(record), items.of_dead(record)


def _unreadable(record: Mapping[str, Any]) -> Cause:
    alike = _NUMBERS.sub("#", record["reason"])[:160]
    sentence = f"records that cannot be read ({record['stage']}): {alike}"
    return Cause(f"dead:{record['stage']}:{alike}", sentence, "correct the object at its source: its next version is read")


class _Items:
    """Documents as lines of the list."""

    def __init__(self, facts: Facts, roots: Roots) -> None:
        self._facts = facts
        self._roots = roots

    def of(self, entry: Mapping[str, Any]) -> Item:
        """A ledger entry, or a command that no sink has taken."""
        settings = self._facts.connections.get(entry["connection"])
        is_told = entry.get("state") in (e.HELD, e.WAITING)
        return Item(
            connection=entry["connection"],
            flow=words.flow_id(entry, settings),
            kind=words.kind_of(entry),
            ref=entry["ref"],
            number=words.document_number(entry),
            source_id=entry["source_id"],
            customer=self._party(entry),
            amount=self._amount(entry),
            currency=entry["currency"],
            state=str(entry["state"]).lower() if is_told else "on its way",
            words=words.outcome(entry, words.zone_of(settings)) if "state" in entry else "the sink has not taken it yet",
            date=str(entry["posting_date"] or ""),
            since=entry.get("first_seen_at"),
        )

    def _amount(self, entry: Mapping[str, Any]) -> Decimal:
        """Its amount, unless another document on the list carries that amount."""
        amount: Decimal = entry["amount"]
        payment = f"{entry['source_entity']}/{entry['source_id'].partition('/')[0]}"
        carriers = (payment, *entry.get("waits_for", ())) if entry["action"] == "apply" else ()
        if self._roots.is_second_half(entry) or any(self._roots.is_listed(entry, carrier) for carrier in carriers):
            return ZERO
        is_voided = entry["action"] == "correct" and e.void_key(entry["op_key"].partition("|correct|")[0]) in self._facts.entries
        return ZERO if is_voided else amount

    def _party(self, entry: Mapping[str, Any]) -> str:
        return self._roots.about(source_of(entry)).name or self._roots.about(whole_of(entry)).name

    def of_decision(self, record: Mapping[str, Any]) -> Item:
        """An object for which no document is commanded yet."""
        about = self._roots.about(Source(record["connection"], record["entity"], record["source_id"]))
        return Item(
            connection=record["connection"],
            flow=words.flow_told(record["detail"]),
            kind=record["entity"].replace("_", " "),
            ref="",
            number=about.number or record["source_id"],
            source_id=record["source_id"],
            customer=about.name,
            amount=record["amount"] or ZERO,
            currency=record["currency"],
            state="not due" if record["decision"] == NOT_DUE else "observed",
            words=words.decided(record),
            date="",
            since=record["at"],
        )

    def of_dead(self, record: Mapping[str, Any]) -> Item:
        """A record that cannot be read, with the amount if its bytes show one."""
        key = (record["key"] or b"").decode(errors="replace")
        named, _, rest = key.partition("/")
        connection = record["connection"] or named
        settings = self._facts.connections.get(connection)
        return Item(
            connection=connection,
            flow="",
            kind="unreadable record",
            ref="",
            number=rest,
            source_id=rest.rpartition("/")[2],
            customer="",
            amount=record["amount"] or ZERO,
            currency=settings.currency if settings is not None else "",
            state="dead",
            words=record["reason"],
            date="",
            since=record["at"],
        )
