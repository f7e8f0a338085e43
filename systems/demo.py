"""What `ml-connector demo` has to know of a system: how to connect its simulator, and how to ask it what it holds.

Each system offers it in `systems/<name>/demo.py: DEMO`; its declaration names that module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

Ask = Callable[[str], Any]
"""Asks a simulator for a path under `/__sim__/` and gives the parsed answer (money as Decimal or text)."""


@dataclass(frozen=True)
class Issued:
    """A source object as its own system's simulator holds it: what the demo's `source` column counts.

    `parts` are amounts of its own identities (applications of a payment by their id).
    """

    source_id: str
    number: str
    amount: Decimal
    parts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """A document as the target's simulator keeps it, found by the ref that it carries. `done`: every step is done; `applied`:
    what of it settles other documents."""

    kind: str
    id: str
    ref: str
    amount: Decimal
    date: str
    done: bool
    applied: Decimal = Decimal(0)


class Demo(Protocol):
    """What the demo knows of one system: how to connect its simulator, and how to ask it what it holds - never our ledger."""

    def simulator_settings(self, scale: float) -> Mapping[str, str]:
        """Switches to start the simulator with, on a clock that runs `scale` times as fast."""

    def section(self, url: str, ready: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """Own settings, quota and secrets (field -> value) of a connection to the simulator that printed `ready`."""

    def crosswalk(self) -> Mapping[str, tuple[Mapping[str, str], ...]]:
        """Rows of each mapping table for the simulators' reference data; each row has its key column too."""

    def paths(self) -> tuple[str, ...]:
        """Every path under `/__sim__/` that `issued` and `kept` ask for."""

    def issued(self, entity: str, ask: Ask) -> list[Issued]:
        """Every object of one of our entities that the simulator holds."""

    def read(self, flow: str, ask: Ask) -> set[str]:
        """What a flow that only reads should have read: `entity/source id` of each record."""

    def kept(self, ask: Ask) -> list[Kept]:
        """Every document and master that the simulator keeps."""

    def faults(self) -> Mapping[str, list[dict[str, Any]]]:
        """Planned faults by name: outage, storm, lost_answers."""
