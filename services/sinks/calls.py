"""The three calls of an attempt: reserve, find, perform. They know nothing of the owner. Each of them always returns a value: an error
raised below it, by a writer, a codec or a session that cannot be opened, ends this one call and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from runtime.clock import Clock
from runtime.errors import Broken, ConnectorError, Garbled, Malformed, Refused, Throttled
from runtime.log import log
from runtime.one_write import step
from services.sinks import reasons
from services.sinks.pool import Lease, WriterPool
from systems.contract import Answer, Document, Found, ResolvedCommand, Verdict, Writer

FIND = "find"
OVER_S = 60.0
"""How much longer than its own limits a call may take before it is cancelled here. Writers have time-outs of their own."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that could not be made. `asked_s` is the pause that the system asked for, in seconds. `known` says whether the connection is
    to blame. If it is not (an unknown error, a refusal of this command's content, an answer to a look-up that cannot be read), the failure
    concerns this op-key alone. `garbled`: it was such an answer, which the system may give for every document."""

    reason: str
    words: str
    asked_s: float | None = None
    known: bool = True
    garbled: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What a look-up showed. It may be no newer than `asked_s`, the moment at which the system was asked."""

    found: Found
    asked_s: float


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing was sent: the lease had run out (`words` is ""), or something stopped the request at the last moment."""

    words: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its step, the document as last seen, until when it may be sent, and a check that may still stop it ("" = send)."""

    step: str
    document: Document | None
    deadline_s: float
    kept_back: Callable[[], str]


@dataclass(frozen=True)
class Calls:
    """`limit_s` is how long a look-up or a request may take at most, by the times in the settings."""

    clock: Clock
    limit_s: float

    async def reserve(self, writers: WriterPool, connection: str, count: int) -> Lease | Failure:
        """Reserve a session and `count` calls in it. Waits as long as the limiter says."""
        lease: Lease | None = None
        try:
            lease = await writers.lease(connection)
            await lease.writer.reserve(count)
        except BaseException as error:
            if lease is not None:
                lease.release()
            if not isinstance(error, Exception):
                raise
            return failure_of("reserve", error)
        return lease

    async def find(self, writer: Writer, resolved: ResolvedCommand) -> Shown | Failure:
        """Look the document up."""
        asked_s = self.clock.monotonic()
        try:
            async with asyncio.timeout(self.limit_s + OVER_S):
                return Shown(await writer.find(resolved), asked_s)
        except Exception as error:  # noqa: BLE001 - the edge of a call
            return failure_of(FIND, error)

    async def perform(self, writer: Writer, resolved: ResolvedCommand, request: Request) -> Answer | NotSent:
        """Send one request. The lease is checked here, as the last thing before the writer is called."""
        if self.clock.monotonic() > request.deadline_s:
            return NotSent()
        try:
            words = request.kept_back()
        except Exception as error:  # noqa: BLE001 - the edge of a call: if the check fails, the request is not sent
            log.exception("not_known_whether_kept_back", key=resolved.command["op_key"])
            words = _words(error)
        if words:
            return NotSent(words)
        try:
            async with asyncio.timeout(self.limit_s + OVER_S):
                with step():
                    return await writer.perform(request.step, resolved, request.document)
        except Exception as error:  # noqa: BLE001 - a writer that raises may have sent already, so the document is looked up
            log.exception("writer_raised", entity=resolved.record, key=resolved.command["op_key"])
            return Answer(Verdict.AMBIGUOUS, words=_words(error))


def failure_of(call: str, error: Exception) -> Failure:
    """What an error raised by a call means."""
    if isinstance(error, Refused):
        return Failure(reasons.REFUSED, str(error)[:300], known=False)
    if isinstance(error, Throttled):
        return Failure(reasons.THROTTLED, str(error)[:300], error.retry_after_s)
    if isinstance(error, Broken):
        return Failure(reasons.CREDENTIALS, str(error)[:300])
    if call == FIND and isinstance(error, Garbled | Malformed):
        return Failure(reasons.SYSTEM_DOWN, str(error)[:300], known=False, garbled=True)
    if isinstance(error, ConnectorError | Malformed):
        return Failure(reasons.SYSTEM_DOWN, str(error)[:300])
    log.error("call_failed", call=call, error=_words(error), exc_info=error)
    return Failure(reasons.SYSTEM_DOWN, _words(error), known=False)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
