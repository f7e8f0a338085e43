"""Taking up what has not ended when a partition is taken: settle waits start anew, everything else waits for what it waited for."""

from __future__ import annotations

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks import reasons
from services.sinks.core import step
from services.sinks.ledger import Rest
from services.sinks.partition import Partition
from services.sinks.state import Record, Restored, Wait


def restore(owner: Partition) -> None:
    """Take up everything that has not ended; the settle wait of every open intent starts now."""
    watches = any(write.watched for write in owner.ground.system.writes)
    for op_key, rest in owner.index.resting():
        owner.resting[op_key] = rest
        if rest.state != e.HELD or watches:
            _take_up(owner, op_key, rest)


def _take_up(owner: Partition, op_key: str, rest: Rest) -> None:
    entry = owner.index.get(op_key)
    if entry is None or (rest.state == e.HELD and entry["due_at"] is None):
        return
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
        owner.turn(op_key)


def _may_go(owner: Partition, entry: Ledger) -> bool:
    """Whether what it waits for is known by now: that it came was told to the owner before us."""
    if entry["state"] != e.WAITING or entry["reason"] != reasons.PARENT:
        return False
    return any(owner.op_keys_of((entry["connection"], name)) for name in entry["waits_for"])
