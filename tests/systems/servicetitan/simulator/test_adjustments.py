"""Adjustments of stock: as the list and the export show them, canceled once, and a day of them that follows from its seed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.systems.servicetitan.simulator.test_corrections import refused
from tests.systems.servicetitan.simulator.test_day import played
from tests.systems.servicetitan.simulator.world import World, world

COUNTED = {
    "do": "adjust_stock",
    "location": 851,
    "items": [{"sku": "MAT-CAP", "quantity": "2"}, {"sku": "MAT-VALVE", "quantity": "-3"}],
}


async def test_an_adjustment_has_signed_lines_and_no_total(tenant: World) -> None:
    made = (await tenant.do(COUNTED | {"memo": "Shelf 3"}))[0]["adjustment"]
    [row] = (await tenant.get(f"inventory/adjustments?ids={made}"))["data"]
    assert (row["type"], row["inventoryLocationId"], row["businessUnitId"], row["dateCanceled"]) == ("Cycle Count", 851, None, None)
    told = [(one["code"], one["quantity"], one["cost"], one["totalCost"]) for one in row["items"]]
    assert told == [("MAT-CAP", 2, Decimal("21.35"), Decimal("42.70")), ("MAT-VALVE", -3, Decimal("14.22"), Decimal("-42.66"))]
    assert [name for name in row if "total" in name.lower()] == []
    exported = await tenant.get("inventory/export/adjustments?includeRecentChanges=true")
    assert exported["data"][-1] == row
    [held] = (await tenant.control("holdings?entity=adjustments"))["holdings"]
    assert (held["amount"], held["type"], held["canceled"]) == ("0.04", "Cycle Count", False)


async def test_a_list_is_asked_for_by_type_and_place(tenant: World) -> None:
    job = COUNTED | {"type": "Job", "location": 802, "business_unit": 901}
    first, second = [one["adjustment"] for one in await tenant.do(COUNTED, job)]

    async def found(query: str) -> list[int]:
        return [row["id"] for row in (await tenant.get(f"inventory/adjustments?{query}"))["data"]]

    assert await found("adjustmentTypes=Job") == [second]
    assert await found("inventoryLocationIds=851") == [first]
    assert await found("businessUnitIds=901") == [second]


async def test_an_adjustment_is_canceled_once(tenant: World) -> None:
    made = (await tenant.do(COUNTED))[0]["adjustment"]
    await tenant.do({"do": "cancel_adjustment", "adjustment": made, "reason": "Duplicate"})
    [row] = (await tenant.get(f"inventory/adjustments?ids={made}"))["data"]
    assert (row["canceledReason"], bool(row["dateCanceled"]), row["active"]) == ("Duplicate", True, True)
    assert "is canceled" in await refused(tenant, {"do": "cancel_adjustment", "adjustment": made})


@pytest.mark.parametrize(
    "wrong",
    [{"location": 999}, {"items": [{"sku": "NOTHING", "quantity": 1}]}, {"items": [{"sku": "MAT-CAP", "quantity": 0}]}],
)
async def test_what_cannot_be_adjusted_is_refused(tenant: World, wrong: dict[str, Any]) -> None:
    await refused(tenant, COUNTED | wrong)
    assert (await tenant.get("inventory/adjustments"))["data"] == []


async def test_a_day_adjusts_only_where_it_is_told_to(tmp_path: Path) -> None:
    kinds = []
    for told in ({}, {"adjusts_stock": True}):
        async with world(tmp_path / str(len(told)), [], seed=3, customers="20", vendors="8") as tenant:
            await played(tenant, 3.0, **told)
            rows = (await tenant.control("holdings?entity=adjustments"))["holdings"]
            kinds.append(Counter(row["type"] for row in rows))
    assert kinds[0] == Counter()
    assert set(kinds[1]) == {"Cycle Count", "Job", "Damaged"}
    assert kinds[1]["Cycle Count"] >= 20
