"""The exchange with the system: the calls of every attempt in a partition, and what their results mean for case, lanes and ceiling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from schemas.records import Ledger
from services.sinks import defects, reasons
from services.sinks import entry as e
from services.sinks.calls import Calls, Failure, NotSent, Request, Shown, failure_of
from services.sinks.cases import Case
from services.sinks.ceiling import counts
from services.sinks.context import SinkContext
from services.sinks.core import LOOKS
from services.sinks.gate import View
from services.sinks.hour import Hours
from services.sinks.lanes import Lanes
from services.sinks.pool import Lease
from services.sinks.schedule import Schedule
from services.sinks.state import (
    Answered,
    Event,
    Late,
    LookedUp,
    LookupFailed,
    Phase,
    Reserve,
    Reserved,
    Send,
    Unreserved,
    Withheld,
)
from services.sinks.withdrawal import AGAIN
from systems.contract import Answer, Original, ResolvedCommand, Verdict


@dataclass(frozen=True)
class Hooks:
    """What the exchange needs from the owner. `view`: a new view of a case (None: it rests as it is). `kept_back`: why a request must not
    be sent. `let_go`: called after the last call of a case. `defect`: ends an attempt after an unknown error. `original`: the document to
    be taken back."""

    advance: Callable[[Case, Event], None]
    view: Callable[[Case], View | None]
    rests: Callable[[Case], None]
    kept_back: Callable[[Case], str]
    pause: Callable[[str, str, str], None]
    let_go: Callable[[Case], bool]
    defect: Callable[[Case, Exception], None]
    original: Callable[[Ledger], Coroutine[Any, Any, Original | Failure | None]]


class Exchange:
    """`ended`: results are ignored from then on, and sessions are given back."""

    def __init__(self, context: SinkContext, schedule: Schedule, hours: Hours, hooks: Hooks) -> None:
        self._context = context
        self._schedule = schedule
        self._hours = hours
        self._hooks = hooks
        timing = context.settings.timing
        self._calls = Calls(context.clock, timing.lease_s + timing.request_s)
        self.longest_s = timing.lease_s + timing.request_s + 10
        """How long a running attempt may take to end in order, before it is cancelled."""
        self.tasks: set[asyncio.Task[Any]] = set()
        self.ended = False

    def _call(self, case: Case, call: Coroutine[Any, Any, Any], heard: Callable[[Case, Any], None]) -> None:
        task = asyncio.get_running_loop().create_task(call)
        self.tasks.add(task)
        case.calls += 1
        task.add_done_callback(partial(self._heard, case, heard))

    def _heard(self, case: Case, heard: Callable[[Case, Any], None], task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        case.calls -= 1
        if task.cancelled():
            return
        end = task.result()
        if not self.ended:
            try:
                heard(case, end)
            except Exception as error:  # noqa: BLE001 - one op-key's defect must not stop the others
                self._hooks.defect(case, error)
            self._hooks.let_go(case)
        elif isinstance(end, Lease):
            end.release()

    def _lanes(self, case: Case) -> Lanes:
        return self._schedule.lanes[case.connection]

    def _now(self) -> tuple[float, Any]:
        return self._context.clock.monotonic(), self._context.clock.now()

    # --- reserve ---

    def reserve(self, case: Case, effect: Reserve) -> None:
        """Reserve a session and its calls; this may take any time. Answered by `Reserved` or `Unreserved`."""
        if self._schedule.lanes_of(case.connection) is None:
            self._hooks.rests(case)
            return
        self._schedule.take_lane(case)
        self._call(case, self._prepared(case, effect.calls), self._reserved)

    async def _prepared(self, case: Case, count: int) -> Lease | Failure:
        """Get what the attempt needs: the document that it takes back, a session, and its calls."""
        assert case.key is not None, case.op_key
        entry = case.key.entry
        if e.takes_back(entry):
            try:
                found = await self._hooks.original(entry)
            except Exception as error:  # noqa: BLE001 - the edge of a call
                return failure_of("original", error)
            if isinstance(found, Failure):
                return found
            case.original = found
        return await self._calls.reserve(self._context.writers, case.connection, count)

    def _reserved(self, case: Case, end: Lease | Failure) -> None:
        if isinstance(end, Failure):
            wait, reason = self._pause(case, end)
            self._hooks.advance(case, Unreserved(reason, end.words, wait, *self._now()))
            return
        case.lease = end
        view = self._hooks.view(case)
        if view is None:
            self._hooks.rests(case)
            return
        case.view = view = self._within_ceiling(case, view)
        self._hooks.advance(case, Reserved(*self._now(), view))
        key = case.key
        if key is not None and key.phase is Phase.INTENDING and counts(key.entry):
            self._hours[case.connection].take(case.op_key, self._context.clock.now(), key.entry["amount"])

    def _within_ceiling(self, case: Case, view: View) -> View:
        """The view, marked as paused if one more document would exceed the ceiling."""
        key = case.key
        assert key is not None, case.op_key
        entry = key.entry
        if view.paused or view.mode != "live" or not counts(entry) or e.may_exist(entry) or key.mode != "live":
            return view
        limit = self._context.snapshot().connections[entry["connection"]].settings.ceiling
        words = self._hours[entry["connection"]].exceeded((limit.documents_per_hour, limit.amount_per_hour), entry, view.at)
        if not words:
            return view
        self._hooks.pause(entry["connection"], reasons.CEILING, words)
        return replace(view, paused=reasons.CEILING)

    def _pause(self, case: Case, failure: Failure) -> tuple[timedelta, str]:
        """How long to wait after a call that could not be made, and the reason to give."""
        if failure.known:
            return self._lanes(case).failed(failure.reason, failure.asked_s, self._context.clock.now()), failure.reason
        if failure.reason in (reasons.REFUSED, reasons.ORIGINAL_LOST):
            return AGAIN, failure.reason
        case.failures += 1
        if failure.garbled and self._lanes(case).garbled(case.op_key):
            wait = self._lanes(case).failed(failure.reason, None, self._context.clock.now())
        else:
            wait = case.failures * defects.PAUSE
        return wait, reasons.DEFECT if case.failures >= defects.MOST else failure.reason

    # --- find ---

    def find(self, case: Case) -> None:
        """Look the document up. Answered by `LookedUp` or `LookupFailed`. A look-up that was asked beside the intent is not repeated."""
        if case.ahead is not None:
            ahead, case.ahead = case.ahead, None
            self._hooks.advance(case, ahead)
            return
        if case.looking:
            return
        resolved = self._resolved(case)
        if resolved is None or case.lease is None:
            words = "the command's bytes cannot be read"
            self._hooks.advance(case, LookupFailed(reasons.REFUSED, words, AGAIN, *self._now()))
            return
        case.looking = True
        self._call(case, self._calls.find(case.lease.writer, resolved), self._looked)

    def _looked(self, case: Case, end: Shown | Failure) -> None:
        case.looking = False
        event: LookedUp | LookupFailed
        if isinstance(end, Shown):
            self._lanes(case).succeeded()
            case.failures = 0
            event = LookedUp(end.found, end.asked_s, *self._now())
        else:
            wait, reason = self._pause(case, end)
            event = LookupFailed(reason, end.words, wait, *self._now())
        if case.key is not None and case.key.phase is Phase.INTENDING:
            case.ahead = event
        elif case.key is not None and case.key.phase in LOOKS:
            self._hooks.advance(case, event)

    def _resolved(self, case: Case) -> ResolvedCommand | None:
        key = case.key
        assert key is not None
        entry = key.entry
        if key.command is None:
            return None
        ids = case.view.parents.ids if case.view is not None else {}
        day = entry["posting_date"]
        post_on = day if day != key.command["posting_date"] else None
        return ResolvedCommand(entry["record"], key.command, ids, entry["erp_id"], entry.get("tried_since"), case.original, post_on)

    # --- send ---

    def send(self, case: Case, effect: Send) -> None:
        """Send the one request. Answered by `Answered`, `Late` or `Withheld`."""
        resolved = self._resolved(case)
        assert resolved is not None and case.lease is not None, case.op_key  # noqa: PT018 - the gate has checked both
        request = Request(effect.step, effect.document, effect.deadline_s, partial(self._hooks.kept_back, case))
        self._call(case, self._calls.perform(case.lease.writer, resolved, request), self._performed)

    def _performed(self, case: Case, end: Answer | NotSent) -> None:
        if isinstance(end, NotSent):
            self._hooks.advance(case, Withheld(end.words, *self._now()) if end.words else Late(*self._now()))
            return
        self._hooks.advance(case, Answered(end, self._judge(case, end), *self._now()))

    def _judge(self, case: Case, answer: Answer) -> timedelta:
        """Judge the connection by an answer; returns the backoff after a definite no. A closed period says nothing about the connection:
        its documents are tried again every hour, and each refusal would count."""
        lanes = self._lanes(case)
        is_judged = answer.reason != reasons.PERIOD_CLOSED
        refused = lanes.judged((answer.code or "refused") if answer.verdict is Verdict.REJECT else "") if is_judged else ""
        if refused:
            words = f"nearly everything is refused with {refused}: {answer.words[:200]}"
            self._hooks.pause(case.connection, reasons.REFUSED, words)
        if answer.verdict is not Verdict.DEFINITE_NO:
            lanes.succeeded()
            return timedelta(0)
        reason = reasons.THROTTLED if answer.throttled else reasons.CREDENTIALS if answer.broken else reasons.SYSTEM_DOWN
        return lanes.failed(reason, answer.retry_after.total_seconds() if answer.retry_after else None, self._context.clock.now())
