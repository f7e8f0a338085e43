"""The hops in the order in which a record passes them: what each reads, writes and remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.shapes import record_sources
from systems import registry
from topology import canonical_to_command, raw_to_canonical
from topology.batch import Apply

REMAP = "remap"
"""The topic of canonical records that are mapped again."""


@dataclass(frozen=True)
class Hop:
    """One hop. Names of topics are without prefix. `remembers` names the topics that its state is folded from; empty if it has no state."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    remembers: tuple[str, ...]
    apply: Apply


def canonical_topics() -> tuple[str, ...]:
    """The topic `canonical.<entity>` of every entity."""
    return tuple(name for name in record_sources() if name.startswith("canonical."))


def way() -> Mapping[str, Hop]:
    """The hops by name, in the order in which a record passes them."""
    canonical = canonical_topics()
    raw = tuple(f"raw.{name}" for name in registry.NAMES)
    commands = tuple(f"command.{name}" for name in registry.NAMES)
    hops = (
        Hop(raw_to_canonical.STAGE, raw, (*canonical, "fetch", "audit", "dead"), canonical, raw_to_canonical.apply),
        Hop(canonical_to_command.STAGE, (*canonical, REMAP), (*commands, "audit", "dead"), (), canonical_to_command.apply),
    )
    return {hop.name: hop for hop in hops}
