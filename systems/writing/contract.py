"""What a system declares about the documents that it keeps for us, what its writer is asked with, and what it answers. See `systems/contract.py`."""

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

    `steps` in order, each one request; POSTED needs all of them; `promised` is the one at which the page's promise is met.
    `calls` is the most requests one attempt of one step may need, look-up included: they are reserved before the intent.
    `p_max` = longest time the system may still commit after we gave up; `v_max` = lag of the look-up.
    `ref_field` is where our ref is kept, "" where the document has no place for one and is found by its parents.
    `watched` names those of `steps` that the system's own batch does (edit, build, post): no request is sent for them, `find` is
    asked every `watch_every` until the document shows the step done or tells a refusal. The first step is never watched.
    `updates`: a master that is kept up to date. Its partner is known by a link (`find` and `perform` get it as
    `ResolvedCommand.known_id`); equal in the owner's fields is unchanged, else the one step is sent, and a newer source
    opens the same op-key again under the same ref. `Document.differences` are then what the step will write, not a mismatch.
    `takes_back`: the record of the documents that this write takes back. Under `record="reversal"` its steps reverse such a document and write
    nothing in its place; under the record of a document they first reverse what was written and then write what is wanted now (a numbered
    correction). Both carry one ref, that of the reversal or correction. A look-up that finds a document of another kind under this ref (a
    reversal for a correction, or the reverse) tells that as a difference, for a ledger that was lost may number them otherwise. "" = it takes
    nothing back. Where a system declares no such write for a record, a person does it: the command is held.
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
    """A document that was written and is taken back: the command from which it was written, word for word, with the ids of its parents, and the
    ids under which the system keeps it. What reverses it copies these and never a fresh mapping (accounting.md 34)."""

    record: str
    command: CommandEnvelope
    erp_id: str
    erp_number: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def as_written(self) -> ResolvedCommand:
        """The command that was written, as a writer was asked with it."""
        return ResolvedCommand(self.record, self.command, self.ids)


@dataclass(frozen=True, slots=True)
class ResolvedCommand:
    """What a writer is asked with: a command and what the sink knows of it in this system.

    `ids` are the parents' ids by the name of their link (`systems/parents.py`), those that are known. `known_id` is the id of the document
    itself, where an earlier look-up or answer told it, for a write with `updates` that of the linked partner; "" = not known.
    `tried_since` is the instant before which no request about this document can have been made, by the clock of this product and of the
    broker: a look-up by a window of creation begins there, less a margin for the system's own clock. None = not known (the ledger was
    rebuilt): a writer that needs it then raises `Refused`, so that nothing is taken to be absent.
    `original` is what a write with `takes_back` takes back (None = nothing). `post_on` is the day on which the document is to be posted where its
    own is in a closed period and the connection says `late: next_open`: the first day that is open (None = its own day). The document then says
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

    `steps_done` says how far it is; `differences` names each field in which it is not what the command wants ("field: theirs,
    ours"); empty = equal. `ref` is "" for a document that is not ours. `refusal` is the system's own code and words for why the
    document goes no further there (an edit or build error), "" while it may; `refusal_reason` names the hold ("" = refused).
    `overruled` lists changes by a field's non-owner that the write overwrites or keeps ("name: theirs -> ours"). `pairs` are ids of what the
    document consists of, which become links (docs/adding-a-system.md); where an answer tells them, a look-up has to tell them too.
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

    `refusal` is why the system would not take the request that is about to be sent, in its own code and words, where that can be asked
    beforehand (an account combination, a customer's site): nothing is sent then, and the document is held. `refusal_reason` names the hold
    ("" = refused). What is there already is there, whatever is refused.
    """

    documents: tuple[Document, ...]
    suspects: tuple[Document, ...] = ()
    refusal: str = ""
    refusal_reason: str = ""

    def __post_init__(self) -> None:
        """Secrets are removed, because a system may repeat what it was sent."""
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
        """Secrets are removed, because a system may repeat what it was sent."""
        object.__setattr__(self, "code", redaction.redacted(self.code))
        object.__setattr__(self, "words", redaction.redacted(self.words))


class Writer(Protocol):
    """A sink's session with one ERP for one connection.

    `reserve` is awaited before an intent. After that, `find` and `perform` wait for none of our limits.
    """

    async def reserve(self, calls: int) -> None:
        """Wait until `calls` requests are allowed and the session and its token are good for the whole attempt."""

    async def find(self, resolved: ResolvedCommand) -> Found:
        """Look up by ref, and look for suspects if the write has any. Raises an error of `runtime/errors.py` if this cannot be told.

        A document that is staged, built or posted under the same ref is one document, whichever step wrote it.
        """

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        """Send the one request of `step` and classify its answer. It never repeats the request, and raises nothing because of what the other side
        did."""

    async def close(self) -> None:
        """End the session, at the vendor as well."""
