"""The books add up: what a customer owes and a vendor is owed follows from the documents, whatever people did in whatever order."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.simulator.serve import Options
from systems.servicetitan.simulator.balances import is_active
from systems.servicetitan.simulator.books.events import Names, perform
from systems.servicetitan.simulator.seed.masters import plant_customers
from systems.servicetitan.simulator.seed.reference import plant
from systems.servicetitan.simulator.shapes import Row
from systems.servicetitan.simulator.tenant import Tenant
from tests.systems.servicetitan.simulator.test_settling import customer, job
from tests.systems.servicetitan.simulator.world import Clock, World


def wrong(tenant: Tenant) -> list[str]:
    """What does not add up in the tenant's books."""
    found = [*_settled(tenant), *_left(tenant), *_bills(tenant)]
    for row in tenant.rows("customers"):
        owed = sum((amount(one) for one in mine(tenant, "invoices", row) if one["syncStatus"] != "Pending"), Decimal(0))
        given_ = sum((amount(one) for kind in ("payments", "credit-memos") for one in mine(tenant, kind, row)), Decimal(0))
        if Decimal(row["balance"]) != owed - given_:
            found.append(f"customer {row['id']}: shows {row['balance']}, its documents make {owed - given_}")
    return found


def amount(row: Row) -> Decimal:
    return Decimal(row["total"])


def mine(tenant: Tenant, kind: str, customer_row: Row) -> list[Row]:
    return [row for row in tenant.rows(kind) if row["active"] and row["customer"]["id"] == customer_row["id"]]


def _settled(tenant: Tenant) -> list[str]:
    applied: dict[int, Decimal] = {}
    for kind in ("payments", "credit-memos"):
        for row in tenant.rows(kind):
            for one in row["appliedTo"]:
                applied[one["appliedTo"]] = applied.get(one["appliedTo"], Decimal(0)) + Decimal(one["appliedAmount"])
    shown = {row["id"]: (Decimal(row["balance"]), amount(row)) for row in tenant.rows("invoices") if row["active"]}
    return [
        f"invoice {key}: balance {balance}, {applied.get(key, 0)} of {total} applied"
        for key, (balance, total) in shown.items()
        if balance != total - applied.get(key, Decimal(0))
    ]


def _left(tenant: Tenant) -> list[str]:
    found = []
    for kind, member in (("payments", "unappliedAmount"), ("credit-memos", "balance")):
        for row in filter(is_active, tenant.rows(kind)):
            used = sum((Decimal(one["appliedAmount"]) for one in row["appliedTo"]), Decimal(0))
            refunds = [one for one in tenant.rows("payments") if one["refundedPaymentId"] == row["id"] and one["active"]]
            used -= sum(map(amount, refunds), Decimal(0))
            left = Decimal(0) if row.get("refundedPaymentId") else amount(row) - used
            if Decimal(row[member]) != left or left < 0:
                found.append(f"{kind} {row['id']}: {row[member]} left, {left} by its applications")
    return found


def _bills(tenant: Tenant) -> list[str]:
    settled: dict[int, Decimal] = {}
    for kind in ("ap-credits", "ap-payments"):
        for row in tenant.rows(kind):
            for one in row["splits"]:
                if one["active"]:
                    settled[one["inventoryBillId"]] = settled.get(one["inventoryBillId"], Decimal(0)) + Decimal(one["amount"])
    return [
        f"bill {row['id']}: {row.get('_applied', '0')} settled, {settled.get(row['id'], 0)} by splits"
        for row in tenant.rows("ap-bills")
        if Decimal(row.get("_applied", "0")) != settled.get(row["id"], Decimal(0))
        or settled.get(row["id"], Decimal(0)) > Decimal(row["billAmount"])
        or (row["status"] == "Canceled" and settled.get(row["id"]))
    ]


_ADJUST = {"items": [{"sku": "SVC-HOUR", "price": "-40.00"}]}
_CHANGES: tuple[tuple[str, dict[str, str], dict[str, Any]], ...] = (
    # verb, the members that name documents and of which kind, its other members
    ("post", {"invoices": "invoices[]"}, {}),
    ("unpost", {"invoices": "invoices[]"}, {}),
    ("void", {"invoice": "invoices"}, {"unapply": True}),
    ("void", {"invoice": "invoices"}, {}),
    ("adjust", {"invoice": "invoices"}, _ADJUST),
    ("refund_invoice", {"invoice": "invoices"}, _ADJUST),
    ("pay", {}, {"type": "Check", "invoices": [{"invoice": "?", "share": "0.4"}], "amount": "150.00"}),
    ("pay", {}, {"type": "Cash", "invoices": [{"invoice": "?"}]}),
    ("apply", {"payment": "payments", "invoice": "invoices"}, {}),
    ("unapply", {"payment": "payments"}, {}),
    ("refund", {"payment": "payments"}, {"amount": "10.00"}),
    ("bounce", {"payment": "payments"}, {"fee": {"sku": "FEE-NSF"}}),
    ("void_payment", {"payment": "payments"}, {}),
    ("post_payments", {"payments": "payments[]"}, {}),
    ("deposit", {"payments": "payments[]"}, {"fees": "1.00"}),
    ("credit_memo", {"customer": "customers", "invoice": "invoices"}, {"business_unit": 901, "amount": "25.00"}),
    ("credit_memo", {"customer": "customers"}, {"business_unit": 901, "amount": "70.00"}),
    ("apply_credit_memo", {"credit_memo": "credit-memos", "invoice": "invoices"}, {}),
    ("unapply_credit_memo", {"credit_memo": "credit-memos"}, {}),
    ("void_credit_memo", {"credit_memo": "credit-memos"}, {}),
    ("sell_membership", {"location": "locations"}, {"business_unit": 902}),
    ("merge_customers", {"customer": "customers", "into": "customers"}, {}),
    ("enter_bill", {"vendor": "vendors"}, {"business_unit": 901, "expenses": [{"amount": "90.00"}]}),
    ("post_bills", {"bills": "ap-bills[]"}, {}),
    ("unpost_bills", {"bills": "ap-bills[]"}, {}),
    ("change_bill", {"bill": "ap-bills"}, {"expenses": [{"amount": "55.00"}]}),
    ("cancel_bill", {"bill": "ap-bills"}, {}),
    ("pay_bills", {"vendor": "vendors"}, {"business_unit": 901, "bills": [{"bill": "?", "amount": "20.00"}]}),
    ("void_bill_payment", {"ap_payment": "ap-payments"}, {}),
    ("vendor_credit", {"vendor": "vendors"}, {"business_unit": 901, "amount": "30.00"}),
    ("apply_vendor_credit", {"credit": "ap-credits", "bill": "ap-bills"}, {"amount": "12.00"}),
    ("unapply_vendor_credit", {"credit": "ap-credits"}, {}),
    ("cancel_vendor_credit", {"credit": "ap-credits"}, {}),
)
_WANTED = st.tuples(st.integers(0, len(_CHANGES) - 1), st.integers(0, 50), st.integers(0, 50))


def event_of(tenant: Tenant, change: int, first: int, second: int) -> dict[str, Any] | None:
    """The event with documents of the tenant put in; None where it has none of a kind yet."""
    verb, named, others = _CHANGES[change]
    event: dict[str, Any] = {"do": verb} | others
    for draw, (member, kind) in zip((first, second), named.items(), strict=False):
        rows = tenant.rows(kind.removesuffix("[]"))
        if not rows:
            return None
        chosen = rows[draw % len(rows)]["id"]
        event[member] = [chosen] if kind.endswith("[]") else chosen
    for holder, kind in (("invoices", "invoices"), ("bills", "ap-bills")):
        if verb in ("pay", "pay_bills") and holder in others:
            rows = tenant.rows(kind)
            if not rows:
                return None
            event[holder] = [others[holder][0] | {holder[:-1]: rows[second % len(rows)]["id"]}]
    return event


def begun(folder: Path) -> Tenant:
    """Three customers with a posted invoice each, two vendors."""
    tenant = Tenant(Options(1, folder, Clock(), {"customers": "3", "vendors": "2"}))
    plant(tenant)
    plant_customers(tenant, 3)
    names: Names = {}
    for row in tenant.rows("customers"):
        for event in (
            {"do": "book_job", "customer": row["id"], "business_unit": 901, "as": "j"},
            {"do": "add_items", "invoice": "@j.invoice", "items": [{"sku": "SVC-DRAIN"}, {"sku": "MAT-CAP"}]},
            {"do": "post", "invoices": ["@j.invoice"]},
        ):
            perform(tenant, event, names)
    return tenant


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_WANTED, min_size=5, max_size=60))
def test_any_sequence_of_corrections_leaves_books_that_add_up(wanted: list[tuple[int, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tenant = begun(Path(folder))
        for change, first, second in wanted:
            event = event_of(tenant, change, first, second)
            if event is None:
                continue
            with suppress(ValueError):
                perform(tenant, event, {})
            assert wrong(tenant) == [], f"after {event}"


def test_what_does_not_add_up_is_seen(tmp_path: Path) -> None:
    tenant = begun(tmp_path)
    assert wrong(tenant) == []
    row = tenant.rows("invoices")[0]
    tenant.save("invoices", row | {"balance": "1.00"}, "update")
    assert len(wrong(tenant)) == 1
    perform(tenant, {"do": "change_balance", "customer": tenant.rows("customers")[1]["id"], "balance": "9.00"}, {})
    assert len(wrong(tenant)) == 2


async def test_balances_are_shown_of_posted_documents_since_a_day(tenant: World) -> None:
    who = await customer(tenant)
    await job(tenant, {"sku": "SVC-DIAG"}, customer=who, date="2026-02-10")
    await job(tenant, {"sku": "SVC-DRAIN"}, customer=who)
    await job(tenant, {"sku": "SVC-TUNE"}, customer=who, posted=False)
    await tenant.do(
        {"do": "pay", "type": "Cash", "customer": who, "amount": "100.00", "business_unit": 901, "as": "p"},
        {"do": "post_payments", "payments": ["@p"]},
        {"do": "credit_memo", "customer": who, "business_unit": 901, "amount": "25.00"},
    )

    async def of(query: str = "") -> dict[str, Any]:
        return next(row for row in (await tenant.control(f"balances{query}"))["customers"] if row["id"] == who)

    whole = await of()
    told = {name: whole[name] for name in ("invoices", "payments", "credits", "balance", "pending", "shown")}
    assert told == {
        "invoices": "478.00",
        "payments": "100.00",
        "credits": "25.00",
        "balance": "353.00",
        "pending": "179.00",
        "shown": "353.00",
    }
    assert (await of("?since=2026-03-01"))["balance"] == "264.00"


async def test_a_survivor_owes_what_the_merged_one_did(tenant: World) -> None:
    lost, kept = await customer(tenant), await customer(tenant)
    await job(tenant, {"sku": "SVC-DRAIN"}, customer=lost)
    await tenant.do({"do": "credit_memo", "customer": lost, "business_unit": 901, "amount": "25.00"})
    await tenant.do({"do": "merge_customers", "customer": lost, "into": kept})
    rows = {row["id"]: row for row in (await tenant.control("balances"))["customers"]}
    assert lost not in rows
    assert (rows[kept]["balance"], rows[kept]["shown"]) == ("364.00", "364.00")
