"""What a system declares about the documents that it keeps for us, what its writer is given, and what it answers. See `systems/contract.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from runtime import redaction
from schemas.records import CommandEnvelope


class Capability(StrEnum):
    """What the system promises about a second create with our ref (docs/guarantees.md)."""

    C1 = "C1"  # refuses a second create with our ref
    C2 = "C2"  # upsert by our ref
    C3 = "C3"  # consistent look-up, no uniqueness
    C4 = "C4"  # lagging look-up
    C5 = "C5"  # no look-up


@dataclass(frozen=True)
class Write:
    """A document that the system keeps for us.

    `steps` are in order, each one request; POSTED needs all of them. `promised` is the step at which the promise of docs/flows.md is met.
    `calls` is the most requests that one attempt of one step may need, look-up included; they are reserved before the intent.
    `p_max` is the longest time for which the system may still commit after we gave up; `v_max` is the lag of the look-up.
    `ref_field` is where our ref is kept; "" means that the document has no place for one and is found by its parents.
    `watched` names those of `steps` that the system's own batch does (edit, build, post). No request is sent for them: `find` is called every
    `watch_every` until the document shows the step as done or reports a refusal. The first step is never watched.
    `updates`: a master that is kept up to date. Its partner is known by a link (`find` and `perform` get it as `ResolvedCommand.known_id`). If the
    owner's fields are equal, nothing is sent, otherwise the one step is. A newer source opens the same op-key again under the same ref.
    `Document.differences` are then the changes that the step will write, not a mismatch.
    `takes_back`: the record of the documents that this write takes back. Under `record="reversal"` its steps reverse such a document and write
    nothing in its place. Under the record of a document they first reverse what was written and then write what is wanted now (a numbered
    correction). Both carry one ref, that of the reversal or correction. A look-up that finds a document of the other kind under this ref (a reversal
    for a correction, or a correction for a reversal) reports it as a difference, because a rebuilt ledger may number them differently. "" means that
    it takes nothing back. If a system declares no such write for a record, the command is held and a person does it.
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
    takes_back: str = ""


@dataclass(frozen=True, slots=True)
class Original:
    """A document that was written and is taken back: the exact command from which it was written, with the ids of its parents, and the ids under
    which the system keeps it. A reversal copies these and never maps the source again (accounting.md 34)."""

    record: str
    command: CommandEnvelope
    erp_id: str
    erp_number: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def as_written(self) -> ResolvedCommand:
        """The command that was written, as the writer got it."""
        return ResolvedCommand(self.record, self.command, self.ids)


@dataclass(frozen=True, slots=True)
class ResolvedCommand:
    """What a writer gets: a command and what the sink knows about it in this system.

    `ids` are the known ids of the parents, by the name of their link (`systems/parents.py`). `known_id` is the id of the document itself if an
    earlier look-up or answer gave it, or for a write with `updates` the id of the linked partner; "" = not known.
    `tried_since`: no request about this document can have been made before this instant, by the clocks of this product and of the broker. A look-up
    by a window of creation begins there, less a margin for the system's own clock. None = not known (the ledger was rebuilt): a writer that needs it
    then raises `Refused`, so that nothing is taken to be absent.
    `original` is what a write with `takes_back` takes back (None = nothing). `post_on` is set if the document's own day is in a closed period and the
    connection says `late: next_open`: it is the first open day, on which the document is to be posted (None = its own day). The document then states
    both days.
    """

    record: str
    command: CommandEnvelope
    ids: Mapping[str, str] = field(default_factory=dict)
    known_id: str = ""
    tried_since: datetime | None = None
    original: Original | None = None
    post_on: date | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Our id and the system's id of the same thing inside a document, such as an order line. `entity` is our word for it, as a parent names it."""

    entity: str
    source_id: str
    target_id: str


@dataclass(frozen=True)
class Document:
    """A document as the system keeps it, seen by a look-up or an answer.

    `steps_done` says which steps are done. `differences` names each field that is not as the command wants it ("field: theirs, ours"); empty = equal.
    `ref` is "" for a document that is not ours. `refusal` is the system's own code and words for why the document cannot proceed there (an edit or
    build error), "" while it can; `refusal_reason` names the hold ("" = refused).
    `overruled` lists changes of a field by the side that does not own it, which the write overwrites or keeps ("name: theirs -> ours"). `pairs` are
    ids of parts of the document, which become links (docs/adding-a-system.md); if an answer gives them, a look-up has to give them too.
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
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a look-up saw: documents that carry the command's ref, and suspects: same party, date and amount without a ref of ours.

    `refusal` is why the system would not take the request that is about to be sent, in its own code and words, if that can be asked beforehand (an
    account combination, a customer's site). Nothing is sent then, and the document is held. `refusal_reason` names the hold ("" = refused). A refusal
    does not affect documents that are already there.
    """

    documents: tuple[Document, ...]
    suspects: tuple[Document, ...] = ()
    refusal: str = ""
    refusal_reason: str = ""

    def __post_init__(self) -> None:
        """Remove secrets, because a system may repeat what it was sent."""
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
    """A classified answer. `code` and `words` are the system's own (shortened, without secrets); `reason` names why a person is needed.

    `throttled` pauses the whole system for `retry_after`. `broken` (credentials, permissions) stops the sink of the connection.
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
        """Remove secrets, because a system may repeat what it was sent."""
        object.__setattr__(self, "code", redaction.redacted(self.code))
        object.__setattr__(self, "words", redaction.redacted(self.words))


class Writer(Protocol):
    """A sink's session with one ERP for one connection.

    `reserve` is awaited before an intent. After that, `find` and `perform` do not wait for our own limits.
    """

    async def reserve(self, calls: int) -> None:
        """Wait until `calls` requests are allowed and the session and its token are good for the whole attempt."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        """Look up by ref, and look for suspects if the write has any. Raises an error of `runtime/errors.py` if the system gave no clear answer.

        A document that is staged, built or posted under the same ref is one document, whichever step wrote it.
        """

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        """Send the one request of `step` and classify its answer. It never repeats the request, and raises nothing because of what the other side
        did."""

    async def close(self) -> None:
        """End the session, at the vendor as well."""
