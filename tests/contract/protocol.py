"""The whole protocol of a write against a simulator: the real core in the middle, its effects carried out on a real writer, in virtual
time. What the sink's process adds (ledger, lanes, commits) always succeeds here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from runtime.errors import ConnectorError
from runtime.settings import Timing
from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.calls import failure_of
from services.sinks.chain import Chain
from services.sinks.core import step
from services.sinks.gate import View
from services.sinks.parents import Parents
from services.sinks.rules import rules_of
from services.sinks.state import (
    Acked,
    Answered,
    Effect,
    Event,
    Find,
    Key,
    LookedUp,
    LookupFailed,
    Record,
    Reserve,
    Reserved,
    Send,
    Turn,
    Wait,
)
from systems.contract import Answer, Pair, ResolvedCommand
from systems.demo import BookedDocument
from systems.mapped import REVERSAL
from tests.contract.ground import Case, SystemUnderTest, names_of

BACKOFF = timedelta(seconds=5)
MOST_EFFECTS = 300
Sending = Callable[[str], None]
Settling = Callable[[], Awaitable[None]]


class Run:
    """One command from its first turn until it rests for good. `sending` is told each step before its request is sent,
    `settling` is awaited before a settle wait passes."""

    def __init__(
        self, on: SystemUnderTest, case: Case, sending: Sending = lambda _: None, settling: Settling | None = None
    ) -> None:
        self._on = on
        self.case = case
        self._sending = sending
        self._settling = settling
        self.with_batch = True
        self.parents, self.partner = Parents(), ""
        self.answers: list[tuple[str, Answer]] = []
        self.pairs: tuple[Pair, ...] = ()
        at = on.clock.now()
        incoming = e.Incoming(case.record, case.command, b"", 0, 0, at, came_at=at)
        entry = e.fresh(incoming)
        self._made = _made(case, at)
        if self._made is not None:
            entry = e.change(entry, at, takes_back=self._made["op_key"])
        self.key = Key(entry, rules_of(case.write, Timing()))

    async def to_the_end(self) -> Ledger:
        """The entry in which it ends: posted, adopted, held, rejected."""
        effects: tuple[Effect, ...] = (Wait(look_s=0.0),)
        for number in range(MOST_EFFECTS):
            if not effects:
                return self._ended()
            if number and self._rests_for_good(effects):
                return self._ended()
            event = await self._event(effects[-1])
            self.key, effects = step(self.key, event)
        raise AssertionError(f"{self.case.record}: no end; {self.key.entry}")

    def _rests_for_good(self, effects: tuple[Effect, ...]) -> bool:
        """What is held, and may be looked at again, has ended here; so has what waits for a batch that does not run."""
        if not isinstance(effects[-1], Wait):
            return False
        entry = self.key.entry
        return entry["state"] == e.HELD or (entry["reason"] == reasons.ERP_BATCH and not self.with_batch)

    def _ended(self) -> Ledger:
        entry = self.key.entry
        if entry["state"] in e.IN_PLACE:
            self._on.known |= dict.fromkeys(names_of(entry), entry["erp_id"])
        return entry

    async def _event(self, effect: Effect) -> Event:
        clock, at = self._on.clock, self._on.clock.now
        if isinstance(effect, Wait):
            if effect.look_s and self._settling is not None:
                await self._settling()
            if self.key.entry["reason"] == reasons.ERP_BATCH and self.with_batch:
                await self._on.run_batch()
            clock.move(self._pause(effect))
            return Turn(clock.monotonic(), self._view(), self.case.command)
        if isinstance(effect, Reserve):
            await self._on.writer.reserve(effect.calls)
            return Reserved(clock.monotonic(), at(), self._view())
        if isinstance(effect, Record):
            self.pairs += effect.pairs
            return Acked(clock.monotonic(), at())
        if isinstance(effect, Find):
            return await self._looked_up()
        assert isinstance(effect, Send), effect
        return await self._sent(effect)

    def _view(self) -> View:
        at = self._on.clock.now()
        chain = Chain(self._made, (self.key.entry,)) if self._made is not None else None
        return View(at, parents=self.parents, create_missing=True, link=self.partner or None, target=self._made, chain=chain)

    def _pause(self, effect: Wait) -> float:
        if effect.look_s is not None:
            return effect.look_s - self._on.clock.monotonic()
        assert effect.due_at is not None, f"it waits for nothing that comes: {self.key.entry}"
        return (effect.due_at - self._on.clock.now()).total_seconds()

    async def _looked_up(self) -> Event:
        clock, asked_s = self._on.clock, self._on.clock.monotonic()
        try:
            found = await self._on.writer.find(self._resolved())
        except ConnectorError as error:
            return LookupFailed(failure_of("find", error).reason, str(error), BACKOFF, clock.monotonic(), clock.now())
        return LookedUp(found, asked_s, clock.monotonic(), clock.now())

    def _resolved(self) -> ResolvedCommand:
        entry = self.key.entry
        return replace(self.case.resolved, known_id=entry["erp_id"], tried_since=entry.get("tried_since"))

    async def _sent(self, effect: Send) -> Event:
        self._sending(effect.step)
        clock = self._on.clock
        answer = await self._on.writer.perform(effect.step, self._resolved(), effect.document)
        self.answers.append((effect.step, answer))
        return Answered(answer, answer.retry_after or BACKOFF, clock.monotonic(), clock.now())


def _made(case: Case, at: datetime) -> Ledger | None:
    """The entry of the document that a case takes back, as the ledger keeps it."""
    original = case.original
    if original is None:
        return None
    incoming = e.Incoming(original.record, original.command, b"", 0, 0, at, came_at=at)
    return e.change(e.fresh(incoming), at, state=e.POSTED, erp_id=original.erp_id, erp_number=original.erp_number)


async def one_document_each(on: SystemUnderTest, cases: Sequence[Case]) -> None:
    """Each case is in the books once, of its amount and done; what reverses another is there beside it. An ERP shows a credit as a positive amount
    of a kind of its own."""
    kept = await on.kept()
    if not cases[0].write.ref_field:
        left = sum(Decimal(0) if case.record == REVERSAL else case.command["amount"] for case in cases)
        assert await on.applied() == left
        return
    for case in cases:
        if case.original is not None:
            _taken_back_once(case, kept)
            continue
        found = [(abs(one.amount), one.done) for one in kept if one.ref == case.ref]
        assert found == [(abs(case.command["amount"]), True)], case.ref


def _taken_back_once(case: Case, books: Sequence[BookedDocument]) -> None:
    """One document that reverses, and one that is written in the place of what it reverses; each done and of its amount. Where an ERP's books show
    both under their one ref, they come to the difference; where it reverses the document itself, nothing is left of that one."""
    assert case.original is not None
    kept = [one for one in books if one.ref == case.ref]
    before, now = case.original.command["amount"], case.command["amount"]
    wanted = [before, *([] if case.record == REVERSAL else [now])]
    told = [one.amount for one in kept]
    itself = [one.amount for one in books if one.ref == case.original.command["ref"]]
    is_reversed_itself = itself == [0] and told == wanted[1:]
    assert sorted(map(abs, told)) == sorted(map(abs, wanted)) or told == [now - before] or is_reversed_itself, (
        case.ref,
        told,
        itself,
    )
    assert all(one.done for one in kept), case.ref
