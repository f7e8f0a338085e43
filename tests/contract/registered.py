"""What the suite runs over: every system of the registry, every way in which one writes a record, every step for which a request is sent.

A way is named by its record; where a system writes a record in more than one way, by its first step as well: `ap_bill.stage`. One that takes
something back also says what: `reversal of ap_bill`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar
from zlib import crc32

import pytest

from systems import registry
from systems.contract import System, Write

SYSTEMS = registry.NAMES
WRITERS = [system.name for system in registry.systems() if system.open_writer is not None]


def ways(system: System) -> dict[str, Write]:
    """Every way in which a system writes, by its name."""
    kinds = [(write.record, write.takes_back) for write in system.writes]
    found = {}
    for write in system.writes:
        name = f"{write.record} of {write.takes_back}" if write.takes_back else write.record
        found[name if kinds.count((write.record, write.takes_back)) == 1 else f"{name}.{write.steps[0]}"] = write
    return found


def way_of(system: System, write: Write) -> str:
    """The name of a way, known by its record, its steps and what it takes back."""
    return next(name for name, one in ways(system).items() if _told(one) == _told(write))


def _told(write: Write) -> tuple[str, str, tuple[str, ...]]:
    return write.record, write.takes_back, write.steps


def requested(write: Write) -> tuple[str, ...]:
    """The steps for which a request is sent."""
    return tuple(step for step in write.steps if step not in write.watched)


def brought(system: System) -> dict[str, Write]:
    """The ways in which a system writes what a registered ERP brings."""
    told = {record for one in registry.erps() for flow in one.flows if flow.target == system.name for record in flow.records}
    is_erp = system.name != registry.FIELD_SERVICE
    return {way: write for way, write in ways(system).items() if is_erp or write.record in told}


def is_brought(system: str, example: str) -> bool:
    """Whether a registered flow brings the entity of this example to the field-service side; anything else of an ERP is."""
    entities = {flow.entity for one in registry.erps() for flow in one.flows if flow.target == system}
    return system != registry.FIELD_SERVICE or example.partition(".")[0] in entities


BROUGHT = [(system.name, way, write) for system in registry.systems() for way, write in brought(system).items()]
WRITES = [(name, way) for name, way, _ in BROUGHT]
STEPS = [(name, way, step) for name, way, write in BROUGHT for step in requested(write)]
WATCHED = [(name, way) for name, way, write in BROUGHT if write.watched]
KEPT_UP = [(name, way) for name, way, write in BROUGHT if write.updates]


def takes_back(name: str, way: str) -> bool:
    """Whether a way of a system takes a document back."""
    return bool(ways(registry.system(name))[way].takes_back)


PART = 3
"""A way that takes a document back has the answers of the other ways again: `make test` gives each of its steps every third, `make chaos` all."""
ANSWERED = [
    *((name, way, step, PART if takes_back(name, way) else 1) for name, way, step in STEPS),
    *(pytest.param(*one, 1, marks=pytest.mark.campaign) for one in STEPS if takes_back(*one[:2])),
]
"""Every step for which a request is sent, with the part of all answers that it is tried with."""
T = TypeVar("T")


def sampled(answers: Collection[T], part: int, named: str) -> list[T]:
    """Every `part`-th of these, from one on that the name of the step decides; of a few at least one."""
    return list(answers)[crc32(named.encode()) % max(1, min(part, len(answers))) :: part]


def steps_before(system: System, way: str, step: str) -> str:
    """The step before this one; "" for the first."""
    steps = ways(system)[way].steps
    number = steps.index(step)
    return steps[number - 1] if number else ""
