"""Documents that are corrected after they were corrected: each ends as the source has it, with nothing held. Through both hops, the real sink and
writer, and the company of the ERP (accounting.md 34)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.sinks import consume
from tests.property.books.world import World


@pytest.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A connection whose masters are on both sides."""
    monkeypatch.setattr(consume, "RETAKE_S", 0.0)
    made = World(tmp_path)
    await made.source.reads()
    await made.all_arrives()
    yield made
    made.close()


async def billed(world: World, amount: str) -> int:
    """A bill of the first vendor, posted and written."""
    vendor = world.source.rows("vendors")[0]["id"]
    members: dict[str, Any] = {"vendor": vendor, "business_unit": 901, "date": "2026-03-02"}
    made = await world.source.does("enter_bill", expenses=[{"amount": amount}], **members)
    await world.source.does("post_bills", bills=[made["bill"]])
    await world.all_arrives()
    return int(made["bill"])


async def changed(world: World, bill: int, amount: str) -> None:
    """The bill is of another amount, posted and written again."""
    await world.source.does("unpost_bills", bills=[bill])
    await world.source.does("change_bill", bill=bill, expenses=[{"amount": amount}])
    await world.source.does("post_bills", bills=[bill])
    await world.all_arrives()


@pytest.mark.parametrize(("then", "owed"), [("change", "80.00"), ("cancel", "0.00")])
async def test_a_bill_that_was_written_anew_is_taken_back_like_the_first_one(world: World, then: str, owed: str) -> None:
    """What reversed the first bill has the ref of the second one, and was taken for what reverses that: every further correction, and the
    cancellation, was held as a mismatch for good."""
    bill = await billed(world, "60.00")
    await changed(world, bill, "70.00")
    if then == "change":
        await changed(world, bill, "80.00")
    else:
        await world.source.does("cancel_bill", bill=bill)
        await world.all_arrives()
    assert world.sink.held() == {}
    found, unexplained = await world.compared()
    assert (found.notes, unexplained) == ([], [])
    assert [f"{one.erp:.2f}" for one in found.of["vendors"]] == [owed]
