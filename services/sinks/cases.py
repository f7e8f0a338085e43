"""What is in memory about the op-keys of one command partition: one `Case` each, found by op-key, by source object and by parent.

Every op-key that has not ended has a case. The case holds the core's state while work on it is under way, or while memory knows more than
the ledger. Otherwise it only says in which state the ledger left it, and the entry is read from the index when it is needed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from schemas.records import CommandEnvelope, Ledger
from services.sinks import entry as e
from services.sinks.follow import ControlMessage
from services.sinks.gate import View
from services.sinks.ledger import Index, Rest, rest_of
from services.sinks.pool import Lease
from services.sinks.state import Key, LookedUp, LookupFailed, Phase, Supersede
from systems.contract import Original

Source = tuple[str, str]
"""(connection, entity/source id)."""
Behind = ControlMessage | Supersede | str
"""What waits until a case is at rest: a person's decision, a void that overtakes it, or the next command of a document (by its name)."""


def source_of(one: Ledger | CommandEnvelope) -> Source:
    """The source object of an entry or a command, in the form in which parents name it."""
    return one["connection"], f"{one['source_entity']}/{one['source_id']}"


@dataclass(slots=True, eq=False)
class Case:
    """Everything in memory about one op-key.

    `rest` is the acked state in the ledger (state "" = nothing yet). `key` is the core's state; None if the ledger knows all of it.
    `decoded` is the command of the entry, with the bytes it was read from. `head` is the encoded part of the entry that does not change.
    `view` is the world when the attempt began, `lease` the session that it holds, `original` the document that it takes back, as written.
    `offset` is the offset of a command that no ledger record holds yet. `behind` is what waits until the case is at rest. `withdrawn_by`
    are documents whose next command withdraws this one and waits for its look-up. `looking` says that a look-up is under way, `ahead` is
    the result of one that was asked beside the intent. `unacked` and `calls` count records and calls under way, `failures` unknown errors
    in a row.
    """

    op_key: str
    rest: Rest
    key: Key | None = None
    decoded: tuple[bytes | None, CommandEnvelope | None] | None = None
    head: tuple[Ledger, bytes] | None = None
    view: View | None = None
    original: Original | None = None
    lease: Lease | None = None
    offset: int | None = None
    behind: deque[Behind] = field(default_factory=deque)
    withdrawn_by: set[str] = field(default_factory=set)
    parents: tuple[Source, ...] = ()
    alarm: int = 0
    queued: bool = False
    lane: bool = False
    again: bool = False
    wanted: bool = False
    unacked: int = 0
    calls: int = 0
    looking: bool = False
    ahead: LookedUp | LookupFailed | None = None
    failures: int = 0

    @property
    def connection(self) -> str:
        """The connection it belongs to."""
        return self.rest.connection

    @property
    def stands(self) -> Rest:
        """Its newest state, acked or not."""
        if self.key is None:
            return self.rest
        return rest_of(self.key.entry)

    @property
    def is_busy(self) -> bool:
        """Whether the core waits for something under way: an attempt, a look-up or the ack of a record."""
        return self.key is not None and self.key.phase is not Phase.IDLE

    @property
    def may_exist(self) -> bool:
        """Whether the system may hold something of it. The intent of a request that is not sent yet does not count."""
        if self.key is None:
            return False
        entry, phase = self.key.entry, self.key.phase
        unsent = phase in (Phase.INTENDING, Phase.READING, Phase.SENDING) and entry["intent_attempt"] == entry["attempt_count"]
        return bool(entry["steps_done"] or entry["erp_id"]) or (e.intent_open(entry) and not unsent)

    @property
    def has_news(self) -> bool:
        """Whether something waits behind it that must stop its request. Everything does, except a person's decision to go on."""
        return any(not isinstance(one, ControlMessage) or one.control["action"] == "skip" for one in self.behind)

    @property
    def may_be_let_go(self) -> bool:
        """The one rule for dropping the core's state from memory: the case is at rest, the ledger holds all that is known, and nothing is
        under way or waiting. A case that wants a lane must wait for it first; its entry is read from the ledger again when it gets one."""
        if self.key is None or self.key.phase is not Phase.IDLE:
            return False
        under_way = self.unacked or self.calls or self.lane or self.wanted
        return not (
            under_way
            or self.behind
            or self.withdrawn_by
            or self.failures
            or self.offset is not None
            or (e.intent_open(self.key.entry) and not e.is_terminal(self.key.entry))  # only memory knows when it may be looked up
        )


class Cases:
    """All cases of a partition. `made` turns an entry into the core's state at rest, with the rules for its kind of document."""

    made: Callable[[Ledger], Key]

    def __init__(self, index: Index) -> None:
        self.index = index
        self._cases: dict[str, Case] = {}
        self._of_source: dict[Source, set[str]] = {}
        self._waiting: dict[Source, set[str]] = {}

    def __len__(self) -> int:
        return len(self._cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(list(self._cases.values()))

    def get(self, op_key: str) -> Case | None:
        """The case of an op-key that has not ended, or whose end is not acked yet."""
        return self._cases.get(op_key)

    def add(self, op_key: str, rest: Rest) -> Case:
        """The case of an op-key in this state, added if there is none."""
        case = self._cases.get(op_key)
        if case is None:
            case = self._cases[op_key] = Case(op_key, rest)
        return case

    def entry(self, op_key: str) -> Ledger | None:
        """The entry in memory if there is one, else the committed one."""
        case = self._cases.get(op_key)
        return case.key.entry if case is not None and case.key is not None else self.index.get(op_key)

    def entries_of(self, source: Source) -> list[Ledger]:
        """The newest state of every entry of a source object."""
        return [one for one in map(self.entry, self.of_source(source)) if one is not None]

    def shown(self, op_key: str) -> tuple[Ledger | None, bool]:
        """The entry as others may see it, and whether the case is busy."""
        case = self._cases.get(op_key)
        return self.entry(op_key), case is not None and case.is_busy

    def open(self, op_key: str) -> Case | None:
        """The case with its core state in memory; None if nothing is known of the op-key."""
        case = self._cases.get(op_key)
        if case is not None and case.key is not None:
            return case
        entry = self.index.get(op_key)
        if entry is None:
            return None
        case = self.add(op_key, rest_of(entry))
        self.put(case, self.made(entry))
        return case

    def start(self, entry: Ledger) -> Case:
        """The case, at rest, of an entry that was decided just now. What the ledger holds of it is known already, or is nothing."""
        case = self._cases.get(entry["op_key"]) or self.open(entry["op_key"])
        if case is None:
            case = self.add(entry["op_key"], Rest(entry["connection"], "", ""))
        key = case.key
        self.put(case, key.but(entry=entry) if key is not None and e.intent_open(entry) else self.made(entry))
        return case

    def put(self, case: Case, key: Key) -> None:
        """Replace the core's state."""
        if case.key is None:
            self._of_source.setdefault(source_of(key.entry), set()).add(case.op_key)
        case.key = key

    def let_go(self, case: Case) -> bool:
        """Drop the core's state from memory if the rule allows it. An op-key that has ended loses its case."""
        if not case.may_be_let_go or case.key is None:
            return False
        _without(self._of_source, source_of(case.key.entry), case.op_key)
        case.key = case.decoded = case.head = case.view = case.original = None
        if case.rest.state in e.TERMINAL:
            self.stop_waiting(case)
            del self._cases[case.op_key]
        return True

    def undo(self, case: Case) -> None:
        """Drop a state that had no effect and is not being recorded. The ledger's state counts again; without one, the case is removed."""
        if case.key is None or case.is_busy or case.unacked or case.offset is not None:
            return
        _without(self._of_source, source_of(case.key.entry), case.op_key)
        case.key = case.decoded = case.head = case.view = case.original = None
        if not case.rest.state:
            self.stop_waiting(case)
            del self._cases[case.op_key]

    # --- parents ---

    def wait_for(self, case: Case, names: Iterable[str]) -> list[Source]:
        """Note which source objects it waits for, and no others. Returns those for which nothing waited before."""
        wanted = tuple((case.connection, name) for name in names)
        if case.parents == wanted:
            return []
        self.stop_waiting(case)
        case.parents = wanted
        new = [source for source in wanted if source not in self._waiting]
        for source in wanted:
            self._waiting.setdefault(source, set()).add(case.op_key)
        return new

    def stop_waiting(self, case: Case) -> None:
        """It no longer waits for any parent."""
        for source in case.parents:
            _without(self._waiting, source, case.op_key)
        case.parents = ()

    def children(self, source: Source) -> list[str]:
        """The op-keys that wait for a source object. They leave the list; those that must still wait enter it again."""
        found = sorted(self._waiting.pop(source, ()))
        for op_key in found:
            case = self._cases.get(op_key)
            if case is not None:
                self.stop_waiting(case)
        return found

    def of_source(self, source: Source) -> list[str]:
        """Op-keys of a source object, acked or not."""
        entity, _, source_id = source[1].partition("/")
        return sorted({*self.index.of_source(source[0], entity, source_id), *self._of_source.get(source, ())})

    def waits(self, case: Case) -> bool:
        """Whether it is on the list of those that wait for a parent."""
        return any(case.op_key in self._waiting.get(source, ()) for source in case.parents)

    def of_connection(self, connection: str) -> list[tuple[str, Rest]]:
        """Every op-key of a connection that has not ended, and its newest state."""
        found = [(case.op_key, case.stands) for case in self._cases.values() if case.connection == connection]
        return [(op_key, rest) for op_key, rest in found if rest.state not in e.TERMINAL]


def _without(index: dict[Source, set[str]], source: Source, op_key: str) -> None:
    known = index.get(source)
    if known is not None:
        known.discard(op_key)
        if not known:
            del index[source]
