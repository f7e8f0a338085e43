"""What every system offers: what it reads and writes, how its answers are classified, and what it checks.

A system is declared once, in `systems/<name>/system.py`, as a frozen `System`. Pure parts (mapping, tables of answers) are functions; parts with
I/O (`Reader`, `Writer`, `Checker`) are sessions that are opened with an `Access`. Everything else about systems (topics, sections of the
settings, flows, contract tests, documents) is computed from these declarations.
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
from systems.flow import Flow as Flow  # noqa: PLC0414 - re-exported as a part of this contract
from systems.legend import Legend
from systems.mapped import Crosswalk, Draft, NoCommand, Normalised, Plan, Reading
from systems.writing.contract import Answer as Answer  # noqa: PLC0414 - re-exported, as are the following
from systems.writing.contract import Capability as Capability  # noqa: PLC0414
from systems.writing.contract import Document as Document  # noqa: PLC0414
from systems.writing.contract import Found as Found  # noqa: PLC0414
from systems.writing.contract import Original as Original  # noqa: PLC0414
from systems.writing.contract import Pair as Pair  # noqa: PLC0414
from systems.writing.contract import ResolvedCommand as ResolvedCommand  # noqa: PLC0414
from systems.writing.contract import Verdict as Verdict  # noqa: PLC0414
from systems.writing.contract import Write as Write  # noqa: PLC0414
from systems.writing.contract import Writer as Writer  # noqa: PLC0414


class Role(StrEnum):
    """Who uses a session. Each role has its own token, its own session and a fixed share of every limit."""

    POLLER = "poller"
    SINK = "sink"
    CHECK = "check"


@dataclass(frozen=True)
class Access:
    """What a session is opened with. `credentials` and `settings` are the system's own models, already validated. `writes` names the command records
    that the connection's enabled flows send to this system."""

    connection: str
    role: Role
    settings: BaseModel
    credentials: BaseModel
    transport: Transport
    limiter: Limiter
    clock: Clock
    writes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """From now on, the secrets of these credentials are removed from every message."""
        redaction.know(self.credentials)


# --- reading -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Feed:
    """One way to see changes. `kind` is token (an opaque continuation), window (closed windows of time that overlap) or full (the whole list).

    `shape` says what its elements are: "hint" (the object is fetched afterwards) or "object" (the declared shape, which becomes canonical).
    """

    name: str
    entity: str
    kind: str
    shape: str
    cadence: timedelta
    overlap: timedelta = timedelta(0)


LONGEST_ID = 255
"""The most characters that the id of an object may have."""


@dataclass(frozen=True)
class Element:
    """One object of a page: the exact bytes of its slice, its id, and the version that its source gave ("" if it gave none).

    An object that cannot be read is an element, too: its bytes go to raw, and hop 1 puts them on `dead`. Its id is "" if the id cannot be read with
    certainty, or if it is longer than `LONGEST_ID`. Some systems truncate an object, such as an order with many lines. `further` then holds the exact
    bytes of the answers that complete it, in order; together with `body` they are the object.
    """

    source_id: str
    source_version: str
    body: bytes
    further: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Page:
    """A page of a feed. `position` is where the next call continues. It is stored only after every element is acked.

    `more` says that the next page can be read at once. `digest` is the SHA-256 (hex) of the page's bytes. `place` tells the pages of one run
    apart if their positions cannot; "" means that the position does. If the feed could not continue at its position and is read again from an
    earlier one, `restarted` says so in words.
    """

    elements: tuple[Element, ...]
    position: str
    more: bool
    digest: str
    place: str = ""
    restarted: str = ""


class Reader(Protocol):
    """A poller's session with one system. It raises the errors of `runtime/errors.py`. A page that is not what it should be is `Transient` or
    `Broken`, never an empty page. If one element cannot be read, the others are still read."""

    async def page(self, feed: Feed, position: str) -> Page:
        """The page of `feed` at `position`; "" is the start of what the connection reads."""

    async def fetch(self, entity: str, source_ids: Sequence[str]) -> Page:
        """These objects in their declared shape. The page does not contain ids that the system does not know."""

    async def close(self) -> None:
        """End the session, at the vendor as well if it counts sessions."""


class Finder(Protocol):
    """A read-only session with a system that does not list its masters of some kind but answers when it is asked for one of them."""

    async def find(self, entity: str, name: str, numbers: Sequence[str]) -> Page:
        """Every object with this name or with one of these numbers, in its declared shape; an empty page if there is none. Raises an error of
        `runtime/errors.py` if the system did not give a clear answer, because an object that is not found counts as one without a partner."""

    async def close(self) -> None:
        """End the session."""


@dataclass(frozen=True)
class Signing:
    """How a system proves that a webhook or push notification comes from it, as the settings of the connection say.

    `scheme` is `body-hmac` (HMAC-SHA256 of the raw body, in `header`), `timed-hmac` (HMAC-SHA256 of the seconds in the header `timestamp`, a dot and
    the body), `standard-webhooks` (webhook-id, -timestamp, -signature) or `shared-secret` (the secret itself in `header`). For the first two,
    `encoding` is hex (lower case), HEX or base64, and `prefix` stands before the signature.
    """

    scheme: str
    header: str
    encoding: str = "hex"
    prefix: str = ""
    timestamp: str = ""


# --- checking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """One line of `check`: `level` is ok, warning or error; `remedy` says what to do, in one sentence. `value` is the value of a setting or table
    that the finding is about, by which a person names it among others of the same subject; "" if the finding is about no value."""

    level: str
    subject: str
    words: str
    remedy: str = ""
    value: str = ""


def checked(count: int, what: str) -> str:
    """The sentence of a finding of level ok about things of one kind: `1 branch checked: ok`, `3 branches checked: ok`."""
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


TAKEN = "taken"
"""Word of a table of kinds. It marks the adjustments by which people align the source's stock with the ERP: the ERP already contains these."""


def tables_of(**asked: str) -> dict[str, frozenset[str]]:
    """`System.tables_of`, from the names of the tables that the mapping of each flow asks, separated by blanks."""
    return {flow: frozenset(tables.split()) for flow, tables in asked.items()}


@dataclass(frozen=True)
class StockNames:
    """The mapping tables that translate a stock level of an ERP into one of the source, each with its column for the ERP's code.

    `items` may have a column `factor`: how many units of the source make one unit of the ERP. `kinds` says which kinds of adjustments are posted;
    those with the word `TAKEN` are not, because they follow the ERP.
    """

    items: tuple[str, str]
    places: tuple[str, str]
    kinds: tuple[str, str]


@dataclass(frozen=True)
class System:
    """The declaration of one system."""

    name: str
    title: str
    settings: type[BaseModel]
    credentials: type[BaseModel]
    feeds: tuple[Feed, ...]
    fetchable: Mapping[str, int]
    """The entities that `Reader.fetch` reads, with the most ids that one call may name."""
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
    tables_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Which tables the mapping of each flow asks, by the flow's id. What only other flows ask is not asked of this system when a flow goes live."""
    legends: Mapping[str, Legend] = field(default_factory=dict)
    """What each of these tables means, for people."""
    without: frozenset[str] = frozenset()
    """Choices of a connection (`customer_policy`), and settings of its field service (`orders`), that have no effect with this system. The template
    of `init` leaves them out."""
    demo: str = ""
    """Module with `DEMO: Demo`: what `ml-connector demo` has to know of this system's simulator."""
    signing: Callable[[BaseModel], Signing | None] | None = None
    """How this system signs what it sends to the ingress, from a connection's settings. None (here, or as the result) means that it sends nothing."""
    is_write: Callable[[Request], bool] | None = None
    """Recognises a request that changes something, because some systems write by GET or read by POST. None means every request except GET. One step
    sends at most one such request, whatever its outcome was."""
    chosen_write: Callable[[BaseModel, Write], Write | None] | None = None
    """Decides how a record is written, for systems whose settings have a choice. It gets the system's own settings and one of `writes`. It returns
    this write as the connection uses it (with another `watch_every`, for example), or None if the connection writes that record in another way.
    None here means that every write is used as declared."""

    asked_for: tuple[str, ...] = ()
    """The masters (customer, vendor) that no feed lists. `match` asks for them by name or number, through `open_finder`."""
    open_finder: Callable[[Access], Finder] | None = None
    signs_in_as: tuple[str, ...] = ()
    """The credentials and settings that identify who signs in, for systems in which a second sign-in ends the first one. Each role of a connection
    then needs its own (`role_credentials`). Empty means that several sessions can be open at the same time."""
    stock_names: StockNames | None = None
    """How the stock levels of this ERP are named at the source. None means that the source's stock is never aligned with this ERP."""
    position_from: Callable[[Feed, date], str | None] | None = None
    """Returns the position from which a feed is read from a given day on, for a person who resets it. None (here, or as the result) means that the
    feed cannot be read by days."""

    def writes_by(self, request: Request) -> bool:
        """See `is_write`."""
        return self.is_write(request) if self.is_write is not None else request.method not in ("GET", "HEAD")

    def write_of(self, record: str, settings: BaseModel | None = None) -> Write:
        """The declaration of one command record, as a connection with these settings uses it. Raises KeyError if this system does not write that
        record."""
        for write in self.writes_of(record, settings):
            return write
        raise KeyError(f"{self.name} does not write {record}")

    def writes_of(self, record: str, settings: BaseModel | None = None, takes_back: str = "") -> tuple[Write, ...]:
        """Every way in which this system writes a record, beginning with the one that `settings` choose. A document is finished in the way in which
        it was begun, so the other ways count as well (see `services/sinks`). `takes_back` is the record of the document that it takes back."""
        declared = tuple(write for write in self.writes if write.record == record and write.takes_back == takes_back)
        if settings is None or self.chosen_write is None:
            return declared
        choose = self.chosen_write
        chosen = tuple(made for write in declared if (made := choose(settings, write)) is not None)
        steps = {write.steps for write in chosen}
        return (*chosen, *(write for write in declared if write.steps not in steps))
