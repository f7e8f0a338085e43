"""The documents that are not in the ERP: what is known of them, each as one line, and their causes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from console.books.controls import Pause
from systems.connection import ConnectionSettings

ZERO = Decimal("0.00")
NOT_DUE, OBSERVED = "not_due", "observed"


class Source(NamedTuple):
    """A source object of a connection."""

    connection: str
    entity: str
    source_id: str


@dataclass(frozen=True)
class About:
    """What the newest canonical record says about an object: its customer (for a master, its own name), its number, and whether it is active."""

    name: str = ""
    number: str = ""
    active: bool = True
    amount: Decimal | None = None


@dataclass(frozen=True)
class Facts:
    """What the topics contain: ledger entries that have not ended (by op-key), objects whose document ended without being written, the
    newest decisions about objects without a document, commands that no sink has taken, records that cannot be read, and the settings of
    connections. `removed` are the ids of removed connections."""

    entries: Mapping[str, Mapping[str, Any]]
    ended: Mapping[Source, str] = field(default_factory=dict)
    undecided: Sequence[Mapping[str, Any]] = ()
    unread: Sequence[Mapping[str, Any]] = ()
    dead: Sequence[Mapping[str, Any]] = ()
    about: Mapping[Source, About] = field(default_factory=dict)
    connections: Mapping[str, ConnectionSettings] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    pauses: Mapping[str, Sequence[Pause]] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """One document that is not in the ERP, with the amount that is charged for it."""

    connection: str
    flow: str
    kind: str
    ref: str
    number: str
    source_id: str
    customer: str
    amount: Decimal
    currency: str
    state: str
    words: str
    date: str
    since: datetime | None

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        return {**vars(self), "amount": text_of(self.amount)}


@dataclass(frozen=True)
class Cause:
    """Why documents are not in the ERP, what to do about it, and the documents."""

    key: str
    words: str
    remedy: str
    connection: str = ""
    items: tuple[Item, ...] = ()

    @property
    def amount(self) -> Decimal:
        """The sum of its documents."""
        return sum((item.amount for item in self.items), ZERO)

    def as_json(self) -> dict[str, Any]:
        """The form that programs rely on."""
        return {
            "cause": self.key,
            "words": self.words,
            "remedy": self.remedy,
            "count": len(self.items),
            "amount": text_of(self.amount),
            "documents": [item.as_json() for item in self.items],
        }


def text_of(amount: Decimal) -> str:
    """An amount as programs read it: two places."""
    return f"{amount.quantize(ZERO):f}"


def source_of(entry: Mapping[str, Any]) -> Source:
    """The source object of a ledger entry or command."""
    return Source(entry["connection"], entry["source_entity"], entry["source_id"])


def whole_of(entry: Mapping[str, Any]) -> Source:
    """The source object that a ledger entry is a part of: for an application, its payment."""
    return Source(entry["connection"], entry["source_entity"], entry["source_id"].partition("/")[0])


def has_nothing_to_apply(entry: Mapping[str, Any], ended: Container[Source]) -> bool:
    """Whether it is the application of a payment that `ended` without being written. It stays as it is, and nobody waits for it."""
    return entry["action"] == "apply" and whole_of(entry) in ended


def total(items: Iterable[Item]) -> dict[str, Any]:
    """Count and amount of everything. With several currencies the amount is that of the most frequent one, and the others are listed separately."""
    amounts: dict[str, Decimal] = defaultdict(lambda: ZERO)
    counts: dict[str, int] = defaultdict(int)
    number = 0
    for item in items:
        number += 1
        if item.amount:
            amounts[item.currency] += item.amount
            counts[item.currency] += 1
    main = max(counts, key=lambda currency: (counts[currency], currency), default="")
    others = {currency: text_of(amount) for currency, amount in sorted(amounts.items()) if currency != main}
    made: dict[str, Any] = {"count": number, "amount": text_of(amounts[main]) if main else "0.00", "currency": main}
    return made | ({"other_currencies": others} if others else {})


def grouped(items: Iterable[Item], by: str) -> list[tuple[str, list[Item]]]:
    """Documents by `customer` or `flow` (with its connection), largest amount first."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        name = item.customer or f"no {by}" if by == "customer" else f"{item.connection} {item.flow or 'no flow'}"
        found[name].append(item)
    return sorted(found.items(), key=lambda one: (-abs(sum((item.amount for item in one[1]), ZERO)), one[0]))
