"""Purchase orders of an ERP in the field-service system: the suite's own functions over them, and the way of an order there and of its receipt
back. The ERP is the toy, so that this holds whichever ERP of the registry orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from systems import registry
from systems.contract import System
from tests.contract import examples, test_batches, test_cuts, test_examples, test_exchanges, test_refs, test_sockets, test_writes
from tests.contract.conftest import Declare
from tests.contract.registered import ways
from tests.contract.toyerp import FLOWS, WRITES, with_receipts

WAY, STEP = "purchase_order", "write"
ORDERS = [name for name in examples.names(registry.FIELD_SERVICE, "canonical") if name.startswith(f"{WAY}.")]


@pytest.fixture
def side(declared: Declare) -> System:
    """The field-service side of a connection to an ERP that orders."""
    declared(flows=FLOWS, writes=WRITES, to_commands=with_receipts)
    return registry.system(registry.FIELD_SERVICE)


@pytest.mark.parametrize("example", ORDERS)
def test_an_order_becomes_the_command_of_its_example(side: System, example: str) -> None:
    test_examples.check_canonical_example(side, example)


async def test_its_writes_pass_every_class_of_answer(side: System, tmp_path: Path) -> None:
    await test_writes.check_classes_of_answers(side, WAY, STEP, tmp_path / "1")
    await test_writes.check_own_answers(side, WAY, STEP, tmp_path / "2")
    await test_writes.check_lies(side, WAY, STEP, tmp_path / "3")
    await test_writes.check_tokens_run_out_between_steps(side, WAY, tmp_path / "4")


async def test_every_example_that_nothing_holds_is_written(side: System, tmp_path: Path) -> None:
    await test_writes.check_examples_are_written(side, tmp_path)


async def test_its_writes_pass_every_cut(side: System, tmp_path: Path) -> None:
    assert await test_cuts.check_no_cut_is_a_yes(side, WAY, STEP, tmp_path / "1") > 200
    assert await test_cuts.check_a_cut_write_is_found(side, WAY, test_cuts.COARSE, tmp_path / "2") > 20
    await test_sockets.check_real_cuts(side, WAY, tmp_path / "3")


async def test_its_refs_survive(side: System, tmp_path: Path) -> None:
    await test_refs.check_steps_are_resumed(side, WAY, STEP, tmp_path / "1")
    await test_refs.check_only_ours_is_found(side, WAY, tmp_path / "2")
    await test_refs.check_parties_are_quoted(side, WAY, tmp_path / "3")
    await test_refs.check_suspects(side, tmp_path / "4")


async def test_it_is_compared_and_brought_up_to_date(side: System, tmp_path: Path) -> None:
    await test_batches.check_a_master_is_kept_up(side, WAY, tmp_path / "1")
    await test_batches.check_a_newer_version_goes_through_the_protocol(side, WAY, tmp_path / "2")


async def test_it_asks_what_the_vendors_documents_describe(side: System, tmp_path: Path) -> None:
    await test_exchanges.check_writes(side, [WAY], tmp_path)


def test_it_is_declared_honestly(side: System) -> None:
    write = ways(side)[WAY]
    assert (write.capability, write.updates, write.v_max.total_seconds() > 0) == ("C4", True, True)
    assert json.loads(examples.text(side.name, "purchase_order.of_the_erp", "commands"))[0]["amount"] == "237.7"
