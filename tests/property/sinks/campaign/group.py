"""A consumer group in virtual time, with its rebalances.

What a client did to a partition - pausing it - survives seek, revoke and assign, as in librdkafka. A member that the group has given up
(killed, frozen for too long) hears of that with its next poll; until then it believes to own its partitions.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from confluent_kafka import KafkaError, KafkaException

from services.sinks.command_log import Assignments
from services.sinks.consume import OFFSETS_EVERY_S
from services.sinks.takeover import Committed
from tests.property.sinks.campaign.kafka import Cluster, Place, failed

if TYPE_CHECKING:
    from tests.property.sinks.campaign.process import Process

SESSION_S = 8.0
"""After so long the group gives up a member that says nothing."""
IDLE_S = 0.3
"""How long a poll waits that finds nothing: a little more than offsets wait."""


class Group:
    """The group of one system's sinks. Every change of its members takes all partitions from all of them and gives them anew."""

    def __init__(self, cluster: Cluster, partitions: int, later: Callable[[float, Callable[[], None]], None]) -> None:
        self.cluster, self.partitions, self.later = cluster, partitions, later
        self.members: list[SimLog] = []
        self.owners: dict[int, SimLog] = {}
        self._round = 0
        self._awaited: set[SimLog] = set()

    def joins(self, member: SimLog) -> None:
        """A member more."""
        if member not in self.members:
            self.members.append(member)
        self.rebalance()

    def leaves(self, member: SimLog) -> None:
        """A member less, in order."""
        if member in self.members:
            self.members.remove(member)
            self._give_up(member)
            self.rebalance()

    def rebalance(self) -> None:
        """Everybody gives back what he has; who does not in time is given up."""
        self._round += 1
        number = self._round
        self._awaited = {one for one in self.members if one in self.owners.values()}
        for one in [member for member in self.members if member in self._awaited and not member.revoking]:
            one.revoking = True
            one.events.append(("revoked", sorted(n for n, owner in self.owners.items() if owner is one)))
            one.wake()
        if not self._awaited:
            self._assign()
            return

        def too_late() -> None:
            if number == self._round and self._awaited:
                for one in list(self._awaited):
                    self.kicks(one, again=False)
                self._assign()

        self.later(SESSION_S, too_late)

    def kicks(self, member: SimLog, again: bool = True, cut_off_s: float = 0.0) -> None:
        """A member that says nothing is given up; should it still be there, it hears that with its next poll and comes again. One that is
        cut off from the cluster hears nothing for so long."""
        if member in self.members:
            self.members.remove(member)
        is_awaited, owned = member in self._awaited, member in self.owners.values()
        self._give_up(member)
        member.revoking = False
        member.events[:] = [("lost", [])]
        if cut_off_s:
            member.is_cut_off = True
            self.later(cut_off_s, member.reconnects)
        else:
            member.wake()
        if is_awaited:
            if not self._awaited and again:
                self._assign()
        elif owned and again:
            self.rebalance()

    def _give_up(self, member: SimLog) -> None:
        self._awaited.discard(member)
        for number in [n for n, owner in self.owners.items() if owner is member]:
            del self.owners[number]

    def gave_back(self, member: SimLog) -> None:
        """A member is done with what it had."""
        member.revoking = False
        for number in [n for n, owner in self.owners.items() if owner is member]:
            del self.owners[number]
        if member in self._awaited:
            self._awaited.discard(member)
            if not self._awaited:
                self._assign()

    def _assign(self) -> None:
        self._awaited = set()
        members = [one for one in self.members if not one.process.is_dead]
        if not members:
            return
        given: dict[SimLog, list[int]] = {one: [] for one in members}
        for number in range(self.partitions):
            owner = members[(number + self._round) % len(members)]
            self.owners[number] = owner
            given[owner].append(number)
        for one, numbers in given.items():
            if numbers:
                one.events.append(("assigned", numbers))
                one.wake()


class SimLog:
    """See `services.sinks.consume.CommandLog`: one process's consumer of the commands."""

    def __init__(self, process: Process, group: Group, topic: str) -> None:
        self.process, self.group, self.topic = process, group, topic
        self.positions: dict[int, int] = {}
        self.paused: set[int] = set()
        self.events: list[tuple[str, list[int]]] = []
        self.given: set[int] = set()
        self.revoking = self.is_cut_off = False
        self._listener: Assignments | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._stirred = self._woken = False
        self._polled_s = 0.0

    async def open(self, listener: Assignments) -> None:
        self._listener = listener
        self.group.joins(self)

    def reconnects(self) -> None:
        """It reaches the cluster again."""
        self.is_cut_off = False
        self.wake()

    def wake(self) -> None:
        """There may be something for it."""
        waiter = self._waiter
        if waiter is None:
            self._woken = True
        elif not waiter.done() and not self.process.is_dead:
            waiter.set_result(None)

    def stirs(self) -> None:
        """Its process did something: the poll ends after a short wait, for offsets follow and what was paused is resumed. (Polls that find
        nothing, and come after nothing, are left out.)"""
        if not self._stirred:
            self._stirred = True
            self.process.loop.call_later(IDLE_S, self._wakes)

    def _wakes(self) -> None:
        self._stirred = False
        if self.process.world.now - self._polled_s < OFFSETS_EVERY_S:
            self.stirs()  # offsets do not follow as soon after the last poll: there is one more
        self.wake()

    async def poll(self, most: int) -> dict[int, list[Any]]:
        while self.events and not self.is_cut_off:
            await self._hears(*self.events.pop(0))
        found = self._fetched(most)
        woken, self._woken = self._woken, False
        if found or woken:
            await asyncio.sleep(0)  # others have their turn between two polls
        else:
            self._waiter = self.process.loop.create_future()
            await self._waiter
            self._waiter = None
            found = {} if self.events else self._fetched(most)
        if found:
            self.stirs()
        self._polled_s = self.process.world.now
        return found

    async def _hears(self, kind: str, numbers: list[int]) -> None:
        listener = self._listener
        assert listener is not None
        self.process.world.says("process {} is told {} {}", self.process.number, kind, numbers)
        if kind == "assigned":
            self.given.update(numbers)
            starts = await listener.assigned({number: self._place_of(number) for number in numbers})
            for number in numbers:
                if self.group.owners.get(number) is self:
                    self.positions[number] = starts[number]
                    self.paused.discard(number)  # as `command_log` does: the client keeps a pause of an earlier assignment
        elif kind == "revoked":
            offsets = await listener.revoked(numbers)
            with contextlib.suppress(KafkaException):
                await self.commit(offsets)
            for number in numbers:
                self.positions.pop(number, None)
                self.given.discard(number)
            if self.revoking:
                self.group.gave_back(self)
        else:
            await listener.lost(sorted(self.given))
            self.positions.clear()
            self.given.clear()
            self.group.joins(self)

    def _fetched(self, most: int) -> dict[int, list[Any]]:
        found: dict[int, list[Any]] = {}
        for number in self.positions:
            if most <= 0 or number in self.paused or self.is_cut_off:
                continue
            records = self.group.cluster.log(self.topic, number).from_offset(self.positions[number], most)
            if records:
                found[number] = cast("list[Any]", records)
                most -= len(records)
                about = (self.process.number, number, self.positions[number], records[-1].offset())
                self.process.world.says("process {} reads {} {}-{}", *about)
                self.positions[number] = records[-1].offset() + 1
        return found

    async def pause(self, number: int) -> None:
        self._must_own(number)
        self.paused.add(number)

    async def resume(self, number: int) -> None:
        self._must_own(number)
        self.paused.discard(number)
        self.wake()

    async def seek(self, number: int, offset: int) -> None:
        self._must_own(number)
        self.positions[number] = offset
        self.wake()

    def _must_own(self, number: int) -> None:
        if number not in self.positions:
            raise failed(KafkaError._UNKNOWN_PARTITION)

    def _must_reach(self) -> None:
        if self.is_cut_off:
            raise failed(KafkaError._TRANSPORT)

    async def committed(self, number: int) -> Committed:
        await self.process.passes("place")
        self._must_reach()
        return self._place_of(number)

    def _place_of(self, number: int) -> Committed:
        offsets, place = self.group.cluster.offsets, (self.topic, number)
        mark = self.group.cluster.marks.get(place, "")
        return Committed(offsets.get(place, -1001), offsets.get(("control", number), -1001), mark)

    async def commit(self, offsets: Mapping[Place, int], mark: str = "", wait: bool = False) -> None:
        if not wait:
            self._commit(offsets, mark, fails=False)
            return
        try:
            self._must_reach()
            await self.process.passes("offsets")
            self._commit(offsets, mark, fails=bool(self.group.cluster.fails(-1)))
        finally:
            self.stirs()  # what waited for it may have failed

    def _commit(self, offsets: Mapping[Place, int], mark: str, fails: bool) -> None:
        cluster = self.group.cluster
        self._must_reach()
        self.process.world.says("process {} tries to commit {} {}", self.process.number, offsets, mark)
        if self not in self.group.members or fails:
            raise failed(KafkaError.ILLEGAL_GENERATION)
        for place, offset in offsets.items():
            if self.group.owners.get(place[1]) is not self:
                raise failed(KafkaError.ILLEGAL_GENERATION)
            cluster.offsets[place] = offset
            self.process.world.says("process {} commits {} {} {}", self.process.number, place, offset, mark)
            if place[0] == self.topic:
                cluster.marks[place] = mark
                self.process.world.rebuilt = self.process.world.rebuilt or bool(mark)

    async def close(self) -> None:
        self.group.leaves(self)
