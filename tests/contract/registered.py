"""What the suite runs over: every system of the registry, every write and every step of it."""

from __future__ import annotations

from systems import registry
from systems.contract import System

SYSTEMS = registry.NAMES
WRITERS = [system.name for system in registry.systems() if system.open_writer is not None]
WRITES = [(system.name, write.record) for system in registry.systems() for write in system.writes]
STEPS = [(system.name, write.record, step) for system in registry.systems() for write in system.writes for step in write.steps]


def steps_before(system: System, record: str, step: str) -> str:
    """The step before this one; "" for the first."""
    steps = system.write_of(record).steps
    number = steps.index(step)
    return steps[number - 1] if number else ""
