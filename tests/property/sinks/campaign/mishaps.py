"""What happens to a process: killed, frozen, suspended, replaced or stopped, and what the consumer group makes of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.property.sinks.campaign.process import Process
    from tests.property.sinks.campaign.world import World


@dataclass(frozen=True)
class Fault:
    """What happens to a process, for how long, and how soon another one takes over (None: it is not replaced)."""

    kind: str
    length_s: float = 0.0
    takeover_s: float | None = None


def strikes(world: World, process: Process, fault: Fault, bound_s: float = 1e9) -> None:
    """This happens to a process now, for no longer than `bound_s`."""
    if process.is_dead:
        return
    world.count(fault.kind)
    world.says("process {}: {}", process.number, fault)
    if fault.kind == "kill":
        dies(world, process, fault.takeover_s or 0.0)
    elif fault.kind in ("freeze", "suspend"):
        length_s = min(fault.length_s, bound_s)
        process.loop.freeze(length_s, suspended=fault.kind == "suspend")
        if length_s > 8.0 or fault.takeover_s is not None:
            world.later(min(fault.takeover_s or 8.0, 8.0), lambda: _given_up(world, process, length_s))
    elif fault.kind == "replaced":
        world.starts()
        _given_up(world, process, 1.0, fault.length_s)
    elif fault.kind == "rebalance":
        world.group.rebalance()
    elif fault.kind == "stop":
        process.stop()
        world.later(0.2 + (fault.takeover_s or 0.0), lambda: world.starts(process.slot if process.is_dead else None))


def dies(world: World, process: Process, takeover_s: float) -> None:
    """Killed; the next one starts by and by, and the group gives up the dead one."""
    process.kill()
    world.later(world.draw.choice((0.0, 0.5, 8.0)), lambda: _given_up(world, process, 0.0))
    slot = process.slot if world.draw.random() < 0.7 else None
    world.later(takeover_s, lambda: world.starts(slot))


def _given_up(world: World, process: Process, length_s: float, cut_off_s: float = 0.0) -> None:
    """The group hears nothing of a member."""
    if length_s and not world.living():
        return
    if length_s and world.living() == [process]:
        world.starts()
    world.group.kicks(process.log, cut_off_s=cut_off_s)
