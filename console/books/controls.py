"""People's decisions from `control`: which connections are paused and by whom, and each decision about a document. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.sinks import reasons
from services.sinks.outputs import STAGE


@dataclass(frozen=True)
class Pause:
    """Who paused a connection, when and why. `system` "" means both sides."""

    actor: str
    reason: str
    at: datetime
    system: str = ""

    def words(self) -> str:
        """`by Ada: month end`. A pause by the sink itself is shown as its rule."""
        if self.actor == STAGE:
            rule, _, detail = self.reason.partition(": ")
            return f"by its own rule: {reasons.WAITING.get(rule, rule)}" + (f" ({detail})" if detail else "")
        return f"by {self.actor}: {self.reason}" if self.reason else f"by {self.actor}"


def pauses(controls: Iterable[Mapping[str, Any]]) -> dict[str, Pause]:
    """The connections that are paused now, each with its newest pause, from the decisions in order."""
    return {connection: pause for (connection, _), pause in sorted(_in_force(controls).items(), key=lambda one: one[1].at)}


def pauses_of(controls: Iterable[Mapping[str, Any]], connection: str) -> list[Pause]:
    """Every pause of a connection that one resume ends: the sink's own first, then the others in order."""
    found = [pause for (paused, _), pause in _in_force(controls).items() if paused == connection]
    return sorted(found, key=lambda pause: (pause.actor != STAGE, pause.at))


def _in_force(controls: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Pause]:
    """The pauses that are in force, by connection and system. Sinks apply the same rules (`services/sinks/follow.py`): a pause by a sink never
    replaces one by a person."""
    found: dict[tuple[str, str], Pause] = {}
    for control in controls:
        connection, system = control["connection"], control["system"]
        if control["op_key"]:
            continue
        before = found.get((connection, system))
        if control["action"] == "pause" and (control["actor"] != STAGE or before is None or before.actor == STAGE):
            found[(connection, system)] = Pause(control["actor"], control["reason"], control["at"], system)
        elif control["action"] in ("resume", "ceiling"):
            found = {p: one for p, one in found.items() if p[0] != connection or (system != "" and p[1] not in ("", system))}
    return found
