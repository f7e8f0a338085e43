"""What the suite runs over: every system of the registry, every way in which one writes a record, every step for which a request is sent.

A way is named by its record; one that takes a document back by that one's record as well (`reversal.of_journal`); where a system writes a
record in more than one way, by its first step too: `ap_bill.stage`.
"""

from __future__ import annotations

from systems import registry
from systems.contract import System, Write

SYSTEMS = registry.NAMES
WRITERS = [system.name for system in registry.systems() if system.open_writer is not None]


def ways(system: System) -> dict[str, Write]:
    """Every way in which a system writes, by its name."""
    named = [_base(write) for write in system.writes]
    return {
        base if named.count(base) == 1 else f"{base}.{write.steps[0]}": write
        for base, write in zip(named, system.writes, strict=True)
    }


def _base(write: Write) -> str:
    return f"{write.record}.of_{write.takes_back}" if write.takes_back else write.record


def way_of(system: System, write: Write) -> str:
    """The name of a way, known by its record, what it takes back, and steps."""

    def known(one: Write) -> tuple[object, ...]:
        return one.record, one.takes_back, one.steps

    return next(name for name, one in ways(system).items() if known(one) == known(write))


def requested(write: Write) -> tuple[str, ...]:
    """The steps for which a request is sent."""
    return tuple(step for step in write.steps if step not in write.watched)


WRITES = [(system.name, way) for system in registry.systems() for way in ways(system)]
STEPS = [
    (system.name, way, step) for system in registry.systems() for way, write in ways(system).items() for step in requested(write)
]
MAKING = [(name, way) for name, way in WRITES if not ways(registry.system(name))[way].takes_back]
"""The ways that make a document; the others take one back, and need to know it."""
WATCHED = [(system.name, way) for system in registry.systems() for way, write in ways(system).items() if write.watched]
KEPT_UP = [(system.name, way) for system in registry.systems() for way, write in ways(system).items() if write.updates]


def steps_before(system: System, way: str, step: str) -> str:
    """The step before this one; "" for the first."""
    steps = ways(system)[way].steps
    number = steps.index(step)
    return steps[number - 1] if number else ""
