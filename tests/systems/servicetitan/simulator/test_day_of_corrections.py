"""A day with every correction: each kind occurs and is counted, the books add up, and what `few` makes is what it was."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from runtime.simulator.openapi import Validator
from runtime.simulator.serve import Options
from systems.servicetitan.simulator.tenant import Tenant
from tests.systems.servicetitan.simulator.test_balances import wrong
from tests.systems.servicetitan.simulator.test_day import JOBS, played, told
from tests.systems.servicetitan.simulator.world import Clock, World, world

FEW = ("adjustment_negative", "adjustment_positive", "bill_canceled", "customer_merged", "invoice_unposted", "invoice_void")
MORE = (
    *("adjustment_before_cutover", "adjustment_of_paid", "invoice_changed", "invoice_redated", "invoice_void_paid"),
    *("credit_memo_applied", "credit_memo_applied_later", "credit_memo_open", "credit_memo_unapplied", "credit_memo_void"),
    *("bank_deposit", "check_bounced", "deposit_applied_later", "payment_reapplied", "payment_unapplied", "payment_void"),
    *("refund_manual", "refund_of_payment", "interest_charged", "membership_canceled", "membership_sold"),
    *("retainage_held", "retainage_released", "bill_changed", "bill_not_to_be_paid", "bill_paid", "bill_payment_stopped"),
    *("parts_returned", "return_canceled", "return_credited"),
    *("vendor_credit_canceled", "vendor_credit_split_later", "vendor_credit_unapplied"),
)


async def corrected(tenant: World) -> dict[str, int]:
    """Counts by kind of a day that was corrected when it was told to."""
    await played(tenant, 3.0, corrections=2, correction_kinds="all", when_told=True)
    before = (await tenant.control("day"))["corrections"]
    assert before == dict.fromkeys(("membership_sold", "parts_returned", "retainage_held"), 2), (
        "what is no correction comes with the day"
    )
    done = await tenant.control("day/corrections", {})
    assert (done["errors"], done["done"]) == ([], done["planned"])
    counts: dict[str, int] = done["corrections"]
    return counts


async def test_every_kind_of_correction_occurs_and_the_books_add_up(tmp_path: Path, documents: list[Validator]) -> None:
    async with world(tmp_path, documents, customers="20", vendors="8") as tenant:
        counts = await corrected(tenant)
        assert set(counts) == {*FEW, *MORE}
        assert sum(counts.values()) >= 40
        shown = await tenant.control("balances")
        held = (await tenant.control("holdings?entity=credit_memos"))["holdings"]
        assert len(held) == 10 + round(JOBS * 0.2)
        assert all(Decimal(row["balance"]) == Decimal(row["shown"]) for row in shown["customers"] if row["pending"] == "0.00")
        assert len(shown["vendors"]) > 1
    assert wrong(Tenant(Options(1, tmp_path, Clock(), {}))) == []


async def test_every_record_of_such_a_day_holds_against_the_vendors_documents(tmp_path: Path, documents: list[Validator]) -> None:
    """The validators in the middle of the wire read every list and feed; `world` fails on a problem."""
    async with world(tmp_path, documents, customers="20", vendors="8") as tenant:
        await corrected(tenant)
        lists = (
            "credit-memos?active=Any",
            "bank-deposits?page=1",
            "ap-payments?page=1",
            "ap-credits?page=1",
            "ap-bills?billType=NotSet",
        )
        for path in ("invoices?activeState=All", "payments?activeState=All", *lists, "credit-memos/credit-memo-items?page=1"):
            assert (await tenant.get(f"accounting/{path}&pageSize=5000"))["data"], path
        for path in ("inventory/returns?active=Any", "jpm/projects?page=1"):
            assert (await tenant.get(f"{path}&pageSize=5000"))["data"], path
        for feed in ("accounting/export/invoices", "accounting/export/payments", "inventory/export/returns", "jpm/export/projects"):
            assert (await tenant.get(f"{feed}?includeRecentChanges=true"))["data"], feed


async def test_a_seed_gives_the_same_corrections_whatever_the_clock_does(tmp_path: Path) -> None:
    days = []
    for name, turn in (("slow", 0.5), ("fast", 3.0)):
        async with world(tmp_path / name, [], customers="20", vendors="8") as tenant:
            days.append(told(await played(tenant, turn, corrections=1, correction_kinds="all")))
    assert days[0] == days[1]


async def test_a_kind_that_is_none_is_refused(tenant: World) -> None:
    reply = await tenant.call("POST", "/__sim__/day", json={"jobs": 5, "hours": 1, "seed": 1, "correction_kinds": "most"})
    assert (reply.status, "few, all" in reply.text) == (400, True)


@pytest.mark.parametrize("kinds", ["few", "all"])
async def test_a_day_without_corrections_has_none(tmp_path: Path, kinds: str) -> None:
    async with world(tmp_path, [], customers="20", vendors="8") as tenant:
        await played(tenant, 3.0, correction_kinds=kinds)
        assert (await tenant.control("day"))["corrections"] == {"bill_canceled": 1}
