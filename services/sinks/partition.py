"""The owner of one command partition: who is known, who waits for what, who runs; ends with the assignment or a failed commit."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import cast

from runtime.log import log
from schemas.errors import Malformed
from schemas.records import Audit, CommandEnvelope, Fetch, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.alarms import Alarms
from services.sinks.ceiling import Hour
from services.sinks.commit import Committer, NotCommitted, Offsets, Out
from services.sinks.core import step
from services.sinks.gate import View
from services.sinks.ground import Ground
from services.sinks.lanes import Lanes
from services.sinks.ledger import Index, Rest
from services.sinks.outputs import fetch_of, pause_of
from services.sinks.positions import Position
from services.sinks.run import Run
from services.sinks.state import Acked, Key, Phase, Record, Supersede, Superseded, Wait
from services.sinks.views import Sights
from systems.contract import Role
from topology.configuration import Connected

Source = tuple[str, str]
"""(connection, entity/source id)."""


_MAY_STAND = e.IN_PLACE | {e.WAITING}
SOON = 10
"""Op-keys in the queue for each lane up to which a command waits for its lane in memory only."""


class Partition:
    """Lives in the loop. Everything it promises to the log goes through its committer; everything it knows for certain is its index."""

    def __init__(self, ground: Ground, number: int, index: Index, commands: Position, controls: Position) -> None:
        self.ground = ground
        self.number = number
        self.index = index
        self.commands = commands
        self.controls = controls
        self.committer: Committer | None = None
        self.keys: dict[str, Key] = {}
        self.decoded: dict[str, tuple[bytes | None, CommandEnvelope]] = {}
        self.pending: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self.resting: dict[str, Rest] = {}
        self.children: dict[Source, set[str]] = defaultdict(set)
        self.unacked: dict[Source, set[str]] = defaultdict(set)
        self.fetched: set[Source] = set()
        self.asked: set[Source] = set()
        self.reexamined: set[str] = set()
        self.asking: set[str] = set()  # looked up and not written, until the command that gives them up has come
        self.lanes: dict[str, Lanes] = {}
        self.hour: Hour = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.closing = False
        self._alarms = Alarms()
        self.sights = Sights(ground.system, ground.settings.timing, ground.followed, self._entries_of, self._current)

    # --- what is known ---

    @property
    def failed(self) -> bool:
        """Whether a commit's end is unknown: the partition has to be taken anew."""
        return self.committer is not None and self.committer.failed is not None

    @property
    def acked(self) -> Offsets:
        """Offsets before which everything is in the ledger."""
        return self.committer.acked if self.committer is not None else {}

    @property
    def backlog(self) -> int:
        """Op-keys that want a lane or are in one."""
        return sum(len(lanes.ready) + lanes.active for lanes in self.lanes.values() if lanes.closed_until is None)

    def now(self) -> datetime:
        """The present instant, scaled."""
        return self.ground.clock.now()

    def entry_of(self, op_key: str) -> Ledger | None:
        """The entry in hand, else as committed."""
        key = self.keys.get(op_key)
        return key.entry if key is not None else self.index.get(op_key)

    def key_of(self, op_key: str) -> Key | None:
        """The key in hand, else made of the committed entry."""
        key = self.keys.get(op_key)
        if key is not None:
            return key
        entry = self.index.get(op_key)
        return None if entry is None else self.new_key(entry)

    def new_key(self, entry: Ledger) -> Key:
        """A key at rest."""
        return Key(entry, self.sights.rules(entry, self.ground.snapshot().connections.get(entry["connection"])))

    def standing(self, connection: str) -> list[tuple[str, Rest]]:
        """Every command of a connection that has not ended, whether its state is acked already or on its way."""
        found = {op_key: rest for op_key, rest in self.resting.items() if rest.connection == connection}
        for op_key, key in self.keys.items():
            entry = key.entry
            if entry["connection"] == connection and not e.is_terminal(entry):
                found[op_key] = Rest(connection, entry["state"], entry["reason"])
        return list(found.items())

    def op_keys_of(self, source: Source) -> set[str]:
        """Op-keys of a source object, acked or on their way."""
        entity, _, source_id = source[1].partition("/")
        return {*self.index.of_source(source[0], entity, source_id), *self.unacked.get(source, ())}

    def is_busy(self, op_key: str) -> bool:
        """Whether a run has it in hand."""
        key = self.keys.get(op_key)
        return key is not None and key.phase is not Phase.IDLE

    def command_of(self, entry: Ledger) -> CommandEnvelope | None:
        """The command in hand; None where its bytes are missing or cannot be read."""
        known = self.decoded.get(entry["op_key"])
        if known is not None and known[0] is entry["command"]:
            return known[1]
        try:
            return cast("CommandEnvelope", self.ground.codec.decode(entry["command"])[1])
        except Malformed:
            return None

    def hold(self, key: Key, command: CommandEnvelope) -> None:
        """Keep a key in hand until its lane comes. Where that is soon its first record is the intent, and its offset waits for that."""
        op_key = key.entry["op_key"]
        self.keys[op_key] = key
        self.decoded[op_key] = (key.entry["command"], command)
        if command["parts"] is not None:
            self.unacked[source_of(key.entry)].add(op_key)  # the other parts of its document have to see it
        lanes = self.lanes_of(key.entry["connection"])
        if lanes is not None and lanes.closed_until is None and len(lanes.ready) < SOON * lanes.count:
            self.commands.holding.add(key.entry["command_offset"])
        else:
            self.record(key.entry)

    def view(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected) -> View:
        """What is known of the world for this entry."""
        return self.sights.view(entry, command, connected, self.now())

    def _entries_of(self, connection: str, entity: str, source_id: str) -> Iterable[Ledger]:
        """Entries of a source object; what is not acked yet does not count as being in place."""
        op_keys = {
            *self.index.of_source(connection, entity, source_id),
            *self.unacked.get((connection, f"{entity}/{source_id}"), ()),
        }
        for op_key in sorted(op_keys):
            entry = self.entry_of(op_key)
            if entry is None:
                continue
            key = self.keys.get(op_key)
            if key is not None and key.phase is not Phase.IDLE and entry["state"] in _MAY_STAND:
                entry = self.index.get(op_key) or e.change(entry, entry["updated_at"], state=e.INTENT, reason="")
            yield entry

    def _current(self, op_key: str) -> tuple[Ledger | None, bool]:
        key = self.keys.get(op_key)
        return self.entry_of(op_key), key is not None and key.phase is not Phase.IDLE

    # --- recording ---

    def record(self, entry: Ledger, audits: Sequence[Audit] = ()) -> asyncio.Future[None]:
        """Put one state on its way; done when acked."""
        assert self.committer is not None
        self.commands.holding.discard(entry["command_offset"])
        source = source_of(entry)
        self.unacked[source].add(entry["op_key"])
        ack = self.committer.submit(self.ground.out(entry, self.number, audits, self._fetches(entry)))
        ack.add_done_callback(lambda done: self._recorded(entry, done))
        return ack

    def submit(self, out: Out) -> None:
        """Put records on their way that belong to no op-key's state."""
        assert self.committer is not None
        self.committer.submit(out).add_done_callback(_seen)

    def _fetches(self, entry: Ledger) -> list[Fetch]:
        if entry["reason"] != reasons.PARENT or entry["state"] != e.WAITING or entry["due_at"] is None:
            return []
        missing = [name for name in entry["waits_for"] if (entry["connection"], name) not in self.fetched]
        self.fetched.update((entry["connection"], name) for name in missing)
        return [fetch_of(entry, name, self.now()) for name in missing]

    def _recorded(self, entry: Ledger, done: asyncio.Future[None]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        op_key = entry["op_key"]
        if e.is_terminal(entry):
            self.resting.pop(op_key, None)
        else:
            self.resting[op_key] = Rest(entry["connection"], entry["state"], entry["reason"])
        key = self.keys.get(op_key)
        if key is not None and key.entry is entry and key.phase is Phase.IDLE:
            self._let_go(key)
        if e.is_terminal(entry) or entry["state"] in (e.HELD, e.WAITING):
            self.release_children(source_of(entry))

    def _let_go(self, key: Key) -> None:
        """The index knows it: nothing more is kept in memory, unless an intent is open."""
        entry = key.entry
        if e.intent_open(entry) and entry["state"] == e.WAITING:
            return
        if self._is_queued(entry):
            return
        self.decoded.pop(entry["op_key"], None)
        if entry["op_key"] not in self.pending:
            self.keys.pop(entry["op_key"], None)
        known = self.unacked.get(source_of(entry))
        if known is not None:
            known.discard(entry["op_key"])
            if not known:
                del self.unacked[source_of(entry)]

    def _is_queued(self, entry: Ledger) -> bool:
        lanes = self.lanes.get(entry["connection"])
        return lanes is not None and entry["op_key"] in lanes.waiting_turn

    def release_children(self, source: Source) -> None:
        """What waits for this source object is looked at again."""
        self.fetched.discard(source)
        for op_key in self.children.pop(source, ()):
            self.turn(op_key, again=True)

    # --- resting and waking ---

    def ends(self, key: Key, effect: Record) -> None:
        """The last record of a run is on its way; the key rests when it is acked. Its lane is free already."""
        op_key = key.entry["op_key"]
        self.keys[op_key] = key
        self.await_parents(key.entry)  # before the ack: what is released meanwhile must find it
        ack = self.record(effect.entry, effect.audits)
        ack.add_done_callback(lambda done: self._ended(op_key, done))

    def conclude(self, entry: Ledger, audits: tuple[Audit, ...] = ()) -> None:
        """Record a state that was decided without a run."""
        self.ends(self.new_key(entry).but(phase=Phase.CLOSING), Record(entry, ends=True, audits=audits))

    def _ended(self, op_key: str, done: asyncio.Future[None]) -> None:
        key = self.keys.get(op_key)
        if done.cancelled() or done.exception() is not None or key is None:
            return
        rested, effects = step(key, Acked(self.ground.clock.monotonic(), self.now()))
        self.rested(rested)
        for effect in effects:
            if isinstance(effect, Wait):
                self.wake(op_key, effect)

    def rested(self, key: Key) -> None:
        """A key rests: remember whom it waits for, and do what came for it meanwhile."""
        self.keys[key.entry["op_key"]] = key
        self.await_parents(key.entry)
        self._let_go(key)
        for call in self.pending.pop(key.entry["op_key"], ()):
            call()

    def abandoned(self, op_key: str) -> None:
        """A run ended before anything was recorded: the key is as committed and asks for a lane again."""
        key = self.keys.get(op_key)
        if key is not None and key.phase is not Phase.IDLE:
            self.keys[op_key] = key.but(phase=Phase.IDLE)
            if key.entry["command_offset"] in self.commands.holding:
                self.record(self.keys[op_key].entry)
        if not self.closing:
            self.turn(op_key)

    def await_parents(self, entry: Ledger) -> None:
        """Remember what it waits for."""
        for name in entry["waits_for"]:
            self.children[(entry["connection"], name)].add(entry["op_key"])

    def wake(self, op_key: str, wait: Wait) -> None:
        """Look at it again when its wait ends."""
        if wait.look_s is not None and wait.look_s <= self.ground.clock.monotonic():
            self.turn(op_key)
        else:
            self._alarms.put(op_key, wait)

    def turn(self, op_key: str, again: bool = False) -> None:
        """It wants a lane. `again` examines a held command too."""
        if again:
            self.reexamined.add(op_key)
        key = self.keys.get(op_key)
        rest = self.resting.get(op_key)
        connection = key.entry["connection"] if key is not None else rest.connection if rest is not None else ""
        lanes = self.lanes_of(connection)
        if lanes is None or self.closing:
            return
        lanes.put(op_key)
        lanes.pump(self.now())

    def tick(self) -> None:
        """Wake what is due; let connections try again whose pause ended."""
        now = self.now()
        for op_key in self._alarms.ringing(self.ground.clock.monotonic(), now):
            self.turn(op_key)
        if not self.closing:
            for lanes in self.lanes.values():
                lanes.pump(now)

    def lanes_of(self, connection: str) -> Lanes | None:
        """The lanes of a connection; None while its settings are not known, or where it does not join this system."""
        known = self.lanes.get(connection)
        connected = self.ground.snapshot().connections.get(connection)
        if connected is None:
            return None
        if known is None:
            if not connected.joins(self.ground.system.name):
                return None
            share = connected.settings.side(self.ground.system.name).quota.share(Role.SINK)
            count = min(self.ground.settings.lanes, share.at_once)
            known = self.lanes[connection] = Lanes(connection, count, lambda op_key: self._start(connection, op_key))
        return known

    def _start(self, connection: str, op_key: str) -> None:
        connected = self.ground.snapshot().connections.get(connection)
        lanes = self.lanes[connection]
        if connected is None or self.failed:
            lanes.freed()
            return
        run = Run(self, op_key, connected, lanes)
        task = asyncio.get_running_loop().create_task(self._run(run))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _run(self, run: Run) -> None:
        try:
            await run.work()
        except Exception:  # noqa: BLE001 - the edge of a lane: one op-key's defect must not stop the others, its intent stays open
            log.exception("lane_failed", system=self.ground.system.name, key=run.op_key)
        finally:
            run.lanes.freed()
            if not self.closing:
                run.lanes.pump(self.now())

    # --- one op-key decides about another, the sink about a connection ---

    def supersede(self, effect: Supersede) -> None:
        """A void overtakes a document that was not written."""
        key = self.key_of(effect.op_key)
        if key is None or key.phase is not Phase.IDLE:
            return
        after, effects = step(key, Superseded(effect.version, self.now()))
        for made in effects:
            if isinstance(made, Record):
                self.ends(after, made)

    def pause(self, connection: str, reason: str, words: str) -> None:
        """Pause a connection and ask a person; the pause is in `control`, so that it outlives this process."""
        name = self.ground.system.name
        if self.ground.followed.paused(name, connection):
            return
        control = pause_of(connection, name, reason, words, self.now())
        self.ground.followed.pause_now(control)
        log.error("connection_paused", connection=connection, system=name, reason=reason, words=words)
        self.submit(Out([self.ground.control_line(control, self.number)]))

    async def stop(self) -> None:
        """Let running writes reach their outcome, commit it, end."""
        self.closing = True
        if self.tasks:
            timing = self.ground.settings.timing
            await asyncio.wait(self.tasks, timeout=timing.lease_s + timing.request_s + 10)
        if self.committer is not None:
            await self.committer.flush()
        self.drop()

    def drop(self) -> None:
        """End at once: what runs is not listened to any more."""
        self.closing = True
        for task in self.tasks:
            task.cancel()
        if self.committer is not None:
            self.committer.failed = self.committer.failed or NotCommitted("the partition was given back")
            self.committer.close()
        self.index.close()


def source_of(entry: Ledger) -> Source:
    """The source object of an entry, as parents name it."""
    return entry["connection"], f"{entry['source_entity']}/{entry['source_id']}"


def _seen(done: asyncio.Future[None]) -> None:
    """A failed commit is told by the committer itself."""
    if not done.cancelled():
        done.exception()
