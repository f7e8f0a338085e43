"""What a mapping takes and gives: pure values, from raw to canonical and from canonical to command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from runtime.errors import Malformed
from schemas.records import Parent

Own = TypeVar("Own", bound=BaseModel)

REVERSAL, COMPLETION, MANUAL = "reversal", "completion", "manual_entry"
"""Records of commands that every system has: what voids a document, a milestone for which nothing is written, and a document that no flow
brings and a person enters."""
NOTHING = "nothing"
"""Action of the milestone that a source object makes no document any more."""


@dataclass(frozen=True)
class Canonical:
    """A canonical record to emit: `entity` names the topic; `record` is complete but for its raw coordinates. `notes` go to `audit`: numbers
    that were rounded or left out, because no posting depends on them."""

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
    """Nothing follows from this record; the reason goes to `audit`."""

    reason: str


Normalised = Canonical | Fetch | Filtered


@dataclass(frozen=True)
class Reading:
    """What a normaliser may know beside the raw record: pure values of the connection."""

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
        """The rows of a key that have a part (column `part`), as in force on that day, in the order of their parts."""

    def alike(self, table: str, key: str) -> str:
        """The key of a row that looks like this one but is another code; "" = there is none, or the key has rows of its own."""


@runtime_checkable
class Leaving(Protocol):
    """Settings of a system that choose which of its objects travel to the other side (accounting.md 21: class, status, set)."""

    def excludes(self, entity: str, record: Mapping[str, Any]) -> str:
        """Why this canonical record of the system stays there, in words; "" = it travels."""


@dataclass(frozen=True)
class Plan:
    """What a mapping may know beside the canonical record: the connection's choices and its crosswalk; never a clock.

    `settings` are those of the side that is written to (`target`), `source_settings` those of the other side, where the record comes
    from. `towards` names the enabled flows that bring an entity to `target`: entity -> flow ids.
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
    """One wanted document as its system maps it; the hop adds identity, hashes and coordinates.

    `record` is the command's file name in `schemas/3_command`; `body` holds that record's own fields (not the envelope's).
    `hold` names the rule that keeps it for a person ("" = none).
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
    """One of several documents of its source object, told apart by `part`: what is not among them is not wanted any more."""
    source_id: str = ""
    """Another identity than the canonical record's own, e.g. the application's id for action `apply`; "" = the record's."""
    reverses: str = "create"
    """Of a reversal: the action under which its document was made."""


@dataclass(frozen=True)
class NoCommand:
    """A decision instead of a command: not_due, before_cutover, excluded, own_origin; goes to `audit` with the amount."""

    decision: str
    detail: str
    flow: str
    amount: Decimal = Decimal(0)
    currency: str = ""


def settings_of(settings: BaseModel | None, own: type[Own], system: str) -> Own:
    """A connection's settings as a system's own. Raises `Malformed` for another system's."""
    if not isinstance(settings, own):
        raise Malformed(f"{system}: settings of another system")
    return settings
