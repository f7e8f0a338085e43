"""Situations of documents in several parts, one by one: a vendor goes, comes, comes back, while vouchers wait or are written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

import pytest

from schemas.records import Control
from services.sinks import controls
from services.sinks.follow import ControlMessage
from tests.property.sinks.in_memory import install
from tests.property.sinks.vouchers import World, toy
from tests.toy import blank

DAILY = "daily 18:00"


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, toy())


def quiet(window: str = "immediate", sole: bool = False) -> World:
    """A world whose ERP does what it is asked."""
    world = World(1, refuses=0.0, window=window, sole=sole)
    world.erp.faulty = False
    return world


def played(*told: Mapping[str, str], world: World | None = None, at_once: bool = False) -> World:
    """Each mapping (line = vendor) is told; at rest in between, unless `at_once`."""
    made = world or quiet()

    async def run() -> None:
        for vendors in told:
            made.source.becomes(**vendors)
            made.tells()
            if not at_once:
                await made.sink.rest()
        await made.sink.rest()

    asyncio.run(run())
    return made


def held(world: World) -> dict[str, tuple[str, Decimal]]:
    return {name: (reason, amount) for name, (state, reason, amount) in world.states().items() if state == "HELD"}


def posted(world: World) -> list[str]:
    return sorted(voucher.lines for kept in world.erp.kept.values() for voucher in kept)


def test_a_vendor_that_vanishes_while_its_voucher_waits_gets_none() -> None:
    """Its voucher was posted at the window's opening, and its lines once more with those of the other vendor."""
    world = played({"a": "V", "b": "W"}, {"a": "W", "b": "W"}, world=quiet(DAILY), at_once=True)
    assert world.states()["V"][:2] == ("SUPERSEDED", "made_no_more")
    assert posted(world) == ["a=1 b=20"]


def test_it_is_looked_up_before_it_goes_and_what_keeps_that_from_being_done_is_no_fault_of_the_connection() -> None:
    world = quiet(DAILY)
    world.erp.unfindable = 2
    for vendors in ({"a": "V"}, {"b": "W"}):
        world.source.becomes(**vendors)
        world.tells()

    async def run() -> None:
        world.sink.take(2)
        await world.sink.turns(60)
        assert (world.erp.unfindable, world.states()["V"][:2]) == (1, ("WAITING", "window"))
        assert world.sink.owner.schedule.lanes["acme"].closed_for == ""
        assert world.sink.offset == 1, "the command that gives it up is read again by the next owner"
        await world.sink.rest()

    asyncio.run(run())
    assert (world.states()["V"][:2], posted(world)) == (("SUPERSEDED", "made_no_more"), ["b=20"])


def test_a_vendor_that_comes_back_gets_its_voucher() -> None:
    told = ({"a": "V", "b": "W"}, {"a": "W", "b": "W"}, {"a": "V", "b": "W"})
    assert posted(played(*told, world=quiet(DAILY), at_once=True)) == ["a=1", "b=20"]


def test_a_vendor_that_vanishes_after_its_voucher_was_written_is_held_beside_it_with_its_amount() -> None:
    world = played({"a": "V", "b": "W"}, {"a": "W", "b": "W"})
    assert held(world) == {"V correct 1": ("changed_after_post", Decimal(-1)), "W correct 1": ("changed_after_post", Decimal(1))}
    assert posted(world) == ["a=1", "b=20"]


def test_and_is_held_no_more_when_it_is_back() -> None:
    world = played({"a": "V"}, {"a": "W"}, {"a": "V"})
    assert (held(world), posted(world)) == ({}, ["a=1"])


def test_a_row_that_is_edited_in_force_posts_no_second_voucher_at_the_next_replay() -> None:
    """The cost was posted to the old vendor and, replayed, to the new one."""
    world = played({"a": "V"}, {"a": "W"})
    assert held(world) == {"V correct 1": ("changed_after_post", Decimal(-1)), "W": ("part_after_post", Decimal(1))}
    assert posted(world) == ["a=1"]


def test_a_line_for_a_new_vendor_after_another_was_written_is_held_by_name() -> None:
    world = played({"a": "V"}, {"a": "V", "b": "W"})
    assert held(world)["W"] == ("part_after_post", Decimal(20))
    assert posted(world) == ["a=1"]


def test_what_is_held_without_a_vendor_goes_when_its_sku_gets_one() -> None:
    """Both stood in the ledger, and a person had to skip the older one."""
    world = played({"a": ""}, {"a": "V"})
    assert world.states() == {"": ("SUPERSEDED", "made_no_more", Decimal(1)), "V": ("POSTED", "", Decimal(1))}


def test_what_a_person_skipped_is_not_posted_as_another_part() -> None:
    """It may have been entered by hand."""
    world = played({"a": ""})
    (op_key,) = world.sink.index.entries

    async def skipped() -> None:
        control = blank("connection.control") | {"connection": "acme", "action": "skip", "op_key": op_key}
        controls.decided(world.sink.owner, ControlMessage(cast("Control", control), 0, 0))
        await world.sink.rest()

    asyncio.run(skipped())
    played({"a": "V"}, world=world)
    assert (held(world), posted(world)) == ({"V": ("part_after_post", Decimal(1))}, [])


def test_a_part_that_was_refused_may_go_to_another_vendor_beside_one_that_is_written_as_wanted() -> None:
    world = quiet()
    world.erp.refuses = 1.0
    played({"b": "W", "a": "V"}, world=world)
    assert set(held(world)) == {"V", "W"}
    world.erp.refuses = 0.0
    played({"b": "X", "a": "V"}, world=world)
    assert world.states()["W"][:2] == ("SUPERSEDED", "made_no_more")
    assert posted(world) == ["b=20"], "what is refused keeps its hold while its content is the same"


def test_an_invoice_that_owes_nothing_any_more_takes_back_what_waits_and_holds_what_is_written() -> None:
    assert posted(played({"a": "V"}, {}, world=quiet(DAILY), at_once=True)) == []
    assert held(played({"a": "V"}, {})) == {"V correct 1": ("changed_after_post", Decimal(-1))}


def test_an_older_version_that_is_told_late_brings_no_part_back() -> None:
    """It is mapped again (`remap`) while the newer one is on its way."""
    world = quiet(DAILY)
    world.source.becomes(a="V", b="V")
    older = world.source.commands()
    world.source.becomes(c="W")
    world.tells()
    for record, command in older:
        world.sink.command(record, command)
    asyncio.run(world.sink.rest())
    assert posted(world) == ["c=300"]
    assert "V" not in world.states()


def test_nor_after_a_version_that_makes_no_part_again() -> None:
    world = quiet(DAILY)
    world.source.becomes()
    world.tells()
    world.source.becomes(a="V")
    older = world.source.commands()
    world.source.becomes()
    world.tells()
    for record, command in older:
        world.sink.command(record, command)
    asyncio.run(world.sink.rest())
    assert (posted(world), "V" in world.states()) == ([], False)


def test_a_part_whose_content_is_the_same_goes_on_with_the_newest_set() -> None:
    world = played({"a": "V", "b": "W", "c": "X"}, {"a": "W", "b": "W", "c": "X"}, world=quiet(DAILY), at_once=True)
    assert (held(world), posted(world)) == ({}, ["a=1 b=20", "c=300"])


@pytest.mark.parametrize(("window", "left"), [(DAILY, {}), ("immediate", {"V correct 1": ("changed_after_post", Decimal(-1))})])
def test_a_void_takes_back_the_parts_that_it_does_not_name(window: str, left: dict[str, tuple[str, Decimal]]) -> None:
    """The mapping had changed in between, and the voids named the new vendors only."""
    world = quiet(window)
    world.source.becomes(a="V")
    world.tells()

    async def run() -> None:
        if window != DAILY:
            await world.sink.rest()
        world.source.version += 1
        own = {"parts": {"W": "void"}, "hold": "void_not_built", "reverses": "unknown", "date": None, "reason": "voided"}
        world.sink.command("reversal", world.source.envelope("reversal", "W", "void", Decimal(1)) | own)
        await world.sink.rest()

    asyncio.run(run())
    assert held(world) == left, "what the void reverses was never written: it is on no list"
    assert posted(world) == ([] if window == DAILY else ["a=1"])


@pytest.mark.parametrize("results", [False, True], ids=["kept", "lost"])
def test_a_lost_ledger_takes_no_older_set_for_the_newest(results: bool) -> None:
    world = played({"a": "V", "b": "W"}, {"a": "V", "b": ""}, {"a": "V", "b": "W"})

    async def lost() -> None:
        world.sink.lose(results)
        await world.sink.rest(1)

    asyncio.run(lost())
    assert posted(world) == ["a=1", "b=20"]
    assert results or not held(world)
    assert not results or {reason for reason, _ in held(world).values()} == {"part_after_post", "changed_after_post"}


# --- documents without parts ------------------------------------------------------------------------------------------


def test_a_document_that_goes_to_nothing_before_it_is_written_is_not_written() -> None:
    """Also where both are taken in one batch, before the ledger knows of the first."""
    world = played({"a": ""}, {}, world=quiet(DAILY, sole=True), at_once=True)
    assert (posted(world), held(world)) == ([], {})
    assert world.states()[""][:2] == ("SUPERSEDED", "made_no_more")


def test_one_that_is_written_and_goes_to_nothing_is_held_with_its_amount_until_it_comes_back() -> None:
    world = played({"a": "", "b": ""}, {}, world=quiet(sole=True))
    assert held(world) == {"correct 1": ("changed_after_post", Decimal(-21))}
    [entry] = [one for one in world.sink.index.all() if one["state"] == "HELD"]
    assert entry["detail"] == "source 003 makes nothing of it (nothing), written is 21.0000 (POSTED D1)"
    assert held(played({"a": "", "b": ""}, world=world)) == {}
    assert held(played({"b": ""}, world=world)) == {"correct 1": ("changed_after_post", Decimal(-1))}
    assert posted(world) == ["a=1 b=20"]


def test_one_that_was_held_is_on_no_list_once_nothing_is_wanted_and_is_written_when_it_comes_back() -> None:
    world = quiet(sole=True)
    world.erp.refuses = 1.0
    assert set(held(played({"a": ""}, world=world))) == {""}
    assert held(played({}, world=world)) == {}
    world.erp.refuses = 0.0
    assert posted(played({"a": ""}, world=world)) == ["a=1"]


@pytest.mark.parametrize(("results", "left"), [(False, {"correct 1": Decimal(-1)}), (True, {"": Decimal(1)})])
def test_one_that_went_to_nothing_is_not_written_when_the_ledger_is_lost(results: bool, left: dict[str, Decimal]) -> None:
    """Without its result nobody knows whether it was written: a person looks."""
    world = played({"a": ""}, {}, world=quiet(sole=True))

    async def lost() -> None:
        world.sink.lose(results)
        await world.sink.rest(1)

    asyncio.run(lost())
    assert posted(world) == ["a=1"]
    assert held(world) == {name: ("changed_after_post", amount) for name, amount in left.items()}
