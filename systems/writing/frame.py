"""The writer of every system: what each attempt does in the same way for all systems, around a `Dialect` that knows one system.

    find      look up -> documents and suspects
    perform   build the request -> send it once -> read the answer -> read the books back -> YES, or another verdict

A YES is given only for one document that carries our ref, has the step done and has no differences. A request that cannot be built is REJECT, and a
failure before anything was sent is DEFINITE_NO. Anything unclear after that is AMBIGUOUS. Calls that were reserved and not made are given back, and a
system that throttles is paused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

import orjson

from runtime.errors import Broken, ConnectorError, Garbled, Malformed, Refused, Throttled
from runtime.exchange import NotSent, Response, Unanswered
from runtime.redaction import told
from systems.contract import Access, Answer, Document, Found, Original, ResolvedCommand, Verdict
from systems.postings.siblings import is_sure

AHEAD = timedelta(seconds=180)
"""For how long a sign-in has to be good when an attempt begins."""
WORDS = 400
"""The most characters of the words about an answer that are kept."""
UNSEEN = "unseen"
"""The reason of an answer after which a look-up does not show our document."""
_FIRST_LOOK = timedelta(seconds=1)

R = TypeVar("R")


@dataclass
class Attempt:
    """One look-up, or one step. `document` is what was seen before the step; `calls` counts the requests that were made."""

    resolved: ResolvedCommand
    step: str = ""
    document: Document | None = None
    calls: int = 0

    @property
    def ref(self) -> str:
        """Our ref of the document."""
        return self.resolved.command["ref"]


Look = Callable[[Attempt], Awaitable[Sequence[Document]]]


@dataclass(frozen=True)
class ReadBack:
    """The system took the step, and the books show whether it is done. They are read up to `looks` times, with growing pauses, if the document may
    take a moment to appear. `otherwise` is the answer if they do not show the step as done (None = AMBIGUOUS)."""

    look: Look
    looks: int = 1
    otherwise: Answer | None = None


class Dialect(Protocol[R]):
    """How one system is asked. `R` is its form of a request. `look_up`, `read` and a `ReadBack` add one to `attempt.calls` for each call that they
    make; the frame counts the call of `send`."""

    async def reserve(self, calls: int) -> None:
        """See `systems.contract.Writer.reserve`."""

    async def look_up(self, attempt: Attempt) -> Found:
        """See `systems.contract.Writer.find`; `Malformed` is taken as `Garbled`."""

    async def request(self, attempt: Attempt) -> R:
        """The request of a step. Raises `Refused` or `Malformed` for a document that cannot be sent, and another `ConnectorError` if it cannot be
        sent now."""

    async def send(self, request: R) -> Response:
        """Send it once. Raises `NotSent` or `Unanswered`."""

    async def read(self, attempt: Attempt, request: R, answer: Response) -> Answer | Document | ReadBack:
        """What the answer says: its class, or the document that it shows, or that the document has to be read back. Raises `Malformed` or another
        `ConnectorError` if that is unclear, which makes the answer AMBIGUOUS."""


class Client(Protocol):
    """What the frame needs from a system's client."""

    def pause(self, asked: timedelta | None) -> timedelta:
        """Pause every call of this role. Returns for how long."""

    async def close(self) -> None:
        """End the session."""


@dataclass(frozen=True)
class Budget:
    """The most calls of a look-up, and the most calls of a step including what follows from it. One attempt reserves the sum of both."""

    find: int
    step: int

    @property
    def calls(self) -> int:
        """See `systems.contract.Write.calls`."""
        return self.find + self.step


class FramedWriter(Generic[R]):
    """See `systems.contract.Writer`. The sink's lanes bound its calls, not the limiter's `in_flight`."""

    def __init__(self, dialect: Dialect[R], client: Client, access: Access, budget: Budget) -> None:
        self.client = client
        self._dialect = dialect
        self._limiter = access.limiter
        self._clock = access.clock
        self._budget = budget

    async def reserve(self, calls: int) -> None:
        """See `systems.contract.Writer`."""
        await self._dialect.reserve(calls)

    async def find(self, resolved: ResolvedCommand) -> Found:
        """See `systems.contract.Writer`."""
        attempt = Attempt(resolved)
        try:
            return await self._dialect.look_up(attempt)
        except Malformed as error:
            raise Garbled(f"{resolved.command['system']} {attempt.ref}: {error}") from error
        except Throttled as error:
            self.client.pause(error.asked)
            raise
        finally:
            self._limiter.give_back(max(0, self._budget.find - attempt.calls))

    async def perform(self, step: str, resolved: ResolvedCommand, document: Document | None) -> Answer:
        """See `systems.contract.Writer`."""
        attempt = Attempt(resolved, step, document)
        try:
            answer = await self._performed(attempt)
        finally:
            self._limiter.give_back(max(0, self._budget.step - attempt.calls))
        return replace(answer, retry_after=self.client.pause(answer.retry_after)) if answer.throttled else answer

    async def close(self) -> None:
        """See `systems.contract.Writer`."""
        await self.client.close()

    async def _performed(self, attempt: Attempt) -> Answer:
        try:
            request = await self._dialect.request(attempt)
        except (Refused, Malformed, orjson.JSONEncodeError) as error:
            return Answer(Verdict.REJECT, code="unsendable", words=str(error)[:WORDS], reason="unsendable")
        except ConnectorError as error:
            reason = "configuration" if isinstance(error, Broken) else "unreachable"
            return _not_sent(error, reason, is_broken=isinstance(error, Broken))
        attempt.calls += 1
        try:
            answer = await self._dialect.send(request)
        except NotSent as error:
            return _not_sent(error, "unreachable")
        except Unanswered as error:
            return ambiguous(str(error), "unanswered", code="unanswered")
        try:
            outcome = await self._dialect.read(attempt, request, answer)
        except (ConnectorError, Malformed) as error:
            return ambiguous(f"the answer cannot be read: {error}", "unreadable", code=str(answer.status))
        if isinstance(outcome, ReadBack):
            return await self._read_back(attempt, outcome)
        return outcome if isinstance(outcome, Answer) else judged(attempt, outcome)

    async def _read_back(self, attempt: Attempt, back: ReadBack) -> Answer:
        pause = _FIRST_LOOK
        for left in reversed(range(back.looks)):
            answer = await self._seen(attempt, back)
            if answer.reason != UNSEEN or not left:
                break
            await self._clock.sleep(pause)
            pause *= 2
        return answer

    async def _seen(self, attempt: Attempt, back: ReadBack) -> Answer:
        try:
            found = await back.look(attempt)
        except (ConnectorError, Malformed) as error:
            if isinstance(error, Throttled):
                self.client.pause(error.asked)
            return ambiguous(f"could not be read back: {error}", "unanswered", code="200")
        document = found[0] if len(found) == 1 else None
        is_done = document is not None and attempt.step in document.steps_done
        return back.otherwise if back.otherwise is not None and not is_done else judged(attempt, document)


def judged(attempt: Attempt, document: Document | None) -> Answer:
    """YES if the document carries our ref, has the step done and has no differences."""
    if document is None:
        return ambiguous("a document with our ref is not shown yet", UNSEEN, code="200")
    if document.ref != attempt.ref or not document.erp_id.strip("/"):
        return ambiguous("the document that is shown does not carry our ref", "echo", code="200", document=document)
    if document.differences or attempt.step not in document.steps_done:
        words = "; ".join(document.differences) or f"{attempt.step} is not done"
        return ambiguous(words, "echo", code="200", document=document)
    return Answer(Verdict.YES, document)


def ambiguous(words: str, reason: str, code: str = "", document: Document | None = None) -> Answer:
    """The step may have been done. Secrets are removed before the words are cut, because half a secret would not be recognised."""
    return Answer(Verdict.AMBIGUOUS, document, code=code, words=told(words, WORDS), reason=reason)


def _not_sent(error: Exception, reason: str, *, is_broken: bool = False) -> Answer:
    return Answer(Verdict.DEFINITE_NO, code="not_sent", words=str(error)[:WORDS], reason=reason, broken=is_broken)


def is_seen(attempt: Attempt) -> bool:
    """Whether the row of an application was already identified, by the ledger or earlier in this attempt. The command that corrects an application
    has the id of its original until it is written."""
    known = attempt.resolved.known_id, attempt.document.erp_id if attempt.document is not None else ""
    return attempt.resolved.original is None and any(map(is_sure, known))


def original_of(resolved: ResolvedCommand, ways: Container[str], system: str) -> Original:
    """What a command takes back. Raises `Refused` if it names nothing, or a record that none of the system's `ways` takes back."""
    original = resolved.original
    if original is None or original.record not in ways:
        raise Refused(f"{system} {resolved.command['ref']}: {original.record if original else 'nothing'} cannot be taken back here")
    return original
