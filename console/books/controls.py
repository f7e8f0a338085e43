"""People's decisions as `control` holds them: which connections are paused by whom, and each decision about a document. Pure."""

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
    """The connections that are paused now, by the decisions in their order. Sinks obey the same rules (`services/sinks/follow.py`)."""
    found: dict[tuple[str, str], Pause] = {}
    for control in controls:
        connection, system = control["connection"], control["system"]
        if control["op_key"]:
            continue
        if control["action"] == "pause":
            found[(connection, system)] = Pause(control["actor"], control["reason"], control["at"], system)
        elif control["action"] in ("resume", "ceiling"):
            found = {p: one for p, one in found.items() if p[0] != connection or (system != "" and p[1] not in ("", system))}
    return {connection: pause for (connection, _), pause in sorted(found.items(), key=lambda one: one[1].at)}
