"""Lists, single rows and export feeds, as the vendor documents them."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.world import World, world

_MODULES = {
    "crm": ("customers", "locations"),
    "jpm": ("jobs", "job-types"),
    "accounting": (
        *("invoices", "payments", "payment-types", "payment-terms", "tax-zones", "gl-accounts"),
        *("ap-bills", "ap-credits", "ap-payments", "credit-memos", "inventory-bills/paginated"),
    ),
    "inventory": ("vendors", "purchase-orders", "receipts", "warehouses"),
    "settings": ("business-units", "technicians"),
    "pricebook": ("materials", "services"),
}
_LISTS = [f"{module}/{name}" for module, names in _MODULES.items() for name in names]
_FEEDS = [
    *("crm/export/customers", "crm/export/locations", "crm/export/customers/contacts", "jpm/export/jobs"),
    *("accounting/export/invoices", "accounting/export/invoice-items", "accounting/export/payments"),
    *("accounting/export/inventory-bills", "inventory/export/purchase-orders"),
    *("settings/export/business-units", "settings/export/technicians"),
]


@pytest.mark.parametrize("path", _LISTS)
async def test_every_list_answers_a_page_in_its_documented_shape(tenant: World, path: str) -> None:
    page = await tenant.get(f"{path}?includeTotal=true")
    assert page["page"] == 1
    assert page["pageSize"] == 50
    assert page["totalCount"] == len(page["data"])


@pytest.mark.parametrize("path", _FEEDS)
async def test_every_feed_answers_a_page_and_a_token(tenant: World, path: str) -> None:
    page = await tenant.get(f"{path}?includeRecentChanges=true")
    assert page["continueFrom"]
    assert page["hasMore"] is False


async def test_pages_go_on_while_has_more_is_true_and_tell_the_total_only_when_asked(tenant: World) -> None:
    first = await tenant.get("crm/customers?page=1&pageSize=4&sort=%2BId")
    second = await tenant.get("crm/customers?page=2&pageSize=4&sort=%2BId&includeTotal=true")
    assert [first["hasMore"], second["hasMore"]] == [True, False]
    assert [first["totalCount"], second["totalCount"]] == [None, 6]
    ids = [row["id"] for row in first["data"] + second["data"]]
    assert ids == sorted(set(ids))
    assert len(ids) == 6


@pytest.mark.parametrize(
    "query",
    ["pageSize=5001", "pageSize=x", "modifiedOnOrAfter=yesterday", f"ids={','.join(['1'] * 51)}", "ids=abc", "sort=%2BColour"],
)
async def test_a_filter_that_does_not_bind_is_400(tenant: World, query: str) -> None:
    reply = await tenant.api("GET", f"crm/customers?{query}")
    assert reply.status == 400, reply.text
    assert reply.data["errors"]


async def test_ids_give_those_rows_only(tenant: World) -> None:
    every = [row["id"] for row in (await tenant.get("crm/customers"))["data"]]
    asked = await tenant.get(f"crm/customers?ids={every[1]},{every[3]},77")
    assert [row["id"] for row in asked["data"]] == [every[1], every[3]]
    vendors = [row["id"] for row in (await tenant.get("inventory/vendors"))["data"]]
    asked = await tenant.get(f"inventory/vendors?ids={vendors[0]}&ids={vendors[2]}")
    assert [row["id"] for row in asked["data"]] == [vendors[0], vendors[2]]


async def test_inactive_rows_vanish_from_a_list_and_stay_in_the_export(tenant: World) -> None:
    gone = (await tenant.get("crm/customers"))["data"][0]["id"]
    await tenant.do({"do": "change_customer", "customer": gone, "active": False})
    assert gone not in [row["id"] for row in (await tenant.get("crm/customers"))["data"]]
    assert gone in [row["id"] for row in (await tenant.get("crm/customers?active=Any"))["data"]]
    exported = (await tenant.get("crm/export/customers?includeRecentChanges=true"))["data"]
    assert {row["id"]: row["active"] for row in exported}[gone] is False


async def test_a_window_of_changes_includes_its_start_and_not_its_end(tenant: World) -> None:
    first, second = (row["id"] for row in (await tenant.get("crm/customers"))["data"][:2])
    stamps = []
    for customer in (first, second):
        await tenant.clock.turn(minutes=1)
        await tenant.do({"do": "change_customer", "customer": customer, "name": f"Renamed {customer}"})
        row = (await tenant.get(f"crm/customers/{customer}"))["modifiedOn"]
        stamps.append(row)
    found = await tenant.get(f"crm/customers?modifiedOnOrAfter={stamps[0]}&modifiedBefore={stamps[1]}")
    assert [row["id"] for row in found["data"]] == [first]
    found = await tenant.get(f"crm/customers?modifiedOnOrAfter={stamps[0]}")
    assert [row["id"] for row in found["data"]] == [first, second]


async def test_a_row_that_changes_while_a_list_is_walked_moves_the_others_up(tenant: World) -> None:
    """Page drift: the newest change goes to the end of the order, so a row is skipped by who pages on."""
    await tenant.faults({"kind": "page_drift", "path": "customers"})
    query = "crm/customers?pageSize=3&sort=%2BModifiedOn&modifiedOnOrAfter=2026-01-01"
    first, second = await tenant.get(f"{query}&page=1"), await tenant.get(f"{query}&page=2")
    seen = [row["id"] for row in first["data"] + second["data"]]
    assert len(set(seen)) == 5, "one row was seen twice and one not at all"


async def test_an_export_goes_on_from_its_token_and_ends_with_one_to_keep(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, export_page_size="4") as tenant:
        first = await tenant.get("crm/export/customers?includeRecentChanges=true")
        second = await tenant.get(f"crm/export/customers?includeRecentChanges=true&from={first['continueFrom']}")
        assert [len(first["data"]), len(second["data"])] == [4, 2]
        assert [first["hasMore"], second["hasMore"]] == [True, False]
        kept = f"crm/export/customers?includeRecentChanges=true&from={second['continueFrom']}"
        assert (await tenant.get(kept))["data"] == []
        changed = first["data"][0]["id"]
        await tenant.do({"do": "change_customer", "customer": changed, "name": "Somebody Else"})
        assert [row["name"] for row in (await tenant.get(kept))["data"]] == ["Somebody Else"]


async def test_without_recent_changes_an_export_is_fifteen_minutes_behind(tenant: World) -> None:
    assert (await tenant.get("crm/export/customers"))["data"] == []
    await tenant.clock.turn(minutes=14)
    assert (await tenant.get("crm/export/customers"))["data"] == []
    await tenant.clock.turn(minutes=1, seconds=1)
    await tenant.sign_in()
    assert len((await tenant.get("crm/export/customers"))["data"]) == 6


async def test_with_recent_changes_the_newest_rows_come_again(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, export_repeat_s="60") as tenant:
        first = await tenant.get("crm/export/customers?includeRecentChanges=true")
        again = await tenant.get(f"crm/export/customers?includeRecentChanges=true&from={first['continueFrom']}")
        assert again["data"] == first["data"]


async def test_an_export_from_a_date_begins_there(tenant: World) -> None:
    await tenant.clock.turn(days=1)
    await tenant.sign_in()
    changed = (await tenant.get("crm/customers"))["data"][2]["id"]
    await tenant.do({"do": "change_balance", "customer": changed, "balance": "12.00"})
    found = await tenant.get("crm/export/customers?includeRecentChanges=true&from=2026-03-03")
    assert [row["id"] for row in found["data"]] == [changed]


async def test_a_token_that_is_none_or_of_another_feed_is_400(tenant: World) -> None:
    foreign = (await tenant.get("crm/export/locations?includeRecentChanges=true"))["continueFrom"]
    for token in ("nonsense", foreign):
        assert (await tenant.api("GET", f"crm/export/customers?from={token}")).status == 400


async def test_contacts_are_a_resource_of_their_own(tenant: World) -> None:
    customer = (await tenant.get("crm/customers"))["data"][0]["id"]
    found = (await tenant.get(f"crm/customers/{customer}/contacts"))["data"]
    assert sorted(row["type"] for row in found) == ["Email", "Phone"]
    assert (await tenant.api("GET", "crm/customers/contacts")).status == 400
    found = (await tenant.get(f"crm/customers/contacts?customerIds={customer}"))["data"]
    assert {row["customerId"] for row in found} == {customer}
