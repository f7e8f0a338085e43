"""One seed = one run: faults, then quiet, then a replay from offset 0 with the ledger kept or lost; what was broken, by name."""

from __future__ import annotations

from dataclasses import replace

from schemas.records import Ledger
from services.sinks import entry as e
from services.sinks.state import Times
from systems.contract import Capability
from tests.property.sinks.owner import starter
from tests.property.sinks.shapes import KEPT_UP, REQUESTS, STAGED, WATCHED, Shape
from tests.property.sinks.world import TIMES, Mutation, World


def run(seed: int, capability: Capability, mutation: Mutation, shape: Shape = REQUESTS) -> tuple[str, World]:
    """The violation of this schedule ("" = none) and the world after it."""
    world = World(seed, capability, mutation, shape)
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
    if entry["state"] == e.HELD and not (entry["reason"] and entry["amount"] > 0):
        return "UNNAMED"
    if entry["state"] in e.IN_PLACE:
        return _in_place(world, entry) or _changes(world)
    return _stuck(world, entry) or _changes(world)


def _in_place(world: World, entry: Ledger) -> str:
    """What the ledger calls posted is there, with every step done by whoever does it, and not refused."""
    kept = world.erp.documents
    if not kept or set(kept[0].done) != set(world.shape.steps):
        return "LOST"
    if kept[0].refused:
        return "POSTED_ON_A_REFUSAL"
    if kept[0].amount != entry["amount"] and not kept[0].touched:
        return "WRONG"
    told = any(audit["decision"] == "overruled" for audit in world.audits)
    return "UNTOLD" if world.erp.overwritten and not told else ""


def _stuck(world: World, entry: Ledger) -> str:
    """What the batch has posted after all is not held for the batch's sake for ever."""
    kept = world.erp.documents
    posted = kept and set(kept[0].done) == set(world.shape.steps) and not kept[0].refused and not kept[0].deleted
    return "STUCK" if posted and entry["reason"] in ("erp_batch_late", "missing_in_erp") and not world.shape.updates else ""


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
    deleted = any(kept.deleted for kept in world.erp.documents)
    if world.seed % 2 and not deleted:
        world.ledger, world.rebuilt = None, True
    if world.seed % 4 == 1 and not deleted:
        world.result = None
    world.start()
    world.run()
    if len(world.erp.documents) > max(before, 1) or (before and len(world.erp.documents) > before):
        return "REPLAY"
    if world.ledger is not None and world.ledger["state"] in e.IN_PLACE and (broken := _in_place(world, world.ledger)):
        return f"REPLAY_{broken}"
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
OF_SHAPES = (
    (WATCHED, Capability.C1, Mutation("batch_is_assumed")),
    (STAGED, Capability.C4, Mutation("refusal_is_done")),
    (STAGED, Capability.C4, Mutation("vanished_is_written_again")),
    (WATCHED, Capability.C1, Mutation("watch_forgotten")),
    (STAGED, Capability.C4, Mutation("no_settle", _no_settle)),
    (KEPT_UP, Capability.C3, Mutation("newer_ignored")),
    (KEPT_UP, Capability.C3, Mutation("open_attempt_forgotten")),
    (KEPT_UP, Capability.C3, Mutation("looked_at_once")),
    (KEPT_UP, Capability.C3, Mutation("overruled_untold")),
    (KEPT_UP, Capability.C3, Mutation("no_pre_read")),
    (KEPT_UP, Capability.C4, Mutation("open_intent_ignored")),
)
"""Broken protocols of what the system's batch does, and of masters that are kept up to date."""
UNBOUNDED = Mutation("unlimited_freeze", freeze_s=30.0)
PLAIN = Mutation()
assert TIMES.settle_s == 15.0
