"""What the owner knows about the world when it looks at an entry: settings, windows, links, parents, pauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import cast

from schemas.errors import Malformed
from schemas.records import CommandEnvelope, Ledger, Parent
from services.sinks import entry as e
from services.sinks import parts, reasons, settling
from services.sinks.cases import Cases, Source, source_of
from services.sinks.chain import WRITTEN, Chain
from services.sinks.context import SinkContext
from services.sinks.entry import Incoming
from services.sinks.gate import NEXT_OPEN, View
from services.sinks.parents import Parents, name_of, resolve
from services.sinks.parts import Part, document_of, is_applied, sole_parts_of
from services.sinks.rules import BATCH_DEADLINE_S, rules_of, stands, write_of
from services.sinks.state import Key, Phase, Rules
from services.sinks.windows import opens_at
from systems.contract import Capability, Flow, Write
from systems.mapped import APPLY, COMPLETION, NOTHING, REVERSAL, UNAPPLIED
from topology.configuration import Connected

_MAY_STAND = e.IN_PLACE | {e.WAITING}
_TAKES_NOTHING_BACK = frozenset({"create", "adjust", "upsert", APPLY, NOTHING, UNAPPLIED, "before_cutover"})
"""Actions whose op-keys never take a document back."""


class Sights:
    """Views of one partition, from its cases, what is followed, and the settings in force."""

    def __init__(self, context: SinkContext, cases: Cases) -> None:
        self._context = context
        self._system = context.system
        self._cases = cases
        self._ways: dict[tuple[str, str, str], tuple[Write, ...]] = {}
        self._rules: dict[tuple[int, float], Rules] = {}
        self._flows: dict[tuple[str, str, str], Flow | None] = {}

    def _connected(self, entry: Ledger) -> Connected | None:
        return self._context.snapshot().connections.get(entry["connection"])

    def key_of(self, entry: Ledger) -> Key:
        """The core's state of an entry at rest."""
        return Key(entry, self.rules(entry))

    def command_of(self, entry: Ledger) -> CommandEnvelope | None:
        """The command of an entry; None if its bytes are missing or cannot be read."""
        case = self._cases.get(entry["op_key"])
        if case is not None and case.decoded is not None and case.decoded[0] is entry["command"]:
            found = case.decoded[1]
            return e.as_written(found, entry) if found is not None else None
        try:
            found = e.as_written(cast("CommandEnvelope", self._context.codec.decode(entry["command"])[1]), entry)
        except Malformed:
            return None
        if case is not None and case.key is not None and case.key.entry is entry:
            case.decoded = (entry["command"], found)
        return found

    def view(self, entry: Ledger, command: CommandEnvelope | None) -> View | None:
        """The view of one entry now; None if its connection does not join this system (any more)."""
        connected, at = self._connected(entry), self._context.clock.now()
        if connected is None or not connected.joins(self._system.name):
            return None
        settings = connected.settings
        flow = self._flow(connected, entry)
        chosen = settings.flows.get(flow.id) if flow else None
        window = (chosen.window if chosen else "") or (flow.window if flow else "immediate")
        target, busy = self._target(command)
        closed = entry["purpose"] != e.MASTER and self._is_closed(entry, command)
        chain = self.chain_of(entry, command) if e.takes_back(entry) else None
        stands, beside = chain.standing if chain is not None else None, self._beside(entry)
        return View(
            at=at,
            mode=settings.mode_of(flow.id) if flow else settings.mode,
            paused=self._paused(entry["connection"]),
            written=entry["record"] == COMPLETION or self.write(entry, connected) is not None,
            opens_at=opens_at(window, settings.zone, entry["first_seen_at"]) if window != "immediate" else None,
            parents=self.parents(entry, command, connected),
            parent_deadline=timedelta(seconds=settings.parent_deadline_s),
            create_missing=bool(command is not None and command.get("create_missing"))
            or entry["record"] in settings.create_missing,
            link=self.link(entry["connection"], entry["source_entity"], entry["source_id"])
            if entry["purpose"] == e.MASTER
            else None,
            target=target,
            target_busy=busy,
            void=self._void(entry, beside),
            others=self.others(command) if command is not None and command["parts"] is not None else (),
            other_purpose=self._other_purpose(entry, flow),
            is_closed=closed,
            post_on=self._post_on(entry, command, settings.late) if closed else None,
            late=settings.late,
            chain=chain,
            fell=stands is not None and parts.fell(stands, beside),
            over=parts.is_over(entry, beside),
            ahead=settling.ahead(entry, parts.alike(entry, beside)),
        )

    # --- days ---

    def _is_closed(self, entry: Ledger, command: CommandEnvelope | None) -> bool:
        return self._context.followed.is_closed(entry["connection"], self._kind(entry), _own_day(entry, command))

    def _post_on(self, entry: Ledger, command: CommandEnvelope | None, late: str) -> date | None:
        """The first open day from its own day on, if the connection posts late documents on the next open day."""
        day = _own_day(entry, command)
        if late != NEXT_OPEN or day is None:
            return None
        return self._context.followed.open_from(entry["connection"], self._kind(entry), day)

    def may_be_posted(self, entry: Ledger) -> bool:
        """Whether a document that is held for its day has an open day by now."""
        connected, kind, day = self._connected(entry), self._kind(entry), _own_day(entry, self.command_of(entry))
        followed, late = self._context.followed, connected is not None and connected.settings.late == NEXT_OPEN
        if followed.is_open(entry["connection"], kind[0], day, kind[1]):
            return True
        return late and day is not None and followed.open_from(entry["connection"], kind, day) is not None

    def _kind(self, entry: Ledger) -> tuple[str, str]:
        """The purpose and record of a document; for a reversal, those of what it reverses."""
        return entry["purpose"], self._record(entry)

    def _record(self, entry: Ledger) -> str:
        aim = self._cases.entry(entry.get("takes_back") or "") if entry["record"] == REVERSAL and entry.get("takes_back") else None
        return aim["record"] if aim is not None else entry["record"]

    # --- what takes back ---

    def chain_of(self, entry: Ledger, command: CommandEnvelope | None) -> Chain | None:
        """The chain of the document that a reversal or correction takes back; None if that is not known."""
        if entry["action"] == e.CORRECT:
            op_key = e.made_key(entry["op_key"])
        else:
            op_key = str(command.get("reverses") or "") if command is not None else ""
            op_key = op_key or e.made_key(entry.get("takes_back") or "")
        return self.chain(op_key, source_of(entry)) if op_key else None

    def chain(self, op_key: str, source: Source) -> Chain:
        """A document of this source object with everything that takes it back."""
        return self._chained(op_key, self._cases.of_source(source))

    def _chained(self, op_key: str, of_source: Iterable[str]) -> Chain:
        head, takers, busy = f"{op_key.rpartition('|')[0]}|", [], set()
        for other in of_source:
            if other == op_key or not other.startswith(head):
                continue
            if e.made_key(other) == other and other.rpartition("|")[2] in _TAKES_NOTHING_BACK:
                continue
            entry, is_busy = self._cases.shown(other)
            if entry is None or not e.takes_back(entry) or not self._is_of(entry, op_key):
                continue
            takers.append(entry)
            if is_busy:
                busy.add(other)
        made, is_busy = self._cases.shown(op_key)
        return Chain(made, tuple(takers), frozenset(busy | {op_key} if is_busy else busy))

    def _is_of(self, entry: Ledger, op_key: str) -> bool:
        if entry["action"] == e.CORRECT:
            return e.made_key(entry["op_key"]) == op_key
        if entry.get("takes_back"):
            return e.made_key(entry.get("takes_back") or "") == op_key
        command = self.command_of(entry) if entry["command"] is not None else None
        return (str(command.get("reverses")) if command is not None else e.void_key(op_key)) in (op_key, entry["op_key"])

    def aimed(self, key: Key) -> Key:
        """The key of a taker, now taking back what stands. Unchanged if it was begun. If the system has no write for that, it takes back nothing."""
        entry = key.entry
        if not e.takes_back(entry) or e.is_terminal(entry) or e.may_exist(entry) or key.phase is not Phase.IDLE:
            return key
        command = self.command_of(entry)
        chain = self.chain_of(entry, command)
        if chain is None or chain.made is None or chain.made["state"] not in WRITTEN or entry["reason"] == reasons.UNPOSTED:
            return key
        begun = [one for one in chain.before(entry) if chain.is_begun(one)]
        taken = (begun[-1].get("wants") or Decimal(0)) if begun else chain.kept
        wants = command["amount"] if command is not None and e.is_change(entry) else Decimal(0)
        made = e.aimed(entry, chain.aim, taken, wants)
        if self.write(made, self._connected(made)) is None:
            made = {**entry, "takes_back": ""}  # a person does it
        return key if made == entry and key.rules == self.rules(made) else key.but(entry=made, rules=self.rules(made))

    def capability_of(self, entry: Ledger) -> Capability:
        """The system's capability class for an entry. For a taker, before it is known what it takes back, the weakest class that it may get."""
        if not e.takes_back(entry):
            return self.rules(entry).capability
        ways = [write.capability for write in self._system.writes if write.takes_back and write.record == entry["record"]]
        return max(ways, default=Capability.C3)

    def is_writable(self, entry: Ledger) -> bool:
        """Whether the system has a write for a change or reversal that is about to be put beside its document."""
        chain = self.chain_of(entry, None)
        aim = (chain.aim or chain.made) if chain is not None else None
        return aim is not None and self.write({**entry, "takes_back": aim["op_key"]}, self._connected(entry)) is not None

    def ahead(self, entry: Ledger) -> Ledger | None:
        """The entry that has to end before an application, or its reversal or correction, is looked up."""
        return settling.ahead(entry, parts.alike(entry, self._beside(entry)))

    def _beside(self, entry: Ledger) -> list[Ledger]:
        """Every entry of the source object of an application, or of a change of one; none for another entry, which needs none of them."""
        return self._cases.entries_of(source_of(entry)) if is_applied(entry["op_key"]) else []

    def _other_purpose(self, entry: Ledger, flow: Flow | None) -> str:
        """The document that the source of an entry has in the system for another of its flow's purposes; "" if there is none."""
        if flow is None or not flow.is_one_purpose or entry["record"] in (REVERSAL, COMPLETION):
            return ""
        purposes = {flow.purpose, *flow.other_purposes} - {entry["purpose"]}
        found = self.entries(entry["connection"], entry["source_entity"], entry["source_id"])
        return next(
            (
                f"{one['record']} {one['erp_number'] or one['ref']} ({one['purpose']})"
                for one in found
                if _stands_for(one, purposes)
            ),
            "",
        )

    def glance(self, entry: Ledger) -> View | None:
        """As `view`, but only with what may stop a request at the last moment: mode, pause and void."""
        connected = self._connected(entry)
        if connected is None or not connected.joins(self._system.name):
            return None
        flow = self._flow(connected, entry)
        mode = connected.settings.mode_of(flow.id) if flow else connected.settings.mode
        return View(self._context.clock.now(), mode, self._paused(entry["connection"]), void=self._void(entry, self._beside(entry)))

    def _flow(self, connected: Connected, entry: Ledger) -> Flow | None:
        place = (connected.settings.erp.system, self._record(entry), entry["source_entity"])
        if place not in self._flows:
            self._flows[place] = flow_of(connected.settings.erp.declared.flows, self._system.name, *place[1:])
        return self._flows[place]

    def _paused(self, connection: str) -> str:
        place, followed = (self._system.name, connection), self._context.followed
        if not followed.paused(*place):
            return ""
        return reasons.CEILING if followed.is_at_ceiling(*place) else reasons.PAUSED

    def _void(self, entry: Ledger, beside: Iterable[Ledger]) -> Ledger | None:
        """The void of a document; for an application, the newest one of the document of which it is a part."""
        if is_applied(entry["op_key"]):
            return parts.newest_void(entry, beside)
        return self._cases.entry(e.void_key(entry["op_key"])) if entry["action"] in e.MAKES else None

    def others(self, command: CommandEnvelope) -> tuple[Part, ...]:
        """The other entries of a command's document, in their newest state."""
        own, document = command["op_key"], f"{document_of(command['op_key'])}|"
        of_source = self._cases.of_source(source_of(command))
        op_keys = {op_key for op_key in of_source if op_key.startswith(document)} | sole_parts_of(own)
        return tuple(filter(None, (self._part(op_key, of_source) for op_key in sorted(op_keys - {own}))))

    def _part(self, op_key: str, of_source: Sequence[str]) -> Part | None:
        """A part with what stands of it now."""
        entry, busy = self._cases.shown(op_key)
        if entry is None or entry["action"] not in e.MAKES or entry["state"] not in WRITTEN:
            return Part(entry, busy) if entry is not None else None
        chain = self._chained(op_key, of_source)
        return Part(chain.shown() or entry, busy, chain.is_pending, chain.is_open)

    def fell(self, entry: Ledger) -> bool:
        """Whether an application is gone with its document (see `parts.fell`)."""
        return parts.fell(entry, self._beside(entry))

    def left_over(self, incoming: Incoming) -> list[Ledger]:
        """What a command that takes a whole document back leaves over of its applications (see `parts.left_over`)."""
        if not parts.takes_all_back(incoming):
            return []
        return parts.left_over(incoming, self._cases.entries_of(source_of(incoming.command)))

    def entries(self, connection: str, entity: str, source_id: str) -> Iterable[Ledger]:
        """The entries of a source object. An entry whose end is not acked yet, or that is being taken back, does not count as in place."""
        of_source = self._cases.of_source((connection, name_of(entity, source_id)))
        for op_key in of_source:
            entry, busy = self._cases.shown(op_key)
            if entry is None:
                continue
            if busy and entry["state"] in _MAY_STAND:
                entry = self._cases.index.get(op_key) or e.change(entry, entry["updated_at"], state=e.INTENT, reason="")
            if entry["action"] in e.MAKES and entry["state"] in WRITTEN and len(of_source) > 1:
                entry = self._chained(op_key, of_source).shown() or entry
            yield entry

    def rules(self, entry: Ledger) -> Rules:
        """The rules for writing this entry, as its connection chooses."""
        connected = self._connected(entry)
        deadline_s = connected.settings.batch_deadline_s if connected is not None else BATCH_DEADLINE_S
        write = self.write(entry, connected)
        known = self._rules.get((id(write), deadline_s))
        if known is None:
            known = self._rules[(id(write), deadline_s)] = rules_of(write, self._context.settings.timing, deadline_s)
        return known

    def write(self, entry: Ledger, connected: Connected | None) -> Write | None:
        """The way in which this entry is written; None if the system has none, or if it is not known yet what a reversal or correction takes back."""
        takes = self._takes(entry)
        if takes is None:
            return None
        chooses = connected is not None and self._system.chosen_write is not None
        place = (entry["record"], takes, connected.version if connected is not None and chooses else "")
        ways = self._ways.get(place)
        if ways is None:  # never removed, because rules are found by the identity of their write
            own = connected.readings[self._system.name].settings if connected is not None and chooses else None
            ways = self._ways[place] = self._system.writes_of(entry["record"], own, takes)
        return write_of(ways, entry)

    def _takes(self, entry: Ledger) -> str | None:
        """The record type of what an entry takes back ("" = nothing); None if that is unknown. After a reversal nothing is left to take back."""
        if not e.takes_back(entry):
            return ""
        aim = self._cases.entry(entry.get("takes_back") or "") if entry.get("takes_back") else None
        if aim is None:
            return None
        if aim["record"] == REVERSAL:
            return "" if e.is_change(entry) else None
        return aim["record"]

    def parents(self, entry: Ledger, command: CommandEnvelope | None, connected: Connected | None = None) -> Parents:
        """The parents of a command as known now."""
        if command is None or not command["parents"]:
            return Parents()
        return resolve(command["parents"], _KnownParents(self, entry, connected))

    def parents_of_written(self, entry: Ledger, command: CommandEnvelope) -> Parents:
        """The parents of a written document. One that is being taken back keeps its id until it is gone."""
        return resolve(command["parents"], _KnownParents(self, entry, None, is_written=True))

    def link(self, connection: str, entity: str, source_id: str) -> str | None:
        """The partner of a source object, by `links`."""
        return self._context.followed.link(self._system.name, connection, entity, source_id)

    def pair(self, connection: str, parent: Parent) -> str | None:
        """The id of a part of a document, by `links`."""
        key = (self._system.name, connection, parent["entity"], parent["source_id"])
        return self._context.followed.pair(key, parent.get("purpose", ""), parent.get("part", ""))

    def _target(self, command: CommandEnvelope | None) -> tuple[Ledger | None, bool]:
        reverses = command.get("reverses") if command is not None else None
        return self._cases.shown(str(reverses)) if reverses else (None, False)


def _while_it_goes(entry: Ledger) -> Ledger:
    """An entry that is being taken back, as it was before; any other entry unchanged."""
    is_going = (entry["state"], entry["reason"]) == (e.INTENT, reasons.TAKEN_BACK)
    return cast("Ledger", {**entry, "state": e.POSTED, "reason": ""}) if is_going else entry


def _stands_for(entry: Ledger, purposes: set[str]) -> bool:
    """Whether something of an entry is, or may be, in the system for one of these purposes."""
    return entry["purpose"] in purposes and entry["record"] not in (REVERSAL, COMPLETION) and e.may_exist(entry)


def _own_day(entry: Ledger, command: CommandEnvelope | None) -> date | None:
    """The day on which a document is to be posted: its own day, or the frozen one once it was begun."""
    return entry["posting_date"] if command is None or e.may_exist(entry) else command["posting_date"]


@dataclass(frozen=True, slots=True)
class _KnownParents:
    """The parents of one entry (see `parents.KnownParents`)."""

    sights: Sights
    entry: Ledger
    connected: Connected | None
    is_written: bool = False

    def link(self, entity: str, source_id: str) -> str | None:
        """See `parents.KnownParents`."""
        return self.sights.link(self.entry["connection"], entity, source_id)

    def pair(self, parent: Parent) -> str | None:
        """See `parents.KnownParents`."""
        return self.sights.pair(self.entry["connection"], parent)

    def entries(self, entity: str, source_id: str) -> Iterable[Ledger]:
        """See `parents.KnownParents`. A master record that waits for its own partner is not its own parent, unless it was written."""
        found = self.sights.entries(self.entry["connection"], entity, source_id)
        if self.is_written:
            found = map(_while_it_goes, found)
        return (one for one in found if one["op_key"] != self.entry["op_key"] or one["state"] in e.IN_PLACE)

    def stands(self, entry: Ledger) -> bool:
        """See `parents.KnownParents`."""
        write = self.sights.write(entry, self.connected)
        return write is not None and stands(entry, write)


def flow_of(flows: tuple[Flow, ...], target: str, record: str, entity: str) -> Flow | None:
    """The flow of a command to `target`, among those that the connection's ERP declares."""
    of_record = [flow for flow in flows if flow.target == target and record in flow.records]
    return next((flow for flow in of_record if flow.entity == entity), of_record[0] if of_record else None)
