"""The working day: what is in it, and that a seed gives one day whatever the clock does."""

from __future__ import annotations

import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

from runtime.simulator.openapi import Validator
from tests.systems.servicetitan.simulator.world import World, eventually, world

JOBS = 60
ENTITIES = ("invoices", "payments", "bills", "vendor_credits", "credit_memos", "customers", "locations", "jobs")


async def played(tenant: World, hours_a_turn: float, **options: Any) -> dict[str, list[dict[str, Any]]]:
    """The holdings at the end of a day; the clock is turned in steps of so many hours."""
    await tenant.control("day", {"jobs": JOBS, "hours": 10, "seed": 5} | options)

    async def progress() -> Any:
        found = await tenant.control("day")
        if not found["finished"]:
            await tenant.clock.turn(hours=hours_a_turn)
        return found

    done = await eventually(progress, lambda found: found["finished"], deadline_s=30)
    assert done["errors"] == []
    assert done["done"] == done["planned"]
    return {entity: (await tenant.control(f"holdings?entity={entity}"))["holdings"] for entity in ENTITIES}


def told(held: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Holdings without what depends on the clock."""
    return {entity: [{key: row[key] for key in row if key != "modifiedOn"} for row in rows] for entity, rows in held.items()}


async def test_a_seed_gives_the_same_day_whatever_the_clock_does(tmp_path: Path) -> None:
    days = []
    for name, turn in (("slow", 0.25), ("fast", 3.0)):
        async with world(tmp_path / name, [], seed=3, customers="20", vendors="8") as tenant:
            days.append(told(await played(tenant, turn)))
    assert days[0] == days[1]


async def test_another_seed_gives_another_day(tmp_path: Path) -> None:
    days = []
    for seed in (5, 6):
        async with world(tmp_path / str(seed), [], customers="20", vendors="8") as tenant:
            days.append(told(await played(tenant, 3.0, seed=seed)))
    assert days[0] != days[1]


async def test_the_day_holds_what_the_books_get_wrong_most(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, customers="20", vendors="8") as tenant:
        held = await played(tenant, 1.0)
        invoices, payments, bills = held["invoices"], held["payments"], held["bills"]
        jobs = [row for row in invoices if row["configuration"] == "JobInvoice" and row["date"] == "2026-03-02"]
        assert len(jobs) == JOBS
        assert {row["status"] for row in jobs} == {"Posted", "Pending"}
        assert any(row["date"] < "2026-03-01" and row["configuration"] == "JobInvoice" for row in invoices), "before a cut-over"
        assert any(row["configuration"] == "ARImportInvoice" for row in invoices)
        twins = [
            (one, other)
            for one, other in itertools.combinations(jobs, 2)
            if (one["customer_id"], one["amount"]) == (other["customer_id"], other["amount"]) and Decimal(one["amount"]) > 0
        ]
        assert twins, "two genuine sales of one customer, one day, one amount"
        assert any(len(row["applications"]) == 2 for row in payments), "one payment for two invoices"
        assert any(Decimal(row["amount"]) < 0 for row in payments), "a refund"
        given = held["credit_memos"]
        assert len(given) == round(JOBS * 0.2), "goodwill"
        assert {len(row["applications"]) for row in given} == {0, 1}, "some are to be used later"
        settled = {one["document_id"] for row in given for one in row["applications"]}
        assert settled.isdisjoint(one["document_id"] for row in payments for one in row["applications"]), "nobody pays these"
        assert [row["canceled"] for row in bills].count(True) == 1
        assert len(held["vendor_credits"]) == 2
        assert {row["configuration"] for row in bills} == {"Procurement", "ApBill"}
        assert len(held["customers"]) == 20 + round(JOBS * 0.12)


async def test_every_record_of_the_day_holds_against_the_vendors_documents(tmp_path: Path, documents: list[Validator]) -> None:
    """The validators in the middle of the wire read every list and feed after a day with corrections; `world` fails on a problem."""
    async with world(tmp_path, documents, customers="20", vendors="8") as tenant:
        await played(tenant, 1.0, corrections=2)
        await tenant.sign_in()
        every = "pageSize=5000"
        for path in (f"accounting/invoices?activeState=All&{every}", f"accounting/payments?{every}", f"jpm/jobs?{every}"):
            assert (await tenant.get(path))["data"]
        for path in (
            f"accounting/ap-bills?{every}",
            f"accounting/inventory-bills/paginated?{every}",
            f"inventory/receipts?{every}",
        ):
            assert (await tenant.get(path))["data"]
        for feed in ("invoices", "invoice-items", "payments", "inventory-bills"):
            assert (await tenant.get(f"accounting/export/{feed}?includeRecentChanges=true"))["data"]
        assert (await tenant.get("inventory/export/purchase-orders?includeRecentChanges=true"))["data"]


async def test_totals_of_the_day_add_up_in_every_invoice_and_bill(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, customers="20", vendors="8") as tenant:
        await played(tenant, 1.0)
        await tenant.sign_in()
        for row in (await tenant.get("accounting/invoices?activeState=All&pageSize=5000"))["data"]:
            lines = sum((Decimal(item["total"]) for item in row["items"] or []), Decimal(0))
            assert lines == Decimal(row["subTotal"]), row["id"]
            assert Decimal(row["subTotal"]) + Decimal(row["salesTax"]) == Decimal(row["total"]), row["id"]
        for row in (await tenant.get("accounting/ap-bills?billType=NotSet&pageSize=5000"))["data"]:
            items = sum((Decimal(one["quantity"]) * Decimal(one["cost"]) for one in row["items"]), Decimal(0))
            expenses = sum((Decimal(one["amount"]) for one in row["expenseItems"]), Decimal(0))
            charges = Decimal(row["taxAmount"]) + Decimal(row["shippingAmount"]) + Decimal(row["otherAmount"])
            assert items + expenses + charges == Decimal(row["billAmount"]), row["id"]


async def test_one_day_runs_at_a_time(tenant: World) -> None:
    await tenant.control("day", {"jobs": 5, "hours": 1, "seed": 1})
    again = await tenant.call("POST", "/__sim__/day", json={"jobs": 5, "hours": 1, "seed": 1})
    assert (again.status, "running" in again.text) == (400, True)


async def test_corrections_wait_until_they_are_told_and_come_to_the_same(tmp_path: Path) -> None:
    days = []
    for name, when_told in (("at once", False), ("told", True)):
        async with world(tmp_path / name, [], customers="20", vendors="8") as tenant:
            held = await played(tenant, 3.0, corrections=2, when_told=when_told)
            if when_told:
                assert [row["canceled"] for row in held["bills"]].count(True) == 0
                assert {row["status"] for row in held["invoices"] if row["status"]} == {"Posted", "Pending"}
                done = await tenant.control("day/corrections", {})
                assert (done["errors"], done["done"]) == ([], done["planned"])
                held = {entity: (await tenant.control(f"holdings?entity={entity}"))["holdings"] for entity in ENTITIES}
            days.append(told(held))
    assert days[0]["bills"] == days[1]["bills"]
    assert [row["status"] for row in days[0]["invoices"]] == [row["status"] for row in days[1]["invoices"]]


async def test_corrections_come_after_the_day(tenant: World) -> None:
    await tenant.control("day", {"jobs": 5, "hours": 1, "seed": 1, "when_told": True})
    early = await tenant.call("POST", "/__sim__/day/corrections", json={})
    assert (early.status, "not over" in early.text) == (400, True)
