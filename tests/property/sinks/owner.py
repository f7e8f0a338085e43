"""An owner of the partition in the simulated world: carries the real core's effects out, and may be told to break the protocol."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from schemas.records import Audit, Ledger
from services.sinks import entry as e
from services.sinks.arrive import Changed, Taken, arrive
from services.sinks.core import step
from services.sinks.gate import View
from services.sinks.rebuild import from_result, unless_blind
from services.sinks.state import (
    Acked,
    Answered,
    Decided,
    Effect,
    Event,
    Find,
    Key,
    Late,
    Phase,
    Record,
    Reserve,
    Reserved,
    Restored,
    Saw,
    Send,
    Turn,
    Unseen,
    Wait,
)
from systems.contract import Answer, Document, Found, Verdict
from tests.property.sinks.world import Owner, World

POINT = -1.0  # a border of an effect: the world may kill or freeze here, for any length
BOUNDED = -2.0  # the same between lease check and send, where only a bounded freeze is tolerated
HELD_LOOKS = 20
ACKED = -3.0  # an intent is in the ledger
Carried = Generator[float, None, tuple[Key, Wait | None]]


class Holder:
    """One owner's life."""

    def __init__(self, world: World) -> None:
        self.w = world
        world.epoch += 1
        self.epoch = world.epoch
        self.position = world.committed
        self.covered = world.committed
        self.released = False
        self.looks = 0
        self.ahead: tuple[float, Found] | None = None

    def life(self) -> Owner:
        """Take the partition, restore, then work until everything is at rest."""
        w = self.w
        yield POINT
        key, wait = None, None
        if w.ledger is not None:
            entry = w.ledger
            if w.mutation.name == "open_intent_ignored" and e.intent_open(entry):
                entry = e.change(entry, w.instant(), intent_attempt=0, state=e.NEW)
            key, wait = yield from self.carried(*step(Key(entry, w.rules), Restored(w.now)))
            if w.mutation.name == "watch_forgotten" and entry["reason"] == "erp_batch":
                wait = None
        elif w.rebuilt:
            self.position = len(w.commands)
            key, wait = yield from self.rebuild()
        while True:
            if self.position < len(w.commands) and w.commands[self.position].at <= w.now:
                key, wait = yield from self.arrived(key, wait)
                continue
            coming = w.commands[self.position].at if self.position < len(w.commands) else None
            due = self.due(wait) if key is None or not self.given_up(key) else None
            if due is not None and due <= w.now and key is not None:
                self.looks += key.entry["state"] == e.HELD
                key, wait = yield from self.turn(key)
                continue
            moments = [m for m in (coming, due) if m is not None]
            if not moments:
                if self.epoch != w.epoch or not self.person(key):
                    return
                assert key is not None
                decided = Decided("release", "ann", "looked", w.now, w.instant())
                key, wait = yield from self.carried(*step(key, decided))
                continue
            yield max(0.0, min(moments) - w.now)

    def rebuild(self) -> Carried:
        """The ledger was lost: act on the newest command only, with what `result` proves."""
        w = self.w
        newest = w.commands[-1].incoming
        entry = unless_blind(from_result(newest, w.result), w.capability, newest)
        key, wait = yield from self.carried(Key(entry, w.rules, phase=Phase.CLOSING), (Record(entry, ends=True),))
        found = arrive(key.entry, newest)
        if isinstance(found, Changed):
            yield from self.recorded(e.correction(key.entry, 1, newest))
        return key, wait

    def person(self, key: Key | None) -> bool:
        """Whether a person releases what is held, once."""
        if self.released or key is None or key.entry["state"] != e.HELD:
            return False
        self.released, self.looks = True, 0
        return True

    def given_up(self, key: Key) -> bool:
        """A held document is looked at for ever; a schedule has to end."""
        return key.entry["state"] == e.HELD and self.looks >= HELD_LOOKS

    def due(self, wait: Wait | None) -> float | None:
        if wait is None:
            return None
        if wait.look_s is not None:
            return wait.look_s
        if wait.due_at is None:
            return None
        return (wait.due_at - self.w.instant()).total_seconds() + self.w.now

    def turn(self, key: Key) -> Carried:
        w = self.w
        command = w.commands[int(key.entry["command"] or b"0")].incoming.command
        view = View(w.instant(), create_missing=True, link=w.link)
        return (yield from self.carried(*step(key, Turn(w.now, view, command))))

    def arrived(self, key: Key | None, wait: Wait | None) -> Carried:
        """One command from the log."""
        w = self.w
        incoming = w.commands[self.position].incoming
        self.position += 1
        if w.mutation.name == "offset_before_outcome":
            w.committed = self.covered = self.position
        updates = w.rules.updates and w.mutation.name != "newer_ignored"
        found = arrive(key.entry if key else None, incoming, None, updates)
        if isinstance(found, Taken):
            entry = self.forgetful(found.entry)
            kept = key if key is not None and e.intent_open(entry) else Key(entry, w.rules)
            fresh = kept.but(entry=entry, phase=Phase.CLOSING)
            return (yield from self.carried(fresh, (Record(found.entry, ends=True),)))
        assert key is not None
        if isinstance(found, Changed):
            yield from self.recorded(e.correction(key.entry, 1, incoming))
        return key, wait

    def forgetful(self, entry: Ledger) -> Ledger:
        """What a broken protocol makes of an open attempt when a newer source comes."""
        name = self.w.mutation.name
        if name == "open_attempt_forgotten" and e.intent_open(entry):
            return e.change(entry, self.w.instant(), state=e.NEW, intent_attempt=0, intent_step="", intent_hash="")
        return entry

    def carried(self, key: Key, effects: tuple[Effect, ...]) -> Carried:
        """Carry effects out until the key rests."""
        while effects:
            event: Event | None = None
            for effect in effects:
                if isinstance(effect, Wait):
                    return key, effect
                event = yield from self.carry_out(key, effect)
            assert event is not None
            key, effects = self.rewritten(*step(key, event))
        return key, None

    def rewritten(self, key: Key, effects: tuple[Effect, ...]) -> tuple[Key, tuple[Effect, ...]]:
        """A broken protocol writes again what the look-up does not show any more, or looks before a request can have settled."""
        if self.w.mutation.name == "looked_at_once" and key.entry["reason"] == "settle":
            return key.but(look_s=self.w.now), effects
        if self.w.mutation.name != "vanished_is_written_again" or key.entry["reason"] != "not_shown":
            return key, effects
        entry = e.change(key.entry, self.w.instant(), state=e.NEW, reason="", steps_done=[], erp_id="")
        return key.but(entry=entry), tuple(Record(entry, True) if isinstance(one, Record) else one for one in effects)

    def carry_out(self, key: Key, effect: Effect) -> Generator[float, None, Event]:
        w = self.w
        yield POINT
        if isinstance(effect, Reserve):
            return Reserved(w.now, w.instant())
        if isinstance(effect, Record):
            self.ahead = (w.now, self.shown(key)) if key.looks_ahead else None
            yield from self.recorded(effect.entry, effect.audits)
            return Acked(w.now, w.instant())
        if isinstance(effect, Find):
            return (yield from self.find(key))
        if isinstance(effect, Send):
            return (yield from self.send(key, effect))
        raise AssertionError(effect)

    def recorded(self, entry: Ledger, audits: tuple[Audit, ...] = ()) -> Generator[float, None, None]:
        yield 0.005
        self.covered = self.position
        told = () if self.w.mutation.name == "overruled_untold" else audits
        self.w.commit(self.epoch, entry, self.covered, told)
        yield ACKED if entry["state"] == e.INTENT else POINT

    def find(self, key: Key) -> Generator[float, None, Event]:
        w = self.w
        unread = key.phase in (Phase.READING, Phase.COMPARING) and not key.entry["steps_done"]
        if w.mutation.name == "no_pre_read" and unread:
            return Saw(Found(()), w.now, w.now, w.instant())
        asked, found = self.ahead or (w.now, self.shown(key))
        self.ahead = None
        yield w.draw.choice((0.0, 0.01, w.rules.times.lease_s - 0.005))
        yield POINT
        if w.faulty and w.draw.random() < 0.03:
            return Unseen("system_down", "no answer", timedelta(seconds=1), w.now, w.instant())
        return Saw(found, asked, w.now, w.instant())

    def shown(self, key: Key) -> Found:
        """What the system shows now."""
        entry = key.entry
        return seen_wrongly(self.w.mutation.name, key, self.w.erp.find(entry["ref"], entry["erp_id"], entry["amount"], self.w.now))

    def send(self, key: Key, effect: Send) -> Generator[float, None, Event]:
        w = self.w
        if w.now > effect.deadline_s and w.mutation.name != "no_lease_check":
            w.count("late")
            return Late(w.now, w.instant())
        yield BOUNDED
        lasts, heard = w.erp.request(effect.step, key.entry["ref"], key.entry["amount"], effect.document, w.now)
        yield lasts
        yield POINT
        return Answered(self.mutated(heard(), key), timedelta(seconds=1), w.now, w.instant())

    def mutated(self, answer: Answer, key: Key) -> Answer:
        name = self.w.mutation.name
        if answer.verdict is not Verdict.AMBIGUOUS:
            return answer
        if name == "blind_retry":
            return Answer(Verdict.DEFINITE_NO, words="taken for a no")
        if name == "timeout_is_success":
            entry = key.entry
            amount: Decimal = entry["amount"]
            return Answer(Verdict.YES, Document("D?", "D?", entry["ref"], amount, "USD", ("create",)))
        return answer


def seen_wrongly(mutation: str, key: Key, found: Found) -> Found:
    """What a broken writer makes of a look-up."""
    if mutation == "batch_is_assumed" and found.documents:
        return Found(tuple(replace(d, steps_done=key.rules.steps) for d in found.documents))
    if mutation == "refusal_is_done" and any(d.refusal for d in found.documents):
        return Found(tuple(replace(d, steps_done=key.rules.steps, refusal="") for d in found.documents))
    return found


def starter(world: World) -> Owner:
    """A new owner's life in `world`."""
    return Holder(world).life()
