"""Currency is the business unit's (accounting.md 18): what a unit of another one sells is held and told in it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from systems.mapped import COMPLETION
from tests.systems.books.both import ERPS, drafts, plan
from tests.systems.field_service import bill, bill_line, credit, invoice, invoice_line, payment

TORONTO = {"gl_business_unit": "US001", "subaccount": "PLB-000", "branch": "MAIN", "currency": "cad "}
OF_TORONTO: dict[str, Any] = {"business_unit_name": "Toronto", "business_unit_id": "9"}
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("invoice", invoice(**OF_TORONTO)),
    ("invoice", invoice([invoice_line("100.00", **OF_TORONTO)])),
    ("payment", payment(applications=[], **OF_TORONTO)),
    ("payment", payment(**OF_TORONTO)),
    ("bill", bill(**OF_TORONTO)),
    ("bill", bill([bill_line("80.00", **OF_TORONTO)])),
    ("vendor_credit", credit(applications=[], **OF_TORONTO)),
    ("vendor_credit", credit(**OF_TORONTO)),
]


TAKEN = [(erp, *one) for erp in ERPS for one in WHOLE if erp != "peoplesoft" or one[0] in ("invoice", "payment")]


@pytest.mark.parametrize(("erp", "entity", "record"), TAKEN, ids=[f"{one[0]} {one[1]} {n}" for n, one in enumerate(TAKEN)])
def test_a_document_of_a_unit_in_another_currency_is_held_in_it(erp: str, entity: str, record: dict[str, Any]) -> None:
    """108.25 CAD was posted as 108.25 USD, and nothing could reach the hold."""
    made, *settled = drafts(erp, entity, record, plan(erp, {"business_unit": {"Toronto": TORONTO}}))
    assert (made.hold, made.currency, made.amount) == ("currency", "CAD", record["total"])
    assert {(one.hold, one.currency) for one in settled if one.record != COMPLETION} <= {("currency", "CAD")}


@pytest.mark.parametrize("said", ["", "USD"])
@pytest.mark.parametrize("erp", ERPS)
def test_a_unit_in_the_ledgers_currency_is_not_held(erp: str, said: str) -> None:
    (made,) = drafts(erp, "invoice", invoice(**OF_TORONTO), plan(erp, {"business_unit": {"Toronto": TORONTO | {"currency": said}}}))
    assert (made.hold, made.currency, made.amount) == ("", "USD", Decimal("108.25"))


def test_a_connection_whose_ledger_is_in_the_units_currency_takes_it() -> None:
    chosen = plan("acumatica", {"business_unit": {"Toronto": TORONTO}}, currency="CAD")
    (made,) = drafts("acumatica", "invoice", invoice(currency="CAD", **OF_TORONTO), chosen)
    assert (made.hold, made.currency) == ("", "CAD")
