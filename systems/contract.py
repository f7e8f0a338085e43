"""What every system offers: what it reads and writes, how its answers are classed, what it checks.

A system is declared once, in `systems/<name>/system.py`, as a frozen `System`. Pure parts (mapping, answer tables) are
functions; parts with I/O (`Reader`, `Writer`, `Checker`) are sessions opened with an `Access`. Everything else about systems
- topics, settings sections, flows, contract tests, documents - is computed from these declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel

from runtime import redaction
from runtime.clock import Clock
from runtime.exchange import Request, Transport
from runtime.limits import Limiter
from schemas.records import CommandEnvelope, Raw
from systems.flow import Flow as Flow  # noqa: PLC0414 - a part of the contract
from systems.mapped import Crosswalk, Draft, NoCommand, Normalised, Plan, Reading


class Role(StrEnum):
    """Who uses a session; each role has its own token, its own session and a fixed share of every limit."""

    POLLER = "poller"
    SINK = "sink"
    CHECK = "check"


@dataclass(frozen=True)
class Access:
    """What a session is opened with. `credentials` and `settings` are the system's own models, already validated. `writes` names the
    command records that enabled flows of the connection bring to this system."""

    connection: str
    role: Role
    settings: BaseModel
    credentials: BaseModel
    transport: Transport
    limiter: Limiter
    clock: Clock
    writes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """From now on no message shows a secret of these credentials."""
        redaction.know(self.credentials)


# --- reading -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Feed:
    """One way of seeing changes. `kind`: token (opaque continuation), window (closed time windows with overlap), full (whole list).

    `shape` is what its elements are: "hint" (look again by fetch) or "object" (the declared shape, becomes canonical).
    """

    name: str
    entity: str
    kind: str
    shape: str
    cadence: timedelta
    overlap: timedelta = timedelta(0)


LONGEST_ID = 255
"""Characters of an object's id."""


@dataclass(frozen=True)
class Element:
    """One object of a page: the exact bytes of its slice, its id, and the version its source gave ("" where none).

    One that cannot be read is an element all the same: its bytes go to raw, and hop 1 lays them on `dead`. Its id is "" where it cannot be
    told beyond doubt, or is longer than `LONGEST_ID`. `further` are the exact bytes of the answers that complete it, in their order, where a
    system cuts an object off (the lines of an order): all of them together are the object.
    """

    source_id: str
    source_version: str
    body: bytes
    further: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of a feed. `position` is where to continue; it is stored only after every element is acked.

    `more` says that the next page can be read at once. `digest` is the SHA-256 (hex) of the page's bytes. `place` tells pages of one run
    apart where the position cannot, for it holds more than where it leads ("" = the position does). `restarted` says in words that the
    feed could not go on where it was and reads again from an earlier place, "" where it did.
    """

    elements: tuple[Element, ...]
    position: str
    more: bool
    digest: str
    place: str = ""
    restarted: str = ""


class Reader(Protocol):
    """A poller's session with one system. Raises the tree of `runtime/errors.py`; a page that is not what it should be is
    `Transient` or `Broken`, never an empty page; one element that cannot be read is no reason to refuse the others."""

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position` ("" = from the start of what the connection reads)."""

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects in their declared shape. An id that the system does not know is simply absent from the page."""

    async def close(self) -> None:
        """End the session at the vendor's side too, where it counts sessions."""


class Finder(Protocol):
    """A read-only session with a system that lists no masters of a kind, and can be asked for them one by one."""

    async def find(self, entity: str, name: str, numbers: Sequence[str]) -> Page:
        """Every object of this name or of one of these numbers, in its declared shape; an empty page where there is none. Raises the tree
        of errors where that cannot be told: what is not found is taken to have no partner."""

    async def close(self) -> None:
        """End the session."""


@dataclass(frozen=True)
class Signing:
    """How a system proves that a webhook or push notification comes from it; the settings of the connection decide.

    `scheme`: `body-hmac` (HMAC-SHA256 of the raw body in `header`), `standard-webhooks` (webhook-id, -timestamp, -signature),
    `shared-secret` (the secret itself in `header`). `encoding` of body-hmac: hex (lower case), HEX or base64, after `prefix`.
    """

    scheme: str
    header: str
    encoding: str = "hex"
    prefix: str = ""


# --- writing -----------------------------------------------------------------------------------------------------------


class Capability(StrEnum):
    """What the system can promise about a second create with our ref (docs/guarantees.md)."""

    C1 = "C1"  # refuses a second create with our ref
    C2 = "C2"  # upsert by our ref
    C3 = "C3"  # consistent look-up, no uniqueness
    C4 = "C4"  # lagging look-up
    C5 = "C5"  # no look-up


@dataclass(frozen=True)
class Write:
    """A document that the system keeps for us.

    `steps` in order, each one request; POSTED needs all of them; `promised` is the one at which the page's promise is met.
    `calls` is the most requests one attempt of one step may need, look-up included: they are reserved before the intent.
    `p_max` = longest time the system may still commit after we gave up; `v_max` = lag of the look-up.
    `ref_field` is where our ref is kept, "" where the document has no place for one and is found by its parents.
    `watched` names those of `steps` that the system's own batch does (edit, build, post): no request is sent for them, `find` is
    asked every `watch_every` until the document shows the step done or tells a refusal. The first step is never watched.
    `updates`: a master that is kept up to date. Its partner is known by a link (`find` and `perform` get it as
    `ResolvedCommand.known_id`); equal in the owner's fields is unchanged, else the one step is sent, and a newer source
    opens the same op-key again under the same ref. `Document.differences` are then what the step will write, not a mismatch.
    """

    record: str
    document: str
    steps: tuple[str, ...]
    promised: str
    capability: Capability
    ref_field: str
    ref_length: int
    human_number_field: str = ""
    calls: int = 3
    p_max: timedelta = timedelta(seconds=900)
    v_max: timedelta = timedelta(seconds=0)
    watched: tuple[str, ...] = ()
    watch_every: timedelta = timedelta(minutes=5)
    updates: bool = False


@dataclass(frozen=True, slots=True)
class ResolvedCommand:
    """What a writer is asked with: a command and what the sink knows of it in this system.

    `ids` are the parents' ids by the name of their link (`systems/parents.py`), those that are known. `known_id` is the id of the document
    itself, where an earlier look-up or answer told it, for a write with `updates` that of the linked partner; "" = not known.
    `tried_since` is the instant before which no request about this document can have been made, by the clock of this product and of the
    broker: a look-up by a window of creation begins there, less a margin for the system's own clock. None = not known (the ledger was
    rebuilt): a writer that needs it then raises `Refused`, so that nothing is taken to be absent.
    """

    record: str
    command: CommandEnvelope
    ids: Mapping[str, str] = field(default_factory=dict)
    known_id: str = ""
    tried_since: datetime | None = None


@dataclass(frozen=True)
class Document:
    """A document as the system keeps it, seen by a look-up or an answer.

    `steps_done` says how far it is; `differences` names each field in which it is not what the command wants ("field: theirs,
    ours"); empty = equal. `ref` is "" for a document that is not ours. `refusal` is the system's own code and words for why the
    document goes no further there (an edit or build error), "" while it may; `refusal_reason` names the hold ("" = refused).
    `overruled` lists changes by a field's non-owner that the write overwrites or keeps ("name: theirs -> ours").
    """

    erp_id: str
    number: str
    ref: str
    amount: Decimal
    currency: str
    steps_done: tuple[str, ...]
    differences: tuple[str, ...] = ()
    refusal: str = ""
    refusal_reason: str = ""
    overruled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a look-up saw: documents that carry the command's ref, and suspects: same party, date and amount without a ref of ours.

    `refusal` is why the system would not take the request that is about to be sent, in its own code and words, where that can be asked
    beforehand (an account combination, a customer's site): nothing is sent then, and the document is held. `refusal_reason` names the hold
    ("" = refused). What is there already is there, whatever is refused.
    """

    documents: tuple[Document, ...]
    suspects: tuple[Document, ...] = ()
    refusal: str = ""
    refusal_reason: str = ""

    def __post_init__(self) -> None:
        """What a system says may echo what it was sent."""
        object.__setattr__(self, "refusal", redaction.redacted(self.refusal))


class Verdict(StrEnum):
    """The class of an answer to a write (docs/guarantees.md)."""

    YES = "yes"  # done, and the answer echoes ref and amount
    DEFINITE_NO = "definite_no"  # certainly not done; may be tried again
    REJECT = "reject"  # certainly not done, and will not be without a person
    DUPLICATE = "duplicate"  # the system says that our ref exists
    AMBIGUOUS = "ambiguous"  # anything else after the first byte was sent


@dataclass(frozen=True)
class Answer:
    """A classed answer. `code` and `words` are the system's own (shortened, no secrets); `reason` names why a person is needed.

    `throttled` pauses the whole system for `retry_after`; `broken` (credentials, permissions) stops the connection's sink.
    """

    verdict: Verdict
    document: Document | None = None
    code: str = ""
    words: str = ""
    reason: str = ""
    throttled: bool = False
    broken: bool = False
    retry_after: timedelta | None = None

    def __post_init__(self) -> None:
        """What a system says may echo what it was sent."""
        object.__setattr__(self, "code", redaction.redacted(self.code))
        object.__setattr__(self, "words", redaction.redacted(self.words))


class Writer(Protocol):
    """A sink's session with one ERP for one connection.

    `reserve` is awaited before an intent; afterwards `find` and `perform` wait for nothing of ours.
    """

    async def reserve(self, calls: int) -> None:
        """Wait until `calls` requests are allowed and the session and its token are good for the whole attempt."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        """Look up by ref (and suspects where the write has any). Raises the tree of errors when it cannot be told.

        A document that is staged, built or posted under the same ref is one document, whichever step wrote it.
        """

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        """Send the one request of `step` and class its answer. Never repeats, never raises for what the other side did."""

    async def close(self) -> None:
        """End the session at the vendor's side too."""


# --- checking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One line of `check`: `level` is ok, warning or error; `remedy` says what to do, in one sentence."""

    level: str
    subject: str
    words: str
    remedy: str = ""


def checked(count: int, what: str) -> str:
    """Words of a good finding about things of one kind: `1 branch checked: ok`, `3 branches checked: ok`."""
    if count == 1:
        return f"1 {what} checked: ok"
    return f"{count} {f'{what[:-1]}ies' if what.endswith('y') else f'{what}es' if what.endswith(('ch', 's')) else f'{what}s'} checked: ok"


class Checker(Protocol):
    """A read-only session that proves the settings by using them."""

    async def check(self, crosswalk: Crosswalk) -> Sequence[Finding]:
        """Reachability, credentials, scopes, versions, and every crosswalk value against the system's own lists."""

    async def close(self) -> None:
        """End the session."""


# --- the declaration ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class System:
    """One neighbour, declared."""

    name: str
    title: str
    settings: type[BaseModel]
    credentials: type[BaseModel]
    feeds: tuple[Feed, ...]
    fetchable: Mapping[str, int]
    """Entities that `Reader.fetch` reads, with the most ids of one call."""
    writes: tuple[Write, ...]
    flows: tuple[Flow, ...]
    to_canonical: Callable[[Raw, Reading], Sequence[Normalised]]
    to_commands: Callable[[str, Mapping[str, Any], Plan], Sequence[Draft | NoCommand]]
    open_reader: Callable[[Access], Reader]
    open_writer: Callable[[Access], Writer] | None
    open_checker: Callable[[Access], Checker]
    simulator: str
    """Module with `build(options) -> Simulator`."""
    crosswalk_tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Mapping tables this system's flows need: table -> columns (the first is the key)."""
    demo: str = ""
    """Module with `DEMO: Demo`: what `ml-connector demo` has to know of this system's simulator."""
    signing: Callable[[BaseModel], Signing | None] | None = None
    """How this system signs what it sends to ingress, from a connection's settings; None (also from it) = it sends nothing."""
    is_write: Callable[[Request], bool] | None = None
    """Tells a request that changes something: some systems write by GET, or read by POST. None = whatever is no GET. A step sends one such
    request and never a second one, whatever became of the first."""
    chosen_write: Callable[[BaseModel, Write], Write | None] | None = None
    """Where settings decide how a record is written: gets the system's own settings and one of `writes`, gives it back as this
    connection uses it (another `watch_every`, say), or None where the connection writes that record in another way. None = as declared."""

    asked_for: tuple[str, ...] = ()
    """Masters (customer, vendor) that no feed lists and `match` asks for by name or number, through `open_finder`."""
    open_finder: Callable[[Access], Finder] | None = None
    signs_in_as: tuple[str, ...] = ()
    """Credentials and settings that together say who signs in, where a second sign-in of the same ends the first: each role of a connection
    needs its own (`role_credentials`). Empty = sessions stand side by side."""
    position_from: Callable[[Feed, date], str | None] | None = None
    """The position at which a feed is read from a day on, for a person who resets it; None (also from it) where a feed knows no days."""

    def writes_by(self, request: Request) -> bool:
        """See `is_write`."""
        return self.is_write(request) if self.is_write is not None else request.method not in ("GET", "HEAD")

    def write_of(self, record: str, settings: BaseModel | None = None) -> Write:
        """The declaration of one command record, as a connection with these settings uses it. Raises KeyError for a record this
        system does not write."""
        for write in self.writes_of(record, settings):
            return write
        raise KeyError(f"{self.name} does not write {record}")

    def writes_of(self, record: str, settings: BaseModel | None = None) -> tuple[Write, ...]:
        """Every way in which this system writes a record, the one that `settings` choose first. What was begun in one way is ended
        in it, so the others count as well: see `services/sinks`."""
        declared = tuple(write for write in self.writes if write.record == record)
        if settings is None or self.chosen_write is None:
            return declared
        choose = self.chosen_write
        chosen = tuple(made for write in declared if (made := choose(settings, write)) is not None)
        steps = {write.steps for write in chosen}
        return (*chosen, *(write for write in declared if write.steps not in steps))
