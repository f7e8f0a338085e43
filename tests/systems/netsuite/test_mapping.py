"""What the records of the field-service side become in NetSuite, and which rules of the books hold for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from runtime.errors import Malformed
from systems.connection import FlowSettings
from systems.mapped import MANUAL, Draft
from systems.netsuite.mapping_commands import to_commands
from systems.netsuite.refs import ORDER, REVERSES, external_id, origin_of, ref_of
from systems.netsuite.settings import Credentials
from tests.systems.field_service import application, bill, customer, invoice, invoice_line, payment, vendor
from tests.systems.netsuite.writing import (
    FLOWS,
    TABLES,
    bare_settings,
    decisions_of,
    drafts_of,
    labor,
    labor_entry,
    material,
    plan,
)

OWN = bare_settings(payables={"clearing_vendor": "77"})
PAYABLE = plan(OWN, off=("N1S", "N1L"))
SALE = plan(OWN, off=("N1", "N1L"))


def only(record: dict[str, Any], made: Any = PAYABLE) -> Draft:
    """The one command of a record."""
    (found,) = drafts_of(record, made)
    return found


# --- departments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "job_type", "department"),
    [
        ("Plumbing - Service", "Service Call", "3"),
        ("Plumbing - Service", "Solar Install", "4"),
        ("Nobody mapped this", "Solar Install", "4"),
        ("Nobody mapped this", "Service Call", "8"),
        ("", "", "8"),
    ],
)
def test_the_job_types_department_counts_before_the_units_and_the_default_last(unit: str, job_type: str, department: str) -> None:
    found = only(invoice([labor("40.00")], business_unit_name=unit, business_unit_id="", job_type=job_type))
    assert found.body["dimensions"]["department"] == found.body["lines"][0]["dimensions"]["department"] == department
    assert (found.unresolved, found.hold) == ((), "")
    assert any(one.startswith("department=") for one in found.defaulted) == (department == "8")


def test_a_job_of_nothing_that_is_mapped_is_posted_and_counted_as_defaulted() -> None:
    found = only(invoice([labor("40.00")], business_unit_name="Nobody mapped this", business_unit_id="9", job_type="Unknown"))
    assert found.defaulted == ("department=Nobody mapped this", "sku_vendor=SVC-1")
    assert found.amount == Decimal("40.00")


def test_a_row_that_is_added_later_takes_the_department_and_defaults_no_more() -> None:
    tables = TABLES | {"business_unit": {"Nobody mapped this": {"department": "2"}}}
    record = invoice([labor("40.00")], business_unit_name="Nobody mapped this")
    found = only(record, plan(OWN, tables, off=("N1S", "N1L")))
    assert found.body["dimensions"]["department"] == "2"
    assert not any(one.startswith("department") for one in found.defaulted)


@pytest.mark.parametrize("unit", ["Plumbing – Service", "Plumbing - Servicе", "*", "|", "x" * 300])
def test_a_unit_that_only_looks_like_a_row_is_not_held_for_it(unit: str) -> None:
    found = only(invoice([labor("40.00")], business_unit_name=unit, business_unit_id=""))
    assert (found.unresolved, found.hold, found.body["dimensions"]["department"]) == ((), "", "8")
    assert found.defaulted


def test_without_any_default_a_job_is_posted_all_the_same() -> None:
    own = bare_settings(payables={"clearing_vendor": "77"}, defaults={"department": ""})
    found = only(invoice([labor("40.00")], business_unit_name="Nobody"), plan(own, off=("N1S", "N1L")))
    assert "department" not in found.body["dimensions"]
    assert ("department=Nobody" in found.defaulted, found.unresolved) == (True, ())


def test_a_line_of_another_unit_has_that_units_department() -> None:
    tables = TABLES | {"business_unit": {**TABLES["business_unit"], "HVAC": {"department": "2", "class": "2"}}}
    lines = [labor("40.00"), labor("5.00", "2", business_unit_name="HVAC")]
    found = only(invoice(lines), plan(OWN, tables, off=("N1S", "N1L")))
    assert [one["dimensions"]["department"] for one in found.body["lines"]] == ["3", "2"]


def test_a_row_of_cost_line_may_name_its_own_department() -> None:
    tables = TABLES | {"cost_line": {"Service": {"account": "21", "department": "5"}}}
    found = only(invoice([labor("40.00")]), plan(OWN, tables, off=("N1S", "N1L")))
    assert found.body["lines"][0]["dimensions"]["department"] == "5"
    assert found.body["dimensions"]["department"] == "3"


# --- payables ---------------------------------------------------------------------------------------------------------


def test_cost_and_never_price_is_what_is_owed() -> None:
    found = only(invoice([invoice_line("900.00", cost=Decimal("40.00"))]))
    assert (found.amount, found.purpose, found.record) == (Decimal("40.00"), "payable", "ap_bill")


def test_each_line_is_owed_to_the_vendor_of_its_order_its_sku_or_the_clearing_vendor() -> None:
    tables = TABLES | {"sku_vendor": {"PIPE": {"vendor_id": "31"}}, "order_vendor": {"801": {"vendor_id": "32"}}}
    lines = [
        labor("1.00"),
        material("2.00"),
        material("4.00", "3", order_vendor_id="801"),
        material("8.00", "4", order_vendor_id="800"),
    ]
    found = {one.part: one for one in drafts_of(invoice(lines), plan(OWN, tables, off=("N1S", "N1L")))}
    assert {part: one.amount for part, one in found.items()} == {
        "77": Decimal("1.00"),
        "31": Decimal("2.00"),
        "32": Decimal("4.00"),
        "vendor:800": Decimal("8.00"),
    }
    assert [one["source_id"] for one in found["vendor:800"].parents if one["role"] == "vendor"] == ["800"]
    assert all(one.parted for one in found.values())


def test_what_came_out_of_the_inventory_is_excluded_and_counted() -> None:
    record = invoice([labor("40.00"), material("12.00", from_inventory=True)])
    assert only(record).amount == Decimal("40.00")
    assert [(one.decision, one.amount) for one in decisions_of(record, PAYABLE)] == [("excluded", Decimal("12.00"))]


def test_a_cost_of_no_known_vendor_is_held_where_nothing_clears_it() -> None:
    own = bare_settings(payables={"clearing_vendor": ""})
    assert only(invoice([labor("40.00")]), plan(own, off=("N1S", "N1L"))).unresolved == ("sku_vendor=SVC-1",)


def test_labor_comes_by_payroll_or_by_invoice_and_never_by_both() -> None:
    record = invoice([labor("40.00"), material("2.00")])
    both = plan(OWN, off=("N1S",))
    assert [one.amount for one in drafts_of(record, both)] == [Decimal("2.00")]
    assert [(one.decision, one.amount) for one in decisions_of(record, both)] == [("excluded", Decimal("40.00"))]
    assert sum(one.amount for one in drafts_of(record, PAYABLE)) == Decimal("42.00")
    early = {**record, "invoice_date": date(2025, 12, 31)}
    assert decisions_of(early, both) == []


def test_an_adjustment_that_takes_off_is_a_vendor_credit_of_the_original() -> None:
    found = only(invoice([labor("-15.00")], adjustment_to_id="99"))
    assert (found.record, found.action, found.amount) == ("ap_credit", "adjust", Decimal("-15.00"))
    (original,) = [one for one in found.parents if one["role"] == "original"]
    assert (original["source_id"], original["purpose"], original["part"]) == ("99", "payable", "77")


def test_a_voided_invoice_reverses_each_part() -> None:
    found = drafts_of(invoice([labor("40.00")], active=False), PAYABLE)
    assert [(one.record, one.part, one.amount) for one in found] == [("reversal", "77", Decimal("40.00"))]


def test_a_job_that_cost_nothing_is_counted_and_ends_what_was_wanted() -> None:
    record = invoice([invoice_line("100.00", cost=Decimal(0))])
    assert [one.action for one in drafts_of(record, PAYABLE)] == ["nothing"]
    assert [one.amount for one in decisions_of(record, PAYABLE)] == [Decimal(0)]


# --- sales and collections --------------------------------------------------------------------------------------------


def test_cost_and_sale_of_a_job_are_two_purposes_of_flows_that_are_on() -> None:
    both = plan(OWN, off=("N1L",))
    assert {(one.flow, one.purpose) for one in drafts_of(invoice([labor("40.00")]), both)} == {("N1", "payable"), ("N1S", "sale")}
    assert {one.flow for one in drafts_of(invoice([labor("40.00")]), SALE)} == {"N1S"}


def test_the_lines_and_the_tax_of_a_sale_add_up_to_its_total() -> None:
    found = only(invoice(), SALE)
    assert found.amount == sum(one["amount"] for one in found.body["lines"]) == Decimal("108.25")
    assert [(one["role"], one["item"], one["account"]) for one in found.body["lines"]] == [("line", "2", ""), ("tax", "8", "")]


def test_three_cents_go_to_the_rounding_item_and_more_is_held() -> None:
    assert [one["item"] for one in only(invoice(total=Decimal("108.28")), SALE).body["lines"]] == ["2", "8", "9"]
    assert only(invoice(total=Decimal("109.28")), SALE).hold == "total_mismatch"


def test_a_line_of_a_membership_is_held_without_a_row() -> None:
    found = only(invoice([invoice_line("10.00", membership_type_id="4")]), SALE)
    assert found.unresolved


def test_what_netsuite_taxes_itself_names_its_tax_item() -> None:
    tables = TABLES | {"tax_zone": {"77": {"tax_code": "1"}}}
    found = only(invoice(), plan(OWN, tables, off=("N1", "N1L"), tax_mode="erp"))
    assert (found.body["tax_zone"], [one["tax_code"] for one in found.body["lines"]]) == ("1", ["taxable"])


@pytest.mark.parametrize("kind", ["payment", "deposit"])
def test_a_payment_is_applied_only_where_invoices_are_brought(kind: str) -> None:
    own = bare_settings(receivables={"payments_as": kind})
    source = payment("60.00", [application("101", "60.00")])
    assert [one.record for one in drafts_of(source, plan(own))] == ["ar_receipt", "ar_application"]
    assert [one.record for one in drafts_of(source, plan(own, off=("N1S",)))] == ["ar_receipt"]
    assert [one.amount for one in decisions_of(source, plan(own, off=("N1S",)))] == [Decimal("60.00")]


def test_a_journal_of_a_payment_balances_and_names_the_customer_only_on_the_receivable() -> None:
    clearing = only(payment("60.00", []), plan(bare_settings(receivables={"payments_as": "journal"})))
    assert (clearing.record, [one["amount"] for one in clearing.body["lines"]]) == (
        "journal",
        [Decimal("60.00"), Decimal("-60.00")],
    )
    assert (clearing.parents, clearing.body["business_unit"]) == ((), "2")
    named = only(payment("60.00", []), plan(bare_settings(receivables={"payments_as": "journal", "clearing_account": "4"})))
    assert [one["role"] for one in named.parents] == ["customer"]
    assert "customer" in named.body["lines"][1]["dimensions"]


def test_a_refund_by_journal_has_the_signs_turned() -> None:
    own = bare_settings(receivables={"payments_as": "journal"})
    found = only(payment("-25.00", [], refunded_payment_id="201"), plan(own))
    assert [one["amount"] for one in found.body["lines"]] == [Decimal("-25.00"), Decimal("25.00")]


def test_a_payment_type_without_a_row_is_held() -> None:
    (found, *_) = drafts_of(payment("60.00", [], type_name="Barter", type_id="99"), plan(OWN))
    assert found.unresolved == ("payment_type=Barter",)


@pytest.mark.parametrize("unit", ["Electrical - Service", "HVAC – Service", ""])
def test_a_payment_of_a_unit_without_a_row_is_entered_with_the_defaults(unit: str) -> None:
    """It was held as unmapped, while the invoice that it settles was posted."""
    (found, *_) = drafts_of(payment("60.00", [], business_unit_name=unit, business_unit_id="9"), plan(OWN))
    assert (found.record, found.unresolved, found.hold, found.amount) == ("ar_receipt", (), "", Decimal("60.00"))
    assert found.body["dimensions"]["department"] == "8"
    assert any(one.startswith("department=") for one in found.defaulted)


# --- labor, bills, masters --------------------------------------------------------------------------------------------


def test_labor_of_a_day_before_payroll_begins_is_a_payable_whatever_the_day_of_its_invoice() -> None:
    """Work of the last days before the first one was in neither: payroll had not begun, and the invoice was dated after it."""
    first = date(2026, 3, 9)
    flows = {name: FlowSettings(enabled=name != "N1S", cutover_date=first if name == "N1L" else date(2026, 1, 1)) for name in FLOWS}
    worked = [labor("61.37", "1", service_date=date(2026, 3, 6)), labor("12.50", "2", service_date=first), labor("7.01", "3")]
    record = invoice(worked)
    assert [one.amount for one in drafts_of(record, plan(OWN, flows=flows))] == [Decimal("61.37")]
    assert [one.amount for one in decisions_of(record, plan(OWN, flows=flows))] == [Decimal("19.51")]
    (by_payroll,) = decisions_of(invoice([worked[1]], invoice_date=date(2026, 3, 6)), plan(OWN, flows=flows))
    assert by_payroll.amount == Decimal("12.50"), "payroll brings it, on its own day"


def test_labor_that_payroll_brings_is_counted_at_what_the_payable_would_be() -> None:
    """It was counted at its cost, so that what was posted and counted did not come to what was sold."""
    own = bare_settings(payables={"clearing_vendor": "77", "amount_basis": "price"})
    sold = invoice([labor("61.37"), material("12.50", amount=Decimal("33.19"), unit_price=Decimal("33.19"))], tax=Decimal("10.99"))
    made = plan(own, off=("N1S",))
    assert [one.amount for one in drafts_of(sold, made)] == [Decimal("33.19")]
    assert sorted(one.amount for one in decisions_of(sold, made)) == [Decimal("10.99"), Decimal("100.00")]


def test_pay_is_a_journal_once_its_payroll_is_approved() -> None:
    made = plan(OWN, off=())
    found = only(labor_entry(), made)
    assert [(one["account"], one["amount"]) for one in found.body["lines"]] == [("21", Decimal("75.00")), ("24", Decimal("-75.00"))]
    waiting = labor_entry(payroll_status="Pending")
    assert (drafts_of(waiting, made), [one.decision for one in decisions_of(waiting, made)]) == ([], ["not_due"])
    jobless = labor_entry(job_id="", job_number="")
    assert [(one.decision, one.amount) for one in decisions_of(jobless, made)] == [("excluded", Decimal("75.00"))]


def test_a_bill_is_read_and_never_written() -> None:
    assert drafts_of(bill(), plan(OWN)) == []
    assert [(one.decision, one.amount) for one in decisions_of(bill(), plan(OWN))] == [("excluded", Decimal("80.00"))]
    held = only(bill(purchase_order_id=""), plan(OWN))
    assert (held.record, held.hold, held.amount) == (MANUAL, "bill_of_no_order", Decimal("80.00"))


def test_an_inactive_vendor_and_a_merged_customer_become_nothing() -> None:
    assert drafts_of(vendor(active=False), plan(OWN)) == []
    assert drafts_of(customer(merged_to_id="501"), plan(OWN)) == []


def test_what_netsuite_itself_is_the_source_of_goes_nowhere() -> None:
    assert to_commands("vendor", vendor(system="netsuite"), plan(OWN)) == []


def test_settings_of_another_system_are_refused() -> None:
    with pytest.raises(Malformed):
        drafts_of(invoice(), plan(OWN, settings=Credentials()))


# --- refs -------------------------------------------------------------------------------------------------------------

REF = "ST-ABCDEFGHIJKLMNOP2345"


def test_an_external_id_tells_our_ref_and_what_the_record_is() -> None:
    for of in ("", ORDER, REVERSES):
        assert ref_of(external_id(REF, of)) == REF
    assert [origin_of(external_id(REF, of)) for of in ("", ORDER, REVERSES)] == [REF, f"{REF}-O", REF]


@pytest.mark.parametrize("text", ["", "ST-1", "V-17", f"{REF}-X", f"x{REF}", REF.lower(), f"{REF}-O-R"])
def test_another_external_id_is_not_ours(text: str) -> None:
    assert (ref_of(text), origin_of(text)) == ("", "")


def test_what_settles_an_invoice_waits_for_the_sale_and_never_for_its_cost() -> None:
    """Both are documents of the same source object: a payment was applied to the vendor bill of its job."""
    both = plan(OWN, off=("N1L",))
    _, applied = drafts_of(payment("60.00", [application("101", "60.00")]), both)
    assert [(one["role"], one.get("purpose", "")) for one in applied.parents] == [("payment", ""), ("invoice", "sale")]
    memo = only(invoice([invoice_line("-30.00")], tax=Decimal(0), adjustment_to_id="99"), SALE)
    assert [one.get("purpose", "") for one in memo.parents if one["role"] == "original"] == ["sale"]
    refund = only(payment("-20.00", [application("101", "-20.00")]), both)
    assert [one.get("purpose", "") for one in refund.parents if one["role"] == "memo"] == ["sale"]
