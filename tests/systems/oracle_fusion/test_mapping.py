"""What becomes of records: the example pairs, totals to the cent, accounts of business units, and what is held."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.wire import dumps
from systems.mapped import NoCommand
from systems.oracle_fusion.documents import transaction_body
from systems.oracle_fusion.mapping import to_canonical
from systems.oracle_fusion.system import SYSTEM, chosen_write
from tests.contract import examples
from tests.systems.field_service import application, crosswalk, drafted, invoice, invoice_line, payment
from tests.systems.oracle_fusion import mapping_ground as ground

NAME = "oracle_fusion"
CENTS = st.integers(-500_000, 500_000).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.parametrize("name", examples.names(NAME, "canonical"))
def test_a_canonical_record_becomes_the_commands_of_its_example(name: str) -> None:
    over = ground.CONNECTION["otherwise"].get(name, {})
    plan = ground.plan(over.get("settings"), **over.get("choices", {}))
    made = [drafted(one) for one in ground.drafts(examples.canonical(NAME, name), plan)]
    assert made == json.loads(examples.text(NAME, name, "commands"))


@pytest.mark.parametrize("name", examples.names(NAME, "raw"))
def test_a_raw_record_becomes_the_canonical_record_of_its_example(name: str) -> None:
    (made,) = to_canonical(examples.raw(SYSTEM, name), ground.reading())
    assert examples.normalised(made) == json.loads(examples.text(NAME, name, "expected"))


@given(st.lists(CENTS, min_size=1, max_size=8), st.integers(0, 20_000))
def test_lines_and_distributions_come_to_the_total_to_the_cent(amounts: list[Decimal], tax_cents: int) -> None:
    record = invoice([invoice_line(str(one), str(at)) for at, one in enumerate(amounts)], tax=Decimal(tax_cents) / 100)
    found = ground.drafts(record)[0]
    if isinstance(found, NoCommand):
        assert record["total"] == 0
        return
    body = json.loads(dumps(transaction_body(ground.resolved(found, record), ground.settings())), parse_float=Decimal)
    prefix = "receivablesInvoice" if found.record == "ar_invoice" else "receivablesCreditMemo"
    quantity = "Quantity" if found.record == "ar_invoice" else "LineQuantityCredit"
    lines = sum(Decimal(str(one[quantity])) * Decimal(str(one["UnitSellingPrice"])) for one in body[f"{prefix}Lines"])
    revenue = [one for one in body[f"{prefix}Distributions"] if one["AccountClass"] == "Revenue"]
    assert lines == sum(Decimal(str(one["Amount"])) for one in revenue) == record["total"]
    assert len(revenue) == len(body[f"{prefix}Lines"])


@pytest.mark.parametrize(
    ("changes", "unresolved"),
    [
        ({"business_unit_name": "Nowhere", "business_unit_id": "9"}, "business_unit=Nowhere"),
        ({"lines": [invoice_line("10.00", gl_account="2500", gl_account_type="Liability")]}, "line_type=2500"),
        ({"lines": [invoice_line("10.00", membership_type_id="7")]}, "line_type=SVC-1"),
    ],
)
def test_what_has_no_row_is_held_and_takes_no_habit(changes: dict[str, Any], unresolved: str) -> None:
    made = ground.draft(invoice(**({"tax": Decimal(0), "total": Decimal("10.00")} | changes)))
    assert unresolved in made.unresolved


def test_a_segment_that_the_unit_does_not_say_is_held() -> None:
    units = {"Plumbing - Service": {"segments": "01-110", "sales_account": "01-*-40100-*"}}
    plan = ground.plan(crosswalk=crosswalk({**ground.TABLES, "business_unit": units}))
    assert any(one.startswith("business_unit.segments=01-*-40100-*") for one in ground.draft(invoice(), plan).unresolved)


@pytest.mark.parametrize(("mode", "hold"), [("none", "tax_mode_none"), ("source", ""), ("erp", "")])
def test_tax_goes_where_the_mode_says(mode: str, hold: str) -> None:
    made = ground.draft(invoice(), ground.plan(tax_mode=mode))
    assert made.hold == hold
    assert (made.body["tax_zone"] == "AUSTIN") == (mode == "erp")
    assert any(one["role"] == "tax" for one in made.body["lines"]) == (mode == "source")


def test_another_currency_is_held() -> None:
    assert ground.draft(invoice(currency="EUR")).hold == "currency"
    assert ground.draft(payment(currency="EUR")).hold == "currency"


@pytest.mark.parametrize(
    ("refund", "words"),
    [
        (
            payment("-20.00", [], refunded_payment_id="190"),
            "refund 20.00 of the receipt of payment 190, record it there as paid on 2026-03-10",
        ),
        (payment("-20.00", [application("105", "-20.00")]), "refund 20.00 of the credit memo of invoice 105, record"),
        (
            payment("-20.00", [application("105", "-5.00")], refunded_payment_id="190"),
            "refund 5.00 of the credit memo of invoice 105 and 15.00 of the receipt of payment 190, record",
        ),
    ],
)
def test_a_refund_is_held_with_what_a_person_has_to_refund_of_what(refund: dict[str, Any], words: str) -> None:
    made = ground.draft(refund)
    assert (made.record, made.hold, made.unresolved) == ("ar_refund", "refund_by_payables", ())
    assert words in made.hold_detail


def test_a_refund_that_does_not_say_what_it_gives_back_is_held_by_that() -> None:
    assert ground.draft(payment("-20.00", [])).hold == "refund_unmatched"
    assert ground.draft(payment("-20.00", [application("105", "-30.00")])).hold == "refund_mismatch"


def test_who_numbers_says_what_a_second_invoice_meets() -> None:
    (declared,) = [write for write in SYSTEM.writes if write.record == "ar_invoice" and not write.takes_back]
    ours = chosen_write(ground.settings(), declared)
    itself = chosen_write(ground.settings(receivables={"numbering": "automatic"}), declared)
    assert (ours and ours.capability.value, itself and itself.capability.value) == ("C1", "C3")
