"""Lines of both sides, compared: by account, by dimensions alone where items decide the account, and credits as the ERP shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from console.reconcile.sides import Lines, shifted, summed, wanted_of
from tests.unit.console.entries import example


def lines(*told: tuple[str, str, str]) -> Lines:
    return summed(
        (account, {"department": department} if department else {}, Decimal(amount)) for account, department, amount in told
    )


def test_an_account_that_differs_is_told_with_both_amounts() -> None:
    assert shifted(lines(("4000", "3", "10")), lines(("4100", "3", "10"))) != {}
    assert shifted(lines(("4000", "3", "10")), lines(("4000", "3", "10"))) == {}


def test_where_items_are_wanted_the_account_is_the_erps_own_and_the_department_is_not() -> None:
    """Every invoice of an ERP that books by item was told as one on other accounts."""
    wanted = lines(("", "3", "100"), ("", "3", "8.25"))
    assert shifted(wanted, lines(("4000", "3", "100"), ("2200", "3", "8.25"))) == {}
    assert shifted(wanted, lines(("4000", "8", "100"), ("2200", "3", "8.25"))) != {}
    assert shifted(wanted, lines(("4000", "3", "100"), ("2200", "3", "8.24"))) != {}


def credit(record: str, entity: str, amount: str, *amounts: str) -> Any:
    line = example(f"command.{record}")["lines"][0]
    made = [{**line, "amount": Decimal(one), "account": "4000", "role": "line"} for one in amounts]
    return wanted_of(record, example(f"command.{record}", source_entity=entity, amount=Decimal(amount), lines=made))


def test_the_lines_of_a_credit_are_compared_as_the_erp_shows_them() -> None:
    for amounts in (("-52.40",), ("52.40",)):
        found = credit("ar_credit_memo", "invoice", "-52.40", *amounts)
        assert (found.amount, sum(amount for _, amount in found.lines)) == (Decimal("-52.40"), Decimal("52.40"))
    assert sum(amount for _, amount in credit("ar_credit_memo", "invoice", "-2", "-5", "3").lines) == 2
    assert sum(amount for _, amount in credit("ar_invoice", "invoice", "-2", "-5", "3").lines) == -2
