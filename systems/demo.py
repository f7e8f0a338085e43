"""What `ml-connector demo` needs to know about a system: how to connect to its simulator, and how to ask the simulator what it holds.

Each system provides this in `systems/<name>/demo.py: DEMO`; its declaration names that module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from pydantic import BaseModel

from systems.flow import Flow

Ask = Callable[[str], Any]
"""Asks a simulator for a path under `/__sim__/` and returns the parsed answer (money as Decimal or text)."""
NAME, ACTIVE, YES, NO, KIND = "name", "active", "yes", "no", "kind"
"""Words of `facts`."""


@dataclass(frozen=True)
class IssuedLine:
    """A line of a source object: its price, its cost, and whether it came out of the inventory. `unit` is the name of its business unit. `id` is
    given for goods that moved."""

    sku: str
    amount: Decimal
    cost: Decimal
    unit: str = ""
    from_inventory: bool = False
    id: str = ""


@dataclass(frozen=True)
class Issued:
    """A source object as the simulator of its own system holds it. The demo's column `source` counts these.

    `applications` are the amounts that a payment or credit settles, by application id. `facts` are the fields, in our own words, in which both sides
    of a master have to agree; for an adjustment of stock they hold its kind. `is_void` says that the source voided the document, so that nothing of
    it may remain in the books. `of_void` are the applications to voided documents; once the books have reversed those documents, they count as
    settled no more. `order` is the id of the order that a bill belongs to.
    """

    source_id: str
    number: str
    amount: Decimal
    applications: Mapping[str, Decimal] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[IssuedLine, ...] = ()
    is_void: bool = False
    of_void: frozenset[str] = frozenset()
    order: str = ""


@dataclass(frozen=True)
class Expected:
    """What a source object makes for one purpose: the amount of each document by its part ("" if there is one document only), and the amounts for
    which no document is made and which are counted as `excluded`.

    `worth` is the sum of all of these by the source's own figure: the object's amount, or the cost of its lines. `action` is the action under which
    the documents are made; "" is the usual action of the purpose.
    """

    purpose: str
    worth: Decimal
    parts: Mapping[str, Decimal]
    excluded: tuple[Decimal, ...] = ()
    action: str = ""


def whole(purpose: str, one: Issued) -> tuple[Expected, ...]:
    """One document of the whole amount, which is what most source objects make."""
    return (Expected(purpose, one.amount, {"": one.amount}),)


def at_cost(purpose: str, one: Issued, vendor_of: Callable[[IssuedLine], str]) -> tuple[Expected, ...]:
    """One payable for each vendor, for the cost of its lines. Lines that came out of the inventory are excluded (accounting.md 10 and 11)."""
    parts: dict[str, Decimal] = {}
    stock = sum((line.cost for line in one.lines if line.from_inventory), Decimal(0))
    for line in one.lines:
        if line.cost and not line.from_inventory:
            vendor = vendor_of(line)
            parts[vendor] = parts.get(vendor, Decimal(0)) + line.cost
    excluded = (stock,) if stock or not parts else ()
    return (Expected(purpose, sum((line.cost for line in one.lines), Decimal(0)), parts, excluded),)


@dataclass(frozen=True)
class BookedDocument:
    """A document or master as the simulator of the target keeps it, found by the ref that it carries. `done` says that every step is done.
    `applied` is how much of it settles other documents, or None if it settles none. For `facts` see `Issued`."""

    kind: str
    id: str
    ref: str
    amount: Decimal
    date: str
    done: bool
    applied: Decimal | None = Decimal(0)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Balances:
    """The open balance of each customer and each vendor by the side's own figures: party id -> amount, positive for what a customer owes and for what
    a vendor is owed. If the books give only one figure for all parties of a kind, its id is `TOGETHER`. None means that the side keeps no balance of
    that kind."""

    customers: Mapping[str, Decimal] | None
    vendors: Mapping[str, Decimal] | None


TOGETHER = ""
"""See `Balances`."""
BALANCES = "balances"
"""The path under `/__sim__/` at which a simulator shows the open balances of its parties."""


@dataclass(frozen=True)
class Act:
    """Something that happens in the middle of the day, done by a person at the screen of a system or by chance: a POST of `body` to `path` under
    `/__sim__/`. An act with `once_held` waits until a document of the connection is held for that reason. So a document meets a closed period before
    somebody opens the period."""

    name: str
    path: str
    body: Mapping[str, Any]
    once_held: str = ""


def planned(name: str, *faults: Mapping[str, Any]) -> Act:
    """Faults of `runtime/simulator/faults.py`, planted without waiting."""
    return Act(name, "faults", {"faults": [dict(fault) for fault in faults]})


@dataclass(frozen=True)
class Trial:
    """What a person who tries the product asks for: an invoice, a payment or a customer (`kind`).

    `amount` is without tax; None is the usual amount. `of` is the number of the invoice that a payment settles; "" is the newest unpaid one.
    `name` is the customer's name; "" is any customer, and for a new customer a name is made up.
    """

    kind: str
    amount: Decimal | None = None
    of: str = ""
    name: str = ""


@dataclass(frozen=True)
class TrialEvents:
    """What happens at the field-service system in a trial: events for its simulator, and where its answers name the new object.

    `answer` is the index of the result, and `id_member` the member of that result with the source id. `words` describe the object, with "{number}"
    for its number.
    """

    events: Sequence[Mapping[str, Any]]
    entity: str
    answer: int
    id_member: str
    words: str


class Trying(Protocol):
    """The part of the field-service system's demo that does single things on request."""

    def events_of(self, trial: Trial, ask: Ask) -> TrialEvents:
        """The events of a trial. Raises ValueError, with a sentence for people, if the request cannot be met."""


class Demo(Protocol):
    """What the demo knows of one system: how to connect to its simulator, and how to ask it what it holds. It never uses our ledger."""

    @property
    def connection(self) -> str:
        """Id of the demo's connection with this ERP; "" for the field-service system."""

    @property
    def label(self) -> str:
        """The name of the contractor in that connection."""

    def simulator_settings(self, scale: float, number: int = 0) -> Mapping[str, str]:
        """The switches to start the simulator with, on a clock that runs `scale` times as fast. `number` distinguishes several simulators of one
        system."""

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets (field -> value) of a connection to the simulator that printed `ready`."""

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """Rows of each mapping table for the simulators' reference data; each row has its key column too."""

    def paths(self) -> tuple[str, ...]:
        """Every path under `/__sim__/` that `issued`, `booked` and `balances` ask for."""

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """Every object of one of our entities that the simulator holds."""

    def read(self, flow: str, ask: Ask) -> set[str]:
        """What a flow that only reads should have read: `entity/source id` of each record."""

    def expected(self, flow: Flow, one: Issued, settings: BaseModel) -> Sequence[Expected]:
        """What a source object makes by a flow that this ERP declares, with these settings of the ERP: one entry for each purpose."""

    def booked(self, ask: Ask) -> list[BookedDocument]:
        """Every document and master that the simulator keeps."""

    def balances(self, ask: Ask) -> Balances:
        """Open balances by the simulator's own figures. At the source, these cover everything that is not void, posted or not."""

    def flow_settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings of this ERP's flows other than the first posting date, by flow. Example: a posting window."""

    def acts(self, ask: Ask, links: Mapping[str, Mapping[str, str]]) -> Sequence[Act]:
        """What people do at this system during the day, in order.

        `links` are the pairs of masters that the connection keeps up to date here or from here: entity -> id here -> id at the other side.
        """

    def faults(self) -> Sequence[Act]:
        """Disturbances of the day, in order: an outage, a storm of refusals, lost answers, a feature that is switched off and on again."""
