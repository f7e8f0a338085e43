"""Objects that are to be fetched: collected by id, read many in one call, done only when what was read is acked.

The offset of a `fetch` record is committed when everything before it is done too: a crash reads again, it never forgets. What fails among
others is asked for alone from then on, behind them, so that it keeps nobody waiting. Where nothing says whether a failure is the system's or
that of one object, what failed goes behind the others, and fewer are asked for together until a call succeeds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from runtime.errors import Garbled, Malformed, Refused
from systems.contract import Element

ObjectKey = tuple[str, str]
"""(entity, source id)"""
MOST_OF_SENDERS = 2000
"""Objects named by webhooks and pushes that may wait at once for one system of a connection. What feeds name is not bounded here: it is held
back by its partition (`assignment.py`)."""

MOST_UNREADABLE = 10
"""How often an object is asked for alone while its answer cannot be read."""
_MOST_REFUSED = 3
"""How often an object is asked for alone before its refusal is believed."""
_MOST_TOGETHER = 1000
"""More than any system reads in one call."""
_FAILURES_TOGETHER = 3


@dataclass(frozen=True)
class Answered:
    """What an answer says of what was asked for: the elements, each with its id; what is not there; and what has to be asked for alone,
    because an element of the answer does not tell which of them it is."""

    elements: tuple[Element, ...]
    absent: tuple[ObjectKey, ...]
    alone: tuple[ObjectKey, ...]


def answered(keys: Sequence[ObjectKey], elements: Sequence[Element]) -> Answered:
    """See `Answered`. Elements without an id are the one that was asked for where it was asked for alone."""
    if len(keys) == 1 and elements and not any(element.source_id for element in elements):
        return Answered(tuple(replace(element, source_id=keys[0][1]) for element in elements), (), ())
    named = tuple(element for element in elements if element.source_id)
    found = {element.source_id for element in named}
    missing = tuple(one for one in keys if one[1] not in found)
    is_told = len(named) == len(elements) or len(keys) == 1
    return Answered(named, missing if is_told else (), () if is_told else missing)


def is_its_own(error: Exception) -> bool:
    """Whether a call failed over what was asked for or what came, so that the same ids asked one by one show over which: it was refused,
    or the answer could not be read."""
    return isinstance(error, (Refused, Malformed, Garbled))


def most_asked(error: Exception) -> int:
    """How often an object is asked for alone before such an answer is believed. One that cannot be read may be the network's fault."""
    return MOST_UNREADABLE if isinstance(error, Garbled) else _MOST_REFUSED


EVERYTHING = "*"
"""The entity of a `fetch` record that asks for a look at every feed of a system now, instead of an object."""


class Offsets:
    """Which records of one partition are done; `commit` is the first that is not."""

    def __init__(self) -> None:
        self._open: dict[int, None] = {}  # in the order of the partition
        self._next = -1

    def opened(self, offset: int) -> None:
        """A record was read."""
        self._open[offset] = None
        self._next = offset + 1

    def done(self, offset: int) -> None:
        """What it asked for is acked, or decided."""
        self._open.pop(offset, None)

    @property
    def commit(self) -> int:
        """The offset to commit; -1 = nothing was read yet."""
        return next(iter(self._open), self._next)

    def __len__(self) -> int:
        return len(self._open)


@dataclass(frozen=True)
class FetchRecord:
    """One `fetch` record: where to say that it is done."""

    offsets: Offsets
    offset: int

    def done(self) -> None:
        """See `Offsets.done`."""
        self.offsets.done(self.offset)


@dataclass
class _Pending:
    """One object to fetch, and the records that ask for it."""

    records: list[FetchRecord] = field(default_factory=list)
    alone: bool = False
    refusals: int = 0


class FetchQueue:
    """What is to be fetched from one system for one connection, in the order of the records; a second record for an object joins the first."""

    def __init__(self) -> None:
        self._pending: dict[ObjectKey, _Pending] = {}
        self._of_senders: set[ObjectKey] = set()
        self._arrived = asyncio.Event()
        self._together, self._failures = _MOST_TOGETHER, 0

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, key: ObjectKey, record: FetchRecord, *, of_sender: bool = False) -> bool:
        """One more record; False where it is not taken: a webhook or push named the object, and `MOST_OF_SENDERS` of those wait already."""
        if of_sender and key not in self._pending:
            if len(self._of_senders) >= MOST_OF_SENDERS:
                return False
            self._of_senders.add(key)
        self._pending.setdefault(key, _Pending()).records.append(record)
        self._arrived.set()
        return True

    async def arrived(self) -> None:
        """Wait until something is to be fetched."""
        while not self._pending:
            self._arrived.clear()
            await self._arrived.wait()

    def batch(self, most: Mapping[str, int]) -> Sequence[ObjectKey]:
        """The oldest object and those of its entity that fit into the same call. They stay until `done`."""
        first = next(iter(self._pending))
        if self._pending[first].alone:
            return [first]
        fitting = (key for key, pending in self._pending.items() if key[0] == first[0] and not pending.alone)
        size = max(1, min(self._together, most.get(first[0], 1)))
        return [key for key, _ in zip(fitting, range(size), strict=False)]

    def succeeded(self) -> None:
        """A call was answered: more may be asked for together again."""
        self._together, self._failures = min(2 * self._together, _MOST_TOGETHER), 0

    def failed(self, keys: Sequence[ObjectKey]) -> None:
        """A call failed, and nothing says that it is theirs: they go behind the others, and fewer are asked for together after each third
        failure in a row. What failed by itself is asked for alone from now on."""
        self._failures += 1
        if self._failures % _FAILURES_TOGETHER == 0:
            self._together = max(1, len(keys) // 2)
        for key in keys:
            if pending := self._pending.pop(key, None):
                pending.alone = pending.alone or len(keys) == 1
                self._pending[key] = pending

    def behind(self, entity: str) -> int:
        """What is to be fetched of an entity goes behind the others. How many entities there are."""
        for key in [key for key in self._pending if key[0] == entity]:
            self._pending[key] = self._pending.pop(key)
        return len({key[0] for key in self._pending})

    def count(self, key: ObjectKey) -> int:
        """How many records ask for it now."""
        pending = self._pending.get(key)
        return len(pending.records) if pending is not None else 0

    def done(self, key: ObjectKey, count: int) -> None:
        """The first `count` records are answered; one that came after the call began asks for another call."""
        pending = self._pending.get(key)
        if pending is None:
            return
        for record in pending.records[:count]:
            record.done()
        del pending.records[:count]
        del self._pending[key]
        self._of_senders.discard(key)
        if pending.records:
            self._pending[key] = _Pending(pending.records)

    def refused(self, key: ObjectKey) -> int:
        """It failed in a way that is its own: it is asked for alone from now on, behind the others. How often it failed alone."""
        pending = self._pending.pop(key, None)
        if pending is None:
            return 0
        pending.refusals += 1 if pending.alone else 0
        pending.alone = True
        self._pending[key] = pending
        return pending.refusals

    def done_all(self) -> None:
        """Every record is answered."""
        for key in [*self._pending]:
            self.done(key, self.count(key))
