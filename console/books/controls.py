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


def pauses(controls: Iterable[Mapping[str, Any]]) -> dict[str, list[Pause]]:
    """The connections that are paused now, each with every pause that is in force, from the decisions in order: the sink's own first, then
    the others in order. One resume ends them all."""
    found: dict[str, list[Pause]] = {}
    for (connection, _, _), pause in _in_force(controls).items():
        found.setdefault(connection, []).append(pause)
    return {name: sorted(own, key=lambda pause: (pause.actor != STAGE, pause.at)) for name, own in found.items()}


def _in_force(controls: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Pause]:
    """The pauses that are in force, by connection, system and actor. As in the sinks (`services/sinks/follow.py`), a pause by a sink counts only
    where no person has paused. A second pause by the same actor replaces the first one; that of another person stands beside it."""
    found: dict[tuple[str, str, str], Pause] = {}
    for control in controls:
        connection, system, actor = control["connection"], control["system"], control["actor"]
        if control["op_key"]:
            continue
        by_person = any(place[:2] == (connection, system) and place[2] != STAGE for place in found)
        if control["action"] == "pause" and (actor != STAGE or not by_person):
            found[(connection, system, actor)] = Pause(actor, control["reason"], control["at"], system)
        elif control["action"] in ("resume", "ceiling"):
            found = {p: one for p, one in found.items() if p[0] != connection or (system != "" and p[1] not in ("", system))}
    return found
