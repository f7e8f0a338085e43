"""Where the real shell meets the simulated world: the client of Kafka, the snapshot's folder, the log, the draw of the backoff.

`installed` puts these in place of the real ones for as long as schedules are played; which world is meant is said by `into`.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime import kafka
from services.sinks import hour, invariants, restore, takeover
from services.sinks import schedule as shell_schedule
from services.sinks.lanes import Lanes
from tests.property.sinks.campaign.kafka import Producer, Record
from tests.property.sinks.campaign.memory import CODEC
from tests.property.sinks.index import Index

if TYPE_CHECKING:
    from tests.property.sinks.campaign.world import World

_DEFECTS = frozenset(
    {
        "attempt_failed", "state_not_recorded", "command_failed", "not_told", "not_opened", "case_without_entry",
        "resting_without_entry", "commit_failed", "consumer_ended", "invariant_broken",
    }
)  # fmt: skip
"""What the shell logs when something of its own is wrong."""


class _Kafka:
    """See `runtime.kafka`: what taking a partition reads."""

    produced_at = staticmethod(kafka.produced_at)

    def __init__(self) -> None:
        self.world: World | None = None

    @property
    def _world(self) -> World:
        assert self.world is not None
        return self.world

    def transactional_producer(self, _settings: Any, name: str) -> Producer:
        return Producer(self._world.cluster, int(name.rpartition("-")[2]))

    def read_to_end(
        self, _settings: Any, topic: str, partitions: Sequence[int], start: Mapping[int, int] | None = None
    ) -> Iterator[Record]:
        for number in partitions:
            log = self._world.cluster.log(topic, number)
            yield from log.from_offset((start or {}).get(number, 0), len(log.records))

    def high_watermarks(self, _settings: Any, topic: str, partitions: Sequence[int]) -> dict[int, int]:
        return {number: self._world.cluster.log(topic, number).end for number in partitions}

    def offset_at(self, _settings: Any, topic: str, partition: int, at_s: float) -> int | None:
        records = self._world.cluster.log(topic, partition).records
        return next((one.offset() for one in records if one.at >= at_s), None)


KAFKA = _Kafka()


class _Time:
    """See `time`: the moment of the timeline, for what is counted by the brokers' clock."""

    @staticmethod
    def time() -> float:
        return KAFKA._world.now

    perf_counter = time


class _Log:
    """The structured log: what tells of a defect is told to the world, all else is not kept."""

    def info(self, event: str, **about: Any) -> None:
        """Nothing of it is kept."""

    warning = debug = info

    def error(self, event: str, **about: Any) -> None:
        if event in _DEFECTS and KAFKA.world is not None:
            KAFKA.world.defect(event, about)

    exception = error


LOG = _Log()


def _index(path: Path, _codec: Any) -> Index:
    disks: dict[str, Index] = KAFKA._world.disks
    return disks.setdefault(str(path), Index(CODEC.decode))


def _lanes(connection: str, count: int) -> Lanes:
    return Lanes(connection, count, draw=random.Random(KAFKA._world.seed))


def into(world: World | None) -> None:
    """This is the world that the shell lives in now."""
    KAFKA.world = world


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """The seams in place, and the real things again afterwards."""
    places: list[tuple[Any, str, Any]] = [
        (takeover, "kafka", KAFKA),
        (takeover, "Index", _index),
        (takeover, "topic_id", lambda _settings, topic: f"{topic}/{KAFKA._world.lives}"),
        (takeover, "time", _Time),
        (hour, "kafka", KAFKA),
        (hour, "time", _Time),
        (shell_schedule, "Lanes", _lanes),
        (invariants, "metrics", _Metrics),
        (restore, "SLICE", 2),
    ]
    modules = [module for name, module in sys.modules.items() if name.startswith("services.sinks.") and hasattr(module, "log")]
    places += [(module, "log", LOG) for module in modules]
    before = [(module, name, getattr(module, name)) for module, name, _ in places]
    for module, name, made in places:
        setattr(module, name, made)
    try:
        yield
    finally:
        for module, name, real in before:
            setattr(module, name, real)
        into(None)


class _Metrics:
    """See `runtime.metrics`."""

    class SINK_UNACCOUNTED:  # noqa: N801 - the name of the metric
        @staticmethod
        def labels(*_: str) -> type[_Metrics.SINK_UNACCOUNTED]:
            return _Metrics.SINK_UNACCOUNTED

        @staticmethod
        def set(_: float) -> None:
            """Nobody reads it."""
