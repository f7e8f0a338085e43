"""The owner of one command partition, from the assignment to its end. Its one verb is `advance`: the core's step for one case, then its
effects to committer, calls and alarms, whose ends come back as events.

Lives in the loop. Everything it promises to the log goes through its committer; everything it knows for certain is its index.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from runtime.log import log
from runtime.settings import Timing
from schemas.errors import Malformed
from schemas.records import Audit, CommandEnvelope, Fetch, Ledger
from services.sinks import entry as e
from services.sinks import kept_back, lookups, reasons
from services.sinks.alarms import Alarms
from services.sinks.calls import Calls, Failure, NotSent, Request, Seen, Wanted
from services.sinks.cases import Case, Cases, Source, source_of
from services.sinks.ceiling import counts
from services.sinks.commit import Blocking, Committer, Destination, Offsets, Out
from services.sinks.core import LOOKS, step
from services.sinks.follow import Decision
from services.sinks.gate import View
from services.sinks.ground import Ground
from services.sinks.lanes import Lanes
from services.sinks.ledger import Rest
from services.sinks.outputs import fetch_of, pause_of
from services.sinks.parents import name_of
from services.sinks.positions import Position
from services.sinks.sessions import Lease
from services.sinks.state import (
    Acked,
    Answered,
    Decided,
    Effect,
    Event,
    Find,
    Key,
    Late,
    LookedUp,
    LookupFailed,
    Phase,
    Record,
    Reserve,
    Reserved,
    Send,
    Supersede,
    Superseded,
    Turn,
    Unreserved,
    Wait,
    Withheld,
)
from services.sinks.takeover import Taken
from services.sinks.views import Sights
from services.sinks.withdrawal import AGAIN
from systems.contract import Answer, Role, Verdict

SOON = 10
"""Op-keys in the queue for each lane up to which a command waits for its lane in memory only."""
SLICE = 100
"""Op-keys that are looked at in one turn of the loop."""
DEFECTS, DEFECT_PAUSE = 5, timedelta(seconds=30)
"""Unknown errors in a row after which a document is held; the pause after the first of them."""
_MAY_STAND = e.IN_PLACE | {e.WAITING}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A state that was submitted; `awaited` says that the core waits for its ack."""

    case: Case
    entry: Ledger
    awaited: bool


class Owner:
    """`resumes` is called with the name of a document whose next command may come now (see `intake`)."""

    def __init__(self, ground: Ground, taken: Taken, blocking: Blocking) -> None:
        self.ground = ground
        self.number = taken.number
        self.index = taken.index
        self.commands = Position(taken.next_offset)
        self.controls = Position(taken.next_control)
        self.hours = taken.hours
        self.cases = Cases(taken.index, self._made)
        self.alarms = Alarms()
        self.lanes: dict[str, Lanes] = {}
        self.resumes: Callable[[str], None] = lambda _: None
        self.tasks: set[asyncio.Task[Any]] = set()
        self.opened = self.closing = False
        self.mark = ""
        """What the group's offset says beside itself: that a rebuild is not complete."""
        timing: Timing = ground.settings.timing
        self._calls = Calls(ground.clock, timing.lease_s + timing.request_s)
        self.sights = Sights(ground.system, timing, ground.followed, self._entries_of, self.cases.shown)
        to = Destination(taken.producer, taken.index, ground.ledger_topic)
        self.committer = Committer(to, self, self._positions, blocking)

    # --- what is known ---

    @property
    def failed(self) -> bool:
        """Whether a commit's end is unknown: the partition has to be taken anew."""
        return self.committer.failed is not None

    def _positions(self) -> Offsets:
        control_topic = self.ground.settings.topic("control")
        return {
            (self.ground.command_topic, self.number): self.commands.committable,
            (control_topic, self.number): self.controls.committable,
        }

    @property
    def backlog(self) -> int:
        """Op-keys that want a lane or are in one, of connections whose lanes are open."""
        return sum(len(one.ready) + one.active for one in self.lanes.values() if one.closed_until is None and not one.stopped)

    def now(self) -> datetime:
        """The present instant, scaled."""
        return self.ground.clock.now()

    def now_s(self) -> float:
        """Real seconds that never go back."""
        return self.ground.clock.monotonic()

    def _made(self, entry: Ledger) -> Key:
        return Key(entry, self.sights.rules(entry, self.ground.snapshot().connections.get(entry["connection"])))

    def rules_of(self, entry: Ledger) -> Key:
        """The core's state of an entry at rest, for what it says about its rules."""
        return self._made(entry)

    def command_of(self, entry: Ledger) -> CommandEnvelope | None:
        """The command of an entry; None where its bytes are missing or cannot be read."""
        case = self.cases.get(entry["op_key"])
        if case is not None and case.decoded is not None and case.decoded[0] is entry["command"]:
            return case.decoded[1]
        try:
            found = cast("CommandEnvelope", self.ground.codec.decode(entry["command"])[1])
        except Malformed:
            return None
        if case is not None and case.key is not None and case.key.entry is entry:
            case.decoded = (entry["command"], found)
        return found

    def view(self, entry: Ledger, command: CommandEnvelope | None) -> View | None:
        """What is known of the world for this entry; None where its connection does not join this system (any more)."""
        connected = self.ground.snapshot().connections.get(entry["connection"])
        if connected is None or not connected.joins(self.ground.system.name):
            return None
        return self.sights.view(entry, command, connected, self.now())

    def _entries_of(self, connection: str, entity: str, source_id: str) -> Iterable[Ledger]:
        """Entries of a source object; what is not acked yet does not count as being in place."""
        for op_key in self.cases.of_source((connection, name_of(entity, source_id))):
            entry, busy = self.cases.shown(op_key)
            if entry is None:
                continue
            if busy and entry["state"] in _MAY_STAND:
                entry = self.index.get(op_key) or e.change(entry, entry["updated_at"], state=e.INTENT, reason="")
            yield entry

    def lanes_of(self, connection: str) -> Lanes | None:
        """The lanes of a connection; None while its settings are not known, or where it does not join this system."""
        known = self.lanes.get(connection)
        connected = self.ground.snapshot().connections.get(connection)
        if connected is None or (known is None and not connected.joins(self.ground.system.name)):
            return None
        if known is None:
            share = connected.settings.side(self.ground.system.name).quota.share(Role.SINK)
            known = self.lanes[connection] = Lanes(connection, min(self.ground.settings.lanes, share.at_once))
        return known

    # --- the one verb ---

    def advance(self, case: Case, event: Event) -> None:
        """The core's step for this case, and its effects. An exception ends this attempt and no other."""
        key = case.key
        assert key is not None, case.op_key
        try:
            self.carry_out(case, *step(key, event))
        except Exception as error:  # noqa: BLE001 - one op-key's defect must not stop the others
            self.defect(case, key, error)

    def carry_out(self, case: Case, key: Key, effects: Sequence[Effect], audits: tuple[Audit, ...] = ()) -> None:
        """Take this state in hand and start what it asks for. `audits` go with its record."""
        self.cases.put(case, key)
        wait: Wait | None = None
        for effect in effects:
            if isinstance(effect, Record):
                self._record(case, replace(effect, audits=(*audits, *effect.audits)) if audits else effect)
            elif isinstance(effect, Wait):
                wait = effect
            elif isinstance(effect, Reserve):
                self._reserve(case, effect)
            elif isinstance(effect, Find):
                self._find(case)
            elif isinstance(effect, Send):
                self._send(case, effect)
            else:
                self._overtake(effect)
        if case.key is key and key.phase is Phase.IDLE:
            self._rests(case, wait)

    def _rests(self, case: Case, wait: Wait | None) -> None:
        """It is at rest: when it is looked at again, and what waited behind it."""
        self._free(case)
        assert case.key is not None
        entry = case.key.entry
        if e.is_terminal(entry):
            case.failures = 0
            self.alarms.clear(case)
        elif wait is not None and wait.look_s is not None and wait.look_s <= self.now_s():
            self.alarms.clear(case)
            case.wanted = True
        else:
            self.alarms.put(case, wait or Wait())
        self.cases.wait_for(case, entry["waits_for"])
        self.serve(case)

    def serve(self, case: Case) -> None:
        """What waits for a case at rest gets its turn, as long as it rests; then it may be let go. A command that waits for its look-up
        puts itself behind it again."""
        for _ in range(len(case.behind)):
            if case.is_busy or self.closing:
                break
            behind = case.behind.popleft()
            if isinstance(behind, Decision):
                self._decide(case, behind)
            elif isinstance(behind, Supersede):
                self._superseded(case, behind)
            else:
                self.resumes(behind)
        if case.wanted and not case.is_busy:
            case.wanted = False
            self.turn(case.op_key)
        self.cases.let_go(case)

    def defect(self, case: Case, key: Key, error: Exception) -> None:
        """An error of no known kind: the attempt is over as if nothing more came of it, and is tried again; an open intent stays open."""
        log.error("attempt_failed", system=self.ground.system.name, key=case.op_key, exc_info=error)
        case.failures += 1
        at, words = self.now(), f"{type(error).__name__}: {error}"[:300]
        if key.entry["state"] in e.TERMINAL:
            made = key.entry
        elif case.failures >= DEFECTS:
            made = e.held(key.entry, at, reasons.DEFECT, words)
        elif e.intent_open(key.entry):
            made = e.waits(key.entry, at, reasons.SETTLE, words)
            key = lookups.first_seen(key, self.now_s())
        else:
            made = e.waits(key.entry, at, reasons.SYSTEM_DOWN, words, due_at=at + case.failures * DEFECT_PAUSE)
        try:
            closing = key.but(entry=made, phase=Phase.CLOSING)
            self.carry_out(case, closing, (Record(made, final=True),))
        except Exception as again:  # noqa: BLE001 - its state cannot be recorded at all: it is tried again, and the audit tells of it
            log.error("state_not_recorded", system=self.ground.system.name, key=case.op_key, exc_info=again)
            self.cases.put(case, key.but(phase=Phase.IDLE))
            self._free(case)
            self.alarms.put(case, Wait(due_at=at + case.failures * DEFECT_PAUSE))

    # --- recording ---

    def _record(self, case: Case, effect: Record) -> None:
        """Put a state on its way; its ack is an event."""
        entry = effect.entry
        new = self.cases.wait_for(case, entry["waits_for"]) if effect.final else []
        self._submit(case, entry, self._out(entry, effect.audits, new), awaited=True)
        assert case.key is not None
        if effect.final:
            self.hours[case.connection].follow(entry)
            self._free(case)
        elif case.key.looks_ahead:
            self._find(case)

    def note(self, case: Case, audits: Sequence[Audit] = ()) -> None:
        """Record where a case at rest stands, which waits for a lane that will not come soon."""
        assert case.key is not None
        self._submit(case, case.key.entry, self._out(case.key.entry, audits, []), awaited=False)

    def holds(self, case: Case, offset: int | None) -> None:
        """No ledger record holds the command at this offset yet; None: one is on its way."""
        if case.offset is not None:
            self.commands.holding.discard(case.offset)
        if offset is not None:
            self.commands.holding.add(offset)
        case.offset = offset

    def _submit(self, case: Case, entry: Ledger, out: Out, awaited: bool) -> None:
        self.holds(case, None)
        case.unacked += 1
        self.committer.submit(out, Recorded(case, entry, awaited))

    def _out(self, entry: Ledger, audits: Sequence[Audit], new: list[Source]) -> Out:
        return self.ground.out(entry, self.number, audits, self._fetches(entry, new))

    def _fetches(self, entry: Ledger, new: list[Source]) -> list[Fetch]:
        """Parents that are asked for at their source: what nothing waited for before."""
        if entry["reason"] != reasons.PARENT or entry["state"] != e.WAITING or entry["due_at"] is None:
            return []
        return [fetch_of(entry, name, self.now()) for _, name in new]

    def acked(self, about: list[Recorded]) -> None:
        """See `commit.Listener`."""
        for one in about:
            one.case.unacked -= 1
            one.case.rest = Rest(one.case.connection, one.entry["state"], one.entry["reason"])
        for one in about:
            key = one.case.key
            if one.awaited and key is not None and key.entry is one.entry and key.phase in (Phase.INTENDING, Phase.CLOSING):
                self.advance(one.case, Acked(self.now_s(), self.now()))
            else:
                self.serve(one.case)
        for one in about:
            if e.is_terminal(one.entry) or one.entry["state"] in (e.HELD, e.WAITING):
                self.release_children(source_of(one.entry))

    def not_committed(self, error: BaseException) -> None:
        """See `commit.Listener`: whoever consumes takes the partition anew."""
        log.warning("partition_failed", system=self.ground.system.name, partition=self.number, error=str(error)[:300])

    def submit(self, out: Out) -> None:
        """Put records on their way that belong to no op-key's state."""
        self.committer.submit(out)

    def release_children(self, source: Source) -> None:
        """What waits for this source object is looked at again."""
        for op_key in self.cases.children(source):
            self.turn(op_key, again=True)

    def open(self) -> None:
        """Everything that has not ended is taken up: the lanes may start."""
        self.opened = True
        for lanes in self.lanes.values():
            self._pump_soon(lanes)

    # --- lanes ---

    def turn(self, op_key: str, again: bool = False) -> None:
        """It wants a lane; asking twice is asking once. `again` examines a held command too."""
        case = self.cases.get(op_key)
        if case is None or self.closing:
            return
        case.again = case.again or again
        if case.is_busy:
            case.wanted = True
            return
        lanes = self.lanes_of(case.connection)
        if lanes is None or case.queued:
            return
        case.queued = True
        lanes.ready.append(op_key)
        self._pump_soon(lanes)

    def _pump_soon(self, lanes: Lanes) -> None:
        if lanes.ready and not lanes.pumping:
            lanes.pumping = True
            asyncio.get_running_loop().call_soon(self._pump, lanes)

    def _pump(self, lanes: Lanes) -> None:
        """Start as many as lanes are free, some of them in one turn of the loop."""
        lanes.pumping = False
        for _ in range(SLICE):
            if self.closing or self.failed or not self.opened:
                return
            op_key = lanes.next(self.now())
            if op_key is None:
                return
            self._start(op_key)
        self._pump_soon(lanes)

    def _start(self, op_key: str) -> None:
        case = self.cases.get(op_key)
        if case is None:
            return
        case.queued = False
        again, case.again = case.again, False
        if case.is_busy:
            case.wanted, case.again = True, again
            return
        if self.cases.open(op_key) is None or case.key is None:
            log.error("case_without_entry", system=self.ground.system.name, key=op_key)
            return
        self._look_at(case, case.key, again)

    def _look_at(self, case: Case, key: Key, again: bool) -> None:
        try:
            entry = key.entry
            due = entry["due_at"] is not None and entry["due_at"] <= self.now()
            command = self.command_of(entry)
            view = self.view(entry, command)
            held = entry["state"] == e.HELD and not (again or due or case.withdrawn_by)
            if view is None or held or e.is_terminal(entry):
                self.serve(case)
                return
            self.carry_out(case, *step(key, Turn(self.now_s(), view, command, withdraws=bool(case.withdrawn_by))))
        except Exception as error:  # noqa: BLE001 - one op-key's defect must not stop the others
            self.defect(case, key, error)

    def _free(self, case: Case) -> None:
        """Its attempt is over: the lane and the session are for others."""
        case.ahead = None
        if case.lease is not None:
            lease, case.lease = case.lease, None
            lease.release()
        if case.lane:
            case.lane = False
            lanes = self.lanes[case.connection]
            lanes.active -= 1
            self._pump_soon(lanes)

    def tick(self) -> None:
        """Wake what is due; let connections try again whose pause ended."""
        now = self.now()
        for case in self.alarms.ringing(self.now_s(), now):
            self.turn(case.op_key)
        for lanes in self.lanes.values():
            if lanes.ready and lanes.is_open(now):
                self._pump_soon(lanes)

    def next_due(self) -> tuple[float | None, datetime | None]:
        """When `tick` has something to do next: in real seconds, and as an instant."""
        look_s, due_at = self.alarms.next()
        closed = [one.closed_until for one in self.lanes.values() if one.ready and one.closed_until is not None]
        return look_s, min((at for at in (due_at, *closed) if at is not None), default=None)

    # --- calls ---

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
        heard(case, task.result())

    def _reserve(self, case: Case, effect: Reserve) -> None:
        lanes = self.lanes_of(case.connection)
        assert lanes is not None, case.connection
        if not case.lane:
            case.lane = True
            lanes.active += 1
        self._call(case, self._calls.reserve(self.ground.sessions, case.connection, effect.calls), self._reserved)

    def _reserved(self, case: Case, end: Lease | Failure) -> None:
        key = case.key
        assert key is not None
        if isinstance(end, Failure):
            wait, reason = self._pause(case, end)
            self.advance(case, Unreserved(reason, end.words, wait, self.now_s(), self.now()))
            return
        case.lease = end
        view = self.view(key.entry, key.command)
        if self.closing or view is None:  # nothing was intended: it rests as it stands, and the next owner or settings wake it
            self.cases.put(case, key.but(phase=Phase.IDLE))
            self._rests(case, None)
            return
        case.view = view = self._within_ceiling(key, view)
        self.advance(case, Reserved(self.now_s(), self.now(), view))
        after = case.key
        if after is not None and after.phase is Phase.INTENDING and counts(after.entry):
            self.hours[case.connection].take(case.op_key, self.now(), after.entry["amount"])

    def _within_ceiling(self, key: Key, view: View) -> View:
        entry = key.entry
        if view.paused or view.mode != "live" or not counts(entry) or e.may_exist(entry) or key.mode != "live":
            return view
        limit = self.ground.snapshot().connections[entry["connection"]].settings.ceiling
        words = self.hours[entry["connection"]].exceeded((limit.documents_per_hour, limit.amount_per_hour), entry, view.at)
        if not words:
            return view
        self.pause(entry["connection"], reasons.CEILING, words)
        return replace(view, paused=reasons.CEILING)

    def _pause(self, case: Case, failure: Failure) -> tuple[timedelta, str]:
        """How long to wait after a call that could not be made, and the reason to wait for."""
        if failure.known:
            return self.lanes[case.connection].failed(failure.reason, failure.asked_s, self.now()), failure.reason
        if failure.reason == reasons.REFUSED:
            return AGAIN, failure.reason
        case.failures += 1
        return case.failures * DEFECT_PAUSE, reasons.DEFECT if case.failures >= DEFECTS else failure.reason

    def _wanted(self, case: Case) -> Wanted | None:
        key = case.key
        assert key is not None
        entry, command = key.entry, key.command or self.command_of(key.entry)
        if command is None:
            return None
        ids = dict(case.view.parents.ids) if case.view is not None else {}
        if key.rules.updates and entry["erp_id"]:
            ids[name_of(entry["source_entity"], entry["source_id"])] = entry["erp_id"]
        return Wanted(entry["record"], command, ids)

    def _find(self, case: Case) -> None:
        if case.ahead is not None:
            ahead, case.ahead = case.ahead, None
            self.advance(case, ahead)
            return
        if case.looking:
            return
        wanted = self._wanted(case)
        if wanted is None or case.lease is None:
            words = "the command's bytes cannot be read"
            self.advance(case, LookupFailed(reasons.REFUSED, words, AGAIN, self.now_s(), self.now()))
            return
        case.looking = True
        self._call(case, self._calls.find(case.lease.writer, wanted), self._looked)

    def _looked(self, case: Case, end: Seen | Failure) -> None:
        case.looking = False
        key = case.key
        if key is None:
            return
        event: LookedUp | LookupFailed
        if isinstance(end, Seen):
            self.lanes[case.connection].succeeded()
            case.failures = 0
            event = LookedUp(end.found, end.asked_s, self.now_s(), self.now())
        else:
            wait, reason = self._pause(case, end)
            event = LookupFailed(reason, end.words, wait, self.now_s(), self.now())
        if key.phase is Phase.INTENDING:
            case.ahead = event
        elif key.phase in LOOKS:
            self.advance(case, event)

    def _send(self, case: Case, effect: Send) -> None:
        wanted = self._wanted(case)
        assert wanted is not None, case.op_key
        assert case.lease is not None, case.op_key
        request = Request(effect.step, effect.document, effect.deadline_s, lambda: kept_back.words(self, case))
        self._call(case, self._calls.perform(case.lease.writer, wanted, request), self._performed)

    def _performed(self, case: Case, end: Answer | NotSent) -> None:
        now_s, at = self.now_s(), self.now()
        if isinstance(end, NotSent):
            self.advance(case, Withheld(end.words, now_s, at) if end.words else Late(now_s, at))
            return
        self.advance(case, Answered(end, self._judge(case, end), now_s, at))

    def _judge(self, case: Case, answer: Answer) -> timedelta:
        """What an answer means for the whole connection; the backoff for a definite no."""
        lanes = self.lanes[case.connection]
        refused = lanes.judged((answer.code or "refused") if answer.verdict is Verdict.REJECT else "")
        if refused:
            words = f"nearly everything is refused with {refused}: {answer.words[:200]}"
            self.pause(case.connection, reasons.REFUSED, words)
        if answer.verdict is not Verdict.DEFINITE_NO:
            lanes.succeeded()
            return timedelta(0)
        reason = reasons.THROTTLED if answer.throttled else reasons.CREDENTIALS if answer.broken else reasons.SYSTEM_DOWN
        return lanes.failed(reason, answer.retry_after.total_seconds() if answer.retry_after else None, self.now())

    # --- one op-key decides about another, a person about one, the sink about a connection ---

    def _overtake(self, effect: Supersede) -> None:
        """A void overtakes a document that was not written."""
        case = self.cases.open(effect.op_key)
        if case is None:
            return
        case.behind.append(effect)
        if not case.is_busy:
            self.serve(case)

    def _superseded(self, case: Case, effect: Supersede) -> None:
        if self.cases.open(case.op_key) is not None:
            self.advance(case, Superseded(effect.version, self.now()))

    def decide(self, decision: Decision) -> None:
        """A person decided about an op-key: at once where it rests, else when it does."""
        case = self.cases.open(decision.control["op_key"])
        if case is None:
            return
        self.controls.holding.add(decision.offset)
        case.behind.append(decision)
        if not case.is_busy:
            self.serve(case)

    def _decide(self, case: Case, decision: Decision) -> None:
        control = decision.control
        self.controls.holding.discard(decision.offset)
        if self.cases.open(case.op_key) is not None:
            event = Decided(control["action"], control["actor"], control["reason"], self.now_s(), self.now())
            self.advance(case, event)

    def conclude(self, entry: Ledger, audits: tuple[Audit, ...] = ()) -> None:
        """Record a state that was decided without an attempt."""
        case = self.cases.start(entry)
        assert case.key is not None
        try:
            self.carry_out(case, case.key.but(phase=Phase.CLOSING), (Record(entry, final=True, audits=audits),))
        except Exception as error:  # noqa: BLE001 - one op-key's defect must not stop the others
            self.defect(case, case.key, error)

    def pause(self, connection: str, reason: str, words: str) -> None:
        """Pause a connection and ask a person; the pause is in `control`, so that it outlives this process."""
        name = self.ground.system.name
        if self.ground.followed.paused(name, connection):
            return
        control = pause_of(connection, name, reason, words, self.now())
        self.ground.followed.pause_now(control)
        log.error("connection_paused", connection=connection, system=name, reason=reason, words=words)
        self.submit(Out([self.ground.control_line(control, self.number)]))

    # --- the end ---

    async def stop(self) -> None:
        """Let running requests reach their outcome, commit it, end."""
        self.closing = True
        if self.tasks:
            timing = self.ground.settings.timing
            await asyncio.wait(self.tasks, timeout=timing.lease_s + timing.request_s + 10)
        await self.committer.flush()
        await self.drop()

    async def drop(self) -> None:
        """End at once: what runs is not listened to any more."""
        self.closing = True
        for task in self.tasks:
            task.cancel()
        self.committer.close()
        await self.committer.ended()
        self.index.close()
