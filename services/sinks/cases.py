"""What is in hand of the op-keys of one command partition: one record each, found by op-key, by source object and by parent.

Every op-key that has not ended has a case. Its core state is in hand while something is under way about it, or while memory knows more
than the ledger does; else the case only says where the ledger left it, and the entry is read from the index when it is needed.
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
"""What waits until a case rests: a person's decision, a void that overtakes it, or the next command of a document (by its name)."""


def source_of(entry: Ledger) -> Source:
    """The source object of an entry, as parents name it."""
    return entry["connection"], f"{entry['source_entity']}/{entry['source_id']}"


@dataclass(slots=True, eq=False)
class Case:
    """Everything that is in hand of one op-key.

    `rest` is what the ledger holds, acked (state "" = nothing yet); `key` the core's state, None where the ledger knows it all.
    `decoded` the command of the entry in hand, with the bytes it was read from; `head` the written form of what stays the same in it; `view`
    the world when the attempt began, `lease` the session that it holds, `original` the document that it takes back, as it was written.
    `offset` is that of a command that no ledger record holds yet.
    `behind` waits until it rests; `withdrawn_by` are documents whose next command withdraws this one and waits for its look-up. `ahead` is
    the end of the look-up that was asked beside the intent, `looking` that it has not come. `unacked` and `calls` count records and calls
    under way, `failures` unknown errors in a row.
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
        """Where it stands, whether that is acked or on its way."""
        if self.key is None:
            return self.rest
        return rest_of(self.key.entry)

    @property
    def is_busy(self) -> bool:
        """Whether an attempt, a look-up or a record of it is under way that the core waits for."""
        return self.key is not None and self.key.phase is not Phase.IDLE

    @property
    def may_exist(self) -> bool:
        """Whether the system may keep something of it; the intent of a request that is only about to be sent does not count."""
        if self.key is None:
            return False
        entry, phase = self.key.entry, self.key.phase
        unsent = phase in (Phase.INTENDING, Phase.READING, Phase.SENDING) and entry["intent_attempt"] == entry["attempt_count"]
        return bool(entry["steps_done"] or entry["erp_id"]) or (e.intent_open(entry) and not unsent)

    @property
    def has_news(self) -> bool:
        """Whether something waits behind it for which its request must not go out: all but a decision to go on."""
        return any(not isinstance(one, ControlMessage) or one.control["action"] == "skip" for one in self.behind)

    @property
    def may_be_let_go(self) -> bool:
        """The one rule: it rests, the ledger holds all that is known of it, and nothing is under way about it or waits for it. What wants
        a lane is read from the ledger again when it gets one."""
        if self.key is None or self.key.phase is not Phase.IDLE:
            return False
        under_way = self.unacked or self.calls or self.lane or self.wanted
        return not (
            under_way
            or self.behind
            or self.withdrawn_by
            or self.failures
            or self.offset is not None
            or (e.intent_open(self.key.entry) and not e.is_terminal(self.key.entry))  # when it may be looked up is known here only
        )


class Cases:
    """All cases of a partition. `made` turns an entry into the core's state at rest, with the rules that hold for it."""

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
        """The case of an op-key that has not ended, or ended and is not acked yet."""
        return self._cases.get(op_key)

    def add(self, op_key: str, rest: Rest) -> Case:
        """The case of an op-key of which the ledger says so much."""
        case = self._cases.get(op_key)
        if case is None:
            case = self._cases[op_key] = Case(op_key, rest)
        return case

    def entry(self, op_key: str) -> Ledger | None:
        """The entry in hand, else as committed."""
        case = self._cases.get(op_key)
        return case.key.entry if case is not None and case.key is not None else self.index.get(op_key)

    def shown(self, op_key: str) -> tuple[Ledger | None, bool]:
        """The entry as others may see it, and whether it is busy."""
        case = self._cases.get(op_key)
        return self.entry(op_key), case is not None and case.is_busy

    def open(self, op_key: str) -> Case | None:
        """The case with its core state in hand; None where nothing is known of the op-key."""
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
        """The case of an entry that was decided just now, at rest; what the ledger holds of it is known already or nothing."""
        case = self._cases.get(entry["op_key"]) or self.open(entry["op_key"])
        if case is None:
            case = self.add(entry["op_key"], Rest(entry["connection"], "", ""))
        key = case.key
        self.put(case, key.but(entry=entry) if key is not None and e.intent_open(entry) else self.made(entry))
        return case

    def put(self, case: Case, key: Key) -> None:
        """This state is in hand now."""
        if case.key is None:
            self._of_source.setdefault(source_of(key.entry), set()).add(case.op_key)
        case.key = key

    def let_go(self, case: Case) -> bool:
        """Keep only where the ledger left it, where the rule allows it; an op-key that has ended has no case any more."""
        if not case.may_be_let_go or case.key is None:
            return False
        _without(self._of_source, source_of(case.key.entry), case.op_key)
        case.key = case.decoded = case.head = case.view = case.original = None
        if case.rest.state in e.TERMINAL:
            self.stop_waiting(case)
            del self._cases[case.op_key]
        return True

    def undo(self, case: Case) -> None:
        """Nothing came of what was in hand and is on its way nowhere: what the ledger holds counts, or there is no such case."""
        if case.key is None or case.is_busy or case.unacked or case.offset is not None:
            return
        _without(self._of_source, source_of(case.key.entry), case.op_key)
        case.key = case.decoded = case.head = case.view = case.original = None
        if not case.rest.state:
            self.stop_waiting(case)
            del self._cases[case.op_key]

    # --- parents ---

    def wait_for(self, case: Case, names: Iterable[str]) -> list[Source]:
        """Remember whose state it waits for, and nothing else any more; those that nothing waited for before."""
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
        """It waits for no parent any more."""
        for source in case.parents:
            _without(self._waiting, source, case.op_key)
        case.parents = ()

    def children(self, source: Source) -> list[str]:
        """What waits for a source object, taken off the list: whoever still waits puts itself there again."""
        found = sorted(self._waiting.pop(source, ()))
        for op_key in found:
            case = self._cases.get(op_key)
            if case is not None:
                self.stop_waiting(case)
        return found

    def of_source(self, source: Source) -> list[str]:
        """Op-keys of a source object, acked or on their way."""
        entity, _, source_id = source[1].partition("/")
        return sorted({*self.index.of_source(source[0], entity, source_id), *self._of_source.get(source, ())})

    def waits(self, case: Case) -> bool:
        """Whether the list of those who wait for a parent has it."""
        return any(case.op_key in self._waiting.get(source, ()) for source in case.parents)

    def of_connection(self, connection: str) -> list[tuple[str, Rest]]:
        """Every op-key of a connection that has not ended, and where it stands."""
        found = [(case.op_key, case.stands) for case in self._cases.values() if case.connection == connection]
        return [(op_key, rest) for op_key, rest in found if rest.state not in e.TERMINAL]


def _without(index: dict[Source, set[str]], source: Source, op_key: str) -> None:
    known = index.get(source)
    if known is not None:
        known.discard(op_key)
        if not known:
            del index[source]
