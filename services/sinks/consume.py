"""The consumer of one system's commands: takes partitions, gives them back, hands batches to their owners.

Its thread blocks; owners live in the loop. When an owner has much to do its partition is paused, the others go on.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from runtime import kafka
from runtime.errors import Broken, ConnectorError
from runtime.log import log
from services.sinks import controls
from services.sinks.commit import Committer, Offsets
from services.sinks.ground import Ground
from services.sinks.intake import Intake
from services.sinks.partition import Partition
from services.sinks.positions import Position
from services.sinks.restore import restore
from services.sinks.takeover import Taken, take_over
from topology.topics import partition_of

BATCH, POLL_S = 500, 0.05
OFFSETS_EVERY_S = 0.25
"""How often the group's offsets follow what is acked, while it moves."""
FULL, LOW = 600, 300
"""Op-keys in work, beyond the lanes, at which a partition is paused, and resumed: what waits, waits in Kafka."""
RETAKE_S, RETAKE_MOST_S = 0.5, 10.0
RETAKE_FOR_S = 120.0
"""How long a partition is tried to be taken anew while the cluster cannot be had; below the group's longest time between polls."""

T = TypeVar("T")


class Consuming:
    """One system's consumer and the owners of its partitions."""

    def __init__(self, ground: Ground, folder: Path) -> None:
        self._ground = ground
        self._folder = folder
        self._loop = asyncio.get_running_loop()
        self._owners: dict[int, tuple[Partition, Intake]] = {}
        self._paused: set[int] = set()
        self._stopping = threading.Event()
        self._consumer: Consumer = kafka.consumer(ground.settings.kafka, f"sinks.{ground.system.name}")
        self._thread = threading.Thread(target=self._run, name=f"sinks.{ground.system.name}", daemon=True)
        self._assigned = False
        self._committed: dict[tuple[str, int], int] = {}
        self._offsets_from = 0.0
        self._busy = True  # replayed commands come in larger batches than those that have to be written

    def start(self) -> Consuming:
        """Join the group."""
        self._thread.start()
        return self

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def trouble(self) -> str:
        """Why it is not ready; "" when it is."""
        return "" if self._assigned else f"{self._ground.system.name}: no partitions yet, or their ledgers are being read"

    @property
    def owners(self) -> list[Partition]:
        """The owners of the partitions that are ours now."""
        return [owner for owner, _ in self._owners.values()]

    # --- in the loop ---

    def tick(self) -> None:
        """Wake what is due."""
        for owner in self.owners:
            owner.tick()

    def told(self, kind: str, what: Any) -> None:
        """Something beside the commands changed."""
        for owner in self.owners:
            if kind == "settings" and self._is_its(owner.number, what):
                controls.settings_changed(owner, what)
            elif kind == "link":
                controls.linked(owner, what)
            elif kind == "period":
                controls.period_changed(owner, what)
            elif kind == "pause":
                controls.paused_or_resumed(owner, what.control)
            elif kind == "decision" and what.partition == owner.number:
                controls.decided(owner, what)

    async def stop(self) -> None:
        """Give every partition back in order and leave the group."""
        self._stopping.set()
        await asyncio.to_thread(self._thread.join)
        await self._ground.sessions.close()

    async def _deliver(self, batches: dict[int, list[Message]]) -> dict[int, tuple[int, bool]]:
        for number, messages in batches.items():
            known = self._owners.get(number)
            if known is not None and not known[0].failed:
                known[1].take(messages)
        return {number: (owner.backlog, owner.failed) for number, (owner, _) in self._owners.items()}

    async def _acked(self) -> Offsets:
        return {place: at for owner in self.owners for place, at in owner.acked.items()}

    async def _begin(self, taken: Taken, next_control: int) -> None:
        index, ground = taken.index, self._ground
        owner = Partition(ground, taken.number, index, Position(taken.next_offset), Position(next_control))
        control_topic = ground.settings.topic("control")

        def positions() -> dict[tuple[str, int], int]:
            return {
                (ground.command_topic, owner.number): owner.commands.committable,
                (control_topic, owner.number): owner.controls.committable,
            }

        owner.committer = Committer(taken.producer, index, ground.ledger_topic, positions)
        owner.hour = taken.hour
        intake = Intake(owner)
        restore(owner)
        if taken.newest is not None:
            intake.rebuild(taken.newest)
        self._owners[taken.number] = (owner, intake)
        for decision in ground.followed.decisions_from(taken.number, next_control):
            controls.decided(owner, decision)
        for connection in {rest.connection for rest in owner.resting.values()} | self._its(owner.number):
            controls.caught_up(owner, connection)

    def _its(self, number: int) -> set[str]:
        """Connections that join this system and whose commands lie in a partition."""
        return {connection for connection in self._ground.snapshot().connections if self._is_its(number, connection)}

    def _is_its(self, number: int, connection: str) -> bool:
        ground = self._ground
        connected = ground.snapshot().connections.get(connection)
        if connected is None or not connected.joins(ground.system.name):
            return False
        return partition_of(connection, ground.settings.kafka.partitions) == number

    async def _end(self, number: int, at_once: bool) -> Offsets:
        """End an owner; up to where its commands are acked, where it ended in order."""
        owner, _ = self._owners.pop(number, (None, None))
        if owner is None:
            return {}
        if at_once or owner.failed:
            owner.drop()
            return {}
        await owner.stop()
        return owner.acked

    # --- in the consumer's thread ---

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self) -> None:
        topic = self._ground.command_topic
        self._consumer.subscribe([topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose)
        try:
            while not self._stopping.is_set():
                self._once()
            for number in list(self._owners):
                self._give_back(number)
        except Exception:  # noqa: BLE001 - the edge of the consumer's thread: the process ends and is started again
            log.exception("consumer_ended", system=self._ground.system.name)
            for number in list(self._owners):
                self._in_loop(self._end(number, at_once=True))
        finally:
            self._consumer.close()

    def _once(self) -> None:
        batches: dict[int, list[Message]] = defaultdict(list)
        for message in kafka.polled(self._consumer, BATCH if self._busy else 8 * BATCH, POLL_S):
            batches[message.partition() or 0].append(message)
        self._busy = False
        for number, (backlog, failed) in self._in_loop(self._deliver(batches)).items():
            self._busy = self._busy or backlog > 0
            if failed:
                self._retake(number)
            else:
                self._throttle(number, backlog)
        if time.monotonic() >= self._offsets_from:
            self._offsets_from = time.monotonic() + OFFSETS_EVERY_S
            self._commit(self._in_loop(self._acked()), wait=False)

    def _commit(self, acked: Offsets, wait: bool) -> None:
        """The group's offsets, as far as they moved. One that is not kept means that known commands come again."""
        moved = {place: at for place, at in acked.items() if self._committed.get(place) != at}
        if not moved:
            return
        places = [TopicPartition(topic, partition, at) for (topic, partition), at in moved.items()]
        try:
            if wait:
                self._consumer.commit(offsets=places, asynchronous=False)
            else:
                self._consumer.commit(offsets=places)
            self._committed.update(moved)
        except KafkaException as error:
            log.warning("offsets_not_committed", system=self._ground.system.name, error=str(error)[:300])

    def _give_back(self, number: int) -> None:
        self._commit(self._in_loop(self._end(number, at_once=False)), wait=True)

    def _throttle(self, number: int, backlog: int) -> None:
        place = [TopicPartition(self._ground.command_topic, number)]
        if backlog > FULL and number not in self._paused:
            self._paused.add(number)
            self._consumer.pause(place)
        elif backlog < LOW and number in self._paused:
            self._paused.discard(number)
            self._consumer.resume(place)

    def _retake(self, number: int) -> None:
        """The end of a commit is unknown: a new producer, the ledger read again, commands from the committed offset."""
        self._in_loop(self._end(number, at_once=True))
        at = self._taken_anew(number)
        if at is None:
            return
        try:
            self._consumer.seek(TopicPartition(self._ground.command_topic, number, at))
        except KafkaException as error:  # given to another meanwhile: the group tells us with the next poll
            log.warning("partition_not_ours", system=self._ground.system.name, partition=number, error=str(error)[:300])

    def _taken_anew(self, number: int) -> int | None:
        """Where to read its commands from; None when we stop first. A broker that restarts is waited for."""
        pause_s, until = RETAKE_S, time.monotonic() + RETAKE_FOR_S
        while not self._stopping.wait(pause_s):
            try:
                return self._take(number)
            except (KafkaException, ConnectorError) as error:
                log.warning("retake_failed", system=self._ground.system.name, partition=number, error=str(error)[:300])
                if isinstance(error, Broken) or time.monotonic() > until:
                    raise
            pause_s = min(2 * pause_s, RETAKE_MOST_S)
        return None

    def _take(self, number: int) -> int:
        """Own a partition; where to read its commands from."""
        control_topic = self._ground.settings.topic("control")
        places = [TopicPartition(self._ground.command_topic, number), TopicPartition(control_topic, number)]
        commands, control = self._consumer.committed(places, timeout=30)
        taken = take_over(self._ground, number, self._folder, commands.offset)
        self._in_loop(self._begin(taken, max(control.offset, 0)))
        self._paused.discard(number)
        return taken.next_offset

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        starts = []
        for place in partitions:
            at = self._take(place.partition)
            low, _ = consumer.get_watermark_offsets(place, timeout=15)
            starts.append(TopicPartition(place.topic, place.partition, max(at, low)))
        consumer.assign(starts)
        self._assigned = True
        log.info("assigned", system=self._ground.system.name, partitions=[p.partition for p in partitions])

    def _revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._assigned = False
        for place in partitions:
            self._give_back(place.partition)

    def _lose(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._assigned = False
        for place in partitions:
            self._in_loop(self._end(place.partition, at_once=True))
