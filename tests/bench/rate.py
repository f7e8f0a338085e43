"""How fast a topic grows, seen from outside by its watermarks, start-up of the process not counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from runtime import kafka
from tests.bench.ground import Corner, Process, Say

_EVERY_S = 0.02
_SAY_S = 5.0


@dataclass(frozen=True)
class Rate:
    """Records a second, and processor microseconds a record, between the first and the last growth; `cpu_s` = processor seconds that
    the processes had used at the last."""

    per_s: float
    cpu_us: float
    took_s: float
    cpu_s: float


def growth(corner: Corner, topic: str, process: Process, count: int, say: Say) -> Rate:
    """The rate at which `process` brings `count` more records to a topic (full name); its markers are no records."""
    partitions = range(corner.settings.kafka.partitions)
    with closing(kafka.reader(corner.settings.kafka, **{"isolation.level": "read_uncommitted"})) as client:

        def high() -> int:
            return sum(high for _, high in kafka.ends(client, topic, partitions).values())

        base = high()
        process.start()
        return measured(lambda: high() - base, count, [process], say)


def measured(seen: Callable[[], int], count: int, processes: Sequence[Process], say: Say, within_s: float = 240) -> Rate:
    """The rate of what `seen` counts, from its first growth until it reaches `count` and stands still; processor time is that of all
    the processes together."""
    name, logs = processes[0].name, ", ".join(str(one.log) for one in processes)
    end = time.monotonic() + within_s
    first: tuple[float, int, float] | None = None
    last, said = (time.monotonic(), 0, 0.0), time.monotonic()
    while True:
        now, number = time.monotonic(), seen()
        if number > last[1]:
            last = (now, number, cpu_s(processes))
            first = first or last
        if number >= count and now - last[0] > 0.3:
            break
        if now > end or not all(one.child.is_alive() for one in processes):
            raise TimeoutError(f"{name}: {number} of {count} after {within_s:g} s, or it ended; see {logs}")
        if now - said > _SAY_S:
            say(f"{name}: {number:,} of {count:,}")
            said = now
        time.sleep(_EVERY_S)
    if first is None or last[0] == first[0]:
        raise TimeoutError(f"{name}: everything came at once; take a larger --size")
    share = (last[1] - first[1]) / last[1]
    took_s = last[0] - first[0]
    return Rate(count * share / took_s, (last[2] - first[2]) * 1e6 / (count * share), took_s, last[2])


def cpu_s(processes: Sequence[Process]) -> float:
    """Processor seconds that the processes used so far."""
    return sum(one.cpu_s() for one in processes)
