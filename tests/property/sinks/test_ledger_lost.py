"""A ledger is lost while a document is on its way or is hidden: what may have been written is known before anything is written or given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from systems.contract import Answer, Capability, Found, ResolvedCommand, Verdict
from tests.property.sinks.campaign import declared, seams
from tests.property.sinks.campaign.declared import P_MAX_S, PLAIN, REQUEST_S, STAGED, V_MAX_S, Choice, Shape
from tests.property.sinks.campaign.schedule import loses
from tests.property.sinks.campaign.source import Doc
from tests.property.sinks.campaign.world import World


@pytest.fixture
def worlds() -> Iterator[list[World]]:
    """Worlds that were made; they are ended behind the test."""
    made: list[World] = []
    with seams.installed():
        yield made
        for world in made:
            world.end()


def world_of(worlds: list[World], capability: Capability, shape: Shape, documents_per_hour: int = 10_000) -> World:
    """One connection, whose system does what it is asked, and whose batch does nothing by itself."""
    world = World(1, capability, [shape])
    seams.into(world)
    worlds.append(world)
    world.connects("acme", Choice(documents_per_hour=documents_per_hour))
    erp = world.erps["acme"]
    erp.faulty, erp.batch = False, lambda _: None
    return world


def told(world: World, doc: Doc, state: str, amount: int | None = None) -> None:
    doc.changes_to(state, Decimal(amount) if amount is not None else None)
    world.tells(doc)


def passes(world: World, seconds: float) -> None:
    world.timeline.run(world.now + seconds, world.moves)


def ledger_is_lost(world: World, lost: str = "ledger") -> None:
    """With the process, or with the results, too (`lost` = results); the next one starts at once."""
    for process in world.processes:
        process.kill()
        world.group.kicks(process.log, again=False)
    loses(world, lost)
    world.starts()


def hidden_at_the_next_look_up(world: World) -> None:
    """The batch begins to build what is staged right before the next look-up, and hides it for as long as it may."""
    erp = world.erps["acme"]
    real = erp.shown

    def shown(resolved: ResolvedCommand) -> Found:
        del erp.shown
        for kept in erp.documents:
            kept.hidden_until = world.now + V_MAX_S - 0.001
        return real(resolved)

    erp.shown = shown  # type: ignore[method-assign]


def the_next_request_comes_as_late_as_it_may(world: World) -> None:
    """Its answer is lost, and the system carries it out as long after that as its declaration allows."""
    erp = world.erps["acme"]

    def request(*about: Any) -> tuple[float, Callable[[], Answer]]:
        del erp.request
        world.later(REQUEST_S + P_MAX_S, lambda: erp.unheard(*about))
        return REQUEST_S, lambda: Answer(Verdict.AMBIGUOUS, words="no answer")

    erp.request = request  # type: ignore[method-assign, assignment]


def is_posted(world: World) -> None:
    """The batch has built and posted everything that it has."""
    for kept in world.erps["acme"].documents:
        kept.done |= dict.fromkeys(kept.steps, world.now)


def at_rest(world: World) -> list[tuple[str, str]]:
    """Until nothing is left to do: what is found wrong then."""
    world.quiet()
    passes(world, 30.0)
    is_posted(world)
    assert world.drains()
    world.judge.at_rest("ledger")
    return world.judge.found


NEWER = {"": [Decimal(100)], "plain": [Decimal(100)], "void": [Decimal(100)], "unposted": [Decimal(100)]}


@pytest.mark.parametrize("newer", NEWER)
def test_what_the_batch_hides_while_it_is_looked_up_is_not_written_again(worlds: list[World], newer: str) -> None:
    world, doc = world_of(worlds, Capability.C4, STAGED), Doc("invoice", "acme", "i1")
    world.adds(doc)
    told(world, doc, "plain", 100)
    world.starts()
    passes(world, 1.0)
    assert world.ledger[doc.op_key()]["steps_done"] == ["stage"]
    ledger_is_lost(world)
    hidden_at_the_next_look_up(world)
    passes(world, 2.0)
    if newer:
        told(world, doc, newer, 120 if newer == "plain" else None)
    passes(world, declared.settle_s(Capability.C4) + 2 * V_MAX_S)
    assert at_rest(world) == []
    assert [one.amount for one in world.erps["acme"].documents] == NEWER[newer]


@pytest.mark.parametrize("capability", [Capability.C3, Capability.C4])
@pytest.mark.parametrize("newer", ["", "plain", "void", "unposted", "zero"])
def test_what_was_not_written_is_written_once_as_the_newest_version_wants_it(
    worlds: list[World], newer: str, capability: Capability
) -> None:
    world, doc = world_of(worlds, capability, PLAIN), Doc("invoice", "acme", "i1")
    world.adds(doc)
    erp = world.erps["acme"]
    erp.faulty, erp.faults.no = True, 1.0
    told(world, doc, "plain", 100)
    world.starts()
    passes(world, 1.0)
    erp.faulty = False
    ledger_is_lost(world)
    passes(world, 2.0)
    if newer:
        told(world, doc, newer, 120 if newer == "plain" else None)
    assert at_rest(world) == []
    amounts = {"": [Decimal(100)], "plain": [Decimal(120)]}
    assert [one.amount for one in world.erps["acme"].documents] == amounts.get(newer, [])
    held = [entry["reason"] for entry in world.ledger.values() if entry["state"] == "HELD"]
    assert held == (["unposted"] if newer == "unposted" else [])


def test_what_is_not_mapped_is_held_for_that_and_written_once_it_is_mapped(worlds: list[World]) -> None:
    """A look-up of what is not mapped fails, and would be all that a person is told."""
    world, doc = world_of(worlds, Capability.C4, STAGED), Doc("invoice", "acme", "i1")
    world.adds(doc)
    doc.is_mapped = False
    told(world, doc, "plain", 100)
    world.starts()
    passes(world, 1.0)
    ledger_is_lost(world)
    passes(world, declared.settle_s(Capability.C4) + 1.0)
    assert world.ledger[doc.op_key()]["reason"] == "unmapped"
    assert at_rest(world) == []
    assert [one.amount for one in world.erps["acme"].documents] == [Decimal(100)]


@pytest.mark.parametrize("capability", [Capability.C3, Capability.C4])
def test_a_process_that_dies_before_the_settle_wait_is_over_leaves_it_to_the_next_one(
    worlds: list[World], capability: Capability
) -> None:
    """A request was on its way when the ledger was lost; the owner that rebuilt it died, and the next one saw nothing of a loss."""
    world = world_of(worlds, capability, PLAIN)
    erp, docs = world.erps["acme"], [Doc("invoice", "acme", f"i{number}") for number in range(2)]
    for doc in docs:
        world.adds(doc)
    told(world, docs[0], "plain", 7)
    world.starts()
    passes(world, 1.0)
    the_next_request_comes_as_late_as_it_may(world)
    told(world, docs[1], "plain", 100)
    while "request" in vars(erp):
        passes(world, 0.1)
    ledger_is_lost(world)
    passes(world, 2.0)
    world.processes[-1].kill()
    world.group.kicks(world.processes[-1].log, again=False)
    world.starts()
    passes(world, 20.0)
    assert at_rest(world) == []
    assert sorted(one.amount for one in erp.documents) == [Decimal(7), Decimal(100)]


TAKEN = Shape(takes_back=True)
TOLD: dict[str, tuple[tuple[str, int | None], ...]] = {
    "nothing, then void": (("zero", None), ("void", None)),
    "changed, then void": (("plain", 120), ("void", None)),
    "changed twice": (("plain", 120), ("plain", 90)),
    "changed and changed back": (("plain", 120), ("plain", 100)),
    "nothing, then as it was": (("zero", None), ("plain", 100)),
    "void, then as it was": (("void", None), ("plain", 100)),
    "void, then changed": (("void", None), ("plain", 120)),
    "void, as it was, void": (("void", None), ("plain", 100), ("void", None)),
    "changed twice, then void": (("plain", 120), ("plain", 90), ("void", None)),
}


@pytest.mark.parametrize("capability", [Capability.C1, Capability.C2, Capability.C3, Capability.C4])
@pytest.mark.parametrize(("versions", "written"), [(name, written) for name in TOLD for written in range(1, len(TOLD[name]) + 1)])
def test_what_took_a_document_back_before_everything_was_lost_is_not_done_again(
    worlds: list[World], versions: str, written: int, capability: Capability
) -> None:
    """Each version was written by itself, up to one after which ledger, results and offsets are lost; then all commands are read at once, and the
    newer ones end what the older ones would do."""
    world, doc = world_of(worlds, capability, TAKEN), Doc("invoice", "acme", "i1")
    world.adds(doc)
    told(world, doc, "plain", 100)
    world.starts()
    passes(world, declared.settle_s(capability) + 30.0)
    for at, (state, amount) in enumerate(TOLD[versions]):
        if at == written:
            world.processes[-1].kill()
            world.group.kicks(world.processes[-1].log, again=False)
        told(world, doc, state, amount)
        if at < written:
            passes(world, declared.settle_s(capability) + 30.0)
    for process in world.processes:
        process.kill()
        world.group.kicks(process.log, again=False)
    loses(world, "all")
    world.starts()
    world.quiet()
    passes(world, 30.0)
    assert world.drains()
    world.judge.at_rest("all")
    assert world.judge.found == []


@pytest.mark.parametrize("lost", ["ledger", "results"])
@pytest.mark.parametrize("shape", [PLAIN, STAGED])
def test_what_the_lost_ledger_wrote_in_the_hour_counts_under_the_ceiling(worlds: list[World], lost: str, shape: Shape) -> None:
    world = world_of(worlds, Capability.C4, shape, documents_per_hour=3)
    docs = [Doc("invoice", "acme", f"i{number}") for number in range(5)]
    for doc in docs:
        world.adds(doc)
    for doc in docs[:2]:
        told(world, doc, "plain", 100)
    world.starts()
    passes(world, 1.0)
    is_posted(world)
    passes(world, 60.0)
    ledger_is_lost(world, lost)
    passes(world, 1.0)
    for doc in docs[2:]:
        told(world, doc, "plain", 100)
    passes(world, declared.settle_s(Capability.C4) + 20.0)
    is_posted(world)
    passes(world, 60.0)
    assert len(world.erps["acme"].documents) == 3
    assert [entry["reason"] for entry in world.ledger.values()].count("ceiling") >= 2
    world.controls_that("acme", "resume")
    assert at_rest(world) == []
    assert len(world.erps["acme"].documents) == 5


def test_an_hour_after_its_command_came_what_a_lost_ledger_may_have_written_counts_no_more(worlds: list[World]) -> None:
    world = world_of(worlds, Capability.C4, PLAIN, documents_per_hour=1)
    docs = [Doc("invoice", "acme", f"i{number}") for number in range(2)]
    for doc in docs:
        world.adds(doc)
    told(world, docs[0], "plain", 100)
    world.starts()
    passes(world, 3_700.0)
    ledger_is_lost(world, "results")
    passes(world, 1.0)
    told(world, docs[1], "plain", 100)
    passes(world, declared.settle_s(Capability.C4) + 20.0)
    assert sorted(entry["state"] for entry in world.ledger.values()) == ["ADOPTED", "POSTED"]
