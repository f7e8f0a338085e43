"""What the demo says of NetSuite's books: signs of what takes off, what only confirms, whose balances are compared."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.demo.books import Books
from services.sinks import reasons
from systems import registry
from systems.demo import Issued, whole
from systems.netsuite.demo import DEMO
from systems.netsuite.settings import Settings
from tests.systems.netsuite.account import Site, account, records, walked
from topology.rules.without_flow import NOTHING_TO_BOOK

REF = "ST-ABCDEFGHIJKLMNOPQRST"
FLOWS = {flow.id: flow for flow in registry.system("netsuite").flows}


def asked(kind: str, **told: Any) -> Any:
    """A simulator that keeps one document of this kind."""
    row = {
        "id": "7",
        "ref": REF,
        "amount": "12.50",
        "date": "2026-03-02",
        "posted": True,
        "applications": [{"id": "1", "amount": "12.50"}],
        **told,
    }

    def ask(path: str) -> Mapping[str, Any]:
        return {"documents": [row] if path == f"documents?kind={kind}" else []}

    return ask


@pytest.mark.parametrize(
    ("kind", "amount", "applied"),
    [
        ("vendorBill", "12.50", None),
        ("vendorCredit", "12.50", None),
        ("invoice", "12.50", None),
        ("customerPayment", "12.50", "12.50"),
        ("customerRefund", "-12.50", None),
        ("creditMemo", "12.50", "12.50"),
    ],
)
def test_what_takes_off_is_less_than_nothing(kind: str, amount: str, applied: str | None) -> None:
    """A payment and its refund come to nothing. (Whether a credit takes off follows from the flow that it belongs to.)"""
    (one,) = DEMO.booked(asked(kind))
    assert (one.ref, one.amount, one.applied) == (REF, Decimal(amount), None if applied is None else Decimal(applied))


def test_what_reverses_carries_the_ref_of_its_command_and_an_order_of_ours_carries_none() -> None:
    (reversal,) = DEMO.booked(asked("creditMemo", ref=f"{REF}-R"))
    (order,) = DEMO.booked(asked("journalEntry", ref=f"{REF}-O"))
    assert (reversal.ref, order.ref) == (REF, "")


def settings() -> Settings:
    own, _, _ = DEMO.section("http://127.0.0.1", dict.fromkeys(("client_id", "certificate_id", "private_key", "certificate"), "x")
                             | {"account": "1", "timezone": "America/Chicago"})  # fmt: skip
    return Settings.model_validate(own)


@pytest.mark.parametrize(("order", "is_void", "documents"), [("", False, 1), ("20001", False, 0), ("", True, 0)])
def test_a_bill_of_an_order_confirms_and_makes_no_document(order: str, is_void: bool, documents: int) -> None:
    bill = Issued("1", "B1", Decimal("10.00"), is_void=is_void, order=order)
    (one,) = DEMO.expected(FLOWS["N5"], bill, settings())
    assert (len(one.parts), sum(one.excluded), one.worth) == (documents, Decimal("10.00") * (not documents), Decimal("10.00"))


@pytest.mark.parametrize("entity", ["purchase_order", "receipt", "vendor_credit"])
def test_what_nobody_books_is_excluded_where_no_flow_brings_it(entity: str) -> None:
    one, flow = Issued("1", "1", Decimal("10.00")), FLOWS["N5"]
    wanted = Books.without_flow(entity, flow.purpose, one)
    assert (wanted == whole(flow.purpose, one)) == (entity not in NOTHING_TO_BOOK)


async def test_the_period_that_is_locked_when_the_day_begins_is_unlocked_once_it_was_met(tmp_path: Path) -> None:
    """Payables alone wait for it. The list of periods says so before the first document, and says when it is over."""
    (act,) = [one for one in DEMO.faults() if one.path == "periods"]
    assert act.once_held == reasons.PERIOD_CLOSED
    async with account(tmp_path, locked=DEMO.simulator_settings(1)["locked"]) as site:
        assert await march(site) == (True, False, True)
        await site.tell(act.path, act.body)
        assert await march(site) == (True, True, True)


async def march(site: Site) -> tuple[bool, bool, bool]:
    """Whether this month takes documents of receivables, of payables, and journals, as its list tells."""
    found, _ = await walked(site.access()[0], "periods")
    (one,) = [record for record in records("period", found, site.reading()) if record["number"] == "Mar 2026"]
    return one["open_receivable"], one["open_payable"], one["open_ledger"]


def test_the_clearing_vendor_and_last_year_are_not_compared() -> None:
    def ask(path: str) -> Mapping[str, Any]:
        assert path == "balances?since=2026-01-01"
        clearing = settings().payables.clearing_vendor
        vendors = [{"id": clearing, "balance": "99.00"}, {"id": "5", "balance": "1.00"}]
        return {"customers": [{"id": "9", "balance": "10.00", "deposits": "4.00"}], "vendors": vendors}

    found = DEMO.balances(ask)
    assert (found.customers, found.vendors) == ({"9": Decimal("6.00")}, {"5": Decimal("1.00")})
    assert "balances?since=2026-01-01" in DEMO.paths()


def test_what_only_reads_reads_documents_of_every_kind() -> None:
    """Last year's are among them. Of invoices alone, nobody would have seen that bills and payments were not read."""
    kinds = (
        "vendorBill",
        "vendorCredit",
        "invoice",
        "creditMemo",
        "customerPayment",
        "customerDeposit",
        "customerRefund",
        "journalEntry",
        "vendorPayment",
    )
    assert {one for kind in kinds for one in DEMO.read("N6", asked(kind))} == {
        f"{entity}/7" for entity in ("bill", "vendor_credit", "invoice", "credit_memo", "payment", "journal", "ap_payment")
    }
    assert DEMO.read("N1", asked("invoice")) == set()
    assert DEMO.read("N2C", asked("vendorPayment")) == {"ap_payment/7"}
