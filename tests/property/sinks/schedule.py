"""One seed = one run: faults, then quiet, then a replay from offset 0 with the ledger kept or lost; what was broken, by name."""

from __future__ import annotations

from dataclasses import replace

from services.sinks import entry as e
from services.sinks.state import Times
from systems.contract import Capability
from tests.property.sinks.owner import starter
from tests.property.sinks.world import TIMES, Mutation, World


def run(seed: int, capability: Capability, mutation: Mutation) -> tuple[str, World]:
    """The violation of this schedule ("" = none) and the world after it."""
    world = World(seed, capability, mutation)
    world.starter = starter
    world.start()
    world.run()
    _quiet(world)
    broken = _broken(world)
    return (broken or _replayed(world)), world


def _quiet(world: World) -> None:
    """Faults end; a last owner takes over and works what is left."""
    world.faulty = world.erp.faulty = False
    world.start()
    world.run()


def _broken(world: World) -> str:
    if len(world.erp.documents) > 1:
        return "DOUBLE"
    if not world.at_rest():
        return "LOST"
    entry = world.ledger
    assert entry is not None
    if entry["state"] in (e.POSTED, e.ADOPTED):
        kept = world.erp.documents
        if not kept or kept[0].released_at is None:
            return "LOST"
        if kept[0].amount != entry["amount"]:
            return "WRONG"
    return _changes(world)


def _changes(world: World) -> str:
    """A changed source after an attempt is listed, or its newer version was written."""
    entry, last = world.ledger, world.commands[-1].incoming.command
    assert entry is not None
    if entry["source_hash"] != last["source_hash"] and not world.corrections:
        return "CHANGE_LOST"
    return ""


def _replayed(world: World) -> str:
    """Reset the offsets; on every second seed the ledger is lost, on every fourth the results as well. Nothing may be added."""
    before, state = len(world.erp.documents), world.ledger
    world.committed = 0
    if world.seed % 2:
        world.ledger, world.rebuilt = None, True
    if world.seed % 4 == 1:
        world.result = None
    world.start()
    world.run()
    if len(world.erp.documents) > max(before, 1) or (before and len(world.erp.documents) > before):
        return "REPLAY"
    kept = state is not None and state["state"] in e.IN_PLACE and world.ledger is not None
    if kept and world.seed % 2 == 0 and world.ledger is not state:
        return "REPLAY_CHANGED"
    return ""


def _without(name: str) -> Mutation:
    def times(given: Times) -> Times:
        return replace(given, **{name: 0.0})

    return Mutation(f"wait_without_{name.removesuffix('_s')}", times)


def _no_settle(given: Times) -> Times:
    return Times(given.lease_s, -given.lease_s, 0.0, 0.0, 0.0)


def _wait_without_request(given: Times) -> Times:
    # the request's own time-out also judges lateness: only the wait loses it here
    return replace(given, freeze_s=given.freeze_s - given.request_s)


MUTANTS = (
    Mutation("no_intent"),
    Mutation("open_intent_ignored"),
    Mutation("no_settle", _no_settle),
    Mutation("blind_retry"),
    Mutation("no_fence"),
    Mutation("no_lease_check"),
    _without("p_max_s"),
    Mutation("wait_without_request", _wait_without_request),
    _without("freeze_s"),
    _without("v_max_s"),
    Mutation("offset_before_outcome"),
    Mutation("timeout_is_success"),
    Mutation("no_pre_read"),
)
UNBOUNDED = Mutation("unlimited_freeze", freeze_s=30.0)
PLAIN = Mutation()
assert TIMES.settle_s == 15.0
