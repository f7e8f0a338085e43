"""Hop 2's own mapping, called by a command that wants to know what would become of records: nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from console.reading import Cluster
from systems.mapped import COMPLETION
from topology.batch import ConsumerRecord, Context, Decision, NoState
from topology.canonical_to_command import apply
from topology.configuration import Snapshot

DEAD = "audit.dead"
Command = tuple[str, dict[str, Any]]
"""(record without `command.`, the command)"""


@dataclass(frozen=True)
class MappedRecords:
    """What the mapping makes of canonical records. Milestones, for which nothing is written, are left out of `commands`."""

    commands: list[Command] = field(default_factory=list)
    dead: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def context_of(cluster: Cluster, snapshot: Snapshot) -> Context:
    """What the hop may know: this configuration, at this instant."""
    settings = cluster.settings
    return Context(snapshot, cluster.codec, settings.topic, settings.kafka.partitions, datetime.now(UTC))


def mapped(records: Sequence[ConsumerRecord], context: Context) -> MappedRecords:
    """Map canonical records with the configuration of the context."""
    outcome = apply(records, NoState(), context)
    outputs = [context.codec.decode(output.value) for output in outcome.outputs]
    dead = [value for name, value in outputs if name == DEAD]
    return MappedRecords(list(_commands(outputs)), dead, [decision for _, decision in outcome.decisions])


def _commands(outputs: Iterable[Command]) -> Iterator[Command]:
    for name, value in outputs:
        kind = name.removeprefix("command.")
        if name != DEAD and kind != COMPLETION:
            yield kind, value
