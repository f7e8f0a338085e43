"""Commands as they come from the log: known ones cost a look at the index, new ones an entry in the ledger, none is skipped silently."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, cast

from confluent_kafka import Message

from runtime import kafka
from schemas.errors import Malformed
from schemas.records import Audit, CommandEnvelope, Dead, Ledger, Result
from services.sinks import entry as e
from services.sinks import parts, reasons
from services.sinks.arrive import Changed, Nothing, Refreshed, Taken, arrive, beside
from services.sinks.commit import Line, Out
from services.sinks.core import step
from services.sinks.entry import Incoming
from services.sinks.evidence import Evidence
from services.sinks.ledger import head_of
from services.sinks.outputs import STAGE, decision, replayed
from services.sinks.partition import Partition
from services.sinks.rebuild import as_before, from_result, looked_up_first, unless_blind
from services.sinks.state import Phase, Record, Restored, Supersede, Turn
from topology.headers import HOLD, OP_KEY, PARTED, PAYLOAD_HASH, SOURCE_HASH

Span = tuple[int, int, int]
CORRECTIONS = 1000


class Intake:
    """Takes the commands of one partition in their order."""

    def __init__(self, owner: Partition) -> None:
        self.owner = owner
        self._spans: dict[tuple[str, str], Span] = {}
        self._behind: dict[str, list[Incoming]] = {}
        self._mapped_again: set[tuple[str, ...]] = set()
        self._evidence = Evidence(owner)

    def take(self, messages: Sequence[Message]) -> None:
        """A batch from the log. What changes nothing is told in one audit per batch, connection and decision."""
        owner = self.owner
        for message in messages:
            kafka.raise_if_fatal(message)
            offset = message.offset() or 0
            if message.error() is not None or offset < owner.commands.next:
                continue
            if self._is_known(message):
                self._nothing("duplicate", (message.key() or b"").decode(errors="replace"), offset)
            else:
                self._arrive(message, offset)
            owner.commands.next = offset + 1
        self._tell()

    def _is_known(self, message: Message) -> bool:
        found = dict(message.headers() or ())
        op_key, source_hash, payload_hash = (_text(found.get(name)) for name in (OP_KEY, SOURCE_HASH, PAYLOAD_HASH))
        in_hand = op_key in self.owner.keys or e.correction_key(op_key, 1) in self.owner.keys
        if not op_key or in_hand or _text(found.get(PARTED)):
            return False
        return _text(found.get(HOLD)) != reasons.UNPOSTED and self.owner.index.ended_with(
            op_key, head_of(source_hash, payload_hash)
        )

    def _arrive(self, message: Message, offset: int) -> None:
        try:
            name, command = self.owner.ground.codec.decode(message.value())
        except Malformed as error:
            self.owner.submit(Out([self._dead(message, offset, str(error))]))
            return
        if not name.startswith("command."):
            self.owner.submit(Out([self._dead(message, offset, f"{name} is not a command")]))
            return
        record = name.removeprefix("command.")
        at = self.owner.now()
        self._turn_in(Incoming(record, cast("CommandEnvelope", command), message.value() or b"", self.owner.number, offset, at))

    def _turn_in(self, incoming: Incoming) -> None:
        """Now, or when the run of its op-key rests, and that of every part that is gone, and when it is known whether what it gives up is
        there; until then its offset is not committed, and later commands of its document go behind it."""
        owner, offset = self.owner, incoming.offset
        document = parts.document_of(incoming.command["op_key"])
        if document in self._behind:
            owner.commands.holding.add(offset)
            self._behind[document].append(incoming)
            return
        op_key = next((one for one in [incoming.command["op_key"], *self._gone(incoming)] if owner.is_busy(one)), None)
        op_key = op_key or self._evidence.awaited(incoming)
        if op_key is None:
            self.arrived(incoming)
            return
        owner.commands.holding.add(offset)
        self._behind[document] = []

        def later() -> None:
            for one in [incoming, *self._behind.pop(document)]:
                owner.commands.holding.discard(one.offset)
                self._turn_in(one)
            self._tell()

        owner.pending[op_key].append(later)

    def _gone(self, incoming: Incoming) -> list[str]:
        """Op-keys of parts that this command's set has no more."""
        if incoming.command["parts"] is None:
            return []
        document = self.owner.sights.others(incoming.command)
        return [] if parts.is_stale(incoming, document) else [one.entry["op_key"] for one in parts.gone(incoming, document)]

    def arrived(self, incoming: Incoming) -> None:
        """One command whose op-key is at rest."""
        owner, command = self.owner, incoming.command
        known = owner.entry_of(command["op_key"])
        if command["parts"] is not None:
            document = owner.sights.others(command)
            if parts.is_stale(incoming, document):
                self._nothing("stale", command["connection"], incoming.offset)
                return
            for part in parts.gone(incoming, document):
                self._withdraw(part.entry["op_key"], incoming)
        void = None
        if command["action"] == "create" and (known is None or known["state"] != e.POSTED):
            void = owner.entry_of(e.void_key(command["op_key"]))
        updates = known is not None and owner.new_key(known).rules.updates
        arrival = arrive(known, incoming, void, updates)
        if isinstance(arrival, Taken):
            self._taken(arrival, incoming)
        elif isinstance(arrival, Changed):
            self._changed(arrival, incoming)
        elif isinstance(arrival, Refreshed):
            owner.commands.holding.discard(known["command_offset"] if known is not None else incoming.offset)
            owner.conclude(arrival.entry)
            self._reverted(command["op_key"], incoming)
        else:
            self._unchanged(arrival, known, incoming)

    def _unchanged(self, arrival: Nothing, known: Ledger | None, incoming: Incoming) -> None:
        if arrival.decision == "remapped" and known is not None:
            audit = decision("remapped", known, "the source did not change, its mapping did: nothing is written", incoming.at)
            self.owner.submit(
                Out([self.owner.ground.line("audit", "audit.audit", audit["natural_key"], (audit, self.owner.number, ""))])
            )
        else:
            self._nothing(arrival.decision, incoming.command["connection"], incoming.offset)
        self._reverted(incoming.command["op_key"], incoming)

    def _taken(self, arrival: Taken, incoming: Incoming) -> None:
        owner, entry = self.owner, arrival.entry
        audits: tuple[Audit, ...] = ()
        if arrival.replaced is not None:
            old = arrival.replaced
            owner.commands.holding.discard(old["command_offset"])
            audits = (decision("superseded", old, f"replaced by version {entry['source_version']}", incoming.at),)
            self._reverted(incoming.command["op_key"], incoming)
        if e.intent_open(entry):
            self._taken_beside_an_attempt(entry, audits)
            return
        key = owner.new_key(entry)
        connected = owner.ground.snapshot().connections.get(entry["connection"])
        if e.is_terminal(entry) or connected is None:
            owner.conclude(entry, audits)
            return
        self._map_again(entry, incoming.command, connected.versions)
        view = owner.view(entry, incoming.command, connected)
        after, effects = step(key, Turn(owner.ground.clock.monotonic(), view, incoming.command))
        unasked = [n for n in view.parents.missing if (entry["connection"], n) not in owner.asked]
        if any(isinstance(effect, Record) for effect in effects) and not unasked:
            for effect in effects:
                if isinstance(effect, Supersede):
                    owner.supersede(effect)
                elif isinstance(effect, Record):
                    owner.ends(after, Record(effect.entry, ends=True, audits=(*audits, *effect.audits)))
            return
        owner.hold(key, incoming.command)
        if audits:
            owner.record(entry, audits)
        owner.turn(entry["op_key"])

    def _map_again(self, entry: Ledger, command: CommandEnvelope, in_force: list[str]) -> None:
        """What could not be mapped as it is, under settings that changed while it lay in the log, is mapped by those in force; once by each."""
        name = (entry["op_key"], *in_force)
        canonical, mapped_by = command["canonical"], [command["config_version"], command["crosswalk_version"]]
        if canonical is None or mapped_by == in_force or name in self._mapped_again:
            return
        self._mapped_again.add(name)
        self.owner.submit(Out([self.owner.ground.remap_line(entry, canonical)]))

    def _taken_beside_an_attempt(self, entry: Ledger, audits: tuple[Audit, ...]) -> None:
        """A newer source of a master while an attempt of the older one is open: that one is settled first."""
        key = self.owner.key_of(entry["op_key"])
        assert key is not None
        self.owner.ends(key.but(entry=entry, phase=Phase.CLOSING), Record(entry, ends=True, audits=audits))

    def _withdraw(self, op_key: str, incoming: Incoming) -> None:
        """A part that the source makes no more: superseded, or the change held beside it."""
        owner, entry = self.owner, self.owner.entry_of(op_key)
        assert entry is not None
        if e.is_written(entry):
            self._beside(lambda number: parts.taken_back(entry, number, incoming))
            return
        made = parts.superseded(entry, incoming)
        owner.commands.holding.discard(entry["command_offset"])
        owner.conclude(made, (decision("superseded", entry, made["detail"], incoming.at),))
        self._reverted(op_key, incoming, whatever=True)

    def _changed(self, changed: Changed, incoming: Incoming) -> None:
        """Hold the change beside the written document; a later change replaces one that is still held or was taken back."""
        posted = changed.posted
        place = self._beside(lambda number: e.correction(posted, number, incoming, changed.reason))
        if place != "here":
            self._nothing(place, posted["connection"], incoming.offset)

    def _beside(self, make: Callable[[int], Ledger]) -> Literal["here", "duplicate", "stale"]:
        """Hold a change under the first number that is free for it; what became of it."""
        for number in range(1, CORRECTIONS):
            made = make(number)
            place = beside(self.owner.entry_of(made["op_key"]), made)
            if place == "here":
                self.owner.conclude(made)
            if place != "next":
                return place
        return "stale"

    def _reverted(self, op_key: str, incoming: Incoming, whatever: bool = False) -> None:
        """The source went back to what is written, or what may have been written was not and is replaced: the change that was held is
        no more; `whatever` came of it, where nothing is wanted."""
        for number in range(1, CORRECTIONS):
            known = self.owner.entry_of(e.correction_key(op_key, number))
            if known is None:
                return
            if known["state"] == e.HELD and (whatever or e.place(known) <= incoming.place):
                version = incoming.command["source_version"]
                words = {"reason": reasons.REVERTED, "detail": f"by version {version}", "source_version": version}
                self.owner.conclude(e.change(known, incoming.at, state=e.SUPERSEDED, command_offset=incoming.offset, **words))

    def rebuild(self, newest: Iterable[tuple[Incoming, Result | None]]) -> None:
        """The ledger was lost: every op-key from its newest command and what `result` proves."""
        owner, lost = self.owner, list(newest)
        sets = parts.newest_of(incoming for incoming, _ in lost)
        reversed_keys = {str(incoming.command.get("reverses") or "") for incoming, _ in lost}
        for incoming, result in lost:
            key = owner.new_key(from_result(incoming, result))
            entry = unless_blind(key.entry, key.rules.capability, incoming)
            taken_back = incoming.takes_back and not e.is_terminal(entry)
            if entry["op_key"] in reversed_keys or taken_back:
                entry = looked_up_first(entry, key.rules.steps)
            elif incoming.redivided and parts.makes(incoming.command) and not e.is_terminal(entry):
                entry = parts.unless_redivided(entry, sets[parts.document_of(entry["op_key"])])
            if taken_back and e.intent_open(entry):
                entry = as_before(entry)
                owner.commands.holding.add(incoming.offset)
                owner.pending[entry["op_key"]].append(lambda incoming=incoming: self._looked_up(incoming))  # type: ignore[misc]  # the default binds
            elif parts.tells(incoming, sets) if incoming.redivided else e.is_terminal(entry):
                owner.pending[entry["op_key"]].append(lambda incoming=incoming: self._turn_in(incoming))  # type: ignore[misc]  # the default binds
            restored, _ = step(key.but(entry=entry), Restored(owner.ground.clock.monotonic()))
            owner.ends(restored.but(phase=Phase.CLOSING), Record(entry, ends=True))

    def _looked_up(self, incoming: Incoming) -> None:
        """What took a document back, once a look-up has shown whether the document is there."""
        owner, op_key = self.owner, incoming.command["op_key"]
        known = owner.entry_of(op_key)
        if known is not None and e.intent_open(known):
            owner.pending[op_key].append(lambda: self._looked_up(incoming))
            return
        owner.commands.holding.discard(incoming.offset)
        self.arrived(incoming)

    def _nothing(self, name: str, connection: str, offset: int) -> None:
        count, first, _ = self._spans.get((connection, name), (0, offset, offset))
        self._spans[(connection, name)] = (count + 1, first, offset)

    def _tell(self) -> None:
        """One audit for all that changed nothing since the last one."""
        spans, self._spans = self._spans, {}
        ground, number = self.owner.ground, self.owner.number
        for (connection, name), span in spans.items():
            audit = replayed(connection, name, (ground.command_topic, number), span, self.owner.now())
            self.owner.submit(Out([ground.line("audit", "audit.audit", audit["natural_key"], (audit, number, ""))]))

    def _dead(self, message: Message, offset: int, reason: str) -> Line:
        ground = self.owner.ground
        record: Dead = {
            "topic": ground.command_topic,
            "partition": self.owner.number,
            "offset": offset,
            "key": message.key(),
            "value": message.value(),
            "headers": {name: _text(value).encode() for name, value in dict(message.headers() or ()).items()},
            "stage": STAGE,
            "reason": reason[:1000],
            "connection": (message.key() or b"").decode(errors="replace"),
            "amount": None,
            "at": self.owner.now(),
        }
        cause = f"{ground.command_topic}/{self.owner.number}/{offset}"
        return ground.line("dead", "audit.dead", record["connection"], (record, self.owner.number, cause))


def _text(value: str | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
