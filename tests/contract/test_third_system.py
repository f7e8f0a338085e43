"""A third system, registered for a test: the suite's own functions run over it, so that the suite is not the shape of the first ERP."""

from __future__ import annotations

import json
from pathlib import Path

from systems.contract import Role, System
from tests.contract import (
    examples,
    test_cuts,
    test_declarations,
    test_examples,
    test_exchanges,
    test_refs,
    test_sockets,
    test_writes,
)
from tests.contract.examples import connected
from tests.contract.ground import opened


def test_its_declaration_is_judged(toy: System, tmp_path: Path) -> None:
    for check in (
        test_declarations.check_settings,
        test_declarations.check_feeds,
        test_declarations.check_writes,
        test_declarations.check_flows,
    ):
        check(toy)
    test_declarations.check_simulator(toy, tmp_path)


def test_its_examples_are_judged(toy: System) -> None:
    name = "bill.of_a_vendor"
    record = examples.canonical(toy.name, name)
    (found,) = toy.to_commands("bill", record, test_examples.joined(toy).plan)
    assert json.loads(json.dumps(examples.drafted(found)))["amount"] == "336.75"
    test_examples.check_draft(toy, found, record)


async def test_its_writes_pass_every_class_of_answer(toy: System, tmp_path: Path) -> None:
    await test_writes.check_classes_of_answers(toy, "ap_bill", "post", tmp_path / "1")
    await test_writes.check_own_answers(toy, "ap_bill", "post", tmp_path / "2")
    await test_writes.check_lies(toy, "ap_bill", "post", tmp_path / "3")
    await test_writes.check_examples_are_written(toy, tmp_path / "4")


async def test_its_writes_pass_every_cut(toy: System, tmp_path: Path) -> None:
    assert await test_cuts.check_no_cut_is_a_yes(toy, "ap_bill", "post", tmp_path / "1") > 20
    assert await test_cuts.check_a_cut_write_is_found(toy, "ap_bill", (1, 0), tmp_path / "2") > 20
    await test_sockets.check_real_cuts(toy, "ap_bill", tmp_path / "3")


async def test_its_refs_survive(toy: System, tmp_path: Path) -> None:
    await test_refs.check_steps_are_resumed(toy, "ap_bill", "post", tmp_path / "1")
    await test_refs.check_only_ours_is_found(toy, "ap_bill", tmp_path / "2")
    await test_refs.check_parties_are_quoted(toy, "ap_bill", tmp_path / "3")
    await test_refs.check_suspects(toy, tmp_path / "4")


async def test_it_is_checked_and_read(toy: System, tmp_path: Path) -> None:
    await test_exchanges.check_every_feed_is_read(toy, tmp_path / "1")
    async with opened(toy, tmp_path / "2", Role.CHECK) as (entered, _):
        assert [one.level for one in await toy.open_checker(entered).check(connected(toy).crosswalk)] == ["ok"]
