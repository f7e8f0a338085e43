"""Whom a payable at cost is owed to: the purchase order's vendor comes first (accounting.md 10)."""

from __future__ import annotations

from decimal import Decimal

from tests.systems.books.both import drafts, plan, settings
from tests.systems.field_service import invoice, invoice_line

ROWS = {
    "sku_vendor": {"PIPE": {"vendor_id": "0000000001"}},
    "order_vendor": {"3001": {"vendor_id": "0000000002"}},
    "line_type": {"Material": {"account": "401000", "cost_account": "501000"}},
}


def line(number: str, **more: str) -> dict[str, object]:
    return invoice_line("100.00", number, kind="Material", sku_code="PIPE", cost=Decimal(40), unit_cost=Decimal(40), **more)


def test_the_orders_vendor_goes_before_the_skus() -> None:
    """40.00 that was ordered from another vendor was owed to the sku's usual one."""
    chosen = plan("peoplesoft", ROWS, settings=settings("peoplesoft", profile="voucher"))
    made = drafts("peoplesoft", "invoice", invoice([line("1", order_vendor_id="3001"), line("2")]), chosen)
    assert {one.part: one.amount for one in made} == {"0000000002": Decimal(40), "0000000001": Decimal(40)}


def test_an_orders_vendor_without_a_row_is_not_replaced_by_the_skus() -> None:
    chosen = plan("peoplesoft", ROWS, settings=settings("peoplesoft", profile="voucher"))
    made = drafts("peoplesoft", "invoice", invoice([line("1", order_vendor_id="9"), line("2")]), chosen)
    assert all("order_vendor=9" in one.unresolved for one in made)
