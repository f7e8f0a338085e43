"""One lane at work on one op-key: carries the core's effects out until the key rests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from runtime.errors import ConnectorError, Malformed, Refused
from runtime.log import log
from schemas.records import CommandEnvelope, Ledger
from services.sinks import ceiling, reasons
from services.sinks import entry as e
from services.sinks.asking import AGAIN
from services.sinks.commit import NotCommitted
from services.sinks.core import step
from services.sinks.gate import View
from services.sinks.parents import name_of
from services.sinks.sessions import cause_of
from services.sinks.state import (
    Acked,
    Answered,
    Effect,
    Event,
    Find,
    Key,
    Late,
    Phase,
    Record,
    Reserve,
    Reserved,
    Saw,
    Send,
    Supersede,
    Turn,
    Unseen,
    Wait,
)
from systems.contract import Answer, Verdict, Writer
from topology.configuration import Connected

if TYPE_CHECKING:
    from services.sinks.lanes import Lanes
    from services.sinks.partition import Partition


class Abandoned(Exception):
    """The run ends before anything was recorded: the process stops, or the session cannot be had."""


@dataclass
class Run:
    """One run of one op-key in a lane."""

    owner: Partition
    op_key: str
    connected: Connected
    lanes: Lanes
    command: CommandEnvelope | None = None
    view: View | None = None
    ahead: asyncio.Task[Event] | None = None
    """The look-up before a write, asked while its intent is on its way to the ledger."""

    async def work(self) -> None:
        """Run the key until it rests; its lane is free when this returns."""
        try:
            key = self._idle()
            view = self._sight(key) if key is not None else None
            if key is not None and view is not None and await self._asked_for_parents(key, view):
                key = self._idle()  # asking took time in which a newer command may have come
                view = self._sight(key) if key is not None else None
            if key is None or view is None:
                return
            self.owner.reexamined.discard(self.op_key)
            asks = self.op_key in self.owner.asking
            self.view = view if asks else self._within_ceiling(key, view)
            await self._steps(*step(key, Turn(self._now_s(), self.view, self.command, asks)))
        except NotCommitted:
            return
        except Abandoned:
            self.owner.abandoned(self.op_key)
        finally:
            self._forget_ahead()

    def _forget_ahead(self) -> None:
        """A look-up that nobody waits for any more: its intent was not acked."""
        if self.ahead is not None and not self.ahead.cancel():
            self.ahead.exception()

    def _idle(self) -> Key | None:
        """The key, when there is something to do about it now. What another run has in hand is looked at when that one rests."""
        key = self.owner.key_of(self.op_key)
        if key is None or e.is_terminal(key.entry):
            return None
        if key.phase is not Phase.IDLE:
            again = self.op_key in self.owner.reexamined
            self.owner.pending[self.op_key].append(lambda: self.owner.turn(self.op_key, again))
            return None
        if key.entry["state"] == e.HELD and not self._is_looked_at_again(key.entry):
            return None
        return key

    def _is_looked_at_again(self, entry: Ledger) -> bool:
        """Whether a held one is: something it waits for changed, what gives it up has to know, or its system's batch refused it or is late."""
        if self.op_key in self.owner.reexamined or self.op_key in self.owner.asking:
            return True
        return entry["due_at"] is not None and entry["due_at"] <= self.owner.now()

    async def _steps(self, key: Key, effects: tuple[Effect, ...]) -> None:
        while effects:
            self.owner.keys[self.op_key] = key
            event: Event | None = None
            for effect in effects:
                if isinstance(effect, Wait):
                    self.owner.wake(self.op_key, effect)
                elif isinstance(effect, Supersede):
                    self.owner.supersede(effect)
                elif isinstance(effect, Record) and effect.ends:
                    self.owner.ends(key, effect)
                    return
                else:
                    event = await self._carry_out(key, effect)
            if event is None:
                break
            key, effects = step(key, event)
        self.owner.rested(key)

    def _sight(self, key: Key) -> View:
        """Read the key's command, and see what is known of the world for it now."""
        self.command = self.owner.command_of(key.entry)
        return self.owner.view(key.entry, self.command, self.connected)

    async def _asked_for_parents(self, key: Key, view: View) -> bool:
        """Ask the system, once, for parents that nobody here knows; whether it was asked."""
        if view.mode == "observe" or view.paused or view.parents.none_by_decision or view.parents.before_cutover:
            return False
        unasked = [name for name in view.parents.missing if (key.entry["connection"], name) not in self.owner.asked]
        for name in unasked:
            await self._ask(key.entry["connection"], name)
        return bool(unasked)

    async def _ask(self, connection: str, name: str) -> None:
        entity, _, source_id = name.partition("/")
        try:
            writer = self._writer()
            await writer.reserve(1)
            found = await writer.find_parent(entity, source_id)
        except ConnectorError as error:
            self.lanes.failed(*cause_of(error), self.owner.now())
            raise Abandoned(str(error)) from error
        self.owner.asked.add((connection, name))
        if found:
            self.owner.sights.found[(connection, name)] = found

    def _within_ceiling(self, key: Key, view: View) -> View:
        limit = self.connected.settings.ceiling
        if view.paused or key.entry["purpose"] == e.MASTER or e.may_exist(key.entry):
            return view
        posted = self.owner.hour.get(self.lanes.connection, ceiling.Posted())
        words = ceiling.exceeded(posted, (limit.documents_per_hour, limit.amount_per_hour), key.entry["amount"], view.at)
        if not words:
            return view
        self.owner.pause(key.entry["connection"], reasons.CEILING, words)
        return replace(view, paused=reasons.CEILING)

    async def _carry_out(self, key: Key, effect: Effect) -> Event:
        if isinstance(effect, Reserve):
            return await self._reserve(effect)
        if isinstance(effect, Record):
            self.ahead = asyncio.ensure_future(self._find(key)) if key.looks_ahead else None
            await self.owner.record(effect.entry, effect.audits)
            return Acked(self._now_s(), self.owner.now())
        if isinstance(effect, Find):
            ahead, self.ahead = self.ahead, None
            return await (ahead or self._find(key))
        if isinstance(effect, Send):
            return await self._send(key, effect)
        raise TypeError(f"{type(effect).__name__} is not an effect of a lane")

    async def _reserve(self, effect: Reserve) -> Event:
        try:
            await self._writer().reserve(effect.calls)
        except ConnectorError as error:
            self.lanes.failed(*cause_of(error), self.owner.now())
            log.warning("no_session", connection=self.lanes.connection, error=str(error)[:300])
            raise Abandoned(str(error)) from error
        if self.owner.closing:
            raise Abandoned("the sink stops")
        return Reserved(self._now_s(), self.owner.now())

    async def _find(self, key: Key) -> Event:
        asked_s = self._now_s()
        try:
            found = await self._writer().find(key.entry["record"], self._wanted(), self._ids(key))
        except Refused as error:  # of this command's content: no fault of the connection
            return Unseen(reasons.REFUSED, str(error)[:300], AGAIN, self._now_s(), self.owner.now())
        except (ConnectorError, Malformed) as error:
            reason, asked = cause_of(error)
            wait = self.lanes.failed(reason, asked, self.owner.now())
            return Unseen(reason, str(error)[:300], wait, self._now_s(), self.owner.now())
        self.lanes.succeeded()
        return Saw(found, asked_s, self._now_s(), self.owner.now())

    async def _send(self, key: Key, effect: Send) -> Event:
        if self.owner.failed:
            raise NotCommitted("the partition is taken anew")
        now_s = self._now_s()
        if now_s > effect.deadline_s:
            return Late(now_s, self.owner.now())
        answer = await self._perform(key, effect)
        wait = self._judge(key, answer)
        if answer.verdict is Verdict.YES and effect.step == key.rules.steps[0] and key.entry["purpose"] != e.MASTER:
            ceiling.counted(self.owner.hour, self.lanes.connection, self.owner.now(), key.entry["amount"])
        return Answered(answer, wait, self._now_s(), self.owner.now())

    async def _perform(self, key: Key, effect: Send) -> Answer:
        writer = self._writer()
        try:
            return await writer.perform(effect.step, key.entry["record"], self._wanted(), self._ids(key), effect.document)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a writer that raises after it may have sent has told us nothing: look it up
            log.exception("writer_raised", system=key.entry["system"], entity=key.entry["record"], key=self.op_key)
            return Answer(Verdict.AMBIGUOUS, words=f"{type(error).__name__}: {error}"[:300])

    def _judge(self, key: Key, answer: Answer) -> timedelta:
        """What an answer means for the whole connection; the backoff for a definite no."""
        lanes, now = self.lanes, self.owner.now()
        is_refused = answer.verdict is Verdict.REJECT
        lanes.refusals.append(answer.code or "refused" if is_refused else "")
        if is_refused and (code := ceiling.nearly_all_refused(tuple(lanes.refusals))):
            lanes.refusals.clear()
            self.owner.pause(
                key.entry["connection"], reasons.REFUSED, f"nearly everything is refused with {code}: {answer.words[:200]}"
            )
        if answer.verdict is not Verdict.DEFINITE_NO:
            lanes.succeeded()
            return timedelta(0)
        reason = reasons.THROTTLED if answer.throttled else reasons.CREDENTIALS if answer.broken else reasons.SYSTEM_DOWN
        return lanes.failed(reason, answer.retry_after.total_seconds() if answer.retry_after else None, now)

    def _writer(self) -> Writer:
        return self.owner.ground.sessions.of(self.connected)

    def _wanted(self) -> CommandEnvelope:
        if self.command is None:
            raise Abandoned("the command cannot be read")
        return self.command

    def _ids(self, key: Key) -> dict[str, str]:
        ids = dict(self.view.parents.ids) if self.view is not None else {}
        entry = key.entry
        if key.rules.updates and entry["erp_id"]:
            ids[name_of(entry["source_entity"], entry["source_id"])] = entry["erp_id"]
        return ids

    def _now_s(self) -> float:
        return self.owner.ground.clock.monotonic()
