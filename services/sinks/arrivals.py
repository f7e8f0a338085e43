"""What becomes of a command whose op-key is at rest: it is taken, is known already, changes a written document, or withdraws one that was
not written."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Literal, cast

from schemas.codec import MAX_WRITTEN_BYTES
from schemas.records import Audit, CommandEnvelope, Ledger, Result
from services.sinks import entry as e
from services.sinks import hour, parts, reasons, reversals
from services.sinks.arrive import Changed, Nothing, Refreshed, Taken, arrive, beside
from services.sinks.cases import Case, source_of
from services.sinks.chain import WRITTEN, Chain
from services.sinks.changes import MOST as CORRECTIONS
from services.sinks.commit import Out
from services.sinks.core import step
from services.sinks.entry import Incoming
from services.sinks.outputs import decision, replayed
from services.sinks.owner import Owner
from services.sinks.rebuild import as_before, from_result, looked_up_first, unless_blind
from services.sinks.state import Phase, Record, Restored, Supersede, Turn
from systems.mapped import REVERSAL

LARGEST_BYTES = MAX_WRITTEN_BYTES - 64 * 1024
"""The largest command that fits into a ledger record together with the op-key's identity, attempts and texts."""
SOON = 10
"""While the queue of a connection holds fewer op-keys per lane than this, a new command waits for its lane in memory only."""
Span = tuple[int, int, int]


def _kept(chain: Chain, made: Ledger) -> Decimal:
    """The amount that the system holds for a document, as far as is known, or will hold once a change that was begun is written."""
    tip = chain.tip
    if tip is not None and tip["op_key"] != made["op_key"] and not e.is_terminal(tip):
        return tip.get("wants") or Decimal(0)
    return chain.kept if made["state"] in WRITTEN else made["amount"]


class Arrivals:
    """Takes the commands of one partition. `tell` writes one audit for all commands that changed nothing since the last audit."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.is_rebuilding = False
        self._spans: dict[tuple[str, str], Span] = {}
        self._mapped_again: dict[tuple[str, ...], None] = {}

    def arrived(self, incoming: Incoming) -> None:
        """Take one command whose op-key is at rest."""
        owner, command = self.owner, incoming.command
        known = owner.cases.entry(command["op_key"])
        if command["parts"] is not None:
            document = owner.sights.others(command)
            if parts.is_stale(incoming, document):
                self.nothing("stale", command["connection"], incoming.offset)
                return
            for part in parts.gone(incoming, document):
                self._withdraw(part.entry["op_key"], incoming)
        for left in owner.sights.left_over(incoming):
            owner.changes.overtake(Supersede(left["op_key"], command["source_version"]))
        if self._voids_again(incoming, known):
            return
        void = None
        if command["action"] in e.MAKES:
            void = self._void_left(e.void_key(command["op_key"]), incoming)
        updates = known is not None and owner.sights.key_of(known).rules.updates
        tip = self._tip(known)
        arrival = arrive(known, incoming, void, updates, tip)
        if isinstance(arrival, Nothing) and tip is not None and e.place(tip) < incoming.place and owner.sights.fell(tip):
            arrival = Changed(tip, fell=True)
        if isinstance(arrival, Taken):
            self._taken(arrival, incoming)
        elif isinstance(arrival, Changed):
            self._changed(arrival, incoming)
        elif isinstance(arrival, Refreshed):
            owner.conclude(arrival.entry)
            self._reverted(command["op_key"], incoming)
        else:
            self._unchanged(arrival, known, incoming)

    def _void_left(self, op_key: str, incoming: Incoming) -> Ledger | None:
        """The void of a document. A void that was not begun is ended if the source posted the document again after it."""
        void = self.owner.cases.entry(op_key)
        if void is None or e.is_terminal(void) or e.may_exist(void) or e.place(void) >= incoming.place or incoming.takes_back:
            return void
        self.owner.conclude(e.reverted(void, incoming.command["source_version"], incoming.at))
        return void

    def _tip(self, known: Ledger | None) -> Ledger | None:
        """The entry with which a newer version of a written document is compared; None if that is the document's own entry."""
        if known is None or known["action"] not in e.MAKES or not e.is_written(known):
            return None
        return self.owner.sights.chain(known["op_key"], source_of(known)).tip

    def _voids_again(self, incoming: Incoming, known: Ledger | None) -> bool:
        """Whether this is a further void of a source whose earlier void was written, or may have been. It takes back what was written since then."""
        if incoming.record != REVERSAL or known is None or not e.is_written(known) or known["state"] == e.UNCHANGED:
            return False
        reverses = str(incoming.command.get("reverses") or e.made_key(known.get("takes_back") or ""))
        chain = self.owner.sights.chain(reverses, source_of(known))
        tip = chain.tip
        if tip is None or chain.made is None or incoming.place <= e.place(tip) or tip["record"] == REVERSAL:
            same = incoming.command["payload_hash"] == known["payload_hash"]
            self.nothing("duplicate" if same else "stale", incoming.command["connection"], incoming.offset)
            if chain.made is not None:
                self._reverted(reverses, incoming)
            return True
        self._takes_back(chain.made, incoming)
        return True

    def _unchanged(self, arrival: Nothing, known: Ledger | None, incoming: Incoming) -> None:
        if arrival.decision == "remapped" and known is not None:
            audit = decision("remapped", known, "the source did not change, its mapping did: nothing is written", incoming.at)
            self.owner.committer.submit(
                Out([self.owner.context.line("audit", "audit.audit", audit["natural_key"], (audit, self.owner.number, ""))])
            )
        else:
            self.nothing(arrival.decision, incoming.command["connection"], incoming.offset)
        self._reverted(incoming.command["op_key"], incoming)

    def _taken(self, arrival: Taken, incoming: Incoming) -> None:
        owner, entry = self.owner, arrival.entry
        audits: tuple[Audit, ...] = ()
        if arrival.replaced is not None:
            audits = (decision("superseded", arrival.replaced, f"replaced by version {entry['source_version']}", incoming.at),)
            self._reverted(incoming.command["op_key"], incoming)
        connected = owner.context.snapshot().connections.get(entry["connection"])
        if len(incoming.value) > LARGEST_BYTES and not e.is_terminal(entry):
            words = f"{len(incoming.value)} bytes at {owner.context.command_topic}/{incoming.partition}/{incoming.offset}"
            owner.conclude(e.held(entry, incoming.at, reasons.TOO_LARGE, words, command=None), audits)
        elif e.intent_open(entry) or e.is_terminal(entry) or connected is None:
            owner.conclude(entry, audits)  # an open attempt is settled first
        else:
            self._map_again(entry, incoming.command, connected.versions)
            self._judged(owner.cases.start(entry), incoming, audits)

    def _judged(self, case: Case, incoming: Incoming, audits: tuple[Audit, ...]) -> None:
        """Record at once what the gate stops. Everything else gets a lane: if that will be soon, its first record is the intent, and the
        command's offset is held back until then."""
        owner = self.owner
        assert case.key is not None
        case.decoded = (case.key.entry["command"], incoming.command)
        key = owner.aimed(case, case.key)
        view = owner.sights.view(key.entry, incoming.command)
        if view is not None:
            after, effects = step(key, Turn(owner.now_s(), view, incoming.command))
            if any(isinstance(effect, Record) for effect in effects):
                owner.carry_out(case, after, effects, audits)
                return
        owner.recording.holds(case, incoming.offset)
        lanes = owner.schedule.lanes_of(case.connection)
        if audits or lanes is None or lanes.closed_until is not None or len(lanes.ready) >= SOON * lanes.count:
            owner.recording.note(case, audits)
        owner.turn(case.op_key)

    def _map_again(self, entry: Ledger, command: CommandEnvelope, in_force: list[str]) -> None:
        """If a command carries its canonical record and was mapped under settings that have changed since, have it mapped again under the
        settings in force, once for each version of them."""
        name = (entry["op_key"], *in_force)
        canonical, mapped_by = command["canonical"], [command["config_version"], command["crosswalk_version"]]
        if canonical is None or mapped_by == in_force or name in self._mapped_again:
            return
        self._mapped_again[name] = None
        while len(self._mapped_again) > CORRECTIONS:  # a forgotten command is at worst mapped once more
            del self._mapped_again[next(iter(self._mapped_again))]
        self.owner.committer.submit(Out([self.owner.context.remap_line(entry, canonical)]))

    def _withdraw(self, op_key: str, incoming: Incoming) -> None:
        """Withdraw a part that the source no longer makes. If it was not written, it is superseded; otherwise it is taken back."""
        owner, entry = self.owner, self.owner.cases.entry(op_key)
        assert entry is not None
        if e.is_written(entry):
            self._takes_back(entry, incoming)
            return
        made = parts.superseded(entry, incoming)
        owner.conclude(made, (decision("superseded", entry, made["detail"], incoming.at),))
        self.owner.changes.revert(op_key, incoming.command["source_version"], incoming.offset)

    def _takes_back(self, made: Ledger, incoming: Incoming) -> None:
        """Take back a written document that is no longer wanted: as a reversal under the next number, or held there for a person."""
        owner, chain = self.owner, self.owner.sights.chain(made["op_key"], source_of(made))
        if chain.tip is not None and chain.tip["record"] == REVERSAL:
            self._reverted(made["op_key"], incoming)
            return
        kept = _kept(chain, made)

        def make(number: int) -> Ledger:
            entry = parts.taken_back(made, number, incoming, kept)
            value = reversals.command_of(owner.context, entry, incoming)
            reversal: Ledger = {**entry, "record": REVERSAL, "command": value}
            return reversal if owner.sights.is_writable(reversal) else entry

        self._beside(make, incoming)

    def _changed(self, changed: Changed, incoming: Incoming) -> None:
        """Put the change of a written document beside it. A later change replaces one that was not begun."""
        made = self.owner.cases.entry(e.made_key(incoming.command["op_key"]))
        assert made is not None, incoming.command["op_key"]
        kept = _kept(self.owner.sights.chain(made["op_key"], source_of(made)), made)
        about = {"detail": parts.fallen(changed.posted)} if changed.fell else {}

        def make(number: int) -> Ledger:
            return cast("Ledger", {**e.correction(made, number, incoming, changed.reason, kept), **about})

        place = self._beside(make, incoming)
        if place != "here":
            self.nothing(place, made["connection"], incoming.offset)

    def _beside(self, make: Callable[[int], Ledger], incoming: Incoming) -> Literal["here", "duplicate", "stale"]:
        """Put a change under the first free number. Returns what became of it."""
        for number in range(1, CORRECTIONS):
            made = make(number)
            place = beside(self.owner.cases.entry(made["op_key"]), made)
            if place == "here":
                large = len(made["command"] or b"") > LARGEST_BYTES
                self._put_beside(e.change(made, made["updated_at"], command=None) if large else made, incoming)
            if place != "next":
                return place
        return "stale"

    def _put_beside(self, made: Ledger, incoming: Incoming) -> None:
        """Record a change: held, or to be written by itself if the system has a write for it."""
        may_go = made["command"] is not None and made["reason"] == reasons.CHANGED_AFTER_POST
        goes_on = may_go and self.owner.sights.is_writable(made)
        known = self.owner.cases.entry(made["op_key"])
        if known is not None:
            made = e.with_history(made, known)
        entry = e.change(made, made["updated_at"], state=e.NEW, reason="") if goes_on else made
        if goes_on and self.is_rebuilding:
            entry = unless_blind(entry, self.owner.sights.capability_of(entry), incoming)
        self.owner.conclude(entry)

    def _reverted(self, op_key: str, incoming: Incoming) -> None:
        """End older changes that were not begun: the source went back to what is written, or a newer command replaced what they change."""
        self.owner.changes.revert(op_key, incoming.command["source_version"], incoming.offset, incoming.place)

    # --- a ledger that was lost ---

    def rebuilt(self, incoming: Incoming, result: Result | None, sets: dict[str, Incoming], reverses: set[str]) -> bool:
        """Make the entry of an op-key's newest command, with what `result` proves. Returns whether the command itself must be taken
        afterwards because it changes what was proven. `sets` are the newest sets of documents in parts, `reverses` the op-keys that some
        command reverses."""
        owner = self.owner
        made = from_result(incoming, result)
        rules = owner.sights.key_of(made).rules
        entry = unless_blind(made, owner.sights.capability_of(made), incoming)
        taken_back = incoming.takes_back and not e.is_terminal(entry)
        if len(incoming.value) > LARGEST_BYTES and not e.is_terminal(entry):
            entry = e.held(entry, incoming.at, reasons.TOO_LARGE, f"{len(incoming.value)} bytes", command=None)
        elif entry["op_key"] in reverses or taken_back:
            entry = looked_up_first(entry, incoming.at, rules.steps)
        elif incoming.redivided and not e.is_terminal(entry) and parts.is_unclear(incoming.command, sets):
            entry = parts.unless_redivided(entry, sets[parts.set_of(entry["op_key"])], rules.steps)
        comes = parts.tells(incoming, sets) if incoming.redivided else e.is_terminal(entry)
        if taken_back and e.intent_open(entry):
            entry, comes = as_before(entry), True
        case = owner.cases.start(entry)
        assert case.key is not None
        restored, _ = step(case.key, Restored(owner.now_s()))
        owner.carry_out(case, restored.but(phase=Phase.CLOSING), (Record(entry, final=True),))
        hour.count(owner.hours, entry, owner.context.followed)
        return comes

    # --- what changes nothing ---

    def nothing(self, name: str, connection: str, offset: int) -> None:
        """Count a command that changes nothing, for the next audit."""
        count, first, _ = self._spans.get((connection, name), (0, offset, offset))
        self._spans[(connection, name)] = (count + 1, first, offset)

    def tell(self) -> None:
        """Write one audit for all commands that changed nothing since the last one."""
        spans, self._spans = self._spans, {}
        context, number = self.owner.context, self.owner.number
        for (connection, name), span in spans.items():
            audit = replayed(connection, name, (context.command_topic, number), span, self.owner.now())
            self.owner.committer.submit(Out([context.line("audit", "audit.audit", audit["natural_key"], (audit, number, ""))]))
