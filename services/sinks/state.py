"""The input and output of the core: the state of one op-key as its owner holds it, events, effects.

Monotonic seconds (`now_s`, `..._s`) count leases and settle waits. Aware UTC instants (`at`) are for the record and for windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TypedDict, Unpack

from schemas.records import Audit, CommandEnvelope, Ledger
from services.sinks.gate import View
from systems.contract import Answer, Capability, Document, Found, Pair


@dataclass(frozen=True, slots=True)
class Times:
    """The times of the protocol in real seconds (docs/guarantees.md). The settle wait is the sum of all five."""

    lease_s: float
    freeze_s: float
    request_s: float
    p_max_s: float
    v_max_s: float

    @property
    def settle_s(self) -> float:
        """From first seeing an open intent until its effects can be seen."""
        return self.lease_s + self.freeze_s + self.request_s + self.p_max_s + self.v_max_s


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules for one kind of document: its steps in order, class, reserved calls and times.

    `watched` are steps that the system's own batch does. They are looked up every `watch_every`, and held by name after `batch_deadline`.
    `updates` means a master that is kept up to date.
    """

    steps: tuple[str, ...]
    capability: Capability
    calls: int
    times: Times
    watched: tuple[str, ...] = ()
    watch_every: timedelta = timedelta(minutes=5)
    batch_deadline: timedelta = timedelta(hours=24)
    updates: bool = False


class Phase(Enum):
    """What the owner is doing for an op-key right now."""

    IDLE = "idle"
    RESERVING = "reserving"
    INTENDING = "intending"  # the intent is on its way to the ledger
    WITHDRAWING = "withdrawing"  # look-up of what a command withdraws, whatever it waits for
    COMPARING = "comparing"  # look-up of a master that is kept up to date, before anything is intended
    WATCHING = "watching"  # look-up of a document whose next step the system's own batch does
    READING = "reading"  # look-up before the write
    SENDING = "sending"
    LOOKING = "looking"  # look-up of an open intent
    CLOSING = "closing"  # the outcome is on its way to the ledger


class KeyChanges(TypedDict, total=False):
    """What `Key.but` may change."""

    entry: Ledger
    rules: Rules
    phase: Phase
    command: CommandEnvelope | None
    mode: str
    seen_s: float | None
    look_s: float | None
    intent_s: float
    looks: int
    lates: int
    failing_s: float | None
    document: Document | None


@dataclass(frozen=True)
class Key:
    """One op-key as its owner holds it. Only `entry` is recorded; the rest is lost with the process.

    `seen_s` is when this owner first saw the open intent and `look_s` when it may be looked up (both None = unknown; the settle wait then
    starts again). `looks` counts look-ups in a row that showed nothing. `failing_s` is since when the look-up cannot be made.
    """

    entry: Ledger
    rules: Rules
    phase: Phase = Phase.IDLE
    command: CommandEnvelope | None = None
    mode: str = "live"
    seen_s: float | None = None
    look_s: float | None = None
    intent_s: float = 0.0
    looks: int = 0
    lates: int = 0
    failing_s: float | None = None
    document: Document | None = None

    @property
    def looks_ahead(self) -> bool:
        """Whether the look-up before the write may be asked while its intent is being recorded. It shows what others did, and every older
        owner was fenced when this one took over (docs/decisions/2026-11-21-the-look-up-beside-the-intent.md)."""
        return self.phase is Phase.INTENDING and self.rules.capability is not Capability.C5

    def but(self, **changes: Unpack[KeyChanges]) -> Key:
        """The same key with these fields changed. Four times as fast as `dataclasses.replace`, which would run twelve times per document.
        For this reason the class has no slots."""
        made = object.__new__(Key)
        made.__dict__.update(self.__dict__, **changes)
        return made


# --- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Restored:
    """The owner found this entry in the ledger when it took the partition."""

    now_s: float


@dataclass(frozen=True, slots=True)
class Turn:
    """The case is looked at: a command came, a wait ended, a parent or a setting changed. `withdraws`: a command that withdraws it waits
    until it is known whether the system holds it, so nothing else is done meanwhile."""

    now_s: float
    view: View
    command: CommandEnvelope | None
    withdraws: bool = False


@dataclass(frozen=True, slots=True)
class Reserved:
    """Session and calls are reserved up to the end of the attempt. The wait for them may have been long, so `view` is the world as it is
    now and the gate judges again."""

    now_s: float
    at: datetime
    view: View


@dataclass(frozen=True, slots=True)
class Unreserved:
    """No calls or no session can be had, and nothing was intended. `reason` and `wait` as in `LookupFailed`."""

    reason: str
    words: str
    wait: timedelta
    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Acked:
    """The record is committed."""

    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A look-up answered. `asked_s` is when it was asked; what it shows may be no newer than that."""

    found: Found
    asked_s: float
    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class LookupFailed:
    """A look-up could not be made. `reason` is system_down, throttled, credentials or refused; `wait` is the backoff drawn for it."""

    reason: str
    words: str
    wait: timedelta
    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """The lease had run out before the request was sent, so nothing was sent."""

    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Withheld:
    """Between intent and send something came that stops the request (a newer command, a pause, other settings). Nothing was sent."""

    words: str
    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The one request has ended. `wait` is the backoff drawn for a definite no."""

    answer: Answer
    wait: timedelta
    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """A person decided about this op-key: release, retry, accept or skip."""

    action: str
    actor: str
    words: str
    now_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Superseded:
    """The source was voided before this was written."""

    version: str
    at: datetime


Event = (
    Restored | Turn | Reserved | Unreserved | Acked | LookedUp | LookupFailed | Late | Withheld | Answered | Decided | Superseded
)


# --- effects ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reserve:
    """Wait until so many calls are allowed. Answered by `Reserved` or `Unreserved`."""

    calls: int


@dataclass(frozen=True, slots=True)
class Record:
    """Commit this state (with the result, link, audits and pairs that follow from it). Answered by `Acked`. `final` ends the run and frees
    its lane."""

    entry: Ledger
    final: bool
    audits: tuple[Audit, ...] = field(default=())
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Find:
    """Look the document up by its ref. Answered by `LookedUp` or `LookupFailed`."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send the one request of `step`, unless the lease has run out or something stops it. Answered by `Answered`, `Late` or `Withheld`."""

    step: str
    document: Document | None
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Look at it again at a monotonic moment, at an instant, or (both None) when something happens."""

    look_s: float | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Supersede:
    """This void overtakes another op-key that is not written yet."""

    op_key: str
    version: str


Effect = Reserve | Record | Find | Send | Wait | Supersede
