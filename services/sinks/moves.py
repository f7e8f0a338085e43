"""The moves that the core's parts share: rest, record an intent, send, end a run. Pure."""

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
    """The key at rest, and when it is looked at again."""
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
    if entry["reason"] == reasons.NOT_SHOWN:  # a look-up writes nothing: where its pause is not known it is made now
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
    """When what an open intent may have done can be seen: the settle wait counts from when this owner first saw the intent. Never,
    while that is not known."""
    return math.inf if key.seen_s is None else key.seen_s + key.rules.times.settle_s


def may_skip_settling(key: Key) -> bool:
    """Whether the system itself refuses (C1) or merges (C2) a second create, so that one resend after a look-up is safe.

    Only the first step has that protection, and only one attempt may be unsettled at a time: what a refusal of the second would
    mean for the first could not be told. A change of what is there has to wait: the older content could come last. So has an attempt
    that is only presumed: nobody has judged whether its document may be written at all.
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
