"""What an application settles, according to its command. Pure."""

from __future__ import annotations

from schemas.records import CommandEnvelope
from systems.mapped import APPLY


def settled_by(command: CommandEnvelope) -> list[str]:
    """The documents that an application settles, each as entity/source id: all its parents except its own source object. Empty if it names
    none, and for a command that is not an application."""
    if command["action"] != APPLY:
        return []
    own = command["source_entity"], command["source_id"]
    named = [(one["entity"], one["source_id"]) for one in command["parents"]]
    return list(dict.fromkeys("/".join(one) for one in named if one != own))
