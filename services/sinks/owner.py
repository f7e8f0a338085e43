"""The owner of one command partition, from the assignment to its end. `advance` is its central function: it makes the core's step for one
case and passes the effects to committer, calls and alarms, whose results come back as events.

It runs in the loop. Everything that it writes to the log goes through its committer; everything that is committed is in its index.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from runtime.log import log
from schemas.records import Audit, Ledger
from services.sinks import defects, hour
from services.sinks import entry as e
from services.sinks.cases import Case, Cases, Source, source_of
from services.sinks.changes import Changes
from services.sinks.commit import Blocking, Committer, Destination, Offsets
from services.sinks.context import SinkContext
from services.sinks.core import step
from services.sinks.exchange import Exchange, Hooks
from services.sinks.follow import ControlMessage
from services.sinks.gate import View, stopped
from services.sinks.ledger import rest_of
from services.sinks.originals import Originals
from services.sinks.positions import Position
from services.sinks.recording import Recorded, Recording
from services.sinks.schedule import Schedule
from services.sinks.state import (
    Acked,
    Decided,
    Effect,
    Event,
    Find,
    Key,
    Phase,
    Record,
    Reserve,
    Send,
    Supersede,
    Superseded,
    Turn,
    Wait,
)
from services.sinks.takeover import TakenPartition
from services.sinks.views import Sights


class Owner:
    """`resumes` is called with the name of a document whose next command may be taken now. `stalls` says whether a case must wait until
    newer commands of its document are taken (see `intake`)."""

    def __init__(self, context: SinkContext, taken: TakenPartition, blocking: Blocking) -> None:
        self.context = context
        self.number = taken.number
        self.index = taken.index
        self.commands = Position(taken.next_offset)
        self.controls = Position(taken.next_control)
        self.hours = taken.hours
        self.cases = Cases(taken.index)
        self.resumes: Callable[[str], None] = lambda _: None
        self.stalls: Callable[[Case], bool] = lambda _: False
        self.opened = self.closing = False
        self.sights = Sights(context, self.cases)
        self.cases.made = self.sights.key_of
        to = Destination(taken.producer, taken.index, context.ledger_topic)
        self.committer = Committer(to, self, self._positions, blocking)
        self.recording = Recording(context, self.number, self.cases, self.commands, self.committer)
        self.schedule = Schedule(context, self._start, lambda: self.opened and not self.closing and not self.failed)
        pause, let_go = self.recording.pause, self.cases.let_go
        original = Originals(context, self.cases, self.sights).of
        hooks = Hooks(self.advance, self._view_of, self._rests_as_it_is, self._kept_back, pause, let_go, self.defect, original)
        self.changes = Changes(self.cases, self.sights, self.conclude, self._overtake, context.clock)
        self.exchange = Exchange(context, self.schedule, self.hours, hooks)

    # --- what is known ---

    @property
    def failed(self) -> bool:
        """Whether the result of a commit is unknown: the partition has to be taken again."""
        return self.committer.failed is not None

    @property
    def committable(self) -> Offsets:
        """Offsets that the group may commit: none after a failure, and none of the commands while a rebuild holds them."""
        return {} if self.failed else {place: at for place, at in self.committer.acked.items() if at >= 0}

    def _positions(self) -> Offsets:
        return {
            (self.context.command_topic, self.number): self.commands.committable,
            (self.context.control_topic, self.number): self.controls.committable,
        }

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self.context.clock.now()

    def now_s(self) -> float:
        """See `Clock.monotonic`."""
        return self.context.clock.monotonic()

    # --- a step of the core ---

    def advance(self, case: Case, event: Event) -> None:
        """Make the core's step for this case and carry out its effects. An exception ends this attempt and no other."""
        key = case.key
        if self.exchange.ended:
            return
        assert key is not None, case.op_key
        try:
            self.carry_out(case, *step(key, event))
        except Exception as error:  # noqa: BLE001 - one op-key's defect must not stop the others
            self.defect(case, error, key)

    def carry_out(self, case: Case, key: Key, effects: Sequence[Effect], audits: tuple[Audit, ...] = ()) -> None:
        """Put this state in memory and start its effects. `audits` go with its record."""
        self.cases.put(case, key)
        wait: Wait | None = None
        for effect in effects:
            if isinstance(effect, Record):
                self._record(case, replace(effect, audits=(*audits, *effect.audits)) if audits else effect)
            elif isinstance(effect, Wait):
                wait = effect
            elif isinstance(effect, Reserve):
                self.exchange.reserve(case, effect)
            elif isinstance(effect, Find):
                self.exchange.find(case)
            elif isinstance(effect, Send):
                self.exchange.send(case, effect)
            else:
                self._overtake(effect)
        if case.key is key and key.phase is Phase.IDLE:
            self._rests(case, wait)

    def _rests(self, case: Case, wait: Wait | None) -> None:
        """The case is at rest: set when it is looked at again, and serve what waited behind it."""
        self._free(case)
        assert case.key is not None
        entry = case.key.entry
        if e.is_terminal(entry):
            case.failures = 0
            self.schedule.alarms.clear(case)
        elif wait is not None and wait.look_s is not None and wait.look_s <= self.now_s():
            self.schedule.alarms.clear(case)
            case.wanted = True
        else:
            self.schedule.alarms.put(case, wait or Wait())
        self.cases.wait_for(case, entry["waits_for"])
        self.serve(case)

    def serve(self, case: Case) -> None:
        """Serve what waits behind a case at rest; then the case may be let go. A command that now waits for its look-up queues behind it again."""
        for _ in range(len(case.behind)):
            if case.is_busy or self.closing or not case.behind:
                break
            behind = case.behind.popleft()
            if isinstance(behind, ControlMessage):
                self._decide(case, behind)
            elif isinstance(behind, Supersede):
                self._superseded(case, behind)
            else:
                self.resumes(behind)
        if case.wanted and not case.is_busy:
            case.wanted = False
            self.turn(case.op_key)
        self.cases.let_go(case)

    def defect(self, case: Case, error: Exception, before: Key | None = None) -> None:
        """After an unknown error, end the attempt as if nothing more came of it, and try it again. An open intent stays open. `before` is
        the state before the failed step, if that is not the current one."""
        key = before or case.key
        assert key is not None, case.op_key
        log.error("attempt_failed", system=self.context.system.name, key=case.op_key, exc_info=error)
        case.failures += 1
        after = defects.after(key, case.failures, f"{type(error).__name__}: {error}"[:300], self.now_s(), self.now())
        try:
            self.carry_out(case, after, (Record(after.entry, final=True),) if after.phase is Phase.CLOSING else ())
        except Exception as again:  # noqa: BLE001 - its state cannot be recorded at all: it is tried again
            log.error("state_not_recorded", system=self.context.system.name, key=case.op_key, exc_info=again)
            self.cases.put(case, key.but(phase=Phase.IDLE))
            self._free(case)
            self.schedule.alarms.put(case, Wait(due_at=self.now() + case.failures * defects.PAUSE))

    # --- recording ---

    def _record(self, case: Case, effect: Record) -> None:
        """Submit a state. Its ack comes back as an event."""
        entry = effect.entry
        self.recording.state(case, effect)
        assert case.key is not None
        if effect.final:
            hour.follow(self.hours, entry, self.context.followed)
            self._free(case)
            self.changes.follow(entry)
        elif case.key.looks_ahead:
            self.exchange.find(case)

    def acked(self, about: list[Recorded]) -> None:
        """See `commit.Listener`."""
        for one in about:
            one.case.unacked -= 1
            one.case.rest = rest_of(one.entry)
        for one in about:
            key = one.case.key
            if one.awaited and key is not None and key.entry is one.entry and key.phase in (Phase.INTENDING, Phase.CLOSING):
                self.advance(one.case, Acked(self.now_s(), self.now()))
            else:
                self.serve(one.case)
        for one in about:
            if e.is_terminal(one.entry) or one.entry["state"] in (e.HELD, e.WAITING):
                self.release_children(source_of(one.entry))
            for name in one.ends:
                self.release_children((one.entry["connection"], name))

    def not_committed(self, error: BaseException) -> None:
        """See `commit.Listener`."""
        log.warning("partition_failed", system=self.context.system.name, partition=self.number, error=str(error)[:300])

    def release_children(self, source: Source) -> None:
        """Look again at what waits for this source object."""
        for op_key in self.cases.children(source):
            self.turn(op_key, again=True)

    def open(self) -> None:
        """Everything that has not ended is taken up: the lanes may start."""
        self.opened = True
        self.schedule.pump()

    # --- whose turn it is ---

    def turn(self, op_key: str, again: bool = False) -> None:
        """Queue the case for a lane. `again` examines a held command, too. A busy case is looked at when it is at rest."""
        case = self.cases.get(op_key)
        if case is None or self.closing:
            return
        case.again = case.again or again
        if case.is_busy:
            case.wanted = True
        else:
            self.schedule.queue(case)

    def _start(self, op_key: str) -> None:
        """Start the case whose turn has come."""
        case = self.cases.get(op_key)
        if case is None:
            return
        case.queued = False
        again, case.again = case.again, False
        if case.is_busy:
            case.wanted, case.again = True, again
        elif self.cases.open(op_key) is None or case.key is None:
            log.error("case_without_entry", system=self.context.system.name, key=op_key)
        else:
            self._look_at(case, case.key, again)

    def _look_at(self, case: Case, key: Key, again: bool) -> None:
        try:
            key = self.aimed(case, key)
            entry = key.entry
            due = entry["due_at"] is not None and entry["due_at"] <= self.now()
            command = self.sights.command_of(entry)
            view = self.sights.view(entry, command)
            held = entry["state"] == e.HELD and not (again or due or case.withdrawn_by)
            if view is None or held or e.is_terminal(entry):
                self.serve(case)
                return
            if self.stalls(case):
                case.again = again
                self.serve(case)
                return
            self.carry_out(case, *step(key, Turn(self.now_s(), view, command, withdraws=bool(case.withdrawn_by))))
        except Exception as error:  # noqa: BLE001 - one op-key's defect must not stop the others
            self.defect(case, error, key)

    def aimed(self, case: Case, key: Key) -> Key:
        """The key, with a reversal or correction at rest taking back what stands now."""
        aimed = self.sights.aimed(key)
        if aimed is not key:
            self.cases.put(case, aimed)
        return aimed

    def _free(self, case: Case) -> None:
        """The attempt of a case is over: give its lane and session to others."""
        case.ahead = None
        if case.lease is not None:
            lease, case.lease = case.lease, None
            lease.release()
        self.schedule.free(case)

    def tick(self) -> None:
        """Wake what is due. Connections whose pause has ended try again."""
        for case in self.schedule.ringing():
            self.turn(case.op_key)

    # --- what the exchange asks ---

    def _view_of(self, case: Case) -> View | None:
        """The world as it is now, for a case whose wait for calls is over; None if it has to rest."""
        assert case.key is not None
        if self.closing or self.stalls(case):
            return None
        return self.sights.view(case.key.entry, case.key.command)

    def _rests_as_it_is(self, case: Case) -> None:
        """Nothing was intended: the case rests in its state, and whatever stopped it wakes it. A held case was about to go on, so it is
        examined again then."""
        assert case.key is not None
        case.again = case.again or case.key.entry["state"] == e.HELD
        self.cases.put(case, case.key.but(phase=Phase.IDLE))
        self._rests(case, None)

    def _kept_back(self, case: Case) -> str:
        """Why the request of a case must not be sent now, because of what came after the gate; "" if it may."""
        key, lease = case.key, case.lease
        if self.failed or key is None or lease is None:
            return "the partition is taken anew"
        if not lease.is_current:
            return "the connection's settings or credentials changed"
        if self.stalls(case) or case.has_news or case.withdrawn_by:
            return "a newer command or a person's decision waits"
        parents = self.sights.parents(key.entry, key.command)
        if case.view is not None and key.phase is Phase.SENDING and parents.ids != case.view.parents.ids:
            return "what it belongs to changed or was taken back meanwhile"
        has_place = case.op_key in self.hours[case.connection].open
        return stopped(key.entry, self.sights.glance(key.entry), has_place)

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
        void = self.cases.entry(e.void_key(case.op_key))
        if void is not None and void["state"] == e.SUPERSEDED and e.made_key(case.op_key) == case.op_key:
            self.turn(case.op_key)  # the source posted it again meanwhile
        elif self.cases.open(case.op_key) is not None:
            self.advance(case, Superseded(effect.version, self.now()))

    def decide(self, decision: ControlMessage) -> None:
        """A person decided about an op-key: apply it at once if the case is at rest, else when it is."""
        case = self.cases.open(decision.control["op_key"])
        if case is None:
            return
        self.controls.holding.add(decision.offset)
        case.behind.append(decision)
        if not case.is_busy:
            self.serve(case)

    def _decide(self, case: Case, decision: ControlMessage) -> None:
        control = decision.control
        self.controls.holding.discard(decision.offset)
        if self.cases.open(case.op_key) is not None:
            assert case.key is not None
            self.aimed(case, case.key)
            event = Decided(control["action"], control["actor"], control["reason"], self.now_s(), self.now())
            self.advance(case, event)

    def conclude(self, entry: Ledger, audits: tuple[Audit, ...] = ()) -> None:
        """Record a state that was decided without an attempt."""
        case = self.cases.start(entry)
        assert case.key is not None
        try:
            self.carry_out(case, case.key.but(phase=Phase.CLOSING), (Record(entry, final=True, audits=audits),))
        except Exception as error:  # noqa: BLE001 - one op-key's defect must not stop the others
            self.defect(case, error)

    # --- the end ---

    async def stop(self) -> Offsets:
        """Let running requests reach their outcome, commit it and end. Returns the offsets up to which the topics are acked."""
        self.closing = True
        until_s = self.now_s() + self.exchange.longest_s
        while self.exchange.tasks and self.now_s() < until_s:
            await asyncio.wait(self.exchange.tasks, timeout=until_s - self.now_s())
            await self.committer.flush()  # an answer may lead to the next step
        await self.committer.flush()
        committable = self.committable
        await self.drop()
        return committable

    async def drop(self) -> None:
        """End at once. Results of running calls are ignored."""
        self.closing = self.exchange.ended = True
        self.context.followed.lift_unread(self.number)
        for task in self.exchange.tasks:
            task.cancel()
        for case in self.cases:
            self._free(case)
        self.committer.close()
        await self.committer.ended()
        self.index.close()
