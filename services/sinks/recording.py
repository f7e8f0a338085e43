"""What one partition submits to the log: states with the records that follow from them, and how far its offsets may be committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.log import log
from schemas.records import Audit, Fetch, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.cases import Case, Cases, Source, source_of
from services.sinks.commit import Committer, Out
from services.sinks.context import SinkContext
from services.sinks.outputs import fetch_of, pause_of
from services.sinks.parts import is_applied
from services.sinks.positions import Position
from services.sinks.state import Record
from systems.mapped import REVERSAL


@dataclass(frozen=True, slots=True)
class Recorded:
    """A state that was submitted. `awaited` says that the core waits for its ack. `ends` are the source objects for which it ends a child."""

    case: Case
    entry: Ledger
    awaited: bool
    ends: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recording:
    """`commands` is the position in the command topic, `committer` takes the records."""

    context: SinkContext
    number: int
    cases: Cases
    commands: Position
    committer: Committer

    def state(self, case: Case, effect: Record) -> None:
        """Submit a state of the core, whose ack is an event. If it is final, the parents for which it waits are noted before the ack,
        because they may be released meanwhile."""
        entry = effect.entry
        new = self.cases.wait_for(case, entry["waits_for"]) if effect.final else []
        out = self.context.out(entry, self.number, self._head(case, entry), effect.audits, self._fetches(entry, new))
        out.lines += self.context.pair_lines(entry, effect.pairs, self.number)
        self._submitted(case)
        self.committer.submit(out, Recorded(case, entry, awaited=True, ends=self._ends(case, entry)))

    def note(self, case: Case, audits: Sequence[Audit] = ()) -> None:
        """Record the state of a case at rest that will not get a lane soon."""
        assert case.key is not None
        entry = case.key.entry
        out = self.context.out(entry, self.number, self._head(case, entry), audits)
        self._submitted(case)
        self.committer.submit(out, Recorded(case, entry, awaited=False))

    def pause(self, connection: str, reason: str, words: str) -> None:
        """Pause a connection and ask a person. The pause is written to `control`, so it outlasts this process."""
        name, followed = self.context.system.name, self.context.followed
        if followed.paused(name, connection):
            return
        control = pause_of(connection, name, reason, words, self.context.clock.now())
        followed.pause_now(control, self.number)
        log.error("connection_paused", connection=connection, system=name, reason=reason, words=words)
        self.committer.submit(Out([self.context.control_line(control, self.number)]))

    def _head(self, case: Case, entry: Ledger) -> bytes:
        """Encoded once for each command of a case, because an invoice with three steps is recorded six times."""
        if case.head is None or not _same_head(case.head[0], entry):
            case.head = (entry, self.context.head(entry))
        return case.head[1]

    def _ends(self, case: Case, entry: Ledger) -> tuple[str, ...]:
        """The source objects that lose a child by this end: their reversals may have been waiting for it. A document that is taken back takes
        its applications with it."""
        if not e.is_terminal(entry):
            return ()
        commands = [
            case.key.command if case.key is not None else None,
            case.original.command if case.original is not None else None,
        ]
        parents = [(one["entity"], one["source_id"]) for command in commands if command is not None for one in command["parents"]]
        names = [e.children_of(*one) for one in [(entry["source_entity"], entry["source_id"]), *parents]]
        of_source = self.cases.of_source(source_of(entry)) if entry["record"] == REVERSAL else ()
        fallen = [one for one in map(self.cases.entry, filter(is_applied, of_source)) if one is not None]
        settled = [name for one in fallen for name in one.get("settles") or ()]
        return tuple(dict.fromkeys([*names, *(e.children_of(*name.split("/", 1)) for name in settled)]))

    def _submitted(self, case: Case) -> None:
        self.holds(case, None)
        case.unacked += 1

    def holds(self, case: Case, offset: int | None) -> None:
        """Hold back this offset, because no ledger record holds its command yet. None: such a record is on its way."""
        if case.offset is not None:
            self.commands.holding.discard(case.offset)
        if offset is not None:
            self.commands.holding.add(offset)
        case.offset = offset

    def _fetches(self, entry: Ledger, new: list[Source]) -> list[Fetch]:
        """Requests for parents for which nothing waited before."""
        if entry["reason"] != reasons.PARENT or entry["state"] != e.WAITING or entry["due_at"] is None:
            return []
        return [fetch_of(entry, name, self.context.clock.now()) for _, name in new]


_VARYING = ("source_version", "source_number", "source_hash", "payload_hash", "posting_date", "amount", "currency", "part")
"""The fields before the state that may differ in another command of the same op-key."""


def _same_head(known: Ledger, entry: Ledger) -> bool:
    return all(known[name] is entry[name] for name in _VARYING)  # type: ignore[literal-required]  # names of Ledger
