"""Continuation tokens, the lag of the export feeds, filters and pages by offset. Source: transactional and export APIs page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.world import START, World, world

RECENT = "includeRecentChanges=true"


async def booked(tenant: World) -> dict[str, Any]:
    """A booked job of the first customer."""
    customer = (await tenant.get("crm/customers"))["data"][0]["id"]
    return (await tenant.do({"do": "book_job", "customer": customer, "business_unit": 901}))[0]


async def ids(tenant: World, path: str) -> list[int]:
    return [row["id"] for row in (await tenant.get(path))["data"]]


async def test_a_change_is_seen_after_fifteen_minutes_unless_recent_ones_are_asked_for(tenant: World) -> None:
    made = await booked(tenant)
    assert await ids(tenant, "accounting/export/invoices") == []
    assert await ids(tenant, f"accounting/export/invoices?{RECENT}") == [made["invoice"]]
    await tenant.clock.turn(minutes=15)
    assert await ids(tenant, "accounting/export/invoices") == [made["invoice"]]


async def test_a_feed_goes_on_at_its_token_and_shows_a_changed_row_again(tenant: World) -> None:
    made = await booked(tenant)
    token = (await tenant.get(f"accounting/export/invoices?{RECENT}"))["continueFrom"]
    assert await ids(tenant, f"accounting/export/invoices?{RECENT}&from={token}") == []
    await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": [{"sku": "SVC-DIAG"}]})
    assert await ids(tenant, f"accounting/export/invoices?{RECENT}&from={token}") == [made["invoice"]]


async def test_a_feed_is_walked_page_by_page_and_nothing_is_left_out(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, export_page_size="4") as tenant:
        seen, token, pages = [], "", 0
        while True:
            page = await tenant.get(f"crm/export/customers?{RECENT}&from={token}")
            seen += [row["id"] for row in page["data"]]
            token, pages = page["continueFrom"], pages + 1
            if not page["hasMore"]:
                break
        assert pages == 2
        assert seen == await ids(tenant, "crm/customers")


async def test_recent_rows_come_again_on_the_next_call(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, export_repeat_s="60") as tenant:
        made = await booked(tenant)
        token = (await tenant.get(f"accounting/export/invoices?{RECENT}"))["continueFrom"]
        again = await tenant.get(f"accounting/export/invoices?{RECENT}&from={token}")
        assert [row["id"] for row in again["data"]] == [made["invoice"]]
        await tenant.clock.turn(seconds=61)
        token = (await tenant.get(f"accounting/export/invoices?{RECENT}&from={token}"))["continueFrom"]
        await tenant.clock.turn(seconds=61)
        assert await ids(tenant, f"accounting/export/invoices?{RECENT}&from={token}") == []


@pytest.mark.parametrize("start", ["nonsense", "eyJhIjoxfQ", "%20"])
async def test_a_bad_token_is_400(tenant: World, start: str) -> None:
    assert (await tenant.api("GET", f"accounting/export/invoices?from={start}")).status == 400


async def test_a_token_of_another_feed_is_400(tenant: World) -> None:
    token = (await tenant.get("crm/export/customers"))["continueFrom"]
    assert (await tenant.api("GET", f"crm/export/locations?from={token}")).status == 400


async def test_a_lost_token_is_refused_once_and_a_date_is_taken_in_its_place(tenant: World) -> None:
    made = await booked(tenant)
    token = (await tenant.get(f"accounting/export/invoices?{RECENT}"))["continueFrom"]
    await tenant.faults({"kind": "token_lost"})
    assert (await tenant.api("GET", f"accounting/export/invoices?from={token}")).status == 400
    assert await ids(tenant, f"accounting/export/invoices?{RECENT}&from={START.date()}") == [made["invoice"]]
    assert await ids(tenant, f"accounting/export/invoices?{RECENT}&from=2026-03-03") == []


async def test_inactive_rows_are_hidden_from_lists_and_shown_in_feeds(tenant: World) -> None:
    customer = (await ids(tenant, "crm/customers"))[0]
    await tenant.do({"do": "change_customer", "customer": customer, "active": False})
    assert customer not in await ids(tenant, "crm/customers")
    assert await ids(tenant, "crm/customers?active=False") == [customer]
    assert customer in await ids(tenant, "crm/customers?active=Any")
    assert customer in await ids(tenant, f"crm/export/customers?{RECENT}")


async def test_a_row_that_changes_while_a_window_is_walked_hides_another(tenant: World) -> None:
    window = f"crm/customers?modifiedBefore={START.isoformat()[:-6]}.9Z&pageSize=3&includeTotal=true"
    everyone = await ids(tenant, window + "&page=1") + await ids(tenant, window + "&page=2")
    await tenant.clock.turn(minutes=1)
    await tenant.faults({"kind": "page_drift", "path": "customers"})
    first = await tenant.get(window + "&page=1")
    second = await tenant.get(window + "&page=2")
    seen = [row["id"] for page in (first, second) for row in page["data"]]
    assert len(everyone) == 6
    assert everyone[3] not in seen
    assert (first["totalCount"], second["totalCount"]) == (6, 5)


async def test_total_is_null_unless_it_is_asked_for(tenant: World) -> None:
    assert (await tenant.get("crm/customers"))["totalCount"] is None
    assert (await tenant.get("crm/customers?includeTotal=true"))["totalCount"] == 6


async def test_changes_are_asked_for_inclusively_and_before_exclusively(tenant: World) -> None:
    row = (await tenant.get("crm/customers?sort=-ModifiedOn"))["data"][0]
    at = row["modifiedOn"]
    assert await ids(tenant, f"crm/customers?modifiedOnOrAfter={at}") == [row["id"]]
    assert row["id"] not in await ids(tenant, f"crm/customers?modifiedBefore={at}")


async def test_fifty_ids_pass_and_fifty_one_are_400(tenant: World) -> None:
    first = (await ids(tenant, "crm/customers"))[0]
    fifty = ",".join(str(first + n) for n in range(50))
    assert len(await ids(tenant, f"crm/customers?ids={fifty}")) == 6
    assert (await tenant.api("GET", f"crm/customers?ids={fifty},1")).status == 400


async def test_vendors_take_repeated_ids(tenant: World) -> None:
    known = await ids(tenant, "inventory/vendors")
    assert await ids(tenant, f"inventory/vendors?ids={known[0]}&ids={known[2]}") == [known[0], known[2]]


async def test_bills_come_bare_paginated_and_in_the_newer_shape(tenant: World) -> None:
    vendor = (await ids(tenant, "inventory/vendors"))[0]
    made = await tenant.do(
        {"do": "order", "vendor": vendor, "business_unit": 901, "items": [{"sku": "MAT-VALVE", "quantity": 3}], "as": "o"},
        {"do": "receive", "purchase_order": "@o"},
        {"do": "enter_bill", "vendor": vendor, "business_unit": 902, "expenses": [{"amount": "12.50"}]},
    )
    bare = await tenant.get("accounting/inventory-bills")
    assert [row["id"] for row in bare] == [made[1]["bill"]]
    assert await ids(tenant, "accounting/inventory-bills/paginated") == [made[1]["bill"]]
    assert await ids(tenant, "accounting/ap-bills?billType=ApBill") == [made[2]["bill"]]
    one = await tenant.get(f"accounting/ap-bills/{made[2]['bill']}")
    assert (one["billAmount"], one["expenseItems"][0]["amount"], one["items"]) == ("12.50", "12.50", [])
    assert (await tenant.api("GET", "accounting/ap-bills/7")).status == 404
