"""What every system offers: what it reads and writes, how its answers are classed, what it checks.

A system is declared once, in `systems/<name>/system.py`, as a frozen `System`. Pure parts (mapping, answer tables) are
functions; parts with I/O (`Reader`, `Writer`, `Checker`) are sessions opened with an `Access`. Everything else about systems
- topics, settings sections, flows, contract tests, documents - is computed from these declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel

from runtime import redaction
from runtime.clock import Clock
from runtime.exchange import Request, Transport
from runtime.limits import Limiter
from schemas.records import Raw
from systems.flow import Flow as Flow  # noqa: PLC0414 - a part of the contract
from systems.legend import Legend
from systems.mapped import Crosswalk, Draft, NoCommand, Normalised, Plan, Reading
from systems.writing.contract import Answer as Answer  # noqa: PLC0414 - as are these
from systems.writing.contract import Capability as Capability  # noqa: PLC0414
from systems.writing.contract import Document as Document  # noqa: PLC0414
from systems.writing.contract import Found as Found  # noqa: PLC0414
from systems.writing.contract import Pair as Pair  # noqa: PLC0414
from systems.writing.contract import ResolvedCommand as ResolvedCommand  # noqa: PLC0414
from systems.writing.contract import Verdict as Verdict  # noqa: PLC0414
from systems.writing.contract import Write as Write  # noqa: PLC0414
from systems.writing.contract import Writer as Writer  # noqa: PLC0414


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
    legends: Mapping[str, Legend] = field(default_factory=dict)
    """What each of these tables means, for people."""
    without: frozenset[str] = frozenset()
    """Choices of a connection (`customer_policy`) that change nothing with this system: nobody is asked for them."""
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
