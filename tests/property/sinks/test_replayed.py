"""What the campaign says of a replay: which changes of the books it allows, and which it calls a violation."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from systems.contract import Capability
from tests.property.sinks.campaign import seams
from tests.property.sinks.campaign.declared import SHAPES, Choice
from tests.property.sinks.campaign.erp import ErpDocument
from tests.property.sinks.campaign.replays import books, replayed
from tests.property.sinks.campaign.source import Doc
from tests.property.sinks.campaign.world import World

KEPT_UP = next(shape for shape in SHAPES if shape.kept_up)


@pytest.fixture
def world() -> Iterator[World]:
    """A customer that is kept up to date: the ERP has 100, the newest version is 7."""
    with seams.installed():
        made = World(1, Capability.C4, [KEPT_UP])
        made.connects("acme", Choice())
        doc = Doc("customer", "acme", "k1", kept_up=True)
        made.adds(doc)
        doc.changes_to("plain", Decimal(100))
        erp, ref = made.erps["acme"], doc.commands(1)[0][1]["ref"]
        erp.by_ref[ref] = [ErpDocument("D1", "customer", ref, Decimal(0), doc.content, "k1", 0.0, ("upsert",))]
        made.ledger[doc.op_key()] = {"op_key": doc.op_key(), "ref": ref, "action": "upsert", "state": "POSTED", "reason": ""}
        doc.changes_to("plain", Decimal(7))
        yield made
        made.end()


def after_the_replay(world: World, content: str, state: str, lost: str = "ledger", more: int = 0) -> list[str]:
    """What is said when the customer was in this state before the replay, and the ERP has this content after it."""
    before, doc = books(world), world.docs[0]
    kept = next(iter(world.erps["acme"].by_ref.values()))
    kept[0].content = content
    kept += [kept[0]] * more
    replayed(world, before, {doc.op_key(): state}, lost)
    return [name for name, _ in world.judge.found]


def test_a_master_whose_newest_version_was_refused_may_be_brought_to_it_when_the_ledger_was_lost(world: World) -> None:
    """Class C4, seed 103154 of 2026-11-28: the refusal was lost with the ledger, so the newest version was tried again and taken."""
    assert after_the_replay(world, "c7", "HELD") == []


@pytest.mark.parametrize(
    ("content", "state", "lost", "more"),
    [
        ("c120", "HELD", "ledger", 0),  # not its newest version
        ("c7", "POSTED", "ledger", 0),  # it was in place: nothing was left to do
        ("c7", "SUPERSEDED", "all", 0),  # it was given up
        ("c7", "HELD", "", 0),  # the ledger knows that it is held
        ("c7", "HELD", "results", 1),  # one document more
    ],
)  # fmt: skip
def test_any_other_change_of_a_master_by_a_replay_is_a_violation(
    world: World, content: str, state: str, lost: str, more: int
) -> None:
    assert after_the_replay(world, content, state, lost, more) == ["REPLAY"]
