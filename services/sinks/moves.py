"""The moves shared by the parts of the core: rest, record an intent, send, end a run. Pure."""

from __future__ import annotations

import math
from datetime import datetime

from schemas.records import Audit, Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.resolve import next_step
from services.sinks.state import Effect, Key, Phase, Record, Send, Wait
from systems.contract import Capability

Step = tuple[Key, tuple[Effect, ...]]


def resting(key: Key) -> Step:
    """The key at rest, and the wait after which it is looked at again."""
    entry = key.entry
    idle = key.but(phase=Phase.IDLE, command=None, document=None)
    if e.is_terminal(entry):
        return idle, ()
    if entry["state"] == e.HELD:
        return idle, (Wait(due_at=entry["due_at"]),) if entry["due_at"] is not None else ()
    if e.intent_open(entry):
        return idle, (Wait(look_s=key.look_s),)
    if entry["state"] == e.NEW:
        return idle, (Wait(look_s=0.0),)
    if entry["reason"] == reasons.NOT_SHOWN:  # a look-up writes nothing, so it is made at once if its pause is not known
        return idle, (Wait(look_s=key.look_s if key.look_s is not None else 0.0),)
    return idle, (Wait(due_at=entry["due_at"]),)


def finish(key: Key, entry: Ledger, audits: tuple[Audit, ...] = ()) -> Step:
    """Record the state in which this run of the key ends."""
    return key.but(entry=entry, phase=Phase.CLOSING), (Record(entry, final=True, audits=audits),)


def intends(key: Key, entry: Ledger, now_s: float, at: datetime) -> Step:
    """Record the intent of the next step. An older attempt that is not settled (C1, C2 only) stays the open one."""
    number = entry["attempt_count"] + 1
    made = e.change(
        entry,
        at,
        state=e.INTENT,
        reason="",
        detail="",
        due_at=None,
        waits_for=[],
        intent_attempt=entry["intent_attempt"] or number,
        intent_step=next_step(entry, key.rules.steps),
        intent_hash=entry["payload_hash"],
        attempt_count=number,
    )
    look_s = now_s + key.rules.times.settle_s
    after = key.but(entry=made, phase=Phase.INTENDING, seen_s=now_s, intent_s=now_s, look_s=look_s, looks=0, failing_s=None)
    return after, (Record(made, final=False),)


def sends(key: Key) -> Step:
    """Send the one request of the open intent, unless the lease has run out."""
    deadline_s = key.intent_s + key.rules.times.lease_s
    return key.but(phase=Phase.SENDING), (Send(key.entry["intent_step"], key.document, deadline_s),)


def settled_at_s(key: Key) -> float:
    """When the effects of an open intent can be seen, in monotonic seconds: the settle wait counts from when this owner first saw the
    intent. Infinite while that is unknown."""
    return math.inf if key.seen_s is None else key.seen_s + key.rules.times.settle_s


def may_skip_settling(key: Key) -> bool:
    """Whether the system itself refuses (C1) or merges (C2) a second create, so that one resend after a look-up is safe.

    Only the first step is protected in this way. Only one attempt may be unsettled at a time, because a refusal of the second would say
    nothing certain about the first. A change of an existing document has to wait, because the older content could arrive last. An attempt
    that is only presumed has to wait, too: nobody has judged yet whether its document may be written at all.
    """
    entry = key.entry
    if e.is_presumed(entry):
        return False
    if key.rules.updates and (entry["erp_id"] or key.rules.capability is Capability.C2):
        return False
    return (
        key.rules.capability in (Capability.C1, Capability.C2)
        and entry["intent_step"] == key.rules.steps[0]
        and entry["intent_attempt"] == entry["attempt_count"]
    )
