"""Taking up what has not ended when a partition is taken: settle waits start anew, everything else waits for what it waited for."""

from __future__ import annotations

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import hour, reasons
from services.sinks.core import step
from services.sinks.ledger import Rest
from services.sinks.parents import name_of
from services.sinks.partition import Partition
from services.sinks.state import Record, Restored, Wait

_FOR_A_PARTNER = frozenset({reasons.CREATE_MISSING, reasons.PARENT_MISSING})
"""Holds that a link, or a parent that comes late, lifts."""


def restore(owner: Partition) -> None:
    """Take up everything that has not ended; the settle wait of every open intent starts now."""
    watches = any(write.watched for write in owner.ground.system.writes)
    for op_key, rest in owner.index.resting():
        owner.resting[op_key] = rest
        if rest.state != e.HELD or watches or rest.reason in _FOR_A_PARTNER:
            _take_up(owner, op_key, rest)


def _take_up(owner: Partition, op_key: str, rest: Rest) -> None:
    entry = owner.index.get(op_key)
    is_held = rest.state == e.HELD
    if entry is None or (is_held and entry["due_at"] is None and rest.reason not in _FOR_A_PARTNER):
        return
    if not is_held:
        hour.count(owner.hour, entry, owner.ground.followed)
    key, effects = step(owner.new_key(entry), Restored(owner.ground.clock.monotonic()))
    owner.await_parents(entry)
    if e.intent_open(entry):
        owner.keys[op_key] = key
    for effect in effects:
        if isinstance(effect, Wait):
            owner.wake(op_key, effect)
        elif isinstance(effect, Record):
            owner.ends(key, effect)
    if _may_go(owner, entry):
        owner.turn(op_key, again=is_held)


def _may_go(owner: Partition, entry: Ledger) -> bool:
    """Whether what it waits for is there by now: that it came was told to the owner before us, or to nobody."""
    followed, connection, reason = owner.ground.followed, entry["connection"], entry["reason"]

    def is_linked(name: str) -> bool:
        entity, _, source_id = name.partition("/")
        return followed.link(entry["system"], connection, entity, source_id) is not None

    if reason in (reasons.PAUSED, reasons.CEILING):
        return not followed.paused(entry["system"], connection)
    if reason == reasons.CREATE_MISSING:
        return is_linked(name_of(entry["source_entity"], entry["source_id"]))
    if reason in (reasons.PARENT, reasons.PARENT_MISSING):
        return any(is_linked(name) or owner.op_keys_of((connection, name)) for name in entry["waits_for"])
    return False
