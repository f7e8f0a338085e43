"""A partition is taken and given back: what came while nobody owned it or while it was taken up, and how far it is committed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from systems.contract import Capability
from tests.property.sinks.campaign import seams
from tests.property.sinks.campaign.declared import PLAIN, Choice
from tests.property.sinks.campaign.people import junk, links
from tests.property.sinks.campaign.schedule import loses
from tests.property.sinks.campaign.source import Doc
from tests.property.sinks.campaign.world import World
from tests.property.sinks.consumed import Consumed
from tests.property.sinks.in_memory import Sink, install
from tests.property.sinks.scripted import bill, sink_of
from tests.property.sinks.vouchers import toy
from tests.toy import TARGET


def test_a_partition_that_is_given_back_in_order_is_committed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its offsets were asked for when its committer was closed already, and that counted as failed: everything since the last quarter of a
    second was read again by the next owner."""
    install(monkeypatch, toy())

    async def run() -> None:
        consumed = Consumed(monkeypatch, toy(), full=20)
        for number in range(3):
            consumed.command("ap_bill", bill(str(number), "5.00"))
        consumed.start()
        assert await consumed.until(
            lambda: len(consumed.ledger) == 3 and all(m.state == "POSTED" for m, _ in consumed.ledger.values())
        )
        given_back = await consumed.consuming.revoked([0])
        await consumed.stop()
        assert given_back[(f"command.{TARGET}", 0)] == 3

    asyncio.run(run())


def test_what_is_told_while_a_partition_is_taken_up_is_not_kept_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rebuild may take an hour; every link and decision of that time was kept in a list, although all of it can be looked up."""
    install(monkeypatch, toy())

    async def run() -> None:
        sink, _ = sink_of()
        sink.command("ap_bill", bill("1", "5.00"))
        sink.reads()
        await sink.passes(30)
        sink.lose(results=False)
        await sink.turns(20)
        assert not _is_open(sink)
        before = sink.remembered()
        for number in range(2000):
            sink.consuming.told("link", (TARGET, "acme", "invoice", str(number)))
            sink.consuming.told("settings", "acme")
        kept = sink.remembered() - before
        await sink.passes(120)
        assert _is_open(sink)
        sink.ends()
        assert kept < 20, f"{kept} elements are kept of 4000 that were told"

    asyncio.run(run())


def _is_open(sink: Sink) -> bool:
    return sink.owner.opened


# --- a pause that a sink decides --------------------------------------------------------------------------------------


def test_a_pause_that_was_never_recorded_is_lifted_when_the_partition_is_taken_anew(world: World) -> None:
    """Class C1, seed 301461 of 2026-11-29: the transaction with the pause failed. The documents waited for good for a resume of what
    `control` knew nothing of, and the list of pauses did not show it."""
    world.changes("acme", documents_per_hour=1)
    for number in range(3):
        doc = Doc("invoice", "acme", f"i{number}")
        world.adds(doc)
        doc.changes_to("plain")
        world.tells(doc)
    failed: list[int] = []

    def fails(number: int) -> str:
        """The first transaction after the sink paused the connection."""
        if failed or number < 0 or not world.processes[0].followed.paused(TARGET, "acme"):
            return ""
        failed.append(number)
        return "refused"

    world.cluster.fails = fails
    world.starts()
    world.timeline.run(30.0, world.moves)
    assert failed, "the transaction with the pause"
    invoices = [(entry["state"], entry["reason"]) for entry in world.ledger.values() if entry["record"] == "ar_invoice"]
    assert invoices == [("POSTED", ""), ("WAITING", "ceiling"), ("WAITING", "ceiling")]
    assert world.paused == {"acme"}, "the pause is in the log, where a person sees it"


# --- a master that a person matches -----------------------------------------------------------------------------------


@pytest.fixture
def world() -> Iterator[World]:
    """One customer; nobody runs yet."""
    with seams.installed():
        made = World(1, Capability.C3, [PLAIN])
        seams.into(made)
        made.connects("acme", Choice())
        doc = Doc("customer", "acme", "k1")
        made.adds(doc)
        doc.changes_to("plain")
        yield made
        made.end()


def _is_held(world: World, reason: str) -> None:
    if reason == "refused":
        world.erps["acme"].faults.reject = 1.0
    elif reason == "create_missing":
        world.changes("acme", create_missing=False)
    else:
        world.docs[0].size = 2_010_000
    world.tells(world.docs[0])
    world.starts()
    world.timeline.run(20.0, world.moves)
    assert _stands(world) == ("HELD", reason)


def _stands(world: World) -> tuple[str, str]:
    entry = world.ledger[world.docs[0].op_key()]
    return entry["state"], entry["reason"]


@pytest.mark.parametrize("reason", ["create_missing", "refused", "too_large"])
def test_a_held_master_that_is_matched_while_nobody_owns_it_is_ended_by_the_next_owner(world: World, reason: str) -> None:
    """Only one held because nothing may be created was looked at again; one that the ERP had refused stayed on the list for good, and one
    whose command is too large to be kept was called unreadable then (class C1, seed 1001748 of 2026-11-29)."""
    _is_held(world, reason)
    world.processes[0].kill()
    world.group.kicks(world.processes[0].log, again=False)
    links(world, world.docs[0], "M1")
    world.starts()
    world.timeline.run(40.0, world.moves)
    assert _stands(world) == ("UNCHANGED", "linked")
    assert world.judge.found == []


@pytest.mark.parametrize("reason", ["create_missing", "refused", "too_large"])
def test_a_master_that_is_matched_while_its_lost_ledger_is_rebuilt_is_ended_by_that(world: World, reason: str) -> None:
    _is_held(world, reason)
    world.processes[0].kill()
    world.group.kicks(world.processes[0].log, again=False)
    loses(world, "ledger")
    world.starts()
    world.timeline.run(22.0, world.moves)
    [held] = world.processes[1].consuming.held.values()  # type: ignore[union-attr]  # it runs
    assert not held.owner.opened
    links(world, world.docs[0], "M1")
    world.timeline.run(60.0, world.moves)
    assert _stands(world) == ("UNCHANGED", "linked")
    assert world.judge.found == []


# --- a ledger that is empty ------------------------------------------------------------------------------------------


def test_a_ledger_after_nothing_but_what_cannot_be_read_counts_as_lost() -> None:
    """Class C5, seed 2001955 of 2026-11-29: it cannot be told from a lost one, so what may have been written is a person's. The campaign
    judges such a schedule as one whose ledger was lost."""
    with seams.installed():
        world = World(1, Capability.C5, [PLAIN])
        seams.into(world)
        world.connects("acme", Choice())
        junk(world)
        world.starts()
        world.timeline.run(5.0, world.moves)
        assert world.cluster.offsets[(f"command.{TARGET}", 0)] == 1
        doc = Doc("invoice", "acme", "i1")
        world.adds(doc)
        doc.changes_to("plain")
        world.cluster.fails = lambda number: "" if world.rebuilt or number < 0 else "refused"
        world.tells(doc)
        world.timeline.run(60.0, world.moves)
        entry = world.ledger[doc.op_key()]
        found = world.judge.found
        world.end()
    assert (entry["state"], entry["reason"], world.rebuilt) == ("HELD", "unknown", True)
    assert found == []
