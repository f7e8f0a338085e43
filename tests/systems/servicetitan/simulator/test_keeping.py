"""What outlives the simulator's process, and what it writes down for others to judge by."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.test_books import ITEMS, booked, invoice
from tests.systems.servicetitan.simulator.world import Clock, world


async def test_a_restart_keeps_rows_numbers_tokens_and_places_in_feeds(tmp_path: Path, documents: list[Validator]) -> None:
    clock = Clock()
    async with world(tmp_path, documents, clock=clock) as tenant:
        made = await booked(tenant)
        await tenant.do({"do": "add_items", "invoice": made["invoice"], "items": ITEMS})
        before, token = await invoice(tenant, made["invoice"]), tenant.token
        place = (await tenant.get("accounting/export/invoices?includeRecentChanges=true"))["continueFrom"]
    async with world(tmp_path, documents, clock=clock) as tenant:
        tenant.token = token
        assert await invoice(tenant, made["invoice"]) == before
        assert (await tenant.get(f"accounting/export/invoices?includeRecentChanges=true&from={place}"))["data"] == []
        again = await booked(tenant)
        assert again["invoice"] > made["invoice"]
        found = (await tenant.get(f"accounting/export/invoices?includeRecentChanges=true&from={place}"))["data"]
        assert [row["id"] for row in found] == [again["invoice"]]
        assert len((await tenant.get("crm/customers"))["data"]) == 6


async def test_change_times_never_repeat_although_the_clock_stands_still(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents) as tenant:
        stamps = [row["modifiedOn"] for row in (await tenant.get("crm/customers?sort=%2BModifiedOn"))["data"]]
        assert stamps == sorted(set(stamps))
        assert all(len(stamp.partition(".")[2]) == len("1234567Z") for stamp in stamps)


async def test_the_journal_has_every_write_with_its_amount(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents) as tenant:
        seen = (await tenant.control("journal"))["commits"][-1]["seq"]
        made = await booked(tenant)
        await tenant.do(
            {"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]}
        )
        commits = [one for one in (await tenant.control(f"journal?after={seen}"))["commits"] if one["kind"] == "invoices"]
        assert [(one["operation"], one["amount"]) for one in commits] == [
            ("create", "0.00"),
            ("update", "280.85"),
            ("post", "280.85"),
        ]
        assert {one["number"] for one in commits} == {made["number"]}


async def test_holdings_count_every_object_with_what_an_account_needs(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents) as tenant:
        made = await booked(tenant)
        await tenant.do(
            {"do": "add_items", "invoice": made["invoice"], "items": ITEMS}, {"do": "post", "invoices": [made["invoice"]]}
        )
        paid = (await tenant.do({"do": "pay", "type": "Cash", "invoices": [{"invoice": made["invoice"], "amount": "80.85"}]}))[0]
        held = await tenant.control("holdings?entity=invoices")
        assert held["totals"] == {"Posted": {"count": 1, "amount": "280.85"}}
        assert held["holdings"][0]["id"] == made["invoice"]
        assert held["holdings"][0]["date"] == "2026-03-02"
        payment = (await tenant.control("holdings?entity=payments"))["holdings"][0]
        assert (payment["id"], payment["amount"], payment["status"]) == (paid["payment"], "80.85", "Pending")
        assert [(one["document_id"], Decimal(one["amount"])) for one in payment["applications"]] == [
            (made["invoice"], Decimal("80.85"))
        ]
        assert (await tenant.control("holdings?entity=customers"))["count"] == 6
        refused = await tenant.call("GET", "/__sim__/holdings?entity=ghosts")
        assert refused.status == 400
