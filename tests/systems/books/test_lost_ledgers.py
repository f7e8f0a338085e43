"""Ledger and results are lost and every command is read again: what the books of the ERP keep is found there. Through both hops, the real sink and
writer, and the company of the ERP."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.sinks import consume
from tests.property.books.world import World


async def applied_and_taken_off(world: World) -> dict[str, Any]:
    """An invoice that was paid, and at the source is not settled by its payment any more; both versions came to rest."""
    await world.source.reads()
    await world.all_arrives()
    sold = await world.source.does(
        "book_job", location=world.source.rows("locations")[0]["id"], business_unit=901, date="2026-03-02"
    )
    await world.source.does("add_items", invoice=sold["invoice"], items=[{"sku": "SVC-TUNE"}])
    await world.source.does("complete_job", job=sold["job"])
    await world.source.does("post", invoices=[sold["invoice"]])
    splits = [{"invoice": sold["invoice"], "share": "1"}]
    paid = await world.source.does("pay", type="Check", invoices=splits, date="2026-03-02")
    await world.source.does("post_payments", payments=[paid["payment"]])
    await world.all_arrives()
    await world.source.does("unapply", payment=paid["payment"], invoice=sold["invoice"])
    await world.all_arrives()
    return {key: (entry["state"], entry["reason"], entry["amount"]) for key, entry in _applications(world).items()}


def _applications(world: World) -> dict[str, Any]:
    return {one["op_key"].split("|", 4)[-1]: one for one in world.sink.index.all() if "|apply" in one["op_key"]}


@pytest.mark.parametrize("lost", ["everything", "ledger and results"])
async def test_an_application_that_could_not_be_taken_off_is_found_by_its_payment_and_is_on_the_list_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """It was looked up before its payment and its invoice were: without their ids it cannot be found, and it was given up though it was there."""
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    world = World(tmp_path)
    before = await applied_and_taken_off(world)
    assert {state for state, _, _ in before.values()} == {"POSTED", "HELD"}
    world.sink.lose_all() if lost == "everything" else world.sink.lose(results=True)
    await world.works()
    after = _applications(world)
    assert {key: (one["state"], one["reason"], one["amount"]) for key, one in after.items()} == {
        key: ("ADOPTED" if state == "POSTED" else state, reason, amount) for key, (state, reason, amount) in before.items()
    }
    assert [one["amount"] for one in after.values() if one["state"] == "HELD"] == [Decimal("-179.00")]
    found, unexplained = await world.compared()
    world.close()
    assert (found.notes, unexplained) == ([], [])


async def test_an_application_that_was_taken_off_is_given_up_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    world = World(tmp_path, "oracle_fusion")
    before = await applied_and_taken_off(world)
    assert {state for state, _, _ in before.values()} == {"POSTED"}
    sent = world.erp.wire.sent
    world.sink.lose_all()
    await world.works()
    assert [(one["state"], one["reason"]) for one in _applications(world).values()] == [("SUPERSEDED", "made_no_more")]
    found, unexplained = await world.compared()
    world.close()
    assert (found.notes, unexplained) == ([], [])
    assert world.erp.wire.sent > sent
