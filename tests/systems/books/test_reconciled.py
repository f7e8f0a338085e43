"""`reconcile` of both sides after corrections, in flows whose documents are of several kinds: all is explained. Through both hops, the real
sink, writer and reader, and the company of the ERP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.reconcile.findings import Judged
from console.reconcile.reading import compared
from services.sinks import consume
from tests.property.books.world import World
from topology.configuration import Snapshot

LABOR = {"sku": "SVC-HOUR"}
"""Sold for 145.00, at a cost of 52.00."""


@asynccontextmanager
async def opened(folder: Path, erp: str) -> AsyncIterator[World]:
    """A connection whose masters are on both sides."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consume, "RETAKE_S", 0.0)
        world = World(folder, erp)
        await world.source.reads()
        await world.all_arrives()
        yield world
        world.close()


async def sold(world: World, **item: Any) -> int:
    """The invoice of a job, posted and written."""
    place = world.source.rows("locations")[0]["id"]
    made = await world.source.does("book_job", location=place, business_unit=901, date="2026-03-02")
    await world.source.does("add_items", invoice=made["invoice"], items=[{**LABOR, **item}])
    await world.source.does("complete_job", job=made["job"])
    await world.source.does("post", invoices=[made["invoice"]])
    await world.all_arrives()
    return int(made["invoice"])


async def adjusted(world: World, invoice: int) -> int:
    """An hour of it taken back at the source, posted and written."""
    made = await world.source.does("adjust", invoice=invoice, items=[{**LABOR, "quantity": "-1"}], date="2026-03-03")
    await world.source.does("post", invoices=[made["invoice"]])
    await world.all_arrives()
    return int(made["invoice"])


async def judged(world: World) -> dict[tuple[str, str], Judged]:
    """What is found of each object, by flow and number; nothing of it is unexplained."""
    await world.all_arrives()
    found, unexplained = await world.compared()
    assert (found.notes, unexplained) == ([], [])
    told = compared(world.topics, Snapshot({"acme": world.connected}), "acme").judged
    return {(one.flow, one.number): one for one in told}


async def voided(world: World, invoice: int) -> None:
    await world.source.does("void", invoice=invoice, unapply=True)


async def nothing(world: World, invoice: int) -> None:
    """It stays as it is."""


async def more_of_it(world: World, invoice: int) -> None:
    await world.source.does("unpost", invoices=[invoice])
    await world.source.does("add_items", invoice=invoice, items=[{**LABOR, "quantity": "-2"}], replace=True)
    await world.source.does("post", invoices=[invoice])


async def test_a_sale_and_its_costs_that_are_voided_are_reversed_in_a_flow_each(tmp_path: Path) -> None:
    """The reversal of the sale counted in the flow of the costs, and the vendor credit as a bill: 56.50 were left of nothing."""
    async with opened(tmp_path, "netsuite") as world:
        await voided(world, await sold(world))
        found = await judged(world)
    assert {flow: sorted(amount for _, amount in one.erp) for (flow, _), one in found.items()} == {
        "N1": [Decimal("-52.00"), Decimal("52.00")],
        "N1S": [Decimal("-145.00"), Decimal("145.00")],
    }


@pytest.mark.parametrize(("then", "left"), [(nothing, "-52.00"), (voided, "0.00"), (more_of_it, "-104.00")])
async def test_costs_that_are_taken_back_are_a_vendor_credit_of_less_than_nothing(
    tmp_path: Path, then: Callable[[World, int], Any], left: str
) -> None:
    async with opened(tmp_path, "netsuite") as world:
        taken = await adjusted(world, await sold(world, quantity="3"))
        await then(world, taken)
        found = await judged(world)
    one = found[("N1", "100001-1")]
    assert sum(amount for _, amount in one.erp) == Decimal(left)
    assert [finding.difference for finding in one.findings if finding.difference] == []


async def test_what_is_dated_before_the_cutover_after_it_was_reversed_is_no_difference(tmp_path: Path) -> None:
    async with opened(tmp_path, "oracle_fusion") as world:
        invoice = await sold(world)
        await world.source.does("unpost", invoices=[invoice])
        await world.source.does("edit_invoice", invoice=invoice, date="2026-02-20")
        found = await judged(world)
    one = found[("F4", "100001")]
    assert [(finding.kind, finding.amount) for finding in one.findings] == [("before_cutover", Decimal("145.00"))]
    assert sum(amount for _, amount in one.erp) == 0
