"""Adjustments, negative invoices and refunds are posted, each with its own action, sign and parent (accounting.md 17 and 34)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from systems.mapped import REVERSAL
from tests.property.test_nothing_vanishes import joined
from tests.systems.books.both import ERPS, drafts, plan
from tests.systems.field_service import invoice, invoice_line
from topology.rules.envelope import Source, command

BACK: dict[str, Any] = {"lines": [invoice_line("-100.00")], "tax": Decimal("-8.25"), "source_id": "102"}


@pytest.mark.parametrize("erp", ERPS)
@pytest.mark.parametrize(("more", "action"), [({}, "create"), ({"adjustment_to_id": "101"}, "adjust")])
def test_a_negative_invoice_or_adjustment_is_posted_with_its_amount(erp: str, more: dict[str, Any], action: str) -> None:
    """-108.25 was held for a person to enter."""
    (made,) = drafts(erp, "invoice", invoice(**BACK, **more))
    assert (made.hold, made.unresolved, made.action, made.amount) == ("", (), action, Decimal("-108.25"))
    assert made.record == ("ar_credit_memo" if erp == "acumatica" else "journal")


def test_an_adjustment_waits_for_what_it_adjusts_or_needs_its_row_of_opening_balances() -> None:
    record = invoice(**BACK, adjustment_to_id="101")
    (made,) = drafts("acumatica", "invoice", record)
    assert [(one["role"], one["source_id"]) for one in made.parents] == [("customer", "500"), ("original", "101")]
    rows = {"opening_balance": {"101": {"erp_number": "004711"}}}
    (early,) = drafts("acumatica", "invoice", record, plan("acumatica", rows))
    assert [one["role"] for one in early.parents] == ["customer"]


@pytest.mark.parametrize("erp", ERPS)
@pytest.mark.parametrize("more", [{}, {"adjustment_to_id": "101"}])
def test_the_void_of_a_correction_names_the_document_that_was_made(erp: str, more: dict[str, Any]) -> None:
    """It named a create that never was: the void of a posted adjustment ended as never posted."""
    made, voided = invoice(**BACK, **more), invoice(**BACK, **more, active=False)
    on = joined(erp)
    found = []
    for record in (made, voided):
        (draft,) = drafts(erp, "invoice", record)
        found.append((draft.record, command(draft, Source("invoice", record, "canonical.invoice", 0, 0, b""), on, None)))
    assert found[1][0] == REVERSAL
    assert found[1][1]["reverses"] == found[0][1]["op_key"]
