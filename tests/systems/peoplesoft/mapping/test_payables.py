"""Job invoices as payables at cost (profile voucher): a part for each vendor, what is excluded, what is held."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from systems.mapped import Draft
from systems.peoplesoft.mapping import to_commands
from tests.systems.field_service import invoice, invoice_line, payment
from tests.systems.peoplesoft.mapping import ground
from tests.systems.peoplesoft.mapping.ground import decisions, drafts, vouchers
from tests.systems.peoplesoft.mapping.write_examples import cost

INSTALL: dict[str, Any] = {"business_unit_name": "HVAC - Install", "business_unit_id": "2"}
ROUND_ROCK: dict[str, Any] = {"business_unit_name": "HVAC - Round Rock", "business_unit_id": "3"}


def parts(record: dict[str, Any], **changes: Any) -> dict[str, Draft]:
    return {one.part: one for one in drafts("invoice", record, vouchers(**changes))}


def material(worth: str, line_id: str = "1", **more: Any) -> dict[str, Any]:
    return cost(worth, line_id, **({"kind": "Material", "sku_code": "PIPE"} | more))


def test_the_price_never_enters_a_payable() -> None:
    lines = [material("35.00", amount=Decimal("999.00"), unit_price=Decimal("999.00"))]
    (made,) = parts(invoice(lines)).values()
    assert made.amount == Decimal("35.00")
    assert "999" not in str(made.body)


def test_lines_of_one_vendor_are_one_part_and_of_two_are_two() -> None:
    lines = [material("1.00"), material("2.00", "2", sku_code="FAN"), material("4.00", "3")]
    found = parts(invoice(lines))
    assert {part: one.amount for part, one in found.items()} == {"0000000001": Decimal(5), "0000000002": Decimal(2)}


def test_the_part_and_the_header_name_the_vendor() -> None:
    (made,) = parts(invoice([material("1.00")])).values()
    assert made.body["dimensions"] == {"BUSINESS_UNIT": "AP001", "VENDOR_SETID": "SHARE", "VENDOR_ID": "0000000001"}
    assert made.parents == ()


def test_a_sku_without_a_vendor_goes_to_the_clearing_vendor_of_its_own_business_unit_and_is_counted() -> None:
    found = parts(invoice([cost("1.00"), cost("2.00", "2", **ROUND_ROCK)]))
    assert {part: one.defaulted for part, one in found.items()} == {"0000000003": ("sku_vendor=SVC-1",)}


def test_what_is_defaulted_for_one_vendor_is_not_counted_for_another() -> None:
    found = parts(invoice([cost("1.00"), material("2.00", "2")]))
    assert found["0000000001"].defaulted == ()
    assert found["0000000003"].defaulted == ("sku_vendor=SVC-1",)


@pytest.mark.parametrize("active", [True, False])
def test_every_draft_says_that_it_is_one_of_several(active: bool) -> None:
    found = parts(invoice([cost("1.00"), material("2.00", "2")], active=active))
    assert [one.parted for one in found.values()] == [True, True]


def test_an_unknown_vendor_holds_every_part_of_the_document() -> None:
    """A part that was posted while another was not mapped would miss the line once it is mapped to the same vendor."""
    found = parts(invoice([cost("1.00"), material("2.00", "2")], **INSTALL))
    assert {part: one.unresolved for part, one in found.items()} == {"": ("sku_vendor=SVC-1",), "0000000001": ("sku_vendor=SVC-1",)}


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({"cost": None, "unit_cost": Decimal("2.50"), "quantity": Decimal(3)}, "7.50"),
        ({"cost": Decimal("0.005"), "unit_cost": None}, "0.01"),
    ],
)
def test_a_cost_is_the_lines_own_or_follows_from_its_unit_cost(changes: dict[str, Any], amount: str) -> None:
    (made,) = parts(invoice([material("9.00", **changes)])).values()
    assert made.amount == Decimal(amount)


def test_a_sold_line_of_unknown_cost_holds_the_document_and_is_not_taken_for_free() -> None:
    found = parts(invoice([invoice_line("100.00", kind="Material", sku_code="PIPE")]))
    assert [one.unresolved for one in found.values()] == [("cost=PIPE (counted with its price until it has one)",)]


def test_a_discount_has_no_cost() -> None:
    lines = [material("5.00"), invoice_line("-20.00", "2", kind="PriceModifier", sku_code="COUPON")]
    assert [one.unresolved for one in parts(invoice(lines)).values()] == [()]


def test_a_line_out_of_the_inventory_is_paid_by_the_bill_of_its_receipt() -> None:
    record = invoice([material("80.00", from_inventory=True), material("5.00", "2")])
    assert [one.amount for one in drafts("invoice", record, vouchers())] == [Decimal("5.00")]
    assert [(one.decision, one.amount) for one in decisions("invoice", record, vouchers())] == [("excluded", Decimal("80.00"))]


def test_an_invoice_that_owes_nothing_is_counted() -> None:
    record = invoice([invoice_line("100.00", cost=Decimal(0))])
    assert [(one.decision, one.amount) for one in decisions("invoice", record, vouchers())] == [("excluded", Decimal(0))]
    (told,) = drafts("invoice", record, vouchers())
    assert (told.record, told.action, told.parted) == ("completion", "nothing", True), "an older version may have owed something"


def test_work_that_was_given_away_still_costs() -> None:
    (made,) = parts(invoice([material("35.00", amount=Decimal(0))], tax=Decimal(0), total=Decimal(0))).values()
    assert made.amount == Decimal("35.00")


def test_each_line_names_the_ledger_of_its_own_business_unit() -> None:
    (made,) = parts(invoice([cost("1.00"), cost("2.00", "2", **ROUND_ROCK)])).values()
    assert [one["dimensions"]["BUSINESS_UNIT_GL"] for one in made.body["lines"]] == ["US001", "US002"]
    assert made.body["dimensions"]["BUSINESS_UNIT"] == "AP001"


def test_a_row_without_a_cost_account_or_payables_unit_is_unresolved() -> None:
    units = {"Plumbing - Service": {"gl_business_unit": "US001"}}
    tables = {**ground.TABLES, "business_unit": units, "line_type": {"Material": {"account": "401000"}}}
    (made,) = drafts("invoice", invoice([material("1.00")]), vouchers(tables))
    assert made.unresolved == ("line_type.cost_account=PIPE", "business_unit.ap_business_unit=Plumbing - Service")


def test_a_negative_part_is_a_vendor_credit_and_held() -> None:
    lines = [material("5.00"), material("1.00", "2", sku_code="FAN", cost=Decimal("-3.00"), unit_cost=Decimal("-3.00"))]
    assert {part: one.hold for part, one in parts(invoice(lines)).items()} == {"0000000001": "", "0000000002": "negative_bill"}


@pytest.mark.parametrize(
    ("changes", "hold"), [({"currency": "CAD"}, "currency"), ({"currency": "CAD", "adjustment_to_id": "99"}, "currency")]
)
def test_what_may_not_be_posted_is_held_by_name(changes: dict[str, Any], hold: str) -> None:
    assert [one.hold for one in parts(invoice([material("5.00")], **changes)).values()] == [hold]


def test_a_void_reverses_each_part_even_where_no_part_can_be_told() -> None:
    record = invoice([material("1.00"), material("2.00", "2", sku_code="FAN")], active=False)
    found = parts(record)
    assert {part: (one.record, one.action, one.amount, one.hold) for part, one in found.items()} == {
        "0000000001": ("reversal", "void", Decimal("1.00"), ""),
        "0000000002": ("reversal", "void", Decimal("2.00"), ""),
    }
    assert [one.hold for one in parts(invoice([], active=False)).values()] == [""]


def test_at_price_the_price_counts_and_the_sales_tax_is_no_payable() -> None:
    record = invoice([material("35.00")])
    plan = vouchers(voucher={"amount_basis": "price"})
    assert [one.amount for one in drafts("invoice", record, plan)] == [Decimal("70.00")]
    assert [one.amount for one in decisions("invoice", record, plan)] == [Decimal("8.25")]


@pytest.mark.parametrize("mode", ["source", "erp", "none"])
def test_the_tax_of_the_sale_is_no_matter_of_a_payable(mode: str) -> None:
    (made,) = drafts("invoice", invoice([material("5.00")]), replace(vouchers(), tax_mode=mode))
    assert (made.hold, made.body["tax_total"]) == ("", Decimal(0))


def test_a_payment_is_a_journal_under_this_profile_too() -> None:
    found = [one for one in to_commands("payment", payment(), vouchers()) if isinstance(one, Draft)]
    assert [one.record for one in found] == ["journal"]


def test_an_adjustment_that_takes_off_is_related_to_what_its_vendor_was_owed() -> None:
    lines = [cost("-35.00"), cost("-20.00", "2", kind="Material", sku_code="PIPE")]
    found = parts(invoice(lines, adjustment_to_id="99"))
    assert {part: (one.amount, one.hold, one.action) for part, one in found.items()} == {
        "0000000003": (Decimal("-35.00"), "", "adjust"),
        "0000000001": (Decimal("-20.00"), "", "adjust"),
    }
    for part, one in found.items():
        assert one.body["dimensions"]["VOUCHER_STYLE"] == "ADJ"
        (parent,) = one.parents
        assert dict(parent) == {"role": "original", "entity": "invoice", "source_id": "99", "purpose": "payable", "part": part}


def test_an_adjustment_that_adds_or_settles_what_was_before_the_cut_over_is_a_voucher_of_its_own() -> None:
    (more,) = parts(invoice([cost("35.00")], adjustment_to_id="99")).values()
    assert ("VOUCHER_STYLE" in more.body["dimensions"], more.parents, more.hold) == (False, (), "")
    tables = {**ground.TABLES, "opening_balance": {"99": {"erp_number": "OLD"}}}
    (early,) = drafts("invoice", invoice([cost("-35.00")], adjustment_to_id="99"), ground.vouchers(tables))
    assert ("VOUCHER_STYLE" in early.body["dimensions"], early.parents, early.hold) == (False, (), "")
