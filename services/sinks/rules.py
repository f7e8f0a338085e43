"""How one kind of document is written: of the ways that its system declares, the one that settings choose or that was begun. Pure."""

from __future__ import annotations

from datetime import timedelta

from runtime.settings import Timing
from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks.state import Rules, Times
from systems.contract import Capability, Write

BATCH_DEADLINE_S = 24 * 3600.0


def write_of(ways: tuple[Write, ...], entry: Ledger) -> Write | None:
    """The way in which an entry is written; None if the system has no such documents for us. A document that was begun in one way is
    finished in that way, because another way would write it a second time."""
    begun = {*entry["steps_done"], *([entry["intent_step"]] if entry["intent_step"] else [])}
    if len(ways) < 2 or not begun:
        return ways[0] if ways else None
    return next((write for write in ways if begun <= set(write.steps)), ways[0])


def stands(entry: Ledger, write: Write) -> bool:
    """Whether a document may serve as a parent although the system's own batch has not processed it: its promised step is done, and only
    watched steps are left."""
    if entry["state"] != e.WAITING or e.intent_open(entry) or not entry["erp_id"] or write.promised not in entry["steps_done"]:
        return False
    return all(step in write.watched for step in write.steps if step not in entry["steps_done"])


def rules_of(write: Write | None, timing: Timing, batch_deadline_s: float = BATCH_DEADLINE_S) -> Rules:
    """The steps, class and times of a kind of document. A record that is never written has none."""
    if write is None:
        return Rules((), Capability.C3, 1, _times(timing, 0.0, 0.0))
    return Rules(
        write.steps,
        write.capability,
        write.calls,
        _times(timing, write.p_max.total_seconds(), write.v_max.total_seconds()),
        write.watched,
        write.watch_every,
        timedelta(seconds=batch_deadline_s),
        write.updates,
    )


def _times(timing: Timing, p_max_s: float, v_max_s: float) -> Times:
    return Times(
        timing.lease_s,
        timing.freeze_s,
        timing.request_s,
        timing.p_max_s if timing.p_max_s is not None else p_max_s,
        timing.v_max_s if timing.v_max_s is not None else v_max_s,
    )
