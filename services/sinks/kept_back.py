"""What keeps a request back at the last moment: things that came after its attempt was let through the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.sinks import entry as e
from services.sinks.follow import Decision

if TYPE_CHECKING:
    from services.sinks.cases import Case
    from services.sinks.owner import Owner


def words(owner: Owner, case: Case) -> str:
    """Why the request of a case must not be sent now; "" when nothing keeps it back."""
    key, lease = case.key, case.lease
    if owner.failed or key is None or lease is None:
        return "the partition is taken anew"
    if not lease.is_current:
        return "the connection's settings or credentials changed"
    view = owner.view(key.entry, key.command)
    if view is None or view.mode != "live":
        return "the flow is not live any more"
    if view.paused:
        return f"the connection was paused ({view.paused})"
    if not key.entry["steps_done"] and e.is_voided(key.entry, view.void):
        return "the source was voided meanwhile"
    if any(_matters(behind) for behind in case.behind):
        return "a newer command or a person's decision waits"
    return ""


def _matters(behind: object) -> bool:
    """A decision to go on changes nothing about an attempt that goes on."""
    return behind.control["action"] == "skip" if isinstance(behind, Decision) else True
