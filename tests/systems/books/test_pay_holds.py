"""A bill that is not to be paid: its hold is set and lifted in the ERP whenever the source says so, and is on a list where it cannot be. Through
the mapping, the real sink and writer, and the company of the ERP (accounting.md 29)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.sinks import consume
from tests.property.books.world import World
from tests.systems import field_service
from tests.systems.books.test_bad_corrections import TODAY, UNIT


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A connection whose masters are on both sides."""
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    made = World(tmp_path)
    await made.source.reads()
    await made.all_arrives()
    yield made
    made.close()


async def told(world: World, *, do_not_pay: bool, version: int, **more: Any) -> None:
    """A version of the bill comes and is worked."""
    about = {"source_version": f"2026-03-10T12:00:{version:02d}.0000000Z", "bill_date": TODAY, "vendor_id": _vendor(world), **UNIT}
    world.canonical(field_service.bill(do_not_pay=do_not_pay, **{**about, **more}))
    await world.works()


def _vendor(world: World) -> str:
    return str(world.source.rows("vendors")[0]["id"])


async def approved(world: World) -> list[Any]:
    """Whether each bill of the ERP may be paid."""
    return [not one["pay_hold"] for one in await world.erp_documents("Bill")]


def states(world: World) -> list[tuple[str, str, str]]:
    """The ledger's entries about holds."""
    found = [one for one in world.sink.index.all() if "|pay_hold|" in one["op_key"]]
    return [(one["action"], one["state"], one["reason"]) for one in sorted(found, key=lambda one: one["op_key"])]


async def test_a_hold_is_set_lifted_and_set_again_after_the_bill_was_posted(world: World) -> None:
    await told(world, do_not_pay=False, version=1)
    assert (await approved(world), states(world)) == ([True], [])
    for version, do_not_pay in enumerate([True, False, True, True, False], start=2):
        await told(world, do_not_pay=do_not_pay, version=version)
        assert await approved(world) == [not do_not_pay], (version, world.told())
    assert not world.sink.held(), world.told()
    assert len(await world.erp_documents("Bill")) == 1, "the bill itself is not touched"


async def test_a_bill_that_comes_with_its_hold_is_created_with_it_and_the_hold_is_lifted_later(world: World) -> None:
    await told(world, do_not_pay=True, version=1)
    assert await approved(world) == [False]
    await told(world, do_not_pay=False, version=2)
    assert await approved(world) == [True]
    assert not world.sink.held()


async def test_a_hold_of_a_bill_that_is_paid_is_on_the_list_by_name(world: World) -> None:
    await told(world, do_not_pay=False, version=1)
    (bill,) = await world.erp_documents("Bill")
    await world.erp.asks("checks", {"number": bill["number"], "amount": bill["balance"]})
    await told(world, do_not_pay=True, version=2)
    assert list(world.sink.held().values()) == [("paid", Decimal(0))], world.told()
    await told(world, do_not_pay=False, version=3)
    assert not world.sink.held(), "the source lifted it"


async def test_what_is_written_anew_keeps_the_hold_and_its_lift_reaches_the_new_bill(world: World) -> None:
    await told(world, do_not_pay=True, version=1)
    lines = [field_service.bill_line("99.00")]
    changed = {"lines": lines, "subtotal": Decimal("99.00"), "total": Decimal("99.00"), "fingerprint": "changed"}
    await told(world, do_not_pay=True, version=2, **changed)
    bills = [one for one in await world.erp_documents("Bill") if one["type"] == "Bill"]
    assert [(one["amount"], one["balance"]) for one in bills] == [("80.00", "0.00"), ("99.00", "99.00")], world.told()
    assert bills[1]["pay_hold"]
    await told(world, do_not_pay=False, version=3, **changed)
    bills = [one for one in await world.erp_documents("Bill") if one["type"] == "Bill"]
    assert not bills[1]["pay_hold"], world.told()


async def test_a_posted_bill_that_is_not_reconciled_any_more_is_on_hold_until_it_is(world: World) -> None:
    await told(world, do_not_pay=False, version=1)
    for version, state in enumerate(["Discrepancy", "Reconciled", "Unreconciled", "Reconciled"], start=2):
        await told(world, do_not_pay=False, version=version, reconciliation=state)
        assert await approved(world) == [state == "Reconciled"], world.told()
    assert (len(await approved(world)), world.sink.held()) == (1, {})


async def test_a_bill_that_is_not_reconciled_yet_waits_and_its_hold_with_it(world: World) -> None:
    await told(world, do_not_pay=False, version=1, reconciliation="Unreconciled")
    assert (await approved(world), world.sink.held()) == ([], {})
    await world.sink.passes(30 * 3600.0, step=1800.0)
    assert [state for _, state, _ in states(world)] == ["WAITING"], "a hold of nothing is nobody's work"
    await told(world, do_not_pay=False, version=2, reconciliation="Reconciled")
    assert await approved(world) == [True], world.told()
    assert states(world) == [("apply", "SUPERSEDED", "made_no_more")]


async def test_a_bill_that_is_cancelled_before_it_is_reconciled_leaves_nothing_waiting(world: World) -> None:
    await told(world, do_not_pay=True, version=1, reconciliation="Unreconciled")
    await told(world, do_not_pay=True, version=2, reconciliation="Canceled", canceled_on=datetime(2026, 3, 11, tzinfo=UTC))
    assert ({state for _, state, _ in states(world)}, world.sink.held()) == ({"SUPERSEDED"}, {}), world.told()
