"""When a schedule is over: nothing is left to do, in any process, and everything that was read is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.property.sinks.campaign.world import World


def is_quiet(world: World) -> bool:
    """Whether nothing is left to do."""
    if world.awaited or any(process.loop.frozen for process in world.processes if not process.is_dead):
        return False
    for op_key in world.open:
        entry = world.ledger[op_key]
        if entry["state"] != "WAITING" or entry["reason"] != "parent" or entry["due_at"] is not None:
            return False
    if any(_was_posted(world, world.ledger[op_key]) for op_key in world.late):
        return False
    for number in range(world.partitions):
        records = world.cluster.log(world.commands, number).records
        if records and world.cluster.offsets.get((world.commands, number), 0) <= records[-1].offset():
            return False
        owner = world.group.owners.get(number)
        if owner is None or owner.events:
            return False
        consuming = owner.process.consuming
        held = consuming.held.get(number) if consuming is not None else None
        if held is None or not held.owner.opened or held.owner.failed or held.intake.waiting:
            return False
        if any(case.is_busy or case.queued or case.unacked for case in held.owner.cases):
            return False
    return True


def _was_posted(world: World, entry: dict[str, Any]) -> bool:
    """Whether the system's batch came to it after all."""
    kept = world.erps[entry["connection"]].by_ref.get(entry["ref"], [])
    return bool(kept) and not kept[0].deleted and not kept[0].refused and set(kept[0].steps) == set(kept[0].done)
