"""Sales tax: names with a slash, a zone's own row beside its parts, exempt customers (accounting.md 15)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from systems.values.codes import row_name
from tests.systems.books.both import ERPS, drafts, plan
from tests.systems.field_service import invoice, invoice_line

TX = {"tax_zone": {"TX": {"account": "220000"}, "TX/Travis": {"account": "220100"}}}


def taxes(erp: str, rows: Any, **more: Any) -> tuple[list[tuple[str, Decimal]], tuple[str, ...]]:
    record = invoice(tax_zone_id="", **more)
    (made,) = drafts(erp, "invoice", record, plan(erp, rows))
    found = [(one["account"], abs(one["amount"])) for one in made.body["lines"] if one["role"] == "tax"]
    return found, made.unresolved


@pytest.mark.parametrize("erp", ERPS)
def test_a_zone_is_not_a_part_of_another_whose_name_begins_its_own(erp: str) -> None:
    """`TX` and `TX/Travis` are two zones: 8.25 of the one never goes to the account of the other."""
    assert taxes(erp, TX, tax_code="TX") == ([("220000", Decimal("8.25"))], ())
    assert taxes(erp, TX, tax_code="TX/Travis") == ([("220100", Decimal("8.25"))], ())


@pytest.mark.parametrize("erp", ERPS)
def test_parts_share_the_tax_and_a_row_of_the_zone_beside_them_holds_it(erp: str) -> None:
    parts = {row_name("TX", part): {"part": part, "account": account} for part, account in (("state", "1"), ("county", "2"))}
    assert taxes(erp, {"tax_zone": parts}, tax_code="TX")[0] == [("2", Decimal("4.13")), ("1", Decimal("4.12"))]
    found, unresolved = taxes(erp, {"tax_zone": {**parts, "TX": {"account": "0"}}}, tax_code="TX")
    assert [account for account, _ in found] == ["2", "1"]
    assert [one.split(" ")[0] for one in unresolved] == ["tax_zone=TX"]


@pytest.mark.parametrize(("tax", "zone", "category"), [("0", "", "EXEMPT"), ("8.25", "TXDALLAS", "TAXABLE")])
def test_an_exempt_customer_is_not_taxed_by_the_erp_either(tax: str, zone: str, category: str) -> None:
    """Its zone was sent, and Acumatica taxed 100.00 that the source had not: 8.25 too much, held as a difference."""
    record = invoice([invoice_line("100.00")], tax=Decimal(tax), tax_zone_id="99")
    (made,) = drafts("acumatica", "invoice", record, plan("acumatica", tax_mode="erp"))
    assert (made.body["tax_zone"], made.body["lines"][0]["tax_code"], made.hold) == (zone, category, "")
    assert made.amount == Decimal("100.00") + Decimal(tax)


@pytest.mark.parametrize("erp", ERPS)
def test_an_exempt_customer_under_source_mode_has_no_tax_line(erp: str) -> None:
    record = invoice([invoice_line("100.00")], tax=Decimal(0), total=Decimal("100.00"))
    (made,) = drafts(erp, "invoice", record)
    assert [one for one in made.body["lines"] if one["role"] == "tax"] == []
    assert (made.hold, made.unresolved) == ("", ())
