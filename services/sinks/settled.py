"""What an application settles, by its command. Pure."""

from __future__ import annotations

from schemas.records import CommandEnvelope
from systems.mapped import APPLY


def settled_by(command: CommandEnvelope) -> list[str]:
    """The documents that the command of an application settles, each as entity/source id: all that it belongs to but its own source object.
    Empty where it names none, and for what is no application."""
    if command["action"] != APPLY:
        return []
    own = command["source_entity"], command["source_id"]
    named = [(one["entity"], one["source_id"]) for one in command["parents"]]
    return list(dict.fromkeys("/".join(one) for one in named if one != own))
