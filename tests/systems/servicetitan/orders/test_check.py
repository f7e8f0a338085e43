"""`check` proves what the writing of orders needs, and names in one line what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from systems.contract import Finding, Role
from tests.contract import examples
from tests.contract.ground import access, otherwise
from tests.systems.field_service import crosswalk
from tests.systems.servicetitan.orders.world import World

TABLES: Mapping[str, Any] = {
    name: rows for name, rows in examples.told("servicetitan").crosswalk.items() if name.startswith("order_")
}


async def findings(
    world: World, tables: Mapping[str, Any] = TABLES, writes: frozenset[str] = frozenset({"purchase_order"}), **orders: Any
) -> list[Finding]:
    entered = access(world.on.system, world.on.url, world.on.simulator, world.on.clock, world.on.seam)
    entered = replace(otherwise(entered, {"orders": orders}), role=Role.CHECK, writes=writes)
    checker = world.on.system.open_checker(entered)
    return list(await checker.check(crosswalk(dict(tables))))


def bad(found: list[Finding], level: str = "error") -> list[str]:
    return [f"{one.subject}: {one.words}" for one in found if one.level == level]


async def test_before_the_first_order_everything_but_the_place_of_the_ref_is_proved(world: World) -> None:
    found = await findings(world)
    assert bad(found) == []
    assert bad(found, "warning") == [
        "servicetitan place of our ref in orders: memo: none of the newest 0 orders is ours, so nothing proves it yet"
    ]
    scopes = {one.subject for one in found if one.subject.endswith(")")}
    assert any("tn.inv.purchaseordertypes:r" in one for one in scopes)
    assert any("tn.inv.receipts:r" in one for one in scopes)
    assert any(one.subject == "servicetitan write scope tn.inv.purchaseorders:w" and one.level == "ok" for one in found)


async def test_the_place_of_the_ref_is_proved_by_the_orders_that_are_there(world: World) -> None:
    await world.written(await world.case())
    assert bad(await findings(world), "warning") == []
    (wrong,) = bad(await findings(world, ref_in="vendor_document_number"))
    assert "1 orders carry a ref in memo and none in vendor_document_number, where they would not be found" in wrong


async def test_in_the_other_place_it_is_found_and_proved_as_well(world: World) -> None:
    other = await world.otherwise(ref_in="vendor_document_number")
    made = await other.written(await other.case())
    assert made.ref.startswith("ST-")
    (held,) = await other.held()
    assert (held["document_number"], "ref]" in held["memo"]) == (made.ref, False)
    assert bad(await findings(world, ref_in="vendor_document_number"), "warning") == []


@pytest.mark.parametrize(
    ("orders", "words"),
    [
        ({"type_id": "2002"}, "order type: 2002 Auto-received Order receives its orders by itself"),
        ({"type_id": "77"}, "order type: 77 is not there or not active"),
        ({"type_id": ""}, "order type: orders.type_id is not there or not active"),
        ({"substitute_sku_id": "20001"}, "sku 20001 is no active material or equipment"),
        ({"business_unit_id": "999"}, "business_unit_id names no active business unit: AUSTIN"),
    ],
)
async def test_a_wrong_setting_is_named(world: World, orders: dict[str, Any], words: str) -> None:
    (wrong,) = bad(await findings(world, **orders))
    assert words in wrong


async def test_types_that_receive_by_themselves_are_named_for_the_settings(world: World) -> None:
    found = bad(await findings(world, self_receiving_types=frozenset()), "warning")
    assert any("2002 Auto-received Order" in one for one in found)


@pytest.mark.parametrize(
    ("table", "row", "words"),
    [
        (
            "order_place",
            {"X": {"inventory_location_id": "999", "business_unit_id": "901"}},
            "names no active warehouse or truck: X",
        ),
        ("order_item", {"X": {"sku_id": "20001"}}, "names no active material or equipment: X"),
        ("order_item", {"X": {"sku_id": ""}}, "names no active material or equipment: X"),
    ],
)
async def test_a_row_of_a_table_that_names_nothing_is_named(world: World, table: str, row: dict[str, Any], words: str) -> None:
    (wrong,) = bad(await findings(world, {**TABLES, table: {**TABLES[table], **row}}))
    assert words in wrong


async def test_a_truck_and_equipment_are_places_and_items_too(world: World) -> None:
    tables = {
        "order_place": {"T1": {"inventory_location_id": "851", "business_unit_id": "901"}},
        "order_item": {"AC": {"sku_id": "15002"}},
    }
    assert bad(await findings(world, tables)) == []


async def test_a_scope_that_is_not_granted_is_named_and_the_rest_is_proved(world: World) -> None:
    await world.set(scopes_off="tn.inv.purchaseordertypes:r,tn.inv.purchaseorders:w")
    found = await findings(world)
    wrong = bad(found)
    assert any("tn.inv.purchaseordertypes:r" in one for one in wrong)
    assert any("write scope tn.inv.purchaseorders:w: it is not granted" in one for one in wrong)
    assert any(one.subject == "servicetitan crosswalk order_place" and one.level == "ok" for one in found)


async def test_a_connection_that_writes_no_orders_is_asked_nothing_of_them(world: World) -> None:
    found = await findings(world, {}, frozenset({"vendor"}))
    asked = ("order type", "crosswalk", "our ref", "substitute", "purchase-order-types", "pricebook")
    assert [one.subject for one in found if any(word in one.subject for word in asked)] == []


async def test_one_that_writes_orders_alone_needs_no_external_data(world: World) -> None:
    entered = access(world.on.system, world.on.url, world.on.simulator, world.on.clock, world.on.seam)
    bare = replace(
        otherwise(entered, {"external_data_application_guid": ""}), role=Role.CHECK, writes=frozenset({"purchase_order"})
    )
    found = list(await world.on.system.open_checker(bare).check(crosswalk(dict(TABLES))))
    assert not any("external data" in one.subject for one in found)
