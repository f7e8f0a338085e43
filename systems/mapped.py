"""What a mapping takes and returns: pure values, from raw to canonical and from canonical to command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from runtime.errors import Malformed
from schemas.records import Parent

Own = TypeVar("Own", bound=BaseModel)

REVERSAL, COMPLETION, MANUAL = "reversal", "completion", "manual_entry"
"""Command records that every system has: one that voids a document; a milestone, which writes nothing; and a document that no flow can write and that
a person enters."""
NOTHING, UNAPPLIED = "nothing", "unapplied"
"""Actions of the milestones which say that a source object makes no documents any more, or has no applications any more: the set of its documents, or
of its applications, is empty."""
APPLY = "apply"
"""The action of an application. The applications of a payment, credit memo or vendor credit are parts of it (`part` is the application's id,
`parted`). They form a separate set, whose parts depend neither on each other nor on the document itself."""
SECOND_HALF = "receivable/"
"""How the part begins that is the second of two documents of one application, each in its own unit of the ledger. The part of the first one follows.
Both have the whole amount, which lists count once."""


def first_half(part: str) -> str:
    """The part of the document that counts the amount of this one; "" if it counts its own."""
    return part.removeprefix(SECOND_HALF) if part.startswith(SECOND_HALF) else ""


@dataclass(frozen=True)
class Canonical:
    """A canonical record to emit. `entity` names the topic. `record` is complete except for its raw coordinates. `notes` go to `audit`: numbers that
    were rounded or left out because no posting depends on them."""

    entity: str
    record: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fetch:
    """Ask the poller to read this object in its declared shape."""

    entity: str
    source_id: str
    reason: str


@dataclass(frozen=True)
class Filtered:
    """No record follows from this one. The reason goes to `audit`."""

    reason: str


Normalised = Canonical | Fetch | Filtered


@dataclass(frozen=True)
class Reading:
    """What a normaliser may know in addition to the raw record: pure values of the connection."""

    connection: str
    time_zone: str
    currency: str
    settings: BaseModel


class Crosswalk(Protocol):
    """The mapping tables of a connection, as of a posting date. Keys are compared in their normal form (`systems/values/codes.py`)."""

    def row(self, table: str, key: str, on: date | None = None) -> Mapping[str, str] | None:
        """The row in force on that day, or None."""

    def rows(self, table: str, on: date | None = None) -> Mapping[str, Mapping[str, str]]:
        """Every row of a table in force on that day, by key."""

    def parts(self, table: str, key: str, on: date | None = None) -> Sequence[Mapping[str, str]]:
        """The rows of a key that have a part (column `part`) and are in force on that day, in the order of their parts."""

    def alike(self, table: str, key: str) -> str:
        """The key of a row that looks like this one but is a different code; "" if there is none, or if this key has rows."""


@runtime_checkable
class Leaving(Protocol):
    """Settings of a system that choose which of its objects are passed on to the other side (accounting.md 21: class, status, set)."""

    def excludes(self, entity: str, record: Mapping[str, Any]) -> str:
        """Why this canonical record of the system is not passed on, in words; "" means that it is."""


@dataclass(frozen=True)
class Plan:
    """What a mapping may know in addition to the canonical record: the connection's choices and its crosswalk, but no clock.

    `settings` are those of the side that is written to (`target`), `source_settings` those of the side from which the record comes. `towards`
    names the enabled flows that bring an entity to `target`: entity -> flow ids.
    """

    connection: str
    time_zone: str
    currency: str
    tax_mode: str
    customer_policy: str
    create_missing: frozenset[str]
    settings: BaseModel
    crosswalk: Crosswalk
    flows: Mapping[str, Any]
    target: str = ""
    source_settings: BaseModel | None = None
    towards: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Draft:
    """One document that is wanted, as its system maps it. The hop adds identity, hashes and coordinates.

    `record` is the name of the command's file in `schemas/3_command`. `body` holds the fields of that record, without those of the envelope.
    `hold` names the rule that holds the document for a person ("" = none).
    """

    record: str
    body: Mapping[str, Any]
    flow: str
    purpose: str
    action: str = "create"
    part: str = ""
    amount: Decimal = Decimal(0)
    currency: str = ""
    posting_date: date | None = None
    parents: tuple[Parent, ...] = ()
    unresolved: tuple[str, ...] = ()
    defaulted: tuple[str, ...] = ()
    hold: str = ""
    hold_detail: str = ""
    parted: bool = False
    """Whether it is one of several documents of its source object, which `part` distinguishes. A document that is missing from the newest set is not
    wanted any more. Applications (action `apply`) form a set separate from the documents."""
    reverses: str = "create"
    """The action of the document that a reversal takes back."""


@dataclass(frozen=True)
class NoCommand:
    """A decision not to make a command: not_due, before_cutover, excluded or own_origin. It goes to `audit` with the amount."""

    decision: str
    detail: str
    flow: str
    amount: Decimal = Decimal(0)
    currency: str = ""


def settings_of(settings: BaseModel | None, own: type[Own], system: str) -> Own:
    """A connection's settings as the model of one system. Raises `Malformed` for the settings of another system."""
    if not isinstance(settings, own):
        raise Malformed(f"{system}: settings of another system")
    return settings


Commands = Callable[[str, Mapping[str, Any], Plan], Sequence[Draft | NoCommand]]


def by_entity(system: str, makers: Mapping[str, Callable[[Mapping[str, Any], Plan], Sequence[Draft | NoCommand]]]) -> Commands:
    """The `to_commands` of a system that maps each entity by a separate function. Objects that come from the system itself make no commands."""

    def to_commands(entity: str, record: Mapping[str, Any], plan: Plan) -> Sequence[Draft | NoCommand]:
        made = makers.get(entity)
        return [] if made is None or record["system"] == system else made(record, plan)

    return to_commands
