"""The real core in simulated worlds: no schedule posts twice, loses or changes money; every broken protocol is caught."""

from __future__ import annotations

import pytest

from systems.contract import Capability
from tests.property.sinks.schedule import MUTANTS, OF_SHAPES, PLAIN, UNBOUNDED, run
from tests.property.sinks.shapes import KEPT_UP, SHAPES, STAGED, Shape
from tests.property.sinks.world import Mutation

SCHEDULES = 3_000
OF_A_SHAPE = 700
CLASSES = (Capability.C1, Capability.C2, Capability.C3, Capability.C4, Capability.C5)


@pytest.mark.parametrize("capability", CLASSES, ids=str)
def test_no_schedule_posts_twice_loses_or_changes_anything(capability: Capability) -> None:
    sometimes: dict[str, int] = {}
    for seed in range(SCHEDULES):
        broken, world = run(seed, capability, PLAIN)
        assert not broken, f"{capability} seed {seed}: {broken}; {world.ledger}"
        for name, count in world.counts.items():
            sometimes[name] = sometimes.get(name, 0) + count
    unreached = {"kill", "freeze", "replaced", "fenced", "indefinite", "late"} - {n for n, c in sometimes.items() if c >= 20}
    assert not unreached, f"faults that were never played: {unreached}"


@pytest.mark.parametrize("capability", CLASSES[:4], ids=str)
@pytest.mark.parametrize("shape", SHAPES[1:], ids=lambda shape: shape.name)
def test_nor_where_the_systems_own_batch_does_steps_or_a_master_is_kept_up_to_date(shape: Shape, capability: Capability) -> None:
    sometimes: dict[str, int] = {}
    for seed in range(OF_A_SHAPE):
        broken, world = run(seed, capability, PLAIN, shape)
        assert not broken, f"{shape.name} {capability} seed {seed}: {broken}; {world.ledger}"
        for name, count in world.counts.items():
            sometimes[name] = sometimes.get(name, 0) + count
    wanted = (
        {"touched"}
        if shape is KEPT_UP
        else {"refused", "repaired", "deleted", "posted"} | ({"built"} if shape is STAGED else set())
    )
    unreached = (wanted | {"kill", "freeze", "replaced", "fenced", "indefinite", "late"}) - {
        n for n, c in sometimes.items() if c >= 5
    }
    assert not unreached, f"faults that were never played: {unreached}"


@pytest.mark.parametrize(("shape", "capability", "mutation"), OF_SHAPES, ids=lambda one: str(getattr(one, "name", one)))
def test_a_broken_protocol_of_batch_or_update_is_caught(shape: Shape, capability: Capability, mutation: Mutation) -> None:
    for seed in range(10_000):
        if run(seed, capability, mutation, shape)[0]:
            return
    pytest.fail(f"{mutation.name} survived")


@pytest.mark.parametrize("mutation", MUTANTS, ids=lambda mutation: mutation.name)
def test_a_broken_protocol_is_caught(mutation: Mutation) -> None:
    classes = (Capability.C4,) if mutation.name == "wait_without_v_max" else (Capability.C3,)
    for capability in classes:
        for seed in range(10_000):
            if run(seed, capability, mutation)[0]:
                return
    pytest.fail(f"{mutation.name} survived")


def test_an_unlimited_freeze_posts_twice_where_the_system_has_no_uniqueness() -> None:
    """Stated in docs/guarantees.md: detected, not prevented, for C3 and C4; impossible for C1."""
    assert any(run(seed, Capability.C3, UNBOUNDED)[0] == "DOUBLE" for seed in range(2_000))
    assert not any(run(seed, Capability.C1, UNBOUNDED)[0] for seed in range(2_000))
