"""Ledger and results are lost and every command is read again: what the books of the ERP keep is found there. Through both hops, the real sink and
writer, and the company of the ERP."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.sinks import consume
from tests.property.books.world import World

_BOOKS = {"oracle_fusion": ("receivablesInvoices", "standardReceipts"), "netsuite": ("invoice", "customerPayment")}
"""What an ERP keeps of the two documents."""


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


async def test_an_application_that_could_not_be_taken_off_is_found_by_its_payment_and_is_on_the_list_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was looked up before its payment and its invoice were: without their ids it cannot be found, and it was given up though it was there."""
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    world = World(tmp_path)
    before = await applied_and_taken_off(world)
    assert {state for state, _, _ in before.values()} == {"POSTED", "HELD"}
    await world.loses("all")
    after = _applications(world)
    assert {key: (one["state"], one["reason"], one["amount"]) for key, one in after.items()} == {
        key: ("ADOPTED" if state == "POSTED" else state, reason, amount) for key, (state, reason, amount) in before.items()
    }
    assert [one["amount"] for one in after.values() if one["state"] == "HELD"] == [Decimal("-179.00")]
    found, unexplained = await world.compared()
    world.close()
    assert (found.notes, unexplained) == ([], [])


@pytest.mark.parametrize("erp", ["acumatica", "oracle_fusion"])
async def test_where_the_offsets_are_kept_an_application_that_is_wanted_no_more_is_a_persons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, erp: str
) -> None:
    """It may be there (as in Acumatica) or be taken off (as in Oracle Fusion), as any part whose set changed. It was given up."""
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    world = World(tmp_path, erp)
    await applied_and_taken_off(world)
    await world.loses("results")
    (application,) = _applications(world).values()
    assert (application["state"], application["reason"], application["amount"]) == ("HELD", "changed_after_post", Decimal("179.00"))
    assert f"reverse {application['ref']} if it is there" in application["detail"]
    found, unexplained = await world.compared()
    world.close()
    assert (found.notes, unexplained) == ([], [])


@pytest.mark.parametrize("erp", _BOOKS)
async def test_an_application_that_was_taken_off_is_given_up_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, erp: str
) -> None:
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    world = World(tmp_path, erp)
    before = await applied_and_taken_off(world)
    assert {state for state, _, _ in before.values()} == {"POSTED"}
    kept = [await world.erp_documents(kind) for kind in _BOOKS[erp]]
    await world.loses("all")
    assert [(one["state"], one["reason"]) for one in _applications(world).values()] == [("SUPERSEDED", "made_no_more")]
    assert [await world.erp_documents(kind) for kind in _BOOKS[erp]] == kept
    found, unexplained = await world.compared()
    world.close()
    assert (found.notes, unexplained) == ([], [])


async def paid_ahead_and_applied(world: World, days_later: int = 0) -> dict[str, int]:
    """A payment of the day before its invoice, applied to it: at once, or so many days later."""
    await world.source.reads()
    place = world.source.rows("locations")[0]
    taken = {"customer": place["customerId"], "business_unit": 901, "amount": "179.00", "date": "2026-03-02"}
    paid = await world.source.does("pay", type="ACH", **taken)
    await world.source.does("post_payments", payments=[paid["payment"]])
    sold = await world.source.does("book_job", location=place["id"], business_unit=901, date="2026-03-03")
    await world.source.does("add_items", invoice=sold["invoice"], items=[{"sku": "SVC-TUNE"}])
    await world.source.does("complete_job", job=sold["job"])
    await world.source.does("post", invoices=[sold["invoice"]])
    await world.all_arrives()
    world.clock.moves(days_later * 86_400.0)
    splits = {"payment": paid["payment"], "invoice": sold["invoice"]}
    await world.source.does("apply", **splits)
    await world.all_arrives()
    return splits


@pytest.mark.parametrize("lost", ["", "ledger", "results", "all"])
async def test_an_application_of_a_day_before_its_invoice_is_posted_explained_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """Acumatica refused to release the application of a deposit that was dated before its invoice, and kept the row; it was held with 179.00. Its
    payment shows the invoice's day, which the source does not have."""
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    world = World(tmp_path)
    splits = await paid_ahead_and_applied(world)
    assert [(one["state"], one["amount"]) for one in _applications(world).values()] == [("POSTED", Decimal("179.00"))]
    found, unexplained = await world.compared()
    assert (found.notes, unexplained) == ([], [])
    await world.source.does("unapply", **splits)
    await world.all_arrives()
    if lost:
        await world.loses(lost)
    found, unexplained = await world.compared()
    world.close()
    assert (found.notes, unexplained) == ([], [])


@pytest.mark.parametrize("lost", ["", "ledger", "results", "all"])
async def test_a_payment_that_an_application_dated_keeps_that_day_when_the_source_takes_it_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    world = World(tmp_path)
    splits = await paid_ahead_and_applied(world, days_later=1)
    assert [one["state"] for one in _applications(world).values()] == ["POSTED"]
    found, unexplained = await world.compared()
    assert (found.notes, unexplained) == ([], [])
    await world.source.does("unapply", **splits)
    await world.all_arrives()
    if lost:
        await world.loses(lost)
    found, unexplained = await world.compared()
    world.close()
    assert (found.notes, unexplained) == ([], [])
