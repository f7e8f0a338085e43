"""The objects that are to be fetched. They are collected by id, many are read in one call, and each is done only when its answer is acked.

The offset of a `fetch` record is committed when everything before it is done as well, so a crash reads again and never forgets. An object
whose fetch failed together with others is fetched alone from then on, after the others, so that it delays none. If an error does not say
whether the system or one object caused it, the objects of that call go behind the others, and fewer are fetched together until a call
succeeds.
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
"""How many objects named by webhooks and pushes may wait at the same time for one system of a connection. Objects named by feeds are not
limited here; their partition is paused (`assignment.py`)."""

MOST_UNREADABLE = 10
"""How often an object is fetched alone while its answer cannot be read."""
_MOST_REFUSED = 3
"""How often an object is fetched alone before its refusal is believed."""
_MOST_TOGETHER = 1000
"""More than any system reads in one call."""
_FAILURES_TOGETHER = 3


@dataclass(frozen=True)
class Answered:
    """What an answer says about the objects that were fetched: the elements with their ids, the objects that do not exist, and those that
    have to be fetched alone because an element does not say which of them it is."""

    elements: tuple[Element, ...]
    absent: tuple[ObjectKey, ...]
    alone: tuple[ObjectKey, ...]


def answered(keys: Sequence[ObjectKey], elements: Sequence[Element]) -> Answered:
    """See `Answered`. Elements without an id belong to the object that was fetched, if it was fetched alone."""
    if len(keys) == 1 and elements and not any(element.source_id for element in elements):
        return Answered(tuple(replace(element, source_id=keys[0][1]) for element in elements), (), ())
    named = tuple(element for element in elements if element.source_id)
    found = {element.source_id for element in named}
    missing = tuple(one for one in keys if one[1] not in found)
    is_told = len(named) == len(elements) or len(keys) == 1
    return Answered(named, missing if is_told else (), () if is_told else missing)


def is_of_its_objects(error: Exception) -> bool:
    """Whether the call failed because of its objects or its answer, so that fetching them one by one shows which object is the cause: the
    call was refused, or the answer could not be read."""
    return isinstance(error, (Refused, Malformed, Garbled))


def tries_until_believed(error: Exception) -> int:
    """How often an object is fetched alone before such an answer is believed. An answer that cannot be read may be the network's fault."""
    return MOST_UNREADABLE if isinstance(error, Garbled) else _MOST_REFUSED


EVERYTHING = "*"
"""The entity of a `fetch` record that requests a poll of every feed of a system now, not an object."""


class Offsets:
    """Which records of one partition are done. `commit` is the offset of the first one that is not."""

    def __init__(self) -> None:
        self._open: dict[int, None] = {}  # in the order of the partition
        self._next = -1

    def opened(self, offset: int) -> None:
        """A record was read."""
        self._open[offset] = None
        self._next = offset + 1

    def done(self, offset: int) -> None:
        """Note that the answer to a record, or a decision about it, is acked."""
        self._open.pop(offset, None)

    @property
    def commit(self) -> int:
        """The offset to commit; -1 if nothing was read yet."""
        return next(iter(self._open), self._next)

    def __len__(self) -> int:
        return len(self._open)


@dataclass(frozen=True)
class FetchRecord:
    """One `fetch` record, with the offsets in which it is marked as done."""

    offsets: Offsets
    offset: int

    def done(self) -> None:
        """See `Offsets.done`."""
        self.offsets.done(self.offset)


@dataclass
class _Pending:
    """One object to fetch, and the records that request it."""

    records: list[FetchRecord] = field(default_factory=list)
    alone: bool = False
    refusals: int = 0


class FetchQueue:
    """What is to be fetched from one system for one connection, in the order of the records. A second record for an object joins the first."""

    def __init__(self) -> None:
        self._pending: dict[ObjectKey, _Pending] = {}
        self._of_senders: set[ObjectKey] = set()
        self._arrived = asyncio.Event()
        self._together, self._failures = _MOST_TOGETHER, 0

    def __len__(self) -> int:
        return len(self._pending)

    def add(self, key: ObjectKey, record: FetchRecord, *, of_sender: bool = False) -> bool:
        """Add a record. False if it is not accepted: a webhook or push named the object, and `MOST_OF_SENDERS` of those are waiting
        already."""
        if of_sender and key not in self._pending:
            if len(self._of_senders) >= MOST_OF_SENDERS:
                return False
            self._of_senders.add(key)
        self._pending.setdefault(key, _Pending()).records.append(record)
        self._arrived.set()
        return True

    async def arrived(self) -> None:
        """Wait until there is something to fetch."""
        while not self._pending:
            self._arrived.clear()
            await self._arrived.wait()

    def batch(self, most: Mapping[str, int]) -> Sequence[ObjectKey]:
        """The oldest object, and others of its entity that fit into the same call. They stay in the queue until `done`."""
        first = next(iter(self._pending))
        if self._pending[first].alone:
            return [first]
        fitting = (key for key, pending in self._pending.items() if key[0] == first[0] and not pending.alone)
        size = max(1, min(self._together, most.get(first[0], 1)))
        return [key for key, _ in zip(fitting, range(size), strict=False)]

    def succeeded(self) -> None:
        """A call was answered: more may be fetched together again."""
        self._together, self._failures = min(2 * self._together, _MOST_TOGETHER), 0

    def failed(self, keys: Sequence[ObjectKey]) -> None:
        """A call failed, and nothing says that its objects are the cause. They go behind the others, and after every third failure in a row
        fewer objects are fetched together. An object that failed alone is fetched alone from now on."""
        self._failures += 1
        if self._failures % _FAILURES_TOGETHER == 0:
            self._together = max(1, len(keys) // 2)
        for key in keys:
            if pending := self._pending.pop(key, None):
                pending.alone = pending.alone or len(keys) == 1
                self._pending[key] = pending

    def move_behind(self, entity: str) -> int:
        """Move the objects of an entity behind the others. Returns how many entities there are."""
        for key in [key for key in self._pending if key[0] == entity]:
            self._pending[key] = self._pending.pop(key)
        return len({key[0] for key in self._pending})

    def count(self, key: ObjectKey) -> int:
        """How many records request this object now."""
        pending = self._pending.get(key)
        return len(pending.records) if pending is not None else 0

    def done(self, key: ObjectKey, count: int) -> None:
        """Mark the first `count` records of an object as done. A record that came after the call began needs another call."""
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

    def failed_alone(self, key: ObjectKey) -> int:
        """An object was the cause of a failure: it is fetched alone from now on, after the others. Returns how often it failed alone."""
        pending = self._pending.pop(key, None)
        if pending is None:
            return 0
        pending.refusals += 1 if pending.alone else 0
        pending.alone = True
        self._pending[key] = pending
        return pending.refusals

    def done_all(self) -> None:
        """All records are done."""
        for key in [*self._pending]:
            self.done(key, self.count(key))
