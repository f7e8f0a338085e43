"""Bank deposits: what is brought to a bank is held with its amount, by payment type, and with what the bank kept of it (accounting.md 17)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from systems import registry
from systems.mapped import MANUAL, Canonical
from systems.servicetitan.mapping import to_canonical
from tests.property.test_nothing_vanishes import commands, joined, passed, plain
from tests.systems.servicetitan.examples import READING, example


def line(kind: str, amount: str) -> dict[str, Any]:
    return {"payment_id": kind, "payment_number": "", "payment_type": kind, "amount": Decimal(amount)}


LINES = [line("Credit Card", "300.00"), line("Check", "100.00"), line("Credit Card", "78.00")]


@pytest.mark.parametrize("erp", [one.name for one in registry.erps()])
def test_a_deposit_with_a_fee_is_held_with_both_figures_and_the_sums_of_its_payment_types(erp: str) -> None:
    """It was held with its gross amount alone: who entered it did not see that the bank had kept 9.83."""
    deposit = plain("bank_deposit", "478.00", fees=Decimal("9.83"), bank_account="10100", lines=LINES)
    ((kind, command),) = commands(passed(joined(erp), deposit))
    assert (kind, command["hold"], command["amount"]) == (MANUAL, "no_flow", Decimal("478.00"))
    assert "(Check 100.00, Credit Card 378.00; to bank 10100 468.17, fees 9.83)" in command["hold_detail"]


@pytest.mark.parametrize("fees", [None, Decimal(0)])
def test_a_deposit_without_a_fee_goes_to_the_bank_whole(fees: Decimal | None) -> None:
    ((_, command),) = commands(passed(joined("acumatica"), plain("bank_deposit", "100.00", fees=fees, lines=[line("", "100.00")])))
    assert "(payments 100.00; to bank 100.00, fees 0.00)" in command["hold_detail"]


def test_a_changed_fee_is_a_change_of_the_deposit() -> None:
    raw = example("bank_deposit.two_cards_less_fees")
    other = raw | {"body": re.sub(rb'"fees": [0-9.]+', b'"fees": 1.50', raw["body"])}
    before, after = (to_canonical(one, READING)[0] for one in (raw, other))
    assert isinstance(before, Canonical)
    assert isinstance(after, Canonical)
    assert (before.record["fees"], after.record["fees"]) == (Decimal("9.83"), Decimal("1.50"))
    assert before.record["fingerprint"] != after.record["fingerprint"]
