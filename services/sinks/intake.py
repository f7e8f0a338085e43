"""Takes commands from the log. A known command costs one look at the index, a new one an entry in the ledger. None is skipped silently.

The commands of one document are handled in order. A command must wait if its op-key, or a part that it withdraws, is busy, or if it is not
known whether what it withdraws is in the system. It then waits at the head of its document's queue until the case in its way calls it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from confluent_kafka import Message

from runtime import kafka, metrics
from runtime.log import log
from schemas.errors import Malformed
from schemas.records import CommandEnvelope, Dead, Ledger
from services.sinks import entry as e
from services.sinks import parts, reasons, withdrawal
from services.sinks.arrivals import LARGEST_BYTES, Arrivals
from services.sinks.cases import Case, source_of
from services.sinks.commit import Out
from services.sinks.entry import Incoming
from services.sinks.ledger import head_of
from services.sinks.outputs import STAGE
from services.sinks.owner import Owner
from systems.mapped import APPLY
from systems.parents import is_meant
from topology.headers import HOLD, OP_KEY, PARTED, PAYLOAD_HASH, SOURCE_HASH


@dataclass(frozen=True, slots=True)
class _Bytes:
    """A record of the command topic as it came."""

    offset: int
    key: bytes
    value: bytes | None
    headers: Mapping[str, str | bytes | None] = field(default_factory=dict)
    came_at: datetime | None = None


@dataclass
class _Queue:
    """Commands of a document that wait; the first one may also wait for the look-ups of what it `withdraws`. `stalled` are op-keys of the
    document whose writing must not begin before these commands are taken."""

    waiting: deque[Incoming] = field(default_factory=deque)
    withdraws: frozenset[str] = frozenset()
    stalled: set[str] = field(default_factory=set)


class Intake:
    """Takes the commands of one partition in order."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.arrivals = Arrivals(owner)
        self._queues: dict[str, _Queue] = {}
        owner.resumes = self.resume
        owner.stalls = self.stalls

    @property
    def waiting(self) -> list[Incoming]:
        """Commands that have not been taken yet."""
        return [incoming for queue in self._queues.values() for incoming in queue.waiting]

    def take(self, messages: Sequence[Message]) -> None:
        """Take a batch from the log. Commands that change nothing are reported in one audit per batch, connection and decision."""
        owner = self.owner
        for message in messages:
            offset = message.offset() or 0
            if offset >= owner.commands.next:
                self._one(message, offset)
                owner.commands.next = offset + 1
        self.arrivals.tell()

    def _one(self, message: Message, offset: int) -> None:
        found = _Bytes(offset, message.key() or b"", message.value(), dict(message.headers() or ()), kafka.produced_at(message))
        try:
            if self._is_known(found):
                self.arrivals.nothing("duplicate", found.key.decode(errors="replace"), offset)
            else:
                self._decoded(found)
        except Exception as error:  # noqa: BLE001 - the edge of one command: the next one is read
            log.error("command_failed", system=self.owner.context.system.name, offset=offset, exc_info=error)
            self._bury(found, f"{type(error).__name__}: {error}", None)

    def _is_known(self, found: _Bytes) -> bool:
        op_key, source_hash, payload_hash = (_text(found.headers.get(name)) for name in (OP_KEY, SOURCE_HASH, PAYLOAD_HASH))
        cases = self.owner.cases
        in_hand = parts.document_of(op_key) in self._queues  # an older command of its document, such as its void, is not taken yet
        in_hand = in_hand or any(cases.get(one) is not None for one in (op_key, *e.beside(op_key)))
        if not op_key or in_hand or op_key == e.void_key(op_key) or _text(found.headers.get(PARTED)):
            return False
        return _text(found.headers.get(HOLD)) != reasons.UNPOSTED and self.owner.index.ended_with(
            op_key, head_of(source_hash, payload_hash)
        )

    def _decoded(self, found: _Bytes) -> None:
        try:
            name, command = self.owner.context.codec.decode(found.value)
        except Malformed as error:
            self._bury(found, str(error), None)
            return
        if not name.startswith("command."):
            self._bury(found, f"{name} is not a command", None)
            return
        record, at = name.removeprefix("command."), self.owner.now()
        came_at = min(found.came_at, at) if found.came_at is not None else None
        made, value = cast("CommandEnvelope", command), found.value or b""
        self.comes(Incoming(record, made, value, self.owner.number, found.offset, at, came_at=came_at))

    # --- in the order of their documents ---

    def comes(self, incoming: Incoming) -> None:
        """Take the command now, or once it may be taken. Until then its offset is not committed, and later commands of its document wait
        behind it."""
        document = parts.document_of(incoming.command["op_key"])
        queue = self._queues.get(document)
        if queue is None:
            queue = _Queue()
            try:
                on = None if self._is_over(incoming) else self._waits_for(incoming, document, queue)
            except Exception as error:  # noqa: BLE001 - the edge of one command
                self._fails(incoming, error)
                return
            if on is None:
                self._arrives(incoming)
                return
            self._queues[document] = queue
            self._put_behind(document, on)
        queue.waiting.append(incoming)
        self.owner.commands.holding.add(incoming.offset)

    def _arrives(self, incoming: Incoming) -> None:
        self.owner.commands.holding.discard(incoming.offset)
        try:
            self.arrivals.arrived(incoming)
        except Exception as error:  # noqa: BLE001 - the edge of one command
            self._fails(incoming, error)

    def _fails(self, incoming: Incoming, error: Exception) -> None:
        """An unknown error sends this command, with its amount, to `dead`. Other commands are not affected."""
        owner, op_key = self.owner, incoming.command["op_key"]
        log.error("command_failed", system=owner.context.system.name, key=op_key, exc_info=error)
        case = owner.cases.get(op_key)
        if case is not None:
            owner.cases.undo(case)
        owner.commands.holding.discard(incoming.offset)
        key = incoming.command["connection"].encode()
        self._bury(_Bytes(incoming.offset, key, incoming.value), f"{type(error).__name__}: {error}", incoming)

    def _is_over(self, incoming: Incoming) -> bool:
        """Whether it certainly changes nothing, whatever is under way: the op-key knows a later command, or this very one."""
        known = self.owner.cases.entry(incoming.command["op_key"])
        return known is not None and incoming.command["parts"] is None and incoming.place <= e.place(known)

    def resume(self, document: str) -> None:
        """Take the waiting commands of a document, as far as they may be taken now."""
        queue = self._queues.get(document)
        if queue is None:
            return
        while queue.waiting:
            incoming = queue.waiting[0]
            try:
                on = self._waits_for(incoming, document, queue)
            except Exception as error:  # noqa: BLE001 - the edge of one command
                queue.waiting.popleft()
                self._mark(document, queue, frozenset())
                self._fails(incoming, error)
                continue
            if on is not None:
                self._put_behind(document, on)
                return
            queue.waiting.popleft()
            self._arrives(incoming)
        del self._queues[document]
        self.arrivals.tell()
        for op_key in sorted(queue.stalled):
            self.owner.turn(op_key)

    def stalls(self, case: Case) -> bool:
        """Whether a case of which nothing exists yet must wait until newer commands of its document are taken: they may want it otherwise,
        or not at all. The case for which the first of them waits is not stalled."""
        queue = self._queues.get(parts.document_of(case.op_key))
        if queue is None or case.key is None or case.withdrawn_by:
            return False
        if parts.document_of(case.op_key) in case.behind or case.may_exist:
            return False
        queue.stalled.add(case.op_key)
        return True

    def is_stalled(self, op_key: str) -> bool:
        """Whether newer commands of its document have to be taken first."""
        queue = self._queues.get(parts.document_of(op_key))
        return queue is not None and op_key in queue.stalled

    def _put_behind(self, document: str, on: str) -> None:
        case = self.owner.cases.open(on)
        assert case is not None, on
        if document not in case.behind:
            case.behind.append(document)

    def _waits_for(self, incoming: Incoming, document: str, queue: _Queue) -> str | None:
        """The op-key that this command waits for; None if it may be taken."""
        takers, gone, withdrawn = self._takers(incoming), self._gone(incoming), self._withdrawn(incoming)
        keys = [parent for one in withdrawn for parent in self._found_by(one)]
        about = [incoming.command["op_key"], *(one["op_key"] for one in (*takers, *gone, *keys))]
        busy = next((one for one in about if self._is_busy(one) or self._is_presumed(one)), None)
        if busy is not None:
            return busy
        withdrawn += filter(self._must_be_asked, withdrawal.ended(incoming, (*takers, *gone)))
        withdrawn = [parent for parent in keys if self._must_be_asked(parent)] or withdrawn
        unknown = next((one["op_key"] for one in withdrawn if self._must_be_asked(one)), None)
        self._mark(document, queue, frozenset(one["op_key"] for one in withdrawn) if unknown is not None else frozenset())
        return unknown

    def _takers(self, incoming: Incoming) -> tuple[Ledger, ...]:
        """The takers of the document that this command wants or reverses, if that document was written."""
        return self._takers_of(self.owner.cases.entry(str(incoming.command.get("reverses") or incoming.command["op_key"])))

    def _takers_of(self, made: Ledger | None) -> tuple[Ledger, ...]:
        if made is None or not e.is_written(made) or made["action"] not in e.MAKES:
            return ()
        return self.owner.sights.chain(made["op_key"], source_of(made)).takers

    def _is_busy(self, op_key: str) -> bool:
        case = self.owner.cases.get(op_key)
        return case is not None and case.is_busy

    def _is_presumed(self, op_key: str) -> bool:
        """Whether, after the loss of a ledger, look-ups have yet to tell if its document exists. Commands that change it wait for that."""
        entry = self.owner.cases.entry(op_key)
        return entry is not None and entry["state"] not in (e.HELD, *e.TERMINAL) and e.is_presumed(entry)

    def _gone(self, incoming: Incoming) -> list[Ledger]:
        """Parts that are missing from this command's set, and their takers."""
        if incoming.command["parts"] is None:
            return []
        document = self.owner.sights.others(incoming.command)
        if parts.is_stale(incoming, document):
            return []
        gone = [one.entry for one in parts.gone(incoming, document)]
        return [*gone, *(taker for made in gone for taker in self._takers_of(made))]

    # --- what a command withdraws is looked up first ---

    def _withdrawn(self, incoming: Incoming) -> list[Ledger]:
        if not withdrawal.may_withdraw(incoming):
            return []
        owner, command = self.owner, incoming.command
        own, target = (owner.cases.entry(str(one)) if one else None for one in (command["op_key"], command.get("reverses")))
        others = owner.sights.others(command) if command["parts"] is not None else ()
        left = [one for one in owner.sights.left_over(incoming) if one["action"] == APPLY]
        return [one for one in (*withdrawal.withdrawn(incoming, own, target, others), *left) if not e.is_terminal(one)]

    def _found_by(self, entry: Ledger) -> list[Ledger]:
        """The documents by whose ids an application is found. While they are unknown, a look-up would wrongly report it absent."""
        command = self.owner.sights.command_of(entry) if entry["action"] == APPLY and self._must_be_asked(entry) else None
        if command is None:
            return []
        return [
            one
            for link in command["parents"]
            for one in self.owner.sights.entries(entry["connection"], link["entity"], link["source_id"])
            if one["action"] in e.MAKES and one["action"] != APPLY and is_meant(one, link)
        ]

    def _must_be_asked(self, entry: Ledger) -> bool:
        owner = self.owner
        key = owner.sights.aimed(owner.sights.key_of(entry))
        if not withdrawal.must_be_asked(key) or owner.schedule.lanes_of(entry["connection"]) is None:
            return False
        if not e.may_predate(entry) and (owner.sights.ahead(entry) is not None or self._is_behind(entry)):
            # it has been waiting since it came: a look-up would show what another application, or an older change, left
            return False
        return owner.sights.command_of(entry) is not None

    def _is_behind(self, entry: Ledger) -> bool:
        """Whether an older change of the same document was begun and has not ended."""
        chain = self.owner.sights.chain_of(entry, self.owner.sights.command_of(entry)) if e.takes_back(entry) else None
        return chain is not None and any(map(chain.is_begun, chain.before(entry)))

    def _mark(self, document: str, queue: _Queue, withdrawn: frozenset[str]) -> None:
        """Let these op-keys only be looked up from now on. Those that are no longer among them go on."""
        before, queue.withdraws = queue.withdraws, withdrawn
        for op_key in sorted(before - withdrawn):
            case = self.owner.cases.get(op_key)
            if case is not None:
                case.withdrawn_by.discard(document)
                self.owner.turn(op_key)
        for op_key in sorted(withdrawn - before):
            case = self.owner.cases.open(op_key)
            if case is not None:
                case.withdrawn_by.add(document)
                self.owner.turn(op_key)

    # --- what cannot be read ---

    def _bury(self, found: _Bytes, reason: str, incoming: Incoming | None) -> None:
        """Write it to `dead`, with its bytes if they fit."""
        context, value = self.owner.context, found.value
        kept = value is None or len(value) <= LARGEST_BYTES
        record: Dead = {
            "topic": context.command_topic,
            "partition": self.owner.number,
            "offset": found.offset,
            "key": found.key,
            "value": value if kept else None,
            "headers": {name: _text(content).encode()[:1000] for name, content in found.headers.items()},
            "stage": STAGE,
            "reason": reason[:900] if kept else f"{reason[:900]}; its {len(value or b'')} bytes lie at these coordinates",
            "connection": found.key.decode(errors="replace")[:200],
            "amount": incoming.command["amount"] if incoming is not None else None,
            "at": self.owner.now(),
        }
        cause = f"{context.command_topic}/{self.owner.number}/{found.offset}"
        metrics.DEAD.labels(STAGE).inc()
        self.owner.committer.submit(
            Out([context.line("dead", "audit.dead", record["connection"], (record, self.owner.number, cause))])
        )


def _text(value: str | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""
