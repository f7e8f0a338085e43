"""The consumer of one system: takes partitions and gives them back, passes batches to their owners, commits the offsets of what is acked.

All of it runs in the loop; the command log and the take-over of a partition are ports. If one owner has too much work, only its partition
is paused.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaException, Message

from runtime import metrics
from runtime.errors import Broken, ConnectorError
from runtime.log import log
from services.sinks import controls, invariants
from services.sinks.command_log import CommandLog, MadeAnew
from services.sinks.commit import Blocking, Offsets
from services.sinks.context import SinkContext
from services.sinks.intake import Intake
from services.sinks.owner import Owner
from services.sinks.restore import Rebuild, look_again, restore
from services.sinks.rules import rules_of
from services.sinks.takeover import REBUILDING, Committed, TakenPartition

BATCH = 500
OFFSETS_EVERY_S = 0.25
"""How often the offsets of the group are committed while they move."""
RETAKE_S, RETAKE_MOST_S = 0.5, 10.0
RETAKE_FOR_S = 120.0
"""How long we try to take a partition again while the cluster does not answer."""

TakeOver = Callable[[int, Committed], Awaitable[TakenPartition]]
NewBlocking = Callable[[int], Blocking]


@dataclass(frozen=True)
class Throttle:
    """The backlog of op-keys above which a partition is paused (`full`) and below which it is resumed (`low`). Further commands stay in Kafka."""

    full: int = 600
    low: int = 300


@dataclass(eq=False)
class OwnedPartition:
    """A partition that this process owns. `early` are commands that came before the take-up was done. `changed` says that something other
    than the commands changed meanwhile, `resumed` which connections were resumed. `may_open` is set when the settle wait of a lost ledger
    is over."""

    owner: Owner
    intake: Intake
    opening: asyncio.Task[None] | None = None
    may_open: asyncio.Event = field(default_factory=asyncio.Event)
    early: list[Message] = field(default_factory=list)
    changed: bool = False
    resumed: set[str] = field(default_factory=set)

    @property
    def backlog(self) -> int:
        """Op-keys that want a lane, and commands that wait to be taken."""
        return self.owner.schedule.backlog + len(self.early)


@dataclass(frozen=True)
class Ports:
    """What consuming needs from outside: the log, how to take a partition, and the thread in which its commits block."""

    log: CommandLog
    take: TakeOver
    blocking: NewBlocking


class Consuming:
    """The consumer of one system, and the owners of its partitions."""

    def __init__(self, context: SinkContext, ports: Ports, throttle: Throttle | None = None) -> None:
        self.context = context
        self.held: dict[int, OwnedPartition] = {}
        self.stopping = False
        self.failed = ""
        """Why it has ended or must end; "" while it runs."""
        self._ports = ports
        self._throttle = throttle or Throttle()
        self._paused: set[int] = set()
        self._assigned = False
        self._committed: dict[tuple[str, int], int] = {}
        self._offsets_from = 0.0
        self._busy = True  # replayed commands come in larger batches than commands to be written
        self._checked_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> Consuming:
        """Join the group and consume until `stop`."""
        self._task = asyncio.get_running_loop().create_task(self.run())
        return self

    @property
    def is_alive(self) -> bool:
        """Whether it is consuming."""
        return not self.failed and (self._task is None or not self._task.done())

    @property
    def trouble(self) -> str:
        """Why it is not ready; "" if it is."""
        if self.failed:
            return f"{self.context.system.name}: {self.failed}"
        if not self._assigned:
            return f"{self.context.system.name}: no partitions yet, or their ledgers are being read"
        opening = [str(number) for number, held in self.held.items() if not held.owner.opened]
        return f"{self.context.system.name}: partitions {', '.join(opening)} are being taken up" if opening else ""

    @property
    def owners(self) -> list[Owner]:
        """The owners of the partitions that are ours now."""
        return [held.owner for held in self.held.values()]

    def tick(self) -> None:
        """Wake the cases that are due, and from time to time check the invariants."""
        for held in self.held.values():
            held.owner.tick()
            if held.owner.schedule.is_settled:
                held.may_open.set()
        if self.context.clock.monotonic() - self._checked_s >= invariants.EVERY_S:
            self._checked_s = self.context.clock.monotonic()
            for held in self.held.values():
                invariants.enforce(held.owner, held.intake)

    def told(self, kind: str, what: Any) -> None:
        """Tell every owner that something other than the commands changed. An error in one owner does not affect the others."""
        if kind == "settings":
            self.context.writers.changed(what)
        for held in self.held.values():
            owner = held.owner
            if not owner.opened:
                held.changed = True
                if kind == "pause" and what.control["action"] != "pause":
                    held.resumed.add(what.control["connection"])
                continue
            try:
                controls.told(owner, kind, what)
            except Exception as error:  # noqa: BLE001 - a defect: the partition is taken again, and every change is looked at again
                log.error("not_told", system=self.context.system.name, partition=owner.number, kind=kind, exc_info=error)
                owner.committer.fail(error)

    async def stop(self) -> None:
        """Give every partition back in order and leave the group."""
        self.stopping = True
        if self._task is not None:
            await self._task
        await self.context.writers.close()

    # --- the loop of it ---

    async def run(self) -> None:
        """Consume until `stopping`. Sets `failed` if it cannot go on."""
        ports = self._ports
        try:
            await ports.log.open(self)
            while not self.stopping:
                await self._once()
            for number in list(self.held):
                await self._commit(await self._end(number, at_once=False), wait=True)
        except Exception as error:  # noqa: BLE001 - the edge of the consumer: the process ends and is started again
            log.exception("consumer_ended", system=self.context.system.name)
            self.failed = f"{type(error).__name__}: {error}"[:300]
            for number in list(self.held):
                await self._end(number, at_once=True)
        finally:
            try:
                await ports.log.close()
            except KafkaException as error:  # the broker removes us when our session times out
                log.warning("group_not_left", system=self.context.system.name, error=str(error)[:300])

    async def _once(self) -> None:
        try:
            batches = await self._ports.log.poll(BATCH if self._busy else 8 * BATCH)
        except MadeAnew:
            for number in list(self.held):
                await self._retake(number, anew=True)
            return
        self._busy = False
        for number, messages in batches.items():
            self.deliver(number, messages)
        for number, held in list(self.held.items()):
            self._busy = self._busy or held.backlog > 0
            if held.owner.failed:
                await self._retake(number)
            else:
                await self._hold_back(number, held.backlog)
        now_s = self.context.clock.monotonic()
        if now_s >= self._offsets_from:
            self._offsets_from = now_s + OFFSETS_EVERY_S
            await self._commit({place: at for owner in self.owners for place, at in owner.committable.items()}, wait=False)

    def deliver(self, number: int, messages: list[Message]) -> None:
        """Pass on a batch of one partition."""
        held = self.held.get(number)
        if held is None or held.owner.failed or held.owner.closing:
            return
        if held.owner.opened:
            held.intake.take(messages)
        else:
            held.early += messages

    async def _hold_back(self, number: int, backlog: int) -> None:
        if backlog > self._throttle.full and number not in self._paused:
            self._paused.add(number)
            await self._ports.log.pause(number)
        elif backlog < self._throttle.low and number in self._paused:
            self._paused.discard(number)
            await self._ports.log.resume(number)

    async def _commit(self, acked: Offsets, wait: bool) -> None:
        """Commit the offsets of the group that have moved. If the commit fails, known commands will come again."""
        moved = {place: at for place, at in acked.items() if self._committed.get(place) != at}
        if not moved:
            return
        try:
            await self._ports.log.commit(moved, wait=wait)
            self._committed.update(moved)
            self._forget(moved)
        except KafkaException as error:
            log.warning("offsets_not_committed", system=self.context.system.name, error=str(error)[:300])

    def _forget(self, moved: Offsets) -> None:
        """Forget decisions that were carried out: the next owner does not need them."""
        for (topic, number), at in moved.items():
            if topic == self.context.control_topic:
                self.context.followed.forget(self.context.system.name, number, at)

    # --- partitions come and go ---

    async def assigned(self, committed: Mapping[int, Committed]) -> Mapping[int, int]:
        """See `command_log.Assignments`."""
        starts = {number: await self._take(number, places) for number, places in committed.items()}
        self._assigned = True
        log.info("assigned", system=self.context.system.name, partitions=sorted(starts))
        return starts

    async def revoked(self, numbers: Sequence[int]) -> Offsets:
        """See `command_log.Assignments`."""
        self._assigned = False
        acked: dict[tuple[str, int], int] = {}
        for number in numbers:
            acked |= await self._end(number, at_once=False)
        return acked

    async def lost(self, numbers: Sequence[int]) -> None:
        """See `command_log.Assignments`."""
        self._assigned = False
        for number in numbers:
            await self._end(number, at_once=True)

    async def _take(self, number: int, committed: Committed) -> int:
        """Own a partition. Returns the offset from which to read its commands."""
        taken = await self._ports.take(number, committed)
        metrics.SINK_TAKE_OVERS.labels(self.context.system.name).inc()
        owner = Owner(self.context, taken, self._ports.blocking(number))
        if taken.lost is not None:
            owner.commands.holding.add(REBUILD_HOLDS)  # at once: no offset may be committed before the mark
            owner.schedule.settled_s = owner.now_s() + longest_settle_s(self.context)
        held = self.held[number] = OwnedPartition(owner, Intake(owner))
        self._paused.discard(number)
        for place in [one for one in self._committed if one[1] == number]:
            del self._committed[place]
        held.opening = asyncio.get_running_loop().create_task(self._open(held, taken))
        return taken.next_offset

    async def _open(self, held: OwnedPartition, taken: TakenPartition) -> None:
        """Take up everything that has not ended, rebuild what was lost and apply what changed meanwhile. Then the lanes may start."""
        owner = held.owner
        try:
            if taken.lost is not None:
                place = (self.context.command_topic, owner.number)
                await self._ports.log.commit({place: taken.committed}, REBUILDING, wait=True)
            await restore(owner)
            if taken.lost is not None:
                await Rebuild(owner, held.intake, taken.lost).run()
                if not owner.schedule.is_settled:
                    await held.may_open.wait()
                await self._rebuilt(owner)
            while held.changed:
                held.changed = False
                await look_again(owner)
            if owner.closing or owner.failed:
                return
            owner.open()
            for decision in self.context.followed.decisions_from(owner.number, owner.controls.next):
                controls.decided(owner, decision)
            controls.caught_up(owner)
            for connection in sorted(held.resumed):
                controls.resumed(owner, connection)
            early, held.early = held.early, []
            held.intake.take(early)
        except Exception as error:  # noqa: BLE001 - the partition is taken again
            log.error("not_opened", system=self.context.system.name, partition=owner.number, exc_info=error)
            owner.committer.fail(error)

    async def _rebuilt(self, owner: Owner) -> None:
        """The rebuild is complete: let the offset move again, and commit it without the mark."""
        await owner.committer.flush()
        if not (owner.committer.failed or owner.closing):
            owner.commands.holding.discard(REBUILD_HOLDS)
            place = (self.context.command_topic, owner.number)
            await self._ports.log.commit({place: owner.commands.committable}, wait=True)

    async def _end(self, number: int, at_once: bool) -> Offsets:
        """End an owner. Returns the offsets up to which its records are acked; empty if it did not end in order."""
        held = self.held.pop(number, None)
        if held is None:
            return {}
        owner = held.owner
        if held.opening is not None and not held.opening.done():
            held.opening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await held.opening
        if at_once or owner.failed:
            await owner.drop()
            return {}
        return await owner.stop()

    async def _retake(self, number: int, anew: bool = False) -> None:
        """The result of a commit is unknown: take the partition again with a new producer, reread the ledger, and read commands from the
        committed offset, or from the first one if their topic was created `anew`."""
        is_rebuilding = REBUILD_HOLDS in self.held[number].owner.commands.holding
        await self._end(number, at_once=True)
        first = Committed(0, mark=REBUILDING if is_rebuilding else "") if anew else None
        at = await self._taken_anew(number, first)
        if at is None:
            return
        try:
            await self._ports.log.seek(number, at)
            await self._ports.log.resume(number)  # the client keeps the pause that was set under the previous owner
        except KafkaException as error:  # it was given to another process meanwhile; the group reports this with the next poll
            log.warning("partition_not_ours", system=self.context.system.name, partition=number, error=str(error)[:300])

    async def _taken_anew(self, number: int, first: Committed | None = None) -> int | None:
        """The offset from which to read its commands; None if we stop first. Commits `first` before, if given. Waits for a restarting broker."""
        now_s = self.context.clock.monotonic
        pause_s, until = RETAKE_S, now_s() + RETAKE_FOR_S
        while not self.stopping:
            await asyncio.sleep(pause_s)
            try:
                if first is not None:
                    await self._ports.log.commit({(self.context.command_topic, number): first.commands}, first.mark, wait=True)
                return await self._take(number, await self._ports.log.committed(number))
            except (KafkaException, ConnectorError) as error:
                log.warning("retake_failed", system=self.context.system.name, partition=number, error=str(error)[:300])
                if isinstance(error, Broken) or now_s() > until:
                    raise
            pause_s = min(2 * pause_s, RETAKE_MOST_S)
        return None


REBUILD_HOLDS = -1
"""Stands for the commands of a ledger that is not rebuilt yet. It lies below every offset, so that none is committed."""


def longest_settle_s(context: SinkContext) -> float:
    """How long until every request can be seen that was sent before the ledger was lost: nobody knows which ones those were."""
    times = [rules_of(write, context.settings.timing).times for write in context.system.writes]
    return max((one.settle_s for one in times), default=0.0)
