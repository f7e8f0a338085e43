"""Lost tokens, lists of ids in both spellings, and the three shapes in which bills come. Source: OpenAPI, export APIs page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.world import START, World, world

RECENT = "includeRecentChanges=true"


async def booked(tenant: World) -> dict[str, Any]:
    """A booked job of the first customer."""
    customer = (await tenant.get("crm/customers"))["data"][0]["id"]
    return (await tenant.do({"do": "book_job", "customer": customer, "business_unit": 901}))[0]


async def ids(tenant: World, path: str) -> list[int]:
    return [row["id"] for row in (await tenant.get(path))["data"]]


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


async def test_a_lost_token_is_refused_once_and_a_date_is_taken_in_its_place(tenant: World) -> None:
    made = await booked(tenant)
    token = (await tenant.get(f"accounting/export/invoices?{RECENT}"))["continueFrom"]
    await tenant.faults({"kind": "token_lost"})
    assert (await tenant.api("GET", f"accounting/export/invoices?from={token}")).status == 400
    assert await ids(tenant, f"accounting/export/invoices?{RECENT}&from={START.date()}") == [made["invoice"]]
    assert await ids(tenant, f"accounting/export/invoices?{RECENT}&from=2026-03-03") == []


async def test_fifty_ids_pass_and_fifty_one_are_400(tenant: World) -> None:
    first = (await ids(tenant, "crm/customers"))[0]
    fifty = ",".join(str(first + n) for n in range(50))
    assert len(await ids(tenant, f"crm/customers?ids={fifty}")) == 6
    assert (await tenant.api("GET", f"crm/customers?ids={fifty},1")).status == 400


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
